/** One document: what would change, what was said, its revisions, and the acts that are possible now. */

import { button, el, freshId, webURL } from "/chat/dom.js";
import { documentPath } from "/review/api.js";
import { ask } from "/review/ask.js";
import { countWords, dayWords, fieldWords, momentWords, personWords, statusWords, titleWords } from "/review/words.js";

const ACTS = {
  submit: { label: "Submit for review", done: "Submitted for review." },
  approve: { label: "Approve", done: "Approved. The next release takes it.", field: { label: "Comment" }, named: true },
  reject: { label: "Send back", done: "Sent back to its author.", field: { label: "Why?", required: true }, named: true },
  retire: { label: "Retire", done: "Retired. It leaves the answers with the next release." },
  withdraw: { label: "Withdraw", done: "Withdrawn. No answer uses it any more.", text: "It leaves every answer at once, in every release." },
};

export async function showDocument(page, id, compared = {}) {
  const [history, view, said, diff] = await Promise.all([
    page.client.get(documentPath(id, "revisions")),
    page.client.get(documentPath(id)),
    page.client.get(documentPath(id, "comments"), { limit: 200 }),
    compare(page, id, compared),
  ]);
  const { document, revisions } = history;
  page.show(
    titleWords(document),
    facts(document),
    actions(page, document, diff.after ?? document.revision_id),
    changes(diff, document),
    words(view),
    comments(page, document, said.comments),
    versions(page, document, revisions),
  );
}

/** The diff, or why there is none: a revision whose text was collected has nothing to compare with. */
async function compare(page, id, compared) {
  try {
    return await page.client.get(documentPath(id, "diff"), compared);
  } catch (fault) {
    if (fault.code === "revision_collected") return { missing: fault.detail };
    throw fault;
  }
}

function facts(document) {
  const rows = {
    State: statusWords(document.status),
    Source: document.source,
    Corpus: document.corpus + (document.requires_approval ? " (asks for a second person)" : ""),
    "Who may read it": document.audience,
    Author: personWords(document.author_name, document.author),
    Owner: document.owner ?? "nobody",
    "Review by": document.review_by ? dayWords(document.review_by) : "no date",
  };
  const list = Object.entries(rows).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", { dir: "auto" }, value)));
  const original = document.duplicate_of && `#/document/${document.duplicate_of}`;
  return el(
    "section",
    { class: "card part", "aria-label": "About this document" },
    el("dl", { class: "facts" }, list),
    original && el("p", {}, `It is ${document.duplicate_kind === "exact" ? "the same as" : "much like"} `, el("a", { href: original }, "another document"), "."),
  );
}

function actions(page, document, revision) {
  const path = (act) => documentPath(document.id, act);
  const act = (name) => async () => {
    const { label, done, text, field, named } = ACTS[name];
    const entered = await ask({ title: `${label}: ${titleWords(document)}`, text, yes: label, field });
    if (entered === null) return;
    if (name === "withdraw") await page.client.delete(documentPath(document.id));
    else await page.client.post(path(name), { ...(named && { revision_id: revision }), ...(entered && { comment: entered }) });
    await page.reload(done);
  };
  const buttons = Object.keys(ACTS)
    .filter((name) => document.acts.includes(name))
    .map((name) => button(ACTS[name].label, () => page.act(act(name)), { kind: name === "approve" ? "primary" : "plain" }));
  const assigning = document.acts.includes("restore") && assignment(page, document);
  if (!buttons.length && !assigning) return el("p", { class: "quiet" }, "This key may look at the document, and change nothing.");
  return el("section", { class: "part card", "aria-label": "Decide" }, el("div", { class: "row-actions" }, buttons), assigning);
}

function assignment(page, document) {
  const [owner, day] = [freshId("owner"), freshId("day")];
  const fields = {
    owner: el("input", { id: owner, type: "text", maxlength: 200, value: document.owner ?? "", dir: "auto" }),
    review_by: el("input", { id: day, type: "date", value: document.review_by ?? "" }),
  };
  const save = async (event) => {
    event.preventDefault();
    const body = { owner: fields.owner.value.trim() || null, review_by: fields.review_by.value || null };
    await page.act(async () => {
      await page.client.post(documentPath(document.id, "assign"), body);
      await page.reload("Saved.");
    });
  };
  return el(
    "details",
    {},
    el("summary", {}, "Owner and review date"),
    el(
      "form",
      { class: "part", onsubmit: save },
      el("label", { for: owner }, "Owner"),
      fields.owner,
      el("label", { for: day }, "Review by"),
      fields.review_by,
      el("div", { class: "row-actions" }, button("Save", null, { kind: "plain", type: "submit" })),
    ),
  );
}

function changes(diff, document) {
  const against = diff.before ? "Compared with" : "Nothing of this document is published yet:";
  const what = diff.before === document.published_revision_id ? "what is published" : `revision ${diff.before?.slice(0, 8)}`;
  const same = !diff.missing && !diff.hunks.length && !diff.metadata.length;
  const content = diff.missing
    ? [el("p", { class: "quiet" }, diff.missing)]
    : [
        el("p", { class: "quiet" }, diff.before ? `${against} ${what}: ` : `${against} `, `${countWords(diff.added, "line")} added, ${diff.removed} removed.`),
        diff.metadata.length > 0 && statements(diff.metadata),
        ...diff.hunks.map(hunk),
        diff.left_out > 0 && el("p", { class: "quiet" }, `${countWords(diff.left_out, "more line")} not shown.`),
        same && el("p", {}, "The two are the same."),
      ];
  return el("section", { class: "card part", "aria-labelledby": "changes" }, el("h3", { id: "changes" }, "What changes"), content);
}

function statements(metadata) {
  const cell = (value) => {
    const link = value && webURL(value);
    return el("td", { dir: "auto" }, link ? el("a", { href: link, rel: "noopener noreferrer nofollow" }, value) : (value ?? "–"));
  };
  const rows = metadata.map(({ field, before, after }) => el("tr", {}, el("th", { scope: "row" }, fieldWords(field)), cell(before), cell(after)));
  const heads = ["States", "Before", "After"].map((name) => el("th", { scope: "col" }, name));
  return el("div", { class: "table-scroll" }, el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows)));
}

/** What the newest revision says, and what was remarked on it when it was taken in. */
function words({ text, warnings, signals }) {
  const remarks = [...warnings, signals.length > 0 && `It holds words that look like instructions to a language model (${signals.join(", ")}).`];
  return el(
    "section",
    { class: "card part", "aria-labelledby": "words" },
    el("h3", { id: "words" }, "What it says"),
    remarks.filter(Boolean).map((remark) => el("p", { class: "notice notice-error", dir: "auto" }, remark)),
    el("details", {}, el("summary", {}, "Text of the newest revision"), el("p", { class: "text", dir: "auto", tabindex: 0 }, text)),
  );
}

const TAGS = { same: "span", removed: "del", added: "ins" };

function hunk({ lines, from_line, to_line }) {
  const nodes = lines.map(({ kind, text }) => {
    const spoken = kind === "same" ? "" : el("span", { class: "visually-hidden" }, `${kind}: `);
    return el(TAGS[kind], { dir: "auto" }, spoken, text || " ");
  });
  return el("div", { class: "hunk", tabindex: 0, role: "group", "aria-label": `Lines from ${from_line}, now ${to_line}` }, nodes);
}

function comments(page, document, said) {
  const id = freshId("comment");
  const input = el("textarea", { id, rows: 3, dir: "auto" });
  const send = async (event) => {
    event.preventDefault();
    if (!input.value.trim()) {
      input.focus();
      return;
    }
    await page.act(async () => {
      await page.client.post(documentPath(document.id, "comments"), { text: input.value });
      await page.reload("Comment added.");
    });
  };
  const list = said.map((each) =>
    el(
      "li",
      {},
      el("p", { class: "facts-line" }, `${personWords(each.author_name, each.author)}, ${momentWords(each.created_at)}${each.revision_id === document.revision_id ? "" : ", on an earlier revision"}`),
      el("p", { class: "said", dir: "auto" }, each.text),
    ),
  );
  return el(
    "section",
    { class: "card part", "aria-labelledby": "comments" },
    el("h3", { id: "comments" }, "Comments"),
    list.length ? el("ul", { class: "rows" }, list) : el("p", { class: "quiet" }, "Nothing was said yet."),
    document.acts.length > 0 &&
      el(
        "form",
        { class: "part", onsubmit: send },
        el("label", { for: id }, "Add a comment"),
        input,
        el("div", { class: "row-actions" }, button("Add comment", null, { kind: "plain", type: "submit" })),
      ),
  );
}

function versions(page, document, revisions) {
  const restore = (revision) => async () => {
    const text = "It becomes the newest revision again. What is published stays until the next release.";
    if ((await ask({ title: `Restore the revision of ${momentWords(revision.created_at)}?`, text, yes: "Restore" })) === null) return;
    await page.client.post(documentPath(document.id, "restore"), { revision_id: revision.id });
    await page.reload("Restored.");
  };
  const gone = ["retired", "withdrawn"].includes(document.status);
  const list = revisions.map((revision) => {
    const marks = [revision.newest && "newest", revision.published && "published", !revision.kept && "text collected"].filter(Boolean);
    const name = `revision ${revision.id.slice(0, 8)} of ${momentWords(revision.created_at)}`;
    const compared = () => showDocument(page, document.id, { from: revision.id });
    return el(
      "li",
      { class: "row-actions" },
      el("span", {}, `${momentWords(revision.created_at)} by ${personWords(revision.author_name, revision.author)}`),
      revision.approved_by && el("span", { class: "quiet" }, `approved by ${personWords(revision.approved_by_name, revision.approved_by)}`),
      marks.map((mark) => el("span", { class: "tag" }, mark)),
      revision.kept && !revision.newest && button("Compare", () => page.act(compared), { kind: "plain", "aria-label": `Compare with ${name}` }),
      revision.kept &&
        document.acts.includes("restore") &&
        (gone || !revision.newest) &&
        button("Restore", () => page.act(restore(revision)), { kind: "plain", "aria-label": `Restore ${name}` }),
    );
  });
  return el(
    "section",
    { class: "card part", "aria-labelledby": "revisions" },
    el("h3", { id: "revisions" }, "Revisions"),
    el("ul", { class: "rows" }, list),
  );
}
