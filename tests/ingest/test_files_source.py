from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from ingest_files import LIMITS

from core.errors import DocumentError
from ingest.formats.elements import ParseLimits
from ingest.sources.base import SourceItem, SourceVanishedError
from ingest.sources.files import FilesSource


async def listed(root: Path, limits: ParseLimits = LIMITS) -> list[SourceItem]:
    return [item async for item in FilesSource(root, limits).discover()]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    for name in ("b.md", "a/z.pdf", "a/y.md", "a/.hidden.md", ".git/x.md", "corpus.yaml", "golden.jsonl"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "a" / "_meta.yaml").write_text("z.pdf: {audience: agent}")
    return root


async def test_documents_are_listed_in_order_with_their_folders_rules(docs: Path) -> None:
    items = await listed(docs)
    assert [(item.path, item.size, dict(item.rules)) for item in items] == [
        ("a/y.md", 6, {}),
        ("a/z.pdf", 7, {"audience": "agent"}),
        ("b.md", 4, {}),
    ]
    assert await FilesSource(docs, LIMITS).fetch(items[1]) == b"a/z.pdf"


async def test_a_single_file_is_a_source(docs: Path) -> None:
    source = FilesSource(docs / "a" / "z.pdf", LIMITS)
    items = [item async for item in source.discover()]
    assert [(item.path, dict(item.rules)) for item in items] == [("z.pdf", {"audience": "agent"})]
    assert await source.fetch(items[0]) == b"a/z.pdf"


async def test_links_out_of_the_root_are_not_followed(docs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    (docs / "link.md").symlink_to(secret)
    (docs / "folder").symlink_to(tmp_path)
    (docs / "loop").symlink_to(docs)
    (docs / "inside.md").symlink_to(docs / "b.md")
    assert [item.path for item in await listed(docs)] == ["a/y.md", "a/z.pdf", "b.md", "inside.md"]
    for path in ("link.md", "folder/secret.md", "../secret.md"):
        with pytest.raises(DocumentError):
            await FilesSource(docs, LIMITS).fetch(SourceItem(path))


async def test_pointer_of_lfs_is_no_document(docs: Path) -> None:
    (docs / "pointer.pdf").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12345\n")
    with pytest.raises(DocumentError) as caught:
        await FilesSource(docs, ParseLimits()).fetch(SourceItem("pointer.pdf"))
    assert caught.value.code == "lfs_pointer"


async def test_pipes_are_no_documents(docs: Path) -> None:
    os.mkfifo(docs / "pipe.md")
    assert "pipe.md" not in [item.path for item in await listed(docs)]
    with pytest.raises(SourceVanishedError):
        await FilesSource(docs, LIMITS).fetch(SourceItem("pipe.md"))


async def test_file_that_vanishes_is_reported(docs: Path) -> None:
    items = await listed(docs)
    (docs / "b.md").unlink()
    with pytest.raises(SourceVanishedError) as caught:
        await FilesSource(docs, LIMITS).fetch(items[-1])
    assert caught.value.code == "source_vanished"


async def test_the_head_changes_with_the_bytes_even_within_one_tick_of_the_clock(docs: Path) -> None:
    source = FilesSource(docs, LIMITS)
    file, item = docs / "b.md", SourceItem("b.md")
    first = await source.head(item)
    assert await source.head(item) == first
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_text("B.MD")
    os.utime(file, ns=times)
    second = await source.head(item)
    replacement = docs / "new"
    replacement.write_text("b.md")
    os.utime(replacement, ns=times)
    replacement.replace(file)
    assert len({first, second, await source.head(item)}) == 3


async def test_the_head_of_what_is_gone_or_leads_out_is_a_fault(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (docs / "link.md").symlink_to(tmp_path / "secret.md")
    for path in ("none.md", "link.md", "../secret.md"):
        with pytest.raises(DocumentError) as caught:
            await FilesSource(docs, LIMITS).head(SourceItem(path))
        assert caught.value.code == "source_vanished"


async def test_root_that_vanished_is_reported_not_empty(docs: Path) -> None:
    with pytest.raises(SourceVanishedError):
        await listed(docs / "none")


async def test_folder_that_vanishes_while_listing_is_reported(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def vanishing(path: str) -> object:
        if str(path).endswith("/a"):
            raise FileNotFoundError(2, "gone", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    with pytest.raises(SourceVanishedError):
        await listed(docs)


async def test_large_file_is_listed_and_refused_without_reading(docs: Path) -> None:
    with (docs / "big.pdf").open("wb") as file:
        file.truncate(200_000_001)
    source = FilesSource(docs, replace(LIMITS, max_bytes=200_000_000))
    items = {item.path: item async for item in source.discover()}
    assert items["big.pdf"].size == 200_000_001
    with pytest.raises(DocumentError) as caught:
        await source.fetch(items["big.pdf"])
    assert caught.value.code == "too_large"


async def test_files_of_a_folder_with_broken_rules_are_refused(docs: Path) -> None:
    (docs / "a" / "_meta.yaml").write_text("z.pdf: [")
    source = FilesSource(docs, LIMITS)
    items = {item.path: item async for item in source.discover()}
    with pytest.raises(DocumentError) as caught:
        await source.fetch(items["a/z.pdf"])
    assert caught.value.code == "invalid_rules"
    assert await source.fetch(items["b.md"]) == b"b.md"
