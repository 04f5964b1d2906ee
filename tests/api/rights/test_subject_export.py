"""One person's data as a ZIP: all of theirs, nobody else's, for the authorised, for a while."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from rights_world import MAIL, NAME, PHONE, SLACK, STRANGER, RightsWorld
from sqlalchemy import select, update

from api.rights.export import Exporter
from api.rights.requests import RequestKind
from core.crossings import Crossing
from core.errors import ConflictError, NotFoundError, TooLargeError
from core.job_tries import Progress
from core.models import AuditRow, SubjectRequest, now


@pytest.mark.parametrize("_on", ["sqlite", "postgresql"])
async def test_an_export_holds_what_is_found_and_names_no_stranger(rights: RightsWorld, _on: str) -> None:
    view = await rights.done(RequestKind.EXPORT)
    data = await rights.requests.fetch(rights.world.principal(), view.id)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = json.loads(archive.read("export.json"))
        originals = [archive.read(name).decode() for name in archive.namelist() if name.startswith("originals/")]
    assert told["of"]["emails"] == [MAIL]
    assert {row["principal_id"] for row in told["conversations"]} == {SLACK, rights.visitor, "p" * 32}
    assert told["contacts"] == [{"case": "h" * 32, "contact": f"Call {PHONE}"}]
    assert told["slack_events"][0]["job"]["text"] == f"mail {MAIL}"
    [document] = told["documents"]
    assert document["source"] == "till.md"
    assert len(originals) == 1
    assert NAME in originals[0], "the original is told as it came in"
    assert view.report["found"]["conversations"] == 3
    owners = {row["principal_id"] for row in told["feedback"]}
    assert owners == {SLACK, STRANGER}, "what a stranger said of the person is the person's data, too"
    assert "U888" not in json.dumps(told["slack_people"])


async def test_an_export_changes_nothing_and_its_rows_tell_nobody_who_it_is_of(rights: RightsWorld) -> None:
    before = await rights.world.found("restart the service on the till")
    view = await rights.done(RequestKind.EXPORT)
    assert await rights.world.found("restart the service on the till") == before
    async with rights.world.database.read(Crossing.UPKEEP) as session:
        [row] = await session.scalars(select(SubjectRequest))
        acts = [act for act in await session.scalars(select(AuditRow)) if act.action.startswith("subject.")]
    assert row.subject is None
    assert row.result is not None
    assert MAIL.encode() not in row.result
    assert NAME not in f"{[(act.target, act.details) for act in acts]} {view.report}"
    await rights.requests.fetch(rights.world.principal(), view.id)
    async with rights.world.database.read(Crossing.UPKEEP) as session:
        last = await session.scalar(select(AuditRow.action).order_by(AuditRow.id.desc()).limit(1))
    assert last == "subject.export.fetch"


async def test_an_export_is_gone_after_its_days_or_when_the_person_is_erased(rights: RightsWorld) -> None:
    first, second = await rights.done(RequestKind.EXPORT), await rights.done(RequestKind.EXPORT)
    async with rights.world.database.write(Crossing.UPKEEP) as session:
        over = update(SubjectRequest).where(SubjectRequest.id == first.id)
        await session.execute(over.values(expires_at=now() - timedelta(seconds=1)))
    assert await rights.requests.expire(rights.tenant_id) == 1
    await rights.requests.fetch(rights.world.principal(), second.id)
    erased = await rights.done(RequestKind.ERASE)
    for gone in (first, second):
        with pytest.raises(ConflictError) as caught:
            await rights.requests.fetch(rights.world.principal(), gone.id)
        assert caught.value.code == "export_gone"
    with pytest.raises(ConflictError) as caught:
        await rights.requests.fetch(rights.world.principal(), erased.id)
    assert caught.value.code == "export_not_ready"


async def test_another_tenants_request_is_as_unknown_as_none(rights: RightsWorld) -> None:
    view = await rights.done(RequestKind.EXPORT)
    other = await rights.world.tenants.create("other")
    for tenant, request in ((other.id, view.id), (rights.tenant_id, "0" * 32)):
        with pytest.raises(NotFoundError) as caught:
            await rights.requests.get(tenant, request)
        assert caught.value.detail == "no such request"


async def test_an_export_that_is_too_large_is_refused(rights: RightsWorld) -> None:
    asked = await rights.requests.submit(
        rights.world.principal(), RequestKind.EXPORT, {"names": [NAME], "slack_users": ["U777"]}, rights.jobs
    )
    async with rights.world.database.read(rights.tenant_id) as session:
        row = await session.get(SubjectRequest, asked.id)
    assert row is not None
    from api.rights.subject import Subject

    small = Exporter(rights.world.database, rights.finder, max_bytes=100)
    with pytest.raises(TooLargeError) as caught:
        await small.run(row, Subject.of({"names": [NAME]}), Progress())
    assert caught.value.code == "export_too_large"
