/** One question at a time, in a dialog: every act that others will see is confirmed. */

import { button, el, freshId } from "/chat/dom.js";

/**
 * Asks, and resolves with what was entered (or "" where nothing was asked for), or with null if the person stays.
 * `field` is `{label, required}`; a required one cannot be left empty.
 */
export function ask({ title, text, yes, field }) {
  const dialog = document.getElementById("question");
  const id = freshId("answer");
  const input = field && el("textarea", { id, rows: 3, required: field.required, dir: "auto" });
  return new Promise((resolve) => {
    let answer = null;
    const form = el(
      "form",
      {
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          const entered = input ? input.value.trim() : "";
          if (field?.required && !entered) {
            input.setAttribute("aria-invalid", "true");
            input.focus();
            return;
          }
          answer = entered;
          dialog.close();
        },
      },
      el("h2", { id: "question-title" }, title),
      text && el("p", {}, text),
      input && el("label", { for: id }, field.label + (field.required ? "" : " (optional)")),
      input,
      el(
        "div",
        { class: "row-actions" },
        button(yes, null, { kind: "primary", type: "submit" }),
        button("Cancel", () => dialog.close()),
      ),
    );
    dialog.replaceChildren(form);
    dialog.addEventListener("close", () => resolve(answer), { once: true });
    dialog.showModal();
    (input ?? form.querySelector("button")).focus();
  });
}
