// What is left on the clocks. The server's values are the truth; between its messages the running clocks are counted down
// by the server's time, which the page knows to within the time that a message takes.

/** The clock of a message "game": each seat has what it had at that time, and the awaited ones run. */
export function clockOf(message, at) {
  const clock = message.clock;
  if (!clock) return null;
  const running = message.status === "playing" ? message.turn ?? clock.running ?? [] : [];
  const seats = {};
  for (const [seat, left] of Object.entries(clock.left ?? {})) {
    seats[seat] = { left, since: running.includes(seat) ? at : null };
  }
  const { initial_ms, increment_ms, delay_ms } = clock;
  return { terms: { initial_ms, increment_ms, delay_ms }, seats };
}

/**
 * The clock after an event that said what each seat has left, and by which the turn came to awaited. A seat that was and
 * still is awaited, as where all move at the same time, runs on: the event says what it had when its turn began. With
 * fresh, all turns begin anew.
 */
export function clockAfter(clock, left, awaited, at, fresh = false) {
  if (!clock) return null;
  const seats = {};
  for (const seat of Object.keys(left ?? clock.seats)) {
    const before = clock.seats[seat];
    if (awaited.includes(seat) && before?.since != null && !fresh) {
      seats[seat] = before;
    } else {
      const since = awaited.includes(seat) ? at + (clock.terms.delay_ms ?? 0) : null;
      seats[seat] = { left: left?.[seat] ?? before.left, since };
    }
  }
  return { ...clock, seats };
}

/** Milliseconds that the seat has left at a time of the server's, or null without a clock. */
export function remaining(clock, seat, serverTime) {
  const entry = clock?.seats[seat];
  if (!entry) return clock?.terms.initial_ms ?? null;
  if (entry.since == null) return entry.left;
  return Math.max(0, entry.left - Math.max(0, serverTime - entry.since));
}

/** "5:00", "1:02:03"; below ten seconds with tenths: "0:09.7". */
export function clockText(ms) {
  if (ms < 10_000) return `0:0${(Math.floor(ms / 100) / 10).toFixed(1)}`;
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "5 + 3" (minutes, and seconds for each move), or "No clock". */
export function termsText(terms) {
  if (!terms) return "No clock";
  const minutes = terms.initial_ms / 60_000;
  const initial = Number.isInteger(minutes) ? String(minutes) : `${terms.initial_ms / 1000} s`;
  return `${initial} + ${(terms.increment_ms ?? 0) / 1000}`;
}
