"""A tiny golden set through the real services: models, index, tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.bootstrap import Services, open_services
from core.domain import Audience, Outcome, Permission, Principal
from core.jobs import Progress
from core.settings import AnswerSettings, Settings
from evals.dataset import load_golden
from evals.gates import load_gates
from evals.run import Parts, run_golden

DOCUMENTS = {
    "acme": {
        "till.md": "# Till out of step\n\nA till that was cloned shows ERR-4021. Upload its receipts before you re-seed it.\n",
        "scales.md": "# Scales\n\nScales receive their price list at half past five every morning.\n",
    },
    "bolt": {"warranty.md": "# Warranty\n\nReceipt printers carry a warranty of thirty-six months from delivery.\n"},
}
QUESTIONS = {
    "acme": [
        {
            "id": "a1",
            "question": "What must be uploaded before a till with ERR-4021 is re-seeded?",
            "kind": "answerable",
            "gold": [{"source": "till.md", "quote": "Upload its receipts before you re-seed it."}],
        },
        {
            "id": "f1",
            "question": "How long is the warranty on receipt printers?",
            "kind": "foreign",
            "gold": [],
            "foreign_tenant": "bolt",
        },
    ],
    "bolt": [
        {
            "id": "a1",
            "question": "How long is the warranty on receipt printers?",
            "kind": "answerable",
            "gold": [
                {
                    "source": "warranty.md",
                    "quote": "Receipt printers carry a warranty of thirty-six months from delivery.",
                }
            ],
        }
    ],
}


async def ingest(services: Services, corpora: Path) -> dict[str, str]:
    """Tenants' ids by slug, their documents published."""
    ids = {}
    for slug, documents in DOCUMENTS.items():
        tenant = await services.tenants.create(slug)
        operator = Principal(tenant.id, "operator", Audience.AGENT, frozenset(Permission))
        folder = corpora / slug / "docs"
        folder.mkdir(parents=True)
        for name, text in documents.items():
            (folder / name).write_text(text, "utf-8")
        rows = "\n".join(json.dumps(question | {"audience": "partner"}) for question in QUESTIONS[slug])
        (corpora / slug / "golden.jsonl").write_text(rows, "utf-8")
        source = await services.library.add_folder(operator, corpus="docs", path=folder)
        await services.library.sync(tenant.id, source.id, Progress())
        await services.releases.publish(tenant.id, actor=operator.id)
        ids[slug] = tenant.id
    return ids


@pytest.mark.slow
async def test_golden_questions_are_answered_from_their_gold_and_never_from_another_tenant(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", answers=AnswerSettings(threshold=0.0))
    async with open_services(settings) as services:
        ids = await ingest(services, tmp_path / "corpora")

        def asker(tenant: str, audience: Audience) -> Principal:
            return Principal(ids[tenant], "eval", audience, frozenset({Permission.ASK}), "eval")

        parts = Parts(
            asker=services.pipeline,
            finder=services.searcher,
            transcripts=services.conversations,
            database=services.database,
            tracer=services.tracer,
            settings=settings,
        )
        golden = load_golden(tmp_path / "corpora")
        result = await run_golden(golden, parts, asker, gates=load_gates(), note=lambda _: None)
        again = await run_golden(golden, parts, asker, gates=load_gates(), note=lambda _: None)
    assert [(row.tenant, row.id) for row in result.rows] == [("acme", "a1"), ("acme", "f1"), ("bolt", "a1")]
    for row in result.rows:
        if row.answerable:
            assert row.outcome is Outcome.ANSWERED
            assert row.gold[0] in row.cited
            assert row.ranking is not None
            assert (row.ranking.recall_at_1, row.ranking.passage_at_5) == (1.0, 1.0)
        assert set(row.cited) <= set(DOCUMENTS[row.tenant])
        assert row.signals["dense"] > 0
    assert result.passed
    assert again.comparison is not None
    assert again.comparison.previous_id == result.id
    assert (list(again.comparison.flips), list(again.comparison.changed)) == ([], [])
