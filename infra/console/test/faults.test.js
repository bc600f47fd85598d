// @ts-check
// The faults: the form that arms one, those armed, and the journal.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { NOW, all, one, open, text } from "./page.js";
import * as faults from "../faults.js";
import { enter, parse } from "../route.js";
import { putFault, replaceFaults, state } from "../state.js";

/** What was sent: path and body. @type {[string, object][]} */
let sent = [];

const KINDS = [
  { name: "drop", form: "drop:<topic filter>@<when>", what: "messages are lost in the broker",
    example: "drop:remote-lock/+@5%" },
  { name: "power", form: "power:<device>@t=<time>", what: "a device loses its power",
    example: "power:lock-1@t=20s+3s" },
];

/** @param {number} id */
const entry = (id) => ({ id, at: NOW + id, fault: "drop:remote-lock/+@50%",
  target: "remote-lock/lock-1", what: `occurrence ${id}` });

beforeEach(() => {
  open();
  sent = [];
  Object.assign(globalThis, { fetch: async (/** @type {string} */ path,
    /** @type {{ body: string }} */ { body }) => {
    sent.push([path, JSON.parse(body)]);
    return { ok: true, json: async () => null };
  } });
});

test("the faults have a page of their own", () => {
  assert.deepEqual(parse("#/faults"), { name: "faults", thing: "" });
  enter({ name: "faults", thing: "" });
  assert.equal(text("[data-page]:not([hidden]) h1"), "Faults");
  assert.equal(text("[aria-current='page']"), "Faults");
});

test("a fault is picked by name, and armed as a person changes its example", () => {
  faults.startFaults();
  faults.showKinds(KINDS, "<time>: 200ms");
  assert.deepEqual(all("#fault-kind option").map((each) => each.textContent), ["drop", "power"]);
  assert.equal(one("#fault-text").value, "drop:remote-lock/+@5%");
  assert.equal(text("#fault-notes"), "<time>: 200ms");
  one("#fault-kind").value = "power";
  one("#fault-kind").onchange();
  assert.equal(text("#fault-what"), "a device loses its power");
  assert.equal(text("#fault-written"), "power:<device>@t=<time>");
  assert.equal(one("#fault-text").value, "power:lock-1@t=20s+3s");
  one("#fault-text").value = " power:lock-1@t=0s+1s ";
  one("#fault-form").onsubmit({ preventDefault() {} });
  assert.deepEqual(sent, [["api/faults", { fault: "power:lock-1@t=0s+1s" }]]);
  one("#fault-text").value = "  ";
  one("#fault-form").onsubmit({ preventDefault() {} });
  assert.equal(sent.length, 1, "nothing is not sent");
});

test("the journal grows at its front, and what is armed can be ended", () => {
  const armed = ["drop:remote-lock/+@50%", "late:press@1+6000ms"];
  assert.deepEqual(replaceFaults({ armed, journal: [entry(1), entry(2)] }), { faults: true });
  faults.draw();
  const whats = () => all("#fault-journal [data-part='what']").map((each) => each.textContent);
  assert.deepEqual(whats(), ["occurrence 2", "occurrence 1"]);
  const [first] = all("#fault-journal li");
  assert.deepEqual(putFault({ entry: entry(3), armed: armed.slice(0, 1) }), { faults: true });
  faults.draw();
  assert.deepEqual(whats(), ["occurrence 3", "occurrence 2", "occurrence 1"]);
  assert.equal(all("#fault-journal li")[1], first, "what was there stays");
  assert.equal(text("#fault-journal li span"), "drop:remote-lock/+@50% on remote-lock/lock-1");
  assert.deepEqual(all("#armed code").map((each) => each.textContent), armed.slice(0, 1));
  const end = one("#armed [data-part='end']");
  assert.equal(end.getAttribute("aria-label"), "End drop:remote-lock/+@50%");
  end.click();
  assert.deepEqual(sent, [["api/faults/end", { fault: "drop:remote-lock/+@50%" }]]);
});

test("an empty page shows that it is, and without a server nothing can be armed", () => {
  faults.draw();
  assert.equal(one("#no-armed").hasAttribute("hidden"), false);
  assert.equal(one("#no-fault").hasAttribute("hidden"), false);
  assert.equal(one("#arm").disabled, false);
  state.live = false;
  state.faults = { armed: ["drop:a@50%"], journal: [entry(1)] };
  faults.draw();
  assert.equal(one("#arm").disabled, true);
  assert.equal(one("#armed [data-part='end']").disabled, true);
  assert.equal(one("#no-fault").hasAttribute("hidden"), true);
});

test("the journal keeps the newest entries alone", () => {
  for (let id = 1; id <= 250; id += 1) putFault({ entry: entry(id), armed: [] });
  assert.equal(state.faults.journal.length, 200);
  assert.equal(state.faults.journal[0].id, 250);
});
