// The kinds of game that the page can draw. Each is an object:
//
//   name, title   on the wire, and for people
//   seats         [name, title] in turn order
//   start         the position before the first move
//   turn          (position) → the seats whose move is awaited; missing: only the server knows
//   play          (position, move, seat, outcome) → the position after a move that the server has found legal; missing: ask it
//   spoken        (position before, move) → the move as one says it
//   written       (position before, move) → the move as one writes it; missing: there is no list of moves
//   choice        one option to choose from when a game is created
//   anySeat       no seat is different from another
//   hides         moves are not for everybody's eyes, and nothing can be taken back
//   claims        draws can be claimed
//   record        the extension under which the server gives the game's record

import { chess } from "./chess.js";
import { connectfour } from "./connectfour.js";
import { nim } from "./nim.js";
import { rps } from "./rps.js";

export const allRules = [chess, connectfour, rps, nim];

/** The rules of that name. Of those that the page does not know it shows the position as text. */
export function rulesOf(name) {
  return (
    allRules.find((rules) => rules.name === name) ?? {
      name,
      title: name ? name[0].toUpperCase() + name.slice(1) : "Game",
      seats: [],
      unknown: true,
      spoken: (_, move) => move ?? "a hidden move",
      written: (_, move) => move ?? "?",
    }
  );
}

/** A seat as people call it: "White", "Red", or the rules' own name for it. */
export function seatTitle(rules, seat) {
  const known = rules.seats.find(([name]) => name === seat);
  return known ? known[1] : seat[0].toUpperCase() + seat.slice(1);
}
