// Elements from texts that are not trusted: nothing here ever parses HTML.

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | null>} [attributes] null or false: left out
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((each) => each !== null));
  return made;
}

/** @param {string} id @returns {any} */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new TypeError(`no element ${id}`);
  return found;
}

/** Set a text, and touch the page only if it is another. */
export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

/** Set children, and touch the page only if they are others: a screen reader would lose its place. */
export function refill(node, ...children) {
  const isSame = node.childNodes.length === children.length && children.every((each, n) => each.isEqualNode(node.childNodes[n]));
  if (!isSame) node.replaceChildren(...children);
}

/** Children of one element, each kept for its key, so that focus and what is open stay. */
export class Keyed {
  /**
   * @param {HTMLElement} parent
   * @param {(key: string) => HTMLElement} make
   * @param {(child: HTMLElement, item: any) => void} fill
   */
  constructor(parent, make, fill) {
    this.parent = parent;
    this.make = make;
    this.fill = fill;
    /** @type {Map<string, HTMLElement>} */
    this.children = new Map();
  }

  /**
   * @param {Array<{key: string}>} items in the order in which they are shown
   * @param {(item: any) => boolean} [isDirty] which must be filled anew; new ones always are
   */
  show(items, isDirty = () => true) {
    const wanted = new Set(items.map((each) => each.key));
    for (const [key, child] of this.children) {
      if (!wanted.has(key)) {
        child.remove();
        this.children.delete(key);
      }
    }
    let next = this.parent.firstElementChild;
    for (const item of items) {
      let child = this.children.get(item.key);
      const isNew = child === undefined;
      if (child === undefined) {
        child = this.make(item.key);
        this.children.set(item.key, child);
      }
      if (isNew || isDirty(item)) this.fill(child, item);
      if (child === next) next = next.nextElementSibling;
      else this.parent.insertBefore(child, next);
    }
  }
}
