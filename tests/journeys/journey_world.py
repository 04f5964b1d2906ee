"""What the journeys share: a small corpus with planted personal data, the product as a child process, and proof of an answer."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.bootstrap import Services
from core.domain import Audience, Permission, Principal, Role
from core.jobs import Progress
from tests.servers.llm_stub import Script, StubLLM, stub_llm
from tests.servers.ports import wait_for
from tests.servers.product import Product

ROOT = Path(__file__).parents[2]
START_S = 180.0
STOP_S = 60.0
Json = dict[str, Any]
Event = tuple[str, Json]

NAME = "Marieke Oosterhuis"
MAIL = "marieke.oosterhuis@private-post.example"
PHONE = "+31 20 794 5182"
PLANTED = ("Oosterhuis", "private-post.example", "794 5182")
TENANT = "acme"

DOCUMENTS = {
    "frozen-till.md": (
        "# Frozen till\n\n"
        f"Reported by {NAME} ({MAIL}, {PHONE}).\n\n"
        "A till that freezes after the nightly sync shows ERR-4021. Restart the service TillSync on the till. "
        "The service listens on port 7443. Never delete the queue folder, because unsent receipts are in it.\n\n"
        "## Steps\n\n"
        "1. Stop the service TillSync.\n2. Copy the folder C:\\TillSync\\queue to a safe place.\n"
        "3. Start the service TillSync again.\n"
    ),
    "warranty.md": (
        "# Warranty of hardware\n\n"
        "Receipt printers carry a warranty of thirty-six months from delivery. "
        "Scales carry a warranty of twelve months from delivery.\n"
    ),
    "price-lists.md": (
        "# Price lists\n\n"
        "Price lists are sent to the stores at half past five every morning. "
        "A price list that arrives after opening takes effect on the next day.\n"
    ),
}
FREEZES = "What should I restart when a till freezes after the nightly sync with ERR-4021?"
WARRANTY = "How long is the warranty on receipt printers?"
UNKNOWN = "What is the airspeed of an unladen swallow over Lake Titicaca?"


def write_documents(folder: Path, documents: Mapping[str, str] = DOCUMENTS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def operator(tenant_id: str) -> Principal:
    return Principal(tenant_id, "operator", Audience.AGENT, frozenset(Permission))


async def furnish(services: Services, folder: Path) -> str:
    """The tenant with its documents published. Returns a key of the tenant's operator."""
    tenant = await services.tenants.create(TENANT, name="Acme Tills")
    source = await services.library.add_folder(operator(tenant.id), corpus="docs", path=write_documents(folder))
    report = await services.library.sync(tenant.id, source.id, Progress())
    assert report["counts"] == {"indexed": len(DOCUMENTS)}
    await services.releases.publish(tenant.id, actor="operator")
    return (await services.keys.create(tenant.id, role=Role.OPERATOR, audience=Audience.AGENT)).token


@dataclass(frozen=True, slots=True)
class Prepared:
    """A closed home folder to copy, and the key of its tenant."""

    home: Path
    token: str

    def copied_to(self, home: Path) -> Path:
        shutil.copytree(self.home, home)
        return home


class Served:
    """`partner-copilot serve` as a child process."""

    def __init__(self, home: Path, environment: Mapping[str, str], log: Path) -> None:
        self.home = home
        self.url = ""
        self.log = log
        self._environment = environment
        self.process = self._launched()

    def _launched(self) -> Product:
        return Product("serve", "--port", "0", environment=environment(self.home, self._environment), log=self.log)

    def wait(self) -> Served:
        wait_for(self._ready, seconds=START_S, what="the start of the server")
        return self

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with status {self.process.returncode}:\n{self.text}")
        try:
            self.url = json.loads((self.home / "server.json").read_text("utf-8"))["url"]
            ready = httpx.get(f"{self.url}/readyz", timeout=5.0, trust_env=False).status_code == 200
        except (OSError, httpx.TransportError):
            ready = False
        if not ready:
            time.sleep(0.3)  # each question before is a line in its log
        return ready

    def api(self, token: str) -> httpx.Client:
        """For a `with` block."""
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120.0, trust_env=False)

    def kill(self) -> None:
        """As a crash or the out-of-memory killer does."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> Served:
        (self.home / "server.json").unlink(missing_ok=True)  # a crash leaves it behind, with the old address
        self.process = self._launched()
        return self.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @property
    def text(self) -> str:
        """Its log so far."""
        return self.log.read_text("utf-8", errors="replace")


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[Served]:
    """Ready. `settings` are variables without their prefix. At the end it must leave orderly, without a fault in its log."""
    server = Served(home, {f"COPILOT_{name}": value for name, value in settings.items()}, home.with_suffix(".log"))
    try:
        yield server.wait()
    except BaseException:
        print(server.text)
        raise
    finally:
        code = server.stop()
    assert code in (0, -signal.SIGTERM), f"the server ended with status {code}:\n{server.text}"
    assert "Traceback" not in server.text, f"the server's log holds a fault:\n{server.text}"


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")}
    return {**kept, "COPILOT_HOME": str(home), "HF_HUB_OFFLINE": "1", **(more or {})}


def command(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One run of the command line."""
    return subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()", *arguments],
        cwd=ROOT,
        env=environment(home, {f"COPILOT_{name}": value for name, value in settings.items()}),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def ask(api: httpx.Client, question: str, **more: object) -> Json:
    response = api.post("/v1/ask", json={"question": question, **more})
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def events(lines: Iterable[str]) -> Iterator[Event]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


@contextmanager
def streaming(api: httpx.Client, question: str) -> Iterator[Iterator[Event]]:
    with api.stream(
        "POST", "/v1/ask", json={"question": question}, headers={"Accept": "text/event-stream"}
    ) as response:
        assert response.status_code == 200
        yield events(response.iter_lines())


def streamed(api: httpx.Client, question: str) -> list[Event]:
    with streaming(api, question) as told:
        return list(told)


def is_proved(api: httpx.Client, answer: Json) -> None:
    """An answer, each of whose sources is marked in its text and quotes its document word for word."""
    assert answer["outcome"] == "answered", answer
    assert answer["citations"]
    for citation in answer["citations"]:
        document = api.get(f"/v1/documents/{citation['document_id']}").json()
        assert citation["quote"] in document["text"]
        assert citation["source"] == document["source"]
        assert f"[{citation['n']}]" in answer["text"]


def is_told_in_order(told: list[Event]) -> Json:
    """The whole answer of a stream whose events keep the contract: every sentence cites a source that was sent before it."""
    names = [name for name, _ in told]
    assert names[0] == "meta"
    assert names[-1] == "done", told[-1]
    assert names.count("done") == 1
    sent: set[int] = set()
    for name, data in told:
        if name == "citation":
            sent.add(data["n"])
        elif name == "sentence":
            marked = [n for n in sent if f"[{n}]" in data["text"]]
            assert marked, f"a sentence without a source: {data['text']!r}"
    done = told[-1][1]
    assert done["answer_id"] == told[0][1]["answer_id"]
    return done


@contextmanager
def running_stub(*scripts: Script) -> Iterator[StubLLM]:
    """The misbehaving language model, on a loop of its own: for tests that block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="stub-llm")
    thread.start()
    stub = stub_llm(*scripts)
    try:
        yield asyncio.run_coroutine_threadsafe(stub.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(stub.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def finished_job(api: httpx.Client, job_id: str, *, seconds: float = 180.0) -> Json:
    found: Json = {}

    def ended() -> bool:
        found.update(api.get(f"/v1/jobs/{job_id}").json())
        return found["status"] in ("done", "failed")

    wait_for(ended, seconds=seconds, what="the end of the job")
    return found
