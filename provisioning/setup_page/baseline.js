// A gas cell's value in clean air, a tilt sensor's at rest: measured once, before its test.

import { button, element, field, refill } from "./dom.js";
import { told } from "./plain.js";

export class Baseline {
  /** @param {import("./setup.js").Page} page @param {any} sensor */
  constructor(page, sensor) {
    this.page = page;
    const id = `heated-${sensor.name}`;
    const heated = element("input", { type: "text", inputmode: "numeric", autocomplete: "off", value: "24" });
    this.button = button(page.say("baseline"), () => {
      const heated_h = Number(heated.value.trim());
      if (heated.value.trim() === "" || !(heated_h >= 0)) return page.correct([{ field: id, words: page.say("heatedWrong") }]);
      return page.act("/api/baseline", { sensor: sensor.name, heated_h });
    }, { id: `baseline-${sensor.name}` });
    this.said = element("div", { role: "status" });
    this.node = element("div", { class: "baseline" }, element("p", {}, page.say("baselineHow")), field(id, page.say("heated"), heated, page.say("heatedHint")), this.button, this.said);
  }

  show(sensor) {
    const { baseline } = sensor;
    this.node.hidden = !baseline;
    if (!baseline) return;
    const isRunning = baseline.state === "running";
    this.button.setAttribute("aria-disabled", String(isRunning));
    const progress = isRunning ? element("p", {}, this.page.say("baselineRunning", { taken: baseline.taken, of: baseline.of })) : null;
    refill(this.said, progress, ...told(this.page.words, baseline.why, baseline.remedy));
  }
}
