// One game as the page knows it: the fold of the server's messages. Nothing here touches the page or the network.

import { clockAfter, clockOf } from "./clock.js";
import { rulesOf } from "./rules/rules.js";

const chatLinesMax = 200;

/** The game that a message "game" tells, with what is not part of it taken over from before. */
export function openGame(message, before) {
  const same = before?.id === message.game ? before : null;
  const seats = message.seats ?? [];
  const alternates = !rulesOf(message.rules).unknown && !rulesOf(message.rules).hides;
  return {
    id: message.game,
    seq: message.seq,
    rules: message.rules,
    rated: message.rated ?? false,
    status: message.status,
    seats,
    clock: clockOf(message, Date.parse(message.at)),
    terms: message.clock ?? null,
    position: message.position ?? "",
    moves: (message.moves ?? []).map((text, i) => ({ text, seat: alternates ? seats[i % seats.length]?.seat : null })),
    ply: message.ply ?? 0,
    turn: message.status === "playing" ? message.turn ?? [] : [],
    offers: message.offers ?? [],
    result: message.result ?? null,
    next: message.next ?? null,
    watchers: same?.watchers ?? 0,
    chat: same?.chat ?? [],
    outcomes: same?.outcomes ?? [],
  };
}

/** The seat of a user, or null. */
export const seatOf = (game, user) => game.seats.find((seat) => seat.user && seat.user.id === user?.id)?.seat ?? null;

/**
 * The game after an event, the next one by its seq. ask is true when only the server can tell how the game stands now.
 */
export function applyEvent(game, event) {
  const fold = folds[event.type];
  const after = { ...game, seq: event.seq };
  if (!fold) return { game: after, ask: true }; // of a newer server
  const ask = fold(after, event, Date.parse(event.at)) === false;
  return { game: after, ask };
}

// Each changes the game that it is given, and returns false when it cannot know all that has changed.
const folds = {
  created() {
    return false;
  },
  joined(game, event) {
    game.seats = game.seats.map((seat) => (seat.seat === event.seat ? { ...seat, user: event.user } : seat));
  },
  started(game, event, at) {
    game.status = "playing";
    return turnTo(game, event.clock, at, true);
  },
  moved(game, event, at) {
    const rules = rulesOf(game.rules);
    game.moves = [...game.moves, { text: event.move ?? "", seat: event.seat }];
    game.ply = event.ply;
    game.offers = game.offers.filter((offer) => offer.seat === event.seat); // a move answers what the others offered
    noteOutcome(game, event);
    if (!rules.play || (event.move == null && !rules.hides)) return false;
    game.position = rules.play(game.position, event.move, event.seat, event.outcome);
    return turnTo(game, event.clock, at);
  },
  offered(game, event) {
    game.offers = [...game.offers, { what: event.what, seat: event.seat }];
  },
  accepted(game, event) {
    if (game.seats.length <= 2) game.offers = game.offers.filter((offer) => offer.what !== event.what);
    if (event.next) game.next = event.next;
    return game.seats.length <= 2;
  },
  declined(game, event) {
    game.offers = game.offers.filter((offer) => offer.what !== event.what);
  },
  taken_back(game, event) {
    game.moves = game.moves.slice(0, event.ply);
    game.ply = event.ply;
    game.offers = [];
    return false; // the position of then
  },
  clock_adjusted(game, event, at) {
    game.clock = clockAfter(game.clock, event.clock, game.turn, at, true);
  },
  ended(game, event, at) {
    const flagged = event.result.reason.startsWith("timeout") ? game.turn : [];
    game.status = "ended";
    game.result = event.result;
    game.turn = [];
    game.offers = [];
    game.clock = clockAfter(game.clock, event.clock, [], at);
    for (const seat of game.clock ? flagged : []) game.clock.seats[seat] = { left: 0, since: null };
  },
};

function turnTo(game, left, at, fresh = false) {
  const rules = rulesOf(game.rules);
  if (!rules.turn) return false;
  game.turn = rules.turn(game.position);
  game.clock = clockAfter(game.clock, left, game.turn, at, fresh);
  return true;
}

/** Keeps what chance or two moves at the same time have decided, by round. */
function noteOutcome(game, event) {
  const round = event.outcome?.round;
  if (!Number.isInteger(round) || round < 1 || round > 10_000) return;
  game.outcomes = [...game.outcomes];
  game.outcomes[round - 1] = event.outcome;
}

/** What an event that was seen already, or came with others that fill up the past, still tells. */
export function recall(game, event) {
  const after = { ...game };
  noteOutcome(after, event);
  return after;
}

/** The game after a notice: something that is not durable. */
export function notice(game, message) {
  switch (message.type) {
    case "presence":
      return {
        ...game,
        seats: game.seats.map((seat) => (seat.seat === message.seat ? { ...seat, present: message.present } : seat)),
      };
    case "watchers":
      return { ...game, watchers: message.count };
    case "said": {
      const line = { seat: message.seat, name: message.user?.name ?? "", text: message.text };
      return { ...game, chat: [...game.chat, line].slice(-chatLinesMax) };
    }
  }
  return game;
}
