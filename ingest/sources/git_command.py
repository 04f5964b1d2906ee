"""Git's command line, run on other people's repositories: no hooks, no prompts, no other configuration than ours, bounded in time,
output and disk. Credentials travel in its environment alone, never in arguments."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shlex
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from core.errors import ConfigurationError, CopilotError, StorageFullError, UnavailableError
from ingest.sources.base import SourceLimits, SourceRefusedError, SourceUnreachableError, SourceVanishedError
from ingest.sources.git_address import GitAddress

T = TypeVar("T")

_KEPT_OUTPUT = 64_000
_WATCH_S = 0.2
_KILL_S = 5.0

# What Git says (LC_ALL=C) → what it means. Its own words stay here: they may hold the address, and a server writes some of them.
_MEANINGS: tuple[tuple[tuple[str, ...], type[SourceVanishedError], str, str], ...] = (
    (
        ("couldn't find remote ref",),
        SourceRefusedError,
        "unknown_branch",
        "the repository has no such branch, or no commit yet",
    ),
    (
        ("host key verification failed", "remote host identification has changed"),
        SourceRefusedError,
        "wrong_host_key",
        "the server's key is not the known one: set 'host_key' to the server's line of known_hosts",
    ),
    (
        (
            "authentication failed",
            "could not read username",
            "could not read password",
            "terminal prompts disabled",
            "permission denied",
            "returned error: 401",
            "returned error: 403",
            "error in libcrypto",
        ),
        SourceRefusedError,
        "source_refused",
        "the repository refused the credentials, or wants some",
    ),
    (
        ("redirect", "returned error: 30"),
        SourceRefusedError,
        "redirected",
        "the server points to another address; redirects are not followed: name the repository's own address",
    ),
    (
        (
            "not appear to be a git repository",
            "not found",
            "not valid: is this a git repository",
            "dubious ownership",
            "returned error: 404",
        ),
        SourceRefusedError,
        "source_not_found",
        "there is no Git repository at this address",
    ),
    (
        ("transport '",),
        SourceRefusedError,
        "address_not_allowed",
        "the repository names an address that is not followed",
    ),
)


@dataclass(frozen=True, slots=True)
class Git:
    """Runs commands on the bare repository `workdir`/repository.git, which is a cache: it may be thrown away at any time."""

    address: GitAddress
    workdir: Path
    limits: SourceLimits
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    host_key: str = ""
    address_at: str = ""
    """The network address that was checked for the host: Git connects to it and looks no name up again."""

    @property
    def repository(self) -> Path:
        return self.workdir / "repository.git"

    async def run(self, *arguments: str, timeout_s: float | None = None, max_output: int = _KEPT_OUTPUT) -> bytes:
        """Standard output, at most `max_output` bytes of it. For a status other than 0 raises what Git says: a
        `SourceVanishedError` of some kind, or `StorageFullError`."""
        async with self.started(*arguments, hear=True) as process:
            output, said, _ = await self._within(
                asyncio.gather(_kept(process.stdout, max_output), _kept(process.stderr, _KEPT_OUTPUT), process.wait()),
                timeout_s or self.limits.request_s,
            )
        if process.returncode:
            raise _meaning(said.decode("utf-8", "replace"))
        return output

    async def transfer(self, *arguments: str) -> bytes:
        """Standard output of a command that talks to the repository's server; it is ended where the disk's share is used up.

        Raises `SourceRefusedError` (`source_too_large`), and the cache is gone.
        """
        async with self._secrets():
            command = asyncio.ensure_future(self.run(*arguments, timeout_s=self.limits.transfer_s))
            try:
                full = False
                while not full and not (await asyncio.wait({command}, timeout=_WATCH_S))[0]:
                    full = await self._is_full()
            finally:
                command.cancel()
                await asyncio.gather(command, return_exceptions=True)
        if full or await self._is_full():
            await asyncio.to_thread(shutil.rmtree, self.repository, ignore_errors=True)
            raise SourceRefusedError(
                f"the repository takes more than {self.limits.max_disk_bytes:,} bytes (COPILOT_SOURCES__MAX_DISK_BYTES)",
                code="source_too_large",
            )
        return await command

    async def _is_full(self) -> bool:
        return await asyncio.to_thread(disk_use, self.repository) > self.limits.max_disk_bytes

    @asynccontextmanager
    async def started(
        self, *arguments: str, feed: bool = False, hear: bool = False
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A running command; when the block ends it is ended, with every process that it started.

        `feed` opens its standard input, `hear` its standard error.
        """
        program = shutil.which("git")
        if program is None:
            raise ConfigurationError("Git sources need the 'git' command on the server's PATH", code="git_missing")
        process = await asyncio.create_subprocess_exec(
            program,
            f"--git-dir={self.repository}",
            *arguments,
            stdin=asyncio.subprocess.PIPE if feed else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE if hear else asyncio.subprocess.DEVNULL,
            cwd=self.workdir,
            env=self._environment(),
            start_new_session=True,
            limit=1 << 20,
        )
        try:
            yield process
        finally:
            await _ended(process)

    async def _within(self, work: Awaitable[T], timeout_s: float) -> T:
        try:
            async with asyncio.timeout(timeout_s):
                return await work
        except TimeoutError:
            raise SourceUnreachableError(
                f"the repository did not answer within {timeout_s:g} s", code="source_timeout"
            ) from None

    def prepare(self) -> None:
        """Write the configuration and the program that answers Git's questions for credentials. Blocking.

        Raises `StorageFullError`, `UnavailableError` (`storage_unavailable`).
        """
        try:
            self._write()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full() from error
            raise UnavailableError(
                f"the folder for sources' own files cannot be written ({type(error).__name__}): see the server's data folder",
                code="storage_unavailable",
            ) from error

    def _write(self) -> None:
        self.workdir.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.workdir / "gitconfig").write_text(self._configuration(), "utf-8")
        askpass = self.workdir / "askpass"
        askpass.write_text(_ASKPASS, "ascii")
        askpass.chmod(0o700)
        for left in self._leftovers():
            left.unlink(missing_ok=True)

    def _leftovers(self) -> list[Path]:
        """What a killed command left: locks that would stop the next one, and half-received packs."""
        root = self.repository
        return [*root.glob("*.lock"), *root.glob("refs/copilot/*.lock"), *root.glob("objects/pack/tmp_*")]

    def _configuration(self) -> str:
        allowed = "file" if self.address.path else self.address.scheme
        lines = [
            "[core]\n\thooksPath = /dev/null\n\tbigFileThreshold = 4m\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false",
            "[fetch]\n\trecurseSubmodules = false\n\twriteCommitGraph = false\n[pack]\n\tthreads = 1",
            f'[protocol]\n\tallow = never\n\tversion = 2\n[protocol "{allowed}"]\n\tallow = always',
            f"[http]\n\tfollowRedirects = false\n\tlowSpeedLimit = 100\n\tlowSpeedTime = {int(self.limits.request_s) or 1}",
        ]
        if self.address_at and self.address.scheme != "ssh":
            at = f"[{self.address_at}]" if ":" in self.address_at else self.address_at
            lines.append(f"\tcurloptResolve = {self.address.host}:{self.address.port}:{at}")
        if self.address.path:
            lines += [f"[safe]\n\tdirectory = {_quoted(path)}" for path in _ownable(self.address.path)]
        return "\n".join(lines) + "\n"

    def _environment(self) -> dict[str, str]:
        """Nothing of the operator's own Git, SSH or netrc configuration: a tenant's source must not borrow their keys."""
        kept = {
            name: os.environ[name] for name in ("PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ
        }
        given = {
            **kept,
            "HOME": str(self.workdir),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.workdir / "gitconfig"),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": str(self.workdir / "askpass"),
            "GIT_SSH_COMMAND": self._ssh(),
            "GIT_SSH_VARIANT": "ssh",
            "COPILOT_GIT_USERNAME": self.credentials.get("username", "git"),
        }
        if "password" in self.credentials:
            given["COPILOT_GIT_PASSWORD"] = self.credentials["password"]
        return given

    def _ssh(self) -> str:
        """Its own key and its own list of hosts: the first key that a server shows is kept, another one refused."""
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "IdentityFile": str(self._key_file),
            "UserKnownHostsFile": str(self.workdir / "known_hosts"),
            "StrictHostKeyChecking": "yes" if self.host_key else "accept-new",
            "ConnectTimeout": str(int(self.limits.request_s) or 1),
            "ForwardAgent": "no",
            "ClearAllForwardings": "yes",
        }
        if self.address_at:
            options |= {"HostName": self.address_at, "HostKeyAlias": self.address.host}
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return shlex.join(["ssh", "-F", "/dev/null", *words])

    @property
    def _key_file(self) -> Path:
        return self.workdir / "ssh-key"

    @asynccontextmanager
    async def _secrets(self) -> AsyncIterator[None]:
        """ssh reads its key from a file alone: it lies there, mode 600, while the command runs."""
        if self.host_key:
            (self.workdir / "known_hosts").write_text(self.host_key.strip() + "\n", "utf-8")
        self._key_file.unlink(missing_ok=True)
        if "ssh_key" not in self.credentials:
            yield
            return
        descriptor = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.credentials["ssh_key"].strip() + "\n")
        try:
            yield
        finally:
            self._key_file.unlink(missing_ok=True)


_ASKPASS = """#!/bin/sh
case "$1" in
Username*) printf '%s\\n' "$COPILOT_GIT_USERNAME" ;;
*) [ -n "${COPILOT_GIT_PASSWORD+set}" ] && printf '%s\\n' "$COPILOT_GIT_PASSWORD" ;;
esac
"""


def _ownable(path: Path) -> list[str]:
    """The operator allowed this very place, whoever owns it (Git's `safe.directory`): bare, or with a work tree."""
    return [str(path), str(path / ".git")]


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _full() -> StorageFullError:
    return StorageFullError("the disk that holds copies of repositories is full; free space and try again")


def _meaning(said: str) -> CopilotError:
    words = said.casefold()
    if "no space left on device" in words or "disk quota exceeded" in words:
        return _full()
    for signs, error, code, detail in _MEANINGS:
        if any(sign in words for sign in signs):
            return error(detail, code=code)
    return SourceUnreachableError("the repository did not answer, or broke off: check its address, try again")


async def _kept(stream: asyncio.StreamReader | None, size: int) -> bytes:
    """The first `size` bytes; what follows is read and dropped, so that the writer does not wait."""
    kept = bytearray()
    while stream is not None and (piece := await stream.read(65536)):
        kept += piece[: max(0, size - len(kept))]
    return bytes(kept)


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_KILL_S):
            await process.wait()
    # Its pipes close with the transport; a grandchild that holds one open must not keep ours.
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


def disk_use(folder: Path) -> int:
    """Bytes of the files below `folder`, those that vanish meanwhile left out. Blocking."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - a hot loop
    return total
