"""Decompressing BGZF, the block-gzip of BAM files, in file order and on as many cores as asked.

A BGZF file is a row of small gzip members, each of which says its own size.  So the compressed file is cut into runs of
whole members without unpacking it, and the runs are unpacked side by side: ISA-L (zlib, where that is not installed)
lets go of Python's lock.  Every member's checksum is verified; a file that ends within a member, or without the empty
member that marks the end, is refused as truncated.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from her2genomics.exceptions import FileFormatError

_DAMAGED: tuple[type[Exception], ...] = (zlib.error,)
decompress = zlib.decompress
with contextlib.suppress(ImportError):  # no wheel for this machine: zlib takes twice the time
    from isal import isal_zlib

    decompress = isal_zlib.decompress
    _DAMAGED = (isal_zlib.error,)  # type: ignore[assignment]

END_MARKER = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty member that ends every BGZF file (SAM specification, section 4.1.2)."""
_MAGIC = b"\x1f\x8b\x08\x04"
_SIZE_FIELD = struct.Struct("<H")
_SIZE_AT = 16
_CONTENT_SIZE = struct.Struct("<I")
_MEMBER_BYTES = 1 << 16
_HEADER_BYTES = 18
_RUN_BYTES = 1 << 18
_RUNS_AHEAD = 2
_GZIP_WINDOW = 31


def read_bgzf(path: str | os.PathLike[str], *, threads: int = 1) -> Iterator[bytes]:
    """Yield the decompressed content of a BGZF file in runs of about a megabyte.

    Parameters
    ----------
    path
        BGZF file.
    threads
        Threads in all: with 1 the caller unpacks, with more the others do, ahead of it. The content is the same.

    Raises
    ------
    FileFormatError
        If the file cannot be read, is no BGZF, is damaged or truncated.
    """
    if threads == 1:
        for run in _runs(path):
            yield _unpacked(run, path)
        return
    with ThreadPoolExecutor(threads - 1) as pool:
        ahead: deque[Future[bytes]] = deque()
        try:
            for run in _runs(path):
                ahead.append(pool.submit(_unpacked, run, path))
                if len(ahead) > _RUNS_AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def _runs(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield compressed bytes, cut between members."""
    rest = b""
    last = b""
    try:
        with open(path, "rb") as handle:
            while chunk := handle.read(_RUN_BYTES):
                data = rest + chunk
                whole = _whole_members(data, path)
                if whole:
                    last = data[max(0, whole - len(END_MARKER)) : whole]
                    yield data[:whole]
                rest = data[whole:]
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror or error}", path=path) from error
    if rest or last != END_MARKER:
        raise FileFormatError("the file is truncated", path=path, hint="copy or write it again")


def _whole_members(data: bytes, path: str | os.PathLike[str]) -> int:
    """Return the length of the whole members at the front of ``data``."""
    at = 0
    while at + _HEADER_BYTES <= len(data):
        if not data.startswith(_MAGIC, at):
            raise FileFormatError("not block-gzipped, or damaged", path=path, hint="copy or write it again")
        size = _SIZE_FIELD.unpack_from(data, at + _SIZE_AT)[0] + 1
        if at + size > len(data):
            break
        at += size
    return at


def _unpacked(run: bytes, path: str | os.PathLike[str]) -> bytes:
    view = memoryview(run)
    parts = []
    at = 0
    try:
        while at < len(run):
            size = _SIZE_FIELD.unpack_from(run, at + _SIZE_AT)[0] + 1
            (content,) = _CONTENT_SIZE.unpack_from(run, at + size - _CONTENT_SIZE.size)
            parts.append(decompress(view[at : at + size], _GZIP_WINDOW, min(max(content, 1), _MEMBER_BYTES)))
            at += size
    except _DAMAGED as error:
        raise FileFormatError(f"damaged content ({error})", path=path, hint="copy it again") from error
    return b"".join(parts)
