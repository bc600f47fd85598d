// @ts-check
// Draws all doors as cards: what the cloud knows of each and how sure it is, who acted last and
// why, and a mark where lock and cloud differ.
//
// Must not know: how a single door's page looks.

import { copy, find, keep, make, part, set, setText, setWord, show } from "./dom.js";
import { doorLink } from "./route.js";
import { press } from "./send.js";
import { button, buttonsOf, state } from "./state.js";
import {
  age, called, compare, connection, lastAct, latchOf, openness, sureness, title,
} from "./words.js";
import { drawWay } from "./way.js";

/** @typedef {import("./state.js").Door} Door */
/** @typedef {import("./state.js").Button} Button */
/** @typedef {import("./state.js").Changed} Changed */

/** Draws what has changed. @param {Changed} changed */
export function draw(changed) {
  if (changed.all) {
    keep(find("locks"), state.locks, ({ thing }) => thing, createCard, drawCard);
    drawSummary();
    drawUnbound();
  } else if (changed.things?.size) {
    const list = find("locks");
    for (const card of list.children) {
      const thing = card.getAttribute("data-lock") ?? "";
      if (!changed.things.has(thing)) continue;
      const door = state.locks.find((each) => each.thing === thing);
      if (door) drawCard(/** @type {HTMLElement} */ (card), door);
    }
    drawSummary();
    drawUnbound();
  }
  if (changed.all || changed.ways) {
    show(find("newest"), state.can.trace);
    drawWay(find("newest"), state.ways[0], button, "Press a button: its way appears here.");
  }
}

function drawSummary() {
  const count = state.locks.length;
  const kinds = state.locks.map((door) => compare(door).kind);
  const differ = kinds.filter((kind) => kind === "differs").length;
  const unsure = kinds.filter((kind) => kind === "unsure").length;
  const open = state.locks.filter(({ record }) => record?.state === "unlocked").length;
  const words = [`${count} ${count === 1 ? "door" : "doors"}`, `${open} unlocked`];
  if (unsure) words.push(`${unsure} not sure`);
  if (differ) words.push(`${differ} ${differ === 1 ? "differs" : "differ"}`);
  setText(find("summary"), count ? words.join(" · ") : "no locks");
}

/** @param {Door} door */
function createCard(door) {
  const card = copy("card-template");
  set(card, "data-lock", door.thing);
  set(part(card, "link"), "href", doorLink(door.thing));
  return card;
}

/** @param {HTMLElement} card @param {Door} door */
export function drawCard(card, door) {
  setText(part(card, "link"), called(door));
  setText(part(card, "thing"), called(door) === door.thing ? "" : door.thing);
  const known = door.record?.state ?? "unknown";
  setWord(part(card, "state"), known);
  set(card, "data-state", known);
  const { kind, text } = compare(door);
  set(card, "data-agreement", kind);
  setText(part(card, "certainty"), kind === "differs" ? text : sureness(door.record?.certainty));
  setWord(part(card, "latch"), latchOf(door));
  setWord(part(card, "open"), openness(door));
  setWord(part(card, "connection"), connection(door));
  const act = lastAct(door, button);
  setText(part(card, "who"), act ? act.who : "nobody yet");
  setText(part(card, "why"), act ? `${act.what}: ${act.why}` : "–");
  set(part(card, "why"), "class", act?.ignored ? "bad" : null);
  set(part(card, "age"), "data-at", door.record?.reported?.at ?? null);
  drawAge(part(card, "age"), Date.now());
  drawPresses(part(card, "presses"), buttonsOf(door.thing));
}

/** Buttons that open this door with one click. @param {HTMLElement} list @param {Button[]} mine */
function drawPresses(list, mine) {
  keep(list, mine, ({ thing }) => thing, ({ thing }) => {
    const control = make("button", { type: "button", "data-press": thing },
      make("span", { class: "verb" }, "Press "), make("span", { "data-part": "name" }));
    control.onclick = () => press(thing, "SINGLE");
    return make("li", {}, control);
  }, (element, each) => {
    const control = /** @type {HTMLButtonElement} */ (element.firstElementChild);
    setText(part(control, "name"), called(each));
    const isReady = state.live && (each.device?.connected ?? false);
    if (control.disabled === isReady) control.disabled = !isReady;
  });
}

/** Buttons that no door has. */
function drawUnbound() {
  const doors = new Set(state.locks.map(({ thing }) => thing));
  const unbound = state.buttons.filter(({ lock }) => !lock || !doors.has(lock));
  show(find("unbound"), unbound.length > 0);
  keep(find("unbound-list"), unbound, ({ thing }) => thing, () => make("li"), (element, each) =>
    setText(element, `${title(each)}: lockctl bind ${each.thing} LOCK`));
}

/** @param {Element} element @param {number} now */
export function drawAge(element, now) {
  const at = element.getAttribute("data-at");
  setText(element, at ? age(Number(at), now) : "never");
}

/** Lets the ages grow. @param {Element} root @param {number} now */
export function tick(root, now) {
  for (const element of root.querySelectorAll("[data-at]")) drawAge(element, now);
}
