/** The service's HTTP interface, as far as this page needs it. */

import { shown } from "/chat/client.js";

/** A failed call. `status` is 0 where no answer came; `members` are all that the problem states. */
export class CallError extends Error {
  constructor({ status = 0, code = "network", detail = "", members = {} }) {
    super(detail || code);
    Object.assign(this, { status, code, detail, members });
  }
}

export class Client {
  #key;

  /** `key` is an access key, or a session's `{csrf}`, whose cookie goes along by itself. */
  constructor(key) {
    this.#key = key;
  }

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    return this.#call("GET", given.length ? `${path}?${new URLSearchParams(given)}` : path);
  }

  post(path, body = {}) {
    return this.#call("POST", path, JSON.stringify(body));
  }

  delete(path) {
    return this.#call("DELETE", path);
  }

  /** What `path` gives, or null where the service has no such list or this key may not read it. */
  async optional(path, query) {
    try {
      return await this.get(path, query);
    } catch (fault) {
      if (fault.status === 404 || fault.status === 403) return null;
      throw fault;
    }
  }

  async #call(method, path, body) {
    const headers = { ...shown(this.#key), accept: "application/json" };
    const credentials = this.#key.csrf ? "same-origin" : "omit";
    if (body !== undefined) headers["content-type"] = "application/json";
    let response;
    try {
      response = await fetch(path, { method, headers, body, cache: "no-store", credentials });
    } catch {
      throw new CallError({});
    }
    const said = await response.json().catch(() => ({}));
    if (response.ok) return said;
    const { code = "unexpected_response", detail = "" } = said;
    throw new CallError({ status: response.status, code, detail, members: said });
  }
}

/** The path of one document's act or list. */
export function documentPath(id, rest = "") {
  return `/v1/documents/${encodeURIComponent(id)}${rest && `/${rest}`}`;
}
