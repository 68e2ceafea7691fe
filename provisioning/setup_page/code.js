// The code of the label: scanned it comes by itself, or it is typed or pasted, in any spelling.

import { element, field } from "./dom.js";

const LENGTH = 12;

/** In capitals, in groups of four: as it stands on the label. */
export function grouped(typed) {
  const plain = typed.toUpperCase().replace(/[^0-9A-Z]/g, "");
  return plain.match(/.{1,4}/g)?.join("-") ?? "";
}

/** @param {import("./setup.js").Page} page */
export function showCode(page) {
  const draft = (page.drafts.code ??= { code: "", isFresh: false });
  const input = element("input", {
    type: "text", class: "code", autocomplete: "one-time-code", autocapitalize: "characters", autocorrect: "off",
    spellcheck: "false", enterkeyhint: "go", required: true, value: grouped(draft.code),
  });
  const atEnd = () => input.selectionStart === input.value.length;
  input.addEventListener("input", (event) => {
    if (atEnd() && event.inputType !== "deleteContentBackward") input.value = grouped(input.value);
    draft.code = input.value;
  });
  input.addEventListener("change", () => { input.value = grouped(input.value); });
  const form = element("form", { novalidate: true }, field("code", page.say("code"), input, page.say("codeHint")));
  const enter = async () => {
    await page.act("/api/session", { code: input.value });
    return null; // the state that follows tells which step is next
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    page.leave();
  });
  if (draft.isFresh) {
    draft.isFresh = false;
    queueMicrotask(enter);
  }
  return {
    node: form,
    next: page.say("open"),
    leave: () => {
      const count = input.value.replace(/[^0-9A-Za-z]/g, "").length;
      if (count === LENGTH) return enter();
      return [{ field: "code", words: count === 0 ? page.say("required") : page.say("codeShort", { count }) }];
    },
  };
}
