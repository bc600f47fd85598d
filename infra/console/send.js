// @ts-check
// Sends what a person asks for to the server, and shows why it could not be done.
//
// Must not know: what the requests mean.

import { find } from "./dom.js";
import { headers } from "./token.js";

/** The answer's body; null without one. @param {string} path @param {object} body
 * @returns {Promise<any>} */
export async function send(path, body) {
  const kind = { "content-type": "application/json" };
  const request = { method: "POST", headers: { ...headers(), ...kind },
    body: JSON.stringify(body) };
  const { answer, error } = await fetch(path, request).then(read, ({ message }) =>
    ({ answer: null, error: `lockctl did not answer: ${message}` }));
  if (!error) return answer;
  const dialog = /** @type {HTMLDialogElement} */ (find("problem"));
  find("problem-text").textContent = error;
  dialog.showModal();
  return null;
}

/** @param {Response} response @returns {Promise<{ answer: any, error: string | null }>} */
async function read(response) {
  const answer = await response.json().catch(() => null);
  if (response.ok) return { answer, error: null };
  const error = answer?.error ?? `the answer was ${response.status} ${response.statusText}`;
  return { answer: null, error };
}

/** @param {string} thing @param {string} click */
export const press = (thing, click) => send(path(thing, "press"), { click });

/** Takes a button's permission, or gives it back. @param {string} thing @param {boolean} revoked */
export const permit = (thing, revoked) =>
  send(`api/buttons/${encodeURIComponent(thing)}/${revoked ? "restore" : "revoke"}`, {});

/** @param {string} thing @param {string} what */
export const path = (thing, what) => `api/devices/${encodeURIComponent(thing)}/${what}`;
