"""Lines of a VCF from wherever it is: plain, gzip, bgzip, BCF or standard input; whole, or an error.

Text is read rather than htslib's records for three reasons: an allele fraction keeps its printed decimal (htslib
holds it as a 32-bit float, so 0.02 would fail a threshold of 0.02), one malformed value does not stop the file, and a
file that was cut short is noticed: a gzip stream without its end, a bgzip file without its end-of-file block, a text
that stops within a line.  BCF goes through htslib and comes back as the same text.
"""

from __future__ import annotations

import glob
import io
import os
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, BinaryIO

from her2genomics.exceptions import FileFormatError

STANDARD_INPUT = "-"
_BLOCK = 1 << 20
_HEAD_LINES = 200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SECOND_HEADER, JOIN_HINT = "a second header inside the file", "join VCFs with: bcftools concat"
_GZIP, _BCF, _BAM, _CRAM = b"\x1f\x8b", b"BCF\x02", b"BAM\x01", b"CRAM"
_BGZF_HEADER = 18
VCF_ENDINGS = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every complete bgzip file (SAM specification, section 4.1.2)."""


class LineSource:
    """The lines of a VCF without their newlines, read in blocks.

    Every record has to have as many columns as the header line.  Once `n_columns` is set (the reader does so when it
    has read the header), whole blocks are checked by counting their tabs at once, and line by line only where that
    fails.

    Attributes
    ----------
    n_columns
        Columns that every record must have; 0 = not known yet.
    n_unchecked
        Lines read before the number of columns was known, which the reader checks one by one (`check_columns`).
    unfinished
        True once the whole has been read and its last line had no newline.
    """

    def __init__(self, blocks: Iterator[bytes], name: str) -> None:
        self._blocks, self._name = blocks, name
        self.n_columns, self.n_unchecked = 0, 0
        self.unfinished = False

    def lines(self) -> Iterator[str]:
        """Yield line after line.

        Raises
        ------
        FileFormatError
            If a record holds bytes that are no text, or has another number of columns than the header.
        """
        return chain.from_iterable(self._split())

    def _split(self) -> Iterator[list[str]]:
        rest, n_lines = b"", 0
        for block in self._blocks:
            data = rest + block if n_lines or rest else block.removeprefix(_BYTE_ORDER_MARK)
            cut = data.rfind(b"\n") + 1
            whole, rest = data[:cut], data[cut:]
            lines = whole.decode("utf-8", "replace").split("\n")
            lines.pop()
            self._check(whole, lines, n_lines)
            n_lines += len(lines)
            yield lines
        if rest:
            self.unfinished = True
            last = rest.decode("utf-8", "replace")
            self._check(rest, [last], n_lines)
            yield [last]

    def _check(self, data: bytes, lines: Sequence[str], n_before: int) -> None:
        if not data.isascii() or b"\0" in data:
            for number, line in enumerate(lines, start=n_before + 1):
                self._refuse_garbage(line, number)
        if not self.n_columns:
            self.n_unchecked += len(lines)
        elif data.count(b"\t") != len(lines) * (self.n_columns - 1):
            for number, line in enumerate(lines, start=n_before + 1):
                self.check_columns(line, number)

    def _refuse_garbage(self, line: str, number: int) -> None:
        """Refuse a record with bytes that are no text; header lines may be of an older encoding."""
        if "\0" in line or ("\ufffd" in line and not line.startswith("#")):
            raise FileFormatError("not a VCF: there are bytes that are no text", path=self._name, line=number)

    def check_columns(self, line: str, number: int) -> None:
        """Refuse a record with another number of columns than the header; blank lines pass.

        Raises
        ------
        FileFormatError
            If the number differs, or the line belongs to a second header.
        """
        found = line.count("\t") + 1
        if found == self.n_columns or not line.strip():
            return
        if line.startswith("#"):
            raise FileFormatError(SECOND_HEADER, path=self._name, line=number, hint=JOIN_HINT)
        cut = ", and the file ends there: it is truncated" if self.unfinished else ""
        what = f"the record has {found} columns, the header {self.n_columns}{cut}"
        raise FileFormatError(what, path=self._name, line=number)


def find_vcfs(places: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return the VCFs that files, folders and patterns (``calls/*.vcf.gz``) stand for, each once.

    A folder stands for the VCFs directly in it, in the order of their names.

    Raises
    ------
    FileFormatError
        If a folder or a pattern holds none.
    """
    found: dict[str, None] = {}
    for place in [os.fspath(place) for place in places]:
        if os.path.isdir(place):
            names = sorted(name for name in os.listdir(place) if name.lower().endswith(VCF_ENDINGS))
            files = [os.path.join(place, name) for name in names if not name.startswith(".")]
        elif not os.path.exists(place) and glob.has_magic(place):
            files = sorted(glob.glob(place))
        else:
            files = [place]
        if not files:
            raise FileFormatError("no VCF there", path=place, hint=f"their names end in {', '.join(VCF_ENDINGS)}")
        found |= dict.fromkeys(files)
    return list(found)


def is_vcf(path: str | os.PathLike[str]) -> bool:
    """Return whether a file's content is a VCF or BCF, whatever its name.

    Raises
    ------
    FileFormatError
        If the file is absent, empty or cannot be read.
    """
    with open_source(path) as source:
        return any(line.startswith(("##fileformat=VCF", "#CHROM\t")) for line in islice(source.lines(), _HEAD_LINES))


@contextmanager
def open_source(path: str | os.PathLike[str]) -> Iterator[LineSource]:
    """Open a VCF and give its lines, decompressed; ``-`` is standard input.

    Raises
    ------
    FileFormatError
        If the file is absent, a folder, empty or unreadable; while reading, if it is corrupt or ends early.
    """
    name = os.fspath(path)
    raw = _open_raw(name)
    try:
        start = _first_bytes(raw, name)
        if not start:
            raise FileFormatError("the file is empty", path=name, hint="a VCF without variants still has a header")
        blocks = iter(lambda: raw.read1(_BLOCK), b"")
        if start[:2] == _GZIP:
            blocks = _inflated(raw, name)
            first = next(blocks, b"")
            start, blocks = first[:4], chain([first], blocks)
        if start in (_BAM, _CRAM):
            raise FileFormatError(
                "this is an alignment file (BAM or CRAM), not a VCF", path=name, hint="call variants first"
            )
        if start == _BCF:
            blocks = _bcf_text(name)
        yield LineSource(blocks, name)
    finally:
        if name != STANDARD_INPUT:
            raw.close()


def _first_bytes(raw: io.BufferedReader, name: str) -> bytes:
    try:
        return raw.peek(4)[:4]
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror}", path=name) from error


def _open_raw(name: str) -> io.BufferedReader:
    if name == STANDARD_INPUT:
        standard: Any = sys.stdin.buffer
        return standard if isinstance(standard, io.BufferedReader) else io.BufferedReader(standard, _BLOCK)
    try:
        return io.BufferedReader(io.FileIO(name), _BLOCK)
    except FileNotFoundError as error:
        raise FileFormatError("no such file", path=name) from error
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror}", path=name) from error


def _require_bgzf_end(name: str) -> None:
    with open(name, "rb") as handle:
        handle.seek(0, os.SEEK_END)
        handle.seek(-min(len(BGZF_END), handle.tell()), os.SEEK_END)
        if handle.read() != BGZF_END:
            raise _truncated(name, "its bgzip end-of-file block is missing")


def _truncated(name: str, why: str) -> FileFormatError:
    return FileFormatError(
        f"the file is truncated: {why}", path=name, hint="copy or write it again; check with: bcftools index or gzip -t"
    )


def _bcf_text(name: str) -> Iterator[bytes]:
    """Yield a BCF as text, header first; htslib prints a float with its shortest decimal."""
    import cyvcf2  # heavy, and only BCF needs it

    if name == STANDARD_INPUT:
        raise FileFormatError("BCF cannot be read from standard input", hint="bcftools view in.bcf | her2g tmb -")
    _require_bgzf_end(name)
    try:
        reader = cyvcf2.VCF(name)
        yield reader.raw_header.encode()
        for record in reader:
            yield str(record).encode()
    except Exception as error:  # cyvcf2 raises a bare Exception for a broken record
        raise FileFormatError(
            f"the BCF cannot be read: {error}", path=name, hint="bcftools view FILE > FILE.vcf"
        ) from error


def _inflated(raw: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield a gzip stream of one or many members, decompressed; bgzip blocks are taken whole, which is faster."""
    try:
        head = raw.read(_BGZF_HEADER)
        yield from _bgzf_blocks(raw, head, name) if _is_bgzf(head) else _gzip_blocks(raw, head, name)
    except (zlib.error, struct.error) as error:
        raise FileFormatError("the compressed data are corrupt", path=name, hint="check with: gzip -t") from error


def _bgzf_blocks(raw: BinaryIO, head: bytes, name: str) -> Iterator[bytes]:
    last_size = -1
    while head:
        if len(head) < _BGZF_HEADER:
            raise _truncated(name, "it stops within a bgzip block")
        if not _is_bgzf(head):
            yield from _gzip_blocks(raw, head, name)  # plain gzip members may follow
            return
        size = struct.unpack_from("<H", head, 16)[0] + 1
        body = raw.read(max(size - _BGZF_HEADER, 0))
        if len(body) < max(size - _BGZF_HEADER, 8):
            raise _truncated(name, "it stops within a bgzip block")
        data = zlib.decompress(body[:-8], -15)
        checksum, last_size = struct.unpack("<II", body[-8:])
        if zlib.crc32(data) != checksum or len(data) != last_size:
            raise zlib.error("checksum")
        if data:
            yield data
        head = raw.read(_BGZF_HEADER)
    if last_size != 0:
        raise _truncated(name, "its bgzip end-of-file block is missing")


def _gzip_blocks(raw: BinaryIO, data: bytes, name: str) -> Iterator[bytes]:
    while data:
        member = zlib.decompressobj(31)
        while not member.eof:
            if not data:
                raise _truncated(name, "its gzip stream has no end")
            piece = member.decompress(data)
            if piece:
                yield piece
            data = b"" if member.eof else raw.read(_BLOCK)
        data = member.unused_data or raw.read(_BLOCK)
        if data[:2] != _GZIP:
            data = data.strip(b"\0")  # padding after the last member
            if data:
                raise zlib.error("trailing bytes")


def _is_bgzf(head: bytes) -> bool:
    return head[:2] == _GZIP and len(head) == _BGZF_HEADER and head[3] & 4 != 0 and head[12:16] == b"BC\x02\x00"
