/** What may come after an answer: the choices of a clarifying question, and the documents nearest to one without an answer. */

import { el, webURL } from "/chat/dom.js";
import { t } from "/chat/i18n.js";

/** Buttons that send a choice as the next message. */
export function choiceList(choices, choose) {
  const rows = choices.map(({ label }) =>
    el("li", {}, el("button", { type: "button", class: "chip", dir: "auto", onclick: () => choose(label) }, label)),
  );
  return el("nav", { class: "next choices", "aria-label": t("Choose one") }, el("ul", {}, rows));
}

/** Titles, linked where there is an address: where to look, not proof, so they look like no source. */
export function closestList(closest) {
  const rows = closest.map((near) => el("li", {}, title(near), place(near)));
  return el(
    "section",
    { class: "next closest" },
    el("h3", { class: "eyebrow" }, t("Closest documents, not an answer")),
    el("ul", {}, rows),
  );
}

function title({ title: words, url: address }) {
  const url = webURL(address);
  if (!url) return el("span", { dir: "auto" }, words);
  return el(
    "a",
    { href: url, target: "_blank", rel: "noopener noreferrer", dir: "auto" },
    words,
    el("span", { class: "visually-hidden" }, ` ${t("(in a new tab)")}`),
  );
}

function place({ title: words, heading_path: path }) {
  const steps = (path ?? []).filter((step) => step && step !== words);
  return steps.length > 0 && el("div", { class: "facts-line", dir: "auto" }, steps.join(" › "));
}
