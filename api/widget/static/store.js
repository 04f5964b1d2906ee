/** What this browser keeps of one widget. Where storage is blocked, the page's memory stands in. */

const PREFIX = "copilot";
const memory = new Map();

function slot(widget, name) {
  return `${PREFIX}.${widget}.${name}`;
}

/** The value, or null. */
export function read(widget, name) {
  const key = slot(widget, name);
  try {
    // Memory holds only what storage would not: another tab's forgetting must not bring it back.
    return JSON.parse(localStorage.getItem(key)) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

export function write(widget, name, value) {
  const key = slot(widget, name);
  try {
    localStorage.setItem(key, JSON.stringify(value));
    memory.delete(key);
  } catch {
    memory.set(key, value); // blocked or full: this page still has it
  }
}

export function forget(widget, name) {
  const key = slot(widget, name);
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // Blocked: nothing was kept.
  }
}

export function forgetAll(widget) {
  memory.clear();
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(slot(widget, ""))) localStorage.removeItem(key);
    }
  } catch {
    // Blocked: nothing was kept.
  }
}

/** `changed()` runs when another tab writes or forgets what `name()` names now. */
export function onElsewhere(widget, name, changed) {
  addEventListener("storage", ({ key }) => {
    if (key === null || key === slot(widget, name())) changed();
  });
}
