"""Opening a text file of unknown quality: plain or gzipped, from a path or standard input.

Everything that can be wrong before the first column name is read is found here and said in one line: the file is not
there, is a folder, is empty, is truncated, or is something else altogether (a workbook, a BAM, a web page).  What comes
out is a stream of decompressed bytes that refuses binary content wherever in the file it turns up.
"""

from __future__ import annotations

import difflib
import gzip
import io
import os
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from her2genomics.exceptions import FileFormatError

STDIN = "-"
_GZIP = b"\x1f\x8b"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PEEK_BYTES = 1 << 16

_AS_TEXT = "save the sheet as tab-separated text (.tsv)"
_UNPACK = "unpack it first, or pack it with gzip"
FOREIGN_FORMATS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", _AS_TEXT),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", _AS_TEXT),
    (b"BAM\x01", "a BAM file", "a table is expected here"),
    (b"CRAM", "a CRAM file", "a table is expected here"),
    (b"BCF\x02", "a BCF file", "a table is expected here; variants are read from a VCF by her2g tmb and --vcf"),
    (b"##fileformat=VCF", "a VCF file", "a table is expected here; give a VCF to her2g tmb or to --vcf"),
    (b"TBI\x01", "a tabix index", "give the file that it belongs to"),
    (b"%PDF", "a PDF", "a table is expected here"),
    (b"<!DOCTYPE", "a web page", "was a login page saved instead of the file?"),
    (b"<!doctype", "a web page", "was a login page saved instead of the file?"),
    (b"<html", "a web page", "was a login page saved instead of the file?"),
    (b"\xff\xfe", "UTF-16 text, packed", "unpack it, or save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text, packed", "unpack it, or save it as UTF-8"),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ", "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", _UNPACK),
)
"""First bytes of what people hand over by mistake, its name, and what to do about it."""


@dataclass(frozen=True)
class Source:
    """A file, or the content of standard input, that can be opened again from its start.

    Parameters
    ----------
    label
        Name for messages.
    path
        The file, or None for standard input.
    data
        Content of standard input.
    """

    label: str
    path: Path | None = None
    data: bytes = b""

    def raw(self) -> IO[bytes]:
        """Open the bytes as they are stored."""
        if self.path is None:
            return io.BytesIO(self.data)
        try:
            return self.path.open("rb")
        except OSError as error:
            raise FileFormatError(f"cannot be read: {error.strerror or error}", path=self.label) from error

    def magic(self) -> bytes:
        """Return the first bytes as they are stored."""
        with self.raw() as stream:
            return stream.read(16)

    def open(self) -> io.BufferedReader:
        """Open the decompressed content as checked text bytes, without byte order mark, lines ending in a line feed.

        Raises
        ------
        FileFormatError
            If the file is empty or of a format that is no text table.
        """
        magic = self.magic()
        if magic.startswith(_UTF_16_MARKS):
            return Source(self.label, data=self._as_utf_8()).open()
        packed = magic.startswith(_GZIP)
        checked: io.BufferedReader = io.BufferedReader(
            _CheckedText(self.raw(), self.label, packed=packed), buffer_size=1 << 20
        )
        try:
            head = checked.peek(_PEEK_BYTES)[:_PEEK_BYTES]
            self._refuse_foreign(head)
            if b"\r" in head and b"\n" not in head:
                return self._with_line_feeds(checked)
        except BaseException:
            checked.close()
            raise
        if head.startswith(_BYTE_ORDER_MARK):
            checked.read(3)
        return checked

    def _as_utf_8(self) -> bytes:
        """Return UTF-16 text, as spreadsheets save "Unicode text", in UTF-8; the whole text is held in memory."""
        with self.raw() as stream:
            try:
                return stream.read().decode("utf-16").encode("utf-8")
            except UnicodeError as error:
                raise FileFormatError("the UTF-16 text is damaged", path=self.label, hint="save it as UTF-8") from error

    def _with_line_feeds(self, stream: io.BufferedReader) -> io.BufferedReader:
        """Translate the line ends of old Macintosh files; the whole text is held in memory."""
        with stream:
            text = stream.read().removeprefix(_BYTE_ORDER_MARK).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return io.BufferedReader(_CheckedText(io.BytesIO(text), self.label, packed=False))

    def _refuse_foreign(self, head: bytes) -> None:
        if not head.removeprefix(_BYTE_ORDER_MARK).strip():
            raise FileFormatError("the file is empty", path=self.label)
        for magic, name, hint in FOREIGN_FORMATS:
            if head.startswith(magic):
                raise FileFormatError(f"this is {name}", path=self.label, hint=hint)


class _CheckedText(io.RawIOBase):
    """Pass bytes on; turn damaged compression and binary content into one clear error."""

    def __init__(self, raw: IO[bytes], label: str, *, packed: bool) -> None:
        self._raw = raw
        self._stream: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw
        self._label = label
        self._start = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            chunk = self._stream.read(len(buffer))
        except EOFError as error:
            raise FileFormatError("the gzip file is truncated", path=self._label, hint="copy it again") from error
        except (OSError, zlib.error) as error:
            raise FileFormatError(f"cannot be read: {error}", path=self._label) from error
        if b"\0" in chunk and not (self._start and _is_foreign(chunk)):
            raise FileFormatError("binary content, not a text table", path=self._label)
        self._start = False
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()


def _is_foreign(head: bytes) -> bool:
    return any(head.startswith(magic) for magic, _, _ in FOREIGN_FORMATS)


def find_source(path: str | os.PathLike[str]) -> Source:
    """Return the source behind a path, ``-`` being standard input.

    Raises
    ------
    FileFormatError
        If there is no such file (near names in the same folder are suggested), or it is a folder.
    """
    label = os.fspath(path)
    if label == STDIN:
        return Source("standard input", data=sys.stdin.buffer.read())
    file = Path(label)
    try:
        if file.is_dir():
            raise FileFormatError("this is a folder, a file is expected", path=label)
        if not file.exists():
            raise FileFormatError("no such file", path=label, hint=_near_names(file))
    except (OSError, ValueError) as error:
        raise FileFormatError(f"cannot be read: {error}", path=label) from error
    return Source(label, file)


def _near_names(file: Path) -> str | None:
    if not file.parent.is_dir():
        return f"there is no folder {file.parent} either"
    names = sorted(entry.name for entry in file.parent.iterdir())
    near = difflib.get_close_matches(file.name, names, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(str(file.parent / name) for name in near)}?" if near else None
