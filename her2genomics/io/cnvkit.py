"""CNVkit's bin tables: ``.cnn`` (coverage, reference), ``.cnr`` (ratios) and ``.cns`` (segments).

They are one format: tab-separated, one row per bin, 0-based half-open, columns known by their names and in no fixed
order.  Files differ in which columns they carry (many ``.cnn`` have ``log2`` and no ``depth``), so only the five that
every file has are asked for.
"""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import SchemaError
from her2genomics.genome import normalise_contigs
from her2genomics.io.write import write_table

NO_GENE = "-"
NORMALS_SUFFIX, NULL_SUFFIX = ".normals.tsv", ".null.tsv"
"""Endings of the tables beside a reference ``.cnn`` of ours: its normals, and their null."""
_DIGITS = ".10g"


def read_cnn(path: str | os.PathLike[str]) -> pd.DataFrame:
    r"""Read a CNVkit ``.cnn``, ``.cnr`` or ``.cns`` file.

    Parameters
    ----------
    path
        File, plain or gzipped; ``-`` is standard input.

    Returns
    -------
    pandas.DataFrame
        The columns of `schema.COVERAGE` that the file has, typed: ``chromosome`` (chr-prefixed), ``start``, ``end``
        [bp, 0-based half-open], ``gene`` (``-`` where empty), ``log2``, and ``depth, gc, rmask, spread, weight,
        probes`` where present; other columns behind them as text. Rows are in the order of the file; a bin may
        occur twice.

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If ``chromosome, start, end, gene`` or ``log2`` is missing, a value is not of its column's type or range, or
        a bin ends before it starts.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "x.cnn"
    >>> _ = file.write_text("chromosome\tstart\tend\tgene\tlog2\n17\t100\t200\tERBB2\t8.5\n")
    >>> read_cnn(file).values.tolist()
    [['chr17', 100, 200, 'ERBB2', 8.5]]
    """
    from her2genomics.io.tables import read_table  # late: writing needs none of Arrow's readers

    raw = read_table(path)
    missing = [c.name for c in schema.COVERAGE.columns if c.required and c.name not in raw.columns]
    if missing:
        names = ", ".join(str(name) for name in raw.columns[:8])
        raise SchemaError(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            path=path,
            hint=f"a CNVkit table is expected; the file has {names}",
        )
    raw["gene"] = raw["gene"].fillna(NO_GENE)
    table = schema.check(raw, schema.COVERAGE, source=path, unique=False)
    _refuse_no_interval(table, path)
    table["chromosome"] = normalise_contigs(table["chromosome"]).astype("string")
    table.attrs = {}
    return table


def _refuse_no_interval(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    absent = table[["chromosome", "start", "end"]].isna().any(axis=1).to_numpy(dtype=bool)
    reversed_rows = (table["end"] <= table["start"]).to_numpy(dtype=bool, na_value=False)
    bad = np.flatnonzero(absent | reversed_rows)
    if len(bad):
        row = table.iloc[int(bad[0])]
        where = f"{row['chromosome']}:{row['start']}-{row['end']}"
        what = "is incomplete" if absent[bad[0]] else "ends before it starts"
        raise SchemaError(f"bin {where} {what}", path=path, line=int(bad[0]) + 2)


def write_cnn(table: pd.DataFrame, path: str | os.PathLike[str] | None = None) -> None:
    """Write bins as CNVkit writes them: its column names, no further header, 10 significant digits.

    Parameters
    ----------
    table
        ``chromosome, start, end, gene, log2`` and any further columns; declared ones go first, in their order.
    path
        ``.cnn``, ``.cnr`` or ``.cns`` file; standard output when None or ``-``.

    Raises
    ------
    SchemaError
        If a required column is missing, or a value is not of its column's type or range.
    FileFormatError
        If the file cannot be written.
    """
    checked = schema.check(table, schema.COVERAGE, unique=False)
    checked["gene"] = checked["gene"].fillna(NO_GENE)
    for name, values in checked.items():
        if pd.api.types.is_float_dtype(values.dtype):
            text = [pd.NA if pd.isna(x) else format(x, _DIGITS) for x in values.tolist()]
            checked[name] = pd.array(text, dtype="string")
    write_table(checked, path, "tsv")
