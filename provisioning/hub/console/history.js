// What has happened since the page was opened, newest first.

import { badges } from "./alarms.js";
import { Keyed, byId, element, write } from "./dom.js";

const SHOWN = 200;

export class History {
  /** @param {() => {words: import("./texts.js").Words, label: (device: any) => string}} setting */
  constructor(setting) {
    this.setting = setting;
    this.rows = new Keyed(byId("history"), (key) => element("li", { "data-event": key }), (...both) => this.fill(...both));
  }

  /** @param {import("./ward.js").Ward} ward @param {(item: any) => boolean} isDirty */
  show(ward, isDirty) {
    const { words } = this.setting();
    const newest = [...ward.history.values()].slice(-SHOWN).reverse();
    this.ward = ward;
    this.rows.show(newest, isDirty);
    const opened = words.clock(new Date(performance.timeOrigin));
    write(byId("history-since"), words.say(newest.length ? "historySince" : "noHistory", { time: opened }));
  }

  fill(row, event) {
    const { words, label } = this.setting();
    row.dataset.stage = event.stage;
    const device = this.ward?.devices.get(event.device);
    const time = element("time", event.time ? { datetime: event.time } : {}, words.when(event));
    const what = `${words.word("hazards", event.hazard)} ${words.word("stages", event.stage)}`;
    row.replaceChildren(
      time, " ", element("strong", {}, what), " ", element("bdi", {}, device ? label(device) : event.device), " ",
      ...badges(words, event), element("span", { class: "why", dir: "auto" }, event.unreadable ? words.say("unreadable") : event.why[words.language]),
    );
  }
}
