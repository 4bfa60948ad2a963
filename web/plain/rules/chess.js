// Chess, as far as drawing it goes: positions are FEN, moves are UCI. Nothing here knows what is legal; the server does.

const pieceNames = { p: "pawn", n: "knight", b: "bishop", r: "rook", q: "queen", k: "king" };

export const chess = {
  name: "chess",
  title: "Chess",
  seats: [["white", "White"], ["black", "Black"]],
  start: "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
  claims: true,
  record: "pgn",
  turn: (position) => [position.split(" ")[1] === "b" ? "black" : "white"],
  play: (position, move) => writeFEN(playOn(readFEN(position), move)),
  spoken: (before, move) => spokenMove(readFEN(before), move),
  written: (before, move) => longNotation(readFEN(before), move),
};

/** The board of a FEN: pieces by square name ("e4": "P"), and what else the FEN says. */
export function readFEN(fen) {
  const [placement, turn = "w", castling = "-", , quiet = "0", number = "1"] = fen.split(" ");
  const pieces = new Map();
  placement.split("/").forEach((row, i) => {
    let file = 0;
    for (const letter of row) {
      if (letter >= "1" && letter <= "8") {
        file += Number(letter);
      } else {
        pieces.set(squareName(file, 7 - i), letter);
        file++;
      }
    }
  });
  return { pieces, turn, castling: castling === "-" ? "" : castling, quiet: Number(quiet), number: Number(number) };
}

/** The FEN of a board. It names no en-passant square: playOn needs none. */
export function writeFEN(board) {
  const rows = [];
  for (let rank = 7; rank >= 0; rank--) {
    let row = "";
    let empty = 0;
    for (let file = 0; file < 8; file++) {
      const piece = board.pieces.get(squareName(file, rank));
      if (!piece) {
        empty++;
        continue;
      }
      row += (empty || "") + piece;
      empty = 0;
    }
    rows.push(row + (empty || ""));
  }
  return `${rows.join("/")} ${board.turn} ${board.castling || "-"} - ${board.quiet} ${board.number}`;
}

export const squareName = (file, rank) => "abcdefgh"[file] + (rank + 1);
const fileOf = (square) => "abcdefgh".indexOf(square[0]);
const sideOf = (piece) => (piece === piece.toUpperCase() ? "w" : "b");

/** Parses UCI: {from, to, becomes}, or null. */
export function readMove(move) {
  const parts = /^([a-h][1-8])([a-h][1-8])([qrbn])?$/.exec(move ?? "");
  return parts && { from: parts[1], to: parts[2], becomes: parts[3] };
}

// The rights that are lost when something leaves a square, or comes to it.
const rights = { a1: "Q", e1: "KQ", h1: "K", a8: "q", e8: "kq", h8: "k" };

/** The board after a move that is taken to be legal. */
export function playOn(board, uci) {
  const move = readMove(uci);
  const piece = move && board.pieces.get(move.from);
  if (!piece) return board;
  const { from, to, becomes } = move;
  const pieces = new Map(board.pieces);
  const pawn = piece.toLowerCase() === "p";
  const takes = pieces.has(to);
  pieces.delete(from);
  pieces.set(to, becomes ? (sideOf(piece) === "w" ? becomes.toUpperCase() : becomes) : piece);
  if (pawn && from[0] !== to[0] && !takes) pieces.delete(to[0] + from[1]); // en passant
  if (isCastling(piece, from, to)) {
    const [corner, beside] = to[0] === "g" ? ["h", "f"] : ["a", "d"];
    const rook = pieces.get(corner + from[1]);
    pieces.delete(corner + from[1]);
    if (rook) pieces.set(beside + from[1], rook);
  }
  const lost = (rights[from] ?? "") + (rights[to] ?? "");
  return {
    pieces,
    turn: board.turn === "w" ? "b" : "w",
    castling: [...board.castling].filter((right) => !lost.includes(right)).join(""),
    quiet: pawn || takes ? 0 : board.quiet + 1,
    number: board.number + (board.turn === "b" ? 1 : 0),
  };
}

const isCastling = (piece, from, to) => piece.toLowerCase() === "k" && Math.abs(fileOf(from) - fileOf(to)) === 2;

/** Long algebraic notation, which needs no rules: "Ng1–f3", "e4×d5", "O-O", "e7–e8=Q". */
export function longNotation(board, uci) {
  const move = readMove(uci);
  const piece = move && board.pieces.get(move.from);
  if (!piece) return uci;
  if (isCastling(piece, move.from, move.to)) return move.to[0] === "g" ? "O-O" : "O-O-O";
  const letter = piece.toUpperCase() === "P" ? "" : piece.toUpperCase();
  const between = isCapture(board, piece, move) ? "×" : "–";
  return letter + move.from + between + move.to + (move.becomes ? "=" + move.becomes.toUpperCase() : "");
}

const isCapture = (board, piece, { from, to }) =>
  board.pieces.has(to) || (piece.toUpperCase() === "P" && from[0] !== to[0]);

function spokenMove(board, uci) {
  const move = readMove(uci);
  const piece = move && board.pieces.get(move.from);
  if (!piece) return uci;
  if (isCastling(piece, move.from, move.to)) return move.to[0] === "g" ? "castles short" : "castles long";
  const verb = isCapture(board, piece, move) ? "takes on" : "to";
  const becomes = move.becomes ? `, becomes a ${pieceNames[move.becomes]}` : "";
  return `${pieceNames[piece.toLowerCase()]} ${move.from} ${verb} ${move.to}${becomes}`;
}

/** The name of a piece by its FEN letter: "white pawn". */
export const pieceName = (piece) => `${sideOf(piece) === "w" ? "white" : "black"} ${pieceNames[piece.toLowerCase()]}`;

/** Whether the piece belongs to the seat. */
export const belongs = (piece, seat) => Boolean(piece) && sideOf(piece) === (seat === "black" ? "b" : "w");

/** Whether a pawn would have to become something by this move. */
export function promotes(board, from, to) {
  const piece = board.pieces.get(from);
  if (piece?.toLowerCase() !== "p" || Math.abs(fileOf(from) - fileOf(to)) > 1) return false;
  return piece === "P" ? from[1] === "7" && to[1] === "8" : from[1] === "2" && to[1] === "1";
}

/**
 * Which draws might be claimed: a superset of those that the server grants, so that no claim is kept from a player. A
 * position counts as equal when pieces, turn and castling rights are.
 */
export function claimable(moves) {
  let board = readFEN(chess.start);
  const seen = [placementOf(board)];
  for (const { text } of moves) {
    board = playOn(board, text);
    seen.push(placementOf(board));
  }
  const times = seen.filter((each) => each === seen.at(-1)).length;
  return { threefold: times >= 3, fifty_moves: board.quiet >= 100 };
}

const placementOf = (board) => writeFEN(board).split(" ").slice(0, 3).join(" ");
