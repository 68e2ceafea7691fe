// The alarms under way, as cards: newest first, and none goes because its device fell silent.

import { Keyed, byId, element, write } from "./dom.js";
import { isDrill } from "./ward.js";

const MOST_CARDS = 100; // more are counted; nobody reads them, and the newest must not wait for them

/**
 * @typedef {object} Setting what the cards need from around them
 * @property {import("./texts.js").Words} words
 * @property {(device: any) => string} label where a device stands
 * @property {(device: any, incident: any, verb: string) => void} send
 * @property {boolean} isSigning only signed commands may hush a device
 * @property {(device: any, incident: any) => void} dismiss
 * @property {Map<string, {state: string, reason: string}>} answers to what was sent, by event
 * @property {boolean} isUp
 * @property {(device: any) => boolean} isReached
 */

export class Alarms {
  /** @param {() => Setting} setting */
  constructor(setting) {
    this.setting = setting;
    this.cards = new Keyed(byId("alarms"), (key) => element("li", { class: "alarm", "data-event": key }), (...both) => this.fill(...both));
  }

  /** @param {Iterable<any>} devices @param {(device: any) => boolean} isDirty @returns {number} alarms */
  show(devices, isDirty) {
    const items = [];
    for (const device of devices) {
      for (const incident of device.active.values()) {
        if (incident.isAlarming) items.push({ key: `${device.key}/${incident.id}`, device, incident });
      }
    }
    // newest first, but no drill above an alarm
    items.sort((one, other) => Number(isDrill(one.device, one.incident)) - Number(isDrill(other.device, other.incident)) || other.incident.since - one.incident.since);
    this.cards.show(items.slice(0, MOST_CARDS), ({ device }) => isDirty(device));
    const { words, isUp } = this.setting();
    const more = Math.max(0, items.length - MOST_CARDS);
    write(byId("more-alarms"), more ? words.say("moreAlarms", { count: more }) : "");
    byId("calm").hidden = items.length > 0;
    write(byId("calm"), words.say(isUp ? "noAlarms" : "noAlarmsDown"));
    write(byId("alarm-count"), items.length ? String(items.length) : "");
    const title = words.say("title");
    document.title = items.length ? `(${items.length}) ${title}` : title;
    return items.length;
  }

  fill(card, { device, incident }) {
    const { words, label, isReached } = this.setting();
    const { event } = incident;
    const before = card.querySelector(".actions");
    const actions = this.actions(device, incident);
    // a button must not be exchanged between the press and the release, nor lose the focus
    const isSame = before?.isEqualNode(actions) ?? false;
    const focused = !isSame && card.contains(document.activeElement) ? document.activeElement?.getAttribute("data-act") : null;
    card.dataset.stage = incident.stage;
    card.classList.toggle("late", incident.late);
    card.classList.toggle("drill", isDrill(device, incident));
    const parts = [
      element("h3", {}, element("span", { class: "stage" }, `${incident.stage === "alarm" ? "!!" : "!"} ${words.word("hazards", incident.hazard)} ${words.word("stages", incident.stage)}`), " ", element("bdi", { class: "where" }, label(device))),
      element("p", { class: "badges" }, ...badges(words, { ...event, simulated: event?.simulated ?? device.state?.simulated, late: incident.late })),
      element("p", { class: "why", dir: "auto" }, event?.why[words.language] ?? ""),
      element("p", { class: "when" }, timeOf(words, event, incident)),
    ];
    if (!isReached(device)) parts.push(element("p", { class: "warning" }, `× ${words.say("lostContact")}`));
    if (incident.late) parts.push(element("p", { class: "warning" }, words.say("lateAdvice")));
    for (const each of [...card.children]) if (!isSame || each !== before) each.remove();
    if (isSame && before) before.before(...parts);
    else card.append(...parts, actions);
    if (focused) card.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  actions(device, incident) {
    const { words, answers, send, isSigning, dismiss } = this.setting();
    const row = element("div", { class: "actions" });
    const add = (act, name, press, disabled = false) => {
      const button = element("button", { type: "button", "data-act": act, "aria-disabled": disabled ? "true" : null }, words.say(name));
      if (!disabled) button.addEventListener("click", press);
      row.append(button);
    };
    const who = device.state?.answered.get(incident.id);
    const sent = answers.get(`${device.key}/${incident.id}`);
    const isAsking = sent?.state === "answering";
    if (who !== undefined) row.append(element("p", { class: "promised" }, `✓ ${words.say("answered", { who })}`));
    else if (incident.isCall && !incident.late) add("answer", isAsking ? "answering" : "answer", () => send(device, incident, "answered"), isAsking);
    if (isSigning && incident.canBeHushed && !incident.late) add("silence", "silence", () => send(device, incident, "silence"), isAsking);
    if (sent !== undefined && !isAsking && (who === undefined || sent.state !== "answerAccepted")) {
      row.append(element("p", { class: "outcome", role: "status" }, words.say(sent.state, { reason: words.word("refusals", sent.reason) })));
    }
    if (incident.late) add("seen", "seen", () => dismiss(device, incident));
    return row;
  }
}

/** What a message says of itself that changes how it is to be taken. */
export function badges(words, { simulated, test, historical, late, revision }) {
  const named = [[simulated, "simulated"], [test, "test"], [late, "late"], [historical && !late, "historical"], [revision > 0, "corrected"]];
  return named.filter(([is]) => is).map(([, name]) => element("span", { class: `badge ${name}` }, words.say(name)));
}

function timeOf(words, event, incident) {
  const received = words.say("received", { time: words.clock(new Date(performance.timeOrigin + incident.since)) });
  return event === null ? received : `${words.when(event)} · ${received}`;
}
