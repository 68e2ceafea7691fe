// What is known of all devices, from their messages and from their silence. No DOM, no network and
// no clock of its own: `now` is milliseconds since the page opened, `listened` how many of them the
// connection stood.

import { MOST_ITEMS, address, readEvent, readState } from "./messages.js";

const MOST_DEVICES = 5000;
const MOST_EVENTS = 5000;
const SETTLE_MS = 5000; // a state may be older than an event that overtook it; the next one is not
const LONGEST_SILENCE_MS = 7200e3; // BS 5839-1: loss of communication is shown within 2 h at the latest

/** Hazards for which a person waits for help, as `agent.acting.CALLS` has them. */
export const CALLS = new Set([
  "fire", "co", "gas", "fall", "sos", "inactivity", "wandering", "climate", "water", "neighbour_alarm",
]);

/** What nobody far away may hush, as `agent.annunciator.NEVER_FROM_AFAR` has it. */
const NEVER_FROM_AFAR = new Set(["fire", "co", "gas"]);

/** What stands on top and rings; the rest is trouble or information, and in the history. */
const ALARMING = new Set([...CALLS, "intrusion", "tamper"]);
const TROUBLE = new Set(["fault", "power"]);

/**
 * How a device stands, worst first. Only `proven` is good: being heard is not being able to detect.
 * @type {readonly string[]}
 */
export const LEVELS = Object.freeze([
  "alarm", "prealarm", "drill", "offline", "silent", "unheard", "lost", "trouble", "unclaimed", "assumed", "simulated", "proven",
]);

/** One incident under way. */
class Incident {
  /** @param {string} id @param {string} hazard @param {string} stage @param {number} now */
  constructor(id, hazard, stage, now) {
    Object.assign(this, { id, hazard, stage, since: now, touched: now, late: false });
    /** @type {import("./messages.js").Told | null} */
    this.event = null;
  }

  /** Whether somebody waits for help. */
  get isCall() {
    return this.stage === "alarm" && CALLS.has(this.hazard);
  }

  /** Whether its device would take a command to be quiet. */
  get canBeHushed() {
    return this.isCall && !NEVER_FROM_AFAR.has(this.hazard);
  }

  get isAlarming() {
    return ALARMING.has(this.hazard);
  }
}

/** One device as far as it was heard. */
export class Device {
  constructor(site, device, now, listened) {
    this.key = `${site}/${device}`;
    this.site = site;
    this.name = device;
    /** @type {import("./messages.js").State | null} */
    this.state = null;
    this.isKept = false; // its state was kept by the broker: nobody knows how old it is
    /** @type {number | null} */
    this.heardAt = null;
    this.seenAt = now; // when this page came to know of it
    this.listenedAt = listened;
    /** @type {Map<string, Incident>} by event id */
    this.active = new Map();
    this.level = "unheard";
  }
}

/** All devices, the incidents under way, and what has happened since the page was opened. */
export class Ward {
  /** @param {{silentAfterMs: number}} limits */
  constructor({ silentAfterMs }) {
    this.silentAfterMs = Math.min(silentAfterMs, LONGEST_SILENCE_MS);
    /** @type {Map<string, Device>} */
    this.devices = new Map();
    /** @type {Map<string, any>} newest last */
    this.history = new Map();
    this.notUnderstood = 0;
    this.tooMany = 0;
  }

  /**
   * Take one message in.
   * @returns {{device: Device, ring: Incident | null, event: any} | null} what changed, and the
   *   incident that began or grew with it, if one did
   */
  take({ topic, payload, retained, properties }, now, listened) {
    const from = address(topic);
    if (from === null || from.kind === "ack") return null;
    const device = this.device(from.site, from.device, now, listened);
    if (device === null) return null;
    if (from.kind === "state" && !payload.length) return this.forget(device);
    const change = from.kind === "state"
      ? this.takeState(device, readState(payload), retained, now)
      : this.takeEvent(device, readEvent(from.name, payload, properties.user), now);
    if (!retained) Object.assign(device, { heardAt: now, listenedAt: listened });
    this.judge(device, now, listened);
    return { device, ...change };
  }

  device(site, name, now, listened) {
    const key = `${site}/${name}`;
    let found = this.devices.get(key);
    if (found === undefined) {
      if (this.devices.size >= MOST_DEVICES) {
        this.tooMany += 1;
        return null;
      }
      found = new Device(site, name, now, listened);
      this.devices.set(key, found);
    }
    return found;
  }

  /** Its retained state was taken back: it is no longer in service, unless an alarm still stands. */
  forget(device) {
    if (!device.active.size) this.devices.delete(device.key);
    return { device, ring: null, event: null };
  }

  /** An incident ends when its device says so, never because the device falls silent. */
  takeState(device, state, retained, now) {
    device.isKept = retained;
    if (state.status === "unclear") this.notUnderstood += 1;
    if (state.status !== "online") {
      device.state = { ...(device.state ?? state), status: state.status };
      return { ring: null, event: null };
    }
    device.state = state;
    let ring = null;
    for (const [id, words] of state.active) {
      const [hazard = "", stage = ""] = words.split(" ");
      const known = device.active.get(id);
      if (known !== undefined) {
        if (known.late) ring = worse(ring, known); // it came late, and is not over
        Object.assign(known, { touched: now, late: false });
        continue;
      }
      const incident = new Incident(id, hazard, stage, now);
      incident.event = this.history.get(`${device.key}/${id}`) ?? null;
      device.active.set(id, incident);
      ring = worse(ring, incident);
    }
    for (const [id, incident] of device.active) {
      if (!state.active.has(id) && !incident.late && now - incident.touched > SETTLE_MS) device.active.delete(id);
    }
    return { ring, event: null };
  }

  takeEvent(device, event, now) {
    if (event === null) {
      this.notUnderstood += 1;
      return { ring: null, event: null };
    }
    const key = `${device.key}/${event.id}`;
    const known = this.history.get(key);
    if (known !== undefined) return { ring: null, event: this.revise(known, event) };
    const entry = { ...event, key, device: device.key, at: now };
    this.history.set(key, entry);
    if (this.history.size > MOST_EVENTS) this.history.delete(this.history.keys().next().value);
    return { ring: event.revision ? null : this.follow(device, entry, now), event: entry };
  }

  /** Told again: a better time replaces the time, and nothing else happens. */
  revise(known, event) {
    if (event.revision <= known.revision) return null;
    const { time, uncertaintyS, source, revision } = event;
    return Object.assign(known, { time, uncertaintyS, source, revision });
  }

  /** What a new event means for what is under way. */
  follow(device, event, now) {
    const named = device.active.get(event.id);
    if (named !== undefined) {
      named.event = event;
      named.touched = now;
      return null;
    }
    const before = [...device.active.values()].filter(
      (each) => each.hazard === event.hazard && (each.event === null || each.event.subject === event.subject) && !(event.test && !isDrill(device, each)),
    );
    if (event.stage === "cleared") {
      for (const each of before) if (each.event !== null) device.active.delete(each.id);
      return null;
    }
    if (event.stage !== "alarm" && event.stage !== "prealarm") return null;
    if (event.historical) return this.followLate(device, event, before, now);
    for (const each of before) if (each.event !== null) device.active.delete(each.id);
    if (device.active.size >= MOST_ITEMS) device.active.delete(device.active.keys().next().value);
    const incident = new Incident(event.id, event.hazard, event.stage, now);
    incident.event = event;
    device.active.set(event.id, incident);
    return incident.isAlarming ? incident : null;
  }

  /** Old news: it rings for nobody, but an alarm that nobody saw in time must be seen. */
  followLate(device, event, before, now) {
    if (event.stage !== "alarm" || before.length || !ALARMING.has(event.hazard) || device.active.size >= MOST_ITEMS) return null;
    const incident = new Incident(event.id, event.hazard, event.stage, now);
    Object.assign(incident, { event, late: true });
    device.active.set(event.id, incident);
    return null;
  }

  /** A person has seen an alarm that came late. */
  dismiss(key, id, now, listened) {
    const device = this.devices.get(key);
    if (!device?.active.get(id)?.late) return;
    device.active.delete(id);
    this.judge(device, now, listened);
  }

  /** Judge all anew, since silence is no message. @returns {Device[]} those that stand otherwise */
  tick(now, listened) {
    return [...this.devices.values()].filter((device) => {
      const before = device.level;
      this.judge(device, now, listened);
      return device.level !== before;
    });
  }

  judge(device, now, listened) {
    device.level = this.level(device, now, listened);
  }

  level(device, now, listened) {
    const stages = [...device.active.values()].filter((each) => each.isAlarming);
    const real = stages.filter((each) => !isDrill(device, each));
    if (real.some((each) => each.stage === "alarm")) return "alarm";
    if (real.length) return "prealarm";
    if (stages.length) return "drill";
    return this.contact(device, now, listened) ?? standing(device);
  }

  /** Why nothing can be said of a device; null while it is heard. */
  contact(device, now, listened) {
    const { state } = device;
    if (state?.status === "offline") return "offline";
    const unheardMs = now - (device.heardAt ?? device.seenAt);
    if (listened - device.listenedAt > this.silentAfterMs || unheardMs > LONGEST_SILENCE_MS) return "silent";
    return state === null || state.status === "unclear" ? "unheard" : null;
  }
}

function standing({ state, active }) {
  const claims = [...state.coverage.values()];
  if (claims.includes("lost")) return "lost";
  if (state.faults.size || state.trouble.size || state.muted.length) return "trouble";
  if ([...active.values()].some((each) => TROUBLE.has(each.hazard))) return "trouble";
  if (!claims.length) return "unclaimed";
  if (state.simulated || claims.includes("simulated")) return "simulated";
  return claims.every((each) => each === "proven") ? "proven" : "assumed";
}

/** Whether nobody need go: simulated wires, or an inspection. */
export function isDrill(device, incident) {
  return Boolean(incident.event?.test || (incident.event?.simulated ?? device.state?.simulated));
}

/** The one that rings: an alarm before anything else, and nothing that is no alarm's business. */
function worse(one, other) {
  if (!other.isAlarming) return one;
  return one !== null && one.stage === "alarm" ? one : other;
}
