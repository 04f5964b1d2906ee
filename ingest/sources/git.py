"""A Git repository: the newest commit of one branch, of it one folder.

Only objects are fetched and read: nothing is checked out, so that no name, link, submodule, hook or filter of the repository
touches the disk. Where the server can leave out files above the size limit, they are not even transferred.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, field_validator

from core.errors import DocumentError, InvalidRequestError
from ingest.parse import too_large
from ingest.sources.addresses import vetted_addresses
from ingest.sources.base import (
    Source,
    SourceItem,
    SourceLimits,
    SourceRefusedError,
    SourceUnreachableError,
    SourceVanishedError,
)
from ingest.sources.git_address import GitAddress, git_address
from ingest.sources.git_command import Git
from ingest.sources.listing import FolderRules, is_document, is_rules, name_problem, own_bytes, too_many
from ingest.sources.registry import SourceConfig, SourceKind

_TIP = "refs/copilot/tip"
_MOST_PACKS = 50
"""A fetch adds a pack and nothing is collected: past this many the cache is made anew."""
_LINK, _SUBMODULE = b"120000", b"160000"
# git-check-ref-format(1), without its rarest allowances.
_BRANCH = re.compile(
    r"(?!.*(\.\.|@\{|//|/\.|\.lock(/|$)))[^-/.\s~^:?*\[\\\x00-\x20\x7f][^\s~^:?*\[\\\x00-\x20\x7f]{0,198}(?<![/.])"
)


class GitConfig(SourceConfig):
    branch: str | None = Field(None, description="the repository's own default branch if absent")
    folder: str = Field("", max_length=500, description="only what lies below it; paths begin there")
    host_key: str = Field("", max_length=4000, description="for ssh: the server's line of known_hosts")

    @field_validator("branch")
    @classmethod
    def _is_a_branch(cls, branch: str | None) -> str | None:
        if branch is not None and not _BRANCH.fullmatch(branch):
            raise ValueError("no name of a branch")
        return branch

    @field_validator("folder")
    @classmethod
    def _stays_inside(cls, folder: str) -> str:
        cleaned = folder.strip("/")
        if folder.startswith("/") or (cleaned and name_problem(cleaned)):
            raise ValueError("a relative path without steps upwards, such as docs/runbooks")
        return cleaned


class _Blob(NamedTuple):
    id: str
    size: int | None
    """None for one that was left out of the transfer because of its size."""


class GitSource:
    """`discover` fetches and pins the newest commit; `head` and `fetch` speak of that one until the next `discover`."""

    def __init__(self, git: Git, config: GitConfig) -> None:
        self._git = git
        self._config = config
        self._limits = git.limits
        self._blobs: dict[str, _Blob] = {}
        self._reading = asyncio.Lock()
        self._reader: asyncio.subprocess.Process | None = None
        self._open = AsyncExitStack()

    async def probe(self) -> None:
        """Does the repository answer, and has it the branch? One request."""
        await asyncio.to_thread(self._git.prepare)
        if not await self._git.transfer("ls-remote", "--quiet", self._git.address.url, self._wanted):
            raise SourceRefusedError("the repository has no such branch, or no commit yet", code="unknown_branch")

    async def discover(self) -> AsyncIterator[SourceItem]:
        await self.close()
        await self._update()
        tree = await self._tree()
        listed = [(path, mode, blob) async for path, mode, blob in self._entries(tree)]
        self._blobs = {path: blob for path, mode, blob in listed if mode != _LINK}
        rules = FolderRules.of([(path, await self._rules(path)) for path in self._blobs if is_rules(path)])
        for path, mode, blob in sorted(listed):
            if is_document(path):
                yield SourceItem(path, blob.size, None, rules.stated(path), self._problem(path, mode, blob, rules))

    async def head(self, item: SourceItem) -> str:
        """The blob's id: a hash of its bytes."""
        if item.problem:
            raise item.problem
        return self._blob(item).id

    async def fetch(self, item: SourceItem) -> bytes:
        if item.problem:
            raise item.problem
        return own_bytes(await self._read(self._blob(item)))

    async def close(self) -> None:
        self._reader = None
        await self._open.aclose()
        self._open = AsyncExitStack()

    def _blob(self, item: SourceItem) -> _Blob:
        found = self._blobs.get(item.path)
        if found is None:
            raise SourceVanishedError("the commit that this sync reads has no such file")
        return found

    def _problem(self, path: str, mode: bytes, blob: _Blob, rules: FolderRules) -> DocumentError | None:
        if problem := name_problem(path):
            return problem
        if mode == _LINK:
            return DocumentError("a symbolic link, which is not followed: name the file itself", code="link")
        if blob.size is None or blob.size > self._limits.max_bytes:
            return too_large(blob.size or self._limits.max_bytes + 1, self._limits)
        return rules.problem(path)

    async def _update(self) -> None:
        """Fetch the branch's newest commit, without its history, into a cache that starts anew where it is broken or worn."""
        await asyncio.to_thread(self._git.prepare)
        if await asyncio.to_thread(self._is_worn):
            await self._start_anew()
        try:
            await self._transfer()
        except SourceUnreachableError:
            if not self._git.repository.exists():
                raise
            await self.probe()
            # The server answers, so it is the cache that cannot take what it sends.
            await self._start_anew()
            await self._transfer()

    async def _start_anew(self) -> None:
        await asyncio.to_thread(shutil.rmtree, self._git.repository, ignore_errors=True)

    async def _transfer(self) -> None:
        if not self._git.repository.exists():
            await self._git.run("init", "--quiet", "--bare", "--template=")
        remote = {
            "url": self._git.address.url,
            # Only said here: a cache that knew of a promisor would go and fetch what was left out when it is asked for it.
            "promisor": "true",
            "partialclonefilter": f"blob:limit={self._limits.max_bytes + 1}",
        }
        settings = [word for name, value in remote.items() for word in ("-c", f"remote.source.{name}={value}")]
        options = ("--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--force")
        await self._git.transfer(*settings, "fetch", *options, "source", f"+{self._wanted}:{_TIP}")

    @property
    def _wanted(self) -> str:
        return f"refs/heads/{self._config.branch}" if self._config.branch else "HEAD"

    def _is_worn(self) -> bool:
        return sum(1 for _ in self._git.repository.glob("objects/pack/*.pack")) > _MOST_PACKS

    async def _tree(self) -> str:
        """The id of the folder's tree in the newest commit, which stays the same whatever is fetched later."""
        named = f"{_TIP}^{{commit}}:{self._config.folder}"
        try:
            tree = (await self._git.run("rev-parse", "--verify", "--quiet", named)).decode().strip()
            kind = (await self._git.run("cat-file", "-t", tree)).strip()
        except SourceVanishedError as error:
            if error.code == "source_timeout":
                raise
            kind = b""
        if kind != b"tree":
            raise SourceRefusedError(f"the branch has no folder '{self._config.folder}'", code="unknown_folder")
        return tree

    async def _entries(self, tree: str) -> AsyncIterator[tuple[str, bytes, _Blob]]:
        count = 0
        async with self._git.started("ls-tree", "-r", "-l", "-z", tree) as process:
            assert process.stdout is not None
            rest = b""
            while piece := await process.stdout.read(1 << 18):
                *lines, rest = (rest + piece).split(b"\0")
                for line in lines:
                    about, _, name = line.partition(b"\t")
                    mode, _kind, blob, size = about.split()
                    if mode != _SUBMODULE:
                        yield name.decode("utf-8", "surrogateescape"), mode, _Blob(blob.decode(), _size(size))
                count += len(lines)
                if count > self._limits.max_items:
                    raise too_many(self._limits)
            if await process.wait():
                raise SourceUnreachableError("the fetched commit cannot be read: sync again")

    async def _rules(self, path: str) -> bytes:
        blob = self._blobs[path]
        return b"[" if blob.size is None or blob.size > self._limits.max_bytes else await self._read(blob)

    async def _read(self, blob: _Blob) -> bytes:
        """From one `git cat-file --batch`, which answers ids with ``<id> <type> <size>``, the bytes and a line end."""
        async with self._reading:
            try:
                async with asyncio.timeout(self._limits.request_s):
                    return await self._asked(blob.id)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError) as error:
                await self.close()  # half an answer may lie in its pipe
                if isinstance(error, asyncio.CancelledError):
                    raise
                raise SourceUnreachableError("the fetched repository cannot be read: sync again") from error

    async def _asked(self, blob: str) -> bytes:
        if self._reader is None:
            self._reader = await self._open.enter_async_context(self._git.started("cat-file", "--batch", feed=True))
        assert self._reader.stdin is not None
        assert self._reader.stdout is not None
        self._reader.stdin.write(f"{blob}\n".encode())
        await self._reader.stdin.drain()
        answer = (await self._reader.stdout.readline()).split()
        if len(answer) != 3 or answer[1] != b"blob":
            raise SourceVanishedError("the file's bytes are missing from the fetched repository: sync again")
        return (await self._reader.stdout.readexactly(int(answer[2]) + 1))[:-1]


def _size(text: bytes) -> int | None:
    """Git writes BAD for a blob that it does not hold."""
    return int(text) if text.isdigit() else None


async def _open(
    uri: str, config: GitConfig, credentials: Mapping[str, str], limits: SourceLimits, workdir: Path
) -> Source:
    address = git_address(uri)
    at = await _checked(address, credentials, limits)
    return GitSource(Git(address, workdir, limits, credentials, config.host_key, at), config)


async def _checked(address: GitAddress, credentials: Mapping[str, str], limits: SourceLimits) -> str:
    """The network address to connect to; empty for a folder. Raises `DocumentError` (`address_not_allowed`)."""
    if address.path is not None:
        return ""
    if address.scheme == "ssh" and "ssh_key" not in credentials:
        raise InvalidRequestError("an ssh address needs the credential 'ssh_key'", code="missing_credentials")
    listed = {host.lower() for host in limits.allow_hosts} & {address.host, f"{address.host}:{address.port}"}
    if address.scheme == "http" and not listed:
        raise InvalidRequestError(
            "http sends passwords in the clear: use https, or list the host in COPILOT_INGEST__ALLOW_HOSTS",
            code="invalid_uri",
        )
    return (await vetted_addresses(address.host, address.port, allow=limits.allow_hosts))[0]


KIND = SourceKind(
    "git",
    GitConfig,
    _open,
    canonical=lambda uri: git_address(uri).url,
    local=lambda uri: git_address(uri).path,
    credentials=frozenset(("username", "password", "ssh_key")),
    caches=True,
)
