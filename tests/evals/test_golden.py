"""A golden run over fakes of asker and finder, with the real tables below."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from eval_fakes import TENANTS, FakeAsker, FakeFinder, FakeTranscripts, answer, citation, passage, principal
from rich.console import Console
from sqlalchemy import delete, update

from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Filters, Outcome
from core.errors import ConfigurationError, RateLimitedError, UnavailableError
from core.models import Corpus, CorpusGrant, Document, EvalRun, Membership, PassageRow, Revision, Tenant, now
from core.settings import AnswerSettings, LLMSettings, Settings
from core.telemetry import ExperimentRow, NullTracer
from core.versions import OPEN_END
from evals import golden as golden_module
from evals.context import settings_hash
from evals.dataset import Gold, GoldenQuestion, Kind
from evals.gates import Gates, load_gates
from evals.golden import GoldenRun
from evals.report import as_text, show
from evals.repository import CitationCheck, EvalRuns
from evals.run import Parts, RunResult, dataset_name, run_golden

ACME, BOLT = TENANTS["acme"], TENANTS["bolt"]
OFF = "Turn the till off."
KNOWN = GoldenQuestion("k", "known?", Kind.ANSWERABLE, Audience.PARTNER, (Gold("a.md", OFF),), Filters(customer="Noor"))
UNKNOWN = GoldenQuestion("u", "unknown?", Kind.UNANSWERABLE, Audience.AGENT)


class FakeTracer(NullTracer):
    def __init__(self) -> None:
        self.experiments: list[tuple[str, str, Sequence[ExperimentRow], Mapping[str, float]]] = []

    async def experiment(
        self, name: str, run_name: str, rows: Sequence[ExperimentRow], *, totals: Mapping[str, float]
    ) -> None:
        self.experiments.append((name, run_name, rows, totals))


@pytest.fixture
async def filled(database: Database) -> Database:
    """Each tenant has one document of two passages; revision 2 of acme's entered in release 2."""
    async with database.write(Crossing.UPKEEP) as session:
        for slug, tenant_id in TENANTS.items():
            session.add(Tenant(id=tenant_id, slug=slug, name=slug, live_release=1))
        await session.flush()
        for slug, tenant_id in TENANTS.items():
            session.add(Corpus(id=f"{slug}-corpus", tenant_id=tenant_id, name="shared"))
        await session.flush()
        for slug, tenant_id in TENANTS.items():
            session.add(
                Document(
                    id=f"{slug}-d", tenant_id=tenant_id, corpus_id=f"{slug}-corpus", path="a.md", status="published",
                    audience="partner",
                )
            )  # fmt: skip
        await session.flush()
        for tenant, revision, first, added, removed in (
            ("acme", "r1", OFF, 1, 2),
            ("acme", "r2", "Leave it on.", 2, OPEN_END),
            ("bolt", "r3", "Pull the\nplug.", 1, OPEN_END),
        ):
            tenant_id = TENANTS[tenant]
            session.add(Revision(id=revision, tenant_id=tenant_id, document_id=f"{tenant}-d", content_hash=revision))
            await session.flush()
            session.add(Membership(tenant_id=tenant_id, revision_id=revision, added_in=added, removed_in=removed))
            for number, text in enumerate((first, "Then wait.")):
                session.add(
                    PassageRow(tenant_id=tenant_id, revision_id=revision, number=number, text=text, kind="text")
                )
    return database


async def faults(database: Database, *citations: tuple[str, str], release: int = 1) -> tuple[int, int]:
    cited = [citation(document_id, quote=quote) for document_id, quote in citations]
    found = await CitationCheck(database).check(ACME, answer(citations=cited, release=release))
    return found.foreign, found.broken


async def test_a_quote_from_the_tenants_own_document_is_in_order(filled: Database) -> None:
    assert await faults(filled, ("acme-d", OFF), ("acme-d", "Turn the till\n  off. Then wait.")) == (0, 0)


async def test_an_altered_or_empty_quote_is_broken(filled: Database) -> None:
    assert await faults(filled, ("acme-d", "Turn the till on."), ("acme-d", " ")) == (0, 2)


async def test_a_quote_must_stand_in_the_release_that_answered(filled: Database) -> None:
    assert await faults(filled, ("acme-d", OFF), release=2) == (0, 1)
    assert await faults(filled, ("acme-d", "Leave it on."), release=2) == (0, 0)


async def test_another_tenants_document_and_an_unknown_one_are_foreign(filled: Database) -> None:
    assert await faults(filled, ("bolt-d", "Pull the plug."), ("nowhere", OFF)) == (2, 1)


async def test_a_granted_document_is_not_foreign_unless_it_is_for_agents_or_the_grant_has_ended(
    filled: Database,
) -> None:
    async def grant(**change: object) -> None:
        async with filled.write(Crossing.UPKEEP) as session:
            await session.execute(delete(CorpusGrant))
            values = {"tenant_id": TENANTS["bolt"], "corpus_id": "bolt-corpus", "grantee_id": ACME, "created_by": "b"}
            session.add(CorpusGrant(**values | change))

    await grant()
    assert await faults(filled, ("bolt-d", "Pull the plug.")) == (0, 0)
    await grant(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert await faults(filled, ("bolt-d", "Pull the plug.")) == (1, 0)
    await grant()
    async with filled.write(Crossing.UPKEEP) as session:
        await session.execute(update(Document).where(Document.id == "bolt-d").values(audience="agent"))
    assert await faults(filled, ("bolt-d", "Pull the plug.")) == (1, 0)


async def test_a_granted_quote_must_stand_in_its_owners_release(filled: Database) -> None:
    cited = [citation("acme-d", quote="Leave it on.")]
    given = replace(answer(citations=cited, release=9), releases={TENANTS["bolt"]: 9, ACME: 2})
    assert (await CitationCheck(filled).check(ACME, given)).broken == 0
    given = replace(given, releases={TENANTS["bolt"]: 9, ACME: 1})
    assert (await CitationCheck(filled).check(ACME, given)).broken == 1


def asker(busy: int = 0) -> FakeAsker:
    known = answer(citations=[citation("acme-d", quote=OFF)], answer_id="known")
    return FakeAsker(
        {"known?": known, "unknown?": answer(Outcome.ABSTAINED, confidence=0.1, answer_id="unknown")}, busy
    )


TRANSCRIPTS = FakeTranscripts({"known": ACME, "unknown": ACME})


def golden_run(
    database: Database, asking: FakeAsker, finder: FakeFinder, pauses: list[float] | None = None
) -> GoldenRun:
    async def sleep(seconds: float) -> None:
        if pauses is not None:
            pauses.append(seconds)

    return GoldenRun(
        asker=asking,
        finder=finder,
        transcripts=TRANSCRIPTS,
        citations=CitationCheck(database),
        principals=principal,
        sleep=sleep,
    )


async def test_each_question_is_asked_afresh_as_its_tenant_and_audience(filled: Database) -> None:
    asking, seen = asker(), []
    rows = await golden_run(filled, asking, FakeFinder()).ask_all({"acme": [KNOWN, UNKNOWN]}, seen.append)
    assert [(q.text, q.conversation_id, q.filters.customer) for q in asking.asked] == [
        ("known?", None, "Noor"),
        ("unknown?", None, None),
    ]
    assert [(q.principal.tenant_id, q.principal.audience) for q in asking.asked] == [
        (ACME, Audience.PARTNER),
        (ACME, Audience.AGENT),
    ]
    assert seen == rows
    assert rows[0].signals == {"dense": 0.7}


async def test_the_ranking_uses_the_searched_query_within_the_askers_scope(filled: Database) -> None:
    finder = FakeFinder([passage("x.md"), passage("x.md"), passage("a.md", f"First: {OFF}")])
    (row,) = await golden_run(filled, asker(), finder).ask_all({"acme": [KNOWN]}, lambda _: None)
    (scope, query, limit) = finder.searched[0]
    assert (scope.tenant_id, scope.audience, scope.filters.customer) == (ACME, Audience.PARTNER, "Noor")
    assert (query, limit) == ("redacted query", golden_module.PASSAGES)
    assert row.ranking is not None
    assert (row.ranking.rank, row.ranking.recall_at_1, row.ranking.recall_at_5) == (2, 0.0, 1.0)
    assert row.ranking.passage_at_5 == 1.0


async def test_a_gold_sentence_in_another_document_is_no_gold_passage(filled: Database) -> None:
    finder = FakeFinder([passage("x.md", OFF), passage("a.md", "Something else.")])
    (row,) = await golden_run(filled, asker(), finder).ask_all({"acme": [KNOWN]}, lambda _: None)
    assert row.ranking is not None
    assert row.ranking.passage_at_5 == 0.0


async def test_a_run_waits_for_its_turn_in_the_quota(filled: Database) -> None:
    pauses: list[float] = []
    rows = await golden_run(filled, asker(busy=3), FakeFinder(), pauses).ask_all({"acme": [UNKNOWN]}, lambda _: None)
    assert [row.outcome for row in rows] == [Outcome.ABSTAINED]
    assert pauses == [golden_module.QUOTA_WAIT_S] * 3
    with pytest.raises(RateLimitedError):
        await golden_run(filled, asker(busy=99), FakeFinder()).ask_all({"acme": [UNKNOWN]}, lambda _: None)


async def run(
    database: Database,
    tracer: FakeTracer | None = None,
    *,
    asking: FakeAsker | None = None,
    gates: Gates | None = None,
    settings: Settings | None = None,
) -> RunResult:
    parts = Parts(
        asker=asking or asker(),
        finder=FakeFinder([passage("a.md")]),
        transcripts=TRANSCRIPTS,
        database=database,
        tracer=tracer or FakeTracer(),
        settings=settings or Settings(),
    )
    golden = {"acme": [KNOWN, UNKNOWN]}
    return await run_golden(golden, parts, principal, gates=gates or load_gates(), note=lambda _: None)


async def test_a_run_is_kept_with_what_it_was_a_run_of(filled: Database) -> None:
    result = await run(filled)
    kept = await EvalRuns(filled).last("golden/acme")
    assert kept is not None
    assert kept.id == result.id
    assert kept.metrics["overall"]["recall_at_5"]["value"] == 1.0
    assert kept.metrics["tenants"]["acme"]["abstention_f1"]["value"] == 1.0
    assert [(row["id"], row["outcome"]) for row in kept.rows] == [("k", "answered"), ("u", "abstained")]
    assert kept.context["releases"] == {"acme": 1}
    assert kept.context["model"] == "extractive"
    assert set(kept.context) == {"revision", "settings", "questions", "releases", "model", "date"}


async def test_a_second_run_lists_what_flipped_and_what_changed(filled: Database) -> None:
    first = await run(filled)
    assert first.comparison is None
    shy = FakeAsker({q: answer(Outcome.ABSTAINED, answer_id="unknown") for q in ("known?", "unknown?")})
    second = await run(filled, asking=shy, settings=Settings(answers=AnswerSettings(threshold=0.9)))
    comparison = second.comparison
    assert comparison is not None
    assert comparison.previous_id == first.id
    assert [asdict(flip) for flip in comparison.flips] == [
        {"tenant": "acme", "id": "k", "before": "answered", "after": "abstained"}
    ]
    assert comparison.differences["answered_answerable"] == -1.0
    assert comparison.differences["recall_at_5"] == 0.0
    assert comparison.changed == ["settings"]


async def test_the_last_run_of_the_same_data_set_is_compared(filled: Database) -> None:
    runs = EvalRuns(filled)
    for dataset, minutes in (("golden/acme", 1), ("golden/acme", 3), ("golden/bolt", 5)):
        kept = await runs.keep(dataset, metrics={}, context={}, rows=[])
        async with filled.write(Crossing.UPKEEP) as session:
            moved = update(EvalRun).where(EvalRun.id == kept.id)
            await session.execute(moved.values(created_at=now() + timedelta(minutes=minutes)))
            if minutes == 3:
                newest = kept.id
    last = await runs.last("golden/acme")
    assert last is not None
    assert last.id == newest
    assert await runs.last("golden/nobody") is None


async def test_a_failed_gate_fails_the_run_but_not_its_record(filled: Database) -> None:
    leaking = FakeAsker(
        {
            "known?": answer(citations=[citation("bolt-d", quote="Pull the plug.")], answer_id="known"),
            "unknown?": answer(Outcome.ABSTAINED, answer_id="unknown"),
        }
    )
    result = await run(filled, asking=leaking)
    assert not result.passed
    assert [verdict.metric for verdict in result.verdicts if not verdict.passed] == ["foreign_citations"]
    assert await EvalRuns(filled).last("golden/acme") is not None


async def test_a_misspelt_gate_is_refused_before_anything_is_asked(filled: Database) -> None:
    asking = asker()
    with pytest.raises(ConfigurationError, match="recal"):
        await run(filled, asking=asking, gates=Gates(minimum={"recal": 1}))
    assert asking.asked == []


async def test_a_fault_ends_the_run_and_nothing_is_kept(filled: Database) -> None:
    class Broken(FakeAsker):
        async def answer(self, question: object) -> object:  # type: ignore[override]
            raise UnavailableError("down")

    with pytest.raises(UnavailableError):
        await run(filled, asking=Broken({}))
    assert await EvalRuns(filled).last("golden/acme") is None


async def test_the_tracer_gets_redacted_rows_with_their_scores_and_the_totals(filled: Database) -> None:
    tracer = FakeTracer()
    result = await run(filled, tracer)
    ((name, run_name, rows, totals),) = tracer.experiments
    assert (name, run_name) == ("golden/acme", result.id)
    assert [(row.id, row.input, row.expected) for row in rows] == [
        ("acme/k", "redacted question", "a.md"),
        ("acme/u", "redacted question", "no answer"),
    ]
    assert rows[0].scores["citation_precision"] == 1.0
    assert rows[1].scores["abstention_recall"] == 1.0
    assert totals["abstention_f1"] == 1.0


async def test_the_report_shows_figures_flips_and_failed_gates(filled: Database) -> None:
    await run(filled)
    shy = FakeAsker({q: answer(Outcome.ABSTAINED, answer_id="unknown") for q in ("known?", "unknown?")})
    result = await run(filled, asking=shy, gates=Gates(minimum={"answered_answerable": 0.5}))
    output = io.StringIO()
    show(result, Console(file=output, width=140))
    text = output.getvalue()
    assert "acme/k: answered → abstained" in text
    assert "FAILED  answered_answerable 0.000, at least 0.5 wanted" in text
    assert "citation_precision" in text
    parsed = json.loads(as_text(result))
    assert parsed["passed"] is False
    assert parsed["overall"]["recall_at_5"]["value"] == 1.0
    assert parsed["rows"][0]["outcome"] == "abstained"


def test_settings_hash_follows_what_changes_answers_and_no_secret() -> None:
    plain = settings_hash(Settings())
    assert settings_hash(Settings(answers=AnswerSettings(threshold=0.7))) != plain
    assert settings_hash(Settings.model_validate({"home": "elsewhere", "server": {"port": 9}})) == plain
    keyed = Settings(llm=LLMSettings.model_validate({"api_key": "secret"}))
    assert settings_hash(keyed) == plain


def test_a_data_sets_name_fits_its_column() -> None:
    assert dataset_name({"bolt": [], "acme": []}) == "golden/acme+bolt"
    assert len(dataset_name({f"tenant-number-{n}": [] for n in range(50)})) <= 100
