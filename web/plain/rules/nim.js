// Nim, as far as drawing it goes. A position is the heaps and whose turn it is: "[3 4 5] first"; "2:3" takes three sticks of
// the second heap.

export const nim = {
  name: "nim",
  title: "Nim",
  seats: [["first", "First"], ["second", "Second"]],
  start: "[3 4 5] first",
  choice: {
    option: "heaps",
    title: "Heaps",
    standard: [3, 4, 5],
    values: [[[3, 4, 5], "3 4 5"], [[1, 3, 5, 7], "1 3 5 7"], [[2, 4, 6, 8], "2 4 6 8"]],
  },
  turn: (position) => [readHeaps(position).turn],
  play(position, move) {
    const { heaps, turn } = readHeaps(position);
    const [heap, sticks] = move.split(":").map(Number);
    if (!(heaps[heap - 1] >= sticks)) return position;
    heaps[heap - 1] -= sticks;
    return `[${heaps.join(" ")}] ${turn === "first" ? "second" : "first"}`;
  },
  spoken(_, move) {
    const [heap, sticks] = move.split(":");
    return `takes ${sticks} from heap ${heap}`;
  },
  written(_, move) {
    const [heap, sticks] = move.split(":");
    return `${sticks} from heap ${heap}`;
  },
};

/** {heaps: [3, 4, 5], turn: "first"}. */
export function readHeaps(position) {
  const [, heaps = "", turn = ""] = /^\[([\d ]*)\] (\w+)$/.exec(position) ?? [];
  return { heaps: heaps.split(" ").filter(Boolean).map(Number), turn };
}
