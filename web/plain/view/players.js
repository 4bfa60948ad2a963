// The bars above and below the board: who plays, whether they are there, and their clocks.

import { clockText, remaining } from "../clock.js";
import { rulesOf, seatTitle } from "../rules/rules.js";
import { h, say, set, show } from "./dom.js";

const lowMs = 20_000;
const told = [60_000, 30_000, 10_000]; // of one's own clock, in words for those who listen

/** Two groups of bars. Returns {update(view), tick(serverTime)}. */
export function playerBars(top, bottom, speak) {
  let bars = new Map(); // seat → bar
  let game = null;
  let mine = null;
  let lastTold = Infinity;
  let layout = "";
  return { update, tick };

  function update(view) {
    ({ game } = view);
    if (mine !== view.seat) lastTold = Infinity;
    mine = view.seat;
    const seats = game.seats.map(({ seat }) => seat);
    if (`${game.id} ${view.bottom} ${seats}` !== layout) build(seats, view.bottom);
    layout = `${game.id} ${view.bottom} ${seats}`;
    for (const entry of game.seats) fill(bars.get(entry.seat), entry, view);
  }

  function build(seats, below) {
    bars = new Map(seats.map((seat) => [seat, newBar(seat)]));
    top.replaceChildren(...seats.filter((seat) => seat !== below).map((seat) => bars.get(seat).element));
    bottom.replaceChildren(...seats.filter((seat) => seat === below).map((seat) => bars.get(seat).element));
  }

  function fill(bar, { seat, user, present }, view) {
    const rules = rulesOf(game.rules);
    const awaited = game.turn.includes(seat);
    say(bar.name, user ? user.name : "Nobody yet");
    say(bar.seat, rules.anySeat ? (seat === mine ? "you" : "") : `${seatTitle(rules, seat)}${seat === mine ? ", you" : ""}`);
    show(bar.presence, Boolean(user) && seat !== mine);
    set(bar.presence, "class", present ? "presence here" : "presence away");
    say(bar.presence, present ? "here" : "away");
    bar.element.classList.toggle("awaited", awaited);
    bar.element.classList.toggle("empty", !user);
    set(bar.element, "data-result", view.over ? resultMark(game, seat) : null);
    show(bar.clock, Boolean(game.terms));
  }

  function tick(serverTime) {
    if (!game?.terms) return;
    for (const [seat, { clock }] of bars) {
      const left = remaining(game.clock, seat, serverTime);
      if (left === null) continue;
      say(clock, clockText(left));
      clock.classList.toggle("low", left < lowMs && game.status === "playing");
      if (seat === mine && game.turn.includes(seat)) warn(left);
    }
  }

  function warn(left) {
    const mark = told.findLast((each) => left <= each);
    if (mark !== undefined && mark < lastTold && game.terms.initial_ms > mark) speak(`${mark / 1000} seconds left.`);
    lastTold = mark ?? Infinity;
  }
}

function newBar(seat) {
  const bar = {
    seat: h("span", { class: "seat" }),
    name: h("span", { class: "name" }),
    presence: h("span", { class: "presence" }),
    clock: h("span", { class: "clock", role: "timer", "aria-live": "off", "aria-label": "Clock" }),
  };
  bar.element = h("div", { class: "player", "data-seat": seat },
    h("span", { class: "token", "aria-hidden": "true" }), h("span", { class: "names" }, bar.name, bar.seat), bar.presence, bar.clock);
  return bar;
}

function resultMark(game, seat) {
  if (!game.result || game.result.reason === "aborted") return null;
  if (!game.result.winner) return "½";
  return game.result.winner === seat ? "1" : "0";
}
