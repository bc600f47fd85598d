// @ts-check
// The switches of a device: what each says, sends and needs.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, lock, one, open, text } from "./page.js";
import * as door from "../door.js";
import { state } from "../state.js";
import { boltOf, clockOf, compare, connection, placeOf } from "../words.js";

/** @typedef {import("../state.js").Device} Device */

/** What was sent: path and body. @type {[string, object][]} */
let sent = [];

/** A lock whose device has these fields. @param {Partial<Device>} fields */
function fitted(fields = {}) {
  const { device } = lock();
  assert.ok(device);
  return lock({ device: { ...device, ...fields } });
}

/** @param {string} name */
const control = (name) => one(`#switches [data-switch='${name}'] [data-part='control']`);
/** @param {string} name */
const note = (name) => text(`#switches [data-switch='${name}'] [data-part='note']`);

/** @param {ReturnType<typeof lock>} shown */
function draw(shown) {
  state.locks = [shown];
  door.draw("lock-1", { all: true });
}

beforeEach(() => {
  open({ locks: [lock()], buttons: [button()] });
  sent = [];
  Object.assign(globalThis, { fetch: async (/** @type {string} */ path,
    /** @type {{ method?: string, body: string }} */ { method, body } = { body: "" }) => {
    if (method === "POST") sent.push([path, JSON.parse(body)]);
    return { ok: true, json: async () => ({ events: [] }) };
  } });
});

test("a lock has all switches in order, a button those that any device has", () => {
  draw(lock());
  const names = (/** @type {string} */ list) =>
    all(`${list} [data-switch]`).map((row) => row.getAttribute("data-switch"));
  const common = ["power", "network", "half-open", "clock"];
  assert.deepEqual(names("#switches"), [...common, "leaf", "exit", "bolt"]);
  assert.deepEqual(names("[data-button] [data-part='switches']"), common);
});

test("each switch says what it does next, and sends that", () => {
  const fields = { doorOpen: false, exitPressed: false, boltJammed: false };
  const rows = /** @type {const} */ ([
    ["power", {}, "Cut power", { on: false }],
    ["power", { powered: false }, "Power on", { on: true }],
    ["network", {}, "Cut network", { on: false }],
    ["network", { network: false }, "Plug network in", { on: true }],
    ["half-open", {}, "Half-open network", { on: true }],
    ["half-open", { halfOpen: true }, "End half-open", { on: false }],
    ["leaf", {}, "Open door", { open: true }],
    ["leaf", { doorOpen: true }, "Close door", { open: false }],
    ["exit", {}, "Press exit", { pressed: true }],
    ["exit", { exitPressed: true }, "Release exit", { pressed: false }],
    ["bolt", {}, "Jam bolt", { jammed: true }],
    ["bolt", { boltJammed: true }, "Free bolt", { jammed: false }],
  ]);
  for (const [name, changed, label, body] of rows) {
    draw(fitted({ ...fields, ...changed }));
    assert.equal(control(name).textContent, label);
    control(name).click();
    const last = name === "leaf" ? "door" : name;
    assert.deepEqual(sent.pop(), [`api/devices/lock-1/${last}`, body]);
  }
});

test("what is not at rest is marked", () => {
  const marked = () => all("#switches [data-odd='true']");
  const odd = () => marked().map((row) => row.getAttribute("data-switch"));
  draw(lock());
  assert.deepEqual(odd(), []);
  const clock = { hears: false, aheadS: 0, driftPpm: 0 };
  draw(fitted({ network: false, doorOpen: true, boltJammed: true, exitPressed: false, clock }));
  assert.deepEqual(odd(), ["network", "clock", "leaf", "bolt"]);
});

test("a switch without its contact is disabled, and says how to add it", () => {
  draw(lock());
  for (const [name, option] of [["leaf", "pins.door=14"], ["exit", "pins.exit=13"],
    ["bolt", "pins.bolt=12"]]) {
    assert.equal(control(name).disabled, true, name);
    assert.match(note(name), new RegExp(`^not fitted: start with --device-set ${option}`));
  }
  draw(fitted({ doorOpen: true, exitPressed: false, boltJammed: false }));
  for (const name of ["leaf", "exit", "bolt"]) {
    assert.equal(control(name).disabled, false, name);
    assert.equal(note(name), "");
  }
});

test("a switch stays the same element, and is usable only where it can act", () => {
  draw(lock());
  /** @type {any[]} */
  const before = all("#switches [data-part='control']");
  const usable = () => before.filter(({ disabled }) => !disabled).length;
  assert.equal(usable(), 4);
  draw(fitted({ network: false }));
  assert.equal(control("half-open").disabled, true);
  draw(fitted({ powered: false }));
  assert.deepEqual([control("power").disabled, control("network").disabled], [false, true]);
  assert.equal(control("clock").disabled, false, "a clock can be set without power");
  state.live = false;
  draw(lock());
  assert.equal(usable(), 0);
  assert.deepEqual(all("#switches [data-part='control']"), before);
});

test("a clock shows what it is set to, and sends what is chosen", () => {
  const rows = /** @type {const} */ ([
    [{ hears: true, aheadS: 0, driftPpm: 0 }, "right", "right", ""],
    [{ hears: true, aheadS: -600, driftPpm: 0 }, "-600", "600 s behind", ""],
    [{ hears: true, aheadS: 7, driftPpm: 200 }, "7", "7 s ahead", "runs fast by 200 ppm"],
    [{ hears: false, aheadS: 60, driftPpm: -90 }, "none", "no time", "runs slow by 90 ppm"],
  ]);
  for (const [clock, value, words, drift] of rows) {
    assert.deepEqual(clockOf(clock), { value, words, drift });
    draw(fitted({ clock }));
    assert.equal(control("clock").value, value);
    assert.equal(note("clock"), drift);
  }
  assert.equal(clockOf(undefined).value, "right");
  for (const [value, body] of /** @type {const} */ ([["600", { hears: true, aheadS: 600 }],
    ["none", { hears: false }], ["right", { hears: true, aheadS: 0 }]])) {
    control("clock").value = value;
    control("clock").onchange();
    assert.deepEqual(sent.pop(), ["api/devices/lock-1/clock", body]);
  }
});

test("a half-open network does not count as a connection, whatever the device says", () => {
  const door = fitted({ halfOpen: true });
  assert.equal(connection(door), "half-open");
  const { kind, text: words } = compare(door);
  assert.equal(kind, "unsure");
  assert.match(words, /a half-open network: no command reaches it/);
  const differs = compare(fitted({ halfOpen: true, latch: "unlocked" }));
  assert.match(differs.text, /a half-open network and cannot report it/);
});

test("a jammed bolt is drawn where it is, and the cloud may know it", () => {
  const stuck = fitted({ latch: "locked", boltJammed: true, bolt: "in" });
  assert.deepEqual([placeOf(stuck), boltOf(stuck)], ["unlocked", "jammed, in"]);
  assert.deepEqual([placeOf(lock()), boltOf(lock())], ["locked", ""]);
  assert.equal(placeOf(fitted({ powered: false, bolt: "in" })), "unknown");
  const { record } = stuck;
  assert.ok(record);
  const known = { ...stuck, record: { ...record, state: "jammed" } };
  assert.deepEqual(compare(known), { kind: "same",
    text: "The bolt is jammed, and the cloud knows it." });
  draw(stuck);
  assert.equal(one("#door").getAttribute("data-latch"), "unlocked");
  assert.equal(text("#bolt-place"), "jammed, in");
});
