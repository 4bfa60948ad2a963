// Connect Four, as far as drawing it goes. A position is the seven columns from the bottom up and whose turn it is:
// "//x/xo/// o".

export const rows = 6;
export const columns = "abcdefg";

export const connectfour = {
  name: "connectfour",
  title: "Connect Four",
  seats: [["first", "Red"], ["second", "Yellow"]],
  start: "////// x",
  turn: (position) => ({ x: ["first"], o: ["second"] })[readBoard(position).turn] ?? [],
  play(position, move, seat) {
    const { stacks, turn } = readBoard(position);
    const column = columns.indexOf(move);
    if (move?.length !== 1 || column < 0 || !stacks[column] && stacks[column] !== "") return position;
    const disc = seat ? (seat === "second" ? "o" : "x") : turn;
    stacks[column] += disc;
    return `${stacks.join("/")} ${disc === "x" ? "o" : "x"}`;
  },
  spoken: (_, move) => `column ${move}`,
  written: (before, move) => `${move}${(readBoard(before).stacks[columns.indexOf(move)]?.length ?? 0) + 1}`,
};

/** {stacks: ["", "xo", …], turn: "x" | "o" | "-"}. */
export function readBoard(position) {
  const [discs, turn = "-"] = position.split(" ");
  const stacks = discs.split("/");
  while (stacks.length < columns.length) stacks.push("");
  return { stacks, turn };
}

/** The cells ("d1") of the first four in a row that is found, or none. */
export function winningFour(position) {
  const { stacks } = readBoard(position);
  const disc = (column, row) => stacks[column]?.[row];
  for (let column = 0; column < columns.length; column++) {
    for (let row = 0; row < rows; row++) {
      for (const [right, up] of [[1, 0], [0, 1], [1, 1], [1, -1]]) {
        const line = [0, 1, 2, 3].map((i) => [column + i * right, row + i * up]);
        const first = disc(column, row);
        if (first && line.every(([c, r]) => disc(c, r) === first)) {
          return line.map(([c, r]) => `${columns[c]}${r + 1}`);
        }
      }
    }
  }
  return [];
}
