"""Calibrating burdens from files: pairs in, a line or calibrated burdens out."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pandas as pd

from her2genomics.exceptions import SchemaError
from her2genomics.io.tables import read_table
from her2genomics.tmb_calibration import Calibration, fit_calibration


def calibrate_tables(
    pairs: str | os.PathLike[str] | None,
    table: str | os.PathLike[str] | None,
    *,
    panel_column: str = "panel_tmb",
    exome_column: str = "wes_tmb",
    slope: float | None = None,
    intercept: float | None = None,
) -> pd.DataFrame:
    """Fit or take a calibration line; return it, or a burden table with calibrated values beside it.

    Parameters
    ----------
    pairs
        Table with one row per sample measured both ways; None takes ``slope`` and ``intercept``.
    table
        Table with a ``tmb`` column; None returns the line itself.
    panel_column, exome_column
        Columns of ``pairs``.
    slope, intercept
        A known line.

    Raises
    ------
    SchemaError
        If a column is absent or a value is no number.
    StatisticsError
        If no line can be fitted.
    """
    if pairs is not None:
        rows = _numbers(read_table(pairs), (panel_column, exome_column), pairs)
        line = fit_calibration(rows[panel_column], rows[exome_column])
    else:
        line = Calibration(float(slope or 0.0), float(intercept or 0.0))
    if table is None:
        return line.table()
    burdens = read_table(table)
    predicted = line.predict(_numbers(burdens, ("tmb",), table)["tmb"]).set_index(burdens.index)
    return pd.concat([burdens, predicted], axis=1)


def _numbers(table: pd.DataFrame, names: Sequence[str], path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return columns as numbers; a text that is no number is refused with its row."""
    columns = {}
    for name in names:
        if name not in table.columns:
            raise SchemaError(f"no column {name} (columns: {', '.join(map(str, table.columns))})", path=path)
        columns[name] = pd.to_numeric(table[name], errors="coerce").astype("Float64")
        wrong = (columns[name].isna() & table[name].notna()).to_numpy(dtype=bool).nonzero()[0]
        if len(wrong):
            value = table[name].iloc[int(wrong[0])]
            raise SchemaError(f"'{value}' is no number", path=path, line=int(wrong[0]) + 2, column=name)
    return pd.DataFrame(columns)
