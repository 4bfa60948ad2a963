// A game that waits for its players: the link for those who have a seat, the way in for those who have not.

import { termsText } from "../clock.js";
import { rulesOf, seatTitle } from "../rules/rules.js";
import { h } from "./dom.js";

/** The card of a game that waits. */
export function invitation(view, act) {
  return view.seat ? share(view, act) : enter(view, act);
}

function share({ game, seat }, act) {
  const url = gameURL(game.id);
  const rules = rulesOf(game.rules);
  return h("div", { class: "card invitation" },
    h("h2", {}, "Waiting for the other player"),
    h("p", {}, `${rules.title}, ${lower(termsText(game.terms))}${rules.anySeat ? "" : `. You play ${seatTitle(rules, seat)}`}. Whoever opens this link can join:`),
    h("div", { class: "line" },
      h("input", { type: "text", id: "invite-link", readonly: true, value: url, "aria-label": "Link to this game",
        onfocus: (event) => event.currentTarget.select() }),
      h("button", { type: "button", id: "copy-link", class: "primary", onclick: (event) => copy(event.currentTarget) }, "Copy link")),
    h("div", { class: "actions" },
      h("a", { class: "button", id: "second-tab", href: url, target: "_blank", rel: "noopener" }, "Open in a second tab"),
      typeof navigator.share === "function" &&
        h("button", { type: "button", id: "share-link", onclick: () => navigator.share({ title: `Play ${rules.title}`, url }).catch(() => {}) }, "Share"),
      h("button", { type: "button", id: "abort", class: "danger", onclick: () => act({ type: "abort" }) }, "Cancel the game")));
}

function enter({ game }, act) {
  const rules = rulesOf(game.rules);
  const host = game.seats.find(({ user }) => user)?.user.name ?? "Somebody";
  const free = game.seats.filter(({ user }) => !user).map(({ seat }) => seat);
  const join = (seat) =>
    h("button", { type: "button", class: "primary large", id: `join-${seat}`, onclick: () => act({ type: "join", seat }) },
      rules.anySeat ? "Join the game" : `Join as ${seatTitle(rules, seat)}`);
  return h("div", { class: "card invitation" },
    h("h2", {}, `${host} invites you to play`),
    h("p", {}, `${rules.title}, ${lower(termsText(game.terms))}`),
    h("div", { class: "actions" }, free.map(join)),
    h("p", { class: "hint" }, "Or stay on this page and watch."));
}

const lower = (text) => text[0].toLowerCase() + text.slice(1);

/** The address at which everybody sees the game. */
export const gameURL = (id) => new URL(`/?game=${encodeURIComponent(id)}`, location.href).href;

async function copy(button) {
  const field = button.previousElementSibling;
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without https there is no clipboard but the old one.
    if (!document.execCommand("copy")) {
      button.textContent = "Press Ctrl+C";
      return;
    }
  }
  button.textContent = "Copied";
  button.focus();
}
