"""Decompression that stops at a limit: a megabyte of gzip may hold a gigabyte."""

from __future__ import annotations

import zlib

from core.errors import DocumentError

_WINDOWS = {"gzip": 47, "x-gzip": 47, "deflate": 47}
"""`zlib`'s window bits: gzip or zlib, told apart by their first bytes."""
_RAW = -15
GZIP = b"\x1f\x8b"


class Inflated:
    """Collects a body that comes in pieces in the given HTTP `encoding` (empty: as it is), at most `limit` bytes of it.

    Raises `DocumentError`: `too_large`, or `broken_response` for damaged data and other encodings.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        encoding = encoding.strip().lower()
        if encoding not in ("", "identity", *_WINDOWS):
            raise _broken("comes in a compression that nobody asked for")
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._stream = zlib.decompressobj(_WINDOWS[encoding]) if encoding in _WINDOWS else None
        self._deflate = encoding == "deflate"

    def feed(self, data: bytes) -> None:
        piece = data if self._stream is None else self._inflate(data)
        self._size += len(piece)
        if self._size > self._limit:
            raise DocumentError(f"more than {self._limit:,} bytes once unpacked", code="too_large")
        self._pieces.append(piece)

    def finish(self) -> bytes:
        if self._stream is not None and self._size and not self._stream.eof:
            raise _broken("breaks off")
        return b"".join(self._pieces)

    def _inflate(self, data: bytes) -> bytes:
        assert self._stream is not None
        room = self._limit - self._size + 1
        try:
            return self._stream.decompress(data, room)
        except zlib.error as error:
            if not self._deflate or self._size:
                raise _broken("is damaged") from error
        # Many servers take "deflate" to mean the bare stream, without zlib's header.
        self._deflate, self._stream = False, zlib.decompressobj(_RAW)
        return self._inflate(data)


def gunzip(data: bytes, limit: int) -> bytes:
    """`data` unpacked where it is gzip, else itself. Raises `DocumentError` as `Inflated` does."""
    if not data.startswith(GZIP):
        return data
    inflated = Inflated("gzip", limit)
    inflated.feed(data)
    return inflated.finish()


def _broken(what: str) -> DocumentError:
    return DocumentError(f"the answer {what}", code="broken_response")
