// A page without a browser: the state, a clock that stands still, and what was sent.

import { deadline, initial, step } from "../plain/step.js";

export const at = (ms = 0) => new Date(1_700_000_000_000 + ms).toISOString();

/** A page that is driven by hand. */
export class Session {
  state = initial;
  now = 1_700_000_000_000;
  random = 0.5;
  #ids = 0;
  effects = [];

  /** Gives an input to the page and returns the effects. */
  in(type, fields = {}) {
    const world = { now: this.now, random: () => this.random, id: () => `id${++this.#ids}` };
    const [state, effects] = step(this.state, { type, ...fields }, world);
    this.state = state;
    this.effects = effects;
    return effects;
  }

  /** Gives messages of the server to the page, as one frame. */
  receive(...messages) {
    return this.in("frame", { link: this.state.link, text: messages.map((m) => JSON.stringify(m)).join("\n") });
  }

  /** Starts the page and connects it as a guest. */
  connect({ game = null, resume = null, user = { id: "me", name: "Guest 1" } } = {}) {
    this.in("start", { game, resume });
    this.in("opened", { link: this.state.link });
    return this.receive(this.welcome(user));
  }

  welcome(user = { id: "me", name: "Guest 1" }) {
    return { type: "welcome", re: this.state.hello.id, user, resume: "token", time: new Date(this.now).toISOString(), heartbeat_ms: 15000 };
  }

  /** Lets time pass until the next deadline and ticks. */
  tick() {
    this.now = deadline(this.state);
    return this.in("tick");
  }

  command(command) {
    this.in("command", { command });
    return this.effects.find(({ do: what }) => what === "send")?.message;
  }

  get sent() {
    return this.effects.filter(({ do: what }) => what === "send").map(({ message }) => message);
  }

  get told() {
    return this.effects.filter(({ do: what }) => what === "tell").map(({ text }) => text);
  }

  get said() {
    return this.effects.filter(({ do: what }) => what === "say").map(({ text }) => text);
  }
}

/** The message "game" of a chess game that two play, "me" with white. */
export const playing = (fields = {}) => ({
  type: "game",
  game: "g",
  seq: 4,
  rules: "chess",
  status: "playing",
  seats: [
    { seat: "white", user: { id: "me", name: "Guest 1" }, present: true },
    { seat: "black", user: { id: "you", name: "Guest 2" }, present: true },
  ],
  clock: { initial_ms: 300000, increment_ms: 3000, delay_ms: 0, left: { white: 300000, black: 300000 }, running: ["white"] },
  position: "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
  moves: [],
  ply: 0,
  turn: ["white"],
  result: null,
  at: at(),
  ...fields,
});

export const moved = (seq, ply, seat, move, fields = {}) => ({ type: "moved", game: "g", seq, ply, seat, move, at: at(), ...fields });

/** A connected page that shows the game. */
export function inGame(message = playing()) {
  const page = new Session();
  page.connect({ game: message.game });
  page.receive(message);
  return page;
}
