// @ts-check
// The way of a press: which steps are drawn as reached, waited for, ended or never reached.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { all, one, open, text, way } from "./page.js";
import { STEPS, drawWay, drawWays, outcome, sentence, stepsOf } from "../way.js";

const names = STEPS.map(([name]) => name);
const nobody = () => undefined;
/** @param {import("../state.js").Way | undefined} it */
const states = (it) => stepsOf(it).map(({ state }) => state);

beforeEach(() => open());

test("without a way every step says what happens there", () => {
  assert.deepEqual(new Set(states(undefined)), new Set(["idle"]));
  assert.equal(stepsOf(undefined)[1].detail, "MQTT over TLS");
});

test("a whole way has the time of each step after the first", () => {
  const done = way(names, { end: { kind: "done", where: "record", why: "executed" } });
  assert.deepEqual(new Set(states(done)), new Set(["done"]));
  assert.deepEqual(stepsOf(done).slice(0, 3).map(({ when }) => when), ["0 ms", "+10 ms", "+20 ms"]);
  assert.equal(outcome(done), "done in 90 ms");
  assert.equal(sentence(done), "Done in 90 ms: executed");
});

test("a way that goes on waits for the step after the last", () => {
  const open = way(["button", "broker", "function"]);
  assert.deepEqual(states(open), ["done", "done", "never", "done", "next", "never", "never",
    "never", "never", "never"]);
  assert.equal(sentence(open), "On its way: Function reached.");
});

test("an ignored way says where and why it ended", () => {
  const ignored = way(names.slice(0, 4), { end: { kind: "ignored", where: "function",
    why: "the press was 45 s old" } });
  assert.deepEqual(states(ignored).slice(2, 6), ["done", "ended", "never", "never"]);
  assert.equal(sentence(ignored), "Ignored at “Function”: the press was 45 s old");
  assert.equal(outcome(ignored), "ignored");
  // It may end at a step that it never reached.
  const lost = way(["button"], { end: { kind: "lost", where: "latch", why: "no answer" } });
  assert.equal(states(lost)[6], "ended");
  assert.equal(states(lost).includes("next"), false);
});

test("a way that grows keeps its elements, and another one begins the animation again", () => {
  const root = one("#way");
  drawWay(root, way(["button"]), nobody, "nothing");
  const steps = all("#way [data-step]");
  const turn = one("#way .steps").getAttribute("data-turn");
  assert.equal(steps.length, STEPS.length);
  drawWay(root, way(["button", "broker"]), nobody, "nothing");
  assert.deepEqual(all("#way [data-step]"), steps);
  assert.equal(steps[1].getAttribute("data-state"), "done");
  assert.equal(one("#way .steps").getAttribute("data-turn"), turn);
  drawWay(root, way(["button"], { id: "other" }), nobody, "nothing");
  assert.notEqual(one("#way .steps").getAttribute("data-turn"), turn);
  drawWay(root, undefined, nobody, "nothing");
  assert.equal(text("#way .end"), "nothing");
});

test("an older way can be chosen, and the chosen one is marked", () => {
  const ways = [way(names, { id: "b", end: { kind: "done", where: "record", why: "" } }),
    way(["button"], { id: "a" })];
  /** @type {string[]} */
  const chosen = [];
  drawWays(one("#ways"), ways, "b", nobody, (id) => chosen.push(id));
  const pressed = all("#ways button").map((each) => each.getAttribute("aria-pressed"));
  assert.deepEqual(pressed, ["true", "false"]);
  one("#ways [data-choose='a']").click();
  assert.deepEqual(chosen, ["a"]);
  assert.match(text("#ways [data-choose='a']"), /button-1.*on its way$/);
});
