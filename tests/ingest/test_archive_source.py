"""ZIPs as sources: ordinary ones, and those made to escape, explode or lie."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from source_reading import listed

from core.errors import CopilotError, DocumentError
from ingest.sources.archive import KIND, ArchiveSource, expand
from ingest.sources.base import SourceItem, SourceLimits, SourceVanishedError

LIMITS = SourceLimits(max_bytes=5_000_000, max_archive_bytes=20_000_000, max_archive_members=1000)

Files = dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]


def packed(files: Files, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return out.getvalue()


def outcomes(data: bytes, limits: SourceLimits = LIMITS) -> list[tuple[str, bytes | str]]:
    """Path and bytes, or the code of the problem, of each member."""
    return [(m.path, m.problem.code if m.problem else m.data) for m in expand(data, limits)]


def code_of(data: bytes, limits: SourceLimits = LIMITS) -> str:
    with pytest.raises(DocumentError) as caught:
        list(expand(data, limits))
    return caught.value.code


def test_documents_come_in_the_archives_order_with_their_folders_rules() -> None:
    data = packed(
        {
            "b.md": b"b",
            "a/": b"",
            "a/y.md": b"y",
            "a/_meta.yaml": b"y.md: {audience: agent}",
            ".hidden": b"x",
            "__MACOSX/b.md": b"x",
        }
    )
    assert [(m.path, m.data, dict(m.rules)) for m in expand(data, LIMITS)] == [
        ("b.md", b"b", {}),
        ("a/y.md", b"y", {"audience": "agent"}),
    ]


def test_names_that_lead_out_are_problems_and_the_rest_is_read() -> None:
    names = [
        "../up.md",
        "/etc/passwd.md",
        "C:\\secret.md",
        "a/../../up.md",
        "..\\..\\win.md",
        "a//b.md",
        "line\nend.md",
    ]
    found = outcomes(packed([*((name, b"x") for name in names), ("fine.md", b"fine")]))
    assert [outcome for _, outcome in found] == ["invalid_name"] * len(names) + [b"fine"]
    assert all(path.isprintable() for path, _ in found)


def test_windows_names_are_paths() -> None:
    entry = zipfile.ZipInfo("a.md")
    entry.filename = "docs\\sub\\a.md"
    assert outcomes(packed([(entry, b"x")])) == [("docs/sub/a.md", b"x")]


def test_names_in_utf8_that_do_not_say_so_are_read_as_utf8() -> None:
    data = packed({"große.md": b"x"})
    unsaid = bytearray(data)
    for at in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        flags = struct.unpack_from("<H", unsaid, at)[0]
        struct.pack_into("<H", unsaid, at, flags & ~0x800)
    assert outcomes(bytes(unsaid)) == [("große.md", b"x")]


def test_names_of_any_other_bytes_end_in_a_problem_or_some_text() -> None:
    data = packed({"caf_.md": b"x"}).replace(b"caf_.md", b"caf\xe9.md")
    assert outcomes(data) == [("cafΘ.md", b"x")], "code page 437, the format's own"
    claimed = packed({"größe.md": b"x"}).replace("größe".encode(), b"gr\xff\xfe\xff\xfee")
    assert code_of(claimed) == "unreadable_document"


def test_a_name_that_comes_twice_is_read_once() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = packed([("a.md", b"first"), ("a.md", b"second")])
    assert outcomes(data) == [("a.md", b"first"), ("a.md", "duplicate_name")]


def test_links_and_devices_lead_nowhere() -> None:
    link, device = zipfile.ZipInfo("link.md"), zipfile.ZipInfo("device.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    device.external_attr = (stat.S_IFCHR | 0o666) << 16
    assert outcomes(packed([(link, b"/etc/passwd"), (device, b"")])) == [("link.md", "link"), ("device.md", "link")]


def test_a_member_behind_a_password_is_a_problem_of_its_own() -> None:
    data = bytearray(packed({"open.md": b"open", "shut.md": b"shut"}))
    at = bytes(data).index(b"PK\x01\x02", bytes(data).index(b"PK\x01\x02") + 4) + 8
    struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | 1)
    assert outcomes(bytes(data)) == [("open.md", b"open"), ("shut.md", "encrypted")]


def test_a_member_that_is_damaged_or_packed_oddly_is_a_problem_of_its_own() -> None:
    text = b"a text that can be found in the archive " * 20
    data = packed({"bad.md": text, "good.md": b"good"}, zipfile.ZIP_STORED)
    assert outcomes(data.replace(text, text.replace(b"found", b"f0und"))) == [
        ("bad.md", "unreadable_document"),
        ("good.md", b"good"),
    ]
    assert outcomes(packed({"a.md": b"x" * 100}, zipfile.ZIP_LZMA)) == [("a.md", "unreadable_document")]


def test_archives_inside_are_read_as_deep_as_the_operator_says() -> None:
    inner = packed({"c.md": b"c", "_meta.yaml": b"c.md: {audience: agent}"})
    middle = packed({"inner.zip": inner, "b.md": b"b"})
    data = packed({"x/middle.zip": middle, "a.md": b"a"})
    found = {
        m.path: (m.problem.code if m.problem else m.data, dict(m.rules))
        for m in expand(data, replace(LIMITS, max_archive_depth=2))
    }
    assert found == {
        "x/middle.zip/inner.zip/c.md": (b"c", {"audience": "agent"}),
        "x/middle.zip/b.md": (b"b", {}),
        "a.md": (b"a", {}),
    }
    shallow = outcomes(data, replace(LIMITS, max_archive_depth=1))
    assert shallow == [("x/middle.zip/inner.zip", "nested_archive"), ("x/middle.zip/b.md", b"b"), ("a.md", b"a")]


def test_what_is_named_zip_but_is_none_is_a_problem_of_its_own() -> None:
    assert outcomes(packed({"no.zip": b"text", "a.md": b"a"})) == [("no.zip", "unreadable_document"), ("a.md", b"a")]


def quine() -> bytes:
    """A gzip-like fixed point is hard to write down; a ZIP that holds itself as deep as anybody looks is not."""
    data = packed({"bottom.md": b"x"})
    for _ in range(60):
        data = packed({"self.zip": data})
    return data


def test_an_archive_in_an_archive_without_end_ends() -> None:
    assert outcomes(quine(), replace(LIMITS, max_archive_depth=5)) == [("/".join(["self.zip"] * 6), "nested_archive")]


def test_a_bomb_of_one_member_is_a_problem_and_costs_no_memory() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("bomb.md", "w") as member:
            for _ in range(50):
                member.write(bytes(1_000_000))
        archive.writestr("small.md", bytes(4_000_000))
        archive.writestr("a.md", b"a")
    before = psutil.Process().memory_info().rss
    assert outcomes(out.getvalue()) == [("bomb.md", "too_large"), ("small.md", "too_large"), ("a.md", b"a")]
    assert psutil.Process().memory_info().rss - before < 30_000_000


def test_a_bomb_of_many_members_is_read_up_to_the_limit() -> None:
    part = b"".join(struct.pack("<Q", n * 0x9E3779B97F4A7C15 % 2**64) for n in range(125_000))
    found = outcomes(packed({f"{n}.md": part for n in range(25)}))
    assert [type(outcome) for _, outcome in found] == [bytes] * 20 + [str] * 5
    assert {outcome for _, outcome in found[20:]} == {"too_large"}


def test_a_bomb_of_archives_is_read_up_to_the_limits() -> None:
    """Ten archives of ten of ten (42.zip has sixteen of sixteen): all share one allowance."""
    data = packed({f"{n}.md": bytes(900_000) for n in range(10)})
    for _ in range(2):
        data = packed({f"{n}.zip": data for n in range(10)})
    started = time.monotonic()
    found = outcomes(data, replace(LIMITS, max_archive_depth=3))
    assert time.monotonic() - started < 60
    assert sum(len(outcome) for _, outcome in found if isinstance(outcome, bytes)) <= LIMITS.max_archive_bytes
    assert (found[-1][0].startswith("9.zip"), found[-1][1]) == (True, "too_large")


def test_too_many_members_are_refused_before_they_are_listed() -> None:
    data = packed({f"{n}.md": b"" for n in range(1001)})
    assert code_of(data) == "too_large"
    assert len(outcomes(data, replace(LIMITS, max_archive_members=1001))) == 1001


def test_a_list_of_a_million_members_costs_no_memory() -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 1_000_000
    directory = entry * count
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    before = psutil.Process().memory_info().rss
    assert code_of(directory + end) == "too_large"
    assert psutil.Process().memory_info().rss - before < 100_000_000


def test_a_member_that_lies_about_its_size_is_cut_off() -> None:
    """The list says 100 bytes, the stream holds 3 MB."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = stream.compress(bytes(3_000_000)) + stream.flush()
    data = bytearray(packed({"a.md": b"x" * 100}))
    local = (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, zlib.crc32(bytes(100)), len(body), 100, 4, 0) + b"a.md"
    )
    central = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, zlib.crc32(bytes(100)), len(body), 100, 4, 0, 0, 0, 0, 0, 0
    )
    data = bytearray(local + body + central + b"a.md")
    data += struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central) + 4, len(local) + len(body), 0)
    assert outcomes(bytes(data)) == [("a.md", bytes(100))]


@pytest.mark.parametrize("data", [b"", b"PK", b"text", b"PK\x05\x06", b"PK\x05\x06" + bytes(17), b"%PDF-1.7"])
def test_what_is_no_archive_is_told(data: bytes) -> None:
    assert code_of(data) == "unreadable_document"


def test_an_empty_archive_holds_nothing() -> None:
    assert outcomes(packed({})) == []


WHOLE = packed(
    {"a.md": b"alpha " * 50, "b/c.md": b"beta", "in.zip": packed({"d.md": b"delta" * 30}), "_meta.yaml": b"a.md: {}"}
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, len(WHOLE)),
)
def test_whatever_is_overwritten_or_cut_off_ends_in_members_or_a_problem(
    changes: Iterable[tuple[int, int]], length: int
) -> None:
    data = bytearray(WHOLE)
    for at, byte in changes:
        data[at] = byte
    for broken in (bytes(data), bytes(data[:length])):
        try:
            for member in expand(broken, LIMITS):
                assert ".." not in member.path.split("/") or member.problem
                assert member.problem or len(member.data) <= LIMITS.max_bytes
        except DocumentError as error:
            assert error.code in ("unreadable_document", "too_large")  # noqa: PT017 - either ending is right


@asynccontextmanager
async def opened(path: Path, limits: SourceLimits = LIMITS) -> AsyncIterator[ArchiveSource]:
    source = await KIND.opener(KIND.canonical(str(path)), KIND.configured({}), {}, limits, Path())
    assert isinstance(source, ArchiveSource)
    try:
        yield source
    finally:
        await source.close()


async def fault(path: Path, limits: SourceLimits = LIMITS) -> CopilotError:
    async with opened(path, limits) as source:
        with pytest.raises(SourceVanishedError) as caught:
            await listed(source)
    return caught.value


async def test_an_archive_on_the_disk_is_a_source(tmp_path: Path) -> None:
    file = tmp_path / "handbook.zip"
    file.write_bytes(packed({"b.md": b"b", "in.zip": packed({"a.md": b"a"}), "../up.md": b"x"}))
    async with opened(file) as source:
        items = await listed(source)
        assert list(items) == ["../up.md", "b.md", "in.zip/a.md"]
        assert [await source.fetch(items[path]) for path in ("in.zip/a.md", "b.md")] == [b"a", b"b"]
        for item in (items["../up.md"], SourceItem("../up.md"), SourceItem("absent.md")):
            with pytest.raises(DocumentError):
                await source.fetch(item)


async def test_the_head_changes_with_the_archive(tmp_path: Path) -> None:
    file = tmp_path / "handbook.zip"
    heads = []
    for text in (b"one", b"one", b"two"):
        file.write_bytes(packed([(zipfile.ZipInfo("a.md"), text)]))
        async with opened(file) as source:
            heads.append(await source.head((await listed(source))["a.md"]))
    assert heads[0] == heads[1] != heads[2]


async def test_an_archive_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    assert (await fault(tmp_path / "absent.zip")).code == "source_vanished"
    assert (await fault(tmp_path)).code in ("source_vanished", "source_not_found")
    text = tmp_path / "text.zip"
    text.write_bytes(b"text")
    assert (await fault(text)).code == "unreadable_document"
    text.write_bytes(packed({"a.md": b"x" * 1000}, zipfile.ZIP_STORED))
    assert (await fault(text, replace(LIMITS, max_archive_bytes=500))).code == "too_large"
