import assert from "node:assert/strict";
import { test } from "node:test";

import { clockAfter, clockOf, clockText, remaining, termsText } from "../plain/clock.js";
import { playing } from "./session.js";

test("times are written", () => {
  for (const [ms, text] of [
    [0, "0:00.0"], [940, "0:00.9"], [9_999, "0:09.9"], [10_000, "0:10"], [59_999, "0:59"], [60_000, "1:00"],
    [300_000, "5:00"], [3_600_000, "1:00:00"], [3_723_999, "1:02:03"],
  ]) {
    assert.equal(clockText(ms), text);
  }
  assert.equal(termsText(null), "No clock");
  assert.equal(termsText({ initial_ms: 300_000, increment_ms: 3000 }), "5 + 3");
  assert.equal(termsText({ initial_ms: 30_000, increment_ms: 0 }), "30 s + 0");
});

test("only the awaited seat's clock runs, from the time of the message", () => {
  const clock = clockOf(playing(), 1000);
  assert.equal(remaining(clock, "white", 1000), 300_000);
  assert.equal(remaining(clock, "white", 61_000), 240_000);
  assert.equal(remaining(clock, "white", 500), 300_000, "a clock that is behind gives nothing back");
  assert.equal(remaining(clock, "white", 1e9), 0);
  assert.equal(remaining(clock, "black", 61_000), 300_000);
});

test("a move stops one clock and starts the other", () => {
  const clock = clockAfter(clockOf(playing(), 1000), { white: 290_000, black: 300_000 }, ["black"], 14_000);
  assert.equal(remaining(clock, "white", 99_000), 290_000);
  assert.equal(remaining(clock, "black", 20_000), 294_000);
});

test("a delay is not charged", () => {
  const before = clockOf(playing({ clock: { initial_ms: 60_000, increment_ms: 0, delay_ms: 5000, left: { white: 60_000, black: 60_000 } } }), 0);
  const clock = clockAfter(before, { white: 60_000, black: 60_000 }, ["black"], 1000);
  assert.equal(remaining(clock, "black", 6000), 60_000);
  assert.equal(remaining(clock, "black", 7000), 59_000);
});

test("where both move at the same time, the other's clock runs on", () => {
  const both = playing({ turn: ["white", "black"] });
  const clock = clockAfter(clockOf(both, 0), { white: 299_000, black: 300_000 }, ["black"], 1000);
  assert.equal(remaining(clock, "black", 10_000), 290_000, "since the turn began");
  assert.equal(remaining(clock, "white", 10_000), 299_000);
  const fresh = clockAfter(clock, { white: 299_000, black: 300_000 }, ["black"], 20_000, true);
  assert.equal(remaining(fresh, "black", 21_000), 299_000);
});

test("a game that waits shows its terms, one without clock nothing", () => {
  const waiting = clockOf(playing({ status: "waiting", turn: undefined, clock: { initial_ms: 300_000, increment_ms: 3000, delay_ms: 0 } }), 0);
  assert.equal(remaining(waiting, "white", 0), 300_000);
  assert.equal(clockOf(playing({ clock: null }), 0), null);
  assert.equal(remaining(null, "white", 0), null);
  assert.equal(clockAfter(null, undefined, ["white"], 0), null);
});
