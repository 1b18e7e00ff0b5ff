"""Allele fractions as files write them: fractions, percentages, with or without a sign."""

from __future__ import annotations

import os

import pandas as pd

from her2genomics.exceptions import AmbiguousInputError, SchemaError

_DECIMALS = 12
"""Rounding after the division by 100, so that 0.2 % equals a threshold of 0.002."""


def read_fractions(
    values: pd.Series,
    *,
    samples: pd.Series,
    column: str,
    path: str | os.PathLike[str],
    percent: bool = False,
) -> tuple[pd.Series, bool]:
    """Return allele fractions from 0 to 1, and whether the file had percentages.

    Percentages are recognised by a ``%`` in the cells or the column's name, or when most values are above 1.

    Parameters
    ----------
    values
        Cells as text.
    samples
        Sample of each row, for messages.
    column
        Name of the column in the file.
    path
        File, for messages.
    percent
        True when the make of the file says so.

    Raises
    ------
    SchemaError
        If a cell is no number, or is negative or above 100 %.
    AmbiguousInputError
        If only some values are above 1.

    Examples
    --------
    >>> cells = pd.Series(["26.53", "100", "0.4"], dtype="string")
    >>> read_fractions(cells, samples=cells, column="vaf", path="x.maf")[0].tolist()
    [0.2653, 1.0, 0.004]
    """
    signed = values.str.endswith("%").fillna(False).astype(bool)
    numbers = pd.to_numeric(values.mask(signed, values.str.rstrip("% ")), errors="coerce").astype("Float64")
    _refuse(numbers.isna() & values.notna(), values, samples, column, path, "is not a number")
    above = (numbers > 1).fillna(False).astype(bool)
    percent = percent or bool(signed.any()) or any(word in column.lower() for word in ("pct", "percent", "%"))
    if above.any() and not percent:
        if above.sum() * 2 < numbers.notna().sum():
            row = int(above.to_numpy().nonzero()[0][0])
            raise AmbiguousInputError(
                f"{int(above.sum())} of {int(numbers.notna().sum())} allele fractions are above 1 (first:"
                f" {values.iloc[row]}): percentages or fractions?",
                path=path,
                sample=_name(samples, row),
                column=column,
                hint="write fractions from 0 to 1, or put pct into the column's name",
            )
        percent = True
    fractions = (numbers / 100).round(_DECIMALS) if percent else numbers
    outside = (fractions < 0) | (fractions > 1)
    _refuse(outside, values, samples, column, path, "is no allele fraction")
    return fractions, percent


def _refuse(
    bad: pd.Series, values: pd.Series, samples: pd.Series, column: str, path: str | os.PathLike[str], why: str
) -> None:
    rows = bad.fillna(False).to_numpy(dtype=bool).nonzero()[0]
    if len(rows):
        row = int(rows[0])
        raise SchemaError(f"value '{values.iloc[row]}' {why}", path=path, sample=_name(samples, row), column=column)


def _name(samples: pd.Series, row: int) -> str | None:
    return None if pd.isna(samples.iloc[row]) else str(samples.iloc[row])
