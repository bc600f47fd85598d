// @ts-check
// Draws what the cloud knows of a door: its record and how sure it is, and the shadow that the
// lock last reported.
//
// Must not know: what the lock itself does.

import { find, set, setRows, setText, setWord } from "./dom.js";
import { age, plain, sureness, timeOfDay } from "./words.js";

/** @typedef {import("./state.js").Door} Door */
/** @typedef {import("./state.js").Known} Known */
/** @typedef {import("./state.js").Shadow} Shadow */

/** @param {Door} door */
export function drawKnown({ record, shadow }) {
  setWord(find("known"), record?.state ?? "unknown");
  setText(find("certainty"), sureness(record?.certainty));
  set(find("certainty"), "data-certainty", record?.certainty ?? "unknown");
  const at = record?.reported?.at ?? null;
  set(find("known-age"), "data-at", at);
  setText(find("known-age"), at ? age(at, Date.now()) : "never");
  setWord(find("known-status"), record?.status ?? "–");
  setText(find("known-command"), record?.command?.action ?? "–");
  setText(find("known-refused"), plain(record?.refused ?? "no"));
  setRows(find("record"), recordRows(record).map(([name, value]) => [name, value ?? "–"]));
  setRows(find("shadow"), shadowRows(shadow));
  setText(find("document"), JSON.stringify(documentOf(shadow), null, 2));
}

/** @param {Known | null | undefined} record @returns {[string, unknown][]} */
export function recordRows(record) {
  if (!record) return [["record", "none yet"]];
  const command = record.command;
  return [
    ["state", record.state], ["status", record.status], ["certainty", record.certainty],
    ["version", record.version],
    ["command", command && `${command.action} (${command.cause})`], ["command id", command?.id],
    ["created", timeOfDay(command?.createdAt)], ["expires", timeOfDay(command?.expiresAt)],
    ["attempts", command?.attempts], ["refused", record.refused],
    ["reported", timeOfDay(record.reported?.at)],
  ];
}

/** @param {Shadow | null | undefined} shadow @returns {[string, unknown][]} */
export function shadowRows(shadow) {
  if (!shadow) return [["shadow", "none yet"]];
  const rows = Object.entries(shadow.reported ?? {});
  return [...rows, ["shadow version", shadow.version], ["updated", timeOfDay(shadow.at)]];
}

/** The shadow's document in the shape that the AWS console shows.
 * @param {Shadow | null | undefined} shadow */
export function documentOf(shadow) {
  if (!shadow) return null;
  const timestamp = shadow.at ? Math.floor(shadow.at / 1000) : undefined;
  return { state: { reported: shadow.reported }, version: shadow.version, timestamp };
}
