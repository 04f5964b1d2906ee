/**
 * Markdown to DOM nodes, for the subset that answers use: paragraphs, headings, lists, tables, code, quotes, rules.
 * Nothing is parsed as HTML, and a numbered step keeps the number that it was written with.
 */

import { el } from "/chat/dom.js";
import { t } from "/chat/i18n.js";
import { inline } from "/chat/inline.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3})([-*+•]|\d{1,9}[.)])(\s+|$)(.*)$/;
const DELIMITERS = /^\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$/;
const MAX_DEPTH = 6;

/** Renders Markdown, replacing only the blocks that changed, so that focus and selection survive streaming. */
export class MarkdownView {
  #container;
  #hooks;
  #keys = [];

  constructor(container, hooks) {
    this.#container = container;
    this.#hooks = hooks;
  }

  show(text) {
    const blocks = parseBlocks(text.split(/\r\n|\n|\r/));
    // Whether a link is shown as one depends on the citations known by now.
    const keys = blocks.map(({ source }) => (source.includes("](") ? `${this.#hooks.revision()}:${source}` : source));
    let same = 0;
    while (same < keys.length && keys[same] === this.#keys[same]) same += 1;
    while (this.#container.childNodes.length > same) this.#container.lastChild.remove();
    this.#container.append(...blocks.slice(same).map((block) => render(block, this.#hooks, 0)));
    this.#keys = keys;
  }
}

/** Blocks as `{type, source, …}`, `source` being the lines that the block came from. */
export function parseBlocks(lines) {
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const block = readBlock(lines, at);
    blocks.push({ ...block, source: lines.slice(at, block.end).join("\n") });
    at = block.end;
  }
  return blocks;
}

function readBlock(lines, at) {
  const line = lines[at];
  const heading = HEADING.exec(line);
  if (FENCE.test(line)) return readFence(lines, at);
  if (heading) return { type: "heading", level: heading[1].length, text: heading[2], end: at + 1 };
  if (RULE.test(line)) return { type: "rule", end: at + 1 };
  if (QUOTE.test(line)) return readQuote(lines, at);
  if (ITEM.test(line)) return readList(lines, at);
  if (startsTable(lines, at)) return readTable(lines, at);
  return readParagraph(lines, at);
}

function readFence(lines, at) {
  const [, fence] = FENCE.exec(lines[at]);
  let end = at + 1;
  while (end < lines.length && !closesFence(lines[end], fence)) end += 1;
  const text = lines
    .slice(at + 1, end)
    .join("\n")
    .trimEnd();
  return { type: "code", text, end: Math.min(end + 1, lines.length) };
}

function closesFence(line, fence) {
  const bare = line.trim();
  return bare.length >= fence.length && bare === fence[0].repeat(bare.length);
}

function readQuote(lines, at) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  return { type: "quote", lines: lines.slice(at, end).map((line) => line.replace(QUOTE, "")), end };
}

function readParagraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !interrupts(lines, end)) end += 1;
  return {
    type: "paragraph",
    text: lines
      .slice(at, end)
      .map((line) => line.trimStart())
      .join("\n")
      .trimEnd(),
    end,
  };
}

function interrupts(lines, at) {
  const line = lines[at];
  return [FENCE, HEADING, RULE, QUOTE, ITEM].some((pattern) => pattern.test(line)) || startsTable(lines, at);
}

function startsTable(lines, at) {
  return lines[at].includes("|") && (lines[at + 1] ?? "").includes("|") && DELIMITERS.test(lines[at + 1].trim());
}

function readTable(lines, at) {
  let end = at + 2;
  while (end < lines.length && lines[end].trim() && lines[end].includes("|")) end += 1;
  const alignments = cells(lines[at + 1]).map(alignment);
  return { type: "table", header: cells(lines[at]), rows: lines.slice(at + 2, end).map(cells), alignments, end };
}

function alignment(delimiter) {
  if (!delimiter.endsWith(":")) return "start";
  return delimiter.startsWith(":") ? "center" : "end";
}

/** The cells of a table row; `\|` and a bar inside a code span separate nothing. */
function cells(line) {
  const row = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  const found = [""];
  let inCode = false;
  for (let at = 0; at < row.length; at += 1) {
    const escaped = row[at] === "\\" && row[at + 1] === "|";
    if (row[at] === "`") inCode = !inCode;
    if (row[at] === "|" && !inCode) found.push("");
    else found[found.length - 1] += escaped ? "|" : row[at];
    if (escaped) at += 1;
  }
  return found.map((cell) => cell.trim());
}

/** Consecutive items of one kind; what is indented below an item belongs to it. */
function readList(lines, at) {
  const ordered = isOrdered(lines[at]);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const next = skipBlank(lines, end);
    if (!startsItem(lines[next] ?? "") || isOrdered(lines[next]) !== ordered) break;
    items.push(readItem(lines, next));
    end = items.at(-1).end;
  }
  return { type: "list", ordered, items, end };
}

function startsItem(line) {
  return ITEM.test(line) && !RULE.test(line);
}

function isOrdered(line) {
  return /\d/.test(ITEM.exec(line)[2]);
}

function skipBlank(lines, at) {
  let next = at;
  while (next < lines.length && !lines[next].trim()) next += 1;
  return next;
}

function readItem(lines, at) {
  const [, margin, marker, gap, rest] = ITEM.exec(lines[at]);
  const content = margin.length + marker.length + Math.min(gap.length || 1, 4);
  const body = [rest];
  let end = at + 1;
  while (end < lines.length && belongs(lines, end, margin.length)) {
    body.push(lines[end].replace(new RegExp(`^\\s{0,${content}}`), ""));
    end += 1;
  }
  while (end > at + 1 && !lines[end - 1].trim()) end -= 1;
  return { number: Number.parseInt(marker, 10), lines: body, end };
}

// Two columns are enough to be inside an item: language models seldom indent by the three that CommonMark wants.
function belongs(lines, at, margin) {
  const line = lines[at];
  if (!line.trim()) return true;
  if (line.search(/\S/) >= margin + 2) return true;
  return Boolean(lines[at - 1].trim()) && !interrupts(lines, at);
}

function render(block, hooks, depth) {
  const text = (value) => inline(value, hooks);
  switch (block.type) {
    case "heading":
      return el(`h${Math.min(block.level + 2, 6)}`, { dir: "auto" }, text(block.text));
    case "code":
      return el("pre", { tabindex: "0", dir: "ltr" }, el("code", {}, block.text));
    case "rule":
      return el("hr");
    case "quote":
      return el("blockquote", { dir: "auto" }, children(block.lines, hooks, depth));
    case "list":
      return renderList(block, hooks, depth);
    case "table":
      return renderTable(block, text);
    default:
      return el("p", { dir: "auto" }, text(block.text));
  }
}

function children(lines, hooks, depth) {
  if (depth >= MAX_DEPTH) return [document.createTextNode(lines.join(" "))];
  return parseBlocks(lines).map((block) => render(block, hooks, depth + 1));
}

function renderList({ ordered, items }, hooks, depth) {
  const nodes = items.map((item) =>
    el("li", { dir: "auto", value: ordered && item.number }, itemContent(item, ordered, hooks, depth)),
  );
  return el(ordered ? "ol" : "ul", {}, nodes);
}

/**
 * An item that starts with a paragraph shows it without the paragraph's margins. A step keeps its lines: a runbook's command
 * that runs into the sentence after it is no command.
 */
function itemContent(item, ordered, hooks, depth) {
  if (depth >= MAX_DEPTH) return children(item.lines, hooks, depth);
  const [first, ...rest] = parseBlocks(item.lines);
  if (first?.type !== "paragraph") return children(item.lines, hooks, depth);
  const text = ordered ? first.text.replaceAll("\n", "  \n") : first.text;
  return [...inline(text, hooks), ...rest.map((block) => render(block, hooks, depth + 1))];
}

function renderTable({ header, rows, alignments }, text) {
  const cell = (tag, value, i) =>
    el(tag, { dir: "auto", class: `align-${alignments[i] ?? "start"}`, scope: tag === "th" && "col" }, text(value));
  const table = el(
    "table",
    {},
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        header.map((value, i) => cell("th", value, i)),
      ),
    ),
    el(
      "tbody",
      {},
      rows.map((row) =>
        el(
          "tr",
          {},
          header.map((_, i) => cell("td", row[i] ?? "", i)),
        ),
      ),
    ),
  );
  return el("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": t("Table") }, table);
}
