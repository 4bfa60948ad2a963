// The start screen: what to play, on which clock, from which seat.

import { termsText } from "../clock.js";
import { allRules } from "../rules/rules.js";
import { drawPiece } from "../board/pieces.js";
import { drawThrow } from "../board/rps.js";
import { drawing, h, set, show } from "./dom.js";

const minutes = (initial, increment) => ({ initial_ms: initial * 60_000, increment_ms: increment * 1000, delay_ms: 0 });
const clocks = [null, minutes(1, 0), minutes(3, 2), minutes(5, 3), minutes(10, 5), minutes(30, 20)];
const clockStandard = 3;

/** Fills the form. create hears the command when the player has decided. */
export function startScreen(form, create) {
  const other = h("input", { type: "text", id: "other-rules", name: "other", maxlength: "32", pattern: "[a-z0-9]{1,32}",
    autocapitalize: "off", autocomplete: "off", spellcheck: "false" });
  const otherLine = h("p", { class: "line" }, h("label", { for: "other-rules" }, "Name of the rules"), other);
  const seats = h("div", { class: "chips" });
  const seatField = h("fieldset", {}, h("legend", {}, "You play"), seats);
  const choices = h("div", { class: "chips" });
  const choiceTitle = h("legend");
  const choiceField = h("fieldset", {}, choiceTitle, choices);

  form.replaceChildren(
    h("fieldset", {}, h("legend", {}, "Game"),
      h("div", { class: "games" },
        allRules.map((rules, i) => card(rules.name, rules.title, picture(rules.name), i === 0)),
        card("other", "Another one", h("span", { class: "picture", "aria-hidden": "true" }, "…"), false)),
      otherLine),
    h("fieldset", {}, h("legend", {}, "Clock ", h("span", { class: "hint" }, "minutes + seconds for each move")),
      h("div", { class: "chips" }, clocks.map((clock, i) => chip("clock", i, termsText(clock), i === clockStandard)))),
    seatField,
    choiceField,
    h("button", { type: "submit", class: "primary large", id: "create" }, "Create game"),
  );

  const follow = () => {
    const rules = allRules.find(({ name }) => name === form.elements.rules.value);
    show(otherLine, !rules);
    set(other, "required", !rules);
    const offered = rules && !rules.anySeat ? [rules.seats[0], ["random", "Either"], rules.seats[1]] : [];
    show(seatField, offered.length > 0);
    seats.replaceChildren(...offered.map(([name, title]) => chip("seat", name, title, name === "random")));
    show(choiceField, Boolean(rules?.choice));
    choiceTitle.textContent = rules?.choice?.title ?? "";
    choices.replaceChildren(...(rules?.choice?.values ?? []).map(([value, title]) =>
      chip("choice", JSON.stringify(value), title, JSON.stringify(value) === JSON.stringify(rules.choice.standard))));
  };
  form.addEventListener("change", (event) => event.target.name === "rules" && follow());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    create(commandOf(form));
  });
  follow();
}

function commandOf(form) {
  const { rules, other, clock, seat, choice } = form.elements;
  const known = allRules.find(({ name }) => name === rules.value);
  const command = {
    type: "create",
    rules: known ? known.name : other.value,
    clock: clocks[Number(clock.value)],
    rated: false,
    seat: seat?.value || "random",
  };
  if (known?.choice) command.options = { [known.choice.option]: JSON.parse(choice.value) };
  return command;
}

const chip = (name, value, title, checked) =>
  h("label", { class: "chip" }, h("input", { type: "radio", name, value, checked }), h("span", {}, title));

const card = (value, title, image, checked) =>
  h("label", { class: "game" }, h("input", { type: "radio", name: "rules", value, checked }), h("span", { class: "face" }, image, title));

function picture(name) {
  switch (name) {
    case "chess":
      return h("span", { class: "picture" }, drawPiece("N"));
    case "connectfour":
      return drawing("picture four", [[30, 30, "second"], [70, 30, "first"], [30, 70, "first"], [70, 70, "second"]].map(
        ([cx, cy, seat]) => ["circle", { cx, cy, r: 16, class: seat }]));
    case "rps":
      return h("span", { class: "picture" }, drawThrow("scissors"));
    default:
      return drawing("picture nim", [26, 42, 58, 74].map((x) => ["path", { d: `M${x} 24 V78`, class: "line" }]));
  }
}
