"""What every kind of source promises, whatever it reads from."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from git_repository import Repository
from source_reading import listed

from core.errors import DocumentError
from core.models import Json
from ingest.sources.base import Source, SourceItem, SourceLimits, SourceVanishedError
from ingest.sources.registry import Kinds
from tests.servers.s3 import S3Server, running_s3

Files = dict[str, bytes]
LIMITS = SourceLimits(max_bytes=1000, allow_hosts=("127.0.0.1",))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source reads from. `hold` makes it hold these files and no others; `remove` makes it vanish."""

    kind: str
    uri: str
    hold: Callable[[Files], None]
    remove: Callable[[], None]
    config: Json
    credentials: dict[str, str]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


KINDS = ["files", "git", "archive", pytest.param("bucket", marks=pytest.mark.slow)]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    root = tmp_path / "place"
    match request.param:
        case "files":
            return Place("files", str(root), lambda files: _fill(root, files), lambda: _empty(root), {}, {})
        case "git":
            return _repository(root)
        case "archive":
            return Place("archive", str(root), lambda files: _pack(root, files), root.unlink, {}, {})
        case _:
            return _bucket(request.getfixturevalue("s3"), f"docs-{len(_made)}")


_made: list[str] = []


def _fill(root: Path, files: Files) -> None:
    _empty(root)
    root.mkdir()
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)


def _empty(root: Path) -> None:
    """All but Git's own folder."""
    if not root.exists():
        return
    for file in sorted(root.rglob("*"), reverse=True):
        if ".git" not in file.relative_to(root).parts:
            file.rmdir() if file.is_dir() else file.unlink()
    if not (root / ".git").exists():
        root.rmdir()


def _repository(root: Path) -> Place:
    repository = Repository(root)

    def hold(files: Files) -> None:
        _empty(root)
        repository.commit(dict(files))

    return Place("git", str(root), hold, lambda: root.rename(root.with_name("moved")) and None, {}, {})


def _pack(root: Path, files: Files) -> None:
    with zipfile.ZipFile(root, "w") as archive:
        for path, data in reversed(files.items()):
            archive.writestr(path, data)


def _bucket(s3: S3Server, name: str) -> Place:
    _made.append(name)
    s3.make_bucket(name)

    def hold(files: Files) -> None:
        s3.remove_bucket(name)
        s3.make_bucket(name)
        for path, data in files.items():
            s3.put(name, path, data)

    config = {"endpoint_url": s3.url, "region": "us-east-1"}
    return Place("bucket", f"s3://{name}", hold, lambda: s3.remove_bucket(name), config, {"key": "k", "secret": "s"})


@pytest.fixture
async def source(place: Place, tmp_path: Path) -> AsyncIterator[Source]:
    place.hold({"a.md": b"a"})
    kind = Kinds({}).get(place.kind)
    found = await kind.opener(
        kind.canonical(place.uri), kind.configured(place.config), place.credentials, LIMITS, tmp_path / "work"
    )
    yield found
    await found.close()
    await found.close()  # once more does no harm


async def test_items_come_sorted_with_sizes_rules_and_bytes(place: Place, source: Source) -> None:
    rules = b"'*.md': {audience: agent}"
    place.hold(
        {"b.md": b"bb", "a/z.md": b"z", "a/_meta.yaml": rules, ".x/h.md": b"h", "corpus.yaml": b"", "a.md": b"a"}
    )
    items = [item async for item in source.discover()]
    assert [(item.path, item.size, dict(item.rules), item.problem) for item in items] == [
        ("a.md", 1, {}, None),
        ("a/z.md", 1, {"audience": "agent"}, None),
        ("b.md", 2, {}, None),
    ]
    assert [await source.fetch(item) for item in items] == [b"a", b"z", b"bb"]


async def test_heads_are_the_same_for_the_same_bytes_and_others_for_others(place: Place, source: Source) -> None:
    first = {path: await source.head(item) for path, item in (await listed(source)).items()}
    again = {path: await source.head(item) for path, item in (await listed(source)).items()}
    place.hold({"a.md": b"b"})
    changed = {path: await source.head(item) for path, item in (await listed(source)).items()}
    assert first == again != changed
    assert all(0 < len(tag) <= 300 for tag in (*first.values(), *changed.values()))


async def test_a_large_item_is_listed_and_refused(place: Place, source: Source) -> None:
    place.hold({"a.md": b"a", "large.md": bytes(range(256)) * 4})
    items = await listed(source)
    with pytest.raises(DocumentError) as caught:
        await source.fetch(items["large.md"])
    assert caught.value.code == "too_large"
    assert await source.fetch(items["a.md"]) == b"a"


async def test_unreadable_rules_are_the_problem_of_their_folder_alone(place: Place, source: Source) -> None:
    place.hold({"a/x.md": b"x", "a/_meta.yaml": b"x.md: [", "b/y.md": b"y"})
    items = await listed(source)
    for ask in (source.fetch, source.head):
        with pytest.raises(DocumentError) as caught:
            await ask(items["a/x.md"])
        assert caught.value.code == "invalid_rules"
    assert await source.fetch(items["b/y.md"]) == b"y"


async def test_a_place_that_vanished_is_no_empty_listing(place: Place, source: Source) -> None:
    await listed(source)
    place.remove()
    with pytest.raises(SourceVanishedError):
        await listed(source)


async def test_an_item_that_never_was_is_a_fault_of_its_own(source: Source) -> None:
    await listed(source)
    for path in ("absent.md", "../absent.md"):
        with pytest.raises(DocumentError):
            await source.fetch(SourceItem(path))
        with pytest.raises(DocumentError):
            await source.head(SourceItem(path))
