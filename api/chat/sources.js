/** The sources of one answer: numbered markers in the text, the list below it, and the card that shows a passage. */

import { button, el, icon, webURL } from "/chat/dom.js";
import { locale, t } from "/chat/i18n.js";

const TYPES = {
  runbook: "Runbook",
  release_note: "Release note",
  policy: "Policy",
  product_doc: "Product documentation",
  config_record: "Configuration record",
  faq: "FAQ",
};

/** The citations of one answer, and every marker that points at them. */
export class Sources {
  #citations = new Map();
  #markers = new Set();
  #card;

  constructor(card) {
    this.#card = card;
  }

  get size() {
    return this.#citations.size;
  }

  add(citation) {
    this.#citations.set(citation.n, citation);
    this.#refresh();
  }

  /** Takes these citations in place of all others. */
  replace(citations) {
    this.#citations = new Map(citations.map((citation) => [citation.n, citation]));
    this.#refresh();
  }

  /** A marker for the text; it can be used as soon as its citation has come. */
  marker(n) {
    const node = el(
      "button",
      { type: "button", class: "cite", "aria-haspopup": "dialog", onclick: () => this.#open(n, node) },
      String(n),
    );
    node.dataset.n = n;
    this.#markers.add(node);
    this.#label(node);
    return node;
  }

  /** The address to link to, if a citation of this answer has it: a model's own links are never followed. */
  link(address) {
    const url = webURL(address);
    return [...this.#citations.values()].some((citation) => url && webURL(citation.url) === url) ? url : null;
  }

  /** Turns markers that no citation stands behind into plain text. */
  settle() {
    for (const node of this.#markers) {
      if (!this.#citations.has(Number(node.dataset.n))) node.replaceWith(` [${node.dataset.n}]`);
    }
  }

  list() {
    const rows = [...this.#citations.values()]
      .sort((a, b) => a.n - b.n)
      .map((citation) => el("li", {}, this.#row(citation)));
    return el("section", { class: "sources" }, el("h3", { class: "eyebrow" }, t("Sources")), el("ol", {}, rows));
  }

  /** Numbered titles and addresses, one a line, for copying. */
  asText() {
    return [...this.#citations.values()]
      .map(({ n, title, url, source }) => `[${n}] ${title} – ${webURL(url) ?? source}`)
      .join("\n");
  }

  #row(citation) {
    const path = headingPath(citation);
    const facts = [typeName(citation.doc_type), citation.version && `${t("Version")} ${citation.version}`]
      .filter(Boolean)
      .join(" · ");
    const node = el(
      "button",
      { type: "button", class: "source", "aria-haspopup": "dialog", onclick: () => this.#open(citation.n, node) },
      el("span", { class: "source-number" }, String(citation.n)),
      el(
        "span",
        { class: "source-words" },
        el("span", { class: "source-title", dir: "auto" }, citation.title || citation.source),
        el("span", { class: "source-facts", dir: "auto" }, [facts, path].filter(Boolean).join(" — ")),
      ),
    );
    return node;
  }

  #refresh() {
    for (const node of this.#markers) {
      if (!node.isConnected) this.#markers.delete(node);
      else this.#label(node);
    }
  }

  #label(node) {
    const citation = this.#citations.get(Number(node.dataset.n));
    node.disabled = !citation;
    node.setAttribute("aria-label", citation ? `${t("Source")} ${citation.n}: ${citation.title}` : `${t("Source")} ${node.dataset.n}`);
  }

  #open(n, trigger) {
    const citation = this.#citations.get(n);
    if (citation) this.#card.open(citation, trigger);
  }
}

/** The dialog with one cited passage. Escape, the close button or a click beside it closes it; focus goes back. */
export class SourceCard {
  #dialog;
  #trigger = null;

  constructor(dialog) {
    this.#dialog = dialog;
    dialog.addEventListener("close", () => this.#trigger?.focus());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }

  open(citation, trigger) {
    this.#trigger = trigger;
    this.#dialog.replaceChildren(cardContent(citation, () => this.#dialog.close()));
    this.#dialog.showModal();
    this.#dialog.querySelector("h2").focus();
  }

  /** Closes without moving focus: the trigger is about to go. */
  dismiss() {
    this.#trigger = null;
    this.#dialog.close();
  }
}

function cardContent(citation, close) {
  const url = webURL(citation.url);
  const path = headingPath(citation);
  return el(
    "div",
    { class: "source-body" },
    el("p", { class: "eyebrow" }, `${t("Source")} ${citation.n}`),
    el("h2", { id: "source-title", tabindex: "-1", dir: "auto" }, citation.title || citation.source),
    path && el("p", { class: "source-path", dir: "auto" }, path),
    el("blockquote", { class: "quote", dir: "auto" }, el("mark", {}, citation.quote)),
    el("dl", { class: "facts" }, facts(citation)),
    url &&
      el(
        "a",
        { class: "button button-primary", href: url, target: "_blank", rel: "noopener noreferrer" },
        icon("open"),
        el("span", {}, t("Open the document"), el("span", { class: "visually-hidden" }, ` ${t("(in a new tab)")}`)),
      ),
    button("Close", close, { glyph: "close", class: "button button-quiet source-close" }),
  );
}

function facts(citation) {
  const rows = [
    ["Type", typeName(citation.doc_type)],
    ["Version", citation.version],
    ["In effect since", citation.effective_from && longDate(citation.effective_from)],
    ["Page", citation.page],
    ["File", citation.source],
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => el("div", {}, el("dt", {}, t(name)), el("dd", { dir: "auto" }, String(value))));
}

/** Where in the document the passage stands, without the document's own title. */
function headingPath({ heading_path: path, title }) {
  const steps = (Array.isArray(path) ? path : [path]).filter(Boolean);
  return (steps[0] === title ? steps.slice(1) : steps).join(" › ");
}

function typeName(type) {
  return t(TYPES[type] ?? "") || String(type ?? "").replaceAll("_", " ");
}

/** A calendar date in the reader's language; no time zone may move it to another day. */
function longDate(text) {
  const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(text);
  if (!parts) return text;
  const date = new Date(Date.UTC(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3])));
  return new Intl.DateTimeFormat(locale(), { dateStyle: "long", timeZone: "UTC" }).format(date);
}
