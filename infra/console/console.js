// The console's behaviour: draws what the server says, and asks it to press. Decides nothing about locks.

const find = (id) => document.getElementById(id);
let state = { locks: [], buttons: [] };
let chosen = null;

const stream = new EventSource("api/stream");
stream.addEventListener("state", (event) => { state = JSON.parse(event.data); link(true); draw(); });
stream.onerror = () => link(false);

function link(live) {
  find("link").textContent = live ? "live" : "no connection to lockctl: is it still running? (trying again)";
  find("link").dataset.live = live;
  if (!live) { for (const button of document.querySelectorAll("main button")) button.disabled = true; }
}

async function ask(path, body) {
  const problem = find("problem");
  try {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) return;
    problem.firstElementChild.textContent = (await answer.json()).error;
  } catch (error) {
    problem.firstElementChild.textContent = `lockctl did not answer: ${error.message}`;
  }
  problem.showModal();
}

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function draw() {
  const lock = state.locks.find((each) => each.thing === chosen) ?? state.locks[0];
  chosen = lock?.thing ?? null;
  drawLocks();
  drawButtons();
  drawDoor(lock);
  drawRecord(lock);
  drawShadow(lock);
  drawHistory(lock);
}

function drawLocks() {
  find("locks").replaceChildren(...state.locks.map((lock) => make("button", {
    type: "button", "aria-pressed": lock.thing === chosen, onclick: () => { chosen = lock.thing; draw(); },
  }, lock.thing)));
}

const clicks = [["SINGLE", "Press"], ["DOUBLE", "Double press"], ["LONG", "Long press"]];
let drawnButtons = "";

// Redrawn only when the set of buttons changes, so that a press is never swallowed by a redraw.
function drawButtons() {
  const mine = state.buttons.filter((button) => button.lock === chosen);
  const key = JSON.stringify(mine) + find("link").dataset.live;
  if (key === drawnButtons) return;
  drawnButtons = key;
  const nothing = make("p", { class: "hint" }, "No button is bound to this lock: lockctl bind BUTTON LOCK");
  find("buttons").replaceChildren(...(mine.length ? mine.map(drawButton) : [nothing]));
}

function drawButton(button) {
  const ready = button.device?.connected ?? false;
  const row = clicks.map(([click, label]) => {
    const control = make("button", {
      type: "button", "data-click": click, onclick: () => ask(`api/devices/${button.thing}/press`, { click }),
    }, label);
    control.disabled = !ready;
    return control;
  });
  const why = button.device ? "not connected" : "no device here: another client can be it";
  return make("div", { class: "button", "data-button": button.thing },
    make("h3", {}, button.thing), make("div", { class: "clicks" }, ...row),
    ...(ready ? [] : [make("p", { class: "hint" }, why)]));
}

function drawDoor(lock) {
  const device = lock?.device;
  const latch = device?.powered ? device.latch ?? "unknown" : "unknown";
  find("door").dataset.latch = latch;
  find("door").setAttribute("aria-label", `door: ${latch}`);
  word(find("latch"), latch);
  const life = !device ? "no device here" : !device.powered ? "no power" : device.connected ? "connected" : "not connected";
  find("device").textContent = lock ? `${lock.thing}: ${life}` : "no locks";
  drawSwitch(find("power"), device, device?.powered, "power", "Cut power", "Power on");
  drawSwitch(find("network"), device?.powered ? device : null, device?.network, "network", "Cut network", "Plug network in");
}

function drawSwitch(control, device, on, name, off, back) {
  control.textContent = on ? off : back;
  control.disabled = !device;
  control.onclick = () => ask(`api/devices/${chosen}/${name}`, { on: !on });
}

function word(element, text) {
  element.textContent = text;
  element.dataset.word = text;
}

function rows(list, pairs) {
  list.replaceChildren(...pairs.filter(([, value]) => value !== undefined && value !== null).flatMap(([name, value]) => {
    const cell = make("dd", { "data-field": name });
    word(cell, typeof value === "object" ? JSON.stringify(value) : String(value));
    return [make("dt", {}, name), cell];
  }));
}

const at = (ms) => (ms ? new Date(ms).toLocaleTimeString() : undefined);

function drawRecord(lock) {
  const record = lock?.record;
  if (!record) return rows(find("record"), [["record", "none yet"]]);
  const command = record.command;
  rows(find("record"), [
    ["state", record.state], ["status", record.status], ["certainty", record.certainty], ["version", record.version],
    ["command", command && `${command.action} (${command.cause})`], ["command id", command?.id],
    ["created", at(command?.createdAt)], ["expires", at(command?.expiresAt)], ["attempts", command?.attempts],
    ["reported", at(record.reported?.at)],
  ]);
}

function drawShadow(lock) {
  const shadow = lock?.shadow;
  if (!shadow) return rows(find("shadow"), [["shadow", "none yet"]]);
  rows(find("shadow"), [...Object.entries(shadow.reported ?? {}), ["shadow version", shadow.version], ["updated", at(shadow.at)]]);
}

function drawHistory(lock) {
  const lines = (lock?.history ?? []).map((line) => make("li", { class: line.ignored ? "bad" : "" },
    make("time", { datetime: new Date(line.at).toISOString() }, at(line.at)), make("span", {}, line.text)));
  find("history").replaceChildren(...(lines.length ? lines : [make("li", {}, "nothing yet")]));
}

const round = (value) => (value === undefined || value === null ? "–" : value.toLocaleString(undefined, { maximumFractionDigits: 1 }));
let drawnMetrics = "";

// Counts change without a change of any lock, so they are asked for. Nothing counted, nothing shown.
async function drawMetrics() {
  if (document.hidden) return;
  let metrics;
  try {
    const answer = await fetch("api/metrics");
    if (!answer.ok) return;
    metrics = await answer.json();
  } catch { return; } // The stream says that there is no connection.
  const key = JSON.stringify(metrics);
  if (key === drawnMetrics) return;
  drawnMetrics = key;
  const tables = [
    [["Function", "invocations", "errors", "throttles", "duration, mean (ms)", "longest (ms)"], metrics.functions.map((row) => [
      row.name, row.invocations, { fault: row.errors }, { fault: row.throttles }, row.durationMs?.average, row.durationMs?.maximum])],
    [["Rule", "matches", "failures"], metrics.rules.map((row) => [row.rule, row.matches, { fault: row.failures }])],
    [["Written by functions", "unit", "values", "sum", "mean", "greatest"], metrics.written.map((row) => [
      [row.namespace, row.name, ...Object.values(row.dimensions)].join(" · "), row.unit, row.values, row.sum, row.average, row.maximum])],
  ].filter(([, lines]) => lines.length);
  find("metrics").hidden = tables.length === 0;
  find("tables").replaceChildren(...tables.map(([head, lines]) => make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...lines.map((line) => make("tr", { "data-metric": line[0] }, ...line.map(drawFigure)))))));
}

function drawFigure(figure) {
  const value = figure?.fault ?? figure;
  const isBad = figure?.fault > 0;
  return make("td", isBad ? { class: "bad" } : {}, typeof value === "string" ? value : round(value));
}

drawMetrics();
setInterval(drawMetrics, 2000);
