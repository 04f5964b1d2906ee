/** Server-sent events over `fetch` (EventSource cannot send a key). Format: WHATWG HTML, section 9.2.6. */

// The service sends a comment line at least every 15 seconds; four missed ones mean that nobody is there.
const SILENCE_MS = 60_000;

/**
 * Yields `{name, data}` for every event of a response body; `data` is the parsed JSON.
 * Throws what `fetch` throws when the connection breaks, and an Error after `silenceMs` without a byte.
 */
export async function* readEvents(body, silenceMs = SILENCE_MS) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  try {
    for (;;) {
      const { done, value } = await withDeadline(reader.read(), silenceMs);
      if (done) return; // an event without its closing blank line is dropped, as the format says
      pending += value;
      const records = pending.split(/\r\n\r\n|\n\n|\r\r/);
      pending = records.pop();
      for (const record of records) {
        const event = parseRecord(record);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {}); // already broken or aborted: nothing left to give back
  }
}

/** One event from its lines, or null for a heartbeat. */
function parseRecord(record) {
  let name = "message";
  const data = [];
  for (const line of record.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}

async function withDeadline(promise, milliseconds) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the stream went silent")), milliseconds);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
