// @ts-check
// Draws the metrics of functions and rules as tables. They change even if no lock does, so they
// are asked for again and again while they are shown.
//
// Must not know: what a metric means.

import { find, keep, make, set, setText, show } from "./dom.js";

/** @typedef {{ name: string, invocations: number, errors: number, throttles: number,
 *   durationMs: { average: number, maximum: number } | null }} FunctionRow */
/** @typedef {{ rule: string, matches: number, failures: number }} RuleRow */
/** @typedef {{ namespace: string, name: string, dimensions: Record<string, string>, unit: string,
 *   values: number, sum: number, average: number, maximum: number }} WrittenRow */
/** @typedef {{ functions: FunctionRow[], rules: RuleRow[], written: WrittenRow[] }} Metrics */
/** A name, a number, or a number that is bad unless it is 0.
 * @typedef {string | number | { fault: number } | null | undefined} Figure */
/** @typedef {{ head: string[], rows: Figure[][] }} Table */

const EVERY_MS = 2000;
const FIGURES = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
let drawn = "";

/** Keeps the tables up to date while `isShown` is true. @param {() => boolean} isShown */
export function startMetrics(isShown) {
  const again = () => (isShown() && !document.hidden ? update() : null);
  setInterval(again, EVERY_MS);
}

/** Asks for the metrics and draws them if they differ. */
export async function update() {
  const answer = await fetch("api/metrics").catch(() => null);
  const text = answer?.ok ? await answer.text().catch(() => drawn) : drawn;
  if (text === drawn) return;
  drawn = text;
  drawTables(tablesOf(JSON.parse(text)));
}

/** @param {Metrics} metrics @returns {Table[]} */
export function tablesOf({ functions, rules, written }) {
  /** @param {WrittenRow} row */
  const nameOf = (row) => [row.namespace, row.name, ...Object.values(row.dimensions)].join(" · ");
  const tables = [
    {
      head: ["Function", "invocations", "errors", "throttles", "duration, mean (ms)",
        "longest (ms)"],
      rows: functions.map((row) => [row.name, row.invocations, { fault: row.errors },
        { fault: row.throttles }, row.durationMs?.average, row.durationMs?.maximum]),
    },
    {
      head: ["Rule", "matches", "failures"],
      rows: rules.map((row) => [row.rule, row.matches, { fault: row.failures }]),
    },
    {
      head: ["Written by functions", "unit", "values", "sum", "mean", "greatest"],
      rows: written.map((row) =>
        [nameOf(row), row.unit, row.values, row.sum, row.average, row.maximum]),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** @param {Table[]} tables */
export function drawTables(tables) {
  show(find("no-metrics"), tables.length === 0);
  keep(find("tables"), tables, ({ head }) => head[0], createTable, (box, { head, rows }) => {
    const body = /** @type {Element} */ (box.querySelector("tbody"));
    keep(body, rows, ([name]) => String(name), (row) => createRow(head, row), drawRow);
  });
}

// The roles keep a table a table where a phone shows its rows as cards.
/** @param {Table} table */
function createTable({ head }) {
  const cells = head.map((name) => make("th", { scope: "col", role: "columnheader" }, name));
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": head[0] },
    make("table", { role: "table" },
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...cells)),
      make("tbody", { role: "rowgroup" })));
}

/** @param {string[]} head @param {Figure[]} row */
function createRow(head, row) {
  const cells = head.map((name) => make("td", { role: "cell", "data-label": name }));
  return make("tr", { role: "row", "data-metric": String(row[0]) }, ...cells);
}

/** @param {HTMLElement} element @param {Figure[]} row */
function drawRow(element, row) {
  for (const [at, figure] of row.entries()) {
    const isFault = typeof figure === "object" && figure !== null;
    const value = isFault ? figure.fault : figure ?? "–";
    const cell = element.children[at];
    setText(cell, typeof value === "number" ? FIGURES.format(value) : value);
    set(cell, "class", isFault && figure.fault > 0 ? "bad" : null);
  }
}
