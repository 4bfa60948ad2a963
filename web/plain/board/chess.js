// The chess board: moves by two clicks, by dragging, or by keys (arrows, Enter, Escape). It draws the position and knows
// whose pieces are whose; what is legal, the server says.

import { belongs, pieceName, promotes, readFEN, readMove, squareName } from "../rules/chess.js";
import { h, set } from "../view/dom.js";
import { askPromotion } from "./promotion.js";
import { listenForDrags } from "./drag.js";
import { drawPiece } from "./pieces.js";

const slideMs = 160;
const still = matchMedia("(prefers-reduced-motion: reduce)");

/** A board that calls onMove with UCI. */
export function chessBoard(onMove) {
  return new ChessBoard(onMove).face;
}

class ChessBoard {
  #squares = new Map(); // name → {button, letter}
  #root = h("div", { class: "board chess", role: "grid", "aria-label": "Chess board" });
  #onMove;
  #board = readFEN("8/8/8/8/8/8/8/8 w - - 0 1");
  #mine = null; // the seat whose pieces can be moved now
  #bottom = null;
  #last = "";
  #plies = null; // moves that were drawn
  #selected = null;
  #focus = "e2"; // the one square in the tab order
  #dragged = null; // a move by which the piece is where it is already

  constructor(onMove) {
    this.#onMove = onMove;
    this.#root.addEventListener("click", (event) => this.#clicked(nameAt(event.target)));
    this.#root.addEventListener("keydown", (event) => this.#key(event));
    listenForDrags(this.#root, {
      canDrag: (name) => this.#canMove(name),
      dragged: (from, to) => {
        this.#dragged = from + to;
        this.#attempt(from, to);
      },
    });
    this.face = { element: this.#root, update: (view) => this.#update(view) };
  }

  #update({ position, lastMove, plies, seat, myTurn, bottom }) {
    if (bottom !== this.#bottom) this.#build(bottom);
    this.#board = readFEN(position);
    this.#mine = myTurn ? seat : null;
    if (this.#selected && !this.#canMove(this.#selected)) this.#selected = null;
    this.#draw();
    this.#last = lastMove ?? "";
    if (plies - 1 === this.#plies && !this.#last.startsWith(this.#dragged ?? "-")) this.#slide(this.#last);
    if (plies !== this.#plies) this.#dragged = null;
    this.#plies = plies;
    this.#mark();
  }

  #build(bottom) {
    this.#bottom = bottom;
    this.#squares.clear();
    const order = [0, 1, 2, 3, 4, 5, 6, 7];
    const ranks = bottom === "black" ? order : order.toReversed();
    const files = bottom === "black" ? order.toReversed() : order;
    this.#focus = bottom === "black" ? "e7" : "e2";
    this.#root.replaceChildren(
      ...ranks.map((rank) =>
        h("div", { role: "row" }, files.map((file) => this.#square(file, rank, file === files[0], rank === ranks[7]))),
      ),
    );
  }

  #square(file, rank, showRank, showFile) {
    const name = squareName(file, rank);
    const shade = (file + rank) % 2 ? "light" : "dark";
    const button = h("button", { type: "button", role: "gridcell", class: `square ${shade}`, "data-square": name, "aria-label": `${name}, empty` },
      showRank && h("span", { class: "rank", "aria-hidden": "true" }, name[1]),
      showFile && h("span", { class: "file", "aria-hidden": "true" }, name[0]));
    this.#squares.set(name, { button, letter: undefined });
    return button;
  }

  #draw() {
    for (const [name, square] of this.#squares) {
      const letter = this.#board.pieces.get(name) ?? "";
      const { button } = square;
      if (square.letter !== letter) {
        button.querySelector(".piece")?.remove();
        if (letter) button.append(drawPiece(letter));
        square.letter = letter;
        set(button, "aria-label", `${name}, ${letter ? pieceName(letter) : "empty"}`);
      }
      button.classList.toggle("movable", this.#canMove(name));
      set(button, "tabindex", name === this.#focus ? 0 : -1);
    }
  }

  #mark() {
    const last = readMove(this.#last);
    for (const [name, { button }] of this.#squares) {
      button.classList.toggle("last", last !== null && (name === last.from || name === last.to));
      button.classList.toggle("selected", name === this.#selected);
      set(button, "aria-selected", name === this.#selected ? "true" : null);
    }
  }

  /** Lets a piece come from where it was. */
  #slide(uci) {
    const move = readMove(uci);
    const from = this.#squares.get(move?.from)?.button;
    const to = this.#squares.get(move?.to)?.button;
    if (!from || !to || still.matches) return;
    const [a, b] = [from.getBoundingClientRect(), to.getBoundingClientRect()];
    to.querySelector(".piece")?.animate(
      [{ transform: `translate(${a.x - b.x}px, ${a.y - b.y}px)` }, { transform: "none" }],
      { duration: slideMs, easing: "ease-out" },
    );
  }

  #canMove = (name) => this.#mine !== null && belongs(this.#board.pieces.get(name), this.#mine);

  #clicked(name) {
    if (!name) return;
    this.#focusOn(name, false);
    if (this.#canMove(name)) {
      this.#select(name === this.#selected ? null : name);
    } else if (this.#selected) {
      const from = this.#selected;
      this.#select(null);
      this.#attempt(from, name);
    }
  }

  #select(name) {
    this.#selected = name;
    this.#mark();
  }

  async #attempt(from, to) {
    if (from === to) return;
    this.#select(null);
    let becomes = "";
    if (promotes(this.#board, from, to)) {
      becomes = await askPromotion(this.#mine);
      if (!becomes) return;
    }
    this.#onMove(from + to + becomes);
  }

  #key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.key === "Escape") this.#select(null);
    if (!steps[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const turn = this.#bottom === "black" ? -1 : 1;
    const [right, up] = steps[event.key].map((step) => step * turn);
    const file = "abcdefgh".indexOf(this.#focus[0]) + right;
    const rank = Number(this.#focus[1]) - 1 + up;
    if (file >= 0 && file < 8 && rank >= 0 && rank < 8) this.#focusOn(squareName(file, rank), true);
  }

  #focusOn(name, really) {
    set(this.#squares.get(this.#focus).button, "tabindex", -1);
    this.#focus = name;
    const { button } = this.#squares.get(name);
    set(button, "tabindex", 0);
    if (really) button.focus();
  }
}

const nameAt = (target) => target.closest("[data-square]")?.dataset.square ?? null;
