// The Connect Four board: seven columns, each a button.

import { columns, readBoard, rows, winningFour } from "../rules/connectfour.js";
import { h, set } from "../view/dom.js";

/** A board that calls onMove with a column's letter. */
export function connectFourBoard(onMove) {
  const cells = new Map(); // "d1" → element
  const buttons = [...columns].map((letter) => {
    const button = h("button", { type: "button", class: "column", "data-column": letter, onclick: () => play(letter) });
    for (let row = rows; row >= 1; row--) {
      const cell = h("span", { class: "cell", "data-cell": `${letter}${row}` });
      cells.set(`${letter}${row}`, cell);
      button.append(cell);
    }
    return button;
  });
  const element = h("div", { class: "board connectfour", role: "group", "aria-label": "Connect Four board" }, buttons);
  let myTurn = false;
  const play = (letter) => myTurn && onMove(letter);

  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const at = buttons.indexOf(document.activeElement);
    if (step && at >= 0) buttons[at + step]?.focus();
  });

  return { element, update };

  function update(view) {
    myTurn = view.myTurn;
    const { stacks } = readBoard(view.position);
    const four = view.over ? winningFour(view.position) : [];
    const last = view.lastMove && `${view.lastMove}${stacks[columns.indexOf(view.lastMove)]?.length}`;
    element.classList.toggle("mine", myTurn);
    set(element, "data-turn", myTurn ? view.seat : null);
    buttons.forEach((button, i) => {
      set(button, "aria-label", columnLabel(columns[i], stacks[i]));
      set(button, "aria-disabled", !myTurn || stacks[i].length >= rows ? "true" : null);
      for (let row = 1; row <= rows; row++) {
        const name = `${columns[i]}${row}`;
        const disc = { x: "first", o: "second" }[stacks[i][row - 1]] ?? "";
        const marks = `${name === last ? " last" : ""}${four.includes(name) ? " four" : ""}`;
        set(cells.get(name), "class", disc ? `cell ${disc}${marks}` : "cell");
      }
      cells.get(`${columns[i]}${stacks[i].length + 1}`)?.classList.add("next");
    });
  }
}

function columnLabel(letter, stack) {
  const names = [...stack].map((disc) => (disc === "x" ? "red" : "yellow"));
  return `Column ${letter}: ${names.length ? `${names.join(", ")} from the bottom up` : "empty"}`;
}
