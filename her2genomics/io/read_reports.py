"""What a reader reports beside its table: what each column was taken for, and what was counted on the way."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable

import pandas as pd

from her2genomics.exceptions import DataWarning

REPORT_COLUMNS: tuple[str, ...] = ("column", "recognised_as", "how", "n_missing", "note")
COUNT_COLUMNS: tuple[str, ...] = ("what", "n", "note")
Count = tuple[str, int, str]
"""What was dropped, set to missing or changed; how many; a note."""


def column_report(rows: Iterable[tuple[str | None, str | None, str, int, str]]) -> pd.DataFrame:
    """Return the report of columns: ``column, recognised_as, how, n_missing, note``."""
    return pd.DataFrame(rows, columns=list(REPORT_COLUMNS)).astype({"n_missing": "Int64"})


def add_note(report: pd.DataFrame, column: str, note: str) -> None:
    """Add a note to the report row of a recognised column, in place."""
    for row in report.index[report["recognised_as"] == column][:1]:
        before = report.loc[row, "note"]
        report.loc[row, "note"] = f"{before}; {note}" if before else note


def add_derived(report: pd.DataFrame, column: str, how: str, n_missing: int) -> pd.DataFrame:
    """Return the report with a row for a column that is not in the file but follows from others."""
    return pd.concat([report, column_report([(None, column, how, n_missing, "")])], ignore_index=True)


def count_table(counts: Iterable[Count], path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return ``what, n, note`` rows of what was counted, zeros left out, and say them once in a warning."""
    rows = [row for row in counts if row[1]]
    if rows:
        said = "; ".join(f"{what} {n:,}" + (f" ({note})" if note else "") for what, n, note in rows)
        warnings.warn(DataWarning(f"{os.fspath(path)}: {said}"), stacklevel=3)
    return pd.DataFrame(rows, columns=list(COUNT_COLUMNS))
