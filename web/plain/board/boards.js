// The boards by the name of their rules. A board is {element, update(view)}; view is
//
//   game       as of game.js
//   position   to draw, with a move that is under way already made
//   lastMove   the text of the last move in it, or null
//   plies      the number of moves that led to it
//   seat       the player's, or null
//   myTurn     whether the player is to move
//   over       whether the game has ended
//   bottom     the seat from which the board is seen
//   sent       the player's commands in this game that were not answered yet

import { chessBoard } from "./chess.js";
import { connectFourBoard } from "./connectfour.js";
import { nimBoard } from "./nim.js";
import { rpsBoard } from "./rps.js";
import { textBoard } from "./text.js";

const boards = { chess: chessBoard, connectfour: connectFourBoard, rps: rpsBoard, nim: nimBoard };

/** A new board for the rules of that name, which calls onMove with the text of a move. */
export const newBoard = (rules, onMove) => (boards[rules] ?? textBoard)(onMove);
