// What the device is asked, and what it answers.

/** @typedef {{ko: string, en: string}} Why */

const ASK_WITHIN_MS = 20000;
const DO_WITHIN_MS = 120000; // a small computer, and a network that it has to wait for

/** The device says no, and what to do about it. */
export class Refusal extends Error {
  /** @param {number} status @param {{code: string, what: Why, remedy: Why}} said @param {number} waitS */
  constructor(status, said, waitS) {
    super(said.code);
    this.status = status;
    this.code = said.code;
    this.what = said.what;
    this.remedy = said.remedy;
    this.waitS = waitS;
  }
}

/** Nobody answers: the device begins anew, or the telephone has left its network. */
export class Unreachable extends Error {}

/** @param {string} path */
export function ask(path) {
  return answered(path, { signal: AbortSignal.timeout(ASK_WITHIN_MS) });
}

/** @param {string} path @param {unknown} body */
export function tell(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answered(path, { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(DO_WITHIN_MS) });
}

/** @param {string} path @param {RequestInit} request */
async function answered(path, request) {
  const [answer, said] = await exchanged(path, request);
  if (answer.ok) return said;
  if (said === null || typeof said.code !== "string" || !said.what || !said.remedy) throw new Unreachable(`${path}: ${answer.status}`);
  throw new Refusal(answer.status, said, Number(said.wait_s ?? answer.headers.get("Retry-After")) || 0);
}

/** @param {string} path @param {RequestInit} request @returns {Promise<[Response, any]>} */
async function exchanged(path, request) {
  try {
    const answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...request });
    const body = await answer.text();
    return [answer, body.startsWith("{") || body.startsWith("[") ? JSON.parse(body) : null];
  } catch (error) {
    throw new Unreachable(`${path}: ${error}`);
  }
}

/** Readings as they come, until `close()`; what breaks is dialled again by the browser itself. */
export function listen(take) {
  const source = new EventSource("/api/live");
  source.addEventListener("message", (event) => {
    const reading = JSON.parse(event.data);
    if (typeof reading.sensor === "string" && typeof reading.value === "number") take(reading);
  });
  return source;
}
