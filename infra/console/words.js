// @ts-check
// Words for what the state says: names, times, ages, acts, and whether lock and cloud agree.
//
// Must not know: the document, or the state as a whole.

/** @typedef {import("./state.js").Door} Door */
/** @typedef {import("./state.js").Button} Button */
/** @typedef {import("./state.js").Device} Device */
/** @typedef {import("./state.js").Clock} Clock */
/** @typedef {import("./state.js").Line} Line */
/** @typedef {import("./state.js").Way} Way */

/** What people call it, with its room: "Front door, Hall"; its name if nobody calls it anything.
 * @param {{ thing: string, label?: string | null, room?: string | null }} each */
export const called = (each) => [each.label, each.room].filter(Boolean).join(", ") || each.thing;

/** With its name: "Front door, Hall (lock-1)". @param {Parameters<typeof called>[0]} each */
export function title(each) {
  const known = called(each);
  return known === each.thing ? known : `${known} (${each.thing})`;
}

/** @param {number | null | undefined} ms */
export const timeOfDay = (ms) => (ms ? new Date(ms).toLocaleTimeString() : undefined);

/** "just now", "8 s ago", "3 min ago". @param {number} at @param {number} now */
export function age(at, now) {
  const seconds = Math.max(0, Math.floor((now - at) / 1000));
  if (seconds < 2) return "just now";
  const units = /** @type {const} */ ([[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]);
  const [size, unit] = units.find(([size]) => seconds >= size) ?? units[3];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

/** "+12 ms", "+1.5 s". @param {number} ms */
export const after = (ms) => (ms < 1000 ? `+${Math.round(ms)} ms` : `+${(ms / 1000).toFixed(1)} s`);

/** A code for people: "quiet window". @param {string | undefined} code */
export const plain = (code) => (code ?? "").replaceAll("-", " ");

/** How sure the cloud is, in words. @type {Record<string, string>} */
const CERTAINTIES = {
  sensed: "sure: the lock answered and its sensor confirms it",
  acknowledged: "sure: the lock answered",
  assumed: "not sure yet: a command is under way",
  unknown: "not sure: the lock does not answer",
};
/** @param {string | undefined} certainty */
export const sureness = (certainty) => CERTAINTIES[certainty ?? ""] ?? "nothing known yet";

/** Where the latch is; unknown without power. Without the device at hand it is where the lock last
 * reported it. @param {Door} door */
export function latchOf({ device, shadow }) {
  if (!device) return String(shadow?.reported?.lock ?? "unknown");
  return device.powered ? device.latch ?? "unknown" : "unknown";
}

/** Where the bolt is: where its contact says, or else where the latch has it. @param {Door} door */
export function placeOf(door) {
  const latch = latchOf(door);
  const places = { out: "locked", in: "unlocked" };
  const place = door.device?.bolt;
  return latch === "unknown" || (place !== "out" && place !== "in") ? latch : places[place];
}

/** Where the bolt's contact says it is; empty without one. @param {Door} door */
export function boltOf({ device }) {
  if ((device?.boltJammed ?? null) === null) return "";
  const place = device?.bolt ?? "unknown";
  return device?.boltJammed ? `jammed, ${place}` : place;
}

/** What a clock is set to: a value, its words, and the error of its rate in words.
 * @param {Clock | undefined} clock */
export function clockOf(clock) {
  const { hears, aheadS, driftPpm } = clock ?? { hears: true, aheadS: 0, driftPpm: 0 };
  const drift = driftPpm ? `runs ${driftPpm > 0 ? "fast" : "slow"} by ${Math.abs(driftPpm)} ppm`
    : "";
  if (!hears) return { value: "none", words: "no time", drift };
  if (aheadS === 0) return { value: "right", words: "right", drift };
  const words = `${Math.abs(aheadS)} s ${aheadS > 0 ? "ahead" : "behind"}`;
  return { value: String(aheadS), words, drift };
}

/** Whether a device can be reached. @param {{ device?: Device | null }} each */
export function connection({ device }) {
  if (!device) return "no device here";
  if (!device.powered) return "no power";
  if (!device.network) return "network cut";
  if (device.halfOpen) return "half-open";
  return device.connected ? "connected" : "not connected";
}

/** Open or closed, by the device's own contact or by its last report. @param {Door} door */
export function openness({ device, record }) {
  const open = device?.doorOpen ?? null;
  if (open !== null) return open ? "open" : "closed";
  return record?.reported?.door ?? "no sensor";
}

/** Whether what the lock does and what the cloud knows are the same.
 * @param {Door} door
 * @returns {{ kind: "same" | "waiting" | "differs" | "unsure", text: string }} */
export function compare(door) {
  const { device, record } = door;
  if (!record) return { kind: "unsure", text: "The cloud has no record of this lock yet." };
  const known = record.state;
  if (record.status === "pending") {
    const action = record.command?.action ?? "act";
    const text = `The cloud asked the lock to ${action} and waits for its answer.`;
    return !device || isReachable(device) ? { kind: "waiting", text }
      : { kind: "unsure", text: `${text} The lock has ${reach(device)}.` };
  }
  if (!device) return compareReport(door, known);
  if (!device.powered) {
    return { kind: "unsure", text: `The lock has no power. The cloud last knew: ${known}.` };
  }
  const latch = latchOf(door);
  const cannot = isReachable(device) ? ""
    : ` The lock has ${reach(device)} and cannot report it.`;
  if (known === "jammed" && device.boltJammed) {
    return { kind: "same", text: "The bolt is jammed, and the cloud knows it." };
  }
  if (latch !== known) {
    return { kind: "differs", text: `The lock is ${latch}, the cloud says ${known}.${cannot}` };
  }
  const [open, reported] = [device.doorOpen ?? null, record.reported?.door ?? null];
  if (open !== null && reported !== null && open !== (reported === "open")) {
    const text = `The door is ${open ? "open" : "closed"}, the cloud says ${reported}.${cannot}`;
    return { kind: "differs", text };
  }
  if (!isReachable(device)) {
    const text = `Both say ${latch}, but the lock has ${reach(device)}: no command reaches it.`;
    return { kind: "unsure", text };
  }
  if (record.certainty === "unknown") {
    return { kind: "unsure", text: `Both say ${latch}, but the cloud is not sure.` };
  }
  return { kind: "same", text: `Lock and cloud agree: ${latch}.` };
}

/** Without the device at hand, its last report is all that the lock has said.
 * @param {Door} door @param {string} known @returns {ReturnType<typeof compare>} */
function compareReport(door, known) {
  const latch = latchOf(door);
  if (door.record?.certainty === "unknown") {
    return { kind: "unsure", text: `The lock does not answer. The cloud last knew: ${known}.` };
  }
  if (!door.shadow) return { kind: "unsure", text: `The cloud's word alone: ${known}.` };
  return latch === known
    ? { kind: "same", text: `The lock's last report and the cloud agree: ${known}.` }
    : { kind: "differs", text: `The lock last reported ${latch}, the cloud says ${known}.` };
}

/** @param {Device} device */
const isReachable = (device) => device.connected && !device.halfOpen;

/** @param {Device} device */
function reach({ powered, halfOpen }) {
  if (!powered) return "no power";
  return halfOpen ? "a half-open network" : "no connection";
}

/** Who an event is about, by the names of the buttons.
 * @param {Line} line @param {(thing: string) => Button | undefined} button */
export function who(line, button) {
  if (line.button) return called(button(line.button) ?? { thing: line.button });
  if (line.actor) return line.actor;
  if (line.kind === "request") return "a request";
  if (line.kind === "report") return line.source ? `the lock (${line.source})` : "the lock";
  if (line.kind === "sweep") return "the sweep";
  return "an operator";
}

const BY_PEOPLE = new Set(["press", "request", "revoke", "bind", "unbind", "register", "recover"]);

/** The last act of a person, or the last event if there is none: who, what and why.
 * @param {Door} door @param {(thing: string) => Button | undefined} button */
export function lastAct({ history = [] }, button) {
  const line = history.find(({ kind }) => BY_PEOPLE.has(kind ?? "")) ?? history[0];
  if (!line) return null;
  const what = plain(line.ignored ? line.decision : line.action ?? line.decision ?? line.kind);
  return { at: line.lastAt ?? line.at, who: who(line, button), what, why: plain(line.reason),
    ignored: line.ignored ?? false };
}

/** Whether an event fits a filter by person and by reason.
 * @param {Line} line @param {{ who: string, why: string }} filter
 * @param {(thing: string) => Button | undefined} button */
export function fits(line, filter, button) {
  const wanted = filter.who.trim().toLowerCase();
  const names = [line.button, line.actor, line.button && button(line.button)?.label];
  const isTheirs = names.some((name) => (name ?? "").toLowerCase().includes(wanted));
  return (!wanted || isTheirs) && (!filter.why || line.reason === filter.why);
}

/** Whether a topic fits a filter: an MQTT filter if it has a wildcard, else a part of the topic.
 * @param {string} topic @param {string} filter */
export function fitsTopic(topic, filter) {
  const wanted = filter.trim();
  if (!/[+#]/.test(wanted)) return topic.toLowerCase().includes(wanted.toLowerCase());
  const [levels, parts] = [topic.split("/"), wanted.split("/")];
  for (const [at, part] of parts.entries()) {
    if (part === "#") return true;
    if (at >= levels.length || (part !== "+" && part !== levels[at])) return false;
  }
  return levels.length === parts.length;
}
