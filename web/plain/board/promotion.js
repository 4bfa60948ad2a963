// What a pawn becomes.

import { h } from "../view/dom.js";
import { drawPiece } from "./pieces.js";

const choices = [["q", "Queen"], ["r", "Rook"], ["b", "Bishop"], ["n", "Knight"]];

/** Asks the player. Resolves with a letter of UCI, or null when the player thinks better of it. */
export function askPromotion(seat) {
  return new Promise((resolve) => {
    const choose = (letter) => {
      dialog.close();
      resolve(letter);
    };
    const dialog = h("dialog", { class: "promotion", "aria-label": "The pawn becomes", onclose: () => { resolve(null); dialog.remove(); } },
      h("h2", {}, "The pawn becomes"),
      h("div", { class: "choices" },
        choices.map(([letter, name]) =>
          h("button", { type: "button", "aria-label": name, "data-becomes": letter, onclick: () => choose(letter) },
            drawPiece(seat === "black" ? letter : letter.toUpperCase()), h("span", {}, name)))),
      h("button", { type: "button", class: "quiet", onclick: () => choose(null) }, "Cancel"));
    document.body.append(dialog);
    dialog.showModal();
  });
}
