// @ts-check
// The doors: cards, a door's page, and that a drawing touches only what has changed.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, lock, one, open, press, text, way } from "./page.js";
import * as door from "../door.js";
import * as overview from "../overview.js";
import { documentOf, recordRows } from "../cloud.js";
import { apply, state } from "../state.js";

const locks = () => [lock({ label: "Front", room: "Hall", history: [press()] }),
  lock({ thing: "lock-2" })];

beforeEach(() => open({ locks: locks(), buttons: [button({ label: "fob" })] }));

test("a card shows the state, its certainty, the last act and its buttons", () => {
  overview.draw({ all: true });
  const card = "[data-lock='lock-1']";
  assert.equal(text(`${card} h2`), "Front, Hall lock-1");
  assert.equal(one(`${card} h2 a`).getAttribute("href"), "#/door/lock-1");
  assert.equal(text(`${card} [data-part='state']`), "locked");
  assert.equal(text(`${card} .certainty`), "sure: the lock answered");
  assert.equal(text(`${card} .whole dd`), "fob unlock: pressed");
  assert.equal(text(`${card} [data-press]`), "Press fob");
  assert.equal(text("#summary"), "2 doors · 0 unlocked");
});

test("a card has a mark where lock and cloud differ", () => {
  const { device } = lock();
  assert.ok(device);
  open({ locks: [lock({ device: { ...device, latch: "unlocked" } })] });
  overview.draw({ all: true });
  assert.equal(one("[data-lock]").getAttribute("data-agreement"), "differs");
  assert.equal(text(".certainty"), "The lock is unlocked, the cloud says locked.");
  assert.equal(text("#summary"), "1 door · 0 unlocked · 1 differs");
});

test("only the card of a door that changed is drawn again", () => {
  overview.draw({ all: true });
  const cards = all("[data-lock]");
  for (const part of all("[data-lock] [data-part='state']")) part.textContent = "untouched";
  overview.draw({ things: new Set(["lock-2"]) });
  const shown = all("[data-lock] [data-part='state']").map((part) => part.textContent);
  assert.deepEqual(shown, ["untouched", "locked"]);
  assert.deepEqual(all("[data-lock]"), cards);
});

test("a door's page shows what the lock does and what the cloud knows", () => {
  state.ways = [way(["button"])];
  door.draw("lock-1", { all: true });
  assert.equal(text("#door-name"), "Front, Hall");
  assert.equal(text("#agreement"), "Lock and cloud agree: locked.");
  assert.equal(one("#door").getAttribute("data-latch"), "locked");
  assert.equal(one("#record [data-field='status']").getAttribute("data-word"), "settled");
  assert.equal(one("#shadow [data-field='lock']").getAttribute("data-word"), "locked");
  assert.equal(text("#history li span"), "button-1 SINGLE: unlock");
  assert.equal(all("#way [data-step]").length, 10);
  assert.equal(one("#leaf").disabled, true, "no contact, no switch");
});

test("the button that pressed last is marked, and its controls stay the same elements", () => {
  state.buttons.push(button({ thing: "button-2" }));
  door.draw("lock-1", { all: true });
  const controls = all("[data-button] [data-click]");
  const last = all("[data-button]").map((each) => each.getAttribute("data-last"));
  assert.deepEqual(last, ["true", "false"]);
  door.draw("lock-1", { things: new Set(["lock-1"]) });
  assert.deepEqual(all("[data-button] [data-click]"), controls);
});

test("nothing can be pressed or switched without a connection", () => {
  const controls = "[data-button] [data-click], #power, #network";
  const usable = () => all(controls).map((control) => !(/** @type {any} */ (control).disabled));
  door.draw("lock-1", { all: true });
  assert.deepEqual(new Set(usable()), new Set([true]));
  state.live = false;
  door.draw("lock-1", { all: true });
  assert.deepEqual(new Set(usable()), new Set([false]));
  state.live = true;
  state.buttons = [button({ device: { powered: true, network: false, connected: false } })];
  door.draw("lock-1", { all: true });
  assert.equal(text("[data-button] [data-part='connection']"), "network cut");
  assert.equal(one("[data-button] [data-click='SINGLE']").disabled, true);
});

test("a lock that is not there is named", () => {
  door.draw("lock-9", { all: true });
  assert.equal(one("#door-missing").hasAttribute("hidden"), false);
  assert.equal(one("#door-content").hasAttribute("hidden"), true);
});

test("the record and the shadow have rows, and the shadow its document", () => {
  const { record, shadow } = lock();
  const rows = new Map(recordRows(record));
  assert.equal(rows.get("command"), "lock (button fob (button-1))");
  assert.deepEqual(recordRows(null), [["record", "none yet"]]);
  assert.deepEqual(documentOf(shadow), { state: { reported: { lock: "locked", bootCount: 7 } },
    version: 17, timestamp: 1_763_779_503 });
  assert.equal(documentOf(null), null);
});

test("a change is applied only if none before it is missing", () => {
  const change = { fields: { label: "Back" },
    lists: { history: /** @type {any} */ ({ front: [press({ key: "n" })], keep: [0, 1] }) } };
  assert.equal(apply({ number: 3, locks: { "lock-1": change } }), null);
  assert.equal(state.locks[0].label, "Front");
  const changed = apply({ number: 2, locks: { "lock-1": change } });
  assert.deepEqual(changed?.things, new Set(["lock-1"]));
  assert.equal(state.locks[0].label, "Back");
  assert.deepEqual(state.locks[0].history?.map(({ key }) => key), ["n", "k"]);
});
