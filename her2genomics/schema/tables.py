"""What a table is: its columns with type, unit, range and meaning, and the check at the door of every step.

Types are the nullable ones of pandas, because missing is missing: ``string``, ``int``, ``float``, ``bool``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from her2genomics.exceptions import SchemaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

DTYPES: dict[str, Any] = {"string": "string", "int": "Int64", "float": "Float64", "bool": "boolean"}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name, dtype
        Column name; one of the keys of `DTYPES`.
    meaning
        One phrase for the documentation.
    unit
        Unit as printed (``bp``, ``Mb``, ``x``, ``log2``, ``months`` ...).
    low, high
        Inclusive range of allowed values.
    choices
        Closed vocabulary.
    key
        Whether the column belongs to the table's key (unique together, never missing).
    required
        Whether the column has to be present; optional columns are checked when they are there.
    """

    name: str
    dtype: str
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    key: bool = False
    required: bool = True


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table, in the order in which they are written."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    files: str = ""
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def dtypes(self) -> dict[str, Any]:
        """Type of each declared column, in order."""
        return {column.name: DTYPES[column.dtype] for column in self.columns}

    @property
    def names(self) -> list[str]:
        """Names of all declared columns, in order."""
        return [column.name for column in self.columns]

    @property
    def key(self) -> list[str]:
        """Names of the key columns."""
        return [column.name for column in self.columns if column.key]

    def __getitem__(self, name: str) -> Column:
        return self.by_name[name]


def column(name: str, dtype: str, meaning: str, unit: str = "", **more: object) -> Column:
    """Return a column; ``more`` are the other fields of `Column`."""
    return Column(name, dtype, meaning, unit, **more)  # type: ignore[arg-type]


def empty(schema: TableSchema) -> pd.DataFrame:
    """Return a table without rows that has every declared column in its declared type."""
    import pandas as pd

    return pd.DataFrame({c.name: pd.Series(dtype=DTYPES[c.dtype]) for c in schema.columns})


def conform(table: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Return our own result table with exactly the declared columns, in order and typed; absent ones are missing.

    For tables that the package has made; a table from outside goes through `check`.
    """
    import pandas as pd

    columns = {}
    for column in schema.columns:
        values = table.get(column.name)
        dtype = DTYPES[column.dtype]
        columns[column.name] = (
            pd.Series(pd.NA, index=table.index, dtype=dtype) if values is None else values.astype(dtype)
        )
    return pd.DataFrame(columns, index=table.index)


def check(
    table: pd.DataFrame, schema: TableSchema, *, source: str | os.PathLike[str] | None = None, unique: bool = True
) -> pd.DataFrame:
    """Check a table against its schema and return it with the declared types.

    Declared columns come first, in their order; others are kept behind them untouched.

    Parameters
    ----------
    table
        Table as read; values may still be text.
    schema
        What it has to be.
    source
        File name for messages.
    unique
        Whether the key columns have to be unique together.

    Raises
    ------
    SchemaError
        If a required column is absent, a value is not of the column's type, out of range or not in its vocabulary, or
        a key is missing or repeated. The message names the first offending row (its ``sample_id`` where there is one).
    """
    import pandas as pd

    require_columns(table, schema, source=source)
    present = [c for c in schema.columns if c.name in table.columns]
    typed = {c.name: _typed(table, c, source) for c in present}
    rest = {name: table[name] for name in table.columns if name not in typed}
    result = pd.DataFrame({**typed, **rest}, index=table.index)
    if unique and schema.key:
        _check_key(result, schema, source)
    return result


def require_columns(table: pd.DataFrame, schema: TableSchema, *, source: str | os.PathLike[str] | None = None) -> None:
    """Refuse a table that lacks a required column; the first part of `check`.

    Raises
    ------
    SchemaError
        If one is absent.
    """
    missing = [c.name for c in schema.columns if c.required and c.name not in table.columns]
    if missing:
        raise SchemaError(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)} (table {schema.name})", path=source
        )


def _typed(table: pd.DataFrame, column: Column, source: str | os.PathLike[str] | None) -> pd.Series:
    values: pd.Series = table[column.name]
    known = values.notna().to_numpy(dtype=bool)
    if column.dtype in ("int", "float"):
        return _typed_numbers(table, column, known, source)
    if column.dtype == "bool":
        mapped = values.map(_BOOLEANS, na_action="ignore") if values.dtype != "boolean" else values
        _refuse(known & mapped.isna().to_numpy(dtype=bool), table, column, "is not true or false", source)
        return mapped.astype("boolean")
    text = values.astype("string")
    if column.choices:
        allowed = " / ".join(column.choices)
        other = ~text.isin(column.choices).to_numpy(dtype=bool)
        _refuse(known & other, table, column, f"is not one of {allowed}", source)
    return text


def _typed_numbers(
    table: pd.DataFrame, column: Column, known: npt.NDArray[np.bool_], source: str | os.PathLike[str] | None
) -> pd.Series:
    import numpy as np
    import pandas as pd

    typed = pd.to_numeric(table[column.name], errors="coerce")
    numbers = typed.to_numpy(dtype=float, na_value=np.nan)
    _refuse(known & np.isnan(numbers), table, column, "is not a number", source)
    with np.errstate(invalid="ignore"):
        if column.dtype == "int":
            _refuse(known & (numbers % 1 != 0), table, column, "is not a whole number", source)
            _refuse(np.abs(numbers) > _LARGEST_INT, table, column, "is too large", source)
        if column.low is not None:
            _refuse(numbers < column.low, table, column, f"is below {column.low:g}", source)
        if column.high is not None:
            _refuse(numbers > column.high, table, column, f"is above {column.high:g}", source)
    conformed: pd.Series = typed.astype(DTYPES[column.dtype])
    return conformed


_LARGEST_INT = 2**53 - 1  # whole numbers up to here are exact however they were read

_BOOLEANS: dict[object, bool] = {
    True: True, False: False, "True": True, "False": False, "TRUE": True, "FALSE": False, "true": True, "false": False,
    "1": True, "0": False, "1.0": True, "0.0": False, "yes": True, "no": False, "Yes": True, "No": False,
    "YES": True, "NO": False, "1:DECEASED": True, "0:LIVING": False,
}  # fmt: skip


def _refuse(
    bad: npt.NDArray[np.bool_],
    table: pd.DataFrame,
    column: Column,
    problem: str,
    source: str | os.PathLike[str] | None,
) -> None:
    positions = bad.nonzero()[0]
    if not len(positions):
        return
    row = table.iloc[int(positions[0])]
    more = f" (and {len(positions) - 1} more rows)" if len(positions) > 1 else ""
    sample = row.get("sample_id", row.get("Tumor_Sample_Barcode"))
    raise SchemaError(
        f"value '{row[column.name]}' {problem}{more}",
        path=source,
        sample=_text_of(sample),
        line=None if sample is not None else int(positions[0]) + 2,
        column=column.name,
    )


def _text_of(sample: Any) -> str | None:
    import pandas as pd

    return None if sample is None or pd.isna(sample) else str(sample)


def _check_key(table: pd.DataFrame, schema: TableSchema, source: str | os.PathLike[str] | None) -> None:
    key = [name for name in schema.key if name in table.columns]
    for name in key:
        if table[name].isna().any():
            row = int(table[name].isna().to_numpy().nonzero()[0][0])
            raise SchemaError(f"{name} is empty in data row {row + 1}", path=source, column=name)
    repeated = table.duplicated(key)
    if repeated.any():
        first = table.loc[repeated, key].iloc[0]
        values = ", ".join(f"{name}={first[name]}" for name in key)
        count = int(repeated.sum())
        raise SchemaError(
            f"{count} repeated row{'s' if count > 1 else ''}, first: {values}",
            path=source,
            hint="keep one row per " + ", ".join(key),
        )


def render_markdown(schema: TableSchema) -> str:
    """Return the Markdown column table of a schema, as shown in docs/tables.md."""
    lines = [
        f"### {schema.name}",
        "",
        schema.meaning,
        "",
        "| column | type | unit | range | meaning |",
        "|---|---|---|---|---|",
    ]
    for c in schema.columns:
        name = f"*{c.name}*" if c.key else c.name
        name += "" if c.required else " †"
        span = " / ".join(c.choices) if c.choices else _span(c.low, c.high)
        lines.append(f"| {name} | {c.dtype} | {c.unit} | {span} | {c.meaning} |")
    return "\n".join(lines) + "\n"


def _span(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    return f"{'' if low is None else format(low, 'g')} to {'' if high is None else format(high, 'g')}".strip()
