// The steps that only tell something, or ask for a line of text: identity, place, connection.

import { button, element, field, refill, write } from "./dom.js";

export const SIGNS = { good: "✓", bad: "✗", open: "…", none: "○" };

/** A state as sign and words: never as a colour alone. */
export function sign(kind, words) {
  return element("span", { class: "sign", "data-kind": kind }, element("span", { "aria-hidden": "true" }, `${SIGNS[kind]} `), words);
}

/** What the device says of something, and what to do then. */
export function told(words, ...whys) {
  return whys.map((why) => words.tell(why)).filter(Boolean).map((each) => element("p", {}, each));
}

const IDENTITY_KINDS = { waiting: "open", enrolled: "good", failed: "bad", quarantined: "bad" };

/** @param {import("./setup.js").Page} page */
export function showIdentity(page) {
  const { device } = page.state;
  const status = element("div", { role: "status" });
  const facts = element(
    "dl", {},
    element("dt", {}, page.say("identityOf")), element("dd", { class: "big" }, device.id),
    element("dt", {}, page.say("site")), element("dd", {}, device.site),
  );
  const card = element("div", { class: "notice", role: "status" });
  const blink = button(page.say("identify"), async () => {
    if ((await page.act("/api/identify", {})) !== null) page.announce(page.say("identified"));
  });
  return {
    node: element("div", {}, facts, card, status, blink),
    update: () => {
      blink.hidden = !page.state.device.agent; // who would blink is not there yet
      refill(card, ...page.state.card.flatMap((each) => told(page.words, each.what, each.remedy)));
      const { state, what, remedy } = page.state.identity;
      const later = state === "enrolled" ? null : element("p", {}, page.say("later"));
      refill(status, element("p", { class: "big" }, sign(IDENTITY_KINDS[state] ?? "open", page.words.word("identityStates", state))), ...told(page.words, what, state === "enrolled" ? null : remedy), later);
    },
  };
}

/** @param {import("./setup.js").Page} page */
export function showPlace(page) {
  const place = page.state.place ?? { ko: "", en: "" };
  const input = (value, lang) => element("input", { type: "text", value, lang, maxlength: 200, autocomplete: "street-address" });
  const ko = input(place.ko, "ko");
  const en = input(place.en === place.ko ? "" : place.en, "en");
  const node = element(
    "form", { novalidate: true },
    field("place-ko", page.say("placeKo"), ko, page.say("placeKoHint")),
    field("place-en", page.say("placeEn"), en, page.say("placeEnHint")),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    page.leave();
  });
  return {
    node,
    next: page.say("save"),
    leave: () => {
      if (!ko.value.trim()) return [{ field: "place-ko", words: page.say("required") }];
      return page.act("/api/place", { ko: ko.value.trim(), en: en.value.trim() || ko.value.trim() });
    },
  };
}

/** @param {import("./setup.js").Page} page */
export function showNetwork(page) {
  const check = button("", () => page.act("/api/network", {}), { id: "check-network", class: "main" });
  const status = element("div", { role: "status" });
  const kinds = { untried: "none", running: "open", passed: "good", failed: "bad" };
  return {
    node: element("div", {}, check, status),
    update: () => {
      const { state, why, remedy } = page.state.network;
      write(check, page.say(state === "untried" ? "networkCheck" : "networkAgain"));
      check.classList.toggle("main", state !== "passed");
      check.setAttribute("aria-disabled", String(state === "running"));
      refill(status, element("p", { class: "big" }, sign(kinds[state] ?? "open", page.words.word("networkStates", state))), ...told(page.words, why, remedy));
    },
    leave: () => (page.state.network.state === "untried" ? [{ field: "check-network", words: page.say("networkFirst") }] : []),
  };
}
