// Nim: heaps of sticks. A click takes a stick and all to its right.

import { readHeaps } from "../rules/nim.js";
import { h, set } from "../view/dom.js";

/** A board that calls onMove with "heap:sticks". */
export function nimBoard(onMove) {
  const element = h("div", { class: "board nim", role: "group", "aria-label": "Heaps" });
  let rows = []; // of buttons
  let myTurn = false;

  element.addEventListener("click", (event) => {
    const move = event.target.closest("[data-move]")?.dataset.move;
    if (move && myTurn) onMove(move);
  });
  element.addEventListener("keydown", (event) => {
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    const row = rows.findIndex((sticks) => sticks.includes(document.activeElement));
    if (row < 0 || right === undefined) return;
    event.preventDefault();
    const at = rows[row].indexOf(document.activeElement);
    let target = row + down;
    while (rows[target]?.length === 0) target += down;
    const sticks = rows[target] ?? [];
    sticks[Math.max(0, Math.min(at + right, sticks.length - 1))]?.focus();
  });

  return { element, update };

  function update(view) {
    myTurn = view.myTurn;
    element.classList.toggle("mine", myTurn);
    const { heaps } = readHeaps(view.position);
    if (heaps.length !== rows.length || heaps.some((sticks, i) => sticks !== rows[i].length)) build(heaps);
    for (const stick of rows.flat()) set(stick, "aria-disabled", myTurn ? null : "true");
  }

  function build(heaps) {
    rows = heaps.map((sticks, i) =>
      Array.from({ length: sticks }, (_, at) =>
        h("button", { type: "button", class: "stick", "data-move": `${i + 1}:${sticks - at}`,
          "aria-label": `Take ${sticks - at} from heap ${i + 1}, which has ${sticks}` })));
    element.replaceChildren(...rows.map((sticks, i) =>
      h("div", { class: "heap", role: "group", "aria-label": `Heap ${i + 1}: ${sticks.length} left` },
        h("span", { class: "number", "aria-hidden": "true" }, `${i + 1}`),
        h("div", { class: "sticks" }, sticks),
        h("span", { class: "number", "aria-hidden": "true" }, `${sticks.length}`))));
  }
}
