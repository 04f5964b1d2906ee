"""The drill: a backup while people ask and documents come in, restored elsewhere, gives the same answers with the same sources."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from journey_world import (
    FREEZES,
    MAIL,
    NAME,
    PHONE,
    WARRANTY,
    Json,
    Prepared,
    Served,
    ask,
    command,
    is_proved,
    operator,
    serving,
)
from sqlalchemy import select

from api.backup.make import back_up
from api.backup.restore import restore
from api.bootstrap import Services, open_services
from api.client import client_with
from api.doctor import examine
from api.rights.requests import RequestKind
from api.store import open_store
from core.crossings import Crossing
from core.models import Document, Original, PassageRow
from core.settings import Settings
from guardrails.placeholders import placeholder

pytestmark = [pytest.mark.slow]

QUESTIONS = (FREEZES, WARRANTY)


@contextmanager
def busy(server: Served, token: str) -> Iterator[dict[str, int]]:
    """Somebody asks, and somebody uploads, until the block ends; how often each of it went well."""
    stop, counts = threading.Event(), {"asked": 0, "uploaded": 0}

    def asking() -> None:
        with server.api(token) as api:
            while not stop.is_set():
                ask(api, QUESTIONS[counts["asked"] % 2])
                counts["asked"] += 1

    def uploading() -> None:
        with server.api(token) as api:
            while not stop.is_set():
                number = counts["uploaded"]
                text = f"# Shelf {number}\n\nShelf {number} carries {number + 10} boxes at most.\n".encode()
                sent = api.post("/v1/documents", data={"corpus": "shelves"}, files={"file": (f"{number}.md", text)})
                assert sent.status_code < 300, sent.text
                counts["uploaded"] += 1

    threads = [threading.Thread(target=work) for work in (asking, uploading)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def told(server: Served, token: str) -> list[Json]:
    """Answers, without what is another each time."""
    with server.api(token) as api:
        answers = [ask(api, question) for question in QUESTIONS]
        for answer in answers:
            is_proved(api, answer)
    return list(map(_kept, answers))


def _kept(answer: Json) -> Json:
    return {name: answer[name] for name in ("text", "outcome", "confidence", "citations", "releases")}


def test_a_backup_under_load_is_restored_with_the_same_answers(prepared: Prepared, tmp_path: Path) -> None:
    home, other = prepared.copied_to(tmp_path / "home"), tmp_path / "other"
    with serving(home, LOG__LEVEL="WARNING") as server:
        with busy(server, prepared.token) as counts:
            before = dict(counts)
            while counts["uploaded"] < 3:
                threading.Event().wait(0.05)
            made = command(home, "backup", str(tmp_path / "backup"), "--json")
            during = {name: counts[name] - before[name] for name in counts}
        assert made.returncode == 0, made.stderr
        assert min(during.values()) > 0, f"nobody was at work: {during}"
        wanted = told(server, prepared.token)
    other.mkdir()
    shutil.copyfile(home / "master.key", other / "master.key")
    restored = command(other, "restore", str(tmp_path / "backup"), "--json")
    assert restored.returncode == 0, restored.stderr
    assert asyncio.run(examined(Settings(home=other), prepared.token)) == wanted
    with_key = [
        file for file in (tmp_path / "backup").iterdir() if (home / "master.key").read_bytes() in file.read_bytes()
    ]
    assert not with_key


async def examined(settings: Settings, token: str) -> list[Json]:
    """The same answers from the restored home, with which nothing is wrong."""
    assert [finding for finding in await examine(settings) if not finding.ok] == []
    async with client_with(settings, token=token) as copilot:
        return [_kept(await copilot.ask(question, filters={})) for question in QUESTIONS]


async def test_a_restored_backup_does_not_bring_an_erased_person_back(prepared: Prepared, tmp_path: Path) -> None:
    settings = Settings(home=prepared.copied_to(tmp_path / "home"))
    await back_up(settings, tmp_path / "backup")
    async with open_services(settings) as services:
        tag = await _erased(services)
    assert await _left(settings, tag) == (0, 2)
    found = await restore(settings, tmp_path / "backup", replace=True)
    assert found is not None
    assert (found.tenants, found.erased) == (1, 1)
    assert await _left(settings, tag) == (0, 2)
    aside = next(settings.home.glob(".replaced-*"))
    assert (aside / "copilot.db").exists()
    await back_up(settings, tmp_path / "second")  # which knows of it: nothing is to be done again
    again = await restore(settings, tmp_path / "second", replace=True)
    assert again is not None
    assert again.erased == 0


async def _erased(services: Services) -> str:
    """The tag that stood for the person."""
    [tenant] = await services.tenants.all()
    tag = placeholder((await services.tenants.profile(tenant.id)).key, "PERSON", NAME)
    assert await _left(services.settings, tag) == (1, 3), "the person is there before"
    who = {"names": [NAME], "emails": [MAIL], "phones": [PHONE]}
    asked = await services.rights.requests.submit(operator(tenant.id), RequestKind.ERASE, who, services.jobs)
    assert asked.job_id
    await services.jobs.wait(asked.job_id)
    job = await services.jobs.get(tenant.id, asked.job_id)
    assert job.status == "done", job
    return tag


async def _left(settings: Settings, tag: str) -> tuple[int, int]:
    """Passages that speak of the person, and originals."""
    async with open_store(settings) as store, store.database.read(Crossing.UPKEEP) as session:
        texts = [text for text in await session.scalars(select(PassageRow.text)) if tag in text]
        assert len(list(await session.scalars(select(Document.id)))) == 3
        return len(texts), len(list(await session.scalars(select(Original.revision_id))))
