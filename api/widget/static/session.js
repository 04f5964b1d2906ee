/** The visitor's session: opened when it is first needed, renewed before it ends, held in this page's memory alone. */

import { CallError, problem } from "/chat/client.js";
import { forgetAll, read, write } from "/widget/v1/static/store.js";

const EARLY_MS = 30_000;

export class Session {
  /** Asks the host's page for a signed identity; null for a visitor without one. */
  getToken = null;
  origin;
  #config;
  #open = null;

  constructor({ config, origin }) {
    this.#config = config;
    this.origin = origin;
  }

  /** A credential that is good for at least half a minute. Throws CallError. */
  async token() {
    return (await this.visit()).token;
  }

  /** `{token, visitor, identified, endsAt}`. Calls at the same time share one exchange. */
  async visit() {
    const known = await this.#open?.catch(() => null);
    if (known && known.endsAt > Date.now() + EARLY_MS) return known;
    if (known || !this.#open) this.#open = this.#exchange();
    try {
      return await this.#open;
    } catch (fault) {
      this.#open = null;
      throw fault;
    }
  }

  /** The next call opens another session. */
  forget() {
    this.#open = null;
  }

  /** Ends the session, and wipes what this browser keeps of the widget. */
  async end() {
    const known = await this.#open?.catch(() => null);
    this.forget();
    forgetAll(this.#config.widget);
    if (!known) return;
    const headers = { authorization: `Bearer ${known.token}` };
    await fetch("/widget/v1/session", { method: "DELETE", headers, keepalive: true }).catch(() => {});
  }

  async #exchange() {
    const token = this.getToken ? await this.#identity() : null;
    const visitor = this.#browser();
    const work = token ? null : await this.#work(visitor);
    const body = {
      widget_id: this.#config.widget,
      ticket: this.#config.ticket,
      origin: this.origin,
      visitor,
      ...(token && { token }),
      ...(work && { work }),
    };
    const response = await this.#post(body);
    if (!response.ok) throw await problem(response);
    const visit = await response.json();
    return { ...visit, endsAt: Date.now() + visit.expires_in_s * 1000 };
  }

  /** What the service asks of visitors without an identity, where it asks anything. */
  async #work(visitor) {
    const { ticket, work_bits: bits } = this.#config;
    if (!bits) return null;
    const { solved } = await import("/widget/v1/static/work.js");
    return solved(`${ticket}.${visitor}`, bits);
  }

  async #identity() {
    const { token, failed } = await this.getToken();
    // Somebody who is signed in is never taken for a stranger: that would answer from less, and say nothing of it.
    if (failed || !token) throw new CallError({ status: 403, code: "invalid_identity" });
    return token;
  }

  async #post(body) {
    const headers = { "content-type": "application/json" };
    try {
      return await fetch("/widget/v1/session", {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
      });
    } catch {
      throw new CallError({ code: "network" });
    }
  }

  /** A random name for this browser, so that a conversation can be gone on with. */
  #browser() {
    const kept = read(this.#config.widget, "browser");
    if (kept) return kept;
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    write(this.#config.widget, "browser", name);
    return name;
  }
}
