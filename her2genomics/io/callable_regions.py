"""Callable regions: the bases that a run covered deeply enough, from what coverage tools write.

Understood are a plain BED (every interval is callable), a BED with depth in column 4 or 5 (mosdepth per base, per
region), a BED with states (GATK CallableLoci and mosdepth --quantize: rows of state CALLABLE count), and a table with
a ``depth`` column (CNVkit .cnn).  Whether a number in column 4 is a depth is asked, not guessed: it needs a minimum.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from her2genomics.exceptions import AmbiguousInputError, FileFormatError, UsageError
from her2genomics.intervals import Intervals
from her2genomics.io.sources import find_source
from her2genomics.io.vcf_callers import parse_number

CALLABLE_STATES: frozenset[str] = frozenset({"CALLABLE", "PASS", "HIGH_COVERAGE", "EXCESSIVE_COVERAGE"})
_STATES: frozenset[str] = CALLABLE_STATES | {
    "REF_N", "NO_COVERAGE", "LOW_COVERAGE", "POOR_MAPPING_QUALITY", "EXCESSIVE_COVERAGE",
}  # fmt: skip
_COMMENT = ("#", "track", "browser")


@dataclass(frozen=True)
class _Row:
    chromosome: str
    start: int
    end: int
    rest: tuple[str, ...]


def read_callable(path: str | os.PathLike[str], min_depth: float | None = None) -> Intervals:
    """Read the callable intervals of a coverage file.

    Parameters
    ----------
    path
        BED or table, plain or compressed.
    min_depth
        Depth from which a base is callable [x], inclusive; needed where the file gives depths.

    Raises
    ------
    FileFormatError
        If the file is no BED or coverage table, or holds no interval.
    AmbiguousInputError
        If column 4 holds numbers and no minimum is given.
    UsageError
        If a minimum is given for a file without depths, or no interval reaches it.
    """
    rows, header = _read_rows(path)
    place = _depth_column(rows, header)
    if place is not None:
        if min_depth is None:
            raise AmbiguousInputError(
                f"column {place + 4} looks like a depth",
                path=path,
                hint="say from which depth a base is callable: --min-coverage 100",
            )
        kept = [row for row in rows if (parse_number(row.rest[place]) or 0.0) >= min_depth]
        if not kept:
            raise UsageError(f"no interval reaches a depth of {min_depth:g}", path=path)
    elif min_depth is not None:
        raise UsageError("--min-coverage needs a file with depths", path=path, hint="leave --min-coverage out")
    else:
        kept = _in_callable_state(rows)
    return Intervals.from_rows((row.chromosome, row.start, row.end) for row in kept)


def _read_rows(path: str | os.PathLike[str]) -> tuple[list[_Row], list[str]]:
    header: list[str] = []
    rows: list[_Row] = []
    with find_source(path).open() as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            if not line.strip() or line.startswith(_COMMENT):
                continue
            cells = line.split("\t" if "\t" in line else None)
            if not rows and not header and cells[0].lower() in ("chromosome", "chrom", "chr"):
                header = [cell.lower() for cell in cells]
                continue
            rows.append(_row(cells, path, number))
    if not rows:
        raise FileFormatError("no interval in the file", path=path)
    return rows, header


def _row(cells: Sequence[str], path: str | os.PathLike[str], number: int) -> _Row:
    try:
        row = _Row(cells[0], int(cells[1]), int(cells[2]), tuple(cells[3:]))
    except (IndexError, ValueError):
        raise FileFormatError("not a BED line (chromosome, start, end)", path=path, line=number) from None
    if row.start < 0 or row.end < row.start:
        raise FileFormatError(f"interval {row.start}-{row.end} is not 0-based half-open", path=path, line=number)
    return row


def _depth_column(rows: Sequence[_Row], header: Sequence[str]) -> int | None:
    """Return which column behind the interval holds a depth: named so, or the first one with numbers only."""
    if header:
        return header.index("depth") - 3 if "depth" in header[3:] else None
    for place in (0, 1):
        if all(len(row.rest) > place and parse_number(row.rest[place]) is not None for row in _sample(rows)):
            return place
    return None


def _sample(rows: Sequence[_Row]) -> Iterator[_Row]:
    yield from rows[:1000]


def _in_callable_state(rows: list[_Row]) -> list[_Row]:
    states = {row.rest[0].upper() for row in rows if row.rest}
    if not states or not states <= _STATES:
        return rows
    return [row for row in rows if row.rest and row.rest[0].upper() in CALLABLE_STATES]
