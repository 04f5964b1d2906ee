"""Git repositories, real ones: on the disk, and over HTTP from Git's own server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from git_repository import Repository
from source_reading import fault, listed, read

from core.errors import DocumentError, InvalidRequestError, StorageFullError
from ingest.sources.base import SourceItem, SourceLimits, SourceUnreachableError, SourceVanishedError
from ingest.sources.git import KIND, GitConfig, GitSource
from ingest.sources.git_address import git_address
from ingest.sources.git_command import Git
from tests.servers.git_http import GitServer, git_server

LIMITS = SourceLimits(request_s=20, transfer_s=60)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "served" / "handbook")


@pytest.fixture
def server(repository: Repository) -> Iterator[GitServer]:
    with git_server(repository.folder.parent) as running:
        yield running


@asynccontextmanager
async def opened(
    uri: str | Path, workdir: Path, limits: SourceLimits = LIMITS, *, password: str | None = None, **config: str
) -> AsyncIterator[GitSource]:
    credentials = {"password": password} if password else {}
    source = await KIND.opener(KIND.canonical(str(uri)), KIND.configured(dict(config)), credentials, limits, workdir)
    assert isinstance(source, GitSource)
    try:
        yield source
    finally:
        await source.close()


def local(server: GitServer) -> SourceLimits:
    return replace(LIMITS, allow_hosts=(f"127.0.0.1:{server.port}",))


async def test_the_newest_commit_is_listed_in_order_with_its_folders_rules(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"b.md": "b", "a/y.md": "y", "a/_meta.yaml": "y.md: {audience: agent}", ".github/x.md": "x"})
    async with opened(repository.folder, tmp_path / "work") as source:
        items = [item async for item in source.discover()]
        assert [(item.path, item.size, dict(item.rules)) for item in items] == [
            ("a/y.md", 1, {"audience": "agent"}),
            ("b.md", 1, {}),
        ]
        assert [await source.fetch(item) for item in items] == [b"y", b"b"]


async def test_one_branch_and_one_folder_are_read_with_paths_from_there(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"docs/a.md": "main", "other.md": "other"})
    repository.git("switch", "--quiet", "--create", "release/7.4")
    repository.commit({"docs/a.md": "release"})
    repository.git("switch", "--quiet", "main")
    async with opened(repository.folder, tmp_path / "1", branch="release/7.4", folder="docs/") as source:
        assert await read(source) == {"a.md": b"release"}
    async with opened(repository.folder, tmp_path / "2", folder="docs") as source:
        assert await read(source) == {"a.md": b"main"}


async def test_the_head_changes_with_the_bytes_and_with_nothing_else(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.md": "a", "b.md": "b"})
    async with opened(repository.folder, tmp_path / "work") as source:
        before = {path: await source.head(item) for path, item in (await listed(source)).items()}
        repository.commit({"a.md": "changed", "moved/b.md": "b"})
        after = {path: await source.head(item) for path, item in (await listed(source)).items()}
    assert after["a.md"] != before["a.md"]
    assert after["b.md"] == after["moved/b.md"] == before["b.md"]


async def test_a_sync_reads_the_commit_that_it_listed_whatever_is_pushed_meanwhile(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"a.md": "old"})
    async with opened(repository.folder, tmp_path / "work") as source:
        item = (await listed(source))["a.md"]
        repository.commit({"a.md": "new"})
        assert await source.fetch(item) == b"old"
        assert await read(source) == {"a.md": b"new"}


async def test_a_rewritten_history_is_followed(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.md": "one"})
    async with opened(repository.folder, tmp_path / "work") as source:
        await listed(source)
        repository.git("checkout", "--quiet", "--orphan", "fresh")
        repository.commit({"a.md": "two"})
        repository.git("branch", "--force", "main")
        repository.git("switch", "--quiet", "main")
        assert await read(source) == {"a.md": b"two"}


async def test_links_and_submodules_lead_nowhere(repository: Repository, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    repository.write({"docs/a.md": "a"})
    (repository.folder / "out.md").symlink_to(secret)
    (repository.folder / "docs" / "up").symlink_to("../..")
    (repository.folder / "linked").symlink_to("/etc")
    repository.commit()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    repository.git("commit", "--quiet", "--message=module")
    async with opened(repository.folder, tmp_path / "work") as source:
        assert await read(source) == {"docs/a.md": b"a", "docs/up": "link", "linked": "link", "out.md": "link"}
        with pytest.raises(DocumentError):
            await source.fetch(SourceItem("../../secret.md"))
    async with opened(repository.folder, tmp_path / "linked", folder="linked") as source:
        assert (await fault(source)).code == "unknown_folder"


async def test_a_pointer_of_lfs_is_no_document(repository: Repository, tmp_path: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 12345\n"
    about = f"The first line of a pointer is:\n\n    {pointer}"
    repository.commit({"a.pdf": pointer, "b.md": pointer, "about.md": about})
    async with opened(repository.folder, tmp_path / "work") as source:
        assert await read(source) == {"a.pdf": "lfs_pointer", "b.md": "lfs_pointer", "about.md": about.encode()}


async def test_a_full_disk_is_told_as_such_and_is_no_fault_of_the_source(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit({"a.md": "a"})
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'error: unable to write: No space left on device' >&2; exit 128\n")
    program.chmod(0o700)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        async with opened(repository.folder, tmp_path / "work") as source:
            with pytest.raises(StorageFullError):
                await listed(source)
    async with opened(repository.folder, tmp_path / "work") as source:
        assert await read(source) == {"a.md": b"a"}


async def test_a_branch_or_a_folder_that_does_not_exist_is_told(repository: Repository, tmp_path: Path) -> None:
    async with opened(repository.folder, tmp_path / "1") as source:
        assert (await fault(source)).code == "unknown_branch", "no commit yet"
    repository.commit({"a.md": "a"})
    async with opened(repository.folder, tmp_path / "2", branch="none") as source:
        assert (await fault(source)).code == "unknown_branch"
        with pytest.raises(SourceVanishedError) as caught:
            await source.probe()
        assert caught.value.code == "unknown_branch"
    for folder in ("none", "a.md"):
        async with opened(repository.folder, tmp_path / "3", folder=folder) as source:
            assert (await fault(source)).code == "unknown_folder"


async def test_a_folder_that_is_no_repository_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    async with opened(tmp_path / "plain", tmp_path / "work") as source:
        assert (await fault(source)).code == "source_not_found"


async def test_names_that_no_document_can_have_are_problems_of_their_own(
    repository: Repository, tmp_path: Path
) -> None:
    blob = repository.blob(b"text")
    inner = repository.git("mktree", "-z", data=f"100644 blob {blob}\tx.md\0".encode())
    names = [b"caf\xe9.md", b"fine.md", b"line\nend.md", "größe.md".encode()]
    repository.commit_tree([*(("100644", blob, name) for name in names), ("040000", inner, b"..")])
    async with opened(repository.folder, tmp_path / "work") as source:
        assert await read(source) == {
            "../x.md": "invalid_name",
            "caf\udce9.md": "invalid_name",
            "fine.md": b"text",
            "größe.md": b"text",
            "line\nend.md": "invalid_name",
        }


async def test_rules_that_cannot_be_read_close_their_folder(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a/x.md": "x", "a/_meta.yaml": "x.md: [", "b.md": "b"})
    async with opened(repository.folder, tmp_path / "work") as source:
        assert await read(source) == {"a/x.md": "invalid_rules", "b.md": b"b"}


async def test_too_many_files_are_no_shorter_listing(repository: Repository, tmp_path: Path) -> None:
    repository.commit({f"{n}.md": "x" for n in range(12)})
    async with opened(repository.folder, tmp_path / "work", replace(LIMITS, max_items=10)) as source:
        assert (await fault(source)).code == "too_many_items"


HUGE = [pytest.param(20_000_000, id="20 MB"), pytest.param(200_000_000, id="200 MB", marks=pytest.mark.slow)]


@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize("filters", ["true", "false"])
async def test_a_huge_file_is_a_problem_and_costs_no_memory(
    repository: Repository, server: GitServer, tmp_path: Path, size: int, filters: str
) -> None:
    """Where the server can leave it out, it is not even sent."""
    repository.git("config", "uploadpack.allowFilter", filters)
    repository.git("config", "core.compression", "0")
    with (repository.folder / "huge.md").open("wb") as file:
        file.truncate(size)
    repository.commit({"small.md": "small"})
    before = psutil.Process().memory_info().rss
    limits = replace(local(server), max_bytes=1_000_000)
    async with opened(
        repository.folder if filters == "false" else f"{server.url}/handbook", tmp_path / "work", limits
    ) as source:
        assert await read(source) == {"huge.md": "too_large", "small.md": b"small"}
    assert psutil.Process().memory_info().rss - before < 60_000_000
    assert server.sent < 100_000


async def test_a_repository_beyond_its_share_of_the_disk_is_thrown_away(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "false")
    repository.commit({f"{n}.md": os.urandom(400_000) for n in range(8)})
    async with opened(repository.folder, tmp_path / "work", replace(LIMITS, max_disk_bytes=2_000_000)) as source:
        assert (await fault(source)).code == "source_too_large"
    assert not (tmp_path / "work" / "repository.git").exists()


async def test_a_repository_is_fetched_over_http_with_its_password(
    repository: Repository, server: GitServer, tmp_path: Path
) -> None:
    repository.commit({"a.md": "a"})
    server.password = "s3cret-of-ours"
    async with opened(f"{server.url}/handbook", tmp_path / "work", local(server), password=server.password) as source:
        await source.probe()
        assert await read(source) == {"a.md": b"a"}
    kept = b"".join(file.read_bytes() for file in (tmp_path / "work").rglob("*") if file.is_file())
    assert b"s3cret-of-ours" not in kept


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_wrong_credentials_are_told_without_them(
    repository: Repository, server: GitServer, tmp_path: Path, password: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    repository.commit({"a.md": "a"})
    server.password = "right"
    async with opened(f"{server.url}/handbook", tmp_path / "work", local(server), password=password) as source:
        error = await fault(source)
    assert error.code == "source_refused"
    assert "wrong" not in error.detail + caplog.text


async def test_secrets_are_in_no_processes_arguments(repository: Repository, server: GitServer, tmp_path: Path) -> None:
    repository.commit({f"{n}.md": os.urandom(300_000) for n in range(10)})
    server.password = "s3cret-of-ours"
    arguments: list[str] = []
    async with opened(f"{server.url}/handbook", tmp_path / "work", local(server), password=server.password) as source:
        work = asyncio.ensure_future(listed(source))
        while not work.done():
            for process in psutil.Process().children(recursive=True):
                try:
                    arguments += process.cmdline()
                except psutil.Error:
                    continue
            await asyncio.sleep(0.005)
        await work
    assert "fetch" in arguments
    assert not any(server.password in argument for argument in arguments)


async def test_git_connects_to_the_address_that_was_checked_and_looks_no_name_up(
    repository: Repository, server: GitServer, tmp_path: Path
) -> None:
    """So that a name that turns private between the check and the fetch leads nowhere."""
    repository.commit({"a.md": "a"})
    address = git_address(f"http://repository.example.com:{server.port}/handbook/.git")
    git = Git(address, tmp_path / "work", LIMITS, address_at="127.0.0.1")
    source = GitSource(git, GitConfig())
    assert await read(source) == {"a.md": b"a"}
    await source.close()


async def test_a_redirect_is_not_followed(repository: Repository, server: GitServer, tmp_path: Path) -> None:
    repository.commit({"a.md": "a"})
    with git_server(repository.folder.parent) as trap:
        server.redirect = trap.url
        async with opened(f"{server.url}/handbook", tmp_path / "work", local(server)) as source:
            assert (await fault(source)).code == "redirected"
        assert trap.seen == []


async def test_private_addresses_are_refused_unless_the_operator_lists_them(tmp_path: Path) -> None:
    for uri in (
        "https://127.0.0.1/x.git",
        "https://169.254.169.254/x.git",
        "https://[::1]/x.git",
        "https://10.1.2.3:8443/x",
    ):
        with pytest.raises(DocumentError) as caught:
            async with opened(uri, tmp_path / "work"):
                pass
        assert caught.value.code == "address_not_allowed"
    with pytest.raises(InvalidRequestError) as refused:
        async with opened("http://example.com/x.git", tmp_path / "work"):
            pass
    assert refused.value.code == "invalid_uri"


async def test_a_server_that_is_gone_is_a_passing_fault(
    repository: Repository, server: GitServer, tmp_path: Path
) -> None:
    repository.commit({"a.md": "a"})
    with git_server(repository.folder.parent) as leaving:
        limits = replace(LIMITS, allow_hosts=("127.0.0.1",))
        async with opened(f"{leaving.url}/handbook", tmp_path / "work", limits) as source:
            await listed(source)
    async with opened(f"{leaving.url}/handbook", tmp_path / "work", limits) as source:
        error = await fault(source)
    assert (error.code, isinstance(error, SourceUnreachableError)) == ("source_unreachable", True)
    assert (tmp_path / "work" / "repository.git").exists(), "what was fetched is of use once the server is back"


async def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        writer.close()
        left.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limits = replace(LIMITS, request_s=0.5, transfer_s=0.7, allow_hosts=("127.0.0.1",))
    async with opened(f"http://127.0.0.1:{port}/x", tmp_path / "work", limits) as source:
        assert (await fault(source)).code == "source_timeout"
    await asyncio.wait_for(left.wait(), 60)
    server.close()
    await server.wait_closed()
    ours = psutil.Process().children(recursive=True)
    assert not [process for process in ours if process.status() != psutil.STATUS_ZOMBIE and "git" in process.name()]


async def test_what_a_killed_fetch_left_does_not_stop_the_next(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.md": "a"})
    async with opened(repository.folder, tmp_path / "work") as source:
        await listed(source)
        cache = tmp_path / "work" / "repository.git"
        for left in ("shallow.lock", "refs/copilot/tip.lock", "objects/pack/tmp_pack_x"):
            (cache / left).write_text("")
        repository.commit({"a.md": "new"})
        assert await read(source) == {"a.md": b"new"}


async def test_a_broken_cache_is_made_anew(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.md": "a"})
    async with opened(repository.folder, tmp_path / "work") as source:
        await listed(source)
        cache = tmp_path / "work" / "repository.git"
        (cache / "HEAD").write_text("nonsense")
        repository.commit({"a.md": "new"})
        assert await read(source) == {"a.md": b"new"}


async def test_the_repositorys_own_hooks_and_settings_run_nothing(repository: Repository, tmp_path: Path) -> None:
    """A repository below the operator's roots may belong to somebody else: fetching from it must not do their bidding."""
    repository.commit(
        {"a.md": "a", ".gitattributes": "*.md filter=evil", ".gitmodules": '[submodule "x"]\n\turl = ext::touch'}
    )
    mark = tmp_path / "mark"
    hook = repository.folder / ".git" / "hooks" / "post-upload-pack"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    repository.git("config", "uploadpack.packObjectsHook", f"touch {mark};")
    repository.git("config", "filter.evil.smudge", f"touch {mark}")
    async with opened(repository.folder, tmp_path / "work") as source:
        assert await read(source) == {"a.md": b"a"}
    assert not mark.exists()


async def test_ssh_needs_a_key_of_the_sources_own(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        async with opened("git@example.com:docs.git", tmp_path / "work"):
            pass
    assert caught.value.code == "missing_credentials"
