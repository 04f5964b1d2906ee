/** What a failed call means for the person in front of the page. */

import { locale, t, tn } from "/chat/i18n.js";

const TOO_LONG = { title: "Your message is too long", advice: "Please shorten it, then send it again.", retry: false };
const USED_UP = {
  title: "This chat has answered all it may today",
  advice: "Please come back tomorrow, or hand your question over to a person.",
  retry: false,
};
const OUT_OF_DATE = { title: "This chat is out of date", advice: "Reload the page to go on.", retry: false };

// What has words of its own, whatever the status.
const KNOWN = {
  connection_lost: { title: "The connection was lost", advice: "Please try again.", retry: true },
  invalid_identity: { title: "You could not be signed in", advice: "Reload the page, or sign in again.", retry: true },
  challenge_failed: { title: "Your browser could not be checked", advice: "Reload the page, or sign in again.", retry: true },
  stale_panel: OUT_OF_DATE,
  origin_not_allowed: OUT_OF_DATE,
  unknown_widget: OUT_OF_DATE,
  question_too_long: TOO_LONG,
  too_large: TOO_LONG,
  widget_day_limit: USED_UP,
  budget_used_up: USED_UP,
};

/** `{title, advice, retry}`: what happened, what to do, and whether asking again can help. */
export function explain({ status = 0, code = "", detail: said = "", retryAfter = null }) {
  // The service's own sentences are English, and name settings: for colleagues on the chat page, not for a widget's visitors.
  const detail = locale() === undefined ? said : "";
  const known = Object.hasOwn(KNOWN, code) ? KNOWN[code] : null;
  if (known) {
    const advice = [detail, t(known.advice)].filter(Boolean).join(" ");
    return { title: t(known.title), advice, retry: known.retry };
  }
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
    return {
      title: t("This request was not accepted"),
      advice: detail || t("Please put it in other words."),
      retry: status === 409,
    };
  return { title: t("Something went wrong on our side"), advice: detail || t("Please try again."), retry: true };
}

function duration(seconds) {
  if (seconds < 100) return tn(seconds, "{n} second", "{n} seconds");
  return tn(Math.ceil(seconds / 60), "{n} minute", "{n} minutes");
}
