// Who is to be called, and when somebody last saw that the number is right.

import { button, element, field, write } from "./dom.js";

const FEWEST_DIGITS = 3; // 119 is a number, too

/** Today where the telephone is, as a date field has it. */
export function today(now = new Date()) {
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** @param {import("./setup.js").Page} page */
export function showContacts(page) {
  /** @type {Array<{name: string, phone: string, last_confirmed: string}>} */
  const people = (page.drafts.contacts ??= page.state.contacts.map((each) => ({ ...each })));
  const list = element("ul", { id: "people" });
  const name = element("input", { type: "text", autocomplete: "off", maxlength: 80 });
  const phone = element("input", { type: "tel", inputmode: "tel", autocomplete: "off", maxlength: 32 });
  const confirmed = element("input", { type: "date", max: today(), value: today() });
  const add = button("", () => keep(), { id: "add-person", class: "main" });
  const heading = element("h2", { id: "person-heading", tabindex: "-1" });
  const form = element(
    "form", { novalidate: true, "aria-labelledby": "person-heading" }, heading,
    field("person", page.say("person"), name, page.say("personHint")),
    field("phone", page.say("phone"), phone, page.say("phoneHint")),
    field("confirmed", page.say("confirmed"), confirmed),
    add,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep();
  });
  /** @type {number | null} */
  let changed = null;

  function wrong() {
    const found = [];
    if (!name.value.trim()) found.push({ field: "person", words: page.say("required") });
    if (phone.value.replace(/\D/g, "").length < FEWEST_DIGITS) found.push({ field: "phone", words: page.say("phoneWrong") });
    if (!confirmed.value || confirmed.value > today()) found.push({ field: "confirmed", words: page.say("dateWrong") });
    return found;
  }

  async function keep() {
    page.complain("");
    const found = wrong();
    if (found.length > 0) return page.correct(found);
    const person = { name: name.value.trim(), phone: phone.value.trim(), last_confirmed: confirmed.value };
    const before = [...people];
    if (changed === null) people.push(person);
    else people[changed] = person;
    return sent(before, page.say("personAdded", { name: person.name }));
  }

  async function sent(before, words) {
    if ((await page.act("/api/contacts", { contacts: people })) === null) {
      people.splice(0, people.length, ...before);
      return;
    }
    fill(null);
    show();
    page.announce(words);
  }

  function fill(number) {
    changed = number;
    const person = number === null ? { name: "", phone: "", last_confirmed: today() } : people[number];
    [name.value, phone.value, confirmed.value] = [person.name, person.phone, person.last_confirmed];
    write(add, page.say(number === null ? "addPerson" : "savePerson"));
    write(heading, number === null ? page.say("morePeople") : page.say("changePerson", { name: person.name }));
  }

  function show() {
    const rows = people.map((each, number) => element(
      "li", { class: "card" },
      element("p", {}, element("strong", {}, each.name)),
      element("p", { class: "big" }, element("a", { href: `tel:${each.phone.replace(/[^\d+]/g, "")}` }, each.phone)),
      element("p", {}, page.say("confirmedOn", { date: each.last_confirmed })),
      button(page.say("change"), () => {
        fill(number);
        heading.focus();
      }, { "aria-label": page.say("changePerson", { name: each.name }) }),
      button(page.say("remove"), () => {
        const before = [...people];
        people.splice(number, 1);
        sent(before, page.say("personRemoved", { name: each.name }));
      }, { "aria-label": page.say("removePerson", { name: each.name }) }),
    ));
    list.replaceChildren(...(rows.length > 0 ? rows : [element("li", {}, page.say("noPeople"))]));
  }

  fill(null);
  show();
  return {
    node: element("div", {}, element("h2", {}, page.say("people")), list, form),
    leave: () => {
      if (name.value.trim() || phone.value.trim()) return [{ field: "person", words: page.say("personOpen") }];
      return people.length === 0 ? [{ field: "person", words: page.say("personFirst") }] : [];
    },
  };
}
