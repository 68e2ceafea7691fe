// The way back: the device as if nobody had ever used it. Only for whoever held its button.

import { button, byId, element, field } from "./dom.js";

/** @param {import("./setup.js").Page} page null where the device does not offer it */
export function resetSection(page) {
  if (!page.state.reset) return null;
  return element(
    "section", { id: "reset", "aria-labelledby": "reset-title" },
    element("h2", { id: "reset-title" }, page.words.word("titles", "reset")),
    element("p", {}, page.say("resetFor")),
    button(page.say("resetOpen"), () => page.go("reset"), { id: "reset-open" }),
  );
}

/** @param {import("./setup.js").Page} page */
export function showReset(page) {
  const place = element("div");
  return {
    node: element("div", {}, place, back(page)),
    next: null,
    update: () => {
      const key = String(page.state.reset?.asked);
      if (place.dataset.key === key) return;
      place.dataset.key = key;
      place.replaceChildren(page.state.reset?.asked ? asked(page) : form(page));
    },
  };
}

function back(page) {
  return button(page.say("resetBack"), () => page.go("commission"), { id: "reset-back" });
}

/** What was pressed is gone then: go on at the top. */
async function send(page, device, words) {
  if ((await page.act("/api/reset", { device })) === null) return;
  page.announce(words);
  byId("title").focus();
}

function form(page) {
  const { id } = page.state.device;
  const typed = element("input", { type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 48 });
  const gone = page.words.word("resetGone", "all").map((each) => element("li", {}, each));
  const made = element(
    "form", { novalidate: true },
    element("p", {}, page.say("resetWhat")), element("ul", {}, ...gone), element("p", {}, page.say("resetThen")),
    field("reset-device", page.say("resetType"), typed, page.say("resetTypeHint", { id })),
    button(page.say("resetDo"), () => made.requestSubmit(), { id: "reset-do" }),
  );
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    page.complain("");
    const isSame = typed.value.trim().toLowerCase() === id;
    if (isSame) send(page, id, page.say("resetUnplug"));
    else page.correct([{ field: "reset-device", words: page.say("resetOther", { id }) }]);
  });
  return made;
}

function asked(page) {
  return element(
    "div", { role: "status" },
    element("p", { class: "big" }, page.say("resetUnplug")), element("p", {}, page.say("resetLasts")),
    button(page.say("resetNot"), () => send(page, "", page.say("resetOff")), { id: "reset-not" }),
  );
}
