"""Every kind of source through the HTTP API of a running server, each against a real server or disk on this machine: added, synced,
published, found; unchanged, changed, vanished; the question that comes before much is retired; and that one tenant's large source
does not hold up another's small upload."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.git_http import GitServer, git_server
from tests.servers.places import Bucket, Folder, GitPlace, Place, Site, ZipPlace, zipped
from tests.servers.s3 import S3Server, running_s3
from tests.servers.serving import Server, running_server
from tests.servers.site import WebSite

pytestmark = pytest.mark.slow

Json = dict[str, Any]
PASSWORD = "s3cret-of-the-repository"
KEY = "not-to-be-seen"
DOCUMENTS = 10
PART = (
    "To service part {part} of the {device}, open the cover on its {side} side, take out the {tool} and wait until the lamp "
    "{colour} is off. Then press the key marked {letter} for {seconds} seconds, close the cover and note the reading in the log "
    "of the shop, since the next person who services it will compare the two readings and report every difference."
)


def document(number: int, *, extra: str = "") -> str:
    """Three chunks of its own words; `extra` changes the last one alone."""
    draw = random.Random(number)
    parts = [
        PART.format(
            part=part,
            device=device(number),
            side=draw.choice(("left", "right", "rear")),
            tool=draw.choice(("fuse", "filter", "spindle", "gasket")),
            colour=draw.choice(("green", "amber", "blue")),
            letter=draw.choice("ABCDEFGH"),
            seconds=draw.randint(3, 90),
        )
        for part in range(3)
    ]
    sections = [f"## Part {part} of the {device(number)}\n\n{text}" for part, text in enumerate(parts)]
    return f"# Service of the {device(number)}\n\n" + "\n\n".join(sections) + (f" {extra}" if extra else "")


def device(number: int) -> str:
    return f"{('Quorvex', 'Zintara', 'Mollivane', 'Trebuko', 'Sarnwick')[number % 5]} {100 + number}"


@dataclass(frozen=True, slots=True)
class World:
    """What sources are read from, and the server that reads them."""

    server: Server
    folder: Path
    git: GitServer
    site: WebSite
    vault: WebSite
    s3: S3Server


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("places")
    with ExitStack() as stack:
        git = stack.enter_context(git_server(folder))
        git.password = PASSWORD
        site, vault = stack.enter_context(WebSite()), stack.enter_context(WebSite())
        s3 = stack.enter_context(running_s3())
        hosts = [f"127.0.0.1:{git.port}", site.host, s3.url.removeprefix("http://")]  # the vault is not among them
        settings = {"COPILOT_INGEST__ALLOW_HOSTS": ",".join(hosts), "COPILOT_INGEST__ROOTS": str(folder)}
        home = tmp_path_factory.mktemp("served") / "home"
        server = stack.enter_context(running_server(home, settings))
        yield World(server, folder, git, site, vault, s3)
        kept = server.log.read_bytes() + b"".join(file.read_bytes() for file in home.glob("copilot.db*"))
        assert PASSWORD.encode() not in kept and KEY.encode() not in kept


PLACES: dict[str, Callable[[World], Place]] = {
    "folder": lambda world: Folder(world.folder / "folder"),
    "git": lambda world: GitPlace(world.folder / "repository"),
    "git over http": lambda world: GitPlace(world.folder / "remote", world.git, PASSWORD),
    "web": lambda world: Site(world.site, world.vault),
    "bucket": lambda world: Bucket(world.s3, "handbooks", KEY),
    "archive": lambda world: ZipPlace(world.folder / "zips" / "handbook.zip"),
}


@pytest.fixture
def api(around: World, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """The operator of a tenant of its own."""
    with around.server.tenant(f"t-{time.monotonic_ns()}") as api:
        yield api


def synced(api: httpx.Client, source_id: str, **parameters: Any) -> Json:
    """The report of a sync job that ran to its end."""
    response = api.post(f"/v1/sources/{source_id}/sync", params=parameters)
    assert response.status_code == 202, response.text
    report: Json = finished(api, response.json())["result"]
    return report


def finished(api: httpx.Client, job: Json) -> Json:
    until = time.monotonic() + 120
    while job["status"] in ("queued", "running"):
        assert time.monotonic() < until, job
        time.sleep(0.05)
        job = api.get(f"/v1/jobs/{job['id']}").json()
    assert job["status"] == "done", job
    return job


def published(api: httpx.Client) -> None:
    response = api.post("/v1/releases", json={})
    assert response.status_code == 201, response.text


def found(api: httpx.Client, query: str) -> dict[str, list[str]]:
    """Passages by source."""
    passages = api.post("/v1/search", json={"query": query, "limit": 30}).json()["passages"]
    by_source: dict[str, list[str]] = {}
    for passage in passages:
        by_source.setdefault(passage["source"], []).append(passage["text"])
    return by_source


def of(report: Json, path: str) -> Json:
    [file] = [file for file in report["files"] if file["path"] == path]
    return file


def added(api: httpx.Client, place: Place) -> str:
    response = api.post("/v1/sources", json={"corpus": "handbook", **place.source})
    assert response.status_code == 201, response.text
    assert PASSWORD not in response.text and KEY not in response.text
    return str(response.json()["id"])


@pytest.mark.parametrize("kind", PLACES)
def test_source_is_taken_in_and_kept_in_step(around: World, api: httpx.Client, kind: str) -> None:
    place = PLACES[kind](around)
    names = [f"d{number}" for number in range(DOCUMENTS)]
    for number, name in enumerate(names):
        place.write(name, document(number))
    place.save()
    source = added(api, place)

    report = synced(api, source)
    assert report["counts"] == {"indexed": DOCUMENTS}, report
    assert found(api, f"Service of the {device(3)}") == {}  # not before it is published
    published(api)
    assert place.path("d3") in found(api, f"Service of the {device(3)}")

    place.listen()
    assert synced(api, source) == {"counts": {"unchanged": DOCUMENTS}, "files": []}
    place.check_heads_only(DOCUMENTS)

    place.write("d3", document(3, extra="The code of the day is Ombrelune."))
    place.save()
    changed = of(synced(api, source), place.path("d3"))
    assert (changed["status"], changed["embedded"], changed["reused"]) == ("indexed", 1, 2)
    published(api)
    assert any("Ombrelune" in text for text in found(api, "What is the code of the day?")[place.path("d3")])

    place.remove("d9")
    place.save()
    assert synced(api, source)["counts"] == {"retired": 1, "unchanged": DOCUMENTS - 1}
    assert place.path("d9") in found(api, f"Service of the {device(9)}")  # until it is published
    published(api)
    assert place.path("d9") not in found(api, f"Service of the {device(9)}")

    for name in names[5:9]:
        place.remove(name)
    place.save()
    stopped = synced(api, source)
    assert (stopped["counts"], stopped["stopped"]["code"]) == ({}, "retire_limit")
    assert (stopped["stopped"]["gone"], stopped["stopped"]["of"]) == (4, DOCUMENTS - 1)
    assert "confirm_retire=true" in stopped["stopped"]["detail"] and "--confirm-retire" in stopped["stopped"]["detail"]
    assert api.get(f"/v1/sources/{source}").json()["last_error"]["code"] == "retire_limit"
    assert synced(api, source, confirm_retire=True)["counts"] == {"retired": 4, "unchanged": 5}
    published(api)
    assert {path for path in found(api, "Service") if path in map(place.path, names)} == set(map(place.path, names[:5]))
    assert api.get(f"/v1/sources/{source}").json()["last_error"] is None
    if isinstance(place, Site):
        assert around.vault.requests == []
        assert "/internal/plans" not in around.site.asked()
        assert "combination" not in str(found(api, "What is the vault's combination?"))


def test_archive_that_is_uploaded_becomes_documents_and_the_same_one_again_costs_nothing(api: httpx.Client) -> None:
    members = {f"d{number}.md": document(number) for number in range(4)}

    def uploaded() -> tuple[int, Json]:
        files = {"file": ("handbook.zip", zipped(members))}
        response = api.post("/v1/documents", data={"corpus": "handbook"}, files=files)
        return response.status_code, {file["path"]: file for file in response.json()["documents"]}

    status, first = uploaded()
    assert (status, {file["status"] for file in first.values()}) == (201, {"indexed"})
    published(api)
    assert "handbook.zip/d2.md" in found(api, f"Service of the {device(2)}")
    status, again = uploaded()
    assert (status, {file["status"] for file in again.values()}) == (200, {"unchanged"})
    members["d2.md"] = document(2, extra="The code of the day is Ombrelune.")
    status, third = uploaded()
    changed = third["handbook.zip/d2.md"]
    assert (status, changed["status"], changed["embedded"], changed["reused"]) == (201, "indexed", 1, 2)
    assert {file["status"] for path, file in third.items() if path != "handbook.zip/d2.md"} == {"unchanged"}


def test_record_that_is_pushed_becomes_a_document_and_the_same_one_again_costs_nothing(api: httpx.Client) -> None:
    record: Json = {
        "corpus": "tickets",
        "source": "INC-4711",
        "type": "ticket_resolution",
        "title": "The Quorvex 100 prints nothing",
        "fields": {
            "problem": "Since Monday the Quorvex 100 prints nothing.",
            "cause": "Its ribbon was put in the wrong way round.",
            "resolution": ["Open the cover.", "Turn the ribbon round."],
        },
    }
    first = api.post("/v1/documents", json=record)
    assert (first.status_code, first.json()["source"]) == (201, "INC-4711.json"), first.text
    published(api)
    assert "INC-4711.json" in found(api, "Why does the Quorvex 100 print nothing?")
    again = api.post("/v1/documents", json=dict(reversed(record.items())))  # the order of keys says nothing
    assert (again.status_code, again.json()["id"], again.json()["ingest"]["status"]) == (
        200,
        first.json()["id"],
        "unchanged",
    )
    record["fields"] = {**record["fields"], "cause": "Its ribbon was worn out."}
    changed = api.post("/v1/documents", json=record)
    assert (changed.status_code, changed.json()["id"]) == (201, first.json()["id"])
    published(api)
    [texts] = [found(api, "Why does the Quorvex 100 print nothing?")["INC-4711.json"]]
    assert any("worn out" in text for text in texts) and not any("wrong way round" in text for text in texts)


DELAY_S = 5.0
"""Longest that another tenant's sync may hold an upload up, at the stated size; a short sync that does would leave no room for
the second upload."""


@pytest.mark.parametrize("pages", [40, pytest.param(2000, marks=[pytest.mark.proof, pytest.mark.timed])])
def test_upload_is_not_held_up_by_another_tenants_sync(around: World, api: httpx.Client, pages: int) -> None:
    place = Folder(around.folder / f"large-{pages}")
    for number in range(pages):
        place.write(f"d{number:04}", document(number))

    def upload(number: int) -> float:
        began = time.monotonic()
        text = f"# Note {number}\n\nThe lamp of bay {number} is changed every {number + 2} weeks.".encode()
        done = api.post("/v1/documents", data={"corpus": "notes"}, files={"file": (f"n{number}.md", text)})
        assert done.status_code == 201, done.text
        return time.monotonic() - began

    alone = max(upload(number) for number in range(4))
    with around.server.tenant(f"large-{time.monotonic_ns()}") as large:
        source = added(large, place)
        job = large.post(f"/v1/sources/{source}/sync").json()
        beside = []
        while large.get(f"/v1/jobs/{job['id']}").json()["status"] in ("queued", "running"):
            beside.append(upload(100 + len(beside)))
        assert finished(large, job)["result"]["counts"] == {"indexed": pages}
    assert len(beside) >= 3
    print(f"upload alone {alone:.2f} s; beside a sync of {pages} pages at most {max(beside):.2f} s of {len(beside)}")
    assert pages < 1000 or max(beside) <= alone + DELAY_S
