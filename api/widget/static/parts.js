/** The panel's fixed parts: bar, greeting, log, composer, disclosure. */

import { el, icon } from "/chat/dom.js";
import { t } from "/chat/i18n.js";

const SHEETS = ["/chat/chat.css", "/widget/v1/static/panel.css"];

/** The nodes, by name. `actions`: `inline`, `close()`, `anew()`, `submit(text)`, `stop()`. */
export function frameParts(config, actions) {
  const parts = {
    card: el("dialog", { class: "source-card", "aria-labelledby": "source-title" }),
    announcer: el("p", { class: "visually-hidden", role: "status", "aria-live": "polite", "aria-atomic": "true" }),
    log: el("div", { class: "log", role: "log", "aria-live": "off", "aria-label": t("Conversation") }),
    offline: el("p", { class: "offline", hidden: true }, t("You are offline. Your question stays here.")),
    anew: quiet("fresh", t("New conversation"), actions.anew),
    ...composer(config, actions),
  };
  parts.anew.hidden = true;
  parts.empty = greeting(config, actions);
  parts.root = el(
    "div",
    { class: "chat" },
    bar(config, actions, parts),
    parts.offline,
    el("main", { class: "column" }, parts.empty, parts.log),
    el("footer", { class: "dock" }, parts.form, note(config)),
  );
  return parts;
}

/** Resolves when the panel's styles are there, or cannot be had: nobody is shown bare boxes first. */
export function styled() {
  return Promise.all(SHEETS.map((href) => new Promise((done) => {
    const link = el("link", { rel: "stylesheet", href });
    link.addEventListener("load", done);
    link.addEventListener("error", done);
    document.head.append(link);
  })));
}

function title({ words, theme }) {
  return words.title ?? theme.name;
}

/** The theme's picture, else, or where it does not load, the first letter of its name: nobody else's mark. */
function logo(config, kind) {
  const { logo: src } = config.theme;
  const [letter] = title(config);
  const monogram = el("span", { class: `panel-logo monogram ${kind}`, "aria-hidden": "true" }, letter.toUpperCase());
  if (!src) return monogram;
  const onerror = (event) => event.target.replaceWith(monogram);
  return el("img", { class: `panel-logo ${kind}`, src, alt: "", referrerpolicy: "no-referrer", onerror });
}

/** A button that is an icon; its label is read, and shown to a pointer that rests on it. */
function quiet(glyph, label, onclick) {
  const attributes = { class: "button button-icon round-quiet", "aria-label": label, title: label };
  return el("button", { type: "button", ...attributes, onclick }, icon(glyph));
}

function bar(config, { inline, close }, { anew }) {
  const shut = quiet("close", t("Close the chat"), close);
  const brand = el("h1", { class: "brand" }, logo(config, ""), el("span", { dir: "auto" }, title(config)));
  const buttons = el("div", { class: "bar-actions" }, anew, !inline && shut);
  return el("header", { class: "bar" }, el("div", { class: "bar-inner" }, brand, buttons));
}

function greeting(config, { submit }) {
  const { words } = config;
  const fallback = t("Ask a question. The answer comes from our documents, with its sources.");
  const suggestions = (words.suggestions ?? []).map((text) =>
    el("li", {}, el("button", { type: "button", dir: "auto", onclick: () => submit(text) }, text)),
  );
  return el(
    "section",
    { class: "empty", "aria-labelledby": "empty-title" },
    logo(config, "panel-logo-large"),
    el("h2", { id: "empty-title", dir: "auto" }, title(config)),
    el("p", { class: "lead", dir: "auto" }, words.greeting ?? fallback),
    el("p", { class: "disclosure" }, t("You are chatting with an AI assistant.")),
    suggestions.length > 0 && el("p", { id: "suggestions-label", class: "eyebrow" }, t("For example")),
    suggestions.length > 0 && el("ul", { class: "suggestions", "aria-labelledby": "suggestions-label" }, suggestions),
  );
}

function composer({ words }, { submit, stop: halt }) {
  const question = el("textarea", {
    id: "question",
    rows: "1",
    dir: "auto",
    placeholder: words.placeholder ?? t("Ask a question"),
  });
  const send = el("button", { type: "submit", id: "send", class: "round button-primary", "aria-label": t("Send") }, icon("send"));
  const stop = el(
    "button",
    { type: "button", id: "stop", class: "round button-primary", "aria-label": t("Stop"), hidden: true, onclick: halt },
    icon("stop"),
  );
  const label = el("label", { class: "visually-hidden", for: "question" }, t("Your question"));
  const form = el("form", { class: "composer", novalidate: true }, label, question, send, stop);
  const take = (event) => {
    event.preventDefault();
    submit(question.value.trim());
  };
  form.addEventListener("submit", take);
  question.addEventListener("keydown", (event) => {
    // While an input method composes a character, Enter only confirms it.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) take(event);
  });
  return { question, send, stop, form };
}

function note({ theme }) {
  return el(
    "p",
    { class: "dock-note" },
    el("span", {}, `${t("You are chatting with an AI assistant.")} ${t("Check its sources before you act.")}`),
    theme.powered_by && el("span", { class: "powered" }, "Partner Copilot"),
  );
}
