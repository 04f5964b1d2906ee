/** Who is signed in in this browser: asked once, and used by every page that people sign in to. */

/** A failed call; `status` is 0 where no answer came. */
export class DoorError extends Error {
  constructor({ status = 0, code = "network", detail = "", retryAfter = null }) {
    super(detail || code);
    Object.assign(this, { status, code, detail, retryAfter });
  }
}

/** `{product, passwords, oidc, person}`; `person` is null where nobody is signed in. */
export function door() {
  return call("GET", "/v1/session");
}

/** The call of an act. The session's cookie goes along by itself; `csrf` says that a page of ours asks. */
export async function call(method, path, body, csrf) {
  const headers = { accept: "application/json", ...(csrf && { "x-csrf-token": csrf }) };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    response = await fetch(path, { method, headers, body: sent, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new DoorError({});
  }
  const said = await response.json().catch(() => ({}));
  if (response.ok) return said;
  const { code = "unexpected_response", detail = "" } = said;
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10) || null;
  throw new DoorError({ status: response.status, code, detail, retryAfter });
}

const ROLES = {
  platform_admin: "Platform admin",
  knowledge_admin: "Knowledge admin",
  editor: "Editor",
  support_agent: "Support agent",
  partner_user: "Partner user",
  auditor: "Auditor",
};

/** "Ada · Knowledge admin · Acme": who, in which role, where. */
export function introduced(person) {
  return [person.name || person.email, ROLES[person.role] ?? person.role, person.tenant.name].join(" · ");
}

/** Says on the page who is signed in; nothing for whoever has a key alone. */
export function introduce(person) {
  const place = document.getElementById("who");
  place.hidden = !person;
  place.textContent = person ? introduced(person) : "";
}

/** Ends the session of whoever is signed in; it may have ended by itself. */
export function leave(person) {
  if (person) call("DELETE", "/v1/session", undefined, person.csrf).catch(() => undefined);
}

/** Why somebody whom the service no longer knows is back at the door. */
export function unknown(person) {
  return person ? "Your session has ended. Sign in again." : "This access key was not accepted. It may have expired or been revoked.";
}

/** A path of this service that the address names after `?to=`, or the one that the person can use. */
export function wanted(search, person) {
  const place = new URLSearchParams(search).get("to") ?? "";
  if (/^\/(?![/\\])[\w\-./?&=%#]{0,200}$/.test(place)) return place;
  const held = person?.permissions ?? [];
  if (held.includes("documents:write")) return "/review";
  return held.includes("ask") ? "/" : null;
}
