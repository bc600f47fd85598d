// @ts-check
// Draws the messages of the broker as they pass, with a filter on the topic and a pause.
//
// Must not know: what a message means.

import { find, findInput, keep, make, part, set, setText, setTime, show } from "./dom.js";
import { state } from "./state.js";
import { fitsTopic } from "./words.js";

/** @typedef {import("./state.js").Message} Message */

/** The newest message that was there when a person stopped the list; null while it runs.
 * @type {number | null} */
let stoppedAt = null;

/** Lets the filter and the pause act. */
export function startMessages() {
  findInput("topic").oninput = draw;
  find("pause").onclick = () => {
    stoppedAt = stoppedAt === null ? state.messages[0]?.id ?? 0 : null;
    draw();
  };
}

/** Draws the list, unless it is stopped. */
export function draw() {
  const filter = findInput("topic").value;
  const fitting = state.messages.filter(({ topic }) => fitsTopic(topic, filter));
  const until = stoppedAt;
  const shown = until === null ? fitting : fitting.filter(({ id }) => id <= until);
  const waiting = fitting.length - shown.length;
  setText(find("pause"), until === null ? "Pause" : "Go on");
  set(find("pause"), "aria-pressed", until !== null);
  setText(find("message-count"), until === null ? `${shown.length} shown`
    : `${shown.length} shown, ${waiting} waiting`);
  keep(find("message-list"), shown, ({ id }) => String(id), createMessage, () => {});
  show(find("no-messages"), shown.length === 0);
  setText(find("no-messages"), !state.can.trace ? "This server does not send its messages."
    : state.messages.length ? "No message fits this filter." : "No message yet.");
}

/** A payload for people: JSON with its lines, anything else unchanged. @param {Message} message */
export function payloadOf({ payload, cut }) {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return cut ? `${payload}…` : payload;
  }
}

/** A message never changes, so it is drawn once. @param {Message} message */
export function createMessage(message) {
  const { at, topic, client, qos, payload } = message;
  const element = make("li", {}, make("details", {},
    make("summary", {}, make("time", { "data-part": "time" }), make("code", {}, topic),
      make("span", { class: "from" }, client ?? "the cloud"),
      make("span", { class: "qos" }, `QoS ${qos}`),
      make("span", { class: "payload" }, payload)),
    make("pre", { tabindex: "0" }, payloadOf(message))));
  setTime(part(element, "time"), at);
  return element;
}
