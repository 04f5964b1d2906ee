"""Who may do what to a document, in which state, and what is left behind."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest
from curation_world import Desk, corpus_settings
from ingest_world import NAME, World
from sqlalchemy import update

from core.auth import Keys
from core.crossings import Crossing
from core.domain import Audience, DocumentStatus, Role
from core.errors import ConflictError, CopilotError, ForbiddenError, InvalidRequestError, NotFoundError, TooLargeError
from core.keyring import Keyring
from core.models import Document, Source, new_id
from ingest.catalogue import Wanted
from ingest.curation import CurationLimits, Named
from ingest.life import TRANSITIONS, Act, after, possible
from ingest.paging import PageRequest

LONG = "x" * 100_000


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


async def in_review(desk: Desk, name: str = "a.md", text: str = "manual one", **metadata: object) -> Named:
    await desk.write("first.md", "manual first")
    await desk.require_approval()
    return await desk.write(name, text, **metadata)


def test_the_table_leads_through_a_whole_life_and_knows_every_state() -> None:
    assert set(TRANSITIONS) == set(DocumentStatus)
    status = DocumentStatus.DRAFT
    seen = []
    for act in (Act.SUBMIT, Act.REJECT, Act.SUBMIT, Act.APPROVE, Act.PUBLISH, Act.RETIRE, Act.RESTORE):
        seen.append(status := after(act, status))
    assert seen == ["in_review", "draft", "in_review", "approved", "published", "retired", "in_review"]


@pytest.mark.parametrize(("status", "act"), [p for p in product(DocumentStatus, Act) if p[1] not in TRANSITIONS[p[0]]])
def test_every_other_transition_is_refused_and_says_what_is_possible(status: DocumentStatus, act: Act) -> None:
    with pytest.raises(ConflictError) as caught:
        after(act, status)
    assert (caught.value.status, caught.value.code) == (409, "invalid_transition")
    assert caught.value.members == {"possible": [str(each) for each in possible(status)]}
    assert ", ".join(possible(status)) in caught.value.detail


async def test_a_revision_goes_from_review_to_answers_by_a_second_person(desk: Desk, world: World) -> None:
    named = await in_review(desk)
    await world.publish()
    assert await world.found() == {"first.md: manual first"}
    assert await desk.curation.approve(desk.bob, named) is DocumentStatus.APPROVED
    await world.publish()
    assert (await desk.row(named.document_id)).status is DocumentStatus.PUBLISHED
    assert "a.md: manual one" in await world.found()
    assert ("bob", "document.approve", named.document_id) in await desk.audited()


async def test_whoever_wrote_it_may_not_approve_it(desk: Desk) -> None:
    named = await in_review(desk)
    with pytest.raises(ForbiddenError) as caught:
        await desk.curation.approve(desk.ada, named)
    assert caught.value.code == "own_revision"
    assert (await desk.row(named.document_id)).status is DocumentStatus.IN_REVIEW
    assert "document.approve" not in [action for _, action, _ in await desk.audited()]


async def test_where_no_second_person_is_asked_for_the_author_decides(desk: Desk) -> None:
    named = await desk.write("a.md", "manual one")
    await desk.curation.reject(desk.ada, named, comment="not yet")
    await desk.curation.submit(desk.ada, named.document_id)
    assert await desk.curation.approve(desk.ada, named) is DocumentStatus.APPROVED


async def test_two_keys_of_the_command_line_are_one_person(desk: Desk, world: World) -> None:
    keys = Keys(world.database, Keyring(bytes(range(32))))
    made = [await keys.create(world.tenant.id, role=Role.OPERATOR, audience=Audience.AGENT) for _ in range(2)]
    admin = await keys.create(world.tenant.id, role=Role.KNOWLEDGE_ADMIN, audience=Audience.AGENT)
    await desk.write("first.md", "manual first")
    await desk.require_approval()
    named = await desk.write("a.md", "manual one", author=made[0].id)
    with pytest.raises(ForbiddenError) as caught:
        await desk.curation.approve(desk.person(made[1].id, Role.OPERATOR), named)
    assert caught.value.code == "own_revision"
    assert await desk.curation.approve(desk.person(admin.id), named) is DocumentStatus.APPROVED


async def test_an_outdated_revision_is_neither_approved_nor_rejected(desk: Desk) -> None:
    named = await in_review(desk)
    newer = await desk.write("a.md", "manual two")
    for act in (
        desk.curation.approve(desk.bob, named),
        desk.curation.reject(desk.bob, named, comment="no"),
        desk.curation.approve(desk.bob, Named(named.document_id, new_id())),
    ):
        with pytest.raises(ConflictError) as caught:
            await act
        assert caught.value.code == "revision_changed"
    assert await desk.curation.approve(desk.bob, newer) is DocumentStatus.APPROVED


async def test_a_revision_is_approved_once_however_many_try(desk: Desk) -> None:
    named = await in_review(desk)
    results = await asyncio.gather(
        *(desk.curation.approve(desk.person(f"b{n}"), named) for n in range(4)), return_exceptions=True
    )
    refused = [each for each in results if isinstance(each, CopilotError)]
    assert len(results) - len(refused) == 1
    assert {each.code for each in refused} == {"invalid_transition"}
    assert [action for _, action, _ in await desk.audited()].count("document.approve") == 1


async def test_a_draft_is_submitted_before_it_is_approved(desk: Desk) -> None:
    named = await in_review(desk)
    await desk.curation.reject(desk.bob, named, comment="step 3 is wrong")
    with pytest.raises(ConflictError) as caught:
        await desk.curation.approve(desk.bob, named)
    assert caught.value.code == "invalid_transition"
    assert await desk.curation.submit(desk.ada, named.document_id) is DocumentStatus.IN_REVIEW
    with pytest.raises(ConflictError):
        await desk.curation.submit(desk.ada, named.document_id)
    assert await desk.curation.approve(desk.bob, named) is DocumentStatus.APPROVED


async def test_a_rejection_says_why_and_leaves_what_is_published(desk: Desk, world: World) -> None:
    await desk.write("a.md", "manual old")
    await world.publish()
    await desk.require_approval()
    named = await desk.write("a.md", "manual new")
    assert await desk.curation.reject(desk.bob, named, comment=f"Ask {NAME} first") is DocumentStatus.DRAFT
    comments = await desk.curation.comments(desk.ada, named.document_id, PageRequest())
    assert [(c.author, c.revision_id, c.text) for c in comments.items] == [
        ("bob", named.revision_id, "Ask <PERSON_a> first")
    ]
    await world.publish()
    assert await world.found() == {"a.md: manual old"}


async def test_an_approval_is_taken_back_before_the_publish(desk: Desk, world: World) -> None:
    named = await in_review(desk)
    await desk.curation.approve(desk.bob, named)
    assert await desk.curation.reject(desk.bob, named, comment="wait") is DocumentStatus.DRAFT
    page = await desk.revisions.history(desk.bob, named.document_id, PageRequest())
    assert [(row.approved_by, row.approved_at) for row in page.items] == [(None, None)]
    await world.publish()
    assert await world.found() == {"first.md: manual first"}


async def test_a_rejection_without_a_reason_is_refused(desk: Desk) -> None:
    named = await in_review(desk)
    for comment in ("", "  \n "):
        with pytest.raises(InvalidRequestError) as caught:
            await desk.curation.reject(desk.bob, named, comment=comment)
        assert caught.value.code == "empty_comment"
    assert (await desk.row(named.document_id)).status is DocumentStatus.IN_REVIEW


async def test_an_endless_comment_is_refused_before_any_model_reads_it(desk: Desk) -> None:
    named = await in_review(desk)
    for act in (
        desk.curation.comment(desk.bob, named.document_id, LONG),
        desk.curation.reject(desk.bob, named, comment=LONG),
        desk.curation.approve(desk.bob, named, comment=LONG),
    ):
        with pytest.raises(TooLargeError) as caught:
            await act
        assert "COPILOT_CURATION__MAX_COMMENT_CHARS" in caught.value.detail
    assert desk.redactor.seen == []
    assert (await desk.row(named.document_id)).status is DocumentStatus.IN_REVIEW


async def test_comments_come_in_order_by_pages(desk: Desk) -> None:
    named = await desk.write("a.md", "manual one")
    for number in range(5):
        await desk.curation.comment(desk.bob, named.document_id, f"remark {number}")
    seen: list[str] = []
    request = PageRequest(limit=2)
    while True:
        page = await desk.curation.comments(desk.ada, named.document_id, request)
        seen += [comment.text for comment in page.items]
        if page.next_cursor is None:
            break
        request = PageRequest(page.next_cursor, 2)
    assert seen == [f"remark {number}" for number in range(5)]


async def test_another_tenants_document_is_unknown_to_every_act(desk: Desk) -> None:
    named = await in_review(desk)
    eve = await desk.stranger()
    for document_id in (named.document_id, new_id(), "x"):
        other = Named(document_id, named.revision_id)
        for act in (
            desk.curation.submit(eve, document_id),
            desk.curation.approve(eve, other),
            desk.curation.reject(eve, other, comment="no"),
            desk.curation.retire(eve, document_id),
            desk.curation.comment(eve, document_id, "hello"),
            desk.curation.comments(eve, document_id, PageRequest()),
            desk.curation.assign(eve, document_id, {"owner": "eve"}),
            desk.catalogue.document(eve, document_id),
            desk.revisions.history(eve, document_id, PageRequest()),
            desk.revisions.diff(eve, document_id),
            desk.revisions.restore(eve, document_id, named.revision_id),
        ):
            with pytest.raises(NotFoundError) as caught:
                await act
            assert (caught.value.code, caught.value.detail) == ("not_found", "no such document")
    assert desk.redactor.seen == []
    assert await desk.listed(eve) == []
    assert await desk.catalogue.corpora(eve) == []


async def test_nothing_above_ones_audience_is_told_or_decided(desk: Desk) -> None:
    await in_review(desk, title="Secret", audience="agent")
    named = (await desk.catalogue.documents(desk.bob, Wanted(status=DocumentStatus.IN_REVIEW), PageRequest())).items[0]
    partner = desk.person("pat", audience=Audience.PARTNER)
    assert await desk.listed(partner) == ["first.md"]
    assert [dict(row.documents) for row in await desk.catalogue.corpora(partner)] == [{"approved": 1}]
    with pytest.raises(NotFoundError):
        await desk.curation.approve(partner, Named(named.id, named.revision_id or ""))


async def test_a_comment_on_a_revision_above_ones_audience_is_left_out(desk: Desk) -> None:
    named = await desk.write("a.md", "manual secret", audience="agent")
    await desk.curation.comment(desk.bob, named.document_id, "on the secret one")
    await desk.write("a.md", "manual open", audience="partner")
    await desk.curation.comment(desk.bob, named.document_id, "on the open one")
    partner = desk.person("pat", audience=Audience.PARTNER)
    page = await desk.curation.comments(partner, named.document_id, PageRequest())
    assert [comment.text for comment in page.items] == ["on the open one"]


async def test_many_approvals_end_each_for_itself(desk: Desk) -> None:
    good = await in_review(desk)
    own = await desk.write("b.md", "manual two", author="bob")
    old = await desk.write("c.md", "manual three")
    await desk.write("c.md", "manual four")
    unknown = Named(new_id(), new_id())
    verdicts = await desk.curation.approve_many(desk.bob, [good, own, old, unknown, good])
    assert [(v.id, v.status, v.code) for v in verdicts] == [
        (good.document_id, "approved", ""),
        (own.document_id, None, "own_revision"),
        (old.document_id, None, "revision_changed"),
        (unknown.document_id, None, "not_found"),
        (good.document_id, None, "invalid_transition"),
    ]
    assert all(v.detail for v in verdicts if v.code)


async def test_more_approvals_than_one_call_may_hold_are_refused(world: World) -> None:
    desk = Desk(world, limits=CurationLimits(page_size=200, max_comment_chars=8000, max_bulk=2))
    named = await in_review(desk)
    with pytest.raises(TooLargeError) as caught:
        await desk.curation.approve_many(desk.bob, [named] * 3)
    assert caught.value.code == "too_many"
    assert "COPILOT_CURATION__MAX_BULK" in caught.value.detail
    assert (await desk.row(named.document_id)).status is DocumentStatus.IN_REVIEW


async def test_approval_holds_for_what_comes_in_after_it_was_asked_for(desk: Desk, world: World) -> None:
    await desk.write("a.md", "manual one")
    await desk.require_approval()
    await desk.write("b.md", "manual two")
    await world.publish()
    assert await world.found() == {"a.md: manual one"}
    await desk.catalogue.set_approval(desk.bob, "docs", required=False)
    await desk.write("c.md", "manual three")
    await world.publish()
    assert await world.found() == {"a.md: manual one", "c.md: manual three"}
    rows = await desk.catalogue.corpora(desk.bob)
    assert [(r.name, r.requires_approval, dict(r.documents)) for r in rows] == [
        ("docs", False, {"in_review": 1, "published": 2})
    ]


async def test_another_tenants_corpus_keeps_its_setting(desk: Desk, world: World) -> None:
    await desk.write("a.md", "manual one")
    eve = await desk.stranger()
    for name in ("docs", "none"):
        with pytest.raises(NotFoundError) as caught:
            await desk.catalogue.set_approval(eve, name, required=True)
        assert caught.value.code == "unknown_corpus"
    assert [row.requires_approval for row in await corpus_settings(world)] == [False]


async def test_an_uploaded_document_retires_with_the_next_publish(desk: Desk, world: World) -> None:
    await desk.write("a.md", "manual one")
    named = await desk.write("b.md", "manual two")
    await world.publish()
    assert await desk.curation.retire(desk.ada, named.document_id) is DocumentStatus.RETIRED
    assert "b.md: manual two" in await world.found()
    await world.publish()
    assert await world.found() == {"a.md: manual one"}


async def test_a_sources_document_retires_at_its_source(desk: Desk, world: World) -> None:
    named = await desk.write("a.md", "manual one")
    row = await desk.row(named.document_id)
    async with world.database.write(Crossing.UPKEEP) as session:
        corpus_id = (await session.get_one(Document, named.document_id)).corpus_id
        source = Source(id=new_id(), tenant_id=world.tenant.id, corpus_id=corpus_id, kind="files", uri="/docs")
        session.add(source)
        await session.flush()
        await session.execute(update(Document).where(Document.id == named.document_id).values(source_id=source.id))
    with pytest.raises(ConflictError) as caught:
        await desk.curation.retire(desk.ada, named.document_id)
    assert caught.value.code == "has_source"
    assert (await desk.row(named.document_id)).status is row.status


async def test_every_act_is_audited_with_its_actor_in_its_transaction(desk: Desk) -> None:
    named = await in_review(desk)
    document_id = named.document_id
    await desk.curation.comment(desk.ada, document_id, "please look")
    await desk.curation.reject(desk.bob, named, comment="no")
    await desk.curation.submit(desk.ada, document_id)
    await desk.curation.approve(desk.bob, named)
    await desk.curation.assign(desk.ada, document_id, {"owner": "ada"})
    await desk.curation.retire(desk.ada, document_id)
    before = await desk.audited()
    with pytest.raises(ConflictError):
        await desk.curation.submit(desk.ada, document_id)
    audited = await desk.audited()
    assert audited == before, "what is refused is no act"
    assert [(actor, action) for actor, action, target in audited if target == document_id][-6:] == [
        ("ada", "document.comment"),
        ("bob", "document.reject"),
        ("ada", "document.submit"),
        ("bob", "document.approve"),
        ("ada", "document.assign"),
        ("ada", "document.retire"),
    ]
    assert ("bob", "corpus.update") in [(actor, action) for actor, action, _ in audited]


async def test_a_list_says_what_its_reader_may_do(desk: Desk) -> None:
    named = await in_review(desk)
    editor, reader = desk.person("ed", Role.EDITOR), desk.person("au", Role.AUDITOR)
    assert (await desk.row(named.document_id)).acts == ("approve", "reject", "retire", "withdraw", "restore")
    assert (await desk.row(named.document_id, editor)).acts == ("retire", "withdraw", "restore")
    assert (await desk.row(named.document_id, reader)).acts == ()
