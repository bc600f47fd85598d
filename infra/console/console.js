// @ts-check
// Starts the page: the stream fills the state, the address chooses a page, and each frame of the
// screen draws what has changed on the page that is shown.
//
// Must not know: what a page shows.

import * as alerts from "./alerts.js";
import * as door from "./door.js";
import * as faults from "./faults.js";
import * as messages from "./messages.js";
import * as metrics from "./metrics.js";
import * as overview from "./overview.js";
import { find, set, setText, show } from "./dom.js";
import { startHistory } from "./history.js";
import { PLAIN, enter, focusHeading, parse } from "./route.js";
import { door as doorNamed, join, state } from "./state.js";
import { listen } from "./stream.js";
import { takeToken } from "./token.js";
import { called } from "./words.js";

/** @typedef {import("./state.js").Changed} Changed */

takeToken(location, history, sessionStorage);
let route = parse(location.hash);
/** What has changed since the last drawing. @type {Changed | null} */
let waiting = null;

/** Draws once for all that changes before the next frame. @param {Changed} changed */
function schedule(changed) {
  if (!waiting) requestAnimationFrame(draw);
  waiting = join(waiting ?? {}, changed);
}

function draw() {
  // A navigation has drawn it already.
  if (!waiting) return;
  const changed = waiting;
  waiting = null;
  drawServer();
  drawPage(changed);
  drawTitle();
}

/** What the server says of itself: whose doors they are, what fails, and what the page can do. */
function drawServer() {
  const { can, error, target } = state;
  const words = Object.entries(can).flatMap(([name, is]) => (is ? name : []));
  set(document.body, "data-can", words.join(" "));
  show(find("target"), target !== null);
  setText(find("target"), target);
  show(find("failure"), error !== null && state.live);
  setText(find("failure"), error && `What is shown may be old: ${error}`);
  // A page that this server cannot fill.
  if (!can.trace && PLAIN.some((name) => name === route.name)) location.hash = "#/";
}

/** @param {Changed} changed */
function drawPage(changed) {
  if (route.name === "overview") overview.draw(changed);
  if (route.name === "door") door.draw(route.thing, changed);
  if (route.name === "messages" && (changed.all || changed.messages)) messages.draw();
  if (route.name === "alerts" && (changed.all || changed.alerts)) alerts.draw();
  if (route.name === "faults" && (changed.all || changed.faults)) faults.draw();
}

function drawTitle() {
  const named = doorNamed(route.thing);
  const name = { overview: "Doors", messages: "Messages", alerts: "Alerts", metrics: "Metrics",
    faults: "Faults", door: named ? called(named) : route.thing }[route.name];
  const title = `${name} · Remote lock`;
  if (document.title !== title) document.title = title;
}

function navigate() {
  // Another start's address in the tab of the one before.
  if (takeToken(location, history, sessionStorage)) {
    location.reload();
    return;
  }
  route = parse(location.hash);
  enter(route);
  ask();
  waiting = { all: true };
  draw();
  scrollTo(0, 0);
  focusHeading();
}

/** Asks for what the stream does not send. */
function ask() {
  if (route.name === "metrics") metrics.update();
  if (route.name === "faults") faults.updateFaults();
}

/** @param {boolean} live @param {string} [why] */
function showConnection(live, why) {
  const isOther = state.live !== live;
  state.live = live;
  setText(find("link"), live ? "live" : "offline");
  set(find("link"), "data-live", live);
  show(find("gone"), !live);
  setText(find("gone"), live ? ""
    : why ?? "no connection to lockctl (retrying): is it still running?");
  if (isOther) schedule({ all: true });
}

find("skip").onclick = (event) => {
  event.preventDefault();
  focusHeading();
};
startHistory();
messages.startMessages();
faults.startFaults();
metrics.startMetrics(() => route.name === "metrics");
enter(route);
ask();
addEventListener("hashchange", navigate);
setInterval(() => {
  if (!document.hidden) overview.tick(find("main"), Date.now());
}, 1000);
listen(schedule, showConnection);
