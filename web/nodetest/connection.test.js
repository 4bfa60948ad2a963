import assert from "node:assert/strict";
import { test } from "node:test";

import { backoff } from "../plain/backoff.js";
import { deadline } from "../plain/step.js";
import { Session, inGame, moved, playing } from "./session.js";

test("says hello as a guest, and keeps the token", () => {
  const page = new Session();
  assert.deepEqual(page.in("start", { resume: null, game: null }), [{ do: "open", link: 1 }]);
  page.in("opened", { link: 1 });
  assert.deepEqual(page.sent, [{ type: "hello", id: "id1", client: "plywire-page" }]);
  page.receive(page.welcome());
  assert.deepEqual(page.effects, [{ do: "keep", resume: "token" }]);
  assert.equal(page.state.phase, "live");
  assert.equal(page.state.me.name, "Guest 1");
});

test("resumes with the token and the game, and later with what it holds of it", () => {
  const page = new Session();
  page.in("start", { resume: "old", game: "g" });
  page.in("opened", { link: 1 });
  assert.deepEqual(page.sent[0].games, [{ game: "g", after: 0 }]);
  assert.equal(page.sent[0].resume, "old");
  page.receive(page.welcome(), playing(), moved(5, 1, "white", "e2e4"));
  page.in("closed", { link: 1, code: 1006 });
  assert.equal(page.state.phase, "waiting");
  page.tick();
  assert.deepEqual(page.effects, [{ do: "open", link: 3 }]);
  page.in("opened", { link: 3 });
  assert.deepEqual(page.sent[0].games, [{ game: "g", after: 5 }]);
  assert.equal(page.sent[0].resume, "token");
});

test("sends what was not acknowledged again, with the same id, and once only", () => {
  const page = inGame();
  const move = page.command({ type: "move", game: "g", ply: 0, move: "e2e4" });
  page.in("closed", { link: page.state.link, code: 1006 });
  assert.equal(page.command({ type: "say", game: "g", text: "hello?" }), undefined, "there is no connection to send it over");
  page.tick();
  page.in("opened", { link: page.state.link });
  page.receive(page.welcome());
  assert.deepEqual(page.sent.map(({ type, id }) => [type, id === move.id]), [["move", true], ["say", false]]);
  page.receive({ type: "ok", re: move.id, game: "g", seq: 5 });
  page.in("closed", { link: page.state.link, code: 1006 });
  page.tick();
  page.in("opened", { link: page.state.link });
  page.receive(page.welcome());
  assert.deepEqual(page.sent.map(({ type }) => type), ["say"]);
});

test("what was not decided is sent again after a while", () => {
  const page = inGame();
  const move = page.command({ type: "move", game: "g", ply: 0, move: "e2e4" });
  page.receive({ type: "error", re: move.id, code: "unavailable", message: "…", retry_after_ms: 200 });
  assert.deepEqual(page.effects, []);
  assert.equal(deadline(page.state), page.now + 300, "with some jitter");
  page.tick();
  assert.deepEqual(page.sent, [move]);
  page.in("tick");
  assert.deepEqual(page.sent, [], "and then its answer is awaited");
  for (let i = 0; i < 30 && page.told.length === 0; i++) {
    page.receive({ type: "error", re: move.id, code: "unavailable", message: "…", retry_after_ms: 200 });
    if (page.told.length === 0) page.tick();
  }
  assert.deepEqual(page.told, ["The server could not do that now. Try again."]);
  assert.deepEqual(page.state.outbox, []);
});

test("too many messages: later; too many offers: never", () => {
  const page = inGame();
  const offer = page.command({ type: "offer", game: "g", what: "draw" });
  page.receive({ type: "error", re: offer.id, code: "too_many_requests", message: "slowly", retry_after_ms: 50 });
  assert.equal(page.state.outbox.length, 1);
  page.tick();
  page.receive({ type: "error", re: offer.id, code: "too_many_requests", message: "too many: one draw offer a move" });
  assert.deepEqual(page.told, ["One draw offer a move."]);
  assert.equal(page.state.outbox.length, 0);
});

test("the outbox is bounded", () => {
  const page = new Session();
  for (let i = 0; i < 32; i++) page.in("command", { command: { type: "say", game: "g", text: "x" } });
  assert.deepEqual(page.told, []);
  page.in("command", { command: { type: "say", game: "g", text: "x" } });
  assert.equal(page.told.length, 1);
  assert.equal(page.state.outbox.length, 32);
});

test("waits longer after each failure, and not at all after a good connection", () => {
  const page = new Session();
  page.random = 1;
  page.connect();
  const waits = [];
  for (let i = 0; i < 9; i++) {
    page.in("closed", { link: page.state.link, code: 1006 });
    waits.push(page.state.retryAt - page.now);
    page.tick();
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  page.in("opened", { link: page.state.link });
  page.receive(page.welcome());
  page.now += 6000;
  page.in("closed", { link: page.state.link, code: 1001 });
  assert.equal(page.state.retryAt - page.now, 250);
});

test("back-off has full jitter, and more patience with a server that is busy", () => {
  assert.equal(backoff(3, 1006, 0), 0);
  assert.equal(backoff(3, 1006, 0.5), 1000);
  assert.equal(backoff(0, 1013, 1), 4000);
  assert.equal(backoff(0, 4429, 1), 4000);
  assert.equal(backoff(1000, 1006, 1), 15_000);
});

for (const code of [1008, 1009, 4400]) {
  test(`does not come back after ${code}`, () => {
    const page = inGame();
    page.in("closed", { link: page.state.link, code });
    assert.equal(page.state.phase, "stopped");
    assert.ok(page.state.trouble);
    assert.equal(deadline(page.state), null);
    page.in("command", { command: { type: "resign", game: "g" } });
    assert.deepEqual(page.told, [page.state.trouble]);
  });
}

test("a token that has run out is forgotten, and a new guest told", () => {
  const page = inGame();
  page.in("closed", { link: page.state.link, code: 4401 });
  assert.deepEqual(page.effects, [{ do: "keep", resume: null }, { do: "open", link: page.state.link }]);
  page.in("opened", { link: page.state.link });
  assert.equal(page.sent[0].resume, undefined);
  page.receive(page.welcome({ id: "other", name: "Guest 9" }));
  assert.match(page.told[0], /you are Guest 9 now/);
});

test("a server without guests is not asked again", () => {
  const page = new Session();
  page.in("start", { resume: null, game: null });
  page.in("opened", { link: 1 });
  page.receive({ type: "error", re: page.state.hello.id, code: "unauthenticated", message: "guests are not let in" });
  page.in("closed", { link: 1, code: 4401 });
  assert.equal(page.state.phase, "stopped");
  assert.equal(page.state.trouble, "Guests are not let in.");
});

test("a server that drains is left at a moment of one's own choice", () => {
  const page = inGame();
  page.receive({ type: "draining", within_ms: 2000 });
  assert.equal(deadline(page.state), page.now + 1000);
  const { link } = page.state;
  page.tick();
  assert.deepEqual(page.effects, [{ do: "close" }, { do: "open", link: link + 1 }]);
  page.in("closed", { link, code: 1001 });
  assert.deepEqual(page.effects, [], "the old connection no longer counts");
  assert.equal(page.state.phase, "connecting");
});

test("a silent connection is pinged, and given up when nothing comes back", () => {
  const page = inGame();
  assert.equal(deadline(page.state), page.now + 15_000);
  page.tick();
  assert.equal(page.sent[0].type, "ping");
  const pong = { type: "pong", sent: page.now, time: new Date(page.now + 500).toISOString() };
  page.now += 200;
  page.receive(pong);
  assert.equal(page.state.skew, 400, "half the round trip later");
  page.tick();
  page.tick();
  assert.deepEqual(page.effects, [{ do: "close" }]);
  assert.equal(page.state.phase, "waiting");
});

test("a connection that does not open is given up", () => {
  const page = new Session();
  page.in("start", { resume: null, game: null });
  page.tick();
  assert.deepEqual(page.effects, [{ do: "close" }]);
  assert.equal(page.state.phase, "waiting");
});

test("somebody who looks again does not wait", () => {
  const page = inGame();
  page.in("hurry");
  assert.equal(page.sent[0].type, "ping");
  page.in("closed", { link: page.state.link, code: 1006 });
  page.in("hurry");
  assert.deepEqual(page.effects, [{ do: "open", link: page.state.link }]);
});

test("what is no message is told and the rest is read", () => {
  const page = inGame();
  const text = `nonsense\n\n${JSON.stringify(moved(5, 1, "white", "e2e4"))}\n`;
  page.in("frame", { link: page.state.link, text });
  assert.equal(page.told.length, 1);
  assert.equal(page.state.game.seq, 5);
});
