// @ts-check
// The page of `lockctl console`: the token, what the server cannot do, and requests to a lock.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, button, lock, one, open, text } from "./page.js";
import * as door from "../door.js";
import * as overview from "../overview.js";
import { apply, replace, state } from "../state.js";
import { headers, takeToken, withToken } from "../token.js";
import { compare, latchOf } from "../words.js";

/** What a tab has: its address, and what it keeps. @param {string} hash @param {string[]} kept */
function tab(hash, kept = []) {
  const location = { hash };
  const storage = new Map(kept.map((value) => ["remote-lock-token", value]));
  return { location, storage, take: () => takeToken(location,
    { replaceState: (_data, _unused, to) => { location.hash = String(to); } },
    { getItem: (name) => storage.get(name) ?? null,
      setItem: (name, value) => { storage.set(name, value); } }) };
}

/** A door as a cloud elsewhere shows it. @param {Partial<import("../state.js").Door>} fields */
const remote = (fields = {}) => lock({ device: null, ...fields });

/** The requests of the page, which get these answers. @param {[number, object][]} answers */
function serve(answers) {
  /** @type {any[]} */
  const sent = [];
  Object.assign(globalThis, { fetch: async (/** @type {string} */ path, /** @type {any} */ it) => {
    // A history may be asked for at any time.
    if (path.startsWith("api/history")) return new Response('{"events":[]}');
    sent.push([path, it]);
    const [status, body] = answers.shift() ?? [500, {}];
    return new Response(JSON.stringify(body), { status });
  } });
  return sent;
}

/** Waits until what was asked of the lock ends with these words. @param {string} words */
async function untilAsked(words) {
  const deadline = Date.now() + 60_000;
  const isWaiting = () => one("#ask-lock").getAttribute("aria-disabled") === "true";
  while (isWaiting() && Date.now() < deadline) {
    await new Promise((resolve) => { setTimeout(resolve, 1); });
  }
  assert.equal(text("#asked"), words);
}

beforeEach(() => {
  open({ locks: [remote({ label: "Front" })], buttons: [button({ device: null })],
    can: { switch: false, request: true, trace: false }, target: "stack a" });
  tab("#/").take();
});

test("the token leaves the address, stays in the tab and goes with every request", () => {
  assert.deepEqual([headers(), withToken("api/stream")], [{}, "api/stream"]);
  const first = tab("#token=a1b2");
  assert.equal(first.take(), true);
  assert.equal(first.location.hash, "#/");
  assert.deepEqual(headers(), { authorization: "Bearer a1b2" });
  assert.equal(withToken("api/stream"), "api/stream?token=a1b2");
  assert.equal(withToken("api/history?thing=a"), "api/history?thing=a&token=a1b2");
  assert.equal(tab("#/door/lock-1", ["kept"]).take(), false);
  assert.deepEqual(headers(), { authorization: "Bearer kept" });
});

test("the state says what the page can do, and an error comes and goes", () => {
  const can = { switch: false, request: false, trace: false };
  replace({ number: 4, locks: [], buttons: [], alerts: [], can, target: "stack a", error: null });
  assert.deepEqual([state.can, state.target, state.error], [can, "stack a", null]);
  apply({ number: 5, error: "no answer in time" });
  assert.equal(state.error, "no answer in time");
  apply({ number: 6 });
  assert.equal(state.error, "no answer in time");
  apply({ number: 7, error: null });
  assert.equal(state.error, null);
  // A laptop's console of another release says nothing about it.
  replace({ number: 1, locks: [], buttons: [], alerts: [] });
  assert.equal(state.can.switch, true);
});

test("what only a laptop can do is marked, so that the page can leave it out", () => {
  const kinds = new Set(all("[data-needs]").map((each) => each.getAttribute("data-needs")));
  assert.deepEqual([...kinds].sort(), ["request", "switch", "trace"]);
  for (const inside of ["#switches", "#ask-unlock", "[data-nav='metrics']"]) {
    assert.ok(one(inside).closest("[data-needs]"), inside);
  }
  overview.draw({ all: true });
  assert.equal(one("#newest").hasAttribute("hidden"), true);
  door.draw("lock-1", { all: true });
  assert.equal(one("#way").hasAttribute("hidden"), true);
  for (const control of all("[data-press], [data-button] button")) {
    assert.ok(control.closest("[data-needs='switch']"), control.outerHTML);
  }
});

test("without a device the latch is where the lock reported it", () => {
  const { record } = remote();
  assert.ok(record);
  assert.deepEqual([latchOf(remote()), latchOf(remote({ shadow: null }))], ["locked", "unknown"]);
  const rows = /** @type {const} */ ([
    [{}, "same", "The lock's last report and the cloud agree: locked."],
    [{ record: { ...record, state: "unlocked" } }, "differs", "last reported locked"],
    [{ record: { ...record, status: "pending" } }, "waiting", "waits for its answer"],
    [{ record: { ...record, certainty: "unknown" } }, "unsure", "does not answer"],
    [{ shadow: null }, "unsure", "The cloud's word alone: locked."],
  ]);
  for (const [fields, kind, words] of rows) {
    const found = compare(remote(fields));
    assert.equal(found.kind, kind, found.text);
    assert.ok(found.text.includes(words), found.text);
  }
  door.draw("lock-1", { all: true });
  assert.equal(one("#door").getAttribute("data-latch"), "locked");
  assert.equal(text("#latch"), "locked");
});

test("a lock is asked at once, and the answer is shown", async () => {
  const sent = serve([[200, { outcome: "settled", text: "lock-1 is locked after 0.4 s" }]]);
  tab("#token=a1").take();
  door.draw("lock-1", { all: true });
  one("#ask-lock").click();
  assert.equal(text("#asked"), "Asked Front to lock; waiting for its answer.");
  assert.equal(one("#ask-unlock").getAttribute("aria-disabled"), "true");
  one("#ask-lock").click();
  await untilAsked("lock-1 is locked after 0.4 s");
  assert.equal(one("#ask-unlock").getAttribute("aria-disabled"), "false");
  assert.equal(sent.length, 1, "once, although it was clicked twice");
  const [path, { method, headers: given, body }] = sent[0];
  assert.deepEqual([method, path, body], ["POST", "api/locks/lock-1/request", '{"want":"lock"}']);
  assert.equal(given.authorization, "Bearer a1");
  assert.equal(given["content-type"], "application/json");
});

test("an unlock is asked only after it was confirmed", async () => {
  const sent = serve([[200, { text: "unlocked" }], [502, { error: "log in again" }]]);
  door.draw("lock-1", { all: true });
  const dialog = one("#confirm");
  let opened = 0;
  dialog.showModal = () => { opened += 1; };
  one("#problem").showModal = () => { opened += 10; };
  one("#ask-unlock").click();
  assert.equal(text("#confirm-text"),
    "Front (lock-1) is unlocked for whoever stands there. It is a door of stack a.");
  assert.deepEqual([opened, dialog.returnValue], [1, ""]);
  dialog.onclose();
  assert.equal(sent.length, 0, "Escape and Cancel ask nothing");
  for (const wanted of ["unlocked", ""]) {
    one("#ask-unlock").click();
    dialog.returnValue = "unlock";
    dialog.onclose();
    await untilAsked(wanted);
  }
  assert.deepEqual(sent.map(([, { body }]) => body), ['{"want":"unlock"}', '{"want":"unlock"}']);
  assert.equal(text("#problem-text"), "log in again");
  assert.equal(opened, 13);
});

test("nothing can be asked without a connection", () => {
  const sent = serve([]);
  state.live = false;
  door.draw("lock-1", { all: true });
  for (const name of ["#ask-lock", "#ask-unlock"]) {
    assert.equal(one(name).getAttribute("aria-disabled"), "true");
    one(name).click();
  }
  assert.equal(sent.length, 0);
});
