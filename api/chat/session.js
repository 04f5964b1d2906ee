/** The access key: asked for by a form, held for this tab alone, never in the address bar, never in storage that outlives the tab. */

const SLOT = "partner-copilot.key";

export function storedKey() {
  return sessionStorage.getItem(SLOT);
}

export function storeKey(key) {
  sessionStorage.setItem(SLOT, key);
}

export function forgetKey() {
  sessionStorage.removeItem(SLOT);
}

/** A key travels in an HTTP header, so it is printable ASCII without spaces. */
function looksLikeKey(text) {
  return /^[\x21-\x7e]{8,512}$/.test(text);
}

/** Takes `#key=…` out of the address (and out of the tab's history entry) and returns the key, or null. */
export function takeKeyFromAddress() {
  const fragment = location.hash.match(/^#key=(.*)$/);
  if (!fragment) return null;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const key = decodeURIComponent(fragment[1]);
    return looksLikeKey(key) ? key : null;
  } catch {
    return null; // a malformed escape
  }
}

/** Says beside the field why the key was not taken; nothing for "". */
export function showSignInError(text) {
  const said = document.getElementById("sign-in-error");
  said.textContent = text;
  said.hidden = !text;
  document.getElementById("key").setAttribute("aria-invalid", String(Boolean(text)));
}

/** Calls `enter(key)` once a key was typed into the form that looks like one. */
export function whenKeyIsGiven(enter) {
  const field = document.getElementById("key");
  document.getElementById("sign-in-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = field.value.trim();
    if (!looksLikeKey(key)) {
      showSignInError("That does not look like an access key. Please check it and try again.");
      field.focus();
      return;
    }
    field.value = "";
    showSignInError("");
    enter(key);
  });
}
