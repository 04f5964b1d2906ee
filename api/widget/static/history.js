/** The conversation as this browser keeps it, one for each visitor: across reloads and tabs, for a day. */

import { t } from "/chat/i18n.js";
import { forget, onElsewhere, read, write } from "/widget/v1/static/store.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const MOST_TURNS = 20;
const STRANGER = "stranger";

export class History {
  #widget;
  #visitor = STRANGER;

  constructor(widget, { changed }) {
    this.#widget = widget;
    onElsewhere(widget, () => this.#slot, changed);
  }

  /** Whose conversation it is from now on; null for a visitor without a signed identity. */
  set visitor(name) {
    this.#visitor = name ?? STRANGER;
  }

  get #slot() {
    return `talk.${this.#visitor}`;
  }

  /** `{conversationId, turns: [{question, answer}]}`. */
  load() {
    const kept = read(this.#widget, this.#slot);
    const fresh = kept && Date.now() - kept.at < DAY_MS && Array.isArray(kept.turns);
    return fresh ? kept : { conversationId: null, turns: [] };
  }

  /** What was said, as text; what a visitor agrees to pass on. */
  transcript() {
    const said = this.load().turns.map(
      ({ question, answer }) => `${t("You asked")}: ${question}\n${t("Answer:")} ${answer.text}`,
    );
    return said.join("\n\n");
  }

  /** Notes that an answer is on its way, so that this page can go on with it after a reload. */
  begin(question, { answer_id: answerId, conversation_id: conversationId }) {
    write(this.#widget, this.#slot, { ...this.load(), at: Date.now(), pending: { question, answerId, conversationId } });
  }

  /** `{question, answerId, conversationId}` of an answer that never came to its end here, once; else null. */
  takePending() {
    const { pending, ...kept } = this.load();
    if (pending) write(this.#widget, this.#slot, { ...kept, at: Date.now() });
    return pending ?? null;
  }

  add(question, answer) {
    // Two tabs may have followed the same answer.
    const others = this.load().turns.filter((turn) => turn.answer.answer_id !== answer.answer_id);
    const turns = [...others, { question, answer }].slice(-MOST_TURNS);
    write(this.#widget, this.#slot, { at: Date.now(), conversationId: answer.conversation_id, turns });
  }

  /** A person has this answer's case: its number outlives the page. */
  handed(answerId, opened) {
    const kept = this.load();
    const turn = kept.turns.find(({ answer }) => answer.answer_id === answerId);
    if (!turn) return;
    turn.answer.case = opened;
    write(this.#widget, this.#slot, kept);
  }

  clear() {
    forget(this.#widget, this.#slot);
  }
}
