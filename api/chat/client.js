/** The service's HTTP interface, as far as this page needs it. */

import { readEvents } from "/chat/sse.js";

/** A failed call. `status` is 0 where no answer came; `retryAfter` is in seconds, or null. */
export class CallError extends Error {
  constructor({ status = 0, code = "network", detail = "", retryAfter = null }) {
    super(detail || code);
    Object.assign(this, { status, code, detail, retryAfter });
  }
}

export class Client {
  #key;
  #renew;
  #resumption;
  #most;

  /**
   * `key` is the credential, or a function that brings one; `{csrf}` is a session's, whose cookie goes along by itself; `renew` is told that it was not accepted, once a call. A lost stream is
   * gone on with by `resumption`, if there is one: `again(answerId, heard, signal)` brings a response with the events after the
   * first `heard`, or null; `drop(answerId)` is told of an answer that nobody waits for. `most` characters may be asked.
   */
  constructor(key, { renew = null, resumption = null, most = Infinity } = {}) {
    this.#key = typeof key === "function" ? key : () => key;
    this.#renew = renew;
    this.#resumption = resumption;
    this.#most = most;
  }

  /** Yields the answer's events; ends after `done`. Throws CallError, or AbortError when `signal` fires. */
  async *ask(question, conversationId, signal) {
    if (question.length > this.#most) throw new CallError({ status: 422, code: "question_too_long" });
    const body = { question, ...(conversationId && { conversation_id: conversationId }) };
    const response = await this.#post("/v1/ask", body, { accept: "text/event-stream", signal });
    yield* this.#hear(response, { count: 0, answerId: null }, signal);
  }

  /** The same for an answer that was asked for before this page was loaded. */
  async *follow(answerId, signal) {
    yield* this.#hear(await this.#resumption.again(answerId, 0, signal), { count: 0, answerId }, signal);
  }

  async *#hear(response, heard, signal) {
    while (response) {
      if (yield* told(response, heard, signal, this.#resumption)) return;
      if (heard.answerId === null || !this.#resumption) break;
      yield { name: "status", data: { stage: "reconnecting" } };
      response = await this.#resumption.again(heard.answerId, heard.count, signal);
      if (response) yield { name: "status", data: { stage: "writing" } };
    }
    throw new CallError({ code: "connection_lost" });
  }

  async vote(answerId, vote, details = {}) {
    await this.#post("/v1/feedback", { answer_id: answerId, vote, ...details });
  }

  /** Opens a case for a person; returns `{case_id, status}`. */
  async handOver(answerId, details) {
    const response = await this.#post("/v1/handoffs", { answer_id: answerId, ...details });
    return response.json();
  }

  async #post(path, body, options = {}) {
    let response = await this.#send(path, body, options);
    if (response.status === 401 && this.#renew) {
      this.#renew();
      response = await this.#send(path, body, options);
    }
    if (!response.ok) throw await problem(response);
    return response;
  }

  async #send(path, body, { accept = "application/json", signal } = {}) {
    const key = await this.#key();
    try {
      return await fetch(path, {
        method: "POST",
        headers: { ...shown(key), "content-type": "application/json", accept },
        body: JSON.stringify(body),
        cache: "no-store",
        credentials: key.csrf ? "same-origin" : "omit",
        signal,
      });
    } catch (fault) {
      if (signal?.aborted) throw fault;
      throw new CallError({ code: "network" });
    }
  }
}

/** The header that says who asks. */
export function shown(key) {
  return key.csrf ? { "x-csrf-token": key.csrf } : { authorization: `Bearer ${key}` };
}

/** Yields the events of one response and counts them in `heard`; true once the answer is complete, false where it broke off. */
async function* told(response, heard, signal, resumption) {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    throw new CallError({ status: response.status, code: "unexpected_response" });
  }
  try {
    for await (const event of readEvents(response.body)) {
      if (event.name === "error") throw new CallError({ status: response.status, ...event.data });
      heard.count += 1;
      heard.answerId ??= event.data.answer_id ?? null;
      yield event;
      if (event.name === "done") return true;
    }
  } catch (fault) {
    if (signal.aborted && heard.answerId) resumption?.drop(heard.answerId);
    if (signal.aborted || fault instanceof CallError) throw fault;
  }
  return false;
}

/** The CallError that a problem+json response states; a proxy's HTML page states nothing but its status. */
export async function problem(response) {
  const { code = "unexpected_response", detail = "" } = await response.json().catch(() => ({}));
  const seconds = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return new CallError({ status: response.status, code, detail, retryAfter: Number.isNaN(seconds) ? null : seconds });
}
