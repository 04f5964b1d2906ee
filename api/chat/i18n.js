/**
 * Words in the reader's language. The English text is the key, so that the source says what is shown, and a text without a
 * translation shows as it is.
 */

let strings = Object.create(null);
let spoken;
let plurals = new Intl.PluralRules("en");

/** Loads a language; English needs nothing. Where it cannot be loaded, English stays. */
export async function speak(language) {
  // The reader's own kind of it, where the browser names one: dates differ between Britain and America.
  spoken = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
  plurals = new Intl.PluralRules(language);
  strings = Object.assign(Object.create(null), language === "en" ? {} : await load(language));
}

/** The language that was chosen; undefined where the reader's own is used, as on the chat page. */
export function locale() {
  return spoken;
}

async function load(language) {
  try {
    const response = await fetch(`/chat/locales/${language}.json`, { credentials: "omit" });
    return response.ok ? await response.json() : {};
  } catch {
    return {}; // offline: what is shown says so itself
  }
}

/** The text in the reader's language, with `{name}` replaced by `values.name`. */
export function t(text, values = {}) {
  return filled(strings[text] ?? text, values);
}

/** The same for a count: `other` is the key, its translations stand by plural category (CLDR). */
export function tn(count, one, other) {
  const forms = strings[other] ?? { one, other };
  return filled(forms[plurals.select(count)] ?? forms.other, { n: count });
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
