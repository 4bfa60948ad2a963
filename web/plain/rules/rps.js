// Rock-paper-scissors, as far as drawing it goes. A position is best-of, score, round, throws: "3 0-1 2 -/?".

export const throws = ["rock", "paper", "scissors"];

export const rps = {
  name: "rps",
  title: "Rock-paper-scissors",
  seats: [["first", "First"], ["second", "Second"]],
  anySeat: true,
  start: "3 0-0 1 -/-",
  hides: true,
  choice: { option: "best_of", title: "Best of", standard: 3, values: [[1, "1"], [3, "3"], [5, "5"], [7, "7"]] },
  turn(position) {
    const { thrown } = readRound(position);
    return ["first", "second"].filter((_, i) => thrown[i] === "-");
  },
  play(position, move, seat, outcome) {
    const at = readRound(position);
    if (outcome) return writeRound({ ...at, score: outcome.score, round: outcome.round + 1, thrown: ["-", "-"] });
    at.thrown[seat === "second" ? 1 : 0] = move || "?";
    return writeRound(at);
  },
  spoken: (_, move) => (move ? `throws ${move}` : "has thrown"),
};

/** {bestOf, score: [0, 1], round, thrown: ["-", "?"]}. */
export function readRound(position) {
  const [bestOf, score, round, thrown] = position.split(" ");
  return {
    bestOf: Number(bestOf),
    score: (score ?? "0-0").split("-").map(Number),
    round: Number(round),
    thrown: (thrown ?? "-/-").split("/"),
  };
}

const writeRound = ({ bestOf, score, round, thrown }) => `${bestOf} ${score.join("-")} ${round} ${thrown.join("/")}`;
