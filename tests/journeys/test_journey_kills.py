"""Kill -9 at random moments of an ingest: what was settled stays, nothing is there twice, and the answers are the same."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from journey_world import Json, Prepared, Served, ask, finished_job, serving
from test_journey_faults import is_consistent, stored

pytestmark = [pytest.mark.slow]

CORPUS = "ax"
LONGEST_LIFE_S = 6.0
"""Of a server that is ready, or that has just settled a batch: its worker takes some seconds to load, a batch about one."""
SETTINGS = {"INGEST__BATCH_CHUNKS": "24", "LOG__LEVEL": "WARNING"}
QUESTIONS = 12


@dataclass(slots=True)
class Killed:
    """What one ingest went through."""

    lives_s: list[float] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    """Documents that the database held at each kill."""
    rounds: int = 0


@pytest.mark.parametrize(
    ("kills", "pages", "seed"),
    [
        pytest.param(3, 40, 1, marks=pytest.mark.timeout(900)),
        pytest.param(30, 200, 2026, marks=[pytest.mark.proof, pytest.mark.timeout(7200)]),
    ],
)
def test_ingest_that_is_killed_again_and_again_ends_as_one_that_never_was(
    prepared: Prepared, tmp_path: Path, shared_data: Callable[[str], Path], kills: int, pages: int, seed: int
) -> None:
    print(f"seed {seed}: {kills} kills of an ingest of {pages} pages")
    folder = _copied(shared_data("ax2012/pages"), tmp_path / "pages", pages)
    questions = _questions(shared_data("ax2012/questions_dev.jsonl"), folder)
    home = prepared.copied_to(tmp_path / "home")
    with serving(home, **SETTINGS) as server:
        killed = _killed(server, prepared.token, folder, kills, random.Random(seed))
        after = _published(server, prepared.token, questions)
    print(f"lived {[round(life, 1) for life in killed.lives_s]} s, settled {killed.settled}, {killed.rounds} rounds")
    assert len(killed.lives_s) == kills
    assert len(set(killed.settled)) > 1, "every kill came before anything was settled"
    is_consistent(home)

    calm = prepared.copied_to(tmp_path / "calm")
    with serving(calm, **SETTINGS) as server:
        with server.api(prepared.token) as api:
            job = finished_job(api, _sync(api, folder), seconds=1800)
            assert job["result"]["counts"] == {"indexed": pages}, job
        before = _published(server, prepared.token, questions)
    is_consistent(calm)
    assert _texts(home) == _texts(calm)
    assert len({path for path, *_ in _texts(home)}) == pages
    for question, one, other in zip(questions, after, before, strict=True):
        assert one == other, question


def _killed(server: Served, token: str, folder: Path, kills: int, draw: random.Random) -> Killed:
    """Ends with a server that is up and an ingest that has ended well. Where the ingest is quicker than the kills, its pages are
    changed and it begins anew."""
    story = Killed()
    files = len(list(folder.iterdir()))
    while True:
        with server.api(token) as api:
            job_id = _running(api, folder)
        if len(story.lives_s) == kills:
            break
        # Every second life counts from its first settled batch, so that kills fall behind acknowledged work on any machine.
        if draw.random() < 0.5:
            _progressed(server, len(_settled(server.home)))
        life = draw.uniform(0, LONGEST_LIFE_S)
        if _ended_within(server, token, job_id, life):
            story.rounds += 1
            _change(folder, story.rounds)
            continue
        held = _settled(server.home)
        server.kill()
        story.lives_s.append(life)
        story.settled.append(len(held))
        kept = _settled(server.home)
        assert held.items() <= kept.items() or len(kept) >= len(held)
        assert held.keys() <= kept.keys(), "a settled document is gone"
        server.restart()
    with server.api(token) as api:
        job = finished_job(api, job_id, seconds=1800)
        assert job["status"] == "done", job
        again = finished_job(api, _sync(api, folder))
        assert again["result"]["counts"] == {"unchanged": files}
    return story


def _running(api: httpx.Client, folder: Path) -> str:
    """The id of the ingest's job: the one that is under way, or a new one where the last has ended or was given up."""
    jobs = api.get("/v1/jobs").json()
    listed = jobs["jobs"] if isinstance(jobs, dict) else jobs
    open_jobs = [job["id"] for job in listed if job["status"] in ("queued", "running")]
    return str(open_jobs[0]) if open_jobs else _sync(api, folder)


def _sync(api: httpx.Client, folder: Path) -> str:
    source = api.post("/v1/sources", json={"corpus": CORPUS, "uri": str(folder)})
    assert source.status_code == 201, source.text
    job = api.post(f"/v1/sources/{source.json()['id']}/sync")
    assert job.status_code == 202, job.text
    return str(job.json()["id"])


def _progressed(server: Served, before: int) -> None:
    """Wait until more is settled than before, or for a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until and len(_settled(server.home)) <= before:
        time.sleep(0.2)


def _ended_within(server: Served, token: str, job_id: str, seconds: float) -> bool:
    until = time.monotonic() + seconds
    with server.api(token) as api:
        while time.monotonic() < until:
            if api.get(f"/v1/jobs/{job_id}").json()["status"] in ("done", "failed"):
                return True
            time.sleep(min(0.2, max(0.0, until - time.monotonic())))
    return False


def _settled(home: Path) -> dict[str, str]:
    """Path → newest revision of every document that is answered from after a publish, as the database has it."""
    return dict(
        stored(
            home,
            "SELECT d.path, d.revision_id FROM documents d JOIN corpora c ON c.id = d.corpus_id"
            f" JOIN revisions r ON r.id = d.revision_id WHERE c.name = '{CORPUS}' AND r.indexed",
        )
    )


def _texts(home: Path) -> list[tuple[Any, ...]]:
    """Every passage of the corpus' newest revisions: the manifest."""
    return stored(
        home,
        "SELECT d.path, p.number, p.text, p.embedded_hash, d.status FROM documents d JOIN corpora c ON c.id = d.corpus_id"
        f" JOIN passages p ON p.revision_id = d.revision_id WHERE c.name = '{CORPUS}' ORDER BY 1, 2",
    )


def _published(server: Served, token: str, questions: list[str]) -> list[Json]:
    """Publishes, then the answers without what is another's in every home: ids and times."""
    with server.api(token) as api:
        assert api.post("/v1/releases", json={}).status_code == 201
        return [_bare(ask(api, question)) for question in questions]


def _bare(answer: Json) -> Json:
    citations = [
        {name: citation[name] for name in ("n", "source", "title", "heading_path", "quote")}
        for citation in answer["citations"]
    ]
    # Vectors depend in their last bits on what was embedded with them.
    confidence = round(answer["confidence"], 3)
    return {"outcome": answer["outcome"], "text": answer["text"], "citations": citations, "confidence": confidence}


def _copied(pages: Path, folder: Path, count: int) -> Path:
    folder.mkdir()
    for page in sorted(pages.glob("*.md"))[:count]:
        shutil.copyfile(page, folder / page.name)
    return folder


def _change(folder: Path, number: int) -> None:
    for page in folder.iterdir():
        with page.open("a", encoding="utf-8") as out:
            out.write(f"\n\nThis page was looked at in round {number}.\n")


def _questions(file: Path, folder: Path) -> list[str]:
    """Those whose page was taken in, as far as the file names pages; the first ones otherwise."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    names = {page.name for page in folder.iterdir()} | {page.stem for page in folder.iterdir()}
    about = [row["question"] for row in rows if any(name in json.dumps(row) for name in names)]
    return [*about, *(row["question"] for row in rows if row["question"] not in about)][:QUESTIONS]
