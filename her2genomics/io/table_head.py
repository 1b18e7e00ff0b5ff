"""The lines above the data: comments, the header with the column names, and how its columns are separated.

The delimiter is told by the header line alone.  Where a header can be read in two ways (commas and semicolons, columns
separated by blanks, a header behind a comment mark) the user is asked; nothing is tried out in turn.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field

from her2genomics.exceptions import AmbiguousInputError, FileFormatError

MISSING_MARKERS: tuple[str, ...] = (
    "", "NA", "N/A", "n/a", "na", "NaN", "nan", "NAN", "null", "NULL", "Null", "None", ".", "#N/A", "--", "'--",
    "[Not Available]", "[Not Applicable]", "[Unknown]", "[Not Evaluated]", "[Discrepancy]", "[Completed]", "[Pending]",
    "[Not Provided]", "[not available]", "[not applicable]", "[unknown]", "[not evaluated]", "[discrepancy]",
    "Not Available", "Not Applicable", "not available", "not applicable", "Not available", "Not applicable",
    "Not Reported", "not reported", "Not reported",
)  # fmt: skip
"""Cells that mean "no value", exactly as written (after blanks around the cell are taken off).

`none` in lower case is not among them: it is a value of the ISH assay.  `Unknown` is not either: whether it is a
category of its own is the comparison's choice.
"""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
"""A plain decimal number; neither ``inf`` nor ``1_000`` nor ``0x1F``."""

_LONGEST_LINE_BYTES = 256 << 20


@dataclass(frozen=True)
class Head:
    """What stands before the data: comments, column names, how they are separated.

    Parameters
    ----------
    names
        Column names; an empty one becomes ``unnamed_<position>``.
    delimiter
        Tab, comma or semicolon.
    line
        One-based line number of the header.
    comments
        Comment lines above it, without their mark.
    """

    names: list[str]
    delimiter: str
    line: int
    comments: list[str] = field(default_factory=list)


def read_head(
    stream: io.BufferedReader, label: str, *, comment: str | None = "#", delimiter: str | None = None
) -> tuple[Head, list[str] | None]:
    """Read comments and header from a stream; return the head and the first data row's cells (None when there is none).

    Raises
    ------
    FileFormatError
        If there is no header, it looks like data, or a name is repeated.
    AmbiguousInputError
        If the delimiter cannot be told, or the last comment line may be the header.
    """
    comments: list[str] = []
    line_number = 0
    while True:
        text = _read_line(stream, label)
        if text is None:
            raise FileFormatError("there are comment lines only, no header", path=label)
        line_number += 1
        if comment and text.startswith(comment):
            _refuse_vcf_header(text, label)
            comments.append(text[len(comment) :])
        elif text.strip():
            break
    first = _next_filled_line(stream, label, comment)
    delimiter = delimiter or sniff_delimiter(text, first, label)
    names = [_name(cell, i) for i, cell in enumerate(_split(text, delimiter, label, line_number), start=1)]
    refuse_bad_names(names, label, line_number)
    if len(comments) == 1 and len(names) > 1 and len(_split(comments[0], delimiter, label, 1)) == len(names):
        raise AmbiguousInputError(
            f"the line before starts with {comment} and has as many cells as this one: which is the header?",
            path=label,
            line=line_number,
            hint=f"remove the {comment} if that line is the header, or the line if it is a comment",
        )
    cells = None if first is None else _split(first, delimiter, label, line_number + 1, strict=False)
    return Head(names, delimiter, line_number, comments), cells


def _read_line(stream: io.BufferedReader, label: str) -> str | None:
    line = stream.readline(_LONGEST_LINE_BYTES)
    if not line:
        return None
    if len(line) >= _LONGEST_LINE_BYTES:
        raise FileFormatError("a line is longer than 256 MB; this is no table", path=label)
    return _decode(line).rstrip("\r\n")


def _next_filled_line(stream: io.BufferedReader, label: str, comment: str | None) -> str | None:
    while (text := _read_line(stream, label)) is not None:
        if text.strip() and not (comment and text.startswith(comment)):
            return text
    return None


def _decode(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _refuse_vcf_header(text: str, label: str) -> None:
    if text.startswith(("##fileformat=VCF", "#CHROM\tPOS\tID\tREF\tALT")):
        raise FileFormatError(
            "this is a VCF file", path=label, hint="a table is expected here; give a VCF to her2g tmb or to --vcf"
        )


def sniff_delimiter(header: str, first: str | None = None, label: str | None = None) -> str:
    """Return the delimiter of a header line: tab wherever there is one, else comma or semicolon.

    Raises
    ------
    AmbiguousInputError
        If the header holds commas and semicolons, or is separated by blanks.

    Examples
    --------
    >>> sniff_delimiter("sample_id;ihc")
    ';'
    """
    bare = re.sub(r'"[^"]*"', "", header)
    if "\t" in bare:
        return "\t"
    found = [mark for mark in (",", ";") if mark in bare]
    if len(found) > 1:
        raise AmbiguousInputError(
            "the header holds commas and semicolons: which one separates the columns?",
            path=label,
            hint="save the table tab-separated (.tsv)",
        )
    if found:
        return found[0]
    words = len(bare.split())
    if words > 1 and first is not None and len(first.split()) == words:
        raise AmbiguousInputError(
            f"no tab, comma or semicolon in the header, but {words} words: are columns separated by blanks?",
            path=label,
            hint="save the table tab-separated (.tsv)",
        )
    return "\t"


def _split(text: str, delimiter: str, label: str, line: int, *, strict: bool = True) -> list[str]:
    if delimiter == "\t":
        return text.split("\t")
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=strict))
    except csv.Error as error:
        raise FileFormatError("a quote in the header is not closed", path=label, line=line) from error
    return cells


def _name(cell: str, position: int) -> str:
    text = _unquote(cell.strip())
    return text or f"unnamed_{position}"


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"').strip()
    return text


def refuse_bad_names(names: list[str], label: str, line: int | None = None) -> None:
    """Refuse a header without names, with numbers for names, or with a name that is repeated.

    Raises
    ------
    FileFormatError
        If the header is one of these.
    """
    filled = [name for name in names if not name.startswith("unnamed_")]
    if not filled:
        raise FileFormatError("the header has no column name", path=label, line=line)
    if all(NUMBER.fullmatch(name) or name in MISSING_MARKERS for name in filled):
        raise FileFormatError(
            "the first line looks like data, not like column names", path=label, line=line, hint="add a header line"
        )
    repeated = {name: count for name, count in Counter(names).items() if count > 1}
    if repeated:
        name, count = next(iter(repeated.items()))
        numbers = all(NUMBER.fullmatch(name) for name in repeated)
        hint = "is the header line missing?" if numbers else "rename or remove one of them"
        raise FileFormatError(f"column name '{name}' occurs {count} times", path=label, line=line, hint=hint)
