/** The conversation: the chat page's own parts, under a widget's name, colours and language. */

import { Client } from "/chat/client.js";
import { t } from "/chat/i18n.js";
import { SourceCard } from "/chat/sources.js";
import { Turn } from "/chat/turn.js";
import { History } from "/widget/v1/static/history.js";
import { frameParts } from "/widget/v1/static/parts.js";
import { Resumption } from "/widget/v1/static/resumption.js";

export { styled } from "/widget/v1/static/parts.js";

export class Panel {
  #config;
  #session;
  #tell;
  #close;
  #inline;
  #parts;
  #history;
  #page;
  #current = null;
  #lost = null;
  #shown = "";
  #timer = 0;

  /** `session` brings credentials; `close()` folds the panel; `tell(type, more)` speaks to the page around the frame. */
  constructor({ config, session, inline, close, tell }) {
    this.#config = config;
    this.#session = session;
    this.#inline = inline;
    this.#close = close;
    this.#tell = tell;
    this.#history = new History(config.widget, { changed: () => this.#elsewhere() });
    this.#build();
    addEventListener("online", () => this.#online(true));
    addEventListener("offline", () => this.#online(false));
    document.addEventListener("keydown", (event) => {
      // A dialog and an open form take Escape for themselves.
      if (event.key === "Escape" && !event.target.closest("dialog, form.panel")) this.#close();
    });
    this.restart();
  }

  show(visible) {
    this.#parts.root.hidden = !visible;
  }

  focus() {
    this.#parts.question.focus({ preventScroll: true });
  }

  /** The theme or the language changed. */
  redraw() {
    const { hidden } = this.#parts.root;
    this.#parts.root.remove();
    this.#parts.card.remove();
    this.#parts.announcer.remove();
    this.#build();
    this.#parts.root.hidden = hidden;
    this.#recall();
  }

  /** Another visitor: nothing of the one before stays in sight. */
  async restart() {
    this.#halt();
    this.#history.visitor = "";
    this.#recall();
    if (!this.#session.getToken) this.#history.visitor = null;
    else
      try {
        const visit = await this.#session.visit();
        this.#history.visitor = visit.identified ? visit.visitor : null;
      } catch {
        return; // the first question says what is wrong
      }
    this.#recall();
    this.#goOn();
  }

  /** With the answer that was being written when the page was left. */
  #goOn() {
    const pending = this.#history.takePending();
    if (!pending) return;
    this.#page.conversationId = pending.conversationId;
    const turn = new Turn(pending.question, this.#page);
    this.#append(turn);
    this.#run(turn, pending.answerId);
  }

  async stop() {
    this.#halt();
    this.#history.clear();
    this.#recall();
  }

  #build() {
    this.#parts = frameParts(this.#config, {
      inline: this.#inline,
      close: this.#close,
      anew: () => this.#anew(),
      submit: (text) => this.#submit(text),
      stop: () => this.#current?.stop(),
    });
    const { root, card, announcer } = this.#parts;
    document.body.append(root, card, announcer);
    this.#page = {
      client: new Client(() => this.#session.token(), {
        renew: () => this.#session.forget(),
        resumption: new Resumption(this.#session, this.#config.resume_ms),
        most: this.#config.max_chars,
      }),
      conversationId: null,
      card: new SourceCard(card),
      announce: (text) => this.#announce(text),
      disclose() {}, // the theme's language has its own words for it, which nothing replaces
      onUnauthenticated: (question) => this.#ended(question),
      ask: (text) => this.#submit(text),
      returned: (question) => this.#returned(question),
      transcript: () => this.#history.transcript(),
      handed: (answerId, opened) => this.#history.handed(answerId, opened),
      begun: (question, meta) => this.#history.begin(question, meta),
      settled: (question, answer) => this.#settled(question, answer),
      rerun: (turn) => {
        this.#run(turn);
        this.focus();
      },
    };
    this.#online(navigator.onLine);
  }

  #settled(question, answer) {
    this.#lost = null;
    this.#history.add(question, answer);
    this.#shown = ids(this.#history.load().turns);
    this.#event("answer", { outcome: answer.outcome, answer_id: answer.answer_id });
  }

  /** Names and outcomes, never what was said: the page around is not part of the conversation. */
  #event(name, detail) {
    this.#tell("event", { name, detail });
  }

  #submit(text) {
    if (!text) return;
    if (this.#current) {
      this.#announce(t("An answer is still being written. Stop it first."));
      return;
    }
    const turn = new Turn(text, this.#page);
    this.#append(turn);
    this.#parts.question.value = "";
    this.focus();
    this.#event("question");
    this.#run(turn);
    turn.node.scrollIntoView({ block: "start", behavior: "auto" });
  }

  #append(turn) {
    this.#parts.empty.hidden = true;
    this.#parts.anew.hidden = false;
    this.#parts.log.append(turn.node);
  }

  async #run(turn, answerId = null) {
    this.#current?.stop();
    this.#current = turn;
    this.#lost = turn;
    this.#streaming(true);
    await turn.run(answerId);
    if (this.#current !== turn) return;
    this.#history.takePending(); // it has ended, well or not
    this.#current = null;
    this.#streaming(false);
  }

  #halt() {
    this.#current?.stop();
    this.#current = null;
    this.#streaming(false);
  }

  #streaming(streaming) {
    const { send, stop } = this.#parts;
    const hadFocus = document.activeElement === stop || document.activeElement === send;
    send.hidden = streaming;
    stop.hidden = !streaming;
    if (hadFocus) this.focus();
  }

  /** Another tab has written: shown here unless an answer is being written, or what is shown is the same. */
  #elsewhere() {
    if (!this.#current && ids(this.#history.load().turns) !== this.#shown) this.#recall();
  }

  /** Shows what this browser keeps of the visitor's conversation. */
  #recall() {
    const { conversationId, turns } = this.#history.load();
    this.#shown = ids(turns);
    this.#page.card.dismiss();
    if (!this.#current) this.#page.conversationId = conversationId;
    this.#lost = this.#current;
    this.#parts.log.replaceChildren();
    this.#parts.empty.hidden = turns.length > 0;
    this.#parts.anew.hidden = turns.length === 0;
    for (const { question, answer } of turns) {
      const turn = new Turn(question, this.#page);
      this.#append(turn);
      turn.restore(answer);
    }
    // Asked while it was still being found out who is asking.
    if (this.#current) this.#append(this.#current);
    this.#parts.log.lastElementChild?.scrollIntoView({ block: "end", behavior: "auto" });
  }

  #anew() {
    this.#halt();
    this.#history.clear();
    this.#recall();
    this.#announce(t("New conversation."));
    this.focus();
  }

  /** What cannot be asked as it is comes back to be changed, unless something else is being written by now. */
  #returned(question) {
    this.#parts.question.value ||= question;
  }

  #ended(question) {
    this.#returned(question);
    this.#parts.log.lastElementChild?.remove();
    this.#announce(t("Your session has ended. Please send your question again."));
  }

  #online(online) {
    const was = this.#parts.offline.hidden;
    this.#parts.offline.hidden = online;
    if (online === was) return;
    this.#announce(online ? t("You are online again.") : t("You are offline. Your question stays here."));
    const failed = this.#parts.log.lastElementChild?.querySelector('.answer[data-outcome="failed"]');
    // What the lost connection took is asked again, once.
    if (online && failed && this.#lost && !this.#current) this.#run(this.#lost);
  }

  #announce(text) {
    const { announcer } = this.#parts;
    announcer.textContent = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => announcer.replaceChildren(), 20_000);
  }
}

function ids(turns) {
  return turns.map(({ answer }) => answer.answer_id).join(" ");
}
