// The screen of one game: board, players, standing, moves, chat.

import { newBoard } from "../board/boards.js";
import { seatOf } from "../game.js";
import { rulesOf } from "../rules/rules.js";
import { turnText, resultText } from "../words.js";
import { chatCard } from "./chat.js";
import { byId, say } from "./dom.js";
import { moveList } from "./moves.js";
import { playerBars } from "./players.js";
import { standingCard } from "./standing.js";

/** The screen. act hears commands, go shows another game, speak tells those who listen. */
export function gameTable({ act, go, speak }) {
  let current = null; // the view that is shown
  let board = null;
  const inGame = (command) => {
    // A second click, before the first one was answered, is not a second wish.
    const asked = current.sent.some(({ type, what }) => type === command.type && what === command.what);
    if (command.type === "say" || !asked) act({ ...command, game: current.game.id });
  };
  const parts = [
    playerBars(byId("top"), byId("bottom"), speak),
    standingCard(byId("standing"), { act: inGame, go }),
    moveList(byId("moves")),
    chatCard(byId("chat"), inGame),
  ];
  const move = (text) => {
    if (current.myTurn) inGame({ type: "move", ply: current.game.ply, move: text });
  };
  return {
    update(state) {
      const view = viewOf(state);
      if (board?.rules !== view.game.rules) {
        board = { rules: view.game.rules, ...newBoard(view.game.rules, move) };
        byId("board").replaceChildren(board.element);
      }
      current = view;
      board.update(view);
      for (const part of parts) part.update(view);
      const { dataset } = byId("table");
      if (dataset.status === "waiting" && view.game.status === "playing") scrollTo(0, 0); // the invitation has gone
      dataset.status = view.game.status;
      dataset.rules = view.game.rules;
      say(byId("table-title"), rulesOf(view.game.rules).title);
      return titleOf(view);
    },
    tick: (serverTime) => parts[0].tick(serverTime),
  };
}

/** What the parts of the screen are drawn from. See board/boards.js. */
function viewOf({ game, me, outbox }) {
  const rules = rulesOf(game.rules);
  const seat = seatOf(game, me);
  const over = game.status === "ended";
  const sent = outbox.map(({ command }) => command).filter((command) => command.game === game.id);
  const awaited = seat !== null && game.turn.includes(seat);
  // A move that was sent and not answered is drawn as if it were made.
  const pending = awaited ? sent.find(({ type }) => type === "move") : null;
  const drawn = pending && rules.play;
  return {
    game,
    me,
    seat,
    over,
    position: drawn ? rules.play(game.position, pending.move, seat) : game.position,
    lastMove: drawn ? pending.move : game.moves.at(-1)?.text ?? null,
    plies: game.moves.length + (drawn ? 1 : 0),
    myTurn: awaited && !pending,
    bottom: seat ?? game.seats[0]?.seat,
    sent,
  };
}

function titleOf({ game, me }) {
  const { title } = rulesOf(game.rules);
  switch (game.status) {
    case "waiting":
      return `Waiting – ${title}`;
    case "ended":
      return `${resultText(game, me).title} – ${title}`;
  }
  return `${turnText(game, me)} – ${title}`;
}
