// @ts-check
// Draws the faults: a form that arms one by name, those armed, and the journal of those that
// struck.
//
// Must not know: how a fault strikes.

import { find, findInput, keep, make, part, setText, setTime, show } from "./dom.js";
import { send } from "./send.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").FaultEntry} FaultEntry */
/** A kind of fault.
 * @typedef {{ name: string, form: string, what: string, example: string }} Kind */

/** @type {Kind[]} */
let kinds = [];

/** Lets the form act. */
export function startFaults() {
  choice().onchange = () => choose(choice().value);
  find("fault-form").onsubmit = (event) => {
    event.preventDefault();
    const fault = findInput("fault-text").value.trim();
    if (fault) send("api/faults", { fault });
  };
}

const choice = () => /** @type {HTMLSelectElement} */ (find("fault-kind"));

/** Asks for the kinds, once. */
export async function updateFaults() {
  if (kinds.length) return;
  const answer = await fetch("api/faults").catch(() => null);
  const body = answer?.ok ? await answer.json().catch(() => null) : null;
  if (body) showKinds(body.kinds, body.notes);
}

/** @param {Kind[]} known @param {string} notes */
export function showKinds(known, notes) {
  kinds = known;
  keep(choice(), kinds, ({ name }) => name, ({ name }) => make("option", { value: name }, name),
    () => {});
  setText(find("fault-notes"), notes);
  choose(kinds[0]?.name ?? "");
}

/** Shows what a kind does, and an example to change. @param {string} name */
function choose(name) {
  const kind = kinds.find((each) => each.name === name);
  if (!kind) return;
  setText(find("fault-what"), kind.what);
  setText(find("fault-written"), kind.form);
  findInput("fault-text").value = kind.example;
}

/** Draws those armed and the journal. */
export function draw() {
  const { armed, journal } = state.faults;
  keep(find("armed"), armed, (text) => text, createArmed, (element) => {
    const control = /** @type {HTMLButtonElement} */ (part(element, "end"));
    control.disabled = !state.live;
  });
  show(find("no-armed"), armed.length === 0);
  keep(find("fault-journal"), journal, ({ id }) => String(id), createEntry, () => {});
  show(find("no-fault"), journal.length === 0);
  const control = /** @type {HTMLButtonElement} */ (find("arm"));
  control.disabled = !state.live;
}

/** @param {string} text */
function createArmed(text) {
  const names = { type: "button", "data-part": "end", "aria-label": `End ${text}` };
  const control = make("button", names, "End");
  // The second of several alike has a number in its text.
  control.onclick = () => send("api/faults/end", { fault: text });
  return make("li", { "data-fault": text }, make("code", {}, text), control);
}

/** An entry never changes, so it is drawn once. @param {FaultEntry} entry */
export function createEntry({ at, fault, target, what }) {
  const element = make("li", {}, make("time", { "data-part": "time" }),
    make("span", {}, make("code", { "data-part": "fault" }, fault), " on ",
      make("code", { "data-part": "target" }, target)),
    make("small", { "data-part": "what" }, what));
  setTime(part(element, "time"), at);
  return element;
}
