// Each sensor shows that it senses: somebody presses, breathes, waves, and the device judges.

import { button, choice, element, field, refill, write } from "./dom.js";
import { Baseline } from "./baseline.js";
import { curve } from "./curve.js";
import { sign, told } from "./plain.js";

const TRIAL_KINDS = { untried: "none", running: "open", passed: "good", failed: "bad", skipped: "none" };
const STATE_KINDS = { ok: "good", silent: "bad", failed: "bad", waiting: "open", muted: "none" };
const IS_OVER = new Set(["passed", "skipped"]);

/** @param {import("./setup.js").Page} page */
export function showSensors(page) {
  const count = element("p", { id: "sensors-count" });
  const preparing = element("p", { class: "prompt", role: "status" });
  const misfit = element("div", { class: "notice", role: "status" });
  const list = element("ol", { id: "sensors" });
  const next = button(page.say("nextSensor"), () => tryNext(), { id: "next-sensor", class: "main" });
  /** @type {Map<string, Card>} */
  const cards = new Map();

  /** What is to be tried next: what nobody has tried, then what failed, but not the same again. */
  function following() {
    const open = page.state.sensors.filter((each) => !IS_OVER.has(each.trial.state) && each.name !== page.drafts.lastTried);
    return open.find((each) => each.trial.state === "untried") ?? open[0];
  }

  function tryNext() {
    const sensor = following();
    if (sensor) cards.get(sensor.name)?.test();
  }

  /** Right below the sensor that was tried last: a thumb need not look for it. */
  function place() {
    const last = cards.get(page.drafts.lastTried ?? "")?.node;
    const home = last && last.dataset.trial !== "untried" ? last : node;
    if (next.parentElement !== home) home.append(next);
  }

  function update() {
    const { sensors } = page.state;
    const names = sensors.map((each) => each.name).join(" ");
    if (list.dataset.names !== names) {
      list.dataset.names = names;
      cards.clear();
      for (const each of sensors) cards.set(each.name, new Card(page, each));
      list.replaceChildren(...[...cards.values()].map((each) => each.node));
    }
    for (const each of sensors) cards.get(each.name)?.show(each);
    const done = sensors.filter((each) => IS_OVER.has(each.trial.state)).length;
    write(count, page.say("sensorsCount", { count: sensors.length, number: done }));
    write(preparing, sensors.every((each) => each.state === "waiting") ? page.say("noSensors") : "");
    showMisfit(page, misfit);
    place();
    next.hidden = following() === undefined || sensors.some((each) => each.trial.state === "running");
  }

  const node = element("div", {}, count, preparing, misfit, list, next);
  return {
    node,
    update,
    take: (reading) => cards.get(reading.sensor)?.take(reading),
    leave: () => page.state.sensors
      .filter((each) => !IS_OVER.has(each.trial.state))
      .map((each) => ({ field: `test-${each.name}`, words: page.say("testAll", { name: page.words.tell(each.label) }) })),
  };
}

/** What answers looks like another profile than the one chosen. */
function showMisfit(page, place) {
  const { suggested, profile, profiles } = page.state;
  const other = suggested !== profile ? profiles.find((each) => each.name === suggested) : undefined;
  const key = other?.name ?? "";
  if ((place.dataset.key ?? "") === key) return;
  place.dataset.key = key;
  place.replaceChildren(...(other ? [element("p", {}, page.say("misfit", { name: page.words.tell(other.title) })), button(page.say("misfitGo"), () => page.go("profile"))] : []));
}

/** One sensor on the list. */
class Card {
  constructor(page, sensor) {
    this.page = page;
    this.name = sensor.name;
    this.label = page.words.tell(sensor.label);
    this.before = sensor.trial.state;
    this.heard = 0; // readings, for whoever has to know that there was a fresh one
    const heading = element("h2", { id: `name-${sensor.name}` }, this.label);
    this.trial = element("p", { class: "trial" });
    this.value = element("p", { class: "value" });
    this.state = element("div", { class: "state" });
    this.prompt = element("div", { class: "prompt", role: "status" });
    this.result = element("div", { class: "result", role: "status" });
    this.curve = element("div", { class: "curve" });
    this.button = button("", () => this.test(), { id: `test-${sensor.name}`, class: "main" });
    this.mistake = button(page.say("mistake"), () => page.act("/api/mistake", { sensor: this.name }), { id: `mistake-${sensor.name}` });
    this.baseline = new Baseline(page, sensor);
    this.skip = skipping(page, sensor);
    this.node = element(
      "li", { class: "sensor", "data-sensor": sensor.name },
      heading, this.trial, this.value, this.state, this.prompt, this.result, this.curve, this.baseline.node, this.mistake, this.button, this.skip,
    );
  }

  test() {
    this.button.focus();
    this.page.drafts.lastTried = this.name;
    this.page.act("/api/try", { sensor: this.name });
  }

  show(sensor) {
    const { page } = this;
    const { trial } = sensor;
    this.quantity = sensor.quantity;
    const isRunning = trial.state === "running";
    this.node.dataset.trial = trial.state;
    this.node.dataset.state = sensor.state;
    refill(this.trial, sign(TRIAL_KINDS[trial.state] ?? "open", page.words.word("trialStates", trial.state)));
    this.showValue(sensor.state === "ok" ? sensor.value : null);
    const said = trial.state === "untried" || isRunning ? [] : [page.words.tell(trial.why), page.words.tell(trial.remedy)].filter(Boolean);
    this.state.hidden = sensor.state === "ok" && trial.state === "passed";
    refill(
      this.state, element("p", {}, sign(STATE_KINDS[sensor.state] ?? "open", page.words.word("sensorStates", sensor.state))),
      ...(sensor.state === "ok" ? [] : told(page.words, sensor.why, sensor.remedy)).filter((each) => !said.includes(each.textContent)),
    );
    const prompt = isRunning ? [element("p", { class: "small" }, page.say("doThis")), element("p", {}, page.words.tell(sensor.prompt)), element("p", { class: "small" }, page.say("watching"))] : [];
    refill(this.prompt, ...prompt);
    this.prompt.hidden = !isRunning;
    refill(this.result, ...said.map((each) => element("p", {}, each)));
    refill(this.curve, trial.curve.length > 1 && !isRunning ? curve(page.words, sensor.quantity, trial.curve) : null);
    const words = isRunning ? page.words.word("trialStates", "running") : page.say(trial.state === "untried" ? "test" : "again");
    write(this.button, words); // it stays where it is: who works by keyboard keeps the place
    this.button.setAttribute("aria-label", `${words}: ${this.label}`);
    this.button.setAttribute("aria-disabled", String(isRunning || page.state.device.agent === false));
    this.button.classList.toggle("main", !IS_OVER.has(trial.state));
    this.baseline.show(sensor);
    this.mistake.hidden = isRunning || trial.code !== "called";
    this.skip.hidden = isRunning || IS_OVER.has(trial.state);
    if (isRunning && this.before !== "running") this.node.scrollIntoView({ block: "start" });
    if (this.before === "running" && !isRunning) page.announce(`${this.label}: ${page.words.word("trialStates", trial.state)}. ${said.join(" ")}`);
    this.before = trial.state;
  }

  take(reading) {
    if (reading.quantity !== this.quantity) return;
    this.heard += 1;
    this.node.dataset.heard = String(this.heard);
    this.showValue(reading.value);
  }

  showValue(value) {
    write(this.value, `${this.page.say("live")}: ${this.page.words.value(this.quantity, value)}`);
  }
}

/** Skipping takes a reason, and so does not happen by a wet thumb. */
function skipping(page, sensor) {
  const group = `skip-${sensor.name}`;
  const reasons = ["absent", "tool", "later", "other"];
  const other = field(`${group}-words`, page.say("skipOther"), element("input", { type: "text", maxlength: 200 }));
  other.hidden = true;
  const fields = element(
    "fieldset", { id: group },
    element("legend", {}, page.say("skipWhy")),
    element("p", { id: `${group}-error`, class: "wrong" }),
    ...reasons.map((each) => choice("radio", group, each, false, page.words.word("skipReasons", each))),
  );
  const chosen = () => fields.querySelector("input:checked")?.value;
  fields.addEventListener("change", () => { other.hidden = chosen() !== "other"; });
  const done = button(page.say("skipDo"), () => {
    const typed = other.querySelector("input").value.trim();
    if (!chosen()) return page.correct([{ field: `${group}-absent`, words: page.say("required") }]);
    if (chosen() === "other" && !typed) return page.correct([{ field: `${group}-words`, words: page.say("required") }]);
    return page.act("/api/skip", { sensor: sensor.name, reason: chosen() === "other" ? typed : page.words.word("skipReasons", chosen()) });
  });
  return element("details", { class: "skipping" }, element("summary", {}, page.say("skip")), element("p", {}, page.say("skipWarn")), fields, other, done);
}
