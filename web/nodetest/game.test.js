import assert from "node:assert/strict";
import { test } from "node:test";

import { remaining } from "../plain/clock.js";
import { Session, at, inGame, moved, playing } from "./session.js";

const left = (white, black) => ({ clock: { white, black } });

test("creating a game shows it and gives it an address", () => {
  const page = new Session();
  page.connect();
  const create = page.command({ type: "create", rules: "chess", clock: null, seat: "white" });
  page.receive(playing({ status: "waiting", turn: undefined, seq: 2 }), { type: "ok", re: create.id, game: "g", seq: 1 });
  assert.deepEqual(page.effects, [{ do: "visited", game: "g" }]);
  assert.equal(page.state.wanted, "g");
  assert.equal(page.state.game.status, "waiting");
  page.receive(
    { type: "joined", game: "g", seq: 3, seat: "black", user: { id: "you", name: "Guest 2" }, at: at() },
    { type: "started", game: "g", seq: 4, ...left(300000, 300000), at: at() },
    { type: "presence", game: "g", seat: "black", present: true },
  );
  const { game } = page.state;
  assert.deepEqual([game.status, game.turn, game.seats[1].user.name, game.seats[1].present], ["playing", ["white"], "Guest 2", true]);
  assert.deepEqual(page.said, ["Guest 2 joins as Black.", "The game begins. Your move."]);
});

test("moves change position, turn and clocks, and are told", () => {
  const page = inGame();
  page.receive(moved(5, 1, "white", "e2e4", left(299000, 300000)));
  page.receive(moved(6, 2, "black", "e7e5", { ...left(299000, 298000), at: at(4000) }));
  const { game } = page.state;
  assert.equal(game.position, "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2");
  assert.deepEqual(game.moves, [{ text: "e2e4", seat: "white" }, { text: "e7e5", seat: "black" }]);
  assert.deepEqual([game.turn, game.ply, game.seq], [["white"], 2, 6]);
  assert.equal(remaining(game.clock, "white", Date.parse(at(5000))), 298000);
  assert.deepEqual(page.said, ["Black: pawn e7 to e5. Your move."]);
});

test("a gap is filled by asking for what comes after", () => {
  const page = inGame();
  page.receive(moved(6, 2, "black", "e7e5"));
  assert.deepEqual(page.sent.map(({ type, game, after }) => [type, game, after]), [["watch", "g", 4]]);
  const [{ id }] = page.sent;
  page.receive(moved(7, 3, "white", "g1f3"));
  assert.deepEqual(page.sent, [], "once is enough");
  page.receive(moved(5, 1, "white", "e2e4"), moved(6, 2, "black", "e7e5"), moved(7, 3, "white", "g1f3"), { type: "ok", re: id, seq: 7 });
  assert.equal(page.state.game.seq, 7);
  assert.deepEqual(page.state.outbox, []);
});

test("what was seen already changes nothing", () => {
  const page = inGame();
  page.receive(moved(5, 1, "white", "e2e4"));
  page.receive(moved(5, 1, "white", "e2e4"));
  assert.equal(page.state.game.moves.length, 1);
});

test("after a takeback the whole game is asked for", () => {
  const page = inGame();
  page.receive(moved(5, 1, "white", "e2e4"));
  page.receive({ type: "taken_back", game: "g", seq: 6, ply: 0, seat: "white", at: at() });
  assert.deepEqual(page.sent.map(({ type, after }) => [type, after]), [["watch", undefined]]);
  assert.deepEqual(page.state.game.moves, []);
  page.receive(playing({ seq: 6 }), { type: "ok", re: page.sent[0].id, game: "g", seq: 6 });
  assert.equal(page.state.game.position, playing().position);
});

test("an event of a newer server leads to the whole game", () => {
  const page = inGame();
  page.receive({ type: "enchanted", game: "g", seq: 5, at: at() });
  assert.equal(page.sent[0].type, "watch");
  assert.equal(page.state.game.seq, 5);
});

test("of rules that the page does not know it asks for the position", () => {
  const page = inGame(playing({ rules: "hex", position: "....", moves: [] }));
  page.receive(moved(5, 1, "white", "a1"));
  assert.equal(page.sent[0].type, "watch");
  page.receive(moved(6, 2, "black", "b1"));
  assert.deepEqual(page.sent, [], "the answer is under way");
  page.receive(playing({ rules: "hex", position: "xo..", moves: ["a1", "b1"], ply: 2, seq: 6 }), { type: "ok", re: page.state.outbox[0].command.id });
  page.receive(moved(7, 3, "white", "c1"));
  assert.equal(page.sent[0].type, "watch", "and again");
});

test("offers come, and go with a move, an answer or the end", () => {
  const page = inGame();
  const offered = (seq, what, seat) => ({ type: "offered", game: "g", seq, what, seat, at: at() });
  page.receive(offered(5, "draw", "black"));
  assert.deepEqual(page.state.game.offers, [{ what: "draw", seat: "black" }]);
  assert.deepEqual(page.said, ["Black offers a draw."]);
  page.receive(moved(6, 1, "white", "e2e4"));
  assert.deepEqual(page.state.game.offers, [], "a move is an answer");
  page.receive(offered(7, "draw", "white"), { type: "declined", game: "g", seq: 8, what: "draw", seat: "black", at: at() });
  assert.deepEqual(page.state.game.offers, []);
  page.receive(offered(9, "draw", "black"), { type: "accepted", game: "g", seq: 10, what: "draw", seat: "white", at: at() },
    { type: "ended", game: "g", seq: 11, result: { winner: null, score: "1/2-1/2", reason: "agreement" }, at: at() });
  assert.deepEqual([page.state.game.offers, page.state.game.status, page.state.game.turn], [[], "ended", []]);
  assert.equal(page.said.at(-1), "Draw: by agreement.");
});

test("who ran out of time has none left", () => {
  const page = inGame();
  page.receive({ type: "ended", game: "g", seq: 5, result: { winner: "black", score: "0-1", reason: "timeout" }, ...left(300000, 300000), at: at(300500) });
  assert.equal(remaining(page.state.game.clock, "white", 0), 0);
  assert.equal(remaining(page.state.game.clock, "black", 0), 300000);
  assert.deepEqual(page.said, ["You lost: on time."]);
});

test("players go on to the rematch, although it may not be there at once", () => {
  const page = inGame(playing({ status: "ended", turn: [], result: { winner: "white", score: "1-0", reason: "checkmate" } }));
  page.receive({ type: "accepted", game: "g", seq: 5, what: "rematch", seat: "black", next: "h", at: at() });
  assert.deepEqual(page.effects.at(-1), { do: "visited", game: "h" });
  const watch = page.sent.find(({ type }) => type === "watch");
  assert.equal(watch.game, "h");
  page.receive({ type: "error", re: watch.id, code: "not_found", message: "no such game" });
  assert.equal(page.state.missing, null);
  page.tick();
  assert.deepEqual(page.sent, [watch]);
  page.receive(playing({ game: "h" }), { type: "ok", re: watch.id, game: "h" });
  assert.equal(page.state.game.id, "h");
});

test("watchers are offered the rematch, and stay", () => {
  const page = inGame(playing({ seats: [{ seat: "white", user: { id: "a" } }, { seat: "black", user: { id: "b" } }] }));
  page.receive({ type: "accepted", game: "g", seq: 5, what: "rematch", seat: "black", next: "h", at: at() });
  assert.equal(page.state.wanted, "g");
  assert.equal(page.state.game.next, "h");
});

test("a game that is not there is said to be missing, and can be left", () => {
  const page = new Session();
  page.connect({ game: "nowhere" });
  page.receive({ type: "error", re: page.state.hello.id, game: "nowhere", code: "not_found", message: "no such game" });
  assert.match(page.state.missing, /no such game/);
  page.in("visit", { game: null });
  assert.equal(page.state.missing, null);
});

test("a refusal is told in words, and what had changed is fetched", () => {
  const page = inGame();
  const move = page.command({ type: "move", game: "g", ply: 0, move: "e2e5" });
  page.receive({ type: "error", re: move.id, game: "g", code: "illegal_move", message: "illegal: the pawn on e2 cannot go to e5" });
  assert.deepEqual(page.effects, [{ do: "tell", text: "The pawn on e2 cannot go to e5." }]);
  const late = page.command({ type: "move", game: "g", ply: 0, move: "e2e4" });
  page.receive({ type: "error", re: late.id, game: "g", code: "stale_ply", message: "…" });
  assert.equal(page.sent[0].type, "watch");
});

test("chat, presence and watchers are noticed, and the chat is bounded", () => {
  const page = inGame();
  page.receive({ type: "presence", game: "g", seat: "black", present: false }, { type: "watchers", game: "g", count: 3 });
  assert.equal(page.state.game.seats[1].present, false);
  assert.equal(page.state.game.watchers, 3);
  for (let i = 0; i < 250; i++) page.receive({ type: "said", game: "g", seat: "black", user: { name: "Guest 2" }, text: `${i}` });
  assert.equal(page.state.game.chat.length, 200);
  assert.equal(page.state.game.chat.at(-1).text, "249");
  page.receive(playing({ seq: 9 }));
  assert.equal(page.state.game.chat.length, 200, "the chat is no part of the state that the server tells");
});

test("after a reload the rounds of a hidden game are asked for", () => {
  const rps = { rules: "rps", seats: [{ seat: "first", user: { id: "me" } }, { seat: "second", user: { id: "you" } }], clock: null };
  const state = playing({ ...rps, position: "3 0-1 2 -/-", moves: ["rock", ""], ply: 2, seq: 6, turn: ["first", "second"] });
  const page = inGame(state);
  assert.deepEqual(page.sent.map(({ type, after }) => [type, after]), [["watch", 1]]);
  const outcome = { round: 1, first: "rock", second: "paper", winner: "second", score: [0, 1] };
  page.receive(moved(5, 1, "first", "rock"), moved(6, 2, "second", null, { outcome }), { type: "ok", re: page.sent[0].id, seq: 6 });
  assert.deepEqual(page.state.game.outcomes, [outcome]);
  assert.equal(page.state.game.position, "3 0-1 2 -/-", "and nothing is played twice");
  page.receive(moved(7, 3, "second", null));
  assert.deepEqual([page.state.game.position, page.state.game.turn], ["3 0-1 2 -/?", ["first"]]);
  assert.deepEqual(page.said, ["Second: has thrown. Your move."]);
  page.receive({ ...state, seq: 7 });
  assert.deepEqual(page.sent, [], "once");
});

test("going to another game leaves the one before", () => {
  const page = inGame();
  page.in("visit", { game: "h" });
  assert.deepEqual(page.sent.map(({ type, game }) => [type, game]), [["leave", "g"], ["watch", "h"]]);
  page.receive(moved(5, 1, "white", "e2e4"), playing());
  assert.equal(page.state.game, null, "late news of the other game");
  page.receive(playing({ game: "h" }));
  assert.equal(page.state.game.id, "h");
});

test("a game that was asked for while there was no connection is asked for again", () => {
  const page = new Session();
  page.in("start", { resume: null, game: null });
  page.in("opened", { link: 1 });
  page.in("visit", { game: "h" });
  page.receive(page.welcome());
  assert.deepEqual(page.sent.map(({ type, game }) => [type, game]), [["watch", "h"]], "hello did not name it");
});
