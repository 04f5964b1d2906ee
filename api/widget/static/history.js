/** The conversation as this browser keeps it, one for each visitor: across reloads and tabs, for a day. */

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

  add(question, answer) {
    const turns = [...this.load().turns, { question, answer }].slice(-MOST_TURNS);
    write(this.#widget, this.#slot, { at: Date.now(), conversationId: answer.conversation_id, turns });
  }

  clear() {
    forget(this.#widget, this.#slot);
  }
}
