// The page: brings together the state (step.js), the connection (link.js) and the screens (view/).

import { newLink } from "./link.js";
import { deadline, initial, step } from "./step.js";
import { claimTab, keepToken, keptToken, newName } from "./tab.js";
import { byId, h, say, set, show } from "./view/dom.js";
import { startScreen } from "./view/start.js";
import { gameTable } from "./view/table.js";

const clockTickMs = 100;
const toastMs = 7_000;
const timerMax = 60_000;

let state = initial; // changed by happens alone, once the page has started
let timer = 0;
let drawing = false;

const link = newLink(happens);
const table = gameTable({
  act: (command) => happens({ type: "command", command }),
  go: visit,
  speak,
});

const effects = {
  open: ({ link: number }) => link.open(number),
  close: () => link.close(),
  send: ({ message }) => link.send(message),
  keep: ({ resume }) => keepToken(resume),
  visited: ({ game }) => {
    history.pushState(null, "", addressOf(game));
    scrollTo(0, 0);
  },
  tell: ({ text }) => toast(text),
  say: ({ text }) => speak(text),
};

/** Everything that happens to the page comes through here. */
function happens(input) {
  const world = { now: Date.now(), random: Math.random, id: newName };
  const [after, todo] = step(state, input, world);
  state = after;
  for (const effect of todo) effects[effect.do](effect);
  const due = deadline(state);
  clearTimeout(timer);
  if (due !== null) timer = setTimeout(() => happens({ type: "tick" }), Math.min(Math.max(due - Date.now(), 0) + 1, timerMax));
  if (!drawing) {
    drawing = true;
    queueMicrotask(draw);
  }
}

const addressOf = (game) => (game ? `/?game=${encodeURIComponent(game)}` : "/");
const askedFor = () => new URLSearchParams(location.search).get("game") || null;

function visit(game) {
  history.pushState(null, "", addressOf(game));
  happens({ type: "visit", game });
  scrollTo(0, 0);
}

function draw() {
  drawing = false;
  const { phase, wanted, game, missing, trouble, me } = state;
  const shown = wanted !== null && game !== null;
  const lost = trouble ?? missing;
  show(byId("start"), wanted === null && !trouble);
  show(byId("table"), shown && !lost);
  drawNothing(wanted !== null && !shown, trouble, missing);
  show(byId("who"), me !== null);
  say(byId("name"), me?.name ?? "");
  set(byId("link"), "data-phase", phase);
  say(byId("link"), phaseTexts[phase] ?? "Connecting…");
  document.body.classList.toggle("offline", phase !== "live");
  const creating = wanted === null && state.outbox.some(({ command }) => command.type === "create");
  const create = byId("create");
  set(create, "disabled", creating);
  say(create, creating ? "Creating…" : "Create game");
  document.title = `${shown ? `${table.update(state)} – ` : ""}Plywire`;
  table.tick(Date.now() + state.skew);
}

/** What is shown where there is no game to show. */
function drawNothing(opening, trouble, missing) {
  const nothing = byId("nothing");
  show(nothing, Boolean(opening || trouble || missing));
  nothing.classList.toggle("opening", !trouble && !missing);
  show(byId("nothing-home"), Boolean(trouble || missing));
  say(byId("nothing-title"), trouble ? "Not connected" : missing ? "No such game" : "Opening the game…");
  say(byId("nothing-text"), trouble ?? missing ?? "The server is asked how it stands.");
}

const phaseTexts = { live: "Connected", waiting: "Reconnecting…", stopped: "Not connected" };

function toast(text) {
  const element = h("p", { class: "toast" }, text);
  element.addEventListener("click", () => element.remove());
  byId("toasts").append(element);
  while (byId("toasts").children.length > 3) byId("toasts").firstChild.remove();
  setTimeout(() => element.remove(), toastMs);
}

function speak(text) {
  const log = byId("spoken");
  log.append(h("p", {}, text));
  while (log.children.length > 5) log.firstChild.remove();
}

startScreen(byId("terms"), (command) => happens({ type: "command", command }));
for (const id of ["home", "nothing-home"]) {
  byId(id).addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || state.trouble) return;
    event.preventDefault();
    visit(null);
  });
}
addEventListener("popstate", () => happens({ type: "visit", game: askedFor() }));
addEventListener("online", () => happens({ type: "hurry" }));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && happens({ type: "hurry" }));
addEventListener("pageshow", (event) => event.persisted && happens({ type: "hurry" }));
setInterval(() => state.game && table.tick(Date.now() + state.skew), clockTickMs);

state = { ...initial, wanted: askedFor() };
draw();
claimTab().then(() => happens({ type: "start", resume: keptToken(), game: askedFor() }));
