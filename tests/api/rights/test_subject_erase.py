"""One person is erased over every store, and nobody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rights_world import MAIL, NAME, OTHER, RAW, SLACK, STRANGER, WHO, RightsWorld, run, swept
from sqlalchemy import select

from api.rights.requests import RequestKind
from core.audit_book import AuditBook
from core.crossings import Crossing
from core.errors import ConfigurationError, InvalidRequestError, UnavailableError
from core.models import (
    AnswerRow,
    AuditRow,
    CaseNotice,
    Conversation,
    CurationTask,
    DocumentComment,
    FeedbackRow,
    Handoff,
    Job,
    KeyUsage,
    KnowledgeGap,
    Original,
    PassageRow,
    Revision,
    SlackEvent,
    SlackPerson,
    SlackThread,
    SubjectRequest,
    WidgetSession,
)
from ingest.repository import point_id
from tests.fakes import FakeEmbedder


@pytest.mark.parametrize("_on", ["sqlite", "postgresql"])
async def test_what_is_the_persons_own_goes_and_what_is_anothers_stays(rights: RightsWorld, _on: str) -> None:
    await rights.done(RequestKind.ERASE)
    assert await rights.column(Conversation.principal_id) == [STRANGER]
    assert await rights.column(AnswerRow.principal_id) == [STRANGER]
    assert await rights.column(FeedbackRow.principal_id) == [STRANGER]
    assert await rights.column(SlackPerson.user) == ["U888"]
    for column in (Handoff.id, CaseNotice.id, KnowledgeGap.id, SlackEvent.event_id, SlackThread.user, KeyUsage.day):
        assert await rights.column(column) == [], column
    assert await rights.column(WidgetSession.visitor) == []


@pytest.mark.parametrize("_on", ["sqlite", "postgresql"])
async def test_what_others_said_of_the_person_is_blotted_out(rights: RightsWorld, _on: str) -> None:
    tag = await rights.tag()
    await rights.done(RequestKind.ERASE)
    [answer] = await rights.column(AnswerRow.answer)
    assert answer["text"] == "Reported by <PERSON_erased>. [1]"
    assert await rights.column(AnswerRow.question) == ["Who is <PERSON_erased>?"]
    assert await rights.column(FeedbackRow.comment) == ["ask <PERSON_erased> at <EMAIL_erased>"]
    assert await rights.column(CurationTask.closed_by) == ["erased"]
    assert await rights.column(DocumentComment.text) == ["<PERSON_erased> wrote this"]
    told = await rights.column(Job.result)
    assert {"files": [{"path": "<PERSON_erased>.md"}]} in told
    assert rights.vault.forgotten > {tag}


async def test_documents_are_still_found_and_say_nothing_of_the_person(rights: RightsWorld) -> None:
    before = {text.partition(":")[0] for text in await rights.world.found("service till")}
    report = (await rights.done(RequestKind.ERASE)).report
    found = await rights.world.found("restart the service on the till")
    assert {text.partition(":")[0] for text in found} == before >= {"till.md", "printer.md"}
    [text] = [each for each in found if "Reported by" in each]
    assert "Reported by <PERSON_erased> (<EMAIL_erased>). Restart the service TillSync on the till." in text
    assert await rights.tag(value=OTHER) in " ".join(await rights.column(PassageRow.text))
    assert len(report["documents"]) == 1
    assert len(await rights.column(Original.revision_id)) == 2, (
        "the two documents that do not speak of them keep theirs"
    )


async def test_sentences_keep_their_places_where_redaction_had_missed_the_person(rights: RightsWorld) -> None:
    async with rights.world.database.write(Crossing.UPKEEP) as session:
        passages = [row for row in await session.scalars(select(PassageRow)) if "TillSync" in row.text]
        [passage] = passages
        text = f"As {NAME} said. Restart it."
        passage.text, passage.sentences = text, [[0, len(text) - 12], [len(text) - 11, len(text)]]
        passage_id = passage.id
    await rights.done(RequestKind.ERASE)
    async with rights.world.database.read(Crossing.UPKEEP) as session:
        row = await session.get(PassageRow, passage_id)
    assert row is not None
    assert [row.text[start:end] for start, end in row.sentences] == ["As <PERSON_erased> said.", "Restart it."]


async def test_vectors_are_made_anew_in_every_release_that_shows_the_text(rights: RightsWorld) -> None:
    await rights.done(RequestKind.ERASE)
    async with rights.world.database.read(Crossing.UPKEEP) as session:
        [row] = [row for row in await session.scalars(select(PassageRow)) if "TillSync" in row.text]
        title = (await session.get(Revision, row.revision_id)).info["title"]  # type: ignore[union-attr]
    stored = await rights.index.vectors(rights.world.tenant.collection, [point_id(row.revision_id, row.number)])
    [vector] = stored.values()
    fresh = await FakeEmbedder().embed_query(f"{title}\n{row.text}")
    assert float(np.dot(vector.dense, fresh)) > 0.97
    assert sum((await rights.world.points()).values()) == len(await rights.column(PassageRow.id))


async def test_erasure_leaves_no_bytes_in_live_stores(rights: RightsWorld, tmp_path: Path, quick_folder: Path) -> None:
    """Rows, vectors, logs of changes, the ledger: swept as files."""
    tags = [await rights.tag(), await rights.tag("EMAIL", MAIL)]
    copy = rights.home / "sources" / "s1" / "till.md"
    copy.parent.mkdir(parents=True)
    copy.write_text(MAIL)
    async with rights.world.database.write(Crossing.UPKEEP) as session:
        [row] = [row for row in await session.scalars(select(PassageRow)) if "TillSync" in row.text]
    ids = [point_id(row.revision_id, row.number)]
    old = (await rights.index.vectors(rights.world.tenant.collection, ids))[ids[0]].dense.tobytes()
    await rights.index.optimize(rights.world.tenant.collection)
    words = [word.encode() for word in (*RAW, *tags)]
    here = [tmp_path, quick_folder]
    before = await swept(*here, words=[*words, old])
    assert any("index" in hit for hit in before), "the old vector is not found: the sweep proves nothing"
    if rights.world.database.is_sqlite:
        assert any("copilot.db" in hit for hit in before)
    copy.unlink()
    await rights.done(RequestKind.ERASE)
    assert await swept(*here, words=[*words, old]) == []


async def test_an_erasure_is_audited_without_a_name_and_leaves_the_chain_whole(rights: RightsWorld) -> None:
    view = await rights.done(RequestKind.ERASE)
    async with rights.world.database.read(Crossing.UPKEEP) as session:
        acts = [row for row in await session.scalars(select(AuditRow)) if row.action.startswith("subject.")]
        [kept] = await session.scalars(select(SubjectRequest))
    assert [act.action for act in acts] == ["subject.erase.start", "subject.erase"]
    assert acts[1].details["digest"] == view.digest
    told = " ".join(f"{act.target} {act.details}" for act in acts) + str(view.report)
    assert not [word for word in RAW if word in told]
    assert kept.subject is None
    assert view.report["left"] == {}
    again = await rights.requests.submit(rights.world.principal(), RequestKind.ERASE, WHO, rights.jobs)
    assert again.digest == view.digest, "the same person is told again by the digest"
    verdict = await AuditBook(rights.world.database, rights.world.database.trail, _NoAnchors()).verify(rights.tenant_id)  # type: ignore[arg-type]
    assert verdict.whole


class _NoAnchors:
    def read(self) -> object:
        return type("Anchored", (), {"hashes": {}, "forged": ()})()


class _Broken:
    """The process dies before the vectors are made anew."""

    async def renew(self, *_given: object) -> None:
        raise UnavailableError("the index is away")


@pytest.mark.parametrize("_on", ["sqlite", "postgresql"])
async def test_an_erasure_that_dies_half_way_is_finished_by_the_next_try(rights: RightsWorld, _on: str) -> None:
    rights.jobs = type("Nothing", (), {"submit": _queued, "aclose": rights.jobs.aclose})()  # type: ignore[assignment]
    asked = await rights.requests.submit(rights.world.principal(), RequestKind.ERASE, WHO, rights.jobs)
    with pytest.raises(UnavailableError):
        await run(rights.opened(vectors=_Broken()), rights, asked.id)
    assert rights.ledger.read()[0].id == asked.id
    await run(rights.opened(), rights, asked.id)
    view = await rights.requests.get(rights.tenant_id, asked.id)
    assert view.finished_at is not None
    assert view.report["erased"]["conversations"] == 3
    assert len(view.report["revisions"]) == 1, "vectors of text that the first try changed are made anew by the second"
    await run(rights.opened(), rights, asked.id)  # and once more, as after a crash of its last step


async def _queued(*_given: object) -> object:
    return type("Queued", (), {"id": "j" * 32})()


async def test_a_damaged_ledger_is_refused_and_not_read_over(rights: RightsWorld) -> None:
    await rights.done(RequestKind.ERASE)
    text = rights.ledger.file.read_text()
    assert SLACK not in text
    rights.ledger.file.write_text(text.replace('"sealed": "', '"sealed": "AAAA'))
    with pytest.raises(ConfigurationError) as caught:
        rights.ledger.read()
    assert caught.value.code == "damaged_ledger"


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"names": ["  "]},
        {"names": ["Jo"]},
        {"emails": ["no address"]},
        {"phones": ["12 34"]},
        {"names": ["x" * 201]},
        {"principals": ["a\x00b"]},
    ],
)
async def test_a_person_who_is_named_too_vaguely_is_refused(rights: RightsWorld, who: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await rights.requests.submit(rights.world.principal(), RequestKind.ERASE, who, rights.jobs)
    assert caught.value.code == "invalid_subject"
