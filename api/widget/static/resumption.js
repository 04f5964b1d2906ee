/** Going on with an answer whose stream the network took: the service keeps it for a while. */

const PAUSES_MS = [300, 1000, 2000, 4000];

export class Resumption {
  #session;
  #patienceMs;

  /** `patienceMs`: how long the service keeps an answer that nobody reads. */
  constructor(session, patienceMs) {
    this.#session = session;
    this.#patienceMs = patienceMs;
  }

  /** A response with the events after the first `heard`, or null where the answer cannot be gone on with. */
  async again(answerId, heard, signal) {
    const until = Date.now() + this.#patienceMs;
    for (let tried = 0; Date.now() < until && !signal.aborted; tried += 1) {
      await pause(PAUSES_MS[Math.min(tried, PAUSES_MS.length - 1)], signal);
      if (!navigator.onLine) await online(until - Date.now(), signal);
      const response = await this.#get(`/widget/v1/answers/${answerId}?after=${heard}`, signal);
      if (response?.ok) return response;
      if (response && response.status < 500) return null; // it is gone
    }
    signal.throwIfAborted();
    return null;
  }

  /** The visitor has stopped it: nobody will read the rest. */
  async drop(answerId) {
    const headers = await this.#headers().catch(() => null);
    if (headers) fetch(`/widget/v1/answers/${answerId}`, { method: "DELETE", headers, keepalive: true }).catch(() => {});
  }

  async #get(path, signal) {
    try {
      return await fetch(path, { headers: await this.#headers(), cache: "no-store", credentials: "omit", signal });
    } catch {
      return null; // no network yet
    }
  }

  async #headers() {
    return { authorization: `Bearer ${await this.#session.token()}`, accept: "text/event-stream" };
  }
}

/** Ends early where `signal` fires. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve, { once: true });
  });
}

function online(milliseconds, signal) {
  const back = new Promise((resolve) => addEventListener("online", resolve, { once: true }));
  return Promise.race([back, pause(milliseconds, signal)]);
}
