/** What a failed call means for the person in front of the page. */

import { t, tn } from "/chat/i18n.js";

/** `{title, advice, retry}`: what happened, what to do, and whether asking again can help. */
export function explain({ status = 0, code = "", detail = "", retryAfter = null }) {
  if (code === "connection_lost") {
    return { title: t("The connection was lost"), advice: t("Please try again."), retry: true };
  }
  if (code === "invalid_identity")
    return { title: t("You could not be signed in"), advice: t("Reload the page, or sign in again."), retry: true };
  if (code === "stale_panel" || code === "origin_not_allowed")
    return { title: t("This chat is out of date"), advice: t("Reload the page to go on."), retry: false };
  if (status === 0)
    return { title: t("The service cannot be reached"), advice: t("Check your connection and try again."), retry: true };
  if (status === 429 || code === "rate_limited") {
    const wait = retryAfter
      ? t("Please wait {time}, then try again.", { time: duration(retryAfter) })
      : t("Please wait a moment, then try again.");
    return { title: t("Too many questions just now"), advice: [detail, wait].filter(Boolean).join(" "), retry: true };
  }
  if (status === 403 || code === "forbidden") {
    return { title: t("This key may not do that"), advice: detail || t("Ask your administrator for access."), retry: false };
  }
  if (status >= 400 && status < 500)
    return { title: t("This request was not accepted"), advice: detail, retry: status === 409 };
  return { title: t("Something went wrong on our side"), advice: detail || t("Please try again."), retry: true };
}

function duration(seconds) {
  if (seconds < 100) return tn(seconds, "{n} second", "{n} seconds");
  return tn(Math.ceil(seconds / 60), "{n} minute", "{n} minutes");
}
