// The end: what was done, by whom, and what is kept of it.

import { button, choice, element, field } from "./dom.js";
import { resetSection } from "./reset.js";

const CONSENTS = ["contacts"];

/** @param {import("./setup.js").Page} page */
export function showCommission(page) {
  const rows = element("tbody");
  const missing = element("div", { id: "missing" });
  const installer = element("input", { type: "text", autocomplete: "name", maxlength: 80 });
  const consents = element(
    "fieldset", {}, element("legend", {}, page.say("consents")), element("p", {}, page.say("consentHint")),
    ...CONSENTS.map((each) => choice("checkbox", "consent", each, false, page.words.word("consentWords", each))),
  );
  const form = element("form", { novalidate: true }, field("installer", page.say("installer"), installer, page.say("installerHint")), consents, element("p", {}, page.say("recordStays")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    page.leave();
  });
  const table = element(
    "table", {}, element("caption", {}, page.say("summary")),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, page.say("what")), element("th", { scope: "col" }, page.say("how")))), rows,
  );
  return {
    node: element("div", {}, table, missing, form, resetSection(page)),
    next: page.say("commission"),
    update: () => {
      const found = summary(page).map(([what, how]) => element("tr", {}, element("th", { scope: "row" }, what), element("td", {}, how)));
      const isSame = rows.children.length === found.length && found.every((each, n) => each.isEqualNode(rows.children[n]));
      if (!isSame) rows.replaceChildren(...found);
      showMissing(page, missing);
    },
    leave: () => {
      const found = open(page.state).map((step) => ({ field: `missing-${step}`, words: page.say("missing", { name: page.words.word("titles", step) }) }));
      if (!installer.value.trim()) found.push({ field: "installer", words: page.say("required") });
      if (found.length > 0) return found;
      return commissioned(page, installer.value.trim(), [...form.querySelectorAll("input:checked")].map((each) => each.value));
    },
  };
}

async function commissioned(page, installer, consents) {
  const said = await page.act("/api/commission", { installer, consents });
  if (said !== null) page.go("done");
  return null;
}

/** Steps that the device does not count as done, other than this one. */
function open(state) {
  return state.steps.filter((each) => !each.done && each.id !== "commission").map((each) => each.id);
}

function showMissing(page, place) {
  const steps = open(page.state);
  const key = steps.join(" ");
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...steps.map((step) => button(
    page.say("missing", { name: page.words.word("titles", step) }), () => page.go(step), { id: `missing-${step}` },
  )));
}

/** @returns {Array<[string, string]>} */
function summary(page) {
  const { state, words } = page;
  const title = (id) => words.word("titles", id);
  const has = (id) => state.steps.some((each) => each.id === id);
  const profile = state.profiles.find((each) => each.name === state.profile);
  const zones = Object.values(state.zones ?? {}).flat().length;
  const rows = [
    [page.say("identityOf"), state.device.id],
    [title("identity"), words.word("identityStates", state.identity.state)],
    [title("place"), words.tell(state.place)],
    [title("profile"), words.tell(profile?.title)],
    [title("sensors"), sensors(page)],
  ];
  if (has("zones")) rows.push([title("zones"), zones > 0 ? page.say("zonesCount", { count: zones }) : page.say("none")]);
  if (has("noise")) rows.push([title("noise"), words.word("noiseStates", state.noise.state)]);
  rows.push([title("network"), words.word("networkStates", state.network.state)]);
  rows.push([title("contacts"), state.contacts.length > 0 ? page.say("peopleCount", { count: state.contacts.length }) : page.say("none")]);
  return rows;
}

function sensors(page) {
  const count = (state) => page.state.sensors.filter((each) => each.trial.state === state).length;
  const [passed, skipped, all] = [count("passed"), count("skipped"), page.state.sensors.length];
  if (passed === all) return page.say("allPassed", { count: all });
  const said = page.say("somePassed", { passed, skipped });
  return passed + skipped === all ? said : `${said}, ${page.say("openCount", { count: all - passed - skipped })}`;
}

/** @param {import("./setup.js").Page} page */
export function showDone(page) {
  const isSimulated = page.state.device.simulated;
  const link = (href, name, hint, more) => element(
    "p", {}, element("a", { href, class: "main", "aria-describedby": `${hint}-words`, ...more }, page.say(name)),
    element("span", { id: `${hint}-words`, class: "hint" }, page.say(hint)),
  );
  return {
    node: element(
      "div", {},
      element("p", { class: "big" }, page.say(isSimulated ? "doneSimulated" : "doneWords")),
      link("/certificate", "certificate", "certificateHint", { target: "_blank", rel: "noopener" }),
      link("/record", "record", "recordHint", { download: `haetae-${page.state.device.id}.jws` }),
      element("p", {}, page.say("closes")),
    ),
    next: null,
  };
}
