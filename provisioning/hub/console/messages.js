// What a device says, taken apart. Nothing in it is trusted: every part is held to its type and
// length, and what is no part of the contract (provisioning/hub) is left aside.

const ROOT = "haetae/v1";
export const TOPICS = [`${ROOT}/+/+/event/+`, `${ROOT}/+/+/state`, `${ROOT}/+/+/ack/+`];
export const MOST_ITEMS = 64; // of one device's faults, incidents, claims
const LONGEST_TEXT = 600;
// controls, and what turns the direction of what follows: a name must not rewrite its neighbours
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const TOPIC = /^haetae\/v1\/([^/]+)\/([^/]+)\/(?:(state)|(event|ack)\/([a-z0-9_]{1,40}))$/;
const decoder = new TextDecoder();

/** @param {unknown} value @returns {string} what may be shown of it; empty if it is no text */
export function text(value, longest = LONGEST_TEXT) {
  return typeof value === "string" ? value.slice(0, longest).replace(UNSEEN, "") : "";
}

/** @param {unknown} value @returns {number | null} */
export function number(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** @param {unknown} value @returns {Map<string, string>} texts by name, so many as are shown */
export function texts(value) {
  const found = new Map();
  if (value === null || typeof value !== "object" || Array.isArray(value)) return found;
  for (const [name, each] of Object.entries(value).slice(0, MOST_ITEMS)) found.set(text(name, 80), text(each));
  return found;
}

/**
 * Who speaks, by the topic, which is what the broker vouches for.
 * @param {string} topic
 * @returns {{site: string, device: string, kind: string, name: string} | null}
 */
export function address(topic) {
  const found = TOPIC.exec(topic);
  if (found === null) return null;
  const [, site, device, state, kind, name = ""] = found;
  return { site, device, kind: state ?? kind, name };
}

/** @param {string} site @param {string} device @param {string} verb */
export function commandTopic(site, device, verb) {
  return `${ROOT}/${site}/${device}/cmd/${verb}`;
}

/** @param {Uint8Array} payload @returns {any} null where it is no JSON */
export function json(payload) {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch {
    return null;
  }
}

/**
 * @typedef {object} State what a device says of itself
 * @property {"online" | "offline" | "unclear"} status
 * @property {Map<string, string>} coverage claim by hazard
 * @property {Map<string, string>} why by hazard
 * @property {Map<string, string>} faults by sensor
 * @property {Map<string, string>} active "hazard stage" by event id
 * @property {Map<string, string>} answered who, by event id
 * @property {Map<string, string>} trouble by what has it
 * @property {string[]} muted
 * @property {string} siren
 * @property {string} update what became of the last update, while there is something to tell
 * @property {number} pending events that wait on the device
 * @property {boolean} simulated
 */

/** @param {Uint8Array} payload @returns {State} */
export function readState(payload) {
  const word = payload.length < 16 ? decoder.decode(payload) : "";
  const found = word === "offline" || word === "online" ? { status: word } : json(payload);
  const isObject = found !== null && typeof found === "object" && !Array.isArray(found);
  const said = isObject ? found : {};
  const status = said.status === undefined ? "online" : said.status;
  return {
    status: isObject && (status === "online" || status === "offline") ? status : "unclear",
    coverage: texts(said.coverage),
    why: texts(said.why),
    faults: texts(said.faults),
    active: texts(said.active),
    answered: texts(said.answered),
    trouble: texts(said.trouble),
    muted: Array.isArray(said.muted) ? said.muted.slice(0, MOST_ITEMS).map((each) => text(each, 80)) : [],
    siren: text(said.siren, 40) || "quiet",
    update: text(said.update, 300),
    pending: Math.max(0, number(said.pending) ?? 0),
    simulated: said.simulated === true,
  };
}

/**
 * @typedef {object} Told one event as it is shown
 * @property {string} id
 * @property {number} revision
 * @property {string} hazard
 * @property {string} stage
 * @property {string} subject
 * @property {string} time RFC 3339, empty where it is not known
 * @property {number | null} uncertaintyS null where the clock was never set
 * @property {string} source of the time
 * @property {{ko: string, en: string}} why
 * @property {boolean} simulated
 * @property {boolean} historical
 * @property {boolean} test
 * @property {boolean} unreadable the record was damaged on the device's disk
 */

/**
 * @param {string} hazard of the topic
 * @param {Uint8Array} payload
 * @param {Array<[string, string]>} user properties: the CloudEvents attributes in binary mode
 * @returns {Told | null} null where not even an id can be found
 */
export function readEvent(hazard, payload, user) {
  const said = json(payload);
  const isStructured = said !== null && typeof said === "object" && "specversion" in said;
  /** @type {Map<string, unknown>} */
  const attributes = new Map(isStructured ? Object.entries(said) : [...user].reverse());
  const inner = isStructured ? said.data : said;
  const record = inner !== null && typeof inner === "object" && !Array.isArray(inner) ? inner : null;
  const id = text(record?.id, 80) || text(attributes.get("id"), 80);
  if (!id) return null;
  const flag = (name) => attributes.get(name) === "true" || attributes.get(name) === true;
  const revision = number(record?.revision) ?? number(Number(attributes.get("revision") ?? 0)) ?? 0;
  return {
    id,
    revision: Math.max(0, Math.trunc(revision)),
    hazard,
    stage: record === null ? "unreadable" : text(record.stage, 40),
    subject: text(record?.subject ?? attributes.get("subject"), 80),
    time: timeOf(record?.wall_time) || timeOf(attributes.get("time")),
    uncertaintyS: number(record?.wall_uncertainty_s),
    source: text(record?.wall_source, 40),
    why: { ko: text(record?.why?.ko), en: text(record?.why?.en) },
    simulated: flag("simulated") || record?.simulated === true,
    historical: flag("historical"),
    test: flag("test") || text(record?.inspection) !== "",
    unreadable: record === null,
  };
}

function timeOf(value) {
  const found = text(value, 40);
  return found && !Number.isNaN(Date.parse(found)) ? found : "";
}

/** @param {Uint8Array} payload @returns {{id: string, accepted: boolean, code: string, reason: string, state: Uint8Array} | null} */
export function readAnswer(payload) {
  const said = json(payload);
  const id = text(said?.id, 80);
  if (!id) return null;
  return { id, accepted: said.result === "accepted", code: text(said.code, 40), reason: text(said.reason) };
}
