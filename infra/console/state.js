// @ts-check
// What the page knows: the board as the server last sent it, the newest ways and messages.
//
// Must not know: the document, or how anything is drawn.

/** @typedef {{ powered: boolean, network: boolean, connected: boolean, latch?: string | null,
 *   halfOpen?: boolean, doorOpen?: boolean | null, exitPressed?: boolean | null,
 *   boltJammed?: boolean | null, bolt?: string | null, clock?: Clock,
 *   movements?: number }} Device */
/** What is wrong with a device's idea of the time.
 * @typedef {{ hears: boolean, aheadS: number, driftPpm: number }} Clock */
/** @typedef {{ action: string, cause: string, id?: string, createdAt?: number,
 *   expiresAt?: number | null, attempts?: number }} Command */
/** @typedef {{ at: number, door?: string | null, shadowVersion?: number }} Reported */
/** What the cloud knows of a lock.
 * @typedef {{ state: string, status: string, certainty: string, version: number,
 *   command?: Command | null, reported?: Reported | null, refused?: string | null }} Known */
/** @typedef {{ reported: Record<string, unknown> | null, version?: number,
 *   at?: number | null }} Shadow */
/** One line of a lock's history.
 * @typedef {{ at: number, text: string, key?: string, kind?: string, decision?: string,
 *   reason?: string, ignored?: boolean, button?: string, click?: string, actor?: string,
 *   action?: string, source?: string, latch?: string, count?: number, lastAt?: number }} Line */
/** @typedef {{ thing: string, label?: string | null, room?: string | null,
 *   device?: Device | null, record?: Known | null, shadow?: Shadow | null, history?: Line[],
 *   error?: string | null }} Door */
/** @typedef {{ thing: string, label?: string | null, device?: Device | null,
 *   lock?: string | null, revoked?: boolean, error?: string | null }} Button */
/** @typedef {{ at: number, subject?: string | null, message?: string | null,
 *   recipients?: string | null }} Alert */
/** @typedef {{ name: string, at: number, detail?: string | null }} Step */
/** @typedef {{ kind: "done" | "ignored" | "refused" | "lost", where: string, why: string }} End */
/** The way of one press.
 * @typedef {{ id: string, button: string, lock: string | null, at: number, steps: Step[],
 *   end: End | null }} Way */
/** @typedef {{ id: number, at: number, topic: string, client: string | null, qos: number,
 *   payload: string, cut?: boolean }} Message */
/** One time that a fault struck.
 * @typedef {{ id: number, at: number, fault: string, target: string, what: string }} FaultEntry */
/** Those armed as they are written, and the journal.
 * @typedef {{ armed: string[], journal: FaultEntry[] }} Faults */
/** What the page can do: press and switch what is on a laptop, ask a lock, show ways, messages,
 * alerts and metrics.
 * @typedef {{ switch: boolean, request: boolean, trace: boolean }} Can */
/** @typedef {{ number: number, locks: Door[], buttons: Button[], alerts: Alert[],
 *   error?: string | null, can?: Can, target?: string | null }} Board */
/** A list that changed: what is in front, then a slice of what it was.
 * @typedef {{ front: any[], keep: [number, number] }} ListChange */
/** @typedef {{ fields?: object, lists?: Record<string, ListChange> }} ThingChange */
/** @typedef {{ number: number, locks?: Record<string, ThingChange>,
 *   buttons?: Record<string, ThingChange>, alerts?: ListChange | null,
 *   error?: string | null }} BoardChange */
/** What a drawing must look at: everything, or these things and lists.
 * @typedef {{ all?: boolean, things?: Set<string>, alerts?: boolean, ways?: boolean,
 *   messages?: boolean, faults?: boolean }} Changed */

/** Ways, messages and entries about faults that are kept. */
const [WAYS_KEPT, MESSAGES_KEPT, ENTRIES_KEPT] = [60, 300, 200];

/** What a page can do until its server says it: what a laptop's can. @type {Can} */
const LAPTOP = { switch: true, request: false, trace: true };

/** `ways`, `messages` and the journal are newest first; `error` says why nothing newer is shown.
 * @type {Required<Board> & { ways: Way[], messages: Message[], faults: Faults, live: boolean }} */
export const state = {
  number: 0, locks: [], buttons: [], alerts: [], ways: [], messages: [],
  faults: { armed: [], journal: [] }, live: false, error: null, can: LAPTOP, target: null,
};

/** @param {string} thing @returns {Door | undefined} */
export const door = (thing) => state.locks.find((each) => each.thing === thing);
/** @param {string} thing @returns {Button | undefined} */
export const button = (thing) => state.buttons.find((each) => each.thing === thing);
/** @param {string} lock */
export const buttonsOf = (lock) => state.buttons.filter((each) => each.lock === lock);

/** Takes a whole board. @param {Board} board @returns {Changed} */
export function replace(board) {
  const { number, locks, buttons, alerts, error = null, can = LAPTOP, target = null } = board;
  Object.assign(state, { number, locks, buttons, alerts, error, can, target });
  return { all: true };
}

/** @param {any[]} list @param {ListChange} change */
const changedList = (list, { front, keep }) => [...front, ...list.slice(...keep)];

/** Applies a change of the board; null if one before it is missing.
 * @param {BoardChange} change @returns {Changed | null} */
export function apply({ number, locks = {}, buttons = {}, alerts = null, error }) {
  if (number !== state.number + 1) return null;
  /** @type {Set<string>} */
  const things = new Set();
  for (const [all, changes] of /** @type {const} */ ([
    [state.locks, locks], [state.buttons, buttons],
  ])) {
    for (const thing of all.filter((each) => each.thing in changes)) {
      const { fields = {}, lists = {} } = changes[thing.thing];
      Object.assign(thing, fields);
      for (const [name, list] of Object.entries(lists)) {
        const each = /** @type {Record<string, any>} */ (thing);
        each[name] = changedList(each[name] ?? [], list);
      }
      things.add(thing.thing);
      // A button is shown with its door.
      if ("lock" in thing && thing.lock) things.add(thing.lock);
    }
  }
  if (alerts) state.alerts = changedList(state.alerts, alerts);
  if (error !== undefined) state.error = error;
  state.number = number;
  // A button's lock may have changed, so every door may have lost or got one.
  const isAll = Object.values(buttons).some(({ fields = {} }) => "lock" in fields);
  return { all: isAll, things, alerts: Boolean(alerts) };
}

/** Takes the newest ways, oldest first. @param {Way[]} ways @returns {Changed} */
export function replaceWays(ways) {
  state.ways = [...ways].reverse();
  return { ways: true };
}

/** Takes a way, which may have grown. @param {Way} way @returns {Changed} */
export function putWay(way) {
  const at = state.ways.findIndex((each) => each.id === way.id);
  if (at < 0) state.ways = [way, ...state.ways].slice(0, WAYS_KEPT);
  else state.ways[at] = way;
  return { ways: true };
}

/** Takes the newest messages, oldest first. @param {Message[]} messages @returns {Changed} */
export function replaceMessages(messages) {
  state.messages = [...messages].reverse();
  return { messages: true };
}

/** @param {Message} message @returns {Changed} */
export function putMessage(message) {
  state.messages.unshift(message);
  state.messages.length = Math.min(state.messages.length, MESSAGES_KEPT);
  return { messages: true };
}

/** Takes the faults, the journal oldest first. @param {Faults} faults @returns {Changed} */
export function replaceFaults({ armed, journal }) {
  state.faults = { armed, journal: [...journal].reverse() };
  return { faults: true };
}

/** Takes an entry, and those still armed after it.
 * @param {{ entry: FaultEntry, armed: string[] }} struck @returns {Changed} */
export function putFault({ entry, armed }) {
  const { journal } = state.faults;
  state.faults = { armed, journal: [entry, ...journal].slice(0, ENTRIES_KEPT) };
  return { faults: true };
}

/** The ways of a door, newest first: those that reached it, and of its buttons those that did not.
 * @param {string} lock @returns {Way[]} */
export function waysOf(lock) {
  const own = new Set(buttonsOf(lock).map((each) => each.thing));
  return state.ways.filter((way) => (way.lock ? way.lock === lock : own.has(way.button)));
}

/** Joins what two drawings must look at.
 * @param {Changed} a @param {Changed} b @returns {Changed} */
export function join(a, b) {
  return {
    all: a.all || b.all,
    things: new Set([...(a.things ?? []), ...(b.things ?? [])]),
    alerts: a.alerts || b.alerts,
    ways: a.ways || b.ways,
    messages: a.messages || b.messages,
    faults: a.faults || b.faults,
  };
}
