// The list of moves, a row for as many as there are seats.

import { rulesOf, seatTitle } from "../rules/rules.js";
import { h } from "./dom.js";

/** A card that follows the game. */
export function moveList(root) {
  const list = h("ol", { class: "moves", tabindex: "0", "aria-label": "Moves" });
  const head = h("div", { class: "heads", "aria-hidden": "true" });
  root.replaceChildren(h("div", { class: "card" }, h("h2", {}, "Moves"), head, list));
  let drawn = "";
  return {
    update({ game }) {
      const rules = rulesOf(game.rules);
      root.hidden = !rules.written || game.moves.length === 0;
      const key = `${game.id} ${game.moves.map(({ text }) => text)}`;
      if (root.hidden || key === drawn) return;
      drawn = key;
      const texts = writtenMoves(game, rules);
      const each = Math.max(1, Math.min(game.seats.length, 2));
      head.replaceChildren(h("span"), ...game.seats.slice(0, each).map(({ seat }) => h("span", {}, seatTitle(rules, seat))));
      const rows = [];
      for (let i = 0; i < texts.length; i += each) {
        rows.push(h("li", {}, texts.slice(i, i + each).map((text, j) => h("span", { class: i + j === texts.length - 1 ? "last" : null }, text))));
      }
      list.replaceChildren(...rows);
      list.scrollTop = list.scrollHeight;
    },
  };
}

/** The moves as people write them. It begins at the start, because how a move is written depends on where it was made. */
function writtenMoves(game, rules) {
  let position = rules.start ?? "";
  return game.moves.map(({ text, seat }) => {
    const written = rules.written(position, text);
    if (rules.play) position = rules.play(position, text, seat);
    return written;
  });
}
