// @ts-check
// Draws the page of one door: its buttons, what the lock does, and the mark and sentence that say
// whether the cloud knows the same.
//
// Must not know: what the cloud knows of it in detail, its history, or the ways of its presses.

import { copy, find, keep, part, set, setText, setWord, show } from "./dom.js";
import { permit, press } from "./send.js";
import { button, buttonsOf, door as doorNamed, state, waysOf } from "./state.js";
import {
  age, boltOf, called, compare, connection, latchOf, openness, placeOf, plain,
} from "./words.js";
import { drawAsk } from "./ask.js";
import { drawSwitches } from "./switches.js";
import { drawWay, drawWays } from "./way.js";
import { drawKnown } from "./cloud.js";
import { drawHistory, openHistory } from "./history.js";

/** @typedef {import("./state.js").Door} Door */
/** @typedef {import("./state.js").Button} Button */
/** @typedef {import("./state.js").Changed} Changed */

/** The way that a person chose; the newest one if nobody did. */
let chosenWay = "";
let shown = "";

/** Draws what has changed of this door. @param {string} thing @param {Changed} changed */
export function draw(thing, changed) {
  if (thing !== shown) {
    [shown, chosenWay] = [thing, ""];
    openHistory(thing);
  }
  const door = doorNamed(thing);
  show(find("door-content"), door !== undefined);
  show(find("door-missing"), door === undefined && state.number > 0);
  if (!door) {
    setText(find("door-name"), thing);
    return;
  }
  if (changed.all || changed.things?.has(thing)) {
    drawHead(door);
    drawLock(door);
    drawAsk(door);
    drawKnown(door);
    drawButtons(door);
    drawHistory(door);
  }
  if (changed.all || changed.ways) drawWaysOf(thing);
}

/** @param {Door} door */
function drawHead(door) {
  setText(find("door-name"), called(door));
  setText(find("door-thing"), door.thing);
  const { kind, text } = compare(door);
  set(find("agreement"), "data-agreement", kind);
  setText(find("agreement-text"), text);
  show(find("door-error"), Boolean(door.error));
  setText(find("door-error"), door.error);
}

/** @param {Door} door */
export function drawLock(door) {
  const { device } = door;
  const latch = latchOf(door);
  const [drawing, open] = [find("door"), openness(door)];
  set(drawing, "data-latch", placeOf(door));
  set(drawing, "data-open", open === "open");
  set(drawing, "data-power", device?.powered ?? true);
  set(drawing, "aria-label", `door: ${latch}${open === "no sensor" ? "" : `, ${open}`}`);
  setWord(find("latch"), latch);
  setWord(find("device"), connection(door));
  setWord(find("open"), open);
  show(find("bolt-fact"), boltOf(door) !== "");
  setWord(find("bolt-place"), boltOf(door));
  setText(find("movements"), device?.movements ?? "–");
  const shadow = door.shadow?.at ?? null;
  set(find("lock-age"), "data-at", shadow);
  setText(find("lock-age"), shadow ? age(shadow, Date.now()) : "never");
  drawSwitches(find("switches"), door, "lock");
}

/** @param {Door} door */
export function drawButtons(door) {
  const mine = buttonsOf(door.thing);
  show(find("no-buttons"), mine.length === 0);
  const presses = (door.history ?? []).filter(({ kind }) => kind === "press");
  keep(find("buttons"), mine, ({ thing }) => thing, createButton, (element, each) => {
    const isReady = each.device?.connected ?? false;
    setText(part(element, "name"), called(each));
    setText(part(element, "thing"), called(each) === each.thing ? "" : each.thing);
    setWord(part(element, "connection"), each.device ? connection(each)
      : "no device here: another client can be the button");
    for (const control of /** @type {NodeListOf<HTMLButtonElement>} */ (
      element.querySelectorAll("[data-click]"))) {
      control.disabled = !isReady || !state.live;
    }
    drawPermission(element, each);
    show(part(element, "switches-box"), Boolean(each.device));
    drawSwitches(part(element, "switches"), each, "button");
    // Which of two buttons did it, at a glance.
    set(element, "data-last", presses[0]?.button === each.thing);
    const last = presses.find((line) => line.button === each.thing);
    const what = last && plain(last.ignored ? last.decision : last.action ?? last.decision);
    setText(part(element, "last"), last ? `${what}: ${plain(last.reason)}` : "not pressed yet");
    set(part(element, "last-age"), "data-at", last ? last.lastAt ?? last.at : null);
    setText(part(element, "last-age"), last ? age(last.lastAt ?? last.at, Date.now()) : "");
  });
}

/** @param {Button} each */
function createButton({ thing }) {
  const element = copy("button-template");
  set(element, "data-button", thing);
  for (const control of /** @type {NodeListOf<HTMLElement>} */ (
    element.querySelectorAll("[data-click]"))) {
    control.onclick = () => press(thing, control.dataset.click ?? "SINGLE");
  }
  return element;
}

/** A thief holds the button: its presses can be refused from here. What a press of a revoked button
 * does, the press itself shows. @param {HTMLElement} element @param {Button} each */
function drawPermission(element, each) {
  const [isRevoked, name] = [each.revoked ?? false, called(each)];
  const control = /** @type {HTMLButtonElement} */ (part(element, "permission"));
  control.disabled = !state.live;
  setText(control, isRevoked ? "Restore" : "Revoke");
  set(control, "aria-label", `${isRevoked ? "Restore" : "Revoke"} ${name}`);
  control.onclick = () => permit(each.thing, isRevoked);
  set(element, "data-revoked", isRevoked);
  setText(part(element, "allowed"), isRevoked ? "Revoked: its presses are ignored."
    : "Lost or stolen?");
}

/** @param {string} thing */
function drawWaysOf(thing) {
  show(find("way"), state.can.trace);
  const ways = waysOf(thing);
  const way = ways.find(({ id }) => id === chosenWay) ?? ways[0];
  drawWay(find("way"), way, button, "No press yet. Press a button: its way appears here.");
  drawWays(find("ways"), ways, way?.id, button, (id) => {
    // The newest is followed again once it is chosen.
    chosenWay = id === waysOf(thing)[0]?.id ? "" : id;
    drawWaysOf(thing);
  });
}
