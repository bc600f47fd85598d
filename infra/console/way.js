// @ts-check
// Draws the way of a press: ten steps from the button to the record, each with its time after the
// first, and where and why the press ended if it did not open or lock anything.
//
// Must not know: how the ways come about.

import { keep, make, part, set, setText } from "./dom.js";
import { after, called } from "./words.js";

/** @typedef {import("./state.js").Way} Way */
/** @typedef {import("./state.js").Button} Button */
/** @typedef {(thing: string) => Button | undefined} Known */

/** Every step: its name in a way, for people, and what happens there.
 * @type {readonly [name: string, label: string, what: string][]} */
export const STEPS = [
  ["button", "Button", "firmware sends the click"],
  ["broker", "Broker", "MQTT over TLS"],
  ["rule", "Rule", "SQL picks the topic"],
  ["function", "Function", "judges the press"],
  ["transaction", "Transaction", "record and event, or neither"],
  ["command", "Command", "published to the lock"],
  ["latch", "Latch", "the bolt moves"],
  ["shadow", "Shadow", "the lock reports"],
  ["report-rule", "Report rule", "takes the report"],
  ["record", "Record", "knows how it ended"],
];

/** @param {string} name */
const labelOf = (name) => STEPS.find(([step]) => step === name)?.[1] ?? name;

/** How a way ended or goes on, in a few words. @param {Way} way */
export function outcome(way) {
  if (!way.end) return "on its way";
  if (way.end.kind !== "done") return way.end.kind;
  return `done in ${after(lastAt(way) - way.at).slice(1)}`;
}

/** @param {Way} way */
const lastAt = (way) => way.steps.reduce((last, { at }) => Math.max(last, at), way.at);

/** How a way ended, as a sentence: where and why. @param {Way} way */
export function sentence(way) {
  if (!way.end) {
    const last = way.steps.at(-1);
    return last ? `On its way: ${labelOf(last.name)} reached.` : "On its way.";
  }
  const { kind, where, why } = way.end;
  const reason = why ? `: ${why}` : "";
  if (kind === "done") return `Done in ${after(lastAt(way) - way.at).slice(1)}${reason}`;
  const word = `${kind[0].toUpperCase()}${kind.slice(1)}`;
  return `${word} at “${labelOf(where)}”${reason}`;
}

/** How each step of a way is drawn: reached, the one that is waited for, where it ended, never.
 * @param {Way | undefined} way
 * @returns {{ name: string, state: "done" | "next" | "ended" | "never" | "idle",
 *   when: string, detail: string }[]} */
export function stepsOf(way) {
  const reached = new Map(way?.steps.map((step) => [step.name, step]));
  const end = way?.end && way.end.kind !== "done" ? way.end : null;
  let isNext = Boolean(way && !way.end);
  // The one that is waited for follows the last one that was reached.
  const last = STEPS.findLastIndex(([name]) => reached.has(name));
  return STEPS.map(([name, , what], at) => {
    const step = reached.get(name);
    const when = step && way ? (at === 0 ? "0 ms" : after(step.at - way.at)) : "";
    const detail = step?.detail || what;
    if (end?.where === name) return { name, state: "ended", when: when || "–", detail };
    if (step) return { name, state: "done", when, detail };
    if (isNext && at > last) {
      isNext = false;
      return { name, state: "next", when: "…", detail };
    }
    return { name, state: way ? "never" : "idle", when: "–", detail };
  });
}

/** What a screen reader says of a step's state. @type {Record<string, string>} */
const SAID = { done: "", next: "waiting", ended: "ended here", never: "not reached", idle: "" };

/** Draws the steps into a list. @param {HTMLElement} list @param {Way | undefined} way */
export function drawSteps(list, way) {
  const steps = stepsOf(way);
  keep(list, steps, ({ name }) => name, ({ name }) => make("li", { "data-step": name },
    make("span", { class: "dot", "aria-hidden": "true" }),
    make("strong", {}, labelOf(name)),
    make("span", { class: "when", "data-part": "when" }),
    make("span", { class: "what", "data-part": "what" }),
    make("span", { class: "said", "data-part": "said" })),
  (element, { state, when, detail }) => {
    set(element, "data-state", state);
    setText(part(element, "when"), when);
    setText(part(element, "what"), detail);
    set(part(element, "what"), "title", detail);
    setText(part(element, "said"), SAID[state]);
  });
}

/** Draws a way with its heading and its end. @param {HTMLElement} root @param {Way | undefined} way
 * @param {Known} button @param {string} nothing what is shown without a way */
export function drawWay(root, way, button, nothing) {
  const steps = part(root, "steps");
  // A way that is shown for the first time lights up step by step.
  const isOther = way !== undefined && steps.getAttribute("data-way") !== way.id;
  set(steps, "data-way", way?.id ?? null);
  set(root, "data-end", way?.end?.kind ?? (way ? "open" : null));
  drawSteps(steps, way);
  if (isOther) restart(steps);
  setText(part(root, "who"), way ? `${nameOf(way, button)}, ${timeOf(way)}` : "");
  setText(part(root, "end"), way ? sentence(way) : nothing);
}

/** Runs the animation of the steps from its beginning. @param {HTMLElement} steps */
function restart(steps) {
  const turn = steps.getAttribute("data-turn") === "a" ? "b" : "a";
  steps.setAttribute("data-turn", turn);
}

/** @param {Way} way @param {Known} button */
const nameOf = (way, button) => called(button(way.button) ?? { thing: way.button });
/** @param {Way} way */
const timeOf = (way) => new Date(way.at).toLocaleTimeString();

/** Draws the ways to choose from. @param {HTMLElement} list @param {Way[]} ways
 * @param {string | undefined} chosen @param {Known} button @param {(id: string) => void} choose */
export function drawWays(list, ways, chosen, button, choose) {
  keep(list, ways, ({ id }) => id, ({ id }) => {
    const control = make("button", { type: "button", "data-choose": id },
      make("time", { "data-part": "time" }), make("span", { "data-part": "who" }),
      make("em", { "data-part": "outcome" }));
    control.onclick = () => choose(id);
    return make("li", {}, control);
  }, (element, way) => {
    const control = /** @type {HTMLElement} */ (element.firstElementChild);
    set(control, "aria-pressed", way.id === chosen);
    set(control, "data-end", way.end?.kind ?? "open");
    setText(part(control, "time"), timeOf(way));
    setText(part(control, "who"), nameOf(way, button));
    setText(part(control, "outcome"), outcome(way));
  });
}
