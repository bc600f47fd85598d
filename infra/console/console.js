// @ts-check
// Draws the board that the server sends, and posts what a person clicks.
/** @typedef {{ powered: boolean, network: boolean, connected: boolean, latch?: string,
 *   doorOpen?: boolean }} Device */
/** @typedef {{ thing: string, label?: string, room?: string, device?: Device, record?, shadow?,
 *   history?: any[] }} Door */
/** @typedef {{ thing: string, label?: string, device?: Device, lock?: string }} Button */

/** @param {string} id @returns {any} */
const find = (id) => document.getElementById(id);
/** What people call it, with its name: "Front door, Hall (lock-1)". @param {Door | Button} each */
const title = (each) => {
  const known = [each.label, "room" in each ? each.room : null].filter(Boolean).join(", ");
  return known ? `${known} (${each.thing})` : each.thing;
};
const timeOfDay = (ms) => (ms ? new Date(ms).toLocaleTimeString() : undefined);
/** @type {{ number: number, locks: Door[], buttons: Button[], alerts: any[] }} */
let state = { number: 0, locks: [], buttons: [], alerts: [] };
let chosen = "";
listen();

// The first message is the whole state, each later one what differs from the one before it.
function listen() {
  const stream = new EventSource("api/stream");
  stream.addEventListener("state", ({ data }) => {
    state = JSON.parse(data); showConnection("live"); draw();
  });
  stream.addEventListener("change", ({ data }) => {
    const change = JSON.parse(data);
    if (change.number === state.number + 1) { apply(change); draw(); return; }
    // One is missing: the next stream begins with the whole state.
    stream.close(); listen();
  });
  stream.onerror = () =>
    showConnection("no connection to lockctl (retrying): is it still running?");
}

function apply({ number, locks = {}, buttons = {}, alerts = null }) {
  const changed = (list, { front, keep }) => [...front, ...list.slice(...keep)];
  for (const [things, changes] of [[state.locks, locks], [state.buttons, buttons]]) {
    for (const thing of things.filter((each) => each.thing in changes)) {
      const { fields = {}, lists = {} } = changes[thing.thing];
      Object.assign(thing, fields);
      for (const [name, list] of Object.entries(lists)) thing[name] = changed(thing[name], list);
    }
  }
  if (alerts) state.alerts = changed(state.alerts, alerts);
  state.number = number;
}

function showConnection(connection) {
  find("link").textContent = connection;
  find("link").dataset.live = connection === "live";
  if (connection === "live") return;
  for (const button of find("main").querySelectorAll("button")) button.disabled = true;
}

async function post(path, body) {
  const [headers, problem] = [{ "content-type": "application/json" }, find("problem")];
  const noAnswer = ({ message }) => Response.json({ error: `lockctl did not answer: ${message}` });
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })
    .catch(noAnswer);
  if (answer.status === 204) return;
  problem.firstElementChild.textContent = (await answer.json()).error;
  problem.showModal();
}

function make(tag, { onclick = null, ...attributes }, ...children) {
  const element = document.createElement(tag);
  element.onclick = onclick;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function draw() {
  const lock = state.locks.find((each) => each.thing === chosen) ?? state.locks[0];
  chosen = lock?.thing ?? "";
  drawTabs();
  drawButtons();
  drawDoor(lock);
  drawRows("record", recordRows(lock?.record));
  drawRows("shadow", shadowRows(lock?.shadow));
  drawAlerts(state.alerts);
  drawHistory(lock?.history ?? []);
}

const clicks = [["SINGLE", "Press"], ["DOUBLE", "Double press"], ["LONG", "Long press"]];
let [drawnTabs, drawnButtons, drawnMetrics] = ["", "", ""];

// Tabs and buttons are redrawn only when they change: a redraw would swallow a click.
function drawTabs() {
  const key = JSON.stringify([chosen, ...state.locks.map(title), find("link").dataset.live]);
  if (key === drawnTabs) return;
  drawnTabs = key;
  find("locks").replaceChildren(...state.locks.map((each) => make("button", {
    type: "button", "data-lock": each.thing, "aria-pressed": each.thing === chosen,
    onclick: () => { chosen = each.thing; draw(); },
  }, title(each))));
}

function drawButtons() {
  const mine = state.buttons.filter((button) => button.lock === chosen);
  const key = JSON.stringify(mine) + find("link").dataset.live;
  if (key === drawnButtons) return;
  drawnButtons = key;
  const none = "No button is bound to this lock: lockctl bind BUTTON LOCK";
  const shown = mine.length ? mine.map(drawButton) : [make("p", { class: "hint" }, none)];
  find("buttons").replaceChildren(...shown);
}

/** @param {Button} button */
function drawButton(button) {
  const { thing, device } = button;
  const ready = device?.connected ?? false;
  const row = clicks.map(([click, label]) => make("button", {
    type: "button", "data-click": click, ...(ready ? {} : { disabled: "" }),
    onclick: () => post(`api/devices/${thing}/press`, { click }),
  }, label));
  const why = device ? "not connected" : "no device here: another client can be the button";
  return make("div", { class: "button", "data-button": thing },
    make("h3", {}, title(button)), make("div", { class: "clicks" }, ...row),
    ...(ready ? [] : [make("p", { class: "hint" }, why)]));
}

/** @param {Door | undefined} lock */
function drawDoor(lock) {
  const device = lock?.device;
  const latch = device?.powered ? device.latch ?? "unknown" : "unknown";
  find("door").dataset.latch = latch;
  find("door").setAttribute("aria-label", `door: ${latch}`);
  setWord(find("latch"), latch);
  const connection = device?.connected ? "connected" : "not connected";
  const condition = !device ? "no device here" : device.powered ? connection : "no power";
  find("device").textContent = lock ? `${title(lock)}: ${condition}` : "no locks";
  drawSwitch("power", device, device?.powered, ["Cut power", "Power on"]);
  drawSwitch("network", device?.powered, device?.network, ["Cut network", "Plug network in"]);
  drawSwitch("leaf", device, !device?.doorOpen, ["Open door", "Close door"], "door", "open");
  find("leaf").hidden = (device?.doorOpen ?? null) === null;
  find("door").dataset.open = String(device?.doorOpen ?? false);
}

function drawSwitch(name, usable, on, labels, path = name, key = "on") {
  const control = find(name);
  control.textContent = labels[on ? 0 : 1];
  control.disabled = !usable;
  const next = key === "on" ? !on : on;
  control.onclick = () => post(`api/devices/${chosen}/${path}`, { [key]: next });
}

function setWord(element, text) {
  element.textContent = text;
  element.dataset.word = text;
}

function drawRows(list, pairs) {
  const known = pairs.filter(([, value]) => (value ?? null) !== null);
  find(list).replaceChildren(...known.flatMap(([name, value]) => {
    const cell = make("dd", { "data-field": name });
    setWord(cell, typeof value === "object" ? JSON.stringify(value) : String(value));
    return [make("dt", {}, name), cell];
  }));
}

function recordRows(record) {
  const command = record?.command;
  return !record ? [["record", "none yet"]] : [
    ["state", record.state], ["status", record.status],
    ["certainty", record.certainty], ["version", record.version],
    ["command", command && `${command.action} (${command.cause})`], ["command id", command?.id],
    ["created", timeOfDay(command?.createdAt)], ["expires", timeOfDay(command?.expiresAt)],
    ["attempts", command?.attempts], ["reported", timeOfDay(record.reported?.at)],
  ];
}

function shadowRows(shadow) {
  const rows = Object.entries(shadow?.reported ?? {});
  return !shadow ? [["shadow", "none yet"]]
    : [...rows, ["shadow version", shadow.version], ["updated", timeOfDay(shadow.at)]];
}

function drawAlerts(alerts) {
  find("alerts").hidden = alerts.length === 0;
  find("alert-list").replaceChildren(...alerts.map((alert) => make("li", {},
    make("time", { datetime: new Date(alert.at).toISOString() }, timeOfDay(alert.at)),
    make("div", {}, ...[
      ["strong", alert.subject], ["p", alert.message], ["small", alert.recipients],
    ].filter(([, text]) => text).map(([tag, text]) => make(tag, {}, text))))));
}

function drawHistory(events) {
  const lines = events.map((event) => make("li", { class: event.ignored ? "bad" : "" },
    make("time", { datetime: new Date(event.at).toISOString() }, timeOfDay(event.at)),
    make("span", {}, event.text)));
  find("history").replaceChildren(...(lines.length ? lines : [make("li", {}, "no events yet")]));
}

// Metrics change even if no lock does, so they are polled. The stream shows a lost connection.
async function drawMetrics() {
  const answer = document.hidden ? null : await fetch("api/metrics").catch(() => null);
  if (!answer?.ok) return;
  const text = await answer.text();
  if (text === drawnMetrics) return;
  drawnMetrics = text;
  const { functions, rules, written } = JSON.parse(text);
  const names = (row) => [row.namespace, row.name, ...Object.values(row.dimensions)].join(" · ");
  const tables = [
    [["Function", "invocations", "errors", "throttles", "duration, mean (ms)", "longest (ms)"],
      functions.map((row) => [row.name, row.invocations, { fault: row.errors },
        { fault: row.throttles }, row.durationMs?.average, row.durationMs?.maximum])],
    [["Rule", "matches", "failures"], rules.map((row) =>
      [row.rule, row.matches, { fault: row.failures }])],
    [["Written by functions", "unit", "values", "sum", "mean", "greatest"],
      written.map((row) => [names(row), row.unit, row.values, row.sum, row.average, row.maximum])],
  ].filter(([, rows]) => rows.length);
  find("metrics").hidden = tables.length === 0;
  find("tables").replaceChildren(...tables.map(([head, rows]) => make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...rows.map((row) =>
      make("tr", { "data-metric": row[0] }, ...row.map(drawFigure)))))));
}

// A figure is a name, a number, or { fault: number }, which is shown in red unless it is 0.
function drawFigure(figure) {
  const value = figure?.fault ?? figure ?? "–";
  const text = value.toLocaleString(undefined, { maximumFractionDigits: 1 });
  return make("td", figure?.fault > 0 ? { class: "bad" } : {}, text);
}

drawMetrics();
setInterval(drawMetrics, 2000);
