// Where people lie down on purpose: corners are put on an outline by taps or keys, never by dragging.

import { button, choice, drawn, element, write } from "./dom.js";
import { Refusal, ask } from "./server.js";

const COLUMNS = 32;
const ROWS = 24;
const MOST_ZONES = 8;
const FEWEST_CORNERS = 3;
const KINDS = ["bed", "sofa", "mat", "other"];
const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** @param {import("./setup.js").Page} page */
export function showZones(page) {
  const cameras = page.state.sensors.filter((each) => each.driver === "camera");
  const drafts = (page.drafts.zones ??= {});
  const plans = cameras.map((camera) => {
    drafts[camera.name] ??= { zones: [...(page.state.zones?.[camera.name] ?? [])], corners: [], at: [COLUMNS / 2, ROWS / 2], isNone: false, kind: "bed" };
    return new Plan(page, camera, drafts[camera.name], cameras.length > 1);
  });
  return {
    node: element("div", {}, element("p", {}, page.say("zonesHow")), ...plans.map((each) => each.node)),
    next: page.say("save"),
    leave: () => {
      const found = plans.flatMap((each) => each.wrong());
      if (found.length > 0) return found;
      return page.act("/api/zones", { zones: Object.fromEntries(cameras.map(({ name }) => [name, drafts[name].zones])) });
    },
  };
}

/** One camera's outline, the places on it, and what puts them there. */
class Plan {
  constructor(page, camera, draft, isNamed) {
    this.page = page;
    this.camera = camera.name;
    this.draft = draft;
    this.cells = drawn("g");
    this.shapes = drawn("g");
    this.picture = drawn("svg", { viewBox: `0 0 ${COLUMNS} ${ROWS}`, "aria-hidden": "true", focusable: "false" }, this.cells, this.shapes);
    this.board = element("div", {
      class: "outline", id: `outline-${camera.name}`, tabindex: "0", role: "application", "aria-roledescription": page.say("outlineRole"), "aria-label": page.say("outlineOf"),
    }, this.picture);
    this.board.addEventListener("click", (event) => this.tap(event));
    this.board.addEventListener("keydown", (event) => this.key(event));
    this.trouble = element("p", { role: "status" });
    this.count = element("p", { role: "status" });
    this.list = element("ul");
    this.node = element(
      "section", { class: "plan" }, isNamed ? element("h2", {}, `${page.say("camera")}: ${page.words.tell(camera.label)}`) : null,
      this.board, this.trouble, this.pad(), this.count, this.drawing(), element("h2", {}, page.say("drawnZones")), this.list, this.none(),
    );
    this.show();
    this.look();
  }

  // ------------------------------------------------------------------ its parts

  pad() {
    const { page } = this;
    const arrow = (sign, words, by) => button(sign, () => this.shift(by), { "aria-label": page.say(words), class: words });
    return element(
      "div", { class: "pad", role: "group", "aria-label": page.say("move") },
      arrow("▲", "up", [0, -1]), arrow("◀", "left", [-1, 0]), arrow("▶", "right", [1, 0]), arrow("▼", "down", [0, 1]),
      button(page.say("corner"), () => this.put(), { class: "put" }),
    );
  }

  drawing() {
    const { page, draft } = this;
    const kinds = KINDS.map((each) => choice("radio", `kind-${this.camera}`, each, each === draft.kind, page.words.word("kinds", each)));
    const fields = element("fieldset", { class: "kinds" }, element("legend", {}, page.say("kind")), ...kinds);
    fields.addEventListener("change", () => { draft.kind = fields.querySelector("input:checked").value; });
    return element(
      "div", { class: "drawing" },
      button(page.say("undo"), () => this.undo(), { id: `undo-${this.camera}` }), fields,
      button(page.say("finish"), () => this.finish(), { id: `finish-${this.camera}`, class: "main" }),
      element("p", { id: `finish-${this.camera}-error`, class: "wrong" }),
    );
  }

  none() {
    const box = choice("checkbox", `none-${this.camera}`, "none", this.draft.isNone, this.page.say("zonesNone"));
    this.noneInput = box.querySelector("input");
    this.noneInput.addEventListener("change", () => { this.draft.isNone = this.noneInput.checked; });
    return box;
  }

  // ------------------------------------------------------------------ what is done

  async look() {
    try {
      this.paint(await ask(`/api/outline?camera=${encodeURIComponent(this.camera)}`));
      write(this.trouble, "");
    } catch (error) {
      const why = error instanceof Refusal ? `${this.page.words.tell(error.what)} ${this.page.words.tell(error.remedy)}` : this.page.say("noOutline");
      this.trouble.replaceChildren(why, button(this.page.say("look"), () => this.look()));
    }
  }

  paint(outline) {
    const rects = [];
    outline.rows.forEach((row, y) => [...row].forEach((sign, x) => {
      if (sign !== " " && sign !== ".") rects.push(drawn("rect", { x, y, width: 1, height: 1, class: "edge" }));
    }));
    this.cells.replaceChildren(...rects);
  }

  tap(event) {
    const box = this.board.getBoundingClientRect();
    if (event.detail === 0) return; // by a key, which `key` has seen
    const part = (value, size, most) => Math.min(most, Math.max(0, Math.round((value / size) * most)));
    this.draft.at = [part(event.clientX - box.left, box.width, COLUMNS), part(event.clientY - box.top, box.height, ROWS)];
    this.put();
  }

  key(event) {
    const step = STEPS[event.key];
    if (step) this.shift(step.map((each) => each * (event.shiftKey ? 4 : 1)));
    else if (event.key === "Enter" || event.key === " ") this.put();
    else if (event.key === "Backspace") this.undo();
    else return;
    event.preventDefault();
  }

  shift([across, down]) {
    const [x, y] = this.draft.at;
    this.draft.at = [Math.min(COLUMNS, Math.max(0, x + across)), Math.min(ROWS, Math.max(0, y + down))];
    this.page.announce(this.page.say("cursorAt", { x: this.draft.at[0], y: this.draft.at[1] }));
    this.show();
  }

  put() {
    const { at, corners } = this.draft;
    if (corners.some(([x, y]) => x === at[0] && y === at[1])) return; // a thumb that taps twice
    corners.push([...at]);
    this.show();
  }

  undo() {
    this.draft.corners.pop();
    this.show();
  }

  finish() {
    const { page, draft } = this;
    page.complain("");
    if (draft.corners.length < FEWEST_CORNERS) return page.correct([{ field: `finish-${this.camera}`, words: page.say("tooFew") }]);
    if (draft.zones.length >= MOST_ZONES) return page.correct([{ field: `finish-${this.camera}`, words: page.say("zoneFull") }]);
    const points = draft.corners.map(([x, y]) => [x / COLUMNS, y / ROWS]);
    draft.zones.push({ name: this.free(draft.kind), points });
    draft.corners = [];
    draft.isNone = this.noneInput.checked = false;
    this.show();
    return page.announce(page.say("zoneAdded", { name: this.called(draft.zones.length - 1) }));
  }

  /** The first name of this kind that no other place has: bed_1, bed_2. */
  free(kind) {
    const taken = new Set(this.draft.zones.map((each) => each.name));
    let number = 1;
    while (taken.has(`${kind}_${number}`)) number += 1;
    return `${kind}_${number}`;
  }

  called(index) {
    const [kind, number] = this.draft.zones[index].name.split("_");
    return this.page.say("zoneName", { kind: this.page.words.word("kinds", kind), number: number ?? "" }).trim();
  }

  wrong() {
    const { page, draft } = this;
    if (draft.corners.length > 0) return [{ field: `finish-${this.camera}`, words: page.say("zoneOpen") }];
    if (draft.zones.length === 0 && !this.noneInput.checked) return [{ field: `none-${this.camera}-none`, words: page.say("zonesSay") }];
    return [];
  }

  // ------------------------------------------------------------------ what is seen

  show() {
    const { page, draft } = this;
    const polygon = (points, kind) => drawn("polygon", { points: points.map((each) => each.join(",")).join(" "), class: kind });
    const zones = draft.zones.flatMap(({ points }, index) => {
      const corners = points.map(([x, y]) => [x * COLUMNS, y * ROWS]);
      const middle = [0, 1].map((axis) => corners.reduce((sum, each) => sum + each[axis], 0) / corners.length);
      return [polygon(corners, "zone"), drawn("text", { x: middle[0], y: middle[1], class: "number" }, String(index + 1))];
    });
    const dots = draft.corners.map(([x, y]) => drawn("circle", { cx: x, cy: y, r: 0.7, class: "corner" }));
    const [x, y] = draft.at;
    const cross = drawn("path", { d: `M${x - 1.6} ${y}h3.2M${x} ${y - 1.6}v3.2`, class: "cross" });
    this.shapes.replaceChildren(...zones, polygon(draft.corners, "open"), ...dots, cross);
    write(this.count, page.say("corners", { count: draft.corners.length }));
    this.list.replaceChildren(...(draft.zones.length > 0 ? draft.zones.map((_, index) => this.row(index)) : [element("li", {}, page.say("noZones"))]));
  }

  row(index) {
    const { page, draft } = this;
    const name = this.called(index);
    return element("li", { class: "card row" }, element("span", {}, `${index + 1}. ${name}`), button(page.say("remove"), () => {
      draft.zones.splice(index, 1);
      this.show();
      this.board.focus();
      page.announce(page.say("zoneRemoved", { name }));
    }, { "aria-label": page.say("removeZone", { name }) }));
  }
}
