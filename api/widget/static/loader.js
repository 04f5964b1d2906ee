/**
 * Partner Copilot's widget: one frame on the host's page, and the commands of `Copilot(…)`. The frame is of another origin, so that
 * nothing on this page can read what is said or the visitor's session. Nothing but the frame is loaded.
 */
(() => {
  const script = document.currentScript ?? document.querySelector('script[src*="/widget/v1/loader.js"]');
  const queued = window.Copilot?.q ?? [];
  if (window.Copilot?.ready) return; // a second copy of this script
  const base = new URL(script.src).origin;
  const listeners = new Map();
  let options = null;
  let frame = null;
  let port = null;
  let waiting = [];
  let getToken = null;
  let size = null;
  let isOpen = false;
  let openedFrom = null;
  let covered = [];

  const commands = {
    init(given = {}) {
      const chosen = { ...given, widget: given.widget ?? script.dataset.widget };
      if (!chosen.widget) return console.error("Copilot: init needs {widget: '…'}");
      if (options?.widget === chosen.widget && frame?.isConnected) return undefined;
      if (options) discard();
      options = chosen;
      return mount();
    },
    identify(given = {}) {
      getToken = given.getToken ?? null;
      tell("identify", { known: Boolean(getToken) });
    },
    open() {
      if (!isOpen) openedFrom = document.activeElement;
      tell("open");
    },
    close: () => tell("close"),
    toggle: () => commands[isOpen ? "close" : "open"](),
    shutdown() {
      getToken = null;
      if (!frame) return;
      tell("shutdown"); // the frame forgets, then says "gone"
    },
    on(name, listener) {
      listeners.set(name, [...(listeners.get(name) ?? []), listener]);
    },
    off(name, listener) {
      listeners.set(name, listener ? (listeners.get(name) ?? []).filter((one) => one !== listener) : []);
    },
  };

  const heard = {
    ready({ title, launcher }) {
      frame.title = title;
      size = launcher;
      lay();
      emit("ready");
    },
    state(state) {
      isOpen = state.open;
      size = state.launcher;
      lay();
      if (isOpen) frame.focus();
      else if (openedFrom?.isConnected && document.activeElement === frame) openedFrom.focus();
      if (!isOpen) openedFrom = null;
      emit(isOpen ? "open" : "close");
    },
    async token() {
      try {
        tell("token", { token: getToken ? await getToken() : null });
      } catch (fault) {
        console.error("Copilot: getToken failed", fault);
        tell("token", { token: null, failed: true });
      }
    },
    gone() {
      discard();
      emit("shutdown");
    },
    event: ({ name, detail }) => emit(name, detail),
  };

  function emit(name, detail) {
    for (const listener of listeners.get(name) ?? []) {
      try {
        listener(detail);
      } catch (fault) {
        console.error(fault); // the host's own; the widget goes on
      }
    }
  }

  function tell(type, more = {}) {
    if (port) port.postMessage({ type, ...more });
    else waiting.push([type, more]);
  }

  function mount() {
    const place = options.container ? document.querySelector(options.container) : document.body;
    if (!place && document.readyState === "loading") return addEventListener("DOMContentLoaded", mount, { once: true });
    if (!place) return console.error(`Copilot: this page has no element ${options.container}`);
    frame = document.createElement("iframe");
    const locale = options.locale ?? document.documentElement.lang;
    const asked = new URLSearchParams({ id: options.widget, ...(locale && { locale }) });
    frame.src = `${base}/widget/v1/panel?${asked}`;
    frame.title = "Chat";
    frame.allow = "clipboard-write";
    frame.addEventListener("load", greet);
    lay();
    place.append(frame);
    return undefined;
  }

  /** A private channel: only the frame's own page, at its own origin, is handed the other end. */
  function greet() {
    const channel = new MessageChannel();
    port?.close();
    port = channel.port1;
    port.onmessage = ({ data }) => Object.hasOwn(heard, data.type) && heard[data.type](data);
    const hello = { type: "copilot", inline: Boolean(options.container), known: Boolean(getToken), open: isOpen };
    frame.contentWindow.postMessage(hello, base, [channel.port2]);
    for (const [type, more] of waiting.splice(0)) tell(type, more);
  }

  function discard() {
    cover(false);
    frame?.remove();
    port?.close();
    frame = port = options = size = null;
    waiting = [];
    isOpen = false;
  }

  function lay() {
    if (!frame || !options) return;
    const style = { border: 0, colorScheme: "normal", display: size || options.container ? "block" : "none" };
    if (options.container) Object.assign(style, { width: "100%", height: "100%" });
    else Object.assign(style, { position: "fixed", zIndex: 2147483000, ...box() });
    Object.assign(frame.style, style);
    cover(fills());
  }

  function fills() {
    return isOpen && !options.container && (innerWidth <= 480 || innerHeight <= 480);
  }

  /** What lies under a panel that fills the window must not take the focus unseen (WCAG 2.2, 2.4.11). */
  function cover(all) {
    for (const node of covered) node.inert = false;
    covered = all ? [...document.body.children].filter((node) => node !== frame && !node.inert) : [];
    for (const node of covered) node.inert = true;
  }

  function box() {
    if (!size) return {};
    const gap = `${size.edge}px`;
    if (!isOpen) return { inset: "auto", insetBlockEnd: gap, ...side(gap), width: `${size.width}px`, height: `${size.height}px` };
    if (fills()) return { inset: "0", width: "100%", height: "100%", borderRadius: "0" };
    const { width, height } = size.panel;
    const most = (length, whole) => `min(${length}px, calc(${whole} - ${2 * size.edge}px))`;
    const grown = { width: most(width, "100vw"), height: most(height, "100vh"), borderRadius: `${size.radius}px` };
    return { inset: "auto", insetBlockEnd: gap, ...side(gap), ...grown, boxShadow: "0 12px 48px rgb(0 0 0 / 28%)" };
  }

  function side(gap) {
    return { [size.position === "start" ? "insetInlineStart" : "insetInlineEnd"]: gap };
  }

  function Copilot(command, ...more) {
    if (Object.hasOwn(commands, command)) return commands[command](...more);
    return console.error(`Copilot: no command "${command}"`);
  }

  Copilot.ready = true;
  window.Copilot = Copilot;
  addEventListener("resize", lay);
  // Single-page applications replace what they like; the frame comes back, and its conversation with it.
  new MutationObserver(() => frame && options && !frame.isConnected && !options.container && mount()).observe(
    document.documentElement,
    { childList: true, subtree: true },
  );
  for (const call of queued) Copilot(...call);
  if (script.dataset.widget && !options) commands.init({});
})();
