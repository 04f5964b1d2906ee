/** The own account: where to go from here, the own sessions, the own password, and for platform admins the tenant. */

import { button, el } from "/chat/dom.js";
import { call, introduced } from "/chat/door.js";

const WAYS = [
  ["/", "Ask", (held) => held.includes("ask")],
  ["/review", "Review documents", (held) => held.includes("documents:write")],
];
const METHODS = { password: "by password", oidc: "by your organisation" };
const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Fills `place`; `announce` tells a screen reader, `reload` asks again who is signed in. */
export async function showAccount(place, person, { announce, reload }) {
  const act = (method, path, body) => call(method, path, body, person.csrf);
  const heading = el("h2", { tabindex: -1, dir: "auto" }, introduced(person));
  const ways = WAYS.filter(([, , may]) => may(person.permissions));
  const parts = [
    heading,
    el("p", { class: "ways" }, ...ways.map(([to, said]) => el("a", { class: "button button-outline", href: to }, said))),
    await sessionsPart(act, { announce, reload }),
    person.has_password && passwordPart(act, announce),
    person.may_enter && tenantPart(act, person, reload),
  ];
  place.replaceChildren(...parts.filter(Boolean));
  heading.focus({ preventScroll: true });
}

function part(title, ...content) {
  const id = `part-${title.toLowerCase().replaceAll(" ", "-")}`;
  return el("section", { class: "card part", "aria-labelledby": id }, el("h2", { id }, title), ...content);
}

/** Does something a person asked for, and says beside it what was wrong. */
function trying(notice, work) {
  return async (event) => {
    event.preventDefault();
    notice.hidden = true;
    try {
      await work();
    } catch (fault) {
      if (fault.status === undefined) throw fault;
      notice.textContent = fault.detail || "That did not work. Please try again.";
      notice.hidden = false;
    }
  };
}

function complaint() {
  return el("p", { class: "notice notice-error", role: "alert", hidden: true });
}

async function sessionsPart(act, { announce, reload }) {
  const { sessions } = await act("GET", "/v1/sessions");
  const notice = complaint();
  const rows = sessions.map((session) => {
    const said = `Signed in ${when.format(new Date(session.created_at))} ${METHODS[session.method]}`;
    const end = trying(notice, async () => {
      await act("DELETE", `/v1/sessions/${session.id}`);
      await reload();
      announce("The session has ended.");
    });
    const mine = session.current
      ? el("span", { class: "facts-line" }, "this one")
      : button("End", end, { "aria-label": `End the session: ${said}` });
    const agent = el("span", { class: "facts-line", dir: "auto" }, session.browser);
    return el("li", {}, el("p", {}, said, el("br"), agent), mine);
  });
  return part("Your sessions", notice, el("ul", { class: "rows" }, ...rows));
}

function passwordPart(act, announce) {
  const notice = complaint();
  const current = el("input", { id: "current", type: "password", autocomplete: "current-password", maxlength: 256 });
  const fresh = el("input", { id: "fresh", type: "password", autocomplete: "new-password", maxlength: 256 });
  const form = el(
    "form",
    { class: "fields", novalidate: true },
    notice,
    el("label", { for: "current" }, "Current password"),
    current,
    el("label", { for: "fresh" }, "New password"),
    fresh,
    el("button", { type: "submit", class: "button button-outline" }, "Change password"),
  );
  const change = trying(notice, async () => {
    await act("PUT", "/v1/session/password", { current: current.value, new: fresh.value });
    form.reset();
    announce("The password is changed; your other sessions have ended.");
  });
  form.addEventListener("submit", change);
  return part("Password", form);
}

function tenantPart(act, person, reload) {
  const notice = complaint();
  const tenant = el("input", { id: "tenant", type: "text", autocapitalize: "off", spellcheck: "false", maxlength: 63 });
  tenant.value = person.tenant.slug;
  const form = el(
    "form",
    { class: "fields", novalidate: true },
    notice,
    el("p", { class: "facts-line" }, "Whatever you do there is in that tenant's audit."),
    el("label", { for: "tenant" }, "Work in the tenant"),
    tenant,
    el("button", { type: "submit", class: "button button-outline" }, "Enter"),
  );
  form.addEventListener("submit", trying(notice, async () => {
    await act("PATCH", "/v1/session", { tenant: tenant.value.trim() });
    await reload();
  }));
  return part("Tenant", form);
}
