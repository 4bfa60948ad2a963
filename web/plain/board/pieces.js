// The chess pieces, drawn for this page. Each is a list of shapes on a square of 100 by 100; "line" shapes are details in
// the colour of the outline.

import { drawing } from "../view/dom.js";

const frame = "5 6 90 90"; // the pieces leave some room at the sides

const path = (d) => ["path", { d }];
const line = (d) => ["path", { d, class: "line" }];
const dot = (cx, cy, r, className) => ["circle", className ? { cx, cy, r, class: className } : { cx, cy, r }];

const foot = path("M22 89 V83 Q22 77 28 77 H72 Q78 77 78 83 V89 Z");

const shapes = {
  p: [
    path("M43 50 C43 62 38 70 30 77 H70 C62 70 57 62 57 50 Z"),
    dot(50, 33, 14.5),
    path("M37 47 H63 Q66 47 66 50 Q66 53 63 53 H37 Q34 53 34 50 Q34 47 37 47 Z"),
    foot,
  ],
  r: [
    path("M35 42 H65 L67 68 L71 77 H29 L33 68 Z"),
    path("M27 19 H38 V27 H45 V19 H55 V27 H62 V19 H73 V36 L66 43 H34 L27 36 Z"),
    line("M35 67 H65"),
    foot,
  ],
  n: [
    path(
      "M72 77 H33 C32 66 37 60 43 54 C46 51 47 48 47 46 C42 51 37 52 33 55 C30 58 27 61 23 58 C19 55 18 51 20 47" +
        " C25 40 27 36 30 30 C32 26 34 24 36 22 L36 12 L45 18 C65 18 77 35 76 58 C76 66 74 71 72 77 Z",
    ),
    dot(40, 31, 2.6, "spot"),
    dot(25, 51, 1.6, "spot"),
    line("M54 27 C64 33 69 45 68 60"),
    foot,
  ],
  b: [
    path("M42 64 C42 70 37 74 31 77 H69 C63 74 58 70 58 64 Z"),
    path("M50 21 C63 31 69 41 67 51 C66 57 62 60 58 61 H42 C38 60 34 57 33 51 C31 41 37 31 50 21 Z"),
    dot(50, 16, 5.5),
    path("M38 60 H62 Q65 60 65 63 Q65 66 62 66 H38 Q35 66 35 63 Q35 60 38 60 Z"),
    line("M50 34 V50 M43 42 H57"),
    foot,
  ],
  q: [
    path("M20 33 L33 52 L34 26 L45 48 L50 22 L55 48 L66 26 L67 52 L80 33 L73 66 L69 77 H31 L27 66 Z"),
    dot(20, 30, 4.5),
    dot(34, 22, 4.5),
    dot(50, 17, 4.5),
    dot(66, 22, 4.5),
    dot(80, 30, 4.5),
    line("M28 66 H72"),
    foot,
  ],
  k: [
    path("M50 37 C55 27 81 27 81 46 C81 56 73 62 71 67 L69 77 H31 L29 67 C27 62 19 56 19 46 C19 27 45 27 50 37 Z"),
    path("M46.5 9 H53.5 V15 H60 V22 H53.5 V33 H46.5 V22 H40 V15 H46.5 Z"),
    line("M29 67 H71 M50 38 V60"),
    foot,
  ],
};

const made = new Map();

/** A new drawing of the piece with that FEN letter. */
export function drawPiece(letter) {
  if (!made.has(letter)) {
    const kind = letter.toLowerCase();
    made.set(letter, drawing(`piece ${letter === kind ? "black" : "white"}`, shapes[kind], frame));
  }
  return made.get(letter).cloneNode(true);
}
