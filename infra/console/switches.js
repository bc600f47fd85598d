// @ts-check
// Draws the switches of a device: power, network, half-open network, clock, and of a lock the door,
// the exit button and the bolt. One that needs a contact which is not there says how to add it.
//
// Must not know: what the lock or the cloud makes of a switch.

import { keep, make, part, set, setText, show } from "./dom.js";
import { path, send } from "./send.js";
import { state } from "./state.js";
import { clockOf } from "./words.js";

/** @typedef {import("./state.js").Device} Device */
/** @typedef {{ thing: string, device?: Device | null }} Owner */
/** A switch: whether it is on, what a click does when it is off and on, its request, whether it
 * can be moved now, and what adds the contact that it needs.
 * @typedef {{ name: string, on: (device: Device) => boolean | null | undefined,
 *   labels: [string, string], path: string, body: (on: boolean) => object,
 *   isOnAtRest?: boolean, usable?: (device: Device) => boolean, needs?: string,
 *   hint?: string }} Switch */

const DOOR = "--device-set pins.door=14";
const EXIT = "--device-set pins.exit=13 --device-set lock.relock_s=30";
const BOLT = "--device-set pins.bolt=12";

/** @type {Switch[]} */
const COMMON = [
  { name: "power", on: ({ powered }) => powered, labels: ["Power on", "Cut power"], path: "power",
    body: (on) => ({ on }), isOnAtRest: true },
  { name: "network", on: ({ network }) => network, path: "network",
    labels: ["Plug network in", "Cut network"], body: (on) => ({ on }),
    isOnAtRest: true, usable: ({ powered }) => powered },
  { name: "half-open", on: ({ halfOpen }) => halfOpen ?? false, path: "half-open",
    labels: ["Half-open network", "End half-open"], body: (on) => ({ on }),
    usable: ({ powered, network }) => powered && network,
    hint: "looks connected, and loses everything" },
];

/** @type {Switch[]} */
const OF_LOCK = [
  { name: "leaf", on: ({ doorOpen }) => doorOpen, labels: ["Open door", "Close door"],
    path: "door", body: (open) => ({ open }), needs: DOOR },
  { name: "exit", on: ({ exitPressed }) => exitPressed, labels: ["Press exit", "Release exit"],
    path: "exit", body: (pressed) => ({ pressed }), needs: EXIT },
  { name: "bolt", on: ({ boltJammed }) => boltJammed, labels: ["Jam bolt", "Free bolt"],
    path: "bolt", body: (jammed) => ({ jammed }), needs: BOLT },
];

/** What a clock can be set to: its value, its words, its request.
 * @type {[string, string, object][]} */
const CLOCKS = [
  ["right", "right", { hears: true, aheadS: 0 }],
  ["60", "1 min ahead", { hears: true, aheadS: 60 }],
  ["600", "10 min ahead", { hears: true, aheadS: 600 }],
  ["3600", "1 h ahead", { hears: true, aheadS: 3600 }],
  ["-60", "1 min behind", { hears: true, aheadS: -60 }],
  ["-600", "10 min behind", { hears: true, aheadS: -600 }],
  ["-3600", "1 h behind", { hears: true, aheadS: -3600 }],
  ["none", "no time", { hears: false }],
];

/** Draws the switches into a list. `kind` is lock or button.
 * @param {Element} list @param {Owner} owner @param {"lock" | "button"} kind */
export function drawSwitches(list, owner, kind) {
  const { thing, device } = owner;
  const wanted = kind === "lock" ? [...COMMON, ...OF_LOCK] : COMMON;
  // The clock comes between what both kinds have and what a lock has.
  const rows = [...COMMON, null, ...wanted.slice(COMMON.length)];
  keep(list, rows, (each) => each?.name ?? "clock",
    (each) => (each ? createSwitch(thing, each, kind) : createClock(thing)),
    (row, each) => (each ? drawSwitch(row, device, each) : drawClock(row, device)));
}

/** @param {string} thing @param {Switch} each @param {"lock" | "button"} kind */
function createSwitch(thing, each, kind) {
  const control = make("button", { type: "button", "data-part": "control" });
  if (kind === "lock") set(control, "id", each.name);
  const row = make("li", { "data-switch": each.name }, control,
    make("small", { "data-part": "note", class: "note" }));
  control.onclick = () =>
    send(path(thing, each.path), each.body(control.getAttribute("data-on") !== "true"));
  return row;
}

/** @param {Element} row @param {Device | null | undefined} device @param {Switch} each */
function drawSwitch(row, device, each) {
  const control = /** @type {HTMLButtonElement} */ (part(row, "control"));
  const on = device ? each.on(device) : null;
  const isMissing = Boolean(device && each.needs && (on ?? null) === null);
  setText(control, each.labels[on ? 1 : 0]);
  set(control, "data-on", on ?? false);
  set(row, "data-odd", (on ?? each.isOnAtRest ?? false) !== (each.isOnAtRest ?? false));
  const usable = device && !isMissing && (each.usable?.(device) ?? true);
  if (control.disabled === Boolean(usable && state.live)) {
    control.disabled = !(usable && state.live);
  }
  const note = isMissing ? `not fitted: start with ${each.needs}` : each.hint ?? "";
  setText(part(row, "note"), note);
  show(part(row, "note"), note !== "");
}

/** @param {string} thing */
function createClock(thing) {
  const control = make("select", { "data-part": "control" });
  control.onchange = () => {
    const { value } = /** @type {HTMLSelectElement} */ (control);
    const body = CLOCKS.find(([known]) => known === value)?.[2];
    if (body) send(path(thing, "clock"), body);
  };
  return make("li", { "data-switch": "clock" }, make("label", {}, "Clock ", control),
    make("small", { "data-part": "note", class: "note" }));
}

/** @param {Element} row @param {Device | null | undefined} device */
function drawClock(row, device) {
  const control = /** @type {HTMLSelectElement} */ (part(row, "control"));
  const { value, words, drift } = clockOf(device?.clock);
  // Another program can set what is not in the list.
  const isKnown = CLOCKS.some(([known]) => known === value);
  const choices = CLOCKS.map(([each, text]) => ({ each, text }));
  if (!isKnown) choices.push({ each: value, text: words });
  keep(control, choices, ({ each }) => each,
    ({ each, text }) => make("option", { value: each }, text), () => {});
  if (control.value !== value) control.value = value;
  set(row, "data-odd", value !== "right");
  control.disabled = !device || !state.live;
  setText(part(row, "note"), drift);
  show(part(row, "note"), drift !== "");
}
