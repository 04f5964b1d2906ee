/**
 * The frame's first script: the launcher, and the channel to the page around it. The conversation is loaded when it is first opened.
 * Only the page that frames this one, at an origin of the widget's list, is ever listened to.
 */

import { speak, t } from "/chat/i18n.js";
import { dress } from "/widget/v1/static/look.js";
import { Session } from "/widget/v1/static/session.js";

const config = JSON.parse(document.getElementById("config").textContent);
const BUBBLE = "M5 5h14v11H11l-4 4v-4H5z";

let port = null;
let inline = false;
let panel = null;
let session = null;
let isOpen = false;
let askedTokens = [];

const launcher = document.createElement("button");
launcher.type = "button";
launcher.className = "launcher";
launcher.hidden = true;
launcher.addEventListener("click", () => open());

/** What the page around may ask for. */
const commands = {
  open: () => open(),
  close: () => close(),
  identify({ known }) {
    session.forget();
    session.getToken = known ? askToken : null;
    panel?.restart();
  },
  token({ token, failed }) {
    for (const answer of askedTokens.splice(0)) answer({ token, failed });
  },
  async shutdown() {
    await panel?.stop();
    await session.end();
    tell("gone");
  },
  /** A draft of the theme, from the preview alone: it is of this page's own origin. */
  async appearance(draft) {
    if (session.origin !== location.origin) return;
    Object.assign(config, draft);
    await speak(config.locale);
    show();
    panel?.redraw();
    tell("ready", about());
  },
};

function tell(type, more = {}) {
  port?.postMessage({ type, ...more });
}

function askToken() {
  return new Promise((resolve) => {
    askedTokens.push(resolve);
    tell("token");
  });
}

function about() {
  const { position, launcher: kind } = config.theme;
  const height = kind === "none" ? 0 : pixels("--launcher-size");
  const width = kind === "label" ? Math.min(280, height + 32 + launcher.textContent.length * 9) : height;
  const panel = { width: pixels("--panel-width"), height: pixels("--panel-height") };
  const shape = { position, radius: pixels("--radius"), edge: pixels("--edge"), panel };
  return { title: config.words.title ?? config.theme.name, launcher: { width, height, ...shape } };
}

function pixels(name) {
  return Number.parseInt(config.variables.both[name], 10);
}

function show() {
  document.documentElement.lang = config.locale;
  document.documentElement.dir = config.dir;
  dress(config);
  const words = config.words.launcher ?? t("Chat with us");
  launcher.replaceChildren(bubble());
  if (config.theme.launcher === "label") launcher.append(words);
  launcher.setAttribute("aria-label", words);
  launcher.setAttribute("aria-expanded", String(isOpen));
  launcher.hidden = isOpen || inline || config.theme.launcher === "none";
}

function bubble() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", BUBBLE);
  svg.append(path);
  return svg;
}

async function open() {
  if (isOpen) return panel?.focus();
  isOpen = true;
  show();
  if (!inline) tell("state", { open: true, ...about() });
  if (!panel) {
    const { Panel, styled } = await import("/widget/v1/static/panel.js");
    await styled();
    panel ??= new Panel({ config, session, inline, close, tell });
  }
  panel.show(isOpen);
  return panel.focus();
}

function close() {
  if (!isOpen || inline) return;
  isOpen = false;
  panel?.show(false);
  show();
  launcher.focus();
  tell("state", { open: false, ...about() });
}

document.body.append(launcher);
// Before anything is waited for: the page around speaks as soon as this one has loaded.
const spoken = speak(config.locale);

addEventListener("message", async (event) => {
  if (event.source !== window.parent || window.parent === window) return;
  if (!config.origins.includes(event.origin) || event.data?.type !== "copilot" || !event.ports[0]) return;
  if (session && session.origin !== event.origin) return;
  port?.close();
  port = event.ports[0];
  inline = Boolean(event.data.inline);
  session ??= new Session({ config, origin: event.origin });
  session.getToken = event.data.known ? askToken : null;
  await spoken;
  port.onmessage = ({ data }) => Object.hasOwn(commands, data.type) && commands[data.type](data);
  show();
  tell("ready", about());
  if (inline || event.data.open) open();
});
