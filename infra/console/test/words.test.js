// @ts-check
// The words: ages, agreement of lock and cloud, last acts, filters.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NOW, button, lock, press } from "./page.js";
import * as words from "../words.js";

const nobody = () => undefined;

test("an age is one number with its unit, and never negative", () => {
  const rows = /** @type {const} */ ([[-5000, "just now"], [0, "just now"], [1999, "just now"],
    [2000, "2 s ago"], [59_999, "59 s ago"], [60_000, "1 min ago"], [3_599_000, "59 min ago"],
    [3_600_000, "1 h ago"], [86_400_000, "1 d ago"]]);
  for (const [passed, expected] of rows) assert.equal(words.age(NOW - passed, NOW), expected);
});

test("a time after the first is in milliseconds, then in seconds", () => {
  assert.deepEqual([0, 12.4, 999, 1500].map(words.after), ["+0 ms", "+12 ms", "+999 ms", "+1.5 s"]);
});

test("a thing is shown by what people call it, with its name", () => {
  const rows = /** @type {const} */ ([[{}, "lock-1", "lock-1"],
    [{ label: "Front" }, "Front", "Front (lock-1)"],
    [{ label: "Front", room: "Hall" }, "Front, Hall", "Front, Hall (lock-1)"]]);
  for (const [names, called, title] of rows) {
    const each = { thing: "lock-1", ...names };
    assert.deepEqual([words.called(each), words.title(each)], [called, title]);
  }
});

test("lock and cloud are compared", () => {
  const { device, record } = lock();
  assert.ok(device && record);
  const unlocked = { device: { ...device, latch: "unlocked" } };
  const away = { ...device, connected: false };
  const pending = { record: { ...record, status: "pending", certainty: "assumed" } };
  /** @param {string} door */
  const reported = (door) => ({ ...record, reported: { at: NOW, door } });
  const rows = /** @type {const} */ ([
    [{}, "same", "Lock and cloud agree: locked."],
    [{ record: null }, "unsure", "no record"],
    [unlocked, "differs", "The lock is unlocked, the cloud says locked."],
    [{ device: { ...unlocked.device, connected: false } }, "differs", "cannot report it"],
    [pending, "waiting", "waits for its answer"],
    [{ ...pending, ...unlocked }, "waiting", "waits for its answer"],
    [{ ...pending, device: away }, "unsure", "no connection"],
    [{ device: away }, "unsure", "no command reaches it"],
    [{ device: { ...device, powered: false } }, "unsure", "has no power"],
    [{ device: { ...device, doorOpen: true }, record: reported("closed") }, "differs",
      "The door is open, the cloud says closed."],
    [{ device: { ...device, doorOpen: true }, record: reported("open") }, "same", "agree"],
    [{ record: { ...record, certainty: "unknown" } }, "unsure", "not sure"],
  ]);
  for (const [fields, kind, text] of rows) {
    const found = words.compare(lock(fields));
    assert.equal(found.kind, kind, found.text);
    assert.ok(found.text.includes(text), `${found.text} has ${text}`);
  }
});

test("the last act is a person's, with who, what and why", () => {
  const report = press({ kind: "report", button: undefined, source: "auto", action: undefined,
    decision: "settled", reason: "executed" });
  const known = () => button({ label: "fob" });
  assert.equal(words.lastAct(lock(), nobody), null);
  const act = words.lastAct(lock({ history: [report, press()] }), known);
  assert.deepEqual([act?.who, act?.what, act?.why], ["fob", "unlock", "pressed"]);
  const alone = words.lastAct(lock({ history: [report] }), nobody);
  assert.deepEqual([alone?.who, alone?.what, alone?.why], ["the lock (auto)", "settled",
    "executed"]);
  const ignored = press({ ignored: true, decision: "ignored", reason: "quiet-window",
    lastAt: NOW + 5 });
  const refused = words.lastAct(lock({ history: [ignored] }), nobody);
  assert.deepEqual(refused, { at: NOW + 5, who: "button-1", what: "ignored",
    why: "quiet window", ignored: true });
});

test("an event fits a filter by name, label or actor, and by reason", () => {
  const known = () => button({ label: "Hall fob" });
  const rows = /** @type {const} */ ([["", "", true], ["button", "", true], ["hall", "", true],
    ["alice", "", false], ["", "pressed", true], ["", "stale", false], ["hall", "stale", false]]);
  for (const [who, why, expected] of rows) {
    assert.equal(words.fits(press(), { who, why }, known), expected, `${who} ${why}`);
  }
  const request = press({ button: undefined, actor: "alice" });
  assert.ok(words.fits(request, { who: "Ali", why: "" }, known));
});

test("a topic fits a part of it, or an MQTT filter", () => {
  const topic = "$aws/things/lock-1/shadow/update";
  const rows = /** @type {const} */ ([["", true], ["SHADOW", true], ["button", false],
    ["#", true], ["$aws/things/+/shadow/#", true], ["$aws/things/+/shadow", false],
    ["+/things/+/shadow/update", true], ["$aws/+/shadow/update", false],
    ["$aws/things/+/shadow/+/accepted", false], ["$aws/things/lock-1/shadow/update/#", true]]);
  for (const [filter, expected] of rows) {
    assert.equal(words.fitsTopic(topic, filter), expected, filter);
  }
});
