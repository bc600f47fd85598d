// @ts-check
// Asks a lock to lock or to unlock, where the server lets the page do it. An unlock opens a door
// somewhere else, so it is confirmed first.
//
// Must not know: what a request becomes.

import { find, set, setText } from "./dom.js";
import { send } from "./send.js";
import { state } from "./state.js";
import { called, title } from "./words.js";

/** @typedef {import("./state.js").Door} Door */
/** @typedef {"lock" | "unlock"} Want */

/** What was asked of each door, and what came of it.
 * @type {Map<string, { waits: boolean, text: string }>} */
const asked = new Map();
let shown = "";

/** Draws the two buttons and what came of the last request. @param {Door} door */
export function drawAsk(door) {
  shown = door.thing;
  const { waits, text } = asked.get(door.thing) ?? { waits: false, text: "" };
  for (const want of /** @type {const} */ (["lock", "unlock"])) {
    const control = find(`ask-${want}`);
    // One that is disabled would lose the focus.
    set(control, "aria-disabled", waits || !state.live);
    control.onclick = () => {
      if (control.getAttribute("aria-disabled") === "true") return;
      if (want === "lock") ask(door, want);
      else confirmUnlock(door);
    };
  }
  setText(find("asked"), text);
}

/** @param {Door} door */
function confirmUnlock(door) {
  const dialog = /** @type {HTMLDialogElement} */ (find("confirm"));
  const whose = state.target ? ` It is a door of ${state.target}.` : "";
  setText(find("confirm-text"), `${title(door)} is unlocked for whoever stands there.${whose}`);
  // Escape leaves it as it is.
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue === "unlock") ask(door, "unlock");
  };
  dialog.showModal();
}

/** Asks, and waits for the end. @param {Door} door @param {Want} want */
export async function ask(door, want) {
  const { thing } = door;
  note(door, true, `Asked ${called(door)} to ${want}; waiting for its answer.`);
  const answer = await send(`api/locks/${encodeURIComponent(thing)}/request`, { want });
  note(door, false, answer?.text ?? "");
}

/** @param {Door} door @param {boolean} waits @param {string} text */
function note(door, waits, text) {
  asked.set(door.thing, { waits, text });
  if (shown === door.thing) drawAsk(door);
}
