// What belongs to this tab: the token with which it resumes. Each tab is somebody of its own, so that two tabs can play
// against each other.

const tokenKey = "plywire.resume";
const nameKey = "plywire.tab";

/** The tab's token, or null. */
export const keptToken = () => read(tokenKey);

export function keepToken(token) {
  write(tokenKey, token);
}

/**
 * Resolves when it is sure that no other tab uses this tab's token. A browser that duplicates a tab copies what it has
 * kept; two tabs with one token would throw each other out, so the copy forgets it.
 */
export function claimTab(patienceMs = 150) {
  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel("plywire.tabs") : null;
  if (!channel) return Promise.resolve();
  const name = read(nameKey);
  const own = { name: name ?? newName() };
  const serve = () => {
    write(nameKey, own.name);
    channel.onmessage = ({ data: asked }) => {
      if (asked.is === own.name) channel.postMessage({ taken: own.name });
    };
  };
  const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  if (!name || reloaded) {
    serve();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const done = () => {
      serve();
      resolve();
    };
    const timer = setTimeout(done, patienceMs);
    channel.onmessage = ({ data: answer }) => {
      if (answer.taken !== name) return;
      clearTimeout(timer);
      own.name = newName();
      write(tokenKey, null);
      done();
    };
    channel.postMessage({ is: name });
  });
}

/** A name that nobody else has, for a tab or a command. */
export function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A browser may forbid to keep anything. The tab then works until it is reloaded.
function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // see above
  }
}
