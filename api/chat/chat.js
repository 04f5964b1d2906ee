/** The page: signing in and out, the composer, and the list of turns. */

import { Client } from "/chat/client.js";
import { icon } from "/chat/dom.js";
import { door, introduce, leave, unknown } from "/chat/door.js";
import { forgetKey, showSignInError, storedKey, storeKey, takeKeyFromAddress, whenKeyIsGiven } from "/chat/session.js";
import { SourceCard } from "/chat/sources.js";
import { Turn } from "/chat/turn.js";

const byId = (id) => document.getElementById(id);
const question = byId("question");
const announcer = byId("announcer");
const DISCLOSURE = byId("disclosure").textContent;

/** Says something once to screen readers, and clears it so that it isn't read again while browsing the page. */
function announce(text) {
  announcer.textContent = text;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => announcer.replaceChildren(), 20_000);
}

/** What the turns share; a new conversation keeps the client, a new key replaces it. */
const page = {
  client: null,
  person: null,
  conversationId: null,
  card: new SourceCard(byId("source-card")),
  announce,
  disclose(text) {
    byId("disclosure").textContent = text || DISCLOSURE;
  },
  onUnauthenticated(text) {
    signOut(unknown(page.person));
    question.value = text;
  },
  ask(text) {
    submit(text);
  },
  rerun(turn) {
    run(turn);
    question.focus({ preventScroll: true }); // the button that was pressed is gone
  },
};

let current = null;

async function run(turn) {
  current?.stop();
  current = turn;
  showStreaming(true);
  await turn.run();
  if (current !== turn) return;
  current = null;
  showStreaming(false);
}

function showStreaming(streaming) {
  const hadFocus = document.activeElement === byId("stop") || document.activeElement === byId("send");
  byId("send").hidden = streaming;
  byId("stop").hidden = !streaming;
  if (hadFocus) question.focus();
}

function submit(text) {
  if (!text) return;
  if (current) {
    announce("An answer is still being written. Stop it first.");
    return;
  }
  const turn = new Turn(text, page);
  byId("empty").hidden = true;
  byId("new-conversation").hidden = false;
  byId("log").append(turn.node);
  question.value = "";
  fitComposer();
  question.focus({ preventScroll: true });
  run(turn);
  turn.node.scrollIntoView({ block: "start", behavior: "auto" });
}

function resetConversation() {
  current?.stop();
  current = null;
  page.conversationId = null;
  page.card.dismiss();
  page.disclose(null);
  byId("log").replaceChildren();
  byId("empty").hidden = false;
  byId("new-conversation").hidden = true;
  announcer.replaceChildren();
  showStreaming(false);
}

function signIn(key) {
  storeKey(key);
  show(key, null);
}

/** Whoever signed in to an account: the cookie is theirs, `csrf` goes with each act. */
function show(credential, person) {
  page.client = new Client(credential);
  page.person = person;
  introduce(person);
  byId("sign-in").hidden = true;
  byId("chat").hidden = false;
  question.focus({ preventScroll: true });
}

/** Forgets the key and everything said under it, since the next key may be another tenant's. */
function signOut(reason = "") {
  forgetKey();
  leave(page.person);
  page.client = page.person = null;
  resetConversation();
  question.value = "";
  byId("chat").hidden = true;
  byId("sign-in").hidden = false;
  showSignInError(reason);
  byId("key").focus();
}

/** Browsers without `field-sizing` get the same growing box by measuring. */
function fitComposer() {
  if (CSS.supports("field-sizing", "content")) return;
  question.style.blockSize = "auto";
  question.style.blockSize = `${question.scrollHeight}px`;
}

function takeKey() {
  const key = takeKeyFromAddress();
  if (!key) return false;
  resetConversation();
  signIn(key);
  return true;
}

whenKeyIsGiven(signIn);
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(question.value.trim());
});
question.addEventListener("keydown", (event) => {
  // While an input method composes a character, Enter only confirms it.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit(question.value.trim());
});
question.addEventListener("input", fitComposer);
byId("suggestions").addEventListener("click", (event) => {
  const suggestion = event.target.closest("button");
  if (suggestion) submit(suggestion.textContent.trim());
});
byId("stop").addEventListener("click", () => current?.stop());
byId("sign-out").addEventListener("click", () => signOut());
byId("new-conversation").addEventListener("click", () => {
  resetConversation();
  announce("New conversation.");
  question.focus();
});
window.addEventListener("hashchange", takeKey);

byId("send").append(icon("send"));
byId("stop").append(icon("stop"));
if (!takeKey()) {
  const key = storedKey();
  if (key) signIn(key);
  else {
    signOut();
    const { person } = await door().catch(() => ({ person: null }));
    if (person?.permissions.includes("ask") && !page.client) show({ csrf: person.csrf }, person);
  }
}
