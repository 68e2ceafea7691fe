// All devices: as a list that tells what each can detect, and as a plan that tells where it stands.

import { Keyed, byId, element, refill, write } from "./dom.js";
import { LEVELS } from "./ward.js";

const SIGNS = Object.freeze({
  alarm: "!!", prealarm: "!", drill: "◇", offline: "×", silent: "×", unheard: "–", lost: "×", trouble: "!", unclaimed: "○", assumed: "?",
  simulated: "◇", proven: "✓",
});
const CALM = new Set(["proven", "assumed", "simulated", "unclaimed"]);

/**
 * @typedef {object} Places where devices stand: `places.json`, as `provisioning.console` has checked it
 * @property {string} [plan] a picture, as wide and high as its content says
 * @property {Record<string, {ko: string, en: string, x?: number, y?: number}>} devices by site/device;
 *   x and y from 0 to 1 of the plan's width and height
 */

export class Devices {
  /**
   * @param {Places} places
   * @param {() => {words: import("./texts.js").Words, now: number, ward: import("./ward.js").Ward, isUp: boolean, isReached: (device: any) => boolean}} setting
   */
  constructor(places, setting) {
    this.places = places;
    this.setting = setting;
    this.list = new Keyed(byId("devices"), (key) => this.row(key), (...both) => this.fillRow(...both));
    this.sites = new Keyed(byId("sites"), (key) => site(key), (section, item) => this.fillSite(section, item));
    /** @type {Map<string, Keyed>} */
    this.tiles = new Map();
    const plan = byId("plan");
    plan.hidden = !places.plan;
    if (places.plan) plan.append(element("img", { src: places.plan, alt: "" }));
    const markers = element("ul", { class: "markers" });
    plan.append(markers);
    this.markers = new Keyed(markers, (key) => this.marker(key), (...both) => this.fillTile(...both));
  }

  /** @param {any} device @returns {string} */
  label(device) {
    const place = Object.hasOwn(this.places.devices, device.key) ? this.places.devices[device.key] : null;
    return place?.[this.setting().words.language] || device.key;
  }

  /** @param {(item: any) => boolean} isDirty */
  show(isDirty) {
    const { ward, words } = this.setting();
    const all = [...ward.devices.values()].sort((one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) || (one.key < other.key ? -1 : 1));
    this.summarize(all);
    const sought = byId("search").value.trim().toLowerCase();
    const onlyTroubled = byId("only-troubled").checked;
    const shown = all.filter((each) => (!onlyTroubled || !CALM.has(each.level)) && (!sought || `${each.key} ${this.label(each)}`.toLowerCase().includes(sought)));
    if (!byId("list-view").hidden) this.list.show(shown, isDirty);
    else this.showPlan(all, isDirty);
    const counted = all.length === shown.length ? String(all.length) : `${all.length} · ${words.say("shown", { count: shown.length })}`;
    write(byId("device-count"), counted);
  }

  summarize(all) {
    const { words, isUp } = this.setting();
    const counts = LEVELS.map((level) => [level, all.filter((each) => each.level === level).length]).filter(([, count]) => count);
    const parts = counts.map(([level, count]) => element("li", { class: "level", "data-level": level }, `${isUp ? SIGNS[level] : "–"} ${words.word("levels", level)} ${count}`));
    refill(byId("summary"), ...parts);
  }

  row(key) {
    const details = element("details", {}, element("summary"), element("div", { class: "facts" }));
    details.addEventListener("toggle", () => {
      const device = this.setting().ward.devices.get(key);
      if (device) this.fillFacts(details, device);
    });
    return element("li", { "data-device": key }, details);
  }

  fillRow(row, device) {
    const { words, isUp } = this.setting();
    row.dataset.level = device.level;
    const details = row.firstElementChild;
    const claims = [...(device.state?.coverage ?? [])].map(([hazard, claim]) => chip(words, hazard, this.claimNow(device, claim)));
    details.querySelector("summary").replaceChildren(
      level(words, device, isUp), element("bdi", { class: "name" }, this.label(device)),
      device.state?.simulated ? element("span", { class: "badge simulated" }, words.say("simulated")) : "",
      element("span", { class: "chips" }, ...claims), element("span", { class: "heard" }, this.heard(device)),
    );
    this.fillFacts(details, device);
  }

  /** What is unfolded; nothing of it is made before. */
  fillFacts(details, device) {
    const facts = details.querySelector(".facts");
    facts.replaceChildren();
    if (!details.open) return;
    const { words } = this.setting();
    const { state } = device;
    const list = element("dl");
    const add = (name, ...values) => {
      list.append(element("dt", {}, words.say(name)), ...values.map((each) => element("dd", { dir: "auto" }, each)));
    };
    add("place", device.key);
    add("lastHeard", this.heard(device), ...(device.isKept ? [words.say("kept")] : []));
    if (state !== null) {
      const claims = [...state.coverage].map(([hazard, claim]) => this.claim(hazard, claim, state.why.get(hazard)));
      add("coverage", ...(claims.length ? claims : [words.say("none")]));
      for (const name of ["faults", "trouble"]) if (state[name].size) add(name, ...[...state[name]].map(([each, why]) => `${each}: ${why}`));
      if (state.muted.length) add("muted", state.muted.join(", "));
      if (state.update) add("update", state.update);
      if (state.pending) add("pending", words.say("pendingCount", { count: state.pending }));
      add("siren", state.siren);
    }
    facts.append(list);
  }

  claim(hazard, claim, why) {
    const { words } = this.setting();
    const reason = why || (claim === "assumed" ? words.say("untried") : "");
    const shown = claim === "proven" && !Number.isNaN(Date.parse(reason)) ? words.clock(new Date(reason)) : reason;
    return `${words.word("hazards", hazard)}: ${words.word("claims", claim)}${shown ? ` (${shown})` : ""}`;
  }

  /** @returns {string} when this page last heard the device itself */
  heard(device) {
    const { words, now } = this.setting();
    if (device.heardAt === null) return words.say("neverHeard");
    const ageMs = now - device.heardAt;
    return ageMs < 60000 ? words.say("justNow") : words.say("ago", { age: words.span(ageMs) });
  }

  /** What a claim is worth now: nothing where its device is not heard, or this page is deaf. */
  claimNow(device, claim) {
    if (!this.setting().isUp) return "unknown";
    return this.setting().isReached(device) ? claim : "lost";
  }

  showPlan(all, isDirty) {
    const place = (each) => (Object.hasOwn(this.places.devices, each.key) ? this.places.devices[each.key] : null);
    const isOnPlan = (each) => Boolean(this.places.plan) && place(each)?.x !== undefined;
    this.markers.show(all.filter(isOnPlan), isDirty);
    const bySite = new Map();
    for (const each of all) {
      if (isOnPlan(each)) continue;
      if (!bySite.has(each.site)) bySite.set(each.site, []);
      bySite.get(each.site).push(each);
    }
    const sections = [...bySite].sort(([one], [other]) => (one < other ? -1 : 1));
    this.sites.show(sections.map(([key, devices]) => ({ key, devices, isDirty })));
  }

  fillSite(section, { key, devices, isDirty }) {
    let tiles = this.tiles.get(key);
    if (tiles?.parent !== section.lastElementChild) {
      tiles = new Keyed(section.lastElementChild, (each) => this.tile(each), (...both) => this.fillTile(...both));
      this.tiles.set(key, tiles);
    }
    tiles.show(devices.sort((one, other) => (one.key < other.key ? -1 : 1)), isDirty);
  }

  tile(key) {
    const button = element("button", { type: "button" });
    button.addEventListener("click", () => this.find(key));
    return element("li", { "data-device": key }, button);
  }

  marker(key) {
    const made = this.tile(key);
    const { x = 0, y = 0 } = this.places.devices[key];
    made.style.left = `${100 * x}%`;
    made.style.top = `${100 * y}%`;
    return made;
  }

  fillTile(tile, device) {
    const { words, isUp } = this.setting();
    tile.dataset.level = device.level;
    const label = this.label(device);
    const name = label === device.key ? device.name : label;
    tile.firstElementChild.replaceChildren(level(words, device, isUp), element("bdi", { class: "name" }, name));
  }

  /** Show a device's row, unfolded. */
  find(key) {
    byId("search").value = "";
    byId("only-troubled").checked = false;
    byId("to-list").click();
    const details = byId("devices").querySelector(`[data-device="${CSS.escape(key)}"] details`);
    details.open = true;
    details.scrollIntoView({ block: "center" });
    details.querySelector("summary").focus();
  }
}

function site(key) {
  return element("section", {}, element("h3", {}, element("bdi", {}, key)), element("ul", { class: "tiles" }));
}

function level(words, device, isUp) {
  const word = words.word("levels", device.level);
  const shown = isUp ? `${SIGNS[device.level]} ${word}` : `– ${words.say("before", { level: word })}`;
  return element("span", { class: "level", "data-level": device.level }, shown);
}

/** One hazard's claim. */
function chip(words, hazard, claim) {
  const sign = { proven: "✓", assumed: "?", lost: "×", simulated: "◇", unknown: "–" }[claim] ?? "?";
  return element("span", { class: "chip", "data-claim": claim, title: words.word("claims", claim) }, `${sign} ${words.word("hazards", hazard)}`);
}
