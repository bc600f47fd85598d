// @ts-check
// The token of `lockctl console`: the printed address has it after the number sign. It is kept for
// this tab, taken out of the address, and goes with every request. A laptop's console has none.
//
// Must not know: what is asked.

const KEY = "remote-lock-token";
const MARK = "#token=";

let token = "";

/** Takes the token from the address, or else the one that this tab has. Returns whether the address
 * had one.
 * @param {Pick<Location, "hash">} location @param {Pick<History, "replaceState">} history
 * @param {Pick<Storage, "getItem" | "setItem">} storage */
export function takeToken(location, history, storage) {
  const isGiven = location.hash.startsWith(MARK);
  if (isGiven) {
    storage.setItem(KEY, location.hash.slice(MARK.length));
    history.replaceState(null, "", "#/");
  }
  token = storage.getItem(KEY) ?? "";
  return isGiven;
}

/** What a request's headers say of it. @returns {Record<string, string>} */
export const headers = () => (token ? { authorization: `Bearer ${token}` } : {});

/** The address of what has no headers: a stream, or a file to save. @param {string} path */
export function withToken(path) {
  if (!token) return path;
  return `${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}`;
}
