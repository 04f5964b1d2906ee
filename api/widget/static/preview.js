/** The admin's preview: a theme is checked as it is typed, shown in the real panel, and saved. */

import { button, el } from "/chat/dom.js";
import { forgetKey, showSignInError, storedKey, storeKey, whenKeyIsGiven } from "/chat/session.js";

const byId = (id) => document.getElementById(id);
const widgetId = new URLSearchParams(location.search).get("id") ?? "";
const TYPING_MS = 300;

let port = null;
let shown = null;
let timer = 0;

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { authorization: `Bearer ${storedKey()}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
    credentials: "omit",
  });
  const found = await response.json();
  if (!response.ok) throw Object.assign(new Error(found.detail), found);
  return found;
}

async function start() {
  try {
    const widget = await call("GET", `/v1/widgets/${encodeURIComponent(widgetId)}`);
    byId("title").textContent = widget.name;
    byId("theme").value = JSON.stringify(widget.theme, null, 2);
    byId("snippet").value = widget.snippet;
    byId("sign-in").hidden = true;
    byId("desk").hidden = false;
    frame();
  } catch (problem) {
    if (problem.status === 401) forgetKey();
    showSignInError(problem.message);
  }
}

/** The panel, greeted as the loader greets it; its origin is this page's own. */
function frame() {
  const panel = byId("panel");
  panel.addEventListener("load", () => {
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = ({ data }) => data.type === "ready" && shown === null && check();
    const hello = { type: "copilot", inline: true, known: false, open: true };
    panel.contentWindow.postMessage(hello, location.origin, [channel.port2]);
  });
  panel.src = `/widget/v1/panel?id=${encodeURIComponent(widgetId)}`;
}

/** Shows the draft, or says what is wrong with it. Returns the theme, or null. */
async function check() {
  try {
    const { theme, variables } = await call("POST", "/v1/widgets/theme", { theme: JSON.parse(byId("theme").value) });
    shown = theme;
    const locale = byId("locale").value;
    const words = theme.words[locale] ?? {};
    port.postMessage({ type: "appearance", theme, variables, words, locale, dir: locale === "ar" ? "rtl" : "ltr" });
    say("Every text of this theme can be read.");
    return theme;
  } catch (problem) {
    say(problem.message, problem.colours?.map(remedy));
    return null;
  }
}

/** A button that puts the nearest good colour into the draft. */
function remedy({ colour, use }) {
  const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = use;
  const apply = button(`Use ${use} for ${colour}`, () => {
    const theme = JSON.parse(byId("theme").value);
    const path = colour.split(".");
    const name = path.pop();
    let part = theme;
    for (const step of path) part = part[step] ??= {};
    part[name] = use;
    byId("theme").value = JSON.stringify(theme, null, 2);
    check();
  });
  apply.prepend(swatch);
  return apply;
}

function say(text, remedies = []) {
  byId("said").replaceChildren(el("p", { class: "help" }, text), ...remedies);
}

whenKeyIsGiven((key) => {
  storeKey(key);
  start();
});
byId("theme").addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, TYPING_MS);
});
byId("locale").addEventListener("change", check);
byId("save").addEventListener("click", async () => {
  const theme = await check();
  if (!theme) return;
  try {
    await call("PATCH", `/v1/widgets/${encodeURIComponent(widgetId)}`, { theme });
    say("Saved: visitors see it from their next page on.");
  } catch (problem) {
    say(problem.message);
  }
});
byId("copy").addEventListener("click", async () => {
  byId("snippet").select();
  await navigator.clipboard?.writeText(byId("snippet").value);
  say("Copied.");
});
if (storedKey()) start();
