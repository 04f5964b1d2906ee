"""The kinds of source by name: our own, and those that other distributions add by entry point.

A distribution adds a kind with an entry point of the group `partner_copilot.sources` whose object is a `SourceKind`; the entry
point's name is the kind's. Our own are known without it, and nobody replaces them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import ConfigurationError, InvalidRequestError
from core.models import Json
from ingest.sources.base import Source, SourceLimits

log = structlog.get_logger()

GROUP = "partner_copilot.sources"
_OWN = {name: f"ingest.sources.{name}" for name in ("archive", "bucket", "files", "git", "web")}


class SourceConfig(BaseModel):
    """What an admin states of one source. An unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class NoConfig(SourceConfig):
    """A kind that its address says all of."""


ConfigT = TypeVar("ConfigT", bound=BaseModel)
Opener = Callable[[str, ConfigT, Mapping[str, str], SourceLimits, Path], Awaitable[Source]]
"""`(uri, config, credentials, limits, workdir)`; `workdir` is the source's own folder, kept from one sync to the next."""


def nowhere(uri: str) -> Path | None:
    return None


@dataclass(frozen=True, slots=True)
class SourceKind(Generic[ConfigT]):
    """One kind of source.

    `canonical` gives an address the form that it is stored in and raises `InvalidRequestError` (`invalid_uri`) for one that is
    none. `local` names the place on this machine's disk that an address means: only below the roots that the operator allows, or
    by the operator. `credentials` are the names of the secrets that the kind takes. `places` are the keys of its configuration
    that say where it lies: whoever changes one gives the secrets anew.
    """

    name: str
    config: type[ConfigT]
    opener: Opener[ConfigT]
    canonical: Callable[[str], str]
    local: Callable[[str], Path | None] = nowhere
    credentials: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    caches: bool = False
    """Keeps something of documents or of their addresses in its folder: it is encrypted between two syncs."""

    def configured(self, config: Json) -> ConfigT:
        """Raises `InvalidRequestError` (`invalid_config`), which tells each key's fault and no value."""
        try:
            return self.config.model_validate(config)
        except ValidationError as error:
            faults = "; ".join(self._told(e["loc"], e["type"], e["msg"]) for e in error.errors())
            raise InvalidRequestError(f"config of a {self.name} source: {faults}", code="invalid_config") from None

    def _told(self, place: tuple[int | str, ...], fault: str, message: str) -> str:
        known = ", ".join(sorted(self.config.model_fields)) or "no keys"
        what = f"unknown; it takes {known}" if fault == "extra_forbidden" else message
        return f"'{'.'.join(map(str, place))}': {what}"

    def checked(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """Raises `InvalidRequestError` (`invalid_credentials`) for a name that this kind does not take, and for an empty value."""
        if unknown := credentials.keys() - self.credentials:
            takes = ", ".join(sorted(self.credentials)) or "none"
            detail = f"unknown credentials {sorted(unknown)}; a {self.name} source takes {takes}"
            raise InvalidRequestError(detail, code="invalid_credentials")
        if empty := [name for name, value in credentials.items() if not value or "\0" in value]:
            raise InvalidRequestError(f"the credentials {empty} hold no value", code="invalid_credentials")
        return dict(credentials)


class Kinds:
    """The kinds that are installed. Each is loaded when it is first asked for: S3's libraries cost half a second."""

    def __init__(self, added: Mapping[str, EntryPoint] | None = None) -> None:
        found = {point.name: point for point in entry_points(group=GROUP)} if added is None else added
        self._added = {name: point for name, point in found.items() if name not in _OWN}

    @property
    def names(self) -> list[str]:
        return sorted({*_OWN, *self._added})

    def usable(self) -> list[SourceKind[Any]]:
        found = []
        for name in self.names:
            with suppress(ConfigurationError):  # logged; told to whoever asks for that one
                found.append(self.get(name))
        return found

    def get(self, name: str) -> SourceKind[Any]:
        """Raises `InvalidRequestError` (`unknown_source_kind`), `ConfigurationError` (`broken_source_kind`) for one that does not
        load."""
        if name in _OWN:
            own: SourceKind[Any] = import_module(_OWN[name]).KIND
            return own
        if name not in self._added:
            known = ", ".join(self.names)
            raise InvalidRequestError(f"unknown kind of source; known are {known}", code="unknown_source_kind")
        return _loaded(self._added[name])


def _loaded(point: EntryPoint) -> SourceKind[Any]:
    try:
        kind = point.load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        log.warning("source kind does not load", kind=point.name, error=type(error).__name__)
        detail = f"the source kind '{point.name}' of {point.value} does not load: {type(error).__name__}"
        raise ConfigurationError(detail, code="broken_source_kind") from error
    if not isinstance(kind, SourceKind):
        raise ConfigurationError(f"{point.value} is no SourceKind", code="broken_source_kind")
    return kind


class Registered(Protocol):
    """What opening needs to know of a stored source."""

    @property
    def kind(self) -> str: ...
    @property
    def uri(self) -> str: ...
    @property
    def config(self) -> Json: ...


async def open_source(
    source: Registered,
    limits: SourceLimits,
    *,
    workdir: Path,
    credentials: Mapping[str, str] | None = None,
    kinds: Kinds | None = None,
) -> Source:
    """Open a stored source; close it. Raises `InvalidRequestError` for a kind or configuration that is no longer known, and
    `DocumentError` (`address_not_allowed`) for a host that has moved into a private network."""
    kind = (kinds or Kinds()).get(source.kind)
    return await kind.opener(source.uri, kind.configured(source.config), credentials or {}, limits, workdir)


def local_path(uri: str) -> Path:
    """The folder or file that `uri` names, links resolved. Raises `InvalidRequestError` (`invalid_uri`)."""
    try:
        return Path(uri.removeprefix("file://")).resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a NUL
        raise InvalidRequestError("the address names no folder or file", code="invalid_uri") from None
