// @ts-check
// The page in a small document for the unit tests: index.html as it is served, and a state.
//
// Must not know: what a test expects.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { state } from "../state.js";

/** @typedef {import("../state.js").Door} Door */
/** @typedef {import("../state.js").Button} Button */
/** @typedef {import("../state.js").Way} Way */
/** @typedef {import("../state.js").Line} Line */

const packages = process.env.PAGE_PACKAGES;
if (!packages) throw new Error("set PAGE_PACKAGES, as `cargo xtask test --only page` does");
const { parseHTML } = createRequire(`${packages}/`)("linkedom");
const html = readFileSync(new URL("../index.html", import.meta.url), "utf8");

/** The value of a select, as in a browser. */
const VALUE = {
  configurable: true,
  /** @this {HTMLSelectElement} @returns {string} */
  get() {
    const chosen = this.querySelector("option[selected]") ?? this.querySelector("option");
    return chosen?.getAttribute("value") ?? "";
  },
  /** @this {HTMLSelectElement} @param {string} value */
  set(value) {
    for (const option of this.querySelectorAll("option")) {
      option.toggleAttribute("selected", option.getAttribute("value") === value);
    }
  },
};

/** Opens the page again with this state. @param {Partial<typeof state>} known */
export function open(known = {}) {
  const { document, HTMLElement } = parseHTML(html);
  // linkedom has no setter for it.
  Object.defineProperty(Object.getPrototypeOf(document.createElement("select")), "value", VALUE);
  Object.assign(globalThis, { document, HTMLElement });
  Object.assign(state, { number: 1, locks: [], buttons: [], alerts: [], ways: [], messages: [],
    faults: { armed: [], journal: [] }, error: null,
    can: { switch: true, request: false, trace: true }, target: null, live: true }, known);
}

/** @param {string} selector @returns {any} */
export const one = (selector) => {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`nothing fits ${selector}`);
  return found;
};
/** @param {string} selector */
export const all = (selector) => [...document.querySelectorAll(selector)];
/** @param {string} selector */
export const text = (selector) => one(selector).textContent.replace(/\s+/g, " ").trim();

export const NOW = 1_763_779_512_345;

/** A door that is locked and connected, as the cloud knows.
 * @param {Partial<Door>} fields @returns {Door} */
export const lock = (fields = {}) => ({
  thing: "lock-1",
  device: { powered: true, network: true, connected: true, latch: "locked", doorOpen: null },
  record: { state: "locked", status: "settled", certainty: "acknowledged", version: 7,
    command: { action: "lock", cause: "button fob (button-1)" }, reported: { at: NOW - 9000 } },
  shadow: { reported: { lock: "locked", bootCount: 7 }, version: 17, at: NOW - 9000 },
  history: [],
  ...fields,
});

/** @param {Partial<Button>} fields @returns {Button} */
export const button = (fields = {}) => ({
  thing: "button-1", lock: "lock-1",
  device: { powered: true, network: true, connected: true },
  ...fields,
});

/** @param {Partial<Line>} fields @returns {Line} */
export const press = (fields = {}) => ({
  at: NOW, key: "k", text: "button-1 SINGLE: unlock", kind: "press", decision: "command",
  reason: "pressed", button: "button-1", action: "unlock", ...fields,
});

/** A way with so many of the steps, one every 10 ms.
 * @param {string[]} names @param {Partial<Way>} fields @returns {Way} */
export const way = (names, fields = {}) => ({
  id: "w", button: "button-1", lock: "lock-1", at: NOW,
  steps: names.map((name, at) => ({ name, at: NOW + at * 10, detail: `${name} did` })),
  end: null, ...fields,
});
