// What the page says, in words.

import { seatOf } from "./game.js";
import { rulesOf, seatTitle } from "./rules/rules.js";

const errorTexts = {
  unknown_type: "This server is older than the page: it does not know how to do that.",
  unavailable: "The server could not do that now. Try again.",
  internal: "The server has made a mistake. Reload the page.",
  not_found: "There is no such game. It may be over for long, or the link is incomplete.",
  seat_taken: "Somebody else was quicker: the seat is taken. You can watch.",
  stale_ply: "The game has moved on. Look again.",
};

/** An error of the server for the player. */
export function errorText(message) {
  const said = (message.message ?? "").replace(/^(illegal|not allowed|the game cannot be made like that|too many): /, "");
  return errorTexts[message.code] ?? sentence(said || `The server refuses: ${message.code}`);
}

/** Begins with a capital and ends with a full stop. */
const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

const reasonTexts = {
  checkmate: "by checkmate",
  stalemate: "by stalemate",
  insufficient_material: "neither side can give mate",
  threefold: "the position was on the board three times",
  fivefold: "the position was on the board five times",
  fifty_moves: "fifty moves without capture or pawn move",
  seventyfive_moves: "seventy-five moves without capture or pawn move",
  agreement: "by agreement",
  resignation: "by resignation",
  timeout: "on time",
  timeout_insufficient_material: "time ran out, but the other side could not have won",
  abandonment: "the other side has left",
  rules: "",
};

/** How the game ended: {title, reason}. */
export function resultText(game, me) {
  const { winner, reason, score } = game.result;
  const words = reasonTexts[reason] ?? reason;
  if (reason === "aborted") return { title: "Game aborted", reason: "it does not count" };
  if (!winner) return { title: "Draw", reason: words, score };
  const mine = seatOf(game, me);
  const title = mine ? (mine === winner ? "You won" : "You lost") : `${seatTitle(rulesOf(game.rules), winner)} won`;
  return { title, reason: words, score };
}

/** Whose turn it is, for the player or watcher. */
export function turnText(game, me) {
  const mine = seatOf(game, me);
  if (game.turn.length === 0) return "…";
  if (mine && game.turn.includes(mine)) return "Your move";
  const rules = rulesOf(game.rules);
  if (mine && rules.anySeat) return "Waiting for your opponent";
  return `${game.turn.map((seat) => seatTitle(rules, seat)).join(" and ")} to move`;
}

const offerNames = { draw: "a draw", takeback: "to take back the last move", rematch: "a rematch" };

/** What is offered: "a draw". */
export const offerText = (what) => offerNames[what] ?? what;

const offerVerbs = { draw: "offers", takeback: "asks", rematch: "offers" };

/** "Black offers a draw" */
export const offeredText = (game, offer) =>
  `${seatTitle(rulesOf(game.rules), offer.seat)} ${offerVerbs[offer.what] ?? "offers"} ${offerText(offer.what)}`;

/** An event for those who listen rather than look. Empty: nothing to say. */
export function eventText(before, game, event, me) {
  const rules = rulesOf(game.rules);
  const seat = event.seat ? seatTitle(rules, event.seat) : "";
  switch (event.type) {
    case "joined":
      return event.user?.id === me?.id ? `You join as ${seat}.` : `${event.user?.name ?? "Somebody"} joins as ${seat}.`;
    case "started":
      return `The game begins. ${turnText(game, me)}.`;
    case "moved": {
      if (event.outcome?.first) return roundText(event.outcome);
      const next = seatOf(game, me) !== event.seat && game.turn.includes(seatOf(game, me)) ? " Your move." : "";
      return `${seat}: ${rules.spoken(before.position, event.move)}.${next}`;
    }
    case "offered":
      return seatOf(game, me) === event.seat ? "" : `${offeredText(game, event)}.`;
    case "declined":
      return `No to ${offerText(event.what)}.`;
    case "accepted":
      return `Agreed: ${offerText(event.what)}.`;
    case "taken_back":
      return "The last move was taken back.";
    case "ended": {
      const { title, reason } = resultText(game, me);
      return `${title}${reason ? `: ${reason}` : ""}.`;
    }
  }
  return "";
}

/** "Round 2: rock against paper, Second wins it." */
export function roundText({ round, first, second, winner }) {
  const who = winner ? `${winner === "first" ? "First" : "Second"} wins it` : "nobody wins it";
  return `Round ${round}: ${first} against ${second}, ${who}.`;
}
