// @ts-check
// Draws a door's history, newest first, with a filter by person and by reason, and the links that
// save it. The board brings the newest events; the server knows the older ones.
//
// Must not know: how an event came about.

import { find, findInput, keep, make, part, set, setText, setTime, show } from "./dom.js";
import { button, buttonsOf, door as doorNamed, state } from "./state.js";
import { headers, withToken } from "./token.js";
import { fits, plain } from "./words.js";

/** @typedef {import("./state.js").Door} Door */
/** @typedef {import("./state.js").Line} Line */
/** @typedef {{ who: string, why: string }} Filter */

/** Events that are asked for at once, and the pause after a key before they are. */
const [LIMIT, PAUSE_MS] = [200, 250];

/** The events that the server sent for the door that is shown, and whether it can.
 * @type {{ thing: string, lines: Line[], canAsk: boolean, asked: string,
 *   timer: ReturnType<typeof setTimeout> | undefined }} */
const older = { thing: "", lines: [], canAsk: true, asked: "", timer: undefined };

/** @returns {Filter} */
const filter = () => ({ who: findInput("who").value, why: findInput("why").value });

/** Where the server gives a door's history. @param {string} thing @param {Filter} filter
 * @param {Record<string, string>} more */
export function address(thing, { who, why }, more = {}) {
  const wanted = new URLSearchParams({ thing });
  for (const [name, value] of Object.entries({ who: who.trim(), why, ...more })) {
    if (value) wanted.set(name, value);
  }
  return `api/history?${wanted}`;
}

/** @param {Line} line */
const keyOf = (line) => `${line.at} ${line.key ?? line.text}`;

/** Older events and the board's, which are newer, each once, newest first.
 * @param {Line[]} known @param {Line[]} board */
export function joined(known, board) {
  const all = new Map([...known, ...board].map((line) => [keyOf(line), line]));
  return [...all.values()].map((line, at) => ({ line, at }))
    .sort((a, b) => b.line.at - a.line.at || order(board, a.line, b.line) || a.at - b.at)
    .map(({ line }) => line);
}

/** Events of one millisecond stay in the board's order.
 * @param {Line[]} board @param {Line} a @param {Line} b */
function order(board, a, b) {
  const [first, second] = [board.indexOf(a), board.indexOf(b)];
  return first < 0 || second < 0 ? 0 : first - second;
}

/** Begins with the history of another door. @param {string} thing */
export function openHistory(thing) {
  Object.assign(older, { thing, lines: [], asked: "" });
  findInput("who").value = "";
  findInput("why").value = "";
}

/** Lets the fields of the filter act. */
export function startHistory() {
  const redraw = () => {
    const door = doorNamed(older.thing);
    if (door) drawHistory(door);
  };
  find("filter").onsubmit = (event) => event.preventDefault();
  findInput("who").oninput = redraw;
  findInput("why").onchange = redraw;
}

/** @param {Door} door */
export function drawHistory(door) {
  const wanted = filter();
  const known = joined(older.lines, door.history ?? []);
  const lines = known.filter((line) => fits(line, wanted, button));
  drawReasons(known, wanted.why);
  drawPeople(door, known);
  keep(find("history"), lines, keyOf, createLine, drawLine);
  show(find("no-history"), lines.length === 0);
  setText(find("no-history"), known.length ? "no event fits this filter" : "no events yet");
  drawLinks(door.thing, wanted);
  ask(door, wanted);
}

const createLine = () => make("li", {}, make("time", { "data-part": "time" }),
  make("span", { "data-part": "text" }), make("small", { "data-part": "why" }));

/** @param {HTMLElement} element @param {Line} line */
export function drawLine(element, line) {
  set(element, "class", line.ignored ? "bad" : null);
  setTime(part(element, "time"), line.at);
  setText(part(element, "text"), line.text);
  setText(part(element, "why"), plain(line.reason));
}

/** The reasons to choose from: those that were seen.
 * @param {Line[]} lines @param {string} chosen */
function drawReasons(lines, chosen) {
  const seen = new Set(lines.flatMap(({ reason }) => reason ?? []).concat(chosen || []));
  keep(find("why"), ["", ...[...seen].sort()], (code) => code,
    (code) => make("option", { value: code }, code ? plain(code) : "every reason"), () => {});
}

/** The people to choose from. @param {Door} door @param {Line[]} lines */
function drawPeople(door, lines) {
  const buttons = buttonsOf(door.thing).map(({ thing, label }) => label ?? thing);
  const people = new Set([...buttons, ...lines.flatMap(({ actor }) => actor ?? [])]);
  keep(find("people"), [...people], (name) => name, (name) => make("option", { value: name }),
    () => {});
}

/** @param {string} thing @param {Filter} wanted */
function drawLinks(thing, wanted) {
  const can = state.live && older.canAsk;
  show(find("exports"), can);
  if (!can) return;
  for (const [id, format] of [["export-csv", "csv"], ["export-json", "json-file"]]) {
    set(find(id), "href", withToken(address(thing, wanted, { limit: "1000", format })));
  }
}

/** Asks for the older events, once for each filter. @param {Door} door @param {Filter} wanted */
function ask(door, wanted) {
  const path = address(door.thing, wanted, { limit: String(LIMIT) });
  if (!state.live || !older.canAsk || older.asked === path) return;
  older.asked = path;
  clearTimeout(older.timer);
  older.timer = setTimeout(async () => {
    const answer = await fetch(path, { headers: headers() }).catch(() => null);
    // A server without this answer: the board's events are the history.
    if (answer?.status === 404) older.canAsk = false;
    if (older.asked !== path) return;
    if (!answer) older.asked = "";
    const events = answer?.ok ? (await answer.json()).events : [];
    older.lines = joined(older.lines, events);
    const known = doorNamed(older.thing);
    if (known && answer) drawHistory(known);
  }, PAUSE_MS);
}
