// The page as a whole: which step is shown, and what goes on with the device. See docs/setup-page.md.

import { showCode } from "./code.js";
import { showContacts } from "./contacts.js";
import { button, byId, element, refill, write } from "./dom.js";
import { showCommission, showDone } from "./finish.js";
import { showIdentity, showNetwork, showPlace } from "./plain.js";
import { showNoise } from "./noise.js";
import { showProfile } from "./profile.js";
import { showReset } from "./reset.js";
import { showSensors } from "./sensors.js";
import { Refusal, Unreachable, ask, listen, tell } from "./server.js";
import { Words } from "./texts.js";
import { showZones } from "./zones.js";

const SAVED = "haetae-setup";
const SOON_MS = 1000; // until the next look at the device
const SOONER_MS = 250; // while something is measured
const RETRY_MS = 1500; // while it does not answer
const DEAF_MS = 400; // after a change of step: the second half of a double tap is for the step before

/** @type {Record<string, (page: Page) => View>} */
const VIEWS = {
  code: showCode, identity: showIdentity, place: showPlace, profile: showProfile, sensors: showSensors, zones: showZones,
  noise: showNoise, network: showNetwork, contacts: showContacts, commission: showCommission, reset: showReset, done: showDone,
};

/**
 * One step's screen: `update` is called with each state; `leave` before the next step, and says
 * what is wrong by field (empty: nothing), or does what is to be done (a promise).
 * @typedef {{node: HTMLElement, update?: () => void, take?: (reading: any) => void, next?: string | null, leave?: () => Wrong[] | Promise<unknown>}} View
 * @typedef {{field: string, words: string}} Wrong
 */

export class Page {
  constructor() {
    const saved = JSON.parse(sessionStorage.getItem(SAVED) ?? "{}");
    this.words = new Words(saved.language === "en" ? "en" : "ko");
    /** @type {string} */
    this.step = "starting";
    this.wanted = saved.step ?? "";
    /** @type {any} */
    this.state = null;
    /** @type {View | null} */
    this.view = null;
    /** What was drawn or begun and not yet sent, by step: it outlives a change of language. */
    this.drafts = {};
    /** @type {EventSource | null} */
    this.source = null;
    this.isBusy = false;
    this.lost = ""; // or how: what the words are called
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  start() {
    byId("language").addEventListener("click", () => this.speak(this.words.language === "ko" ? "en" : "ko"));
    byId("back").addEventListener("click", () => this.unlessDeaf(() => this.move(-1)));
    byId("next").addEventListener("click", () => this.unlessDeaf(() => this.leave()));
    document.querySelector(".skip")?.addEventListener("click", (event) => {
      event.preventDefault();
      byId("title").focus();
    });
    const code = decodeURIComponent(location.hash.slice(1));
    if (code) {
      history.replaceState(null, "", location.pathname); // no code in the history of a borrowed phone
      this.drafts.code = { code, isFresh: true };
    }
    this.draw();
    this.look();
  }

  say(name, values = {}) {
    return this.words.say(name, values);
  }

  // ------------------------------------------------------------------ the device's state

  /** Ask how things stand; and again soon, as long as the page is open. */
  async look() {
    clearTimeout(this.timer);
    let pause = SOON_MS;
    try {
      this.take(await ask("/api/state"));
      if (isUnderWay(this.state)) pause = SOONER_MS;
      this.found();
    } catch (error) {
      pause = RETRY_MS;
      this.failed(error);
    }
    clearTimeout(this.timer);
    if (this.step !== "done" && this.step !== "code") this.timer = setTimeout(() => this.look(), pause);
  }

  take(state) {
    this.state = whole(state);
    this.source ??= listen((reading) => this.view?.take?.(reading));
    if (this.step === "starting" || this.step === "code") this.go(this.resumed());
    else this.update();
  }

  /** Where the installer was; or at the beginning, or at the first step that is not done. */
  resumed() {
    const { steps, record, profile } = this.state;
    if (record) return "done";
    if (!this.wanted && !profile) return steps[0].id;
    const first = steps.find((each) => !each.done)?.id ?? "commission";
    const isKnown = steps.some((each) => each.id === this.wanted);
    return isKnown ? this.wanted : first;
  }

  /** The device answers; its agent may not yet, since it begins anew with each profile. */
  found() {
    const wasLost = this.lost !== "";
    this.lost = this.state.profile && this.state.device.agent === false ? "restarting" : "";
    this.showLink();
    if (wasLost && this.lost === "") this.announce(this.say("backAgain"));
  }

  showLink() {
    write(byId("link"), this.lost ? this.say(this.lost) : "");
  }

  /** The device did not answer, or will not until the code is entered. */
  failed(error) {
    if (error instanceof Refusal && error.status === 401) {
      this.source?.close();
      this.source = null;
      const wasOpen = this.step !== "starting" && this.step !== "code";
      if (this.step !== "code") this.go("code");
      if (wasOpen) this.complain(this.say("signedOut"));
    } else if (error instanceof Refusal) {
      this.refuse(error);
    } else if (error instanceof Unreachable) {
      this.lost = "unreachable";
      this.showLink();
    } else {
      throw error;
    }
  }

  // ------------------------------------------------------------------ what is done

  /**
   * Have the device do something; one thing at a time. What it answers, or null if it did not.
   * @param {string} path @param {unknown} body
   */
  async act(path, body) {
    if (this.isBusy) return null;
    this.isBusy = true;
    document.body.setAttribute("aria-busy", "true");
    this.complain("");
    const slow = setTimeout(() => this.announce(this.say("working")), 1000);
    try {
      const said = (await tell(path, body)) ?? {};
      await this.look();
      return said;
    } catch (error) {
      this.failed(error);
      if (error instanceof Unreachable) this.look();
      return null;
    } finally {
      clearTimeout(slow);
      this.isBusy = false;
      document.body.removeAttribute("aria-busy");
    }
  }

  /** Go on, if this step has nothing against it. */
  async leave() {
    if (this.isBusy) return;
    this.complain("");
    const found = this.view?.leave?.() ?? [];
    if (Array.isArray(found)) {
      if (found.length === 0) this.move(1);
      else this.correct(found);
    } else if ((await found) !== null) {
      this.move(1);
    }
  }

  // ------------------------------------------------------------------ which step

  move(by) {
    const ids = this.state?.steps.map((each) => each.id) ?? [];
    const at = ids.indexOf(this.step);
    if (at >= 0 && at + by >= 0 && at + by < ids.length) this.go(ids[at + by]);
  }

  go(step) {
    this.step = step;
    if (step !== "code") this.wanted = step;
    this.keep();
    document.body.dataset.settled = "no";
    setTimeout(() => { document.body.dataset.settled = "yes"; }, DEAF_MS);
    this.complain("");
    this.draw();
    scrollTo(0, 0);
    byId("title").focus({ preventScroll: true });
    if (step !== "done" && step !== "code") this.timer ??= setTimeout(() => this.look(), SOON_MS);
  }

  unlessDeaf(press) {
    if (document.body.dataset.settled !== "no") press();
  }

  keep() {
    sessionStorage.setItem(SAVED, JSON.stringify({ language: this.words.language, step: this.wanted }));
  }

  speak(language) {
    const typed = [...document.querySelectorAll("#screen input")].map((each) => [each.id, each.value, each.checked]);
    this.words = new Words(language);
    this.keep();
    this.complain("");
    this.draw();
    for (const [id, value, isChecked] of typed) {
      const input = document.getElementById(id);
      if (input instanceof HTMLInputElement) [input.value, input.checked] = [value, isChecked];
    }
    this.showLink();
  }

  // ------------------------------------------------------------------ what is seen

  draw() {
    document.documentElement.lang = this.words.language;
    document.body.dataset.step = this.step;
    for (const each of document.querySelectorAll("[data-text]")) write(each, this.say(each.dataset.text));
    const language = byId("language");
    write(language, this.say("language"));
    language.lang = this.words.language === "ko" ? "en" : "ko";
    const title = this.words.word("titles", this.step);
    write(byId("title"), title);
    document.title = `${title} · ${this.say("product")}`;
    write(byId("advice"), this.words.word("advices", this.step));
    this.view = VIEWS[this.step]?.(this) ?? null;
    byId("screen").replaceChildren(this.view?.node ?? element("p", {}, this.say("starting")));
    this.update();
  }

  update() {
    this.showFrame();
    this.view?.update?.();
  }

  showFrame() {
    const steps = this.state?.steps ?? [];
    const at = steps.findIndex((each) => each.id === this.step);
    document.body.dataset.done = at >= 0 && steps[at].done ? "yes" : "no";
    byId("progress").hidden = at < 0;
    byId("moves").hidden = at < 0 && this.step !== "code";
    byId("back").hidden = at <= 0;
    byId("next").hidden = this.view?.next === null;
    write(byId("next"), this.view?.next ?? this.say("next"));
    byId("next").classList.toggle("main", at < 0 || steps[at].done || Boolean(this.view?.next)); // what comes next is what is blue
    write(byId("device"), this.state?.device.id ?? "");
    byId("simulated").hidden = !this.state?.device.simulated;
    const phone = this.state?.help?.phone;
    if (phone) refill(byId("office"), element("span", {}, this.say("officePhone")), " ", element("a", { href: `tel:${phone.replace(/[^\d+]/g, "")}` }, phone));
    else write(byId("office"), this.say("officeCard"));
    if (at >= 0) this.showProgress(steps, at);
  }

  showProgress(steps, at) {
    write(byId("count"), this.say("count", { number: at + 1, count: steps.length }));
    byId("bar").firstElementChild.style.width = `${((at + 1) / steps.length) * 100}%`;
    const list = byId("steps");
    const key = JSON.stringify([this.words.language, at, steps]);
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...steps.map((each, number) => {
      const words = `${each.done ? "✓" : "○"} ${this.words.word("titles", each.id)} (${this.say(each.done ? "stepDone" : "stepOpen")})`;
      return element("li", {}, button(words, () => this.go(each.id), { "aria-current": number === at ? "step" : null }));
    }));
  }

  announce(words) {
    const said = byId("said");
    write(said, "");
    setTimeout(() => write(said, words), 50);
  }

  // ------------------------------------------------------------------ what is wrong

  /** @param {string} words empty: nothing any more */
  complain(words) {
    byId("errors").replaceChildren(...(words ? [element("p", {}, words)] : []));
    for (const each of document.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
    for (const each of document.querySelectorAll(".wrong")) write(each, "");
  }

  /** @param {Wrong[]} found each is shown at its field, and leads there from the summary */
  correct(found) {
    const links = found.map(({ field, words }) => {
      const link = element("a", { href: `#${field}` }, words);
      link.addEventListener("click", (event) => {
        event.preventDefault();
        byId(field).focus();
      });
      return element("li", {}, link);
    });
    for (const { field, words } of found) {
      if (byId(field) instanceof HTMLInputElement) byId(field).setAttribute("aria-invalid", "true");
      const place = document.getElementById(`${field}-error`) ?? byId(field).closest("fieldset")?.querySelector(".wrong");
      if (place) write(place, words);
    }
    byId("errors").replaceChildren(element("h2", {}, this.say("troubles")), element("ul", {}, ...links));
    byId("errors").focus();
  }

  /** @param {Refusal} refusal */
  refuse(refusal) {
    const what = element("p", {}, element("strong", {}, this.words.tell(refusal.what)));
    const remedy = element("p", {}, this.words.tell(refusal.remedy));
    byId("errors").replaceChildren(what, remedy, ...(refusal.waitS > 0 ? [this.countdown(refusal.waitS)] : []));
    byId("errors").dataset.code = refusal.code;
    byId("errors").focus();
  }

  /** How long it takes until one may try again; counted aloud only at its end. */
  countdown(seconds) {
    const shown = element("p", { class: "countdown", role: "timer" });
    const end = performance.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      if (!shown.isConnected) return;
      write(shown, left > 0 ? this.say("waitWords", { seconds: left }) : this.say("waitOver"));
      if (left > 0) setTimeout(tick, 250);
    };
    write(shown, this.say("waitWords", { seconds: Math.ceil(seconds) }));
    setTimeout(tick, 250);
    return shown;
  }
}

/** A state in which what has not been begun says so, too. */
function whole(state) {
  const untried = { state: "untried" };
  const sensors = state.sensors.map((each) => ({ ...each, trial: { ...untried, curve: [], ...each.trial } }));
  return { ...state, sensors, noise: { ...untried, ...state.noise }, network: { ...untried, ...state.network } };
}

function isUnderWay({ sensors, noise, network }) {
  return [noise, network, ...sensors.map((each) => each.trial)].some((each) => each.state === "running");
}

new Page().start();
