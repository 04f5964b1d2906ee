/**
 * Inline Markdown to DOM nodes: code, emphasis, links, `[n]` citation markers, escapes and hard breaks.
 * Whatever is not recognised stays literal text, HTML included; images leave only their description.
 *
 * `hooks.citation(n)` gives the node for a marker; `hooks.link(url)` the address to link to, or null for plain text.
 */

import { el } from "/chat/dom.js";

const MAX_DEPTH = 6;
const SPECIAL = /[\\`!\[*_~\n]/g;
const ESCAPE = /\\([!-/:-@[-`{-~])/y;
const TICKS = /`+/y;
const MARKER = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\](?!\()/y;
const PUNCTUATION = /[.,;:!?)]{1,3}/y;
const LINK = /(!?)\[([^[\]]*)\]\(\s*<?([^\s()<>]{0,2000}(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+"[^"]*")?\s*\)/y;
const EMPHASIS = /\*{1,2}|_{1,2}|~~/y;
const TAGS = { "**": "strong", __: "strong", "*": "em", _: "em", "~~": "s" };

export function inline(text, hooks, depth = 0) {
  const nodes = [];
  let plain = "";
  let at = 0;
  const exhausted = new Set(); // delimiters with no closer further on, so that hostile text costs linear time
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
  };
  while (at < text.length) {
    const found = readSpecial(text, at, { hooks, depth, exhausted });
    if (found) {
      if (found.text !== undefined) plain += found.text;
      if (found.nodes) {
        if (found.tight) plain = plain.trimEnd();
        flush();
        nodes.push(...found.nodes);
      }
      at = found.end;
    } else {
      SPECIAL.lastIndex = at + 1;
      const next = SPECIAL.exec(text)?.index ?? text.length;
      plain += text.slice(at, next);
      at = next;
    }
  }
  flush();
  return nodes;
}

/** `{end, text?, nodes?, tight?}` for the construct at `at`, or undefined; a tight one takes no space before it. */
function readSpecial(text, at, state) {
  switch (text[at]) {
    case "\\":
      return text[at + 1] === "\n" ? { end: at + 2, nodes: [el("br")] } : readEscape(text, at);
    case "`":
      return readCode(text, at, state.exhausted);
    case "!":
    case "[":
      return readMarker(text, at, state) ?? readLink(text, at, state);
    case "\n":
      return text.endsWith("  ", at) ? { end: at + 1, nodes: [el("br")] } : { end: at + 1, text: " " };
    default:
      return readEmphasis(text, at, state);
  }
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function readEscape(text, at) {
  const found = match(ESCAPE, text, at);
  return found ? { end: at + 2, text: found[1] } : undefined;
}

function readCode(text, at, exhausted) {
  const ticks = match(TICKS, text, at)?.[0];
  if (!ticks) return undefined;
  const literal = { end: at + ticks.length, text: ticks };
  if (exhausted.has(ticks)) return literal;
  let close = at + ticks.length;
  for (;;) {
    close = text.indexOf(ticks, close);
    if (close < 0) {
      exhausted.add(ticks);
      return literal;
    }
    const run = match(TICKS, text, close)[0];
    if (run.length === ticks.length) break;
    close += run.length;
  }
  const code = text.slice(at + ticks.length, close).replace(/\n/g, " ");
  const trimmed = /^ .*\S.* $/.test(code) ? code.slice(1, -1) : code;
  return { end: close + ticks.length, nodes: [el("code", { dir: "ltr" }, trimmed)] };
}

function readMarker(text, at, { hooks }) {
  const found = match(MARKER, text, at);
  if (!found) return undefined;
  const after = at + found[0].length;
  // A full stop stays on the line of the marker that it follows.
  const mark = match(PUNCTUATION, text, after)?.[0] ?? "";
  const markers = found[1].split(",").map((n) => hooks.citation(Number(n)));
  return { end: after + mark.length, nodes: [el("span", { class: "unbroken" }, markers, mark)], tight: true };
}

function readLink(text, at, { hooks, depth }) {
  const found = match(LINK, text, at);
  if (!found) return undefined;
  const [whole, bang, , address] = found;
  const label = found[2].trim() || address;
  const end = at + whole.length;
  if (bang) return { end, text: label };
  const nodes = depth < MAX_DEPTH ? inline(label, hooks, depth + 1) : [document.createTextNode(label)];
  const url = hooks.link(address);
  if (!url) return { end, nodes };
  return { end, nodes: [el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, nodes)] };
}

function readEmphasis(text, at, { hooks, depth, exhausted }) {
  const delimiter = match(EMPHASIS, text, at)?.[0];
  if (!delimiter || exhausted.has(delimiter) || depth >= MAX_DEPTH) return undefined;
  if (!opens(text, at, delimiter)) return { end: at + delimiter.length, text: delimiter };
  const close = findCloser(text, at + delimiter.length, delimiter);
  if (close < 0) {
    exhausted.add(delimiter);
    return { end: at + delimiter.length, text: delimiter };
  }
  const inner = inline(text.slice(at + delimiter.length, close), hooks, depth + 1);
  return { end: close + delimiter.length, nodes: [el(TAGS[delimiter], {}, inner)] };
}

// An underscore inside a word, as in `store_id`, is no emphasis.
function opens(text, at, delimiter) {
  const after = text[at + delimiter.length] ?? " ";
  return !/\s/.test(after) && !(delimiter[0] === "_" && /[\p{L}\p{N}]/u.test(text[at - 1] ?? " "));
}

function findCloser(text, from, delimiter) {
  for (let at = text.indexOf(delimiter, from + 1); at >= 0; at = text.indexOf(delimiter, at + 1)) {
    const before = text[at - 1];
    const after = text[at + delimiter.length] ?? " ";
    const insideRun = delimiter.length === 1 && (after === delimiter || before === delimiter);
    const insideWord = delimiter[0] === "_" && /[\p{L}\p{N}]/u.test(after);
    if (/[\s\\]/.test(before) || insideRun || insideWord) continue;
    // In `***both***` the outer pair closes last.
    return text[at + delimiter.length] === delimiter[0] ? at + 1 : at;
  }
  return -1;
}
