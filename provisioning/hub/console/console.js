// The page as a whole: signs in, listens, and shows. See docs/console.md.

import { Alarms } from "./alarms.js";
import { canKeep, command, keptKey, makeKey, removeKey } from "./commands.js";
import { Devices } from "./devices.js";
import { byId, element, write } from "./dom.js";
import { History } from "./history.js";
import { TOPICS, address, readAnswer } from "./messages.js";
import { Client } from "./mqtt.js";
import { Sound } from "./sound.js";
import { Words } from "./texts.js";
import { Ward, isDrill } from "./ward.js";

const ANSWER_WITHIN_MS = 10000;
const BATCH_MS = 30; // what is no alarm is shown together
const PAUSE_MS = 100; // a whole city's alarms are not drawn one by one
const SAVED = "haetae-console";

class Console {
  /** @param {any} config */
  constructor(config) {
    this.config = config;
    this.saved = JSON.parse(sessionStorage.getItem(SAVED) ?? "{}");
    this.words = new Words(this.saved.language ?? config.language);
    this.ward = new Ward({ silentAfterMs: config.silent_after_s * 1000 });
    /** @type {Client | null} */
    this.client = null;
    /** @type {import("./commands.js").Key | null} */
    this.key = null;
    this.sound = new Sound(() => this.showSound());
    /** @type {Map<string, {state: string, reason: string}>} by device and event */
    this.answers = new Map();
    /** @type {Map<string, (answer: any) => void>} by the id of the command */
    this.asked = new Map();
    this.isUp = false;
    this.isRefused = false;
    this.why = "";
    this.upAt = 0;
    this.listenedMs = 0; // before the connection that stands now
    /** @type {number | null} */
    this.lastUpAt = null;
    this.dirty = new Set();
    this.isAllDirty = true;
    /** @type {number | undefined} */
    this.batch = undefined;
    this.rungAt = -Infinity;
    const setting = () => this.setting();
    this.alarms = new Alarms(setting);
    this.history = new History(setting);
    this.devices = new Devices(config.places, setting);
  }

  setting() {
    return {
      words: this.words, ward: this.ward, now: performance.now(), isUp: this.isUp, answers: this.answers,
      label: (device) => this.devices.label(device),
      isReached: (device) => this.isUp && this.ward.contact(device, performance.now(), this.listened()) === null,
      send: (device, incident, verb) => this.send(device, incident, verb),
      isSigning: this.key !== null,
      dismiss: (device, incident) => {
        this.ward.dismiss(device.key, incident.id, performance.now(), this.listened());
        this.touch(device);
      },
    };
  }

  start() {
    byId("language").addEventListener("click", () => this.speak(this.words.language === "ko" ? "en" : "ko"));
    byId("sound").addEventListener("click", () => (this.sound.isOn ? this.sound.turnOff() : this.sound.turnOn()));
    byId("hush").addEventListener("click", () => this.sound.hush());
    byId("sign-out").addEventListener("click", () => this.signOut());
    byId("login").addEventListener("submit", (event) => this.signIn(event));
    byId("to-list").addEventListener("click", () => this.look("list"));
    byId("to-plan").addEventListener("click", () => this.look("plan"));
    byId("search").addEventListener("input", () => this.showSoon());
    byId("only-troubled").addEventListener("change", () => this.showSoon());
    byId("make-key").addEventListener("click", () => this.useKey(makeKey()));
    byId("remove-key").addEventListener("click", () => this.useKey(removeKey().then(() => null)));
    document.addEventListener("visibilitychange", () => this.client?.ping());
    addEventListener("pagehide", () => this.client?.stop());
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
    setInterval(() => this.tick(), 1000);
    this.useKey(keptKey());
    this.speak(this.words.language);
    if (this.saved.who) {
      this.sound.turnOn(); // a browser may want a press first; the button says how it stands
      this.connect(this.saved.who);
    } else byId("login").hidden = false;
  }

  signIn(event) {
    event.preventDefault();
    const who = { user: byId("user").value.trim(), password: byId("password").value, desk: byId("desk").value.trim() };
    byId("password").value = "";
    this.sound.turnOn();
    this.connect(who);
  }

  /** Kept until the tab is closed, so that a reload goes on. */
  save(changes) {
    Object.assign(this.saved, changes);
    sessionStorage.setItem(SAVED, JSON.stringify(this.saved));
  }

  connect(who) {
    this.save({ who });
    this.isRefused = false;
    byId("login").hidden = true;
    byId("sign-out").hidden = false;
    const clientId = `console-${crypto.getRandomValues(new Uint32Array(3)).join("-")}`;
    this.client = new Client(this.config.broker, { clientId, user: who.user, password: who.password }, TOPICS, {
      up: () => this.up(),
      down: (why) => this.down(why),
      refused: () => {
        this.isRefused = true;
        this.signOut();
      },
      message: (message) => this.take(message),
    });
    this.client.start();
    this.showLink();
  }

  signOut() {
    const { client } = this;
    this.client = null;
    client?.stop();
    this.save({ who: null });
    byId("login").hidden = false;
    byId("sign-out").hidden = true;
    this.showLink();
  }

  up() {
    this.isUp = true;
    this.upAt = performance.now();
    this.redraw();
  }

  down(why) {
    const now = performance.now();
    // what was heard last, not when its absence was noticed
    if (this.isUp) Object.assign(this, { listenedMs: this.listened(), lastUpAt: this.client?.heardAt ?? now });
    this.isUp = false;
    this.why = why;
    this.redraw();
  }

  /** @returns {number} for how many milliseconds this page has listened in all */
  listened() {
    return this.listenedMs + (this.isUp ? performance.now() - this.upAt : 0);
  }

  take(message) {
    if (address(message.topic)?.kind === "ack") this.asked.get(readAnswer(message.payload)?.id ?? "")?.(readAnswer(message.payload));
    const change = this.ward.take(message, performance.now(), this.listened());
    if (change === null) return;
    if (change.event) this.dirty.add(change.event.key);
    this.touch(change.device);
    if (change.ring) this.ring(change.device, change.ring);
  }

  /** Show and sound at once: an alarm waits for nothing else, but for a flood of its own kind. */
  ring(device, incident) {
    this.sound.ring(!isDrill(device, incident) && incident.stage === "alarm");
    if (performance.now() - this.rungAt > PAUSE_MS) this.showNow();
    this.rungAt = performance.now();
    const { words } = this;
    write(byId("announced"), `${words.word("hazards", incident.hazard)} ${words.word("stages", incident.stage)}: ${this.devices.label(device)}`);
  }

  /** Command what is about one incident, and tell what came of it. */
  async send(device, incident, verb) {
    const key = `${device.key}/${incident.id}`;
    const tell = (state, reason = "") => {
      this.answers.set(key, { state, reason });
      this.touch(device);
    };
    tell("answering");
    const by = this.saved.who?.desk || this.saved.who?.user || "console";
    try {
      const made = await command(device, verb, { by, event: incident.id }, this.key);
      const answered = new Promise((resolve, reject) => {
        this.asked.set(made.id, resolve);
        setTimeout(() => reject(new Error("no answer")), ANSWER_WITHIN_MS);
      });
      answered.catch(() => {}).finally(() => this.asked.delete(made.id));
      const reason = await this.client?.publish(made.topic, made.payload, made.lifeS);
      if (reason === undefined || reason >= 0x80) {
        tell(reason === 0x87 ? "answerDenied" : "answerLost");
        return;
      }
      const answer = await answered;
      tell(answer.accepted ? "answerAccepted" : "answerRefused", answer.code || answer.reason);
    } catch {
      tell("answerLost");
    }
  }

  useKey(coming) {
    coming.then((key) => {
      this.key = key;
      this.showKey();
      this.redraw();
    }, () => this.showKey());
  }

  look(view) {
    byId("list-view").hidden = view !== "list";
    byId("plan-view").hidden = view !== "plan";
    for (const name of ["list", "plan"]) byId(`to-${name}`).setAttribute("aria-pressed", String(name === view));
    this.isAllDirty = true;
    this.showNow();
  }

  speak(language) {
    this.words.language = language;
    this.save({ language });
    document.documentElement.lang = language;
    for (const each of document.querySelectorAll("[data-text]")) write(each, this.words.say(each.dataset.text));
    byId("desk").placeholder = this.words.say("deskExample");
    write(byId("language"), this.words.say("language"));
    byId("language").lang = language === "ko" ? "en" : "ko";
    this.showKey();
    this.redraw();
  }

  tick() {
    const { classList } = byId("frozen"); // CSS shows it unless this begins its delay anew
    classList.toggle("even", !classList.contains("even"));
    for (const device of this.ward.tick(performance.now(), this.listened())) this.touch(device);
    write(byId("clock"), this.words.clock(new Date()));
    this.showLink();
    if (new Date().getSeconds() === 0) this.isAllDirty = true;
    this.showSoon();
  }

  touch(device) {
    this.dirty.add(device.key);
    this.showSoon();
  }

  redraw() {
    this.isAllDirty = true;
    this.showNow();
  }

  showSoon() {
    this.batch ??= setTimeout(() => this.showNow(), BATCH_MS);
  }

  showNow() {
    clearTimeout(this.batch);
    this.batch = undefined;
    const isDirty = (item) => this.isAllDirty || this.dirty.has(item.key);
    if (this.alarms.show(this.ward.devices.values(), isDirty) === 0) this.sound.hush();
    this.history.show(this.ward, isDirty);
    this.devices.show(isDirty);
    this.dirty.clear();
    this.isAllDirty = false;
    this.showOddities();
    this.showLink();
    this.showSound();
  }

  showOddities() {
    const { notUnderstood, tooMany } = this.ward;
    const found = [notUnderstood ? this.words.say("notUnderstood", { count: notUnderstood }) : "", tooMany ? this.words.say("tooMany") : ""];
    write(byId("oddities"), found.filter(Boolean).join(" "));
  }

  showLink() {
    const { words } = this;
    const state = this.isUp ? "connected" : this.client === null || this.client.isStopped ? "disconnected" : "connecting";
    document.body.dataset.link = this.isUp ? "up" : "down";
    write(byId("link"), `${this.isUp ? "✓" : "×"} ${words.say(state)}`);
    byId("banner").hidden = this.isUp;
    if (this.isUp) return;
    const [said, age = ""] = this.banner();
    write(byId("banner-words"), `× ${said}`);
    write(byId("banner-age"), age); // apart, or a screen reader would read all of it each second
  }

  /** @returns {[string, string?]} why nothing is heard, and for how long if it once was */
  banner() {
    const { words, lastUpAt } = this;
    if (this.isRefused) return [words.say("refused")];
    if (this.client === null) return [words.say("bannerSignedOut")];
    if (this.client.isStopped) return [words.say("takenOver")];
    if (lastUpAt === null) return [words.say("bannerFirst")];
    const time = words.clock(new Date(performance.timeOrigin + lastUpAt));
    return [words.say("banner", { time }), `(${words.say("ago", { age: words.span(performance.now() - lastUpAt) })})`];
  }

  showSound() {
    const { isOn, isRinging } = this.sound;
    write(byId("sound"), this.words.say(isOn ? "soundOn" : "soundOff"));
    byId("sound").dataset.state = isOn ? "on" : "off";
    byId("sound").dataset.rung = String(this.sound.rung);
    byId("sound").setAttribute("aria-pressed", String(isOn));
    byId("hush").hidden = !isRinging;
  }

  showKey() {
    const { key, words } = this;
    write(byId("key-state"), key !== null ? words.say("keyHave") : words.say(canKeep ? "keyNone" : "keyUnsafe"));
    byId("public-key").hidden = key === null;
    write(byId("public-key"), key === null ? "" : `${key.configuration}\n${key.pem}`);
    byId("make-key").hidden = key !== null || !canKeep;
    byId("remove-key").hidden = key === null;
  }
}

// a page that has failed anywhere must not be trusted to show the next alarm
for (const failure of ["error", "unhandledrejection"]) {
  addEventListener(failure, () => byId("frozen").classList.add("failed"));
}
try {
  const answer = await fetch("config.json");
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  new Console(await answer.json()).start();
} catch (error) {
  byId("banner").append(element("span", {}, ` (${error})`));
  throw error;
}
