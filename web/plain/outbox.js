// Commands that wait for their answer. A command that was not answered is sent again with the same id, over whatever
// connection there is then: the server carries it out once.

const waitingMax = 32;
const triesMax = 20;

/** Sends a command as soon as there is a connection. A patient one is sent again while what it names is not there yet. */
export function queue(s, command, world, emit, patient = false) {
  if (s.outbox.length >= waitingMax) {
    emit({ do: "tell", text: "The server does not answer. Wait until it does." });
    return;
  }
  const entry = { command: { ...command, id: world.id() }, tries: 1, resendAt: null, patient };
  s.outbox = [...s.outbox, entry];
  if (s.phase === "live") emit({ do: "send", message: entry.command });
}

/** Takes the command with that id out of the outbox and returns it, or null. */
export function settle(s, id) {
  const entry = entryOf(s, id);
  if (!entry) return null;
  s.outbox = s.outbox.filter((each) => each !== entry);
  return entry.command;
}

/** Sends all again over a new connection, except for what hello has said. */
export function resend(s, emit) {
  s.outbox = s.outbox.filter(({ command, patient }) => command.type !== "watch" || command.game !== s.hello.game || patient);
  s.outbox = s.outbox.map((entry) => ({ ...entry, resendAt: null }));
  for (const { command } of s.outbox) emit({ do: "send", message: command });
}

/** The entry of the command with that id, or undefined. */
export const entryOf = (s, id) => s.outbox.find((each) => each.command.id === id);

/** Plans to send a command again, if it was not tried too often. */
export function postpone(s, id, after, world) {
  const entry = entryOf(s, id);
  if (!entry || entry.tries >= triesMax) return false;
  const later = { ...entry, tries: entry.tries + 1, resendAt: world.now + after * (1 + world.random()) };
  s.outbox = s.outbox.map((each) => (each === entry ? later : each));
  return true;
}

/** Sends what was postponed until now. */
export function tickOutbox(s, world, emit) {
  s.outbox = s.outbox.map((entry) => {
    if (entry.resendAt === null || world.now < entry.resendAt) return entry;
    emit({ do: "send", message: entry.command });
    return { ...entry, resendAt: null };
  });
}
