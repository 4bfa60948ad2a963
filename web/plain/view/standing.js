// How the game stands and what can be done about it: the invitation, whose turn it is, offers, the result, the buttons.

import { claimable } from "../rules/chess.js";
import { termsText } from "../clock.js";
import { rulesOf } from "../rules/rules.js";
import { offeredText, offerText, resultText, turnText } from "../words.js";
import { confirmed } from "./dialog.js";
import { become, h } from "./dom.js";
import { invitation } from "./invitation.js";

/** A card that follows the game. act hears commands; go shows another game. */
export function standingCard(root, { act, go }) {
  return { update: (view) => become(root, card(view, act, go)) };
}

function card(view, act, go) {
  const { game } = view;
  switch (game.status) {
    case "waiting":
      return invitation(view, act);
    case "ended":
      return ending(view, act, go);
  }
  return h("div", { class: "card standing" }, subject(game), h("p", { class: "turn", id: "turn" }, turnText(game, view.me)),
    offers(view, act), view.seat && actions(view, act), watching(game));
}

/** "Chess, 5 + 3" */
const subject = (game) => h("p", { class: "subject" }, `${rulesOf(game.rules).title} · ${termsText(game.terms)}`);

const watching = (game) => game.watchers > 0 && h("p", { class: "hint" }, `${game.watchers} watching`);

function ending(view, act, go) {
  const { game, me, seat } = view;
  const { title, reason, score } = resultText(game, me);
  const full = game.seats.every(({ user }) => user);
  const asked = game.offers.some(({ what }) => what === "rematch");
  const { record } = rulesOf(game.rules);
  return h("div", { class: "card standing ended" }, subject(game),
    h("p", { class: "result", id: "result" }, title),
    h("p", { class: "reason" }, reason, score && score !== "*" ? h("span", { class: "score" }, score.replaceAll("1/2", "½").replaceAll("-", "–")) : null),
    offers(view, act),
    h("div", { class: "actions" },
      game.next && button("next", seat ? "Go to the rematch" : "Watch the rematch", () => go(game.next), "primary"),
      seat && full && !game.next && !asked && button("rematch", "Rematch", () => act({ type: "offer", what: "rematch" }), "primary"),
      button("again", "New game", () => go(null)),
      record && game.ply > 0 && h("a", { class: "button", href: `/v1/games/${game.id}.${record}`, target: "_blank", rel: "noopener" }, record.toUpperCase())),
    watching(game));
}

function offers(view, act) {
  const { game, seat } = view;
  return game.offers.map((offer) => {
    const { what } = offer;
    if (!seat) return h("p", { class: "offer" }, `${offeredText(game, offer)}.`);
    const answer = (type) => () => act({ type, what });
    if (offer.seat === seat) {
      return h("div", { class: "offer" }, h("p", {}, `You have asked for ${what === "takeback" ? "a takeback" : offerText(what)}.`),
        button(`withdraw-${what}`, "Withdraw", answer("decline")));
    }
    return h("div", { class: "offer incoming" }, h("p", {}, `${offeredText(game, offer)}.`),
      button(`accept-${what}`, "Accept", answer("accept"), "primary"), button(`decline-${what}`, "Decline", answer("decline")));
  });
}

function actions(view, act) {
  const { game, seat, sent } = view;
  const rules = rulesOf(game.rules);
  const offered = (what) => game.offers.some((offer) => offer.what === what) || sent.some((each) => each.type === "offer" && each.what === what);
  const began = game.ply >= game.seats.length;
  return h("div", { class: "actions" },
    claims(view).map(([what, title]) => button(`claim-${what}`, title, () => act({ type: "claim", what }), "primary")),
    !offered("draw") && button("draw", "Offer draw", () => act({ type: "offer", what: "draw" })),
    !rules.hides && movedYet(game, seat) && !offered("takeback") &&
      button("takeback", "Take back", () => act({ type: "offer", what: "takeback" })),
    began
      ? button("resign", "Resign", async () => (await confirmed("Resign this game?", "Resign")) && act({ type: "resign" }), "danger")
      : button("abort", "Abort", async () => (await confirmed("Abort this game? It will not count.", "Abort")) && act({ type: "abort" }), "danger"));
}

const movedYet = (game, seat) => game.moves.some((move) => move.seat === seat);

/** The endings that the player may ask for now, as far as the page can tell. */
function claims({ game, seat }) {
  if (!seat || game.status !== "playing") return [];
  const list = [];
  if (rulesOf(game.rules).claims) {
    const { threefold, fifty_moves } = claimable(game.moves);
    if (threefold) list.push(["threefold", "Claim a draw: threefold repetition"]);
    if (fifty_moves) list.push(["fifty_moves", "Claim a draw: fifty moves"]);
  }
  const others = game.seats.filter((each) => each.seat !== seat);
  if (others.length > 0 && others.every(({ present }) => !present)) {
    list.push(["abandonment", "Claim the win: nobody else is here"]);
  }
  return list;
}

const button = (id, title, onclick, className = "") => h("button", { type: "button", id, class: className, onclick }, title);
