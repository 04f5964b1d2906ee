/** Building DOM nodes. Text always becomes a text node: nothing in this page is ever parsed as HTML. */

import { t } from "/chat/i18n.js";

/**
 * An element with attributes and children. `undefined`, `null` and `false` attributes and children are left out;
 * an `on…` attribute is an event listener.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

// 24 × 24 outlines, drawn with the text's colour.
const OUTLINES = {
  send: "M12 19V5m0 0-6 6m6-6 6 6",
  stop: "M8 8h8v8H8z",
  up: "M7 11v9H4v-9h3Zm0 0 4-7c1.5 0 2.5 1 2.5 2.5V10H18a2 2 0 0 1 2 2.3l-1.1 6A2 2 0 0 1 17 20H7",
  down: "M7 13V4H4v9h3Zm0 0 4 7c1.5 0 2.5-1 2.5-2.5V14H18a2 2 0 0 0 2-2.3l-1.1-6A2 2 0 0 0 17 4H7",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  check: "m5 13 4.5 4.5L19 7",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8c0-3.5 3-6 7-6s7 2.5 7 6",
  retry: "M19 12a7 7 0 1 1-2.1-5M19 4v4h-4",
  fresh: "M12 5v14M5 12h14",
  close: "m6 6 12 12M18 6 6 18",
  open: "M14 5h5v5m0-5-8 8M17 14v5H5V7h5",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.5 4.5",
  shield: "M12 3.5 5 6v6c0 4.5 3 7.5 7 8.5 4-1 7-4 7-8.5V6z",
  alert: "M12 8v5m0 3.5v.01M12 3.5 2.8 19.5h18.4z",
};

/** A decorative icon: the text beside it, or the button's label, says what it means. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", OUTLINES[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

/** A push button with an optional icon before its words, which are translated. */
export function button(label, onclick, { glyph, kind = "quiet", ...attributes } = {}) {
  return el(
    "button",
    { type: "button", class: `button button-${kind}`, onclick, ...attributes },
    glyph && icon(glyph),
    el("span", {}, t(label)),
  );
}

let lastId = 0;

/** An id that no other element of the page has. */
export function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** The URL if it is an absolute http(s) one, else null: `javascript:`, `data:` and relative ones never become links. */
export function webURL(value) {
  try {
    const url = new URL(value);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
