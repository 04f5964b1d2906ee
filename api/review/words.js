/** How the service's words read to a person. */

const STATUS = {
  draft: "Draft",
  in_review: "In review",
  approved: "Approved, not yet published",
  published: "Published",
  retired: "Retired",
  withdrawn: "Withdrawn",
};

const FIELD = {
  doc_type: "Type",
  effective_from: "In force from",
  effective_to: "In force until",
  review_by: "Review by",
  url: "Link",
};

export function statusWords(status) {
  return STATUS[status] ?? status;
}

export function fieldWords(field) {
  return FIELD[field] ?? field.charAt(0).toUpperCase() + field.slice(1);
}

/** A day or an instant, in the reader's own way of writing it. */
export function dayWords(iso) {
  const instant = new Date(iso.length === 10 ? `${iso}T00:00:00Z` : iso);
  const zone = iso.length === 10 ? { timeZone: "UTC" } : {};
  return Number.isNaN(instant.getTime()) ? iso : instant.toLocaleDateString(undefined, { dateStyle: "medium", ...zone });
}

/** An instant to the minute: several revisions may come on one day. */
export function momentWords(iso) {
  const instant = new Date(iso);
  return Number.isNaN(instant.getTime()) ? iso : instant.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A person by the name of their key, else by the first digits of its id. */
export function personWords(name, id) {
  return name || (id ? `key ${id.slice(0, 8)}` : "unknown");
}

export function titleWords(document) {
  return document.title || document.source;
}

export function countWords(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}
