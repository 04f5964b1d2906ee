"""Brings a corpus to the state of its source: new and changed documents in, renamed ones followed, vanished ones retired.

What did not change costs one `head`. Everything here may run again after a crash: what was settled is found unchanged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256

from core.domain import DocumentStatus
from core.errors import CopilotError, DocumentError
from core.jobs import Progress
from core.models import Json
from ingest.before import Before, vanished
from ingest.failures import Recorded
from ingest.ledger import Ledger
from ingest.patience import Patience
from ingest.pipeline import Incoming, IngestPipeline, Target
from ingest.renames import Renames, left_alone
from ingest.repository import Known
from ingest.resemblance import Fingerprint
from ingest.retries import Retries
from ingest.sources.base import Source, SourceItem
from ingest.statuses import PATH_TAKEN, SETTLED, FileState, FileStatus, failed, is_unfinished, withdrawn

PIPELINE_VERSION = "3"
"""Part of every content hash and version tag: raise it when the same bytes would be stored differently."""

RETIRE_LIMIT = "retire_limit"
_NAMED = 20  # vanished paths that a stopped sync names


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """A sync that would retire more than `retire_limit` of its source's documents, and more than `retire_free`, asks first.
    `heads` are asked at once. `source_faults` and `source_wait_s` are the patience with a source; `most_listed` files that are not
    unchanged are named in the report."""

    retire_limit: float = 0.2
    retire_free: int = 1
    heads: int = 8
    source_faults: int = 10
    source_wait_s: float = 7200.0
    most_listed: int = 5000
    retries: Retries = field(default_factory=Retries)
    conditions: str = ""
    """Limits under which files fail: a failed file is tried again when they change."""


@dataclass(slots=True)
class SyncReport:
    """`stopped`: nothing was changed, and why. `gave_up`: the source was left in the middle; what was taken in by then stays."""

    files: list[FileStatus] = field(default_factory=list)
    stopped: Json | None = None
    gave_up: CopilotError | None = None
    most_listed: int = 5000

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for file in self.files:
            counts[file.state] = counts.get(file.state, 0) + 1
        return counts

    @property
    def fault(self) -> CopilotError | None:
        """Of the source as a whole: it was given up, or no file could be had for passing faults."""
        if self.gave_up is not None:
            return self.gave_up
        if not self.files or not all(file.transient for file in self.files):
            return None
        return DocumentError(self.files[0].detail, code=self.files[0].reason)

    def as_json(self) -> Json:
        """Unchanged files are counted, not listed: most syncs change little. What is over the limit is counted as `unlisted`, of
        files that were taken in before those that were not."""
        told = [file for file in self.files if file.state is not FileState.UNCHANGED]
        kept = sorted(sorted(told, key=lambda file: file.state is FileState.INDEXED)[: self.most_listed], key=_path)
        report: Json = {"counts": self.counts, "files": [file.as_json() for file in kept]}
        report |= {"unlisted": len(told) - len(kept)} if len(told) > len(kept) else {}
        if self.gave_up is not None:
            report["gave_up"] = {"code": self.gave_up.code, "detail": self.gave_up.detail}
        return report | ({"stopped": self.stopped} if self.stopped else {})


def content_hash(data: bytes, rules: Mapping[str, object]) -> str:
    """Of the bytes, of what the source states about them, and of how we store them."""
    return sha256(b"\0".join((PIPELINE_VERSION.encode(), _stated(rules), data))).hexdigest()


def version_tag(head: str, rules: Mapping[str, object]) -> str:
    """Changes with whatever `content_hash` changes with; empty where the source knows no head."""
    return sha256(b"\0".join((PIPELINE_VERSION.encode(), _stated(rules), head.encode()))).hexdigest() if head else ""


def _stated(rules: Mapping[str, object]) -> bytes:
    return repr(sorted((key, str(value)) for key, value in rules.items())).encode()


class Sync:
    """One run over one source. Files are prepared ahead in worker processes while earlier ones are embedded."""

    def __init__(
        self,
        pipeline: IngestPipeline,
        target: Target,
        progress: Progress,
        *,
        before: Before,
        ledger: Ledger,
        policy: SyncPolicy,
    ) -> None:
        self._pipeline = pipeline
        self._target = target
        self._progress = progress
        self._before = before
        self._ledger = ledger
        self._policy = policy
        self._report = SyncReport(most_listed=policy.most_listed)
        self._patience = Patience(faults=policy.source_faults, wait_s=policy.source_wait_s)
        self._tags: dict[str, str] = {}
        self._previous: dict[str, str] = {}
        self._renames = Renames((), {})

    async def run(self, source: Source, items: Sequence[SourceItem], *, confirm_retire: bool = False) -> SyncReport:
        """`items` are all that the source lists."""
        present = {item.path for item in items}
        gone = vanished(self._before.known, self._target.source_id, present)
        self._renames = Renames(gone, self._before.fingerprints)
        self._progress.total = len(items)
        self._progress.stage = "indexing"
        if not confirm_retire and (stopped := await self._too_many(source, items, gone)):
            return SyncReport(stopped=stopped)
        async with aclosing(self._changed(source, items)) as changed:
            await self._pipeline.take(self._target, changed, self._note, claims=self)
        self._report.gave_up = self._patience.spent
        if self._report.gave_up is None:
            await self._retire(gone)
            await self._ledger.close(self._report.files, {_as_text(path) for path in present})
        else:  # files that it did not come to are neither gone nor mended
            await self._ledger.write()
        self._report.files.sort(key=_path)
        return self._report

    def claim(self, path: str, found: Fingerprint) -> str | FileStatus | None:
        """`pipeline.Claims`: a new file with nearly the words of a vanished document is that document."""
        document = self._renames.same_words(path, found)
        if document is None:
            return None
        if document.status is DocumentStatus.WITHDRAWN:
            self._ledger.moved(document.id, path, self._tags.get(path, ""))
            return withdrawn(path, document.id)
        self._previous[path] = document.path
        return document.id

    async def _changed(self, source: Source, items: Sequence[SourceItem]) -> AsyncGenerator[Incoming, None]:
        step = self._policy.heads
        for start in range(0, len(items), step):
            window = [item for item in items[start : start + step] if not self._is_settled(item)]
            with self._patience.waiting():
                heads = await asyncio.gather(*(_head(source, item) for item in window))
            for item, head in zip(window, heads, strict=True):
                if self._patience.spent:
                    return
                if (incoming := await self._wanted(source, item, version_tag(head, item.rules))) is not None:
                    yield incoming
            await self._ledger.write()

    def _is_settled(self, item: SourceItem) -> bool:
        """What needs neither head nor bytes."""
        document = self._before.known.get(item.path)
        try:
            _require_text(item.path)
            if item.problem:
                raise item.problem
            if document is not None and document.status is DocumentStatus.WITHDRAWN:
                self._note(withdrawn(item.path, document.id))
                return True
            if document is not None:
                self._require_own(document)
        except DocumentError as error:
            self._note(failed(_as_text(item.path), error))
            return True
        return False

    def _is_anothers(self, document: Known) -> bool:
        """Whether another source's document, or an upload, has the path."""
        is_held = document.status in SETTLED and document.content_hash  # without one, its first ingest was cut short
        return bool(is_held) and document.source_id != self._target.source_id

    def _require_own(self, document: Known) -> None:
        """Raises `DocumentError` (`path_taken`) where another source's document has the path. One whose source was removed, or is
        gone from the disk, may be this one's: its bytes tell."""
        holder = document.source_id
        if self._is_anothers(document) and holder is not None and holder not in self._before.gone:
            raise self._taken(document)

    def _taken(self, document: Known) -> DocumentError:
        holder, remedy = "an upload", "rename one, or give each source its own corpus"
        if document.source_id is not None:
            holder = self._before.sources.get(document.source_id, "another source")
        if document.source_id in self._before.gone:
            holder, remedy = (
                f"{holder}, which is gone",
                "if this file goes on in its place, remove that source and sync again",
            )
        return DocumentError(
            f"the corpus has a document of this path already, from {holder}; {remedy}", code=PATH_TAKEN
        )

    async def _wanted(self, source: Source, item: SourceItem, tag: str) -> Incoming | None:
        """The file to take in; None where there is nothing to do, which is noted."""
        document = self._before.known.get(item.path)
        if document is not None and self._is_anothers(document):
            await self._take_over(source, item, document, tag)
            return None
        settled = document is not None and document.status in SETTLED
        if document and settled and tag and document.version_tag == tag:
            self._note(FileStatus(item.path, FileState.UNCHANGED))
            return None
        self._tags[item.path] = tag
        earlier = self._before.failures.get(item.path)
        if earlier and tag and earlier.tag == self._failure_tag(item.path):
            self._note(earlier.status(), tried=False)
            return None
        if (data := await self._fetched(source, item)) is None:
            return None
        digest = content_hash(data, item.rules)
        if document and settled and document.content_hash == digest:
            self._ledger.tagged(document.id, tag)
            self._note(FileStatus(item.path, FileState.UNCHANGED))
            return None
        if document is None and (moved := self._renames.same_bytes(item.path, digest)) is not None:
            await self._move(moved, item.path, tag)
            return None
        return Incoming(item.path, data, digest, item.rules, document.id if document else None, version_tag=tag)

    async def _fetched(self, source: Source, item: SourceItem) -> bytes | None:
        """None where it cannot be had, which is noted."""
        try:
            with self._patience.waiting():
                data = await self._policy.retries.run(lambda: source.fetch(item))
        except CopilotError as error:
            self._patience.failed(error)
            self._note(failed(item.path, error))
            return None
        self._patience.answered()
        return data

    async def _take_over(self, source: Source, item: SourceItem, document: Known, tag: str) -> None:
        """The same bytes at the same path: a folder that was moved, or a source that was removed and added again. Others are
        somebody else's document."""
        if (data := await self._fetched(source, item)) is None:
            return
        if content_hash(data, item.rules) == document.content_hash:
            self._ledger.taken_over(document.id, tag)
            self._note(FileStatus(item.path, FileState.UNCHANGED))
        else:
            self._note(failed(item.path, self._taken(document)))

    async def _move(self, document: Known, path: str, tag: str) -> None:
        self._ledger.moved(document.id, path, tag)
        await self._ledger.write()
        if document.status is DocumentStatus.WITHDRAWN:
            self._note(withdrawn(path, document.id))
        else:
            self._note(FileStatus(path, FileState.RENAMED, document_id=document.id, previous=document.path))

    async def _too_many(self, source: Source, items: Sequence[SourceItem], gone: Sequence[Known]) -> Json | None:
        """Why this sync has to be confirmed. Before anything is taken in: a wrong folder must leave no trace."""
        own = [
            each
            for each in self._before.known.values()
            if each.source_id == self._target.source_id and each.status in SETTLED
        ]
        leaving = [each for each in gone if each.status in SETTLED]
        most = max(self._policy.retire_free, self._policy.retire_limit * len(own))
        if len(leaving) <= most:
            return None
        appeared = [item for item in items if item.path not in self._before.known]
        left = left_alone(leaving, await self._hashed(source, appeared))
        if left <= most:
            return None
        return {
            "code": RETIRE_LIMIT,
            "detail": f"{left} of the source's {len(own)} documents are gone from it, and this sync would retire them; nothing was "
            "changed. Check the source. If they are meant to go, confirm it: POST "
            f"/v1/sources/{self._target.source_id}/sync?confirm_retire=true, or 'partner-copilot source sync "
            f"{self._target.source_id} --confirm-retire'",
            "gone": left,
            "of": len(own),
            "limit": self._policy.retire_limit,
            "paths": sorted(each.path for each in leaving)[:_NAMED],
        }

    async def _hashed(self, source: Source, items: Sequence[SourceItem]) -> list[tuple[str, str]]:
        """Path and content hash of those that can be had; the bytes are fetched again when they are taken in."""
        found = []
        for item in items:
            if self._patience.spent:
                break
            try:
                with self._patience.waiting():
                    found.append((item.path, content_hash(await source.fetch(item), item.rules)))
            except CopilotError as error:
                self._patience.failed(error)  # reported when it is its turn
        return found

    async def _retire(self, gone: Sequence[Known]) -> None:
        leaving = [each for each in gone if each.status in SETTLED and each.id not in self._renames.followed]
        await self._pipeline.retire(self._target, [each.id for each in leaving])
        self._report.files += [
            FileStatus(each.path, FileState.RETIRED, detail="gone from its source", document_id=each.id)
            for each in leaving
        ]

    def _note(self, file: FileStatus, *, tried: bool = True) -> None:
        if file.state is FileState.INDEXED and file.path in self._previous:
            file = _renamed(file, self._previous[file.path])
        if tried and is_unfinished(file) and not file.transient:
            self._ledger.failed(Recorded(file.path, file.reason, file.detail, self._failure_tag(file.path)))
        self._report.files.append(file)
        self._progress.done += 1

    def _failure_tag(self, path: str) -> str:
        """Empty where only another try can tell whether the file still fails."""
        tag = self._tags.get(path, "")
        return sha256(f"{tag}\0{self._policy.conditions}".encode()).hexdigest() if tag else ""


def _path(file: FileStatus) -> str:
    return file.path


def _renamed(file: FileStatus, previous: str) -> FileStatus:
    return FileStatus(
        file.path,
        FileState.RENAMED,
        warnings=file.warnings,
        document_id=file.document_id,
        reused=file.reused,
        embedded=file.embedded,
        previous=previous,
        duplicate=file.duplicate,
    )


async def _head(source: Source, item: SourceItem) -> str:
    """Empty where it fails: the fetch that follows tells why."""
    try:
        return await source.head(item)
    except CopilotError:
        return ""


def _require_text(path: str) -> None:
    """A disk takes names of any bytes; databases and JSON take text. Raises `DocumentError` (`invalid_name`)."""
    if _as_text(path) != path:
        raise DocumentError("the file's name is no UTF-8 text; rename the file", code="invalid_name")


def _as_text(path: str) -> str:
    return path.encode("utf-8", errors="replace").decode()
