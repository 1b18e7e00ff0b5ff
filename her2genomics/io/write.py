"""Writing results: whole or not at all.

Every file is written under a temporary name in its own folder, flushed to the disk and renamed; an interrupted or
failed run leaves no half-written output.  Tables go out as TSV, CSV, JSON (records) or Parquet; numbers in text formats
carry six significant digits, missing values are ``NA``, and lines end with a single line feed.  pandas and pyarrow are
imported where a table is written: `write_rows` gives the same bytes without them.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from her2genomics.exceptions import FileFormatError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv as pacsv

FORMATS: tuple[str, ...] = ("tsv", "csv", "json", "parquet")
FLOAT_FORMAT = "%.6g"
NA_TEXT = "NA"
_CELLS_AT_ONCE = 8_000_000


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that becomes ``path`` when the block ends without an error.

    Raises
    ------
    FileFormatError
        If the folder cannot be made or written to, or the disk is full.
    """
    final = Path(path)
    temporary: Path | None = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".part", dir=final.parent)
        os.close(handle)
        temporary = Path(name)
        temporary.chmod(0o666 & ~_umask())
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(final)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error  # libraries put words of their own into strerror
        raise FileFormatError(f"cannot write: {why}", path=final) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def format_of(path: str | os.PathLike[str] | None, chosen: str | None = None) -> str:
    """Return the table format: the chosen one, else by the file's ending, else TSV.

    Raises
    ------
    UsageError
        If the format is not one of `FORMATS`.
    """
    if chosen is None and path is not None:
        ending = Path(path).suffix.lower().lstrip(".")
        return ending if ending in FORMATS else "tsv"
    name = chosen or "tsv"
    if name not in FORMATS:
        raise UsageError(f"unknown format '{name}'", hint=f"use one of: {', '.join(FORMATS)}")
    return name


def write_table(
    table: pd.DataFrame, path: str | os.PathLike[str] | None = None, fmt: str | None = None, *, header: bool = True
) -> None:
    """Write a table to a file, or to standard output when ``path`` is None or ``-``.

    Raises
    ------
    FileFormatError
        If the file cannot be written.
    UsageError
        If the format is unknown, or Parquet is asked for on standard output.
    """
    if path is None or os.fspath(path) == "-":
        kind = format_of(None, fmt)
        if kind == "parquet":
            raise UsageError("parquet is binary and needs a file", hint="add --out FILE.parquet")
        buffer = io.BytesIO()
        _write_text(table, buffer, kind, header)
        sys.stdout.write(buffer.getvalue().decode("utf-8"))
        sys.stdout.flush()
        return
    kind = format_of(path, fmt)
    with atomic_path(path) as temporary:
        if kind == "parquet":
            table.to_parquet(temporary, index=False)
        else:
            with temporary.open("wb") as handle:
                _write_text(table, handle, kind, header)


def write_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Any],
    path: str | os.PathLike[str] | None = None,
    fmt: str | None = None,
) -> None:
    """Write rows as `write_table` writes the same table; text formats need neither pandas nor pyarrow.

    Parameters
    ----------
    rows
        One mapping per row; an absent or None value is missing.
    columns
        Columns, in order, and their types (as in `schema.TableSchema.dtypes`).
    path, fmt
        See `write_table`.
    """
    kind = format_of(path, fmt)
    if kind not in ("tsv", "csv"):
        import pandas as pd

        cells = {name: pd.array([row.get(name) for row in rows], dtype=dtype) for name, dtype in columns.items()}
        write_table(pd.DataFrame(cells), path, fmt)
        return
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=_delimiter(kind), lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    if path is None or os.fspath(path) == "-":
        sys.stdout.write(text.getvalue())
        sys.stdout.flush()
    else:
        write_text(text.getvalue(), path)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return NA_TEXT if value != value else FLOAT_FORMAT % value
    return NA_TEXT if value is None else str(value)


def _delimiter(kind: str) -> str:
    return "\t" if kind == "tsv" else ","


def _write_text(table: pd.DataFrame, handle: IO[bytes], kind: str, header: bool) -> None:
    if kind == "json":
        handle.write((json.dumps(_records(table), indent=1) + "\n").encode("utf-8"))
        return
    import pyarrow as pa
    import pyarrow.csv as pacsv

    delimiter = _delimiter(kind)
    if header:
        names = io.StringIO()
        csv.writer(names, delimiter=delimiter, lineterminator="\n").writerow(table.columns)
        handle.write(names.getvalue().encode("utf-8"))
    if not table.shape[1]:
        return
    start = handle.tell()
    rows = max(1, _CELLS_AT_ONCE // table.shape[1])
    parts = [slice(first, first + rows) for first in range(0, len(table), rows)]
    columns = [_text_column(table.iloc[:, i]) for i in range(table.shape[1])]
    try:
        plain = pacsv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="none")
        for text in _formatted(columns, parts, plain):
            handle.write(text)
    except pa.ArrowInvalid:  # a cell holds a delimiter, a quote or a line end
        handle.seek(start)
        handle.truncate()
        for part in parts:
            quoted = io.StringIO(newline="")
            cells = (column.to_pylist() for column in _text_cells(columns, part).columns)
            csv.writer(quoted, delimiter=delimiter, lineterminator="\n").writerows(zip(*cells, strict=True))
            handle.write(quoted.getvalue().encode("utf-8"))


def _formatted(
    columns: Sequence[Callable[[slice], pa.Array]], parts: Sequence[slice], options: pacsv.WriteOptions
) -> Iterator[pa.Buffer]:
    """Yield parts of the rows as text, in order; as many are made at a time as Arrow has threads."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    def formatted(rows: slice) -> pa.Buffer:
        text = pa.BufferOutputStream()
        pacsv.write_csv(_text_cells(columns, rows), text, options)
        return text.getvalue()

    at_once = pa.cpu_count()
    with ThreadPoolExecutor(at_once) as pool:
        for first in range(0, len(parts), at_once):
            yield from pool.map(formatted, parts[first : first + at_once])


def _text_cells(columns: Sequence[Callable[[slice], pa.Array]], rows: slice) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_arrays([column(rows) for column in columns], names=[str(i) for i in range(len(columns))])


def _text_column(values: pd.Series) -> Callable[[slice], pa.Array]:
    """Return a function that gives some rows of a column as they stand in the file."""
    import pandas as pd
    import pyarrow as pa

    if not isinstance(values.array, pd.Categorical):
        return lambda rows: _as_text(values.iloc[rows])
    codes = values.array.codes
    texts = pa.array([*map(str, values.array.categories.tolist()), NA_TEXT], type=pa.string())
    return lambda rows: _taken(texts, codes[rows])


def _taken(texts: pa.Array, codes: npt.NDArray[np.integer]) -> pa.Array:
    """Return the text of each code, the last one for a negative code."""
    import numpy as np
    import pyarrow as pa

    if len(texts) > np.iinfo(codes.dtype).max:
        codes = codes.astype(np.int64)
    return texts.take(pa.array(np.where(codes < 0, codes.dtype.type(len(texts) - 1), codes)))


def _as_text(values: pd.Series) -> pa.Array:
    """Return a column as it stands in the file."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(values.dtype, pd.StringDtype):
        return pa.array(values.fillna(NA_TEXT), type=pa.string())
    missing = values.isna()
    if missing.all():
        return pa.array([NA_TEXT], type=pa.string()).take(pa.array([0] * len(values)))
    if pd.api.types.is_float_dtype(values.dtype):
        numbers = values.to_numpy(dtype=float, na_value=float("nan"))
        codes, bits = pd.factorize(numbers.view("int64"))  # as bits, in which 0 and -0 differ
        text = [NA_TEXT if number != number else FLOAT_FORMAT % number for number in bits.view(float).tolist()]
        return pa.array(text, type=pa.string()).take(pa.array(codes))
    text = [NA_TEXT if gap else str(value) for value, gap in zip(values.tolist(), missing.tolist(), strict=True)]
    return pa.array(text, type=pa.string())


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return records


def write_json(content: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a manifest or another mapping as indented JSON with sorted keys off (order as given)."""
    write_text(json.dumps(content, indent=1, default=str) + "\n", path)


def write_bytes(content: bytes, path: str | os.PathLike[str]) -> None:
    """Write bytes as they are."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write text as UTF-8."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
