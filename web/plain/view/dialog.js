// A question that is answered by yes or no.

import { h } from "./dom.js";

/** Asks, and resolves with true or false. */
export function confirmed(question, yes) {
  return new Promise((resolve) => {
    const answer = (value) => {
      resolve(value);
      dialog.close();
    };
    const dialog = h("dialog", { "aria-label": question, onclose: () => { resolve(false); dialog.remove(); } },
      h("p", {}, question),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "danger", id: "confirm", onclick: () => answer(true) }, yes),
        h("button", { type: "button", autofocus: true, onclick: () => answer(false) }, "Cancel")));
    document.body.append(dialog);
    dialog.showModal();
  });
}
