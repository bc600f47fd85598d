// @ts-check
// Changes the document as little as a drawing needs: what is the same is not touched, so nothing
// loses its focus, is announced again or swallows a click.
//
// Must not know: what is drawn.

/** @param {string} id @returns {HTMLElement} */
export function find(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element;
}

/** @param {string} id @returns {HTMLInputElement} */
export const findInput = (id) => /** @type {HTMLInputElement} */ (find(id));

/** The part with this name. @param {Element} root @param {string} name @returns {HTMLElement} */
export function part(root, name) {
  const element = root.querySelector(`[data-part="${name}"]`);
  if (!element) throw new Error(`no part ${name}`);
  return /** @type {HTMLElement} */ (element);
}

/** A copy of what is in a template. @param {string} id @returns {HTMLElement} */
export function copy(id) {
  const { content } = /** @type {HTMLTemplateElement} */ (find(id));
  const first = content.firstElementChild;
  if (!first) throw new Error(`the template ${id} is empty`);
  return /** @type {HTMLElement} */ (document.importNode(first, true));
}

/** @param {string} tag @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children @returns {HTMLElement} */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {Element} element @param {unknown} value */
export function setText(element, value) {
  const text = String(value ?? "");
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {unknown} value null removes it */
export function set(element, name, value) {
  const text = value === null || value === undefined ? null : String(value);
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

/** A text that style sheets know by its word. @param {Element} element @param {unknown} text */
export function setWord(element, text) {
  setText(element, text);
  set(element, "data-word", text ?? "");
}

/** @param {Element} element @param {boolean} on */
export function show(element, on) {
  set(element, "hidden", on ? null : "");
}

/** @param {Element} element @param {number} at */
export function setTime(element, at) {
  set(element, "datetime", new Date(at).toISOString());
  setText(element, new Date(at).toLocaleTimeString());
}

/** Makes a list show these items in this order, with one element for each key.
 * @template T
 * @param {Element} list @param {T[]} items @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} create
 * @param {(element: HTMLElement, item: T) => void} update */
export function keep(list, items, key, create, update) {
  /** @type {Map<string | null, Element>} */
  const known = new Map([...list.children].map((each) => [each.getAttribute("data-key"), each]));
  // What is gone goes first, so that what stays is in its place already.
  const wanted = new Set(items.map(key));
  for (const [name, element] of known) if (!wanted.has(name ?? "")) element.remove();
  let next = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let element = /** @type {HTMLElement | undefined} */ (known.get(name));
    if (!element) {
      element = create(item);
      element.setAttribute("data-key", name);
    }
    update(element, item);
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
}

/** Fills a description list with names and values; a value that is null is left out.
 * @param {Element} list @param {[string, unknown][]} rows */
export function setRows(list, rows) {
  const known = rows.filter(([, value]) => (value ?? null) !== null);
  keep(list, known, ([name]) => name,
    ([name]) => make("div", {}, make("dt", {}, name), make("dd", { "data-field": name })),
    (row, [, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      setWord(/** @type {Element} */ (row.lastElementChild), text);
    });
}
