"""Kinds of source: ours, and those that other distributions bring."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from core.errors import ConfigurationError, InvalidRequestError
from ingest.sources import files
from ingest.sources.base import Source, SourceItem, SourceLimits
from ingest.sources.files import FilesSource
from ingest.sources.registry import GROUP, Kinds, NoConfig, SourceConfig, SourceKind, open_source

OURS = ["archive", "bucket", "files", "git", "web"]


class WikiConfig(SourceConfig):
    space: str


async def _open_wiki(
    uri: str, config: WikiConfig, credentials: Mapping[str, str], limits: SourceLimits, workdir: Path
) -> Source:
    return FilesSource(Path(uri) / config.space, limits)


WIKI = SourceKind("wiki", WikiConfig, _open_wiki, canonical=str.strip, credentials=frozenset(("token",)))
NO_KIND = "text"


def points(**named: str) -> dict[str, EntryPoint]:
    return {name: EntryPoint(name, value, GROUP) for name, value in named.items()}


def test_our_own_kinds_are_known_whatever_the_metadata_says() -> None:
    kinds = Kinds({})
    assert kinds.names == OURS
    assert [kinds.get(name).name for name in OURS] == OURS


async def test_an_entry_point_adds_a_kind(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("a")
    kinds = Kinds(points(wiki=f"{__name__}:WIKI"))
    assert kinds.names == sorted([*OURS, "wiki"])

    class Stored:
        kind, uri, config = "wiki", str(tmp_path), {"space": "docs"}

    source = await open_source(Stored(), SourceLimits(), workdir=tmp_path, kinds=kinds)
    assert [item.path async for item in source.discover()] == ["a.md"]
    assert await source.fetch(SourceItem("a.md")) == b"a"
    await source.close()


def test_nobody_replaces_our_own_kinds() -> None:
    assert Kinds(points(files=f"{__name__}:WIKI")).get("files") is files.KIND


@pytest.mark.parametrize("value", ["no.such.module:KIND", f"{__name__}:ABSENT", f"{__name__}:NO_KIND"])
def test_a_kind_that_does_not_load_is_told_when_it_is_used(value: str) -> None:
    kinds = Kinds(points(wiki=value))
    assert kinds.get("files")
    with pytest.raises(ConfigurationError) as caught:
        kinds.get("wiki")
    assert caught.value.code == "broken_source_kind"


def test_an_unknown_kind_is_told_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Kinds({}).get("gopher")
    assert caught.value.code == "unknown_source_kind"
    assert "archive, bucket, files, git, web" in caught.value.detail


def test_a_configuration_is_told_its_faults_and_no_value() -> None:
    assert WIKI.configured({"space": "docs"}).space == "docs"
    for config in ({}, {"space": "docs", "sapce": "s3cret"}, {"space": ["s3cret"]}):
        with pytest.raises(InvalidRequestError) as caught:
            WIKI.configured(config)
        assert (caught.value.code, "s3cret" in caught.value.detail) == ("invalid_config", False)


def test_credentials_are_those_that_the_kind_takes() -> None:
    assert WIKI.checked({"token": "t"}) == {"token": "t"}
    for credentials in ({"tokn": "s3cret"}, {"token": ""}, {"token": "s3c\0ret"}):
        with pytest.raises(InvalidRequestError) as caught:
            WIKI.checked(credentials)
        assert (caught.value.code, "s3c" in caught.value.detail) == ("invalid_credentials", False)
    assert files.KIND.config is NoConfig
