/** Thumbs up and down for one answer; down asks for a reason and an optional comment. */

import { button, el, freshId } from "/chat/dom.js";
import { explain } from "/chat/faults.js";
import { t } from "/chat/i18n.js";

const REASONS = {
  wrong: "Wrong",
  outdated: "Outdated",
  incomplete: "Incomplete",
  unsafe: "Unsafe",
  other: "Something else",
};

export class Feedback {
  #send;
  #sent = Promise.resolve();
  #say;
  #buttons;
  #form = null;
  #vote = null;

  /** `send(vote, details)` stores the vote; the form opens in `drawer`; `say(text)` shows and announces a message. */
  constructor({ send, drawer, say }) {
    // One after the other: the latest vote overwrites, so a bare one must not overtake the one with a reason.
    this.#send = (...vote) => {
      this.#sent = this.#sent.then(
        () => send(...vote),
        () => send(...vote),
      );
      return this.#sent;
    };
    this.#say = say;
    this.drawer = drawer;
    this.#buttons = {
      up: button("Helpful", () => this.#choose("up"), {
        glyph: "up",
        "aria-pressed": "false",
        class: "button button-icon",
      }),
      down: button("Not helpful", () => this.#choose("down"), {
        glyph: "down",
        "aria-pressed": "false",
        class: "button button-icon",
      }),
    };
  }

  get nodes() {
    return Object.values(this.#buttons);
  }

  async #choose(vote) {
    const before = this.#vote;
    this.#press(vote);
    if (vote === "down") this.#openForm();
    else this.#closeForm();
    if (vote === before) return;
    try {
      await this.#send(vote, {});
      if (vote === "up") this.#say(t("Thank you for the feedback."));
    } catch (fault) {
      this.#press(before);
      this.#closeForm();
      this.#say(`${t("Your vote was not saved.")} ${explain(fault).advice}`);
    }
  }

  #press(vote) {
    this.#vote = vote;
    for (const [name, node] of Object.entries(this.#buttons)) node.setAttribute("aria-pressed", String(name === vote));
  }

  #openForm() {
    if (this.#form?.isConnected) return;
    const comment = freshId("comment");
    const reason = freshId("reason");
    const choices = Object.entries(REASONS).map(([value, label]) =>
      el("label", { class: "chip" }, el("input", { type: "radio", name: reason, value }), el("span", {}, t(label))),
    );
    this.#form = el(
      "form",
      { class: "panel", novalidate: true, onsubmit: (event) => this.#submit(event) },
      el("fieldset", {}, el("legend", {}, t("What was wrong with this answer?")), el("div", { class: "chips" }, choices)),
      el("label", { for: comment }, t("Comment (optional)")),
      el("textarea", { id: comment, rows: "2", dir: "auto" }),
      el(
        "div",
        { class: "panel-actions" },
        el("button", { type: "submit", class: "button button-primary" }, t("Send feedback")),
        button("Close", () => this.#dismiss()),
      ),
    );
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#dismiss();
    });
    this.drawer.replaceChildren(this.#form);
    this.#form.querySelector("input").focus();
    this.#form.scrollIntoView({ block: "nearest" });
  }

  async #submit(event) {
    event.preventDefault();
    const reason = this.#form.querySelector("input:checked")?.value;
    const comment = this.#form.querySelector("textarea").value.trim();
    try {
      await this.#send("down", { ...(reason && { reason }), ...(comment && { comment }) });
      this.#dismiss();
      this.#say(t("Thank you. Your feedback goes to the people who keep the documents."));
    } catch (fault) {
      this.#say(`${t("Your feedback was not saved.")} ${explain(fault).advice}`);
    }
  }

  #dismiss() {
    this.#closeForm();
    this.#buttons.down.focus();
  }

  #closeForm() {
    this.#form?.remove();
  }
}
