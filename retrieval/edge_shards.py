"""The folders of the embedded index: one Qdrant Edge shard a collection, few of them open, one process at a time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import qdrant_edge as qdrant
from filelock import FileLock, Timeout

from core.errors import ConflictError, StorageFullError, UnavailableError
from retrieval.index import DIMENSION, missing
from retrieval.payload import KEYWORDS, RANGES, TERMS

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_BLOCK = 1 << 20
_PAGE = 64
"""Points of one vendor call."""

_WORTH_OPTIMIZING = 5_000
"""Points: below, an exact search takes under 2 ms in any state, and a tidy shard would save nothing."""

_OPTIMIZE = "import sys, qdrant_edge; s = qdrant_edge.EdgeShard.load(sys.argv[1]); s.optimize(); s.flush(); s.close()"


@dataclass(slots=True)
class OpenShard:
    shard: qdrant.EdgeShard
    writing: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class Shards:
    """Opens shards on demand and closes the least recently used beyond `max_open`, never one in use. Blocking.

    Raises `ConflictError` (`home_in_use`) where another process has the folder.
    """

    def __init__(self, root: Path, *, max_open: int, min_free_bytes: int) -> None:
        self._root = root
        self._max_open = max_open
        self._min_free = min_free_bytes
        self._open: OrderedDict[str, OpenShard] = OrderedDict()
        self._held: set[str] = set()
        self._writes: Counter[str] = Counter()
        self._changed = threading.Condition()
        root.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(root / ".lock", thread_local=False)
        self._acquire()
        self._recover()

    @property
    def open_count(self) -> int:
        return len(self._open)

    @contextmanager
    def use(self, name: str) -> Iterator[OpenShard]:
        with self._changed:
            self._changed.wait_for(lambda: name not in self._held)
            entry = self._open.get(name) or self._load(name)
            self._open.move_to_end(name)
            entry.users += 1
            self._evict()
        try:
            yield entry
        finally:
            with self._changed:
                entry.users -= 1
                self._changed.notify_all()

    @contextmanager
    def write(self, name: str, *, grows: bool = False) -> Iterator[qdrant.EdgeShard]:
        """One writer a shard at a time. `grows`: the write adds data, so the disk must have room for it.

        The vendor maps its files into memory: a write that meets a full disk would end the process (SIGBUS), hence the
        room is asked for before. Permission changes and deletions may use up the last eighth of the reserve.
        """
        self.require_room(self._min_free if grows else self._min_free // 8)
        with self.use(name) as entry, entry.writing:
            self._writes[name] += 1
            yield entry.shard

    def require_room(self, size: int | None = None) -> None:
        needed = self._min_free if size is None else size
        if shutil.disk_usage(self._root).free < needed:
            raise StorageFullError(
                f"less than {needed // 1_000_000} MB are free where the index lies; nothing was written; free some"
            )

    def create(self, name: str) -> None:
        """Complete or not at all: made beside its place, then renamed."""
        with self._alone(name):
            if self._path(name).exists():
                return
            self.require_room()
            made = self._path(name, "creating")
            shutil.rmtree(made, ignore_errors=True)
            shard = _empty(made)
            shard.flush()
            shard.close()
            made.rename(self._path(name))

    def optimize(self, name: str) -> None:
        """Tidy a copy in a child process and put it in place, unless the shard was written to meanwhile.

        The vendor keeps Python's interpreter lock during a call: optimising 14,000 points here would stop every request
        for 2 s.
        """
        self.require_room()
        made = self._path(name, "optimising")
        with self.use(name) as entry, entry.writing:
            if entry.shard.info().points_count < _WORTH_OPTIMIZING:
                return
            writes = self._writes[name]
            entry.shard.flush()
            shutil.rmtree(made, ignore_errors=True)
            shutil.copytree(self._path(name), made, copy_function=_copy_with_holes)
        try:
            _run_optimizer(made)
            with self._alone(name):
                if self._writes[name] == writes and self._path(name).exists():
                    self._replace(name, made)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def rewrite(self, name: str) -> None:
        """Put a fresh shard with the same points in its place: the vendor's files keep what was deleted or written over, and
        its log what was ever written. Whoever writes waits; readers only while the two are exchanged."""
        self.require_room()
        made = self._path(name, "optimising")
        with self.use(name) as entry, entry.writing:
            shutil.rmtree(made, ignore_errors=True)
            _copy_points(entry.shard, made)
            writes = self._writes[name]
        try:
            with self._alone(name):
                if self._writes[name] != writes:
                    raise UnavailableError("the index was written to meanwhile; try again", code="index_busy")
                self._replace(name, made)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def drop(self, name: str) -> None:
        with self._alone(name):
            if self._path(name).exists():
                gone = self._path(name, "dropped")
                self._path(name).rename(gone)
                shutil.rmtree(gone)

    def close(self) -> None:
        """Call when nothing uses a shard any more."""
        with self._changed:
            for name in list(self._open):
                self._close(name)
        self._lock.release()

    def _acquire(self) -> None:
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise ConflictError(
                f"another process uses the index in {self._root}, probably `partner-copilot serve`;"
                " stop it, or send the request to it",
                code="home_in_use",
            ) from None

    def _recover(self) -> None:
        """Put right what a crash left: a finished copy whose original is gone takes its place, the rest goes."""
        for done in self._root.glob("*.optimised"):
            if not done.with_suffix("").exists():
                done.rename(done.with_suffix(""))
        for state in ("creating", "optimising", "optimised", "dropped"):
            for left in self._root.glob(f"*.{state}"):
                shutil.rmtree(left)

    def _path(self, name: str, state: str | None = None) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("a collection's name is letters, digits, _ and -")
        return self._root / (f"{name}.{state}" if state else name)

    def _load(self, name: str) -> OpenShard:
        path = self._path(name)
        if not path.exists():
            raise missing(name)
        entry = self._open[name] = OpenShard(qdrant.EdgeShard.load(str(path)))
        return entry

    def _evict(self) -> None:
        idle = [name for name, entry in self._open.items() if not entry.users]
        for name in idle[: max(0, len(self._open) - self._max_open)]:
            self._close(name)

    def _close(self, name: str) -> None:
        entry = self._open.pop(name, None)
        if entry:
            entry.shard.close()

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Within, the shard is closed and whoever wants it waits."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._held and not self._in_use(name))
            self._held.add(name)
            self._close(name)
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(name)
                self._changed.notify_all()

    def _in_use(self, name: str) -> bool:
        return name in self._open and self._open[name].users > 0

    def _replace(self, name: str, made: Path) -> None:
        os.sync()  # the copy must be on disk before the original goes
        ready, gone = self._path(name, "optimised"), self._path(name, "dropped")
        made.rename(ready)
        self._path(name).rename(gone)
        ready.rename(self._path(name))
        shutil.rmtree(gone)


def _empty(folder: Path) -> qdrant.EdgeShard:
    shard = qdrant.EdgeShard.create(str(folder), _config())
    for field_name, schema in _schemas().items():
        shard.update(qdrant.UpdateOperation.create_field_index(field_name, schema))
    return shard


def _copy_points(shard: qdrant.EdgeShard, folder: Path) -> None:
    """Page by page: the vendor keeps Python's interpreter lock during each call."""
    fresh = _empty(folder)
    offset = None
    while True:
        request = qdrant.ScrollRequest(limit=_PAGE, offset=offset, with_payload=True, with_vector=True)
        records, offset = shard.scroll(request)
        if records:
            copied = [qdrant.Point(id=r.id, vector=r.vector or {}, payload=r.payload or {}) for r in records]
            fresh.update(qdrant.UpdateOperation.upsert_points(copied))
        if offset is None:
            break
    fresh.flush()
    fresh.close()


def _config() -> qdrant.EdgeConfig:
    """No HNSW graph: exact search over 14,000 points takes 2 ms, finds everything, and leaves nothing to build."""
    flat = qdrant.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=10_000)
    return qdrant.EdgeConfig(
        vectors={
            "dense": qdrant.EdgeVectorParams(size=DIMENSION, distance=qdrant.Distance.Cosine, hnsw_config=flat),
            "sentences": qdrant.EdgeVectorParams(
                size=DIMENSION,
                distance=qdrant.Distance.Cosine,
                datatype=qdrant.VectorStorageDatatype.Float16,
                memory=qdrant.Memory.Cold,
                multivector_config=qdrant.MultiVectorConfig(qdrant.MultiVectorComparator.MaxSim),
                hnsw_config=flat,
            ),
        },
        sparse_vectors={"bm25": qdrant.EdgeSparseVectorParams()},
        max_search_threads=1,  # a pool of its own for each open shard: 64 of them
    )


def _schemas() -> dict[str, qdrant.PayloadSchemaType | qdrant.IntegerIndexParams]:
    return {
        **dict.fromkeys(KEYWORDS, qdrant.PayloadSchemaType.Keyword),
        **dict.fromkeys(RANGES, qdrant.PayloadSchemaType.Integer),
        TERMS: qdrant.IntegerIndexParams(lookup=True, range=False),
    }


def _run_optimizer(folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and code; only the folder varies
        [sys.executable, "-c", _OPTIMIZE, str(folder)], capture_output=True, timeout=3600, check=False
    )
    if done.returncode:
        raise UnavailableError(f"optimising the index failed with status {done.returncode}", code="index_unavailable")


def _copy_with_holes(source: str, target: str) -> None:
    """Shard files are mostly holes (165 MB in name for 200 points); a plain copy would fill them."""
    with Path(source).open("rb") as read, Path(target).open("wb") as written:
        while block := read.read(_BLOCK):
            if block.count(0) == len(block):
                written.seek(len(block), os.SEEK_CUR)
            else:
                written.write(block)
        written.truncate()
