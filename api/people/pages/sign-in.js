/** The page: the form, what became of a try, and the own account once signed in. */

import { el } from "/chat/dom.js";
import { showAccount } from "/sign-in/account.js";
import { call, door, DoorError, introduced, wanted } from "/chat/door.js";

const byId = (id) => document.getElementById(id);
const field = (id) => byId(id).value;

const SAID = {
  wrong_credentials: "The e-mail address or the password is wrong.",
  passwords_off: "Passwords are not used here. Sign in by your organisation.",
  foreign_origin: "This page was opened under another address than the service has. Open it where your administrator says.",
  sign_in_refused: "Your organisation's answer was not accepted. Please sign in again.",
  not_invited: "Nobody has invited this account. Ask your administrator for access.",
  provider_unavailable: "Your organisation's sign-in cannot be reached just now. Please try again.",
  no_provider: "Signing in by an organisation is not set up here.",
  network: "The service cannot be reached. Check your connection and try again.",
  not_kept: "Your browser did not keep the session. Open this page over https, and allow cookies for it.",
};

function explained({ code, retryAfter }) {
  if (code === "sign_in_wait") return `Too many wrong tries. Please wait ${waited(retryAfter ?? 60)}, then try again.`;
  if (code === "rate_limited") return "Too many tries just now. Please wait a minute.";
  return SAID[code] ?? "Something went wrong on our side. Please try again.";
}

function waited(seconds) {
  if (seconds < 100) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

function complain(text, { fields = false } = {}) {
  const said = byId("error");
  said.textContent = text;
  said.hidden = !text;
  for (const id of ["email", "password"]) byId(id).setAttribute("aria-invalid", String(fields && Boolean(text)));
}

function name(product) {
  for (const node of document.querySelectorAll("[data-product]")) node.textContent = product;
}

function showDoor(found) {
  document.title = `Sign in – ${found.product}`;
  byId("account").hidden = true;
  byId("door").hidden = false;
  byId("local").hidden = !found.passwords;
  byId("or").hidden = !(found.passwords && found.oidc);
  byId("oidc").hidden = !found.oidc;
  byId("oidc").textContent = `Sign in with ${found.oidc}`;
  const place = wanted(location.search, null) ?? "/sign-in";
  byId("oidc").setAttribute("href", `/oidc/start?place=${encodeURIComponent(place)}`);
  byId(found.passwords ? "email" : "door-title").focus();
}

function showPerson(found) {
  document.title = `Your account – ${found.product}`;
  byId("door").hidden = true;
  byId("account").hidden = false;
  byId("who").textContent = introduced(found.person);
  byId("sign-out").onclick = () => signOut(found.person.csrf);
  showAccount(byId("me"), found.person, { announce, reload: show });
}

function announce(text) {
  byId("announcer").textContent = text;
}

async function show() {
  const found = await door();
  name(found.product);
  if (found.person) showPerson(found);
  else showDoor(found);
  return found;
}

async function signIn() {
  if (!field("email").trim() || !field("password")) {
    complain("Enter your e-mail address and your password.", { fields: true });
    byId(field("email").trim() ? "password" : "email").focus();
    return;
  }
  byId("send").disabled = true;
  complain("");
  try {
    await call("POST", "/v1/session", { email: field("email").trim(), password: field("password") });
    await arrive();
  } catch (fault) {
    if (!(fault instanceof DoorError)) throw fault;
    complain(explained(fault), { fields: fault.code === "wrong_credentials" });
    byId("password").select();
  } finally {
    byId("send").disabled = false;
  }
}

/** To where the person wanted to go; only then is it known that the browser kept the cookie. */
async function arrive() {
  const { person } = await door();
  if (!person) throw new DoorError({ code: "not_kept" });
  byId("password").value = "";
  const place = wanted(location.search, person);
  if (place) location.assign(place);
  else await show();
}

async function signOut(csrf) {
  await call("DELETE", "/v1/session", undefined, csrf).catch(() => undefined); // it may have ended already
  byId("me").replaceChildren();
  await show();
  announce("You are signed out.");
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn();
});

/** What the way by the organisation came back with. */
const failed = location.hash.match(/^#error=([a-z_]+)$/)?.[1];
if (failed) history.replaceState(null, "", location.pathname + location.search);

try {
  const { person } = await show();
  if (failed && !person) complain(explained({ code: failed }));
} catch (fault) {
  document.body.prepend(el("p", { class: "notice notice-error", role: "alert" }, explained(fault)));
}
