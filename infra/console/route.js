// @ts-check
// Which page the address names, and the way from one to another: one section is shown, the link
// to it is marked, and the focus goes to its heading.
//
// Must not know: what the pages show.

import { set, show } from "./dom.js";

/** @typedef {"overview" | "door" | "messages" | "alerts" | "metrics" | "faults"} Name */
/** @typedef {{ name: Name, thing: string }} Route */

/** The pages about what happens in the stack, which a laptop's server alone knows. */
export const PLAIN = /** @type {const} */ (["messages", "alerts", "metrics", "faults"]);

/** The route of an address; the overview for an unknown one.
 * @param {string} hash @returns {Route} */
export function parse(hash) {
  const [, first = "", second = ""] = hash.split("/");
  if (first === "door" && second) {
    try {
      return { name: "door", thing: decodeURIComponent(second) };
    } catch {
      return { name: "overview", thing: "" };
    }
  }
  return { name: PLAIN.find((name) => name === first) ?? "overview", thing: "" };
}

/** @param {string} thing */
export const doorLink = (thing) => `#/door/${encodeURIComponent(thing)}`;

/** Shows the section of a route. @param {Route} route */
export function enter({ name }) {
  for (const section of document.querySelectorAll("[data-page]")) {
    show(section, section.getAttribute("data-page") === name);
  }
  for (const link of document.querySelectorAll("[data-nav]")) {
    const target = link.getAttribute("data-nav");
    // A door belongs to the overview, whose link is marked as its parent.
    const current = target === name ? "page" : target === "overview" && name === "door" && "true";
    set(link, "aria-current", current || null);
  }
}

/** Puts the focus on the heading of the page that is shown. */
export function focusHeading() {
  const heading = document.querySelector("[data-page]:not([hidden]) h1");
  if (heading instanceof HTMLElement) heading.focus({ preventScroll: true });
}
