// The page's state, and what each input makes of it: step(state, input, world) → [state, effects]. It knows no socket, no
// timer and no document. world has the time (now), chance (random, 0 to 1) and new ids (id).
//
// Inputs:  start {resume, game}    the page was opened
//          opened, closed {code}   of the connection; each with its number, link
//          frame {text}            of the connection
//          command {command}       what the player wants
//          visit {game}            show another game, or null: the start screen
//          tick                    time has passed; deadline says when one is needed
//          hurry                   the network is back, or somebody looks at the page again
//
// Effects: open {link}, close      the connection
//          send {message}
//          keep {resume}           the token to resume with; null: forget it
//          visited {game}          the page shows another game by itself
//          tell {text}             something went wrong
//          say {text}              something has happened

import { backoff, finalCloses } from "./backoff.js";
import { queue, tickOutbox } from "./outbox.js";
import { receive } from "./receive.js";

/** The state before anything has happened. */
export const initial = {
  phase: "idle", // connecting, live, waiting, stopped
  link: 0, // number of the connection
  attempt: 0, // that failed in a row
  connectBy: null,
  retryAt: null,
  liveAt: null,
  drainAt: null,
  heardAt: 0,
  pingAt: null, // when the unanswered ping was sent
  heartbeat: 15_000,
  trouble: null, // why the page does not connect any more
  refusal: null, // why the server has just refused hello

  hello: null, // the last one: {id, at, game}
  resume: null,
  me: null,
  skew: 0, // the server's time less ours

  wanted: null, // id of the game to show
  game: null,
  missing: null, // why the wanted game cannot be shown
  recalled: null, // id of the game whose past was asked for
  outbox: [], // commands without an answer: {command, tries, resendAt, patient}
};

const connectTimeout = 10_000;
const pongTimeout = 8_000;
const steadyAfter = 5_000; // a connection that lived for so long was a good one

export function step(state, input, world) {
  const s = { ...state };
  const effects = [];
  if (input.link === undefined || input.link === s.link) {
    inputs[input.type](s, input, world, (effect) => effects.push(effect));
  }
  return [s, effects];
}

/** The next time at which a tick is needed, or null. */
export function deadline(s) {
  const times = [];
  if (s.phase === "connecting") times.push(s.connectBy);
  if (s.phase === "waiting") times.push(s.retryAt);
  if (s.phase === "live") {
    times.push(s.drainAt, s.pingAt === null ? s.heardAt + s.heartbeat : s.pingAt + pongTimeout);
    times.push(...s.outbox.map((entry) => entry.resendAt));
  }
  const due = times.filter((time) => time !== null);
  return due.length > 0 ? Math.min(...due) : null;
}

const inputs = {
  start(s, { resume, game }, world, emit) {
    s.resume = resume;
    s.wanted = game;
    connect(s, world, emit);
  },

  opened(s, _, world, emit) {
    s.hello = { id: world.id(), at: world.now, game: s.wanted };
    const hello = { type: "hello", id: s.hello.id, client: "plywire-page" };
    if (s.resume) hello.resume = s.resume;
    if (s.wanted) hello.games = [{ game: s.wanted, after: s.game?.id === s.wanted ? s.game.seq : 0 }];
    emit({ do: "send", message: hello });
  },

  closed(s, { code }, world, emit) {
    if (s.phase !== "stopped") lost(s, code, world, emit);
  },

  frame(s, { text }, world, emit) {
    s.heardAt = world.now;
    s.pingAt = null;
    for (const line of text.split("\n").filter((each) => each.trim())) {
      let message;
      try {
        message = JSON.parse(line);
      } catch {
        emit({ do: "tell", text: "The server has sent something that this page does not understand." });
        continue;
      }
      receive(s, message, world, emit);
    }
  },

  command(s, { command }, world, emit) {
    if (s.phase === "stopped") {
      emit({ do: "tell", text: s.trouble });
      return;
    }
    queue(s, command, world, emit);
  },

  visit(s, { game }, world, emit) {
    if (s.wanted === game && !s.missing) return;
    if (s.wanted && s.phase === "live") {
      emit({ do: "send", message: { type: "leave", id: world.id(), game: s.wanted } });
    }
    s.outbox = s.outbox.filter((entry) => entry.command.type !== "watch");
    s.wanted = game;
    s.missing = null;
    if (s.game?.id !== game) s.game = null;
    if (game) queue(s, { type: "watch", game }, world, emit);
  },

  tick(s, _, world, emit) {
    const due = (time) => time !== null && world.now >= time;
    if (s.phase === "waiting" && due(s.retryAt)) {
      connect(s, world, emit);
    } else if (s.phase === "connecting" && due(s.connectBy)) {
      drop(s, world, emit);
    } else if (s.phase === "live") {
      tickLive(s, due, world, emit);
    }
  },

  hurry(s, _, world, emit) {
    if (s.phase === "waiting") {
      s.attempt = 0;
      connect(s, world, emit);
    } else if (s.phase === "live") {
      ping(s, world, emit);
    }
  },
};

function tickLive(s, due, world, emit) {
  if (due(s.drainAt)) {
    emit({ do: "close" });
    s.attempt = 0;
    connect(s, world, emit);
  } else if (s.pingAt !== null && due(s.pingAt + pongTimeout)) {
    drop(s, world, emit); // nothing was heard since the ping: the connection is dead, although nobody has said so
  } else {
    if (s.pingAt === null && due(s.heardAt + s.heartbeat)) ping(s, world, emit);
    tickOutbox(s, world, emit);
  }
}

function ping(s, world, emit) {
  if (s.pingAt !== null) return;
  s.pingAt = world.now;
  emit({ do: "send", message: { type: "ping", id: world.id(), sent: world.now } });
}

function connect(s, world, emit) {
  s.phase = "connecting";
  s.link++;
  s.connectBy = world.now + connectTimeout;
  s.heardAt = world.now;
  s.pingAt = s.drainAt = s.retryAt = s.refusal = null;
  emit({ do: "open", link: s.link });
}

/** Gives up a connection that does not answer. */
function drop(s, world, emit) {
  emit({ do: "close" });
  lost(s, 1006, world, emit);
}

function lost(s, code, world, emit) {
  s.link++;
  const steady = s.phase === "live" && world.now - s.liveAt >= steadyAfter;
  if (steady) s.attempt = 0;
  s.pingAt = s.drainAt = null;
  if (finalCloses[code]) return stop(s, finalCloses[code]);
  if (code === 4401) {
    if (!s.resume) return stop(s, s.refusal ?? "This server lets no guests in, and this page has no other way to sign in.");
    s.resume = null; // it has run out: come in as a new guest
    emit({ do: "keep", resume: null });
    return connect(s, world, emit);
  }
  s.phase = "waiting";
  s.retryAt = world.now + backoff(s.attempt, code, world.random());
  s.attempt++;
}

function stop(s, trouble) {
  s.phase = "stopped";
  s.trouble = trouble;
}
