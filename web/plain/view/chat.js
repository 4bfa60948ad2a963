// What the players say to each other. Watchers neither hear nor speak.

import { rulesOf, seatTitle } from "../rules/rules.js";
import { h } from "./dom.js";

/** A card that follows the game. act hears commands. */
export function chatCard(root, act) {
  const list = h("ol", { class: "lines", role: "log", "aria-label": "Chat", tabindex: "0" });
  const field = h("input", { type: "text", id: "chat-text", maxlength: "280", autocomplete: "off", placeholder: "Say something", "aria-label": "Say something" });
  const form = h("form", { class: "line" }, field, h("button", { type: "submit" }, "Send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text) act({ type: "say", text });
    field.value = "";
  });
  root.replaceChildren(h("div", { class: "card" }, h("h2", {}, "Chat"), list, form));
  let game = null;
  let last = null;
  return {
    update(view) {
      root.hidden = !view.seat || view.game.status === "waiting";
      const lines = view.game.chat;
      if (view.game.id !== game) {
        list.replaceChildren();
        game = view.game.id;
        last = null;
      }
      const fresh = lines.slice(last ? lines.indexOf(last) + 1 : 0);
      if (fresh.length === 0) return;
      last = lines.at(-1);
      const rules = rulesOf(view.game.rules);
      list.append(...fresh.map(({ seat, name, text }) =>
        h("li", { class: seat === view.seat ? "own" : null },
          h("b", {}, rules.anySeat ? name : seatTitle(rules, seat)), " ", text)));
      while (list.children.length > lines.length) list.firstChild.remove();
      list.scrollTop = list.scrollHeight;
    },
  };
}
