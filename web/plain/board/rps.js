// Rock-paper-scissors: three buttons, and what came of the rounds.

import { readRound, throws } from "../rules/rps.js";
import { drawing, h, say, set, show } from "../view/dom.js";

const shapes = {
  rock: [
    ["path", { d: "M28 74 L15 56 L24 33 L45 20 L70 25 L86 46 L80 70 L60 82 Z" }],
    ["path", { d: "M24 33 L44 44 L70 25 M44 44 L46 64 L28 74 M46 64 L80 70", class: "line" }],
  ],
  paper: [
    ["path", { d: "M26 12 H60 L76 28 V88 H26 Z" }],
    ["path", { d: "M60 12 V28 H76 M36 44 H66 M36 57 H66 M36 70 H56", class: "line" }],
  ],
  scissors: [
    ["path", { d: "M32 10 L58 62 L51 66 Z" }],
    ["path", { d: "M68 10 L42 62 L49 66 Z" }],
    ["circle", { cx: 35, cy: 76, r: 12, class: "ring" }],
    ["circle", { cx: 65, cy: 76, r: 12, class: "ring" }],
  ],
};

/** A drawing of a throw, or a sign in its place. */
export const drawThrow = (name) => (shapes[name] ? drawing("throw", shapes[name]) : h("span", { class: "throw none" }, name === "?" ? "?" : "…"));
const title = (name) => name[0].toUpperCase() + name.slice(1);

/** A board that calls onMove with a throw. */
export function rpsBoard(onMove) {
  const score = h("p", { class: "score" });
  const round = h("p", { class: "round" });
  const duel = h("div", { class: "duel" });
  const buttons = throws.map((name) =>
    h("button", { type: "button", "data-throw": name, onclick: () => onMove(name) }, drawThrow(name), h("span", {}, title(name))));
  const hand = h("div", { class: "hand", role: "group", "aria-label": "Your throw" }, buttons);
  const past = h("ol", { class: "rounds", "aria-label": "Rounds" });
  const element = h("div", { class: "board rps" }, score, round, duel, hand, past);
  return { element, update };

  function update(view) {
    const at = readRound(view.position);
    const seats = view.bottom === "second" ? [1, 0] : [0, 1]; // one's own first
    const outcomes = view.game.outcomes.filter(Boolean);
    say(score, seats.map((i) => at.score[i]).join(" : "));
    const rounds = `best of ${at.bestOf}`;
    say(round, view.over ? `After ${outcomes.at(-1)?.round ?? at.round} rounds, ${rounds}` : `Round ${at.round}, ${rounds}`);
    const last = outcomes.at(-1);
    const fresh = at.thrown.every((each) => each === "-");
    const shown = fresh && last ? [last.first, last.second] : at.thrown;
    duel.replaceChildren(...seats.map((i) => duelSide(shown[i], fresh && last?.winner === ["first", "second"][i], i === seats[0])));
    duel.classList.toggle("past", fresh && Boolean(last));
    for (const button of buttons) set(button, "disabled", !view.myTurn);
    show(hand, view.seat !== null && !view.over);
    past.replaceChildren(...outcomes.map((each) => pastRound(each, seats)).toReversed());
  }
}

const duelSide = (thrown, won, own) =>
  h("div", { class: `side${won ? " won" : ""}${own ? " own" : ""}` }, drawThrow(thrown), h("span", {}, throwText(thrown)));

const throwText = (thrown) => ({ "-": "thinking", "?": "has thrown" })[thrown] ?? title(thrown);

function pastRound(outcome, seats) {
  const [a, b] = seats.map((i) => (i === 0 ? outcome.first : outcome.second));
  const winner = ["first", "second"].indexOf(outcome.winner);
  const mark = winner < 0 ? "=" : winner === seats[0] ? "›" : "‹";
  return h("li", { value: outcome.round }, `${title(a)} ${mark} ${title(b)}`);
}
