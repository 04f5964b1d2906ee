/** Handing an answer over to a person: a short form, then the case number. */

import { button, el, freshId } from "/chat/dom.js";
import { explain } from "/chat/faults.js";
import { t } from "/chat/i18n.js";

/**
 * Opens the form in `drawer`. `send(details)` returns `{case_id, status}`; `done()` runs once a case exists; after a
 * cancellation `trigger` gets the focus back.
 */
export function openHandoff({ drawer, send, done, announce, trigger }) {
  const contact = freshId("contact");
  const note = freshId("note");
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
    el("p", { class: "help" }, t("Your question and this answer go with it.")),
    problem,
    el("label", { for: contact }, t("How can we reach you? (optional)")),
    el("input", { id: contact, type: "text", autocomplete: "email", dir: "auto", placeholder: t("E-mail or telephone") }),
    el("label", { for: note }, t("Anything to add? (optional)")),
    el("textarea", { id: note, rows: "3", dir: "auto" }),
    el("div", { class: "panel-actions" }, submit, button("Cancel", close)),
  );
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    try {
      const { case_id: caseId, status } = await send(details(form));
      drawer.replaceChildren(confirmation(caseId, status));
      drawer.firstChild.focus();
      announce(`${t("Handed over to a person. Your case number is")} ${caseId}.`);
      done();
    } catch (fault) {
      problem.textContent = `${t("This was not handed over.")} ${explain(fault).advice}`;
      problem.hidden = false;
      submit.disabled = false;
    }
  });
  drawer.replaceChildren(form);
  form.querySelector("input").focus();
  form.scrollIntoView({ block: "nearest" });
}

const STATUSES = { open: "open", claimed: "claimed", resolved: "resolved" };

function statusName(status) {
  return t(STATUSES[status] ?? String(status).replaceAll("_", " "));
}

function details(form) {
  const contact = form.querySelector("input").value.trim();
  const note = form.querySelector("textarea").value.trim();
  return { ...(contact && { contact }), ...(note && { note }) };
}

function confirmation(caseId, status) {
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
