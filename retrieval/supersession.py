"""Which documents have given way to which: read from what documents state as `supersedes`, applied to what a search shows.

Nothing is written into the older document or its points. Whether it has given way depends on the release that is shown, on the day
that is asked for, on the asker's version, and on whether its successor may still be shown: all known at the search alone. So a
rollback brings the older one back, and so does the withdrawal of its successor.
"""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, or_, select

from core.database import Database, ReadSession
from core.domain import DocType, DocumentStatus
from core.models import Document, Json, Membership, Revision
from core.versions import OPEN_END, version_range

Item = TypeVar("Item")

KEPT = 512
"""Releases whose successions are remembered: what a release shows never changes."""

_FACETS = ("product", "module", "region", "customer")


@dataclass(frozen=True, slots=True)
class Succession:
    """Document `older` gives way to `newer`, whose revision `revision_id` says so, from the day `since` on (`None`: always).

    `versions` are those that `newer` holds for, half-open; `covers_versions`: all that `older` does; `covers`: `newer` holds for
    every product, module, region and customer that `older` does.
    """

    older: str
    newer: str
    revision_id: str
    since: date | None
    versions: tuple[int, int]
    covers_versions: bool
    covers: bool


class Supersession:
    """Reads the successions that a release shows."""

    def __init__(self, database: Database, *, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept
        self._known: OrderedDict[tuple[str, int], tuple[Succession, ...]] = OrderedDict()

    async def at(self, tenant_id: str, release: int) -> tuple[Succession, ...]:
        """Of one release, whose successors may be shown now. Where no document supersedes another, this costs nothing."""
        found = self._known.get((tenant_id, release))
        async with self._database.read(tenant_id) as session:
            if found is None:
                found = self._keep(tenant_id, release, await _stated(session, tenant_id, release))
            if not found:
                return ()
            shown = await _shown_now(session, tenant_id, release, {one.revision_id for one in found})
        return tuple(one for one in found if one.revision_id in shown)

    def _keep(self, tenant_id: str, release: int, found: tuple[Succession, ...]) -> tuple[Succession, ...]:
        self._known[(tenant_id, release)] = found
        while len(self._known) > self._kept:
            self._known.popitem(last=False)
        return found


def closed(successions: Iterable[Succession], *, as_of: date, version: int | None = None) -> dict[str, str]:
    """Document → its last successor, of those that the successor replaces wholly for an asker of `version` (a key of
    `core.versions`; `None`: of any) on the day: they are not to be shown at all."""
    return _last(
        one
        for one in _in_force(successions, as_of, version)
        if one.covers and (version is not None or one.covers_versions)
    )


def outranked(successions: Iterable[Succession], *, as_of: date, version: int | None = None) -> dict[str, str]:
    """As `closed`, of those that the successor replaces only for some: both may be shown, the successor first."""
    in_force = list(_in_force(successions, as_of, version))
    return {
        older: newer
        for older, newer in _last(in_force).items()
        if older not in closed(in_force, as_of=as_of, version=version)
    }


def ends(successions: Iterable[Succession]) -> dict[str, date]:
    """Document → the last day on which it is in force, as its successors that cover it wholly say."""
    days: dict[str, date] = {}
    for one in successions:
        if one.since and one.covers and one.covers_versions:
            last = one.since - timedelta(days=1)
            days[one.older] = min(last, days.get(one.older, last))
    return days


def superseded(
    items: Sequence[Item],
    document: Callable[[Item], str],
    *,
    gone: Mapping[str, str],
    behind: Mapping[str, str] | None = None,
) -> list[Item]:
    """`items` (passages, candidates; best first) without those of documents in `gone`; those of documents in `behind` stand right
    after the last one of their successor, if that is among them further down. Everything else keeps its order."""
    kept = [item for item in items if document(item) not in gone]
    for older, newer in (behind or {}).items():
        places = [place for place, item in enumerate(kept) if document(item) == newer]
        if not places:
            continue
        moved = [item for item in kept[: places[-1]] if document(item) == older]
        rest = [item for item in kept[: places[-1] + 1] if document(item) != older]
        kept = [*rest, *moved, *kept[places[-1] + 1 :]]
    return kept


def _in_force(successions: Iterable[Succession], as_of: date, version: int | None) -> Iterable[Succession]:
    for one in successions:
        begun = one.since is None or one.since <= as_of
        if begun and (version is None or one.versions[0] <= version < one.versions[1]):
            yield one


def _last(successions: Iterable[Succession]) -> dict[str, str]:
    """Older → the end of its chain of successors; of two successors the later one."""
    direct: dict[str, str] = {}
    for one in sorted(successions, key=lambda one: one.since or date.min):
        direct[one.older] = one.newer
    found: dict[str, str] = {}
    for older, newer in direct.items():
        end = newer
        while end in direct:
            end = direct[end]
        found[older] = end
    return found


@dataclass(frozen=True, slots=True)
class _Shown:
    """A document as a release shows it."""

    id: str
    corpus_id: str
    path: str
    revision_id: str
    info: Json

    @property
    def title(self) -> str:
        return " ".join(str(self.info.get("title", "")).casefold().split())

    @property
    def since(self) -> date | None:
        stated = self.info.get("effective_from")
        return date.fromisoformat(stated) if stated else None

    @property
    def until(self) -> date | None:
        stated = self.info.get("effective_to")
        return date.fromisoformat(stated) if stated else None

    @property
    def versions(self) -> tuple[int, int]:
        return version_range(self.info.get("versions"))


async def _stated(session: ReadSession, tenant_id: str, release: int) -> tuple[Succession, ...]:
    says = or_(*(Revision.info[key].as_string().is_not(None) for key in ("supersedes", "effective_from")))
    query = (
        select(Document.corpus_id)
        .join(Revision, Revision.document_id == Document.id)
        .join(Membership, Membership.revision_id == Revision.id)
        .where(_shows(tenant_id, release), says)
        .distinct()
    )
    corpora = list(await session.scalars(query))
    if not corpora:
        return ()
    rows = await session.execute(
        select(Document.id, Document.corpus_id, Document.path, Revision.id, Revision.info)
        .join(Revision, Revision.document_id == Document.id)
        .join(Membership, Membership.revision_id == Revision.id)
        .where(_shows(tenant_id, release), Document.corpus_id.in_(corpora))
    )
    return successions([_Shown(*row) for row in rows])


async def _shown_now(session: ReadSession, tenant_id: str, release: int, revision_ids: set[str]) -> set[str]:
    """Permission is current: a successor that was withdrawn replaces nothing any more."""
    query = (
        select(Revision.id)
        .join(Membership, Membership.revision_id == Revision.id)
        .join(Document, Document.id == Revision.document_id)
        .where(
            _shows(tenant_id, release),
            Revision.id.in_(revision_ids),
            Document.status != DocumentStatus.WITHDRAWN,
        )
    )
    return set(await session.scalars(query))


def _shows(tenant_id: str, release: int) -> ColumnElement[bool]:
    return and_(Membership.tenant_id == tenant_id, Membership.added_in <= release, Membership.removed_in > release)


def successions(shown: Sequence[_Shown]) -> tuple[Succession, ...]:
    """What these documents state, resolved within each one's corpus. A statement that names no document, more than one, or the
    stating one itself says nothing, and so do those that a later document or a circle contradicts."""
    by_path = {(one.corpus_id, one.path): one for one in shown}
    by_title: dict[tuple[str, str], list[_Shown]] = {}
    for one in shown:
        by_title.setdefault((one.corpus_id, one.title), []).append(one)
    pairs = list(_handovers(shown, by_title))
    for newer in shown:
        older = _named(newer, str(newer.info.get("supersedes") or ""), by_path, by_title)
        if (
            older is not None
            and older.id != newer.id
            and not (newer.since and older.since and newer.since < older.since)
        ):
            pairs.append((older, newer))
    circular = _circular({(older.id, newer.id) for older, newer in pairs})
    return tuple(_succession(older, newer) for older, newer in pairs if (older.id, newer.id) not in circular)


def _handovers(
    shown: Sequence[_Shown], by_title: Mapping[tuple[str, str], Sequence[_Shown]]
) -> Iterable[tuple[_Shown, _Shown]]:
    """Versions of one text, which share its title: a policy gives way to the version that takes force after it, whether or not
    anybody wrote down that it ends; any other text only where it ends on the very day on which the next one begins."""
    for newer in shown:
        for older in by_title[(newer.corpus_id, newer.title)]:
            if newer.since and older.since and older.since < newer.since:
                policies = older.info.get("doc_type") == newer.info.get("doc_type") == DocType.POLICY
                if policies or older.until == newer.since:
                    yield older, newer


def _named(
    newer: _Shown,
    stated: str,
    by_path: Mapping[tuple[str, str], _Shown],
    by_title: Mapping[tuple[str, str], list[_Shown]],
) -> _Shown | None:
    """By its path below the corpus, by its path from the stating document's folder, or by its title, where one has it."""
    if not stated:
        return None
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(newer.path), stated))
    for path in (stated.lstrip("/"), beside):
        if found := by_path.get((newer.corpus_id, path)):
            return found
    titled = by_title.get((newer.corpus_id, " ".join(stated.casefold().split())), [])
    others = [one for one in titled if one.id != newer.id]
    return others[0] if len(others) == 1 else None


def _succession(older: _Shown, newer: _Shown) -> Succession:
    low, high = newer.versions
    old_low, old_high = older.versions
    covers = all(newer.info.get(facet) in (None, older.info.get(facet)) for facet in _FACETS)
    return Succession(
        older=older.id,
        newer=newer.id,
        revision_id=newer.revision_id,
        since=newer.since,
        versions=(low, high),
        covers_versions=low <= old_low and (old_high <= high or high >= OPEN_END),
        covers=covers,
    )


def _circular(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The pairs that lie on a circle of documents each of which supersedes the last."""
    after: dict[str, set[str]] = {}
    for older, newer in pairs:
        after.setdefault(older, set()).add(newer)

    def reaches(start: str, goal: str) -> bool:
        seen: set[str] = set()
        open_ends = [start]
        while open_ends:
            place = open_ends.pop()
            if place == goal:
                return True
            if place not in seen:
                seen.add(place)
                open_ends += after.get(place, ())
        return False

    return {(older, newer) for older, newer in pairs if reaches(newer, older)}
