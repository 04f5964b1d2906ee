/** What a failed call means for the person in front of the page. */

/** `{title, advice, retry}`: what happened, what to do, and whether asking again can help. */
export function explain({ status = 0, code = "", detail = "", retryAfter = null }) {
  if (code === "connection_lost") {
    return { title: "The connection was lost", advice: "Please try again.", retry: true };
  }
  if (status === 0)
    return { title: "The service cannot be reached", advice: "Check your connection and try again.", retry: true };
  if (status === 429 || code === "rate_limited") {
    const wait = retryAfter
      ? `Please wait ${duration(retryAfter)}, then try again.`
      : "Please wait a moment, then try again.";
    return { title: "Too many questions just now", advice: [detail, wait].filter(Boolean).join(" "), retry: true };
  }
  if (status === 403 || code === "forbidden") {
    return { title: "This key may not do that", advice: detail || "Ask your administrator for access.", retry: false };
  }
  if (status >= 400 && status < 500)
    return { title: "This request was not accepted", advice: detail, retry: status === 409 };
  return { title: "Something went wrong on our side", advice: detail || "Please try again.", retry: true };
}

function duration(seconds) {
  if (seconds < 100) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
