"""Where a Git repository lies: a folder of this machine, or an https or ssh address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import InvalidRequestError
from ingest.sources.registry import local_path

_SCP = re.compile(r"(?P<user>[\w.-]+@)(?P<host>[\w.-]+):(?P<path>[^:]+)", re.ASCII)
_PORTS = {"https": 443, "http": 80, "ssh": 22}
_USER = re.compile(r"[A-Za-z0-9_][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class GitAddress:
    """`path` for a folder, else scheme, host and port."""

    url: str
    scheme: str = ""
    host: str = ""
    port: int = 0
    path: Path | None = None


def git_address(uri: str) -> GitAddress:
    """Raises `InvalidRequestError`: `invalid_uri`, `credentials_in_uri`."""
    uri = uri.strip()
    if not uri.isprintable() or " " in uri:
        raise _invalid()
    if uri.startswith(("/", "file:///")):
        path = local_path(uri)
        return GitAddress(str(path), path=path)
    if scp := _SCP.fullmatch(uri):
        uri = f"ssh://{scp['user']}{scp['host']}/{scp['path'].lstrip('/')}"
    return _remote(uri)


def _remote(uri: str) -> GitAddress:
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise _invalid() from None
    host = parts.hostname or ""
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise InvalidRequestError(
            "the address holds a user or password: give them as credentials", code="credentials_in_uri"
        )
    # What begins with '-' would be an option of ssh (CVE-2017-1000117).
    if parts.scheme not in _PORTS or not host or host.startswith("-") or parts.query or parts.fragment:
        raise _invalid()
    if len(parts.path) < 2 or parts.path.startswith("/-") or (parts.username and not _USER.fullmatch(parts.username)):
        raise _invalid()
    return GitAddress(uri, parts.scheme, host, port or _PORTS[parts.scheme])


def _invalid() -> InvalidRequestError:
    return InvalidRequestError(
        "name a Git repository by an https or ssh address (https://host/group/name.git, git@host:group/name.git) or by the "
        "absolute path of a folder on the server",
        code="invalid_uri",
    )
