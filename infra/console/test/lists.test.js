// @ts-check
// History, messages, alerts and metrics as lists; the addresses of pages and of saved histories.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { NOW, all, lock, one, open, press, text } from "./page.js";
import * as alerts from "../alerts.js";
import * as messages from "../messages.js";
import { address, drawHistory, joined, openHistory } from "../history.js";
import { drawTables, tablesOf } from "../metrics.js";
import { doorLink, enter, parse } from "../route.js";
import { putMessage, putWay, replaceWays, state, waysOf } from "../state.js";
import { button, way } from "./page.js";

beforeEach(() => open());

test("an address names a page, and an unknown one the overview", () => {
  const rows = /** @type {const} */ ([["", "overview", ""], ["#/", "overview", ""],
    ["#/nowhere", "overview", ""], ["#/door", "overview", ""], ["#/door/%", "overview", ""],
    ["#/messages", "messages", ""], ["#/door/lock-1", "door", "lock-1"],
    [doorLink("a/b c"), "door", "a/b c"]]);
  for (const [hash, name, thing] of rows) assert.deepEqual(parse(hash), { name, thing }, hash);
});

test("one page is shown, and the link to it is marked", () => {
  enter({ name: "alerts", thing: "" });
  const shown = all("[data-page]:not([hidden])").map((page) => page.getAttribute("data-page"));
  assert.deepEqual(shown, ["alerts"]);
  assert.equal(text("[aria-current]"), "Alerts");
  enter({ name: "door", thing: "lock-1" });
  assert.equal(one("[aria-current]").getAttribute("aria-current"), "true");
  assert.equal(text("[aria-current]"), "Doors");
});

test("a history has each event once, newest first, the board's over the server's", () => {
  const old = press({ at: NOW - 5, key: "a", text: "old" });
  const board = [press({ key: "c", text: "c" }), press({ key: "b", text: "b", count: 2 })];
  const known = [press({ key: "b", text: "b" }), old];
  const texts = joined(known, board).map(({ key, count }) => `${key}${count ?? ""}`);
  assert.deepEqual(texts, ["c", "b2", "a"]);
});

test("a filter leaves out other events, and the links save what it shows", () => {
  const history = [press({ key: "a" }), press({ key: "b", button: "button-2", reason: "stale",
    ignored: true, text: "ignored: stale" })];
  const door = lock({ history });
  state.locks = [door];
  openHistory("lock-1");
  drawHistory(door);
  assert.equal(all("#history li").length, 2);
  assert.deepEqual(all("#why option").map(({ textContent }) => textContent),
    ["every reason", "pressed", "stale"]);
  one("#who").value = "button-2";
  drawHistory(door);
  assert.equal(text("#history li span"), "ignored: stale");
  assert.equal(one("#history li").getAttribute("class"), "bad");
  assert.equal(one("#export-csv").getAttribute("href"),
    "api/history?thing=lock-1&who=button-2&limit=1000&format=csv");
  one("#who").value = "nobody";
  drawHistory(door);
  assert.equal(text("#no-history"), "no event fits this filter");
  assert.equal(address("a b", { who: " ", why: "" }), "api/history?thing=a+b");
});

test("without a connection, the board's events are the history", () => {
  state.live = false;
  openHistory("lock-1");
  drawHistory(lock({ history: [press()] }));
  assert.equal(all("#history li").length, 1);
  assert.equal(one("#exports").hasAttribute("hidden"), true);
});

/** @param {number} id @param {string} topic */
const message = (id, topic) => ({ id, at: NOW, topic, client: null, qos: 1, payload: '{"a":1}' });

test("messages are filtered by topic, and a pause keeps the list", () => {
  messages.startMessages();
  putMessage(message(1, "iotbutton/button-1"));
  putMessage(message(2, "remote-lock/lock-1"));
  messages.draw();
  const topics = () => all("#message-list code").map(({ textContent }) => textContent);
  assert.deepEqual(topics(), ["remote-lock/lock-1", "iotbutton/button-1"]);
  one("#topic").value = "iotbutton/+";
  messages.draw();
  assert.deepEqual(topics(), ["iotbutton/button-1"]);
  one("#topic").value = "";
  one("#pause").click();
  putMessage(message(3, "remote-lock/lock-2"));
  messages.draw();
  assert.equal(topics().length, 2);
  assert.equal(text("#message-count"), "2 shown, 1 waiting");
  one("#pause").click();
  assert.equal(topics().length, 3);
});

test("a payload is shown with its lines if it is JSON, and unchanged if it is not", () => {
  assert.equal(messages.payloadOf(message(1, "t")), '{\n  "a": 1\n}');
  assert.equal(messages.payloadOf({ ...message(1, "t"), payload: "{", cut: true }), "{…");
});

test("alerts are kept as elements, also two of the same words", () => {
  const alert = { at: NOW, subject: "s", message: "the door is open", recipients: "to a" };
  state.alerts = [alert];
  alerts.draw();
  const [first] = all("#alert-list li");
  assert.equal(text("#alert-list [data-part='message']"), "the door is open");
  state.alerts = [{ at: NOW + 1, subject: "ALARM", message: null, recipients: null }, alert, alert];
  alerts.draw();
  assert.equal(all("#alert-list li").length, 3);
  assert.equal(all("#alert-list li")[1], first);
  assert.equal(all("#alert-list li:first-child [data-part]").length, 2, "time and subject");
});

test("metrics are tables whose cells know their column, and a fault is marked", () => {
  const row = { name: "press", invocations: 1200, errors: 1, throttles: 0,
    durationMs: { average: 12.34, maximum: 40 } };
  const metrics = { functions: [row], rules: [], written: [] };
  drawTables(tablesOf(metrics));
  const cells = () => all("[data-metric='press'] td");
  assert.equal(cells()[1].getAttribute("data-label"), "invocations");
  assert.deepEqual(cells().map((cell) => cell.getAttribute("class") ?? ""),
    ["", "", "bad", "", "", ""]);
  const [first] = cells();
  drawTables(tablesOf({ ...metrics, functions: [{ ...row, durationMs: null, errors: 0 }] }));
  assert.equal(cells()[0], first);
  assert.deepEqual([cells()[2].textContent, cells()[4].textContent], ["0", "–"]);
});

test("a way that grows takes its own place, and a door has the ways of its buttons", () => {
  state.buttons = [button()];
  replaceWays([way(["button"], { id: "a" }), way(["button"], { id: "b", lock: "lock-2" }),
    way(["button"], { id: "c", lock: null })]);
  putWay(way(["button", "broker"], { id: "a" }));
  assert.deepEqual(state.ways.map(({ id }) => id), ["c", "b", "a"]);
  assert.equal(state.ways[2].steps.length, 2);
  assert.deepEqual(waysOf("lock-1").map(({ id }) => id), ["c", "a"]);
});
