import assert from "node:assert/strict";
import { test } from "node:test";

import { belongs, chess, claimable, longNotation, promotes, readFEN, writeFEN } from "../plain/rules/chess.js";

test("FEN is written as it was read, but for the en-passant square", () => {
  for (const fen of [
    chess.start,
    "r3k2r/8/8/8/8/8/8/R3K2R b Kq - 12 34",
    "8/8/4k3/8/8/3K4/8/8 w - - 99 120",
  ]) {
    assert.equal(writeFEN(readFEN(fen)), fen);
  }
});

const moves = {
  "pawn two steps": [chess.start, "e2e4", "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"],
  "quiet knight": [chess.start, "g1f3", "rnbqkbnr/pppppppp/8/8/8/5N2/PPPPPPPP/RNBQKB1R b KQkq - 1 1"],
  "castles short": ["r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 3 10", "e1g1", "r3k2r/8/8/8/8/8/8/R4RK1 b kq - 4 10"],
  "castles long": ["r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 3 10", "e8c8", "2kr3r/8/8/8/8/8/8/R3K2R w KQ - 4 11"],
  "king goes one step": ["4k3/8/8/8/8/8/8/4K2R w K - 0 1", "e1f1", "4k3/8/8/8/8/8/8/5K1R b - - 1 1"],
  "en passant": ["4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 2", "e5d6", "4k3/8/3P4/8/8/8/8/4K3 b - - 0 2"],
  "en passant by black": ["4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 2", "d4e3", "4k3/8/8/8/8/4p3/8/4K3 w - - 0 3"],
  "promotes": ["1n2k3/P7/8/8/8/8/8/4K3 w - - 0 1", "a7a8q", "Qn2k3/8/8/8/8/8/8/4K3 b - - 0 1"],
  "black promotes, taking": ["4k3/8/8/8/8/8/p7/1N2K3 b - - 0 1", "a2b1n", "4k3/8/8/8/8/8/8/1n2K3 w - - 0 2"],
  "rook takes rook": ["r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 3 10", "h1h8", "r3k2R/8/8/8/8/8/8/R3K3 b Qq - 0 10"],
  "not a move": [chess.start, "e9e4", chess.start],
};
for (const [name, [before, move, after]] of Object.entries(moves)) {
  test(`play: ${name}`, () => assert.equal(chess.play(before, move), after));
}

test("moves are written without rules", () => {
  const write = (fen, move) => longNotation(readFEN(fen), move);
  assert.equal(write(chess.start, "e2e4"), "e2–e4");
  assert.equal(write(chess.start, "g1f3"), "Ng1–f3");
  assert.equal(write(moves["castles short"][0], "e1g1"), "O-O");
  assert.equal(write(moves["castles long"][0], "e8c8"), "O-O-O");
  assert.equal(write(moves["en passant"][0], "e5d6"), "e5×d6");
  assert.equal(write(moves["black promotes, taking"][0], "a2b1n"), "a2×b1=N");
  assert.equal(write(chess.start, "e4e5"), "e4e5", "no piece: as it came");
});

test("moves are spoken", () => {
  assert.equal(chess.spoken(chess.start, "g1f3"), "knight g1 to f3");
  assert.equal(chess.spoken(moves["castles short"][0], "e1g1"), "castles short");
  assert.equal(chess.spoken(moves["promotes"][0], "a7a8q"), "pawn a7 to a8, becomes a queen");
});

test("a promotion is asked for only where there may be one", () => {
  const board = readFEN("1n2k3/P7/8/8/8/8/7p/4K3 w - - 0 1");
  assert.ok(promotes(board, "a7", "a8"));
  assert.ok(promotes(board, "a7", "b8"));
  assert.ok(promotes(board, "h2", "h1"));
  assert.ok(!promotes(board, "a7", "c8"), "too far");
  assert.ok(!promotes(board, "e1", "e8"), "a king");
  assert.ok(!promotes(readFEN(chess.start), "a2", "a8"), "from the second rank");
});

test("pieces belong to their seats", () => {
  assert.ok(belongs("P", "white") && belongs("k", "black"));
  assert.ok(!belongs("P", "black") && !belongs("k", "white") && !belongs(undefined, "white"));
});

test("claims are offered when they may be granted", () => {
  const list = (text) => text.split(" ").filter(Boolean).map((each) => ({ text: each }));
  const round = "g1f3 g8f6 f3g1 f6g8 ";
  assert.deepEqual(claimable(list(round)), { threefold: false, fifty_moves: false });
  assert.deepEqual(claimable(list(round.repeat(2))), { threefold: true, fifty_moves: false });
  assert.deepEqual(claimable(list(round.repeat(2) + "e2e4")), { threefold: false, fifty_moves: false });
  assert.equal(claimable(list(round.repeat(25))).fifty_moves, true);
  assert.equal(claimable(list(round.repeat(25)).slice(1)).fifty_moves, false);
});
