/** Lists of what waits: documents in a state, due or repeated ones, and files that failed. */

import { button, el } from "/chat/dom.js";
import { ask } from "/review/ask.js";
import { countWords, dayWords, personWords, statusWords, titleWords } from "/review/words.js";

const APPROVAL = "partner-copilot corpus set CORPUS --approval";

export const LISTS = {
  in_review: {
    label: "In review",
    query: { status: "in_review" },
    empty: `Nothing waits for review. Revisions wait here once their corpus asks for a second person: ${APPROVAL}`,
  },
  draft: {
    label: "Drafts",
    query: { status: "draft" },
    empty: "No drafts. What a reviewer sends back with a comment comes here, for its author to change and submit again.",
  },
  approved: {
    label: "Approved",
    query: { status: "approved" },
    empty: "Nothing approved waits for a release. Approve what is in review, then publish it under Releases.",
  },
  due: {
    label: "Due",
    query: { due: true },
    empty: "Nothing is due. Set a review-by date on a document, and it comes here when that day has passed.",
  },
  duplicates: {
    label: "Duplicates",
    query: { duplicates: true },
    empty: "No document repeats another.",
  },
};

/** Shows one of `LISTS`, a page at a time. */
export async function showDocuments(page, name) {
  const { label, query, empty } = LISTS[name];
  const found = await page.client.get("/v1/documents", query);
  const list = el("ul", { class: "rows" });
  const boxes = name === "in_review";
  const add = (documents) => list.append(...documents.map((each) => row(each, boxes && each.acts.includes("approve"))));
  add(found.documents);
  page.show(
    label,
    found.documents.length ? list : el("p", { class: "card part quiet" }, empty),
    boxes && list.querySelector("input") && bulk(page, list),
    found.next_cursor && more(page, query, found.next_cursor, add),
  );
}

function row(document, choosable) {
  const facts = [
    document.source,
    document.corpus,
    `by ${personWords(document.author_name, document.author)}`,
    document.owner && `owner ${document.owner}`,
    document.review_by && `review by ${dayWords(document.review_by)}`,
    document.duplicate_of && (document.duplicate_kind === "exact" ? "repeats another document" : "much like another document"),
  ];
  const title = titleWords(document);
  const box = { type: "checkbox", "aria-label": `Choose ${title}`, "data-id": document.id, "data-revision": document.revision_id };
  return el(
    "li",
    { class: "card row" },
    choosable && el("input", box),
    el(
      "div",
      {},
      el("a", { href: `#/document/${document.id}`, dir: "auto" }, title),
      " ",
      el("span", { class: "tag" }, statusWords(document.status)),
      el("p", { class: "facts-line", dir: "auto" }, facts.filter(Boolean).join(" · ")),
    ),
  );
}

function more(page, query, cursor, add) {
  let next = cursor;
  const node = button(
    "Show more",
    () =>
      page.act(async () => {
        const found = await page.client.get("/v1/documents", { ...query, cursor: next });
        add(found.documents);
        next = found.next_cursor;
        if (!next) node.remove();
      }),
    { kind: "plain" },
  );
  return node;
}

/** Approves what is chosen, each revision as it was listed; says how each ended. */
function bulk(page, list) {
  const report = el("ul", { class: "rows", "aria-label": "How each approval ended" });
  async function approve() {
    const chosen = [...list.querySelectorAll("input:checked")];
    if (!chosen.length) {
      page.announce("Choose documents first.");
      return;
    }
    const title = `Approve ${countWords(chosen.length, "document")}?`;
    const text = "The next release takes them as they are listed here.";
    if ((await ask({ title, text, yes: "Approve" })) === null) return;
    const documents = chosen.map(({ dataset }) => ({ document_id: dataset.id, revision_id: dataset.revision }));
    const { results } = await page.client.post("/v1/documents/approve", { documents });
    const names = new Map(chosen.map((box) => [box.dataset.id, box]));
    for (const { id, status, detail } of results) {
      const box = names.get(id);
      const name = box.closest("li").querySelector("a").textContent;
      report.append(el("li", { class: "card row" }, el("div", { dir: "auto" }, `${name}: ${status ?? detail}`)));
      if (status) box.closest("li").remove();
    }
    page.announce(`${results.filter((each) => each.status).length} of ${countWords(results.length, "document")} approved.`);
  }
  return [
    el("div", { class: "row-actions" }, button("Approve chosen", () => page.act(approve), { kind: "primary" })),
    report,
  ];
}

/** Files of sources that could not be taken in. */
export async function showFailures(page) {
  const found = await page.client.optional("/v1/failures", { limit: 200 });
  const failures = found?.failures ?? [];
  const nothing = found ? "Every file of every source was taken in." : "This key may not read which files failed.";
  const retry = (failure) => async () => {
    await page.client.post(`/v1/failures/${encodeURIComponent(failure.id)}/retry`);
    page.announce(`${failure.path} is tried again with its source.`);
  };
  const list = failures.map((failure) =>
    el(
      "li",
      { class: "card row" },
      el(
        "div",
        {},
        el("strong", { dir: "auto" }, failure.path),
        el("p", { dir: "auto" }, failure.detail || failure.reason),
        el("p", { class: "facts-line" }, `${failure.corpus} · ${failure.reason} · ${countWords(failure.attempts, "try", "tries")}, last ${dayWords(failure.last_at)}`),
      ),
      button("Try again", () => page.act(retry(failure)), { kind: "plain", "aria-label": `Try ${failure.path} again` }),
    ),
  );
  page.show("Failed files", list.length ? el("ul", { class: "rows" }, list) : el("p", { class: "card part quiet" }, nothing));
}
