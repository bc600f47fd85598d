// @ts-check
// Reads the server's stream into the state. The first message is the whole board, each later one
// what differs from the one before it; after a gap the next stream begins with the whole board.
//
// Must not know: the document.

import * as store from "./state.js";
import { headers, withToken } from "./token.js";

/** @typedef {import("./state.js").Changed} Changed */

/** Listens until the page is closed.
 * @param {(changed: Changed) => void} onChange
 * @param {(live: boolean, why?: string) => void} onConnection */
export function listen(onChange, onConnection) {
  const stream = new EventSource(withToken("api/stream"));
  /** @param {string} name @param {(data: any) => Changed | null} take */
  const on = (name, take) => stream.addEventListener(name, ({ data }) => {
    const changed = take(JSON.parse(data));
    if (changed) { onChange(changed); return; }
    stream.close();
    listen(onChange, onConnection);
  });
  on("state", (board) => {
    onConnection(true);
    return store.replace(board);
  });
  on("change", store.apply);
  on("ways", store.replaceWays);
  on("way", store.putWay);
  on("messages", store.replaceMessages);
  on("message", store.putMessage);
  on("faults", store.replaceFaults);
  on("fault", store.putFault);
  // The browser opens it again by itself, unless the answer was not a stream.
  stream.onerror = async () => {
    onConnection(false);
    if (stream.readyState !== EventSource.CLOSED) return;
    const why = await refusal();
    if (why) onConnection(false, why);
    else setTimeout(() => listen(onChange, onConnection), 2000);
  };
}

/** Why the server does not let this page in; empty if it does, or does not answer. */
async function refusal() {
  const answer = await fetch("api/state", { headers: headers() }).catch(() => null);
  if (answer?.status !== 401) return "";
  const body = await answer.json().catch(() => ({}));
  return body.error ?? "lockctl does not let this page in";
}
