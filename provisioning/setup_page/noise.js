// How loud it is when it is quiet.

import { button, element, field, refill, write } from "./dom.js";
import { sign, told } from "./plain.js";

const KINDS = { untried: "none", running: "open", passed: "good", failed: "bad" };

/** @param {import("./setup.js").Page} page */
export function showNoise(page) {
  const start = button("", () => page.act("/api/noise", {}), { id: "start-noise", class: "main" });
  const status = element("div", { role: "status" });
  const bar = element("progress", { max: 1, value: 0, "aria-label": page.say("noiseProgress") });
  const left = element("p", { class: "big" });
  const running = element("div", { id: "noise-running" }, element("p", { class: "prompt" }, page.say("noiseQuiet")), bar, left);
  const meter = metered(page);
  return {
    node: element("div", {}, start, running, status, meter),
    update: () => {
      const noise = page.state.noise;
      const isRunning = noise.state === "running";
      write(start, isRunning ? page.words.word("noiseStates", "running") : page.say(noise.state === "untried" ? "noiseStart" : "noiseAgain"));
      start.classList.toggle("main", noise.state !== "passed");
      start.setAttribute("aria-disabled", String(isRunning));
      running.hidden = !isRunning;
      if (isRunning) {
        bar.value = 1 - noise.left_s / noise.lasts_s;
        write(left, page.say("noiseLeft", { seconds: Math.ceil(noise.left_s) }));
      }
      const level = noise.state === "passed" && typeof noise.level_dba === "number" ? element("p", {}, page.say("noiseDone", { level: noise.level_dba.toFixed(0) })) : null;
      meter.hidden = noise.state !== "passed";
      refill(status, element("p", { class: "big" }, sign(KINDS[noise.state] ?? "open", page.words.word("noiseStates", noise.state))), level, ...told(page.words, noise.why, noise.remedy));
    },
    leave: () => (page.state.noise.state === "passed" ? [] : [{ field: "start-noise", words: page.say("noiseFirst") }]),
  };
}

const [LEAST_DB, MOST_DB] = [20, 130];

/** Who has a sound level meter can have the microphone follow it; nobody needs to. */
function metered(page) {
  const shown = element("input", { type: "text", inputmode: "decimal", autocomplete: "off" });
  const name = element("input", { type: "text", autocomplete: "off", maxlength: 80 });
  const follow = button(page.say("meterDo"), () => {
    const reference_db = Number(shown.value.trim().replace(",", "."));
    if (!(reference_db >= LEAST_DB && reference_db <= MOST_DB)) {
      return page.correct([{ field: "meter", words: page.say("meterWrong", { least: LEAST_DB, most: MOST_DB }) }]);
    }
    const reference = name.value.trim();
    return page.act("/api/noise", reference ? { reference_db, reference } : { reference_db });
  });
  return element(
    "details", {}, element("summary", {}, page.say("meterOpen")), element("p", {}, page.say("meterHow")),
    field("meter", page.say("meter"), shown, page.say("meterHint")), field("meter-name", page.say("meterName"), name), follow,
  );
}
