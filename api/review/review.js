/** The page: signing in and out, which view is shown, and what becomes of a fault. */

import { el } from "/chat/dom.js";
import { door, introduce, leave, unknown } from "/chat/door.js";
import { explain } from "/chat/faults.js";
import { forgetKey, showSignInError, storedKey, storeKey, takeKeyFromAddress, whenKeyIsGiven } from "/chat/session.js";
import { Client } from "/review/api.js";
import { showDocument } from "/review/document.js";
import { LISTS, showDocuments, showFailures } from "/review/lists.js";
import { showReleases } from "/review/releases.js";

const byId = (id) => document.getElementById(id);
const view = byId("view");
const TABS = [...Object.entries(LISTS).map(([name, { label }]) => [name, label]), ["failures", "Failed files"], ["releases", "Releases"]];

let turn = 0; // a view that comes late must not replace the one that was asked for after it

const page = {
  client: null,
  person: null,
  announce(text) {
    byId("announcer").textContent = text;
  },
  /** Replaces what is shown; the heading takes the focus, so that it is read first. */
  show(title, ...content) {
    const heading = el("h2", { tabindex: -1, dir: "auto" }, title);
    view.replaceChildren(heading, ...content.flat().filter(Boolean));
    document.title = `${title} – Review`;
    heading.focus({ preventScroll: true });
  },
  async reload(said) {
    await open();
    page.announce(said);
  },
  /** Does something a person asked for; says so where it fails. */
  async act(work) {
    view.querySelector(":scope > .notice-error")?.remove();
    view.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (fault) {
      failed(fault);
    } finally {
      view.removeAttribute("aria-busy");
    }
  },
};

function failed(fault) {
  if (fault.status === undefined) throw fault;
  if (fault.status === 401) {
    signOut(unknown(page.person));
    return;
  }
  const { title, advice } = explain(fault);
  const notice = el("p", { class: "notice notice-error", role: "alert", tabindex: -1, dir: "auto" }, `${title}. ${advice}`);
  view.prepend(notice);
  notice.scrollIntoView({ block: "center" });
}

/** Shows what the address names: a list, a document, the releases. */
async function open() {
  const [name, id] = location.hash.replace(/^#\/?/, "").split("/");
  const mine = (turn += 1);
  const own = { ...page, show: (...what) => mine === turn && page.show(...what) };
  for (const tab of byId("tabs").children) {
    if (tab.dataset.name === (name || "in_review")) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (name === "document" && id) await showDocument(own, id);
  else if (name === "releases") await showReleases(own);
  else if (name === "failures") await showFailures(own);
  else await showDocuments(own, Object.hasOwn(LISTS, name) ? name : "in_review");
}

function navigate() {
  if (!page.client) return;
  page.act(async () => {
    try {
      await open();
    } catch (fault) {
      if (fault.status) page.show(fault.status === 404 ? "Not found" : "Not shown");
      throw fault;
    }
  });
}

function signIn(key) {
  storeKey(key);
  enter(key, null);
}

/** Whoever signed in to an account: the cookie is theirs, `csrf` goes with each act. */
function enter(credential, person) {
  page.client = new Client(credential);
  page.person = person;
  introduce(person);
  byId("sign-in").hidden = true;
  byId("desk").hidden = false;
  navigate();
}

/** Forgets the key and everything shown under it, since the next key may be another tenant's. */
function signOut(reason = "") {
  forgetKey();
  turn += 1;
  leave(page.person);
  page.client = page.person = null;
  byId("question").close();
  view.replaceChildren();
  page.announce("");
  document.title = "Review – Partner Copilot";
  byId("desk").hidden = true;
  byId("sign-in").hidden = false;
  showSignInError(reason);
  byId("key").focus();
}

function takeKey() {
  const key = takeKeyFromAddress();
  if (key) signIn(key);
  return Boolean(key);
}

byId("tabs").append(...TABS.map(([name, label]) => el("a", { href: `#/${name}`, "data-name": name }, label)));
whenKeyIsGiven(signIn);
byId("sign-out").addEventListener("click", () => signOut());
document.querySelector(".skip-link").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the view
  view.focus();
});
window.addEventListener("hashchange", () => takeKey() || navigate());

if (!takeKey()) {
  const key = storedKey();
  if (key) signIn(key);
  else {
    signOut();
    const { person } = await door().catch(() => ({ person: null }));
    if (person && !page.client) enter({ csrf: person.csrf }, person);
  }
}
