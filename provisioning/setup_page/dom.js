// Elements from texts that are not trusted: nothing here ever parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Record<string, string | number | boolean | null>} Attributes null or false: left out */

/** @param {Element} made @param {Attributes} attributes @param {Array<Node | string | null>} children */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((each) => each !== null));
  return made;
}

/** @param {string} tag @param {Attributes} [attributes] @param {...(Node | string | null)} children @returns {any} */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** @param {string} tag @param {Attributes} [attributes] @param {...(Node | string | null)} children @returns {any} */
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** @param {string} words @param {() => void} press @param {Attributes} [attributes] @returns {HTMLButtonElement} */
export function button(words, press, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, words);
  made.addEventListener("click", () => {
    if (made.getAttribute("aria-disabled") !== "true") press();
  });
  return made;
}

/** @param {string} id @returns {any} */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new TypeError(`no element ${id}`);
  return found;
}

/** Set a text, and touch the page only if it is another: what is live would be read out again. */
export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

/** Set children that have no listeners, and touch the page only if they are others. */
export function refill(node, ...children) {
  const wanted = children.filter((each) => each !== null);
  const isSame = node.childNodes.length === wanted.length && wanted.every((each, n) => each.isEqualNode(node.childNodes[n]));
  if (!isSame) node.replaceChildren(...wanted);
}

/**
 * A labelled field, with room for what is wrong with it.
 * @param {string} id
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [hint]
 */
export function field(id, label, input, hint = "") {
  input.id = id;
  const said = [hint ? `${id}-hint` : "", `${id}-error`].filter(Boolean).join(" ");
  input.setAttribute("aria-describedby", said);
  return element(
    "div", { class: "field" },
    element("label", { for: id }, label),
    hint ? element("p", { id: `${id}-hint`, class: "hint" }, hint) : null,
    element("p", { id: `${id}-error`, class: "wrong" }),
    input,
  );
}

/**
 * One of several, or several of them: a large target each, with its words as the label.
 * @param {"radio" | "checkbox"} type
 * @param {string} group
 * @param {string} value
 * @param {boolean} isChosen
 * @param {...(Node | string | null)} words
 */
export function choice(type, group, value, isChosen, ...words) {
  const input = element("input", { type, name: group, value, id: `${group}-${value}`, checked: isChosen });
  return element("label", { class: "choice", for: input.id }, input, element("span", {}, ...words));
}
