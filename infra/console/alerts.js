// @ts-check
// Draws the alerts as they reach a phone, newest first.
//
// Must not know: what raises them.

import { find, keep, make, part, setText, setTime, show } from "./dom.js";
import { state } from "./state.js";

/** @typedef {import("./state.js").Alert} Alert */

/** Draws the list and the number in the navigation. */
export function draw() {
  const seen = new Map();
  // Two alerts of one millisecond have one key but for their place among them.
  const key = (/** @type {Alert} */ { at, subject, message }) => {
    const name = `${at} ${subject ?? ""} ${message ?? ""}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return `${name} ${seen.get(name)}`;
  };
  const alerts = state.alerts.map((alert) => ({ alert, name: key(alert) }));
  keep(find("alert-list"), alerts, ({ name }) => name, ({ alert }) => createAlert(alert), () => {});
  show(find("no-alerts"), alerts.length === 0);
}

/** An alert never changes, so it is drawn once. @param {Alert} alert */
export function createAlert({ at, subject, message, recipients }) {
  const element = make("li", { class: "alert" },
    make("p", { class: "app" }, make("span", {}, "Remote lock"),
      make("time", { "data-part": "time" })),
    make("strong", { "data-part": "subject" }), make("p", { "data-part": "message" }),
    make("small", { "data-part": "recipients" }));
  setTime(part(element, "time"), at);
  for (const [name, text] of Object.entries({ subject, message, recipients })) {
    if (text) setText(part(element, name), text);
    else part(element, name).remove();
  }
  return element;
}
