// What the device is for: one card a profile, with the picture of its parts and wires.

import { button, choice, element } from "./dom.js";

/** @param {import("./setup.js").Page} page */
export function showProfile(page) {
  const { profiles, profile, suggested, sensors } = page.state;
  const chosen = profile ?? suggested ?? "";
  const isFirst = (each) => each.name === chosen || each.name === suggested;
  const ordered = [...profiles.filter(isFirst), ...profiles.filter((each) => !isFirst(each))]; // no thumb scrolls for what was ordered
  const cards = ordered.map((each) => element(
    "div", { class: "card" },
    choice(
      "radio", "profile", each.name, each.name === chosen,
      element("strong", {}, page.words.tell(each.title)),
      element("span", { class: "about" }, page.words.tell(each.about)),
      each.name === suggested ? element("em", {}, page.say(profile ? "fits" : "suggested")) : null,
    ),
    each.wiring ? wiring(page, each) : null,
  ));
  const isTried = sensors.some((each) => each.trial.state !== "untried");
  const node = element(
    "form", { novalidate: true },
    element("fieldset", { id: "profile" }, element("legend", {}, page.say("profileWhich")), element("p", { class: "wrong" }), isTried ? element("p", {}, page.say("profileResets")) : null, ...cards),
  );
  node.addEventListener("submit", (event) => event.preventDefault());
  return {
    node,
    next: page.say("save"),
    leave: () => {
      const name = node.querySelector("input:checked")?.value;
      if (!name) return [{ field: `profile-${ordered[0]?.name}`, words: page.say("required") }];
      return name === page.state.profile ? [] : page.act("/api/profile", { name });
    },
  };
}

/** The picture is loaded when it is asked for: it may be large, and the device is small. */
function wiring(page, profile) {
  const place = element("div", { class: "wiring" });
  const open = button(page.say("wiring"), () => {
    const isOpen = open.getAttribute("aria-expanded") === "true";
    open.setAttribute("aria-expanded", String(!isOpen));
    const alt = page.say("wiringOf", { name: page.words.tell(profile.title) });
    place.replaceChildren(...(isOpen ? [] : [element("img", { src: profile.wiring, alt })]));
  }, { "aria-expanded": "false" });
  return element("div", {}, open, place);
}
