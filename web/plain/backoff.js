// When to connect again.

const baseMs = 250;
const capMs = 15_000;

/** Close codes after which the same would happen again, in words. */
export const finalCloses = {
  1008: "The server does not let this page in.",
  1009: "The server found a message of this page too large.",
  4400: "The server does not understand this page. Perhaps it was updated: reload the page.",
};

/** Close codes by which a server says that it has enough to do. */
const busyCloses = [1013, 4429];

/**
 * Milliseconds until the next attempt, after so many that failed: exponential back-off with full jitter, so that the
 * clients of a server that has gone do not all come back at the same time.
 */
export function backoff(attempt, code, random) {
  const patience = busyCloses.includes(code) ? attempt + 4 : attempt;
  return random * Math.min(capMs, baseMs * 2 ** Math.min(patience, 16));
}
