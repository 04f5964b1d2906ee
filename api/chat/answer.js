/** The card that shows one answer: streaming first, then settled as one of the outcomes, as stopped or as failed. */

import { button, el, icon } from "/chat/dom.js";
import { explain } from "/chat/faults.js";
import { Feedback } from "/chat/feedback.js";
import { openHandoff, showCase } from "/chat/handoff.js";
import { t, tn } from "/chat/i18n.js";
import { MarkdownView } from "/chat/markdown.js";
import { choiceList, closestList } from "/chat/next.js";
import { Sources } from "/chat/sources.js";

const OUTCOMES = {
  abstained: {
    glyph: "search",
    title: "No reliable answer found",
    advice: "The published documents do not support an answer, so none is given.",
  },
  refused: { glyph: "shield", title: "This question cannot be answered here", advice: "" },
  escalated: { glyph: "person", title: "Handed over to a person", advice: "" },
};

// Asking back is no failure to find something, and neither is a question that holds none: these need no banner or another one.
const KINDS = {
  clarification: { glyph: "search", title: "Which one do you mean?", advice: "" },
  word: { glyph: "search", title: "Tell me more", advice: "" },
  empty: null,
  frustration: null,
  language: null,
};

const INCOMPLETE = "What is shown is incomplete.";

export class AnswerView {
  #page;
  #again;
  #answerId = null;
  #text = "";
  #lastKind = null;
  #sources;
  #markdown;
  #banner = el("div", { class: "banners" });
  #stage = el("p", { class: "stage" });
  #prose = el("div", { class: "prose" });
  #evidence = el("div");
  #actions = el("div", { class: "actions" });
  #drawer = el("div", { class: "drawer" });
  #remark = el("p", { class: "remark" });

  constructor(page, { again }) {
    this.#page = page;
    this.#again = again;
    this.#sources = new Sources(page.card);
    this.#markdown = new MarkdownView(this.#prose, {
      citation: (n) => this.#sources.marker(n),
      link: (address) => this.#sources.link(address),
      revision: () => this.#sources.size,
    });
    const parts = [this.#banner, this.#prose, this.#stage, this.#evidence, this.#actions, this.#drawer];
    this.node = el("div", { class: "card answer", "aria-busy": "true" }, parts);
  }

  identify({ answer_id: answerId }) {
    this.#answerId = answerId;
  }

  showStage(words) {
    this.#stage.replaceChildren(el("span", { class: "pulse", "aria-hidden": "true" }), words);
  }

  addUnit({ text, kind }) {
    this.#text += separator(this.#lastKind, kind, this.#text, text) + text;
    this.#lastKind = kind;
    this.#markdown.show(this.#text);
  }

  addCitation(citation) {
    this.#sources.add(citation);
    this.#markdown.show(this.#text);
  }

  /** The service withdrew what it had said: only the new text may stay. */
  replace({ text, outcome }) {
    this.#text = text;
    this.#lastKind = null;
    this.#markdown.show(text);
    this.node.dataset.outcome = outcome;
  }

  /** Shows the complete answer, which overrules all that was streamed. Returns the words to announce. */
  finish(answer) {
    const answered = answer.outcome === "answered";
    this.#answerId = answer.answer_id;
    // The same words stay laid out as they were streamed: the units say which sentences share a paragraph.
    if (words(answer.text) !== words(this.#text)) this.#text = answer.text;
    this.#sources.replace(answered ? answer.citations : []);
    this.#markdown.show(this.#text);
    this.#sources.settle();
    this.#settle(answer.outcome);
    const banner = answer.kind in KINDS ? KINDS[answer.kind] : OUTCOMES[answer.outcome];
    if (banner) this.#banner.append(notice({ ...banner, advice: answer.text ? "" : banner.advice }));
    if (answer.degraded) this.#banner.append(degradedNotice());
    if (answer.partial) this.#banner.append(partialNotice());
    if (this.#sources.size) this.#evidence.append(this.#sources.list());
    if (answer.choices?.length) this.#evidence.append(choiceList(answer.choices, (label) => this.#page.ask(label)));
    if (answer.closest?.length) this.#evidence.append(closestList(answer.closest));
    this.#offer(answer);
    if (answer.case) showCase(this.#drawer, answer.case);
    return this.#spoken(banner);
  }

  showStopped() {
    this.#settle("stopped");
    this.#banner.append(notice({ glyph: "stop", title: "You stopped this answer", advice: this.#text && INCOMPLETE }));
    this.#actions.append(button("Ask again", this.#again, { glyph: "retry" }));
    return t("Stopped.");
  }

  showFault(fault) {
    const { title, advice, retry } = explain(fault);
    this.#settle("failed");
    const incomplete = this.#text ? `${t(INCOMPLETE)} ` : "";
    this.#banner.append(notice({ glyph: "alert", title, advice: incomplete + advice }));
    if (retry) this.#actions.append(button("Try again", this.#again, { glyph: "retry", kind: "primary" }));
    return `${title}. ${incomplete}${advice}`;
  }

  #settle(outcome) {
    this.#stage.remove();
    this.node.dataset.outcome = outcome;
    this.node.removeAttribute("aria-busy");
  }

  #offer({ outcome, handoff, case: opened }) {
    const send = (vote, details) => this.#page.client.vote(this.#answerId, vote, details);
    const feedback = new Feedback({ send, drawer: this.#drawer, say: (text) => this.#say(text) });
    const copy = button("Copy", () => this.#copy(), { glyph: "copy" });
    const urgent = outcome === "abstained" || handoff?.offered;
    if (handoff?.message) this.#prose.append(el("p", { dir: "auto", class: "handoff-message" }, t(handoff.message)));
    if (outcome === "escalated" || opened) return this.#actions.append(...feedback.nodes, copy, this.#remark);
    const person = button("Hand over to a person", () => this.#handOver(person), {
      glyph: "person",
      kind: urgent ? "primary" : "quiet",
    });
    const order = urgent ? [person, ...feedback.nodes, copy] : [...feedback.nodes, copy, person];
    return this.#actions.append(...order, this.#remark);
  }

  #handOver(trigger) {
    openHandoff({
      drawer: this.#drawer,
      trigger,
      transcript: this.#page.transcript?.() ?? null,
      send: async (details) => {
        const opened = await this.#page.client.handOver(this.#answerId, details);
        this.#page.handed?.(this.#answerId, opened);
        return opened;
      },
      done: () => trigger.remove(),
      announce: this.#page.announce,
    });
  }

  async #copy() {
    const sources = this.#sources.asText();
    const copied = await copyText(sources ? `${this.#text}\n\n${t("Sources")}\n${sources}` : this.#text);
    this.#say(copied ? t("Copied, with its sources.") : t("Your browser did not allow copying."));
  }

  #say(text) {
    this.#remark.textContent = text;
    this.#page.announce(text);
  }

  #spoken(banner) {
    const count = this.#sources.size;
    const sources = count ? tn(count, "{n} source.", "{n} sources.") : "";
    return [banner ? `${t(banner.title)}.` : t("Answer:"), spokenText(this.#prose), sources].filter(Boolean).join(" ");
  }
}

function words(text) {
  return text.split(/\s+/).join(" ").trim();
}

/** What stands between two units, so that sentences flow, list items stay one list, and blocks stay apart. */
function separator(before, kind, soFar, text) {
  if (before === null || soFar.endsWith("\n") || text.startsWith("\n")) return "";
  if (before !== kind || /^#{1,6} /.test(text)) return "\n\n";
  if (kind === "sentence") return " ";
  return kind === "item" || kind === "table" ? "\n" : "\n\n";
}

/** The text without its citation markers, which read as stray numbers in the middle of a sentence. */
function spokenText(prose) {
  const copy = prose.cloneNode(true);
  for (const marker of copy.querySelectorAll(".cite")) marker.remove();
  for (const part of copy.querySelectorAll("p, li, td, th, pre, h3, h4, h5, h6")) part.append(" ");
  return copy.textContent.replace(/\s+([.,;:!?]?)\s*/g, (_, mark) => `${mark} `).trim();
}

function notice({ glyph, title, advice }) {
  return el(
    "div",
    { class: "banner" },
    icon(glyph),
    el("p", {}, el("strong", {}, advice ? `${t(title)}.` : t(title)), advice && ` ${t(advice)}`),
  );
}

function degradedNotice() {
  return el(
    "div",
    { class: "banner banner-degraded" },
    icon("alert"),
    el(
      "p",
      {},
      el("strong", {}, t("Answered without the language model.")),
      ` ${t("These are the documents' own sentences, not a written answer.")}`,
    ),
  );
}

function partialNotice() {
  return notice({ glyph: "alert", title: "Answered in part", advice: "Not every question has an answer in the documents." });
}

/** Copies text; pages served over plain HTTP have no clipboard interface, so the old command stands in. */
async function copyText(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const focused = document.activeElement;
  const field = el("textarea", { class: "visually-hidden" });
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}
