/** Handing an answer over to a person: a short form, then the case number. */

import { button, el, freshId } from "/chat/dom.js";
import { explain } from "/chat/faults.js";
import { t } from "/chat/i18n.js";

/**
 * Opens the form in `drawer`. `send(details)` returns `{case_id, status}`; `done()` runs once a case exists; after a
 * cancellation `trigger` gets the focus back. With a `transcript` the form shows what is passed on, and asks for consent.
 */
export function openHandoff({ drawer, send, done, announce, trigger, transcript }) {
  const problem = el("p", { class: "notice notice-error", role: "alert", hidden: true });
  const submit = el("button", { type: "submit", class: "button button-primary" }, t("Hand over"));
  const close = () => {
    drawer.replaceChildren();
    trigger.focus();
  };
  const form = el(
    "form",
    { class: "panel", novalidate: true, "aria-label": t("Hand over to a person") },
    el("p", { class: "panel-title" }, t("Hand over to a person")),
    transcript === null && el("p", { class: "help" }, t("Your question and this answer go with it.")),
    problem,
    fields(),
    transcript !== null && passedOn(transcript),
    el("div", { class: "panel-actions" }, submit, button("Cancel", close)),
  );
  const fail = (text) => {
    problem.textContent = text;
    problem.hidden = false;
    submit.disabled = false;
  };
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    if (!agreed(form)) {
      fail(t("Please agree first, or cancel."));
      return;
    }
    submit.disabled = true;
    try {
      const { case_id: caseId, status } = await send(details(form));
      showCase(drawer, { case_id: caseId, status });
      drawer.firstChild.focus();
      announce(`${t("Handed over to a person. Your case number is")} ${caseId}.`);
      done();
    } catch (fault) {
      fail(`${t("This was not handed over.")} ${explain(fault).advice}`);
    }
  });
  drawer.replaceChildren(form);
  form.elements.contact.focus();
  form.scrollIntoView({ block: "nearest" });
}

function fields() {
  const contact = freshId("contact");
  const note = freshId("note");
  return [
    el("label", { for: contact }, t("How can we reach you? (optional)")),
    el("input", {
      id: contact,
      name: "contact",
      type: "text",
      maxlength: "500",
      autocomplete: "email",
      dir: "auto",
      placeholder: t("E-mail or telephone"),
    }),
    el("label", { for: note }, t("Anything to add? (optional)")),
    el("textarea", { id: note, name: "note", rows: "3", maxlength: "4000", dir: "auto" }),
  ];
}

/** The conversation as it stands, to be read before it is agreed to. */
function passedOn(transcript) {
  const id = freshId("transcript");
  const words = el("textarea", { id, rows: "5", readonly: true, dir: "auto" });
  words.value = transcript;
  return [
    el("label", { for: id }, t("This conversation is passed on")),
    words,
    el(
      "label",
      { class: "consent" },
      el("input", { type: "checkbox", name: "consent", "aria-required": "true" }),
      el("span", {}, t("I agree that a person reads this conversation and uses my contact details to answer.")),
    ),
  ];
}

/** Whether nothing stands in the way of sending; else the box that asks has the focus. */
function agreed({ elements: { consent } }) {
  if (!consent) return true;
  consent.setAttribute("aria-invalid", String(!consent.checked));
  if (!consent.checked) consent.focus();
  return consent.checked;
}

function details({ elements }) {
  const contact = elements.contact.value.trim();
  const note = elements.note.value.trim();
  return { ...(contact && { contact }), ...(note && { note }), ...(elements.consent && { consent: true }) };
}

const STATUSES = { open: "open", claimed: "claimed", resolved: "resolved" };

function statusName(status) {
  return t(STATUSES[status] ?? String(status).replaceAll("_", " "));
}

/** Shows a case that was opened in `drawer`. */
export function showCase(drawer, opened) {
  drawer.replaceChildren(confirmation(opened));
}

function confirmation({ case_id: caseId, status }) {
  return el(
    "div",
    { class: "notice notice-done", tabindex: "-1" },
    el("p", {}, `${t("Handed over to a person. Your case number is")} `, el("strong", { class: "case" }, caseId), "."),
    status &&
      el(
        "p",
        { class: "help" },
        t("Status: {status}. Quote the number if you get in touch.", { status: statusName(status) }),
      ),
  );
}
