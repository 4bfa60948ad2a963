import assert from "node:assert/strict";
import { test } from "node:test";

import { connectfour, winningFour } from "../plain/rules/connectfour.js";
import { nim, readHeaps } from "../plain/rules/nim.js";
import { allRules, rulesOf, seatTitle } from "../plain/rules/rules.js";
import { readRound, rps } from "../plain/rules/rps.js";

test("Connect Four: discs fall and turns change", () => {
  let position = connectfour.start;
  const written = [];
  for (const move of "ddc") {
    const [seat] = connectfour.turn(position);
    written.push(`${seat} ${connectfour.written(position, move)}`);
    position = connectfour.play(position, move, seat);
  }
  assert.equal(position, "//x/xo/// o");
  assert.deepEqual(written, ["first d1", "second d2", "first c1"]);
  assert.deepEqual(connectfour.turn("//x/xo/// -"), []);
  assert.equal(connectfour.play(position, "h"), position, "no such column");
  assert.equal(connectfour.play(position, ""), position);
});

const fours = {
  "///xxxx/ooo// -": ["d1", "d2", "d3", "d4"],
  "xo/xo/xo/x/// -": ["a1", "b1", "c1", "d1"],
  "xo/ox/oxx/ooxx/// -": ["a1", "b2", "c3", "d4"],
  "x///oxox/oxxo/ox/xo -": ["d4", "e3", "f2", "g1"],
  "//x/xo/// o": [],
  "xxx/x///// o": [],
};
for (const [position, line] of Object.entries(fours)) {
  test(`Connect Four: four in ${position}`, () => assert.deepEqual(winningFour(position), line));
}

test("Nim: sticks are taken", () => {
  assert.deepEqual(readHeaps("[3 4 5] first"), { heaps: [3, 4, 5], turn: "first" });
  assert.deepEqual(nim.turn("[3 4 5] second"), ["second"]);
  assert.equal(nim.play("[3 4 5] first", "2:3"), "[3 1 5] second");
  assert.equal(nim.play("[3 4 5] first", "2:5"), "[3 4 5] first", "not so many");
  assert.equal(nim.spoken("", "2:3"), "takes 3 from heap 2");
});

test("Rock-paper-scissors: throws are hidden until both are made", () => {
  assert.deepEqual(rps.turn("3 0-0 1 -/-"), ["first", "second"]);
  assert.deepEqual(rps.turn("3 0-0 1 -/?"), ["first"]);
  assert.equal(rps.play("3 0-0 1 -/-", null, "second"), "3 0-0 1 -/?");
  assert.equal(rps.play("3 0-0 1 -/-", "rock", "first"), "3 0-0 1 rock/-");
  const outcome = { round: 1, first: "rock", second: "paper", winner: "second", score: [0, 1] };
  assert.equal(rps.play("3 0-0 1 -/?", "rock", "first", outcome), "3 0-1 2 -/-");
  assert.deepEqual(readRound("3 0-1 2 -/?"), { bestOf: 3, score: [0, 1], round: 2, thrown: ["-", "?"] });
});

test("all rules have what the page needs", () => {
  for (const rules of allRules) {
    assert.equal(rulesOf(rules.name), rules);
    assert.equal(rules.seats.length, 2);
    assert.ok(rules.turn(rules.start).length > 0, rules.name);
    if (!rules.hides) assert.equal(typeof rules.written, "function", rules.name);
  }
  const unknown = rulesOf("hex");
  assert.equal(unknown.title, "Hex");
  assert.ok(unknown.unknown && !unknown.play && !unknown.turn);
  assert.equal(seatTitle(rulesOf("connectfour"), "second"), "Yellow");
  assert.equal(seatTitle(unknown, "north"), "North");
});
