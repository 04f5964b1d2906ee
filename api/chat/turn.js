/** One question and its answer: the stream is read here, and the view shows it. */

import { AnswerView } from "/chat/answer.js";
import { el } from "/chat/dom.js";
import { explain } from "/chat/faults.js";
import { t } from "/chat/i18n.js";

// The spoken and shown words for `status` stages; an unknown stage is simply work.
const STAGES = {
  searching: "Searching the documents…",
  reading: "Reading what was found…",
  writing: "Writing the answer…",
  checking: "Checking every sentence against its source…",
  reconnecting: "The connection was lost. Reconnecting…",
};

export class Turn {
  #page;
  #question;
  #abort = null;
  #view = null;
  #stage = null;
  #settled = false;

  /**
   * `page` offers `client`, `card`, `conversationId` (read and written), `announce(text)`, `disclose(text)`,
   * `ask(text)`, `rerun(turn)` and `onUnauthenticated(question)`. A page that keeps a history offers `begun(question, meta)`,
   * `settled(question, answer)`, `handed(answerId, case)` and `transcript()`, the words that a hand-over passes on, too;
   * one that gives back what cannot be asked as it is, `returned(question)`.
   */
  constructor(question, page) {
    this.#question = question;
    this.#page = page;
    this.node = el(
      "article",
      { class: "turn" },
      el("h2", { class: "visually-hidden" }, t("You asked")),
      el("p", { class: "question", dir: "auto" }, question),
      el("h2", { class: "visually-hidden" }, t("Answer")),
    );
  }

  /**
   * Asks (again), or follows the answer with the id `answerId`, and shows what comes. Never throws: every fault ends as something
   * the reader sees.
   */
  async run(answerId = null) {
    this.#abort = new AbortController();
    this.#settled = false;
    this.#stage = null;
    const view = new AnswerView(this.#page, { again: () => this.#again() });
    if (this.#view) this.#view.node.replaceWith(view.node);
    else this.node.append(view.node);
    this.#view = view;
    this.#showStage("searching");
    try {
      const { client, conversationId } = this.#page;
      const { signal } = this.#abort;
      const events = answerId ? client.follow(answerId, signal) : client.ask(this.#question, conversationId, signal);
      for await (const { name, data } of events) this.#take(name, data);
    } catch (fault) {
      this.#fail(fault);
    }
  }

  /** Shows an answer that was given before. */
  restore(answer) {
    this.#settled = true;
    this.#view = new AnswerView(this.#page, { again: () => this.#again() });
    this.node.append(this.#view.node);
    this.#view.finish(answer);
  }

  stop() {
    this.#abort?.abort();
  }

  #again() {
    this.#page.rerun(this);
  }

  #take(name, data) {
    switch (name) {
      case "meta":
        this.#page.conversationId = data.conversation_id;
        this.#page.disclose(data.disclosure);
        this.#page.begun?.(this.#question, data);
        return this.#view.identify(data);
      case "status":
        return this.#showStage(data.stage);
      case "sentence":
        return this.#view.addUnit(data);
      case "citation":
        return this.#view.addCitation(data);
      case "replace":
        return this.#view.replace(data);
      case "done":
        this.#settled = true;
        this.#page.conversationId = data.conversation_id ?? this.#page.conversationId;
        this.#page.settled?.(this.#question, data);
        return this.#page.announce(this.#view.finish(data));
      default:
        return undefined; // events that a later version of the service adds
    }
  }

  #showStage(stage) {
    const words = t(STAGES[stage] ?? "Working on it…");
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#view.showStage(words);
    this.#page.announce(words);
  }

  #fail(fault) {
    if (this.#settled) return; // the answer was complete; only the goodbye went wrong
    if (this.#abort.signal.aborted) {
      this.#page.announce(this.#view.showStopped());
    } else if (fault.status === 401 && fault.code !== "invalid_identity") {
      this.#page.onUnauthenticated(this.#question);
    } else {
      if (!explain(fault).retry) this.#page.returned?.(this.#question);
      this.#page.announce(this.#view.showFault(fault));
    }
  }
}
