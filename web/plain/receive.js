// What each message of the server makes of the state. See step.js.

import { applyEvent, notice, openGame, recall, seatOf } from "./game.js";
import { entryOf, postpone, queue, resend, settle } from "./outbox.js";
import { rulesOf } from "./rules/rules.js";
import { errorText, eventText } from "./words.js";

/** Folds one message into s. */
export function receive(s, message, world, emit) {
  if (messages[message.type]) {
    messages[message.type](s, message, world, emit);
  } else if (message.game === s.game?.id && message.game) {
    if (message.seq !== undefined) event(s, message, world, emit);
    else s.game = notice(s.game, message);
  }
}

const messages = {
  welcome(s, message, world, emit) {
    const before = s.me;
    s.phase = "live";
    s.liveAt = world.now;
    s.connectBy = null;
    s.me = message.user;
    s.heartbeat = message.heartbeat_ms || s.heartbeat;
    s.resume = message.resume ?? null;
    s.skew = skewOf(message.time, s.hello.at, world.now);
    emit({ do: "keep", resume: s.resume });
    if (before && before.id !== s.me.id) {
      emit({ do: "tell", text: `The server no longer knows you: you are ${s.me.name} now, without the seats that you had.` });
    }
    resend(s, emit);
  },

  pong(s, message, world) {
    if (typeof message.sent === "number") s.skew = skewOf(message.time, message.sent, world.now);
  },

  draining(s, message, world) {
    s.drainAt = world.now + world.random() * (message.within_ms || 0);
  },

  game(s, message, world, emit) {
    const creating = s.wanted === null && s.outbox.some(({ command }) => command.type === "create");
    if (message.game !== s.wanted && !creating) return;
    s.game = openGame(message, s.game);
    s.missing = null;
    if (rulesOf(message.rules).hides && message.ply > 0 && s.recalled !== message.game) {
      s.recalled = message.game;
      queue(s, { type: "watch", game: message.game, after: 1 }, world, emit);
    }
  },

  ok(s, message, _, emit) {
    const command = settle(s, message.re);
    if (command?.type === "create" && s.wanted === null) {
      s.wanted = message.game;
      emit({ do: "visited", game: message.game });
    }
  },

  error(s, message, world, emit) {
    if (message.re === s.hello?.id) {
      helloError(s, message, world, emit);
      return;
    }
    const again = message.code === "unavailable" || (message.code === "too_many_requests" && message.retry_after_ms);
    if (again && postpone(s, message.re, message.retry_after_ms || 250, world)) return;
    if (message.code === "not_found" && entryOf(s, message.re)?.patient && postpone(s, message.re, 100, world)) return;
    const command = settle(s, message.re);
    if (command) refused(s, command, message, world, emit);
    else if (!message.re) emit({ do: "tell", text: errorText(message) });
  },
};

/** The server's time less ours, if what it said took half as long as the round trip. */
const skewOf = (time, sent, now) => Date.parse(time) - (sent + now) / 2;

/** A game that hello named could not be resumed, or hello was refused. */
function helloError(s, message, world, emit) {
  if (!message.game) {
    s.refusal = errorText(message);
  } else if (message.code === "unavailable") {
    queue(s, { type: "watch", game: message.game }, world, emit);
  } else if (message.game === s.wanted) {
    s.missing = errorText(message);
    s.game = null;
  }
}

function refused(s, command, message, world, emit) {
  if (command.type === "watch") {
    if (command.game === s.wanted && !s.game) s.missing = errorText(message);
    return;
  }
  emit({ do: "tell", text: errorText(message) });
  if (["stale_ply", "game_over", "seat_taken", "no_such_offer"].includes(message.code)) ask(s, world, emit);
}

/** Asks for the whole game, unless that is under way. */
function ask(s, world, emit, after) {
  const asked = s.outbox.some(({ command }) => command.type === "watch" && command.game === s.game?.id && command.after !== 1);
  if (!s.game || asked) return;
  const command = { type: "watch", game: s.game.id };
  queue(s, after === undefined ? command : { ...command, after }, world, emit);
}

function event(s, message, world, emit) {
  if (message.seq <= s.game.seq) {
    s.game = recall(s.game, message);
    return;
  }
  if (message.seq > s.game.seq + 1) {
    ask(s, world, emit, s.game.seq);
    return;
  }
  const before = s.game;
  const folded = applyEvent(before, message);
  s.game = folded.game;
  if (folded.ask) ask(s, world, emit);
  const text = eventText(before, s.game, message, s.me);
  if (text) emit({ do: "say", text });
  if (message.type === "accepted" && message.next && seatOf(s.game, s.me)) moveOn(s, message.next, world, emit);
}

/** Shows the rematch to those who play it. It may take a moment until it is there. */
function moveOn(s, next, world, emit) {
  emit({ do: "send", message: { type: "leave", id: world.id(), game: s.game.id } });
  s.wanted = next;
  s.game = null;
  queue(s, { type: "watch", game: next }, world, emit, true);
  emit({ do: "visited", game: next });
}
