// The board of a game that the page does not know: the position as the server writes it, and a field for a move.

import { h, say, set, show } from "../view/dom.js";

/** A board that calls onMove with what the player has written. */
export function textBoard(onMove) {
  const position = h("pre", { class: "position", tabindex: "0", "aria-label": "Position" });
  const field = h("input", { type: "text", id: "move-text", maxlength: "256", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const button = h("button", { type: "submit", class: "primary" }, "Play");
  const form = h("form", { class: "line" }, h("label", { for: "move-text" }, "Your move"), field, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.value || button.disabled) return;
    onMove(field.value);
    field.value = "";
  });
  const element = h("div", { class: "board text" }, position, form);
  return {
    element,
    update(view) {
      say(position, view.position || "(empty)");
      show(form, view.seat !== null && !view.over);
      set(button, "disabled", !view.myTurn);
    },
  };
}
