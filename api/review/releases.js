/** Releases: which is live, what its gate said; publish and roll back. */

import { button, el } from "/chat/dom.js";
import { ask } from "/review/ask.js";
import { countWords, momentWords } from "/review/words.js";

export async function showReleases(page) {
  const found = await page.client.optional("/v1/releases");
  const releases = found?.releases ?? [];
  const report = el("div", { class: "gate" });
  page.show(
    "Releases",
    el(
      "div",
      { class: "row-actions" },
      button("Publish what is approved", () => page.act(() => publish(page, report)), { kind: "primary" }),
      button("Show what would change", () => page.act(() => rehearse(page, report)), { kind: "plain" }),
    ),
    report,
    releases.length
      ? el("ul", { class: "rows" }, releases.map((each) => row(page, each)))
      : el("p", { class: "card part quiet" }, found ? "Nothing was published yet. Approve documents, then publish them." : "This service lists no releases."),
  );
}

function row(page, release) {
  const { number, live, status, note, entered, left, published_at: at } = release;
  const facts = [momentWords(at ?? release.created_at), at && `${entered} in, ${left} out`, gateWords(release.gate)];
  const back = async () => {
    const text = "Every answer comes from it again, from the next question on.";
    if ((await ask({ title: `Roll back to release ${number}?`, text, yes: "Roll back" })) === null) return;
    await page.client.post(`/v1/releases/${number}/rollback`);
    await page.reload(`Release ${number} is live.`);
  };
  return el(
    "li",
    { class: "card row" },
    el(
      "div",
      {},
      el("strong", {}, `Release ${number}`),
      " ",
      live && el("span", { class: "tag" }, "live"),
      status !== "published" && el("span", { class: "tag" }, status),
      note && el("p", { dir: "auto" }, note),
      el("p", { class: "facts-line" }, facts.filter(Boolean).join(" · ")),
      release.override_reason && el("p", { dir: "auto" }, `Published although the gate blocked it: ${release.override_reason}`),
      details(page, number),
    ),
    status === "published" && !live && button("Roll back", () => page.act(back), { kind: "plain", "aria-label": `Roll back to release ${number}` }),
  );
}

/** What the release differs in from the live one, and its gate's answers; asked for when opened. */
function details(page, number) {
  const content = el("div", { class: "gate" });
  let asked = false;
  const open = async () => {
    if (asked) return;
    const { release, changes } = await page.client.get(`/v1/releases/${number}`);
    asked = true;
    content.append(...reasons(release.gate), gateReport(release.gate));
    if (release.status !== "published") return;
    const words = { entering: "Would come back if it were live", leaving: "Would go if it were live", changed: "Would change if it were live" };
    content.append(...changeLists(changes, words));
  };
  return el("details", { ontoggle: () => page.act(open) }, el("summary", {}, `Details of release ${number}`), content);
}

/** The documents of each kind of change, with how many there are: a long list is cut off by the service. */
function changeLists(changes, words) {
  return Object.entries(words).flatMap(([kind, said]) => {
    const count = changes?.counts[kind] ?? 0;
    if (!count) return [];
    const links = changes[kind].map((each) => el("li", {}, el("a", { href: `#/document/${each.id}`, dir: "auto" }, each.title || each.source)));
    return [el("p", {}, `${said} (${count}):`), el("ul", {}, links)];
  });
}

async function rehearse(page, report) {
  report.replaceChildren(el("p", { class: "quiet" }, "Comparing: the golden questions are asked…"));
  page.announce("Comparing.");
  try {
    const { gate, changes, entered, left } = await page.client.post("/v1/releases", { dry_run: true });
    const nothing = !entered && !left;
    report.replaceChildren(
      el("p", {}, nothing ? "Nothing is approved that the live release does not show already." : "Nothing was published. A release would change this:"),
      ...(nothing ? [] : [...reasons(gate), gateReport(gate), ...changeLists(changes, { entering: "Comes in", leaving: "Goes", changed: "Changes" })]),
    );
    page.announce("Compared; nothing was published.");
  } catch (fault) {
    report.replaceChildren();
    throw fault;
  }
}

async function publish(page, blocked) {
  const title = "Publish everything that is approved?";
  const text = "It is answered from as soon as the golden questions have passed.";
  const note = await ask({ title, text, yes: "Publish", field: { label: "Note" } });
  if (note !== null) await release(page, blocked, { note });
}

async function release(page, blocked, body) {
  blocked.replaceChildren(el("p", { class: "quiet" }, "Publishing: the golden questions are asked…"));
  page.announce("Publishing.");
  try {
    const done = await page.client.post("/v1/releases", body);
    await page.reload(`Release ${done.release} is live: ${done.entered} in, ${done.left} out.`);
  } catch (fault) {
    blocked.replaceChildren();
    if (fault.code !== "gate_failed") throw fault;
    showBlocked(page, blocked, body, fault);
  }
}

function showBlocked(page, blocked, body, fault) {
  const override = async () => {
    const title = "Publish although the gate blocks?";
    const reason = await ask({ title, text: "The reason is kept and audited.", yes: "Publish anyway", field: { label: "Reason", required: true } });
    if (reason !== null) await release(page, blocked, { ...body, override_reason: reason });
  };
  blocked.append(
    el("p", { class: "notice notice-error", role: "alert" }, `Not published. ${fault.detail}`),
    gateReport(fault.members.gate ?? {}),
    el("div", { class: "row-actions" }, button("Publish anyway…", () => page.act(override), { kind: "plain" })),
  );
}

function gateWords(gate) {
  if (!gate?.questions) return gate?.state ? `gate ${gate.state}` : "no golden questions";
  return `gate ${gate.state}: ${gate.passed_after} of ${countWords(gate.questions, "golden question")} pass, ${gate.passed_before} before`;
}

/** Why the gate does not let it pass. */
function reasons(gate) {
  return (gate.reasons ?? []).map((reason) => el("p", { dir: "auto" }, `Held up: ${reason}.`));
}

/** Documents that deserve a look before the release is trusted. */
function suspicions({ altered = [], floods = [] }) {
  return [
    ...altered.map(({ source, original, says, original_says }) => {
      const numbers = says.length > 0 ? `${says.join(", ")} where that one says ${original_says.join(", ")}` : "other numbers";
      return `${source} is much like ${original}, but says ${numbers}.`;
    }),
    ...floods.map(({ original, documents }) => `${countWords(documents, "document")} repeat ${original}.`),
  ].map((words) => el("p", { dir: "auto" }, el("strong", {}, "Look at: "), words));
}

/** Counts, and each question whose answer changes, appears or vanishes. */
function gateReport(gate) {
  const partners = Object.entries(gate.partners ?? {});
  return el(
    "div",
    { class: "gate" },
    el("p", {}, gateWords(gate)),
    suspicions(gate.suspicious ?? {}),
    partners.length > 0 && el("p", { class: "quiet" }, `Partners: ${partners.map(([name, counts]) => `${name} ${counts.passed_after} of ${counts.questions}`).join(", ")}`),
    (gate.changes ?? []).map(({ key, question, change, before, after }) =>
      el(
        "details",
        {},
        el("summary", { dir: "auto" }, `${change}: ${question ?? key}${before.passed && !after.passed ? " (broken)" : ""}`),
        el("div", { class: "hunk" }, el("del", { dir: "auto" }, before.text ?? before.outcome), el("ins", { dir: "auto" }, after.text ?? after.outcome)),
      ),
    ),
  );
}
