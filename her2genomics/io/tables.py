"""The one table reader: tab, comma or semicolon separated text (or Parquet) to a table of strings.

Nothing is interpreted here beyond the two things that all tables share: how cells are separated, and which cells say
that there is no value.  A cell never becomes a number behind the user's back (``1+``, ``007``, ``Sep7`` and ``1E5``
stay what they are); the reader of a format turns the columns that it knows into what they mean.

Cells are read by Arrow, in one pass and without a Python loop over rows.  Only when a line is wrong is the file read a
second time, slowly, to say which line.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from her2genomics.exceptions import DataWarning, FileFormatError
from her2genomics.io.column_names import name_key
from her2genomics.io.sources import Source, find_source
from her2genomics.io.table_head import MISSING_MARKERS, Head, read_head, refuse_bad_names

ColumnChoice = Callable[[list[str]], Sequence[str]]
_TEXT = pa.large_string()
_SHORT_TEXT = pa.string()
SAMPLE_NAMES: frozenset[str] = frozenset({"sample", "sampleid", "samplename", "samplebarcode", "tumorsamplebarcode"})
"""Names of a sample column, without case and punctuation."""
_BLOCK_BYTES = 2 << 20
_LARGEST_SHORT = 2**31 - 1
_BLOCK_BYTES_PER_HEADER_BYTE = 400
_DELIMITER_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon"}


@dataclass(frozen=True)
class CodedColumn:
    """A column of text as codes of its distinct texts.

    Parameters
    ----------
    codes
        One per row, -1 where there is no value.
    words
        Distinct texts, in the order of first appearance.
    """

    codes: npt.NDArray[np.integer]
    words: pa.Array

    @classmethod
    def of(cls, values: pd.Series) -> CodedColumn:
        """Return a column of a table as codes."""
        codes, words = pd.factorize(values)
        return cls(codes, pa.array([str(word) for word in words], _TEXT))

    def decoded(self) -> pa.Array:
        """Return the column as text."""
        return self.words.take(pa.array(self.codes, mask=self.codes < 0))


@dataclass(frozen=True)
class CodedTable:
    """A table of text of which some columns, those of few distinct texts, stand as codes.

    Parameters
    ----------
    names
        Every column, in the order of the file.
    text
        The columns that are text.
    coded
        The others.
    """

    names: Sequence[str]
    text: pd.DataFrame
    coded: Mapping[str, CodedColumn]

    def column(self, name: str) -> CodedColumn:
        """Return any column as codes."""
        return self.coded[name] if name in self.coded else CodedColumn.of(self.text[name])

    def texts(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Return columns (all by default) as text."""
        chosen = self.names if names is None else names
        columns = {
            name: self.text[name] if name in self.text else pd.array(self.coded[name].decoded(), dtype="string")
            for name in chosen
        }
        table = pd.DataFrame(columns, index=self.text.index)
        table.attrs = self.text.attrs
        return table


def read_table(
    path: str | os.PathLike[str],
    *,
    comment: str | None = "#",
    delimiter: str | None = None,
    columns: ColumnChoice | None = None,
    missing: Sequence[str] = (),
    allow_empty: bool = False,
) -> pd.DataFrame:
    r"""Read a table as text.

    Parameters
    ----------
    path
        Text table, plain or gzipped, or a Parquet file; ``-`` is standard input.
    comment
        Mark of comment lines; None when there are none.
    delimiter
        One character; by default found from the header line.
    columns
        Function from the names in the file to those to read; others are skipped, which saves memory.
    missing
        What else than `MISSING_MARKERS` says that a cell has no value.
    allow_empty
        Whether a header without a data row is a table.

    Returns
    -------
    pandas.DataFrame
        One ``string`` column per column of the file; cells in `MISSING_MARKERS` are missing, blanks
        around a cell are taken off, lines without any value are left out. ``attrs["comments"]`` holds the comment
        lines above the header.

    Raises
    ------
    FileFormatError
        If the file is not there, is empty, is no text table, or a line has too many or too few cells.
    AmbiguousInputError
        If the header can be split in two ways.

    Notes
    -----
    In comma and semicolon separated text a quoted cell may hold the delimiter and line ends. In tab separated text a
    quote has no such power, so that a stray one cannot swallow lines; a pair around a whole cell is taken off.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "clinical.csv"
    >>> _ = file.write_text("sample_id,ihc\nP1,1+\nP2,NA\n")
    >>> read_table(file)
      sample_id   ihc
    0        P1    1+
    1        P2  <NA>
    """
    return _read(path, _Wanted(comment, delimiter, columns, missing=missing), allow_empty).text


def read_coded_table(path: str | os.PathLike[str], coded: ColumnChoice, *, comment: str | None = "#") -> CodedTable:
    """Read a table as `read_table` does, with columns of few distinct texts as codes: a fraction of time and memory.

    Parameters
    ----------
    path, comment
        See `read_table`.
    coded
        Function from the names in the file to those that are wanted as codes; the first column stays text.

    Raises
    ------
    FileFormatError, AmbiguousInputError
        As `read_table`.
    """
    return _read(path, _Wanted(comment, coded=coded), allow_empty=False)


@dataclass(frozen=True)
class _Wanted:
    """What is asked of a file; see `read_table` and `read_coded_table`."""

    comment: str | None
    delimiter: str | None = None
    columns: ColumnChoice | None = None
    coded: ColumnChoice | None = None
    missing: Sequence[str] = ()

    @property
    def markers(self) -> list[str]:
        return [*MISSING_MARKERS, *self.missing]

    def coded_among(self, names: list[str]) -> frozenset[str]:
        """Return the columns to read as codes; never the first, which tells comments and blank lines."""
        chosen = () if self.coded is None else self.coded(names)
        return frozenset(name for name in chosen if name != names[0] and not name.startswith("unnamed_"))


def _read(path: str | os.PathLike[str], wanted: _Wanted, allow_empty: bool) -> CodedTable:
    source = find_source(path)
    if source.magic().startswith(b"PAR1"):
        table, comments = _read_parquet(source, wanted), list[str]()
    else:
        text = _TextTable.opened(source, wanted)
        table, comments = text.read(), text.head.comments
    if not allow_empty and not len(table.text):
        raise FileFormatError("there is a header but no data row", path=source.label)
    table.text.attrs["comments"] = comments
    return table


def read_sample_list(path: str | os.PathLike[str]) -> list[str]:
    """Read sample names: one per line with or without a header, or the sample column of a table.

    Raises
    ------
    FileFormatError
        If the file is no text, or a table without a sample column.
    """
    source = find_source(path)
    with source.open() as stream:
        lines = [line.strip() for line in io.TextIOWrapper(stream, encoding="utf-8", errors="replace")]
    lines = [line for line in lines if line and not line.startswith("#")]
    if any(mark in line for line in lines[:1] for mark in _DELIMITER_NAMES):
        table = read_table(path) if source.path is not None else None
        named = [] if table is None else [name for name in table if name_key(str(name)) in SAMPLE_NAMES]
        if table is None or len(named) != 1:
            raise FileFormatError("no sample column", path=source.label, hint="give one sample per line")
        lines = table[named[0]].dropna().tolist()
    elif lines and name_key(lines[0]) in SAMPLE_NAMES:
        lines = lines[1:]
    return list(dict.fromkeys(lines))


@dataclass(frozen=True)
class _TextTable:
    """One text file, what its head says, and what is wanted of it.

    ``names`` are those of the head, and one more where lines end in a delimiter and the header does not.
    """

    source: Source
    head: Head
    names: list[str]
    comment: str | None
    wanted: list[str] | None
    coded: frozenset[str]
    markers: list[str]

    @classmethod
    def opened(cls, source: Source, asked: _Wanted) -> _TextTable:
        with source.open() as stream:
            head, first = read_head(stream, source.label, comment=asked.comment, delimiter=asked.delimiter)
        names = head.names
        if first is not None and len(first) == len(names) + 1 and not first[-1].strip():
            names = [*names, f"unnamed_{len(first)}"]
        wanted = None if asked.columns is None else _checked_choice(asked.columns(head.names), head.names, source)
        return cls(source, head, names, asked.comment, wanted, asked.coded_among(head.names), asked.markers)

    @property
    def quoting(self) -> bool:
        """Whether quotes may protect delimiters and line ends."""
        return self.head.delimiter != "\t"

    def read(self) -> CodedTable:
        cells = self._cells()
        table = _without_rows(cells, self._blank_or_commented(cells))
        kept = table.text.columns.difference(self._blank_columns(table.text), sort=False)
        names = [name for name in table.names if name in table.coded or name in kept]
        if self.wanted is not None:
            names = [name for name in self.wanted if name in names]
        return replace(table, names=names, text=table.text[[name for name in names if name not in table.coded]])

    def _cells(self) -> CodedTable:
        try:
            return self._parsed("utf-8")
        except UnicodeDecodeError:
            cells = self._parsed("latin-1")
        self._warn("not UTF-8, read as Latin-1; check letters with accents")
        return cells

    def _parsed(self, encoding: str) -> CodedTable:
        with self.source.open() as stream:
            for _ in range(self.head.line):
                stream.readline()
            if not stream.peek(1):
                names = self._to_parse() or self.names
                return CodedTable(names, pd.DataFrame({name: pd.array([], "string") for name in names}), {})
            watched = _WatchedBytes(stream, encoding)
            try:
                cells = self._arrow_table(watched, encoding)
            except pa.ArrowInvalid as error:
                raise self._explained(error) from error
        if self.quoting and watched.quotes:
            self._verify_quoted_lines(cells)
        return _clean(cells, self.coded, self.markers, unquote=watched.quotes and not self.quoting)

    def _arrow_table(self, stream: _WatchedBytes, encoding: str) -> pa.Table:
        return pa_csv.read_csv(
            stream,
            read_options=pa_csv.ReadOptions(
                column_names=self.names, block_size=_block_bytes(self.names), encoding=encoding
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.head.delimiter,
                quote_char='"' if self.quoting else False,
                newlines_in_values=self.quoting,
                invalid_row_handler=lambda row: "skip" if self._is_no_data(row.text) else "error",
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: _SHORT_TEXT if name in self.coded else _TEXT for name in self.names},
                strings_can_be_null=True,
                null_values=self.markers,
                include_columns=self._to_parse(),
            ),
        )

    def _to_parse(self) -> list[str] | None:
        """Return the wanted columns, and those that are needed to see comments and faulty lines."""
        if self.wanted is None:
            return None
        needed = {*self.wanted, self.names[0], *self.names[len(self.head.names) :]}
        return [name for name in self.names if name in needed]

    def _is_no_data(self, text: str) -> bool:
        return not text.strip() or bool(self.comment and text.startswith(self.comment))

    def _verify_quoted_lines(self, cells: pa.Table) -> None:
        """Read again, strictly, where a cell may hold a line end: a quote that is never closed would swallow lines."""
        if self.wanted is None and not any(_holds_line_end(column) for column in cells.columns):
            return
        for _ in self._rows(strict=True):
            pass

    def _rows(self, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Yield (line number, cells) of every data row in plain Python: the slow path that finds a faulty line."""
        newline = "" if self.quoting else None
        with self.source.open() as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline=newline)
            for _ in range(self.head.line):
                text.readline()
            if self.quoting:
                yield from self._quoted_rows(text, strict)
            else:
                for number, line in enumerate(text, start=self.head.line + 1):
                    yield number, line.rstrip("\n").split("\t")

    def _quoted_rows(self, text: io.TextIOWrapper, strict: bool) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(text, delimiter=self.head.delimiter, strict=strict)
        line = self.head.line + 1
        try:
            for cells in reader:
                yield line, cells
                line = self.head.line + reader.line_num + 1
        except csv.Error as error:
            raise FileFormatError(
                "a quoted cell that begins here is not closed as it should be",
                path=self.source.label,
                line=line,
                hint="write a quote inside a cell twice",
            ) from error

    def _explained(self, error: pa.ArrowInvalid) -> FileFormatError:
        """Return the error with the number of the first line that has too many or too few cells."""
        for position, (line, cells) in enumerate(self._rows()):
            if len(cells) != len(self.names) and not self._is_no_data("".join(cells)):
                with_row_names = position == 0 and len(cells) == len(self.head.names) + 1
                hint = "a table from R with row names? write it with row.names = FALSE" if with_row_names else None
                return self._ragged(line, len(cells), hint)
        return FileFormatError(f"cannot be read as a table: {error}", path=self.source.label)

    def _ragged(self, line: int, n_cells: int, hint: str | None = None) -> FileFormatError:
        how = _DELIMITER_NAMES.get(self.head.delimiter, self.head.delimiter)
        what = f"this line has {n_cells} cell{'s' if n_cells != 1 else ''}, the header has {len(self.head.names)}"
        return FileFormatError(f"{what} ({how}-separated)", path=self.source.label, line=line, hint=hint)

    def _blank_columns(self, table: pd.DataFrame) -> list[str]:
        for extra in self.names[len(self.head.names) :]:
            if table[extra].notna().any():
                wide = (line for line, cells in self._rows() if len(cells) == len(self.names) and cells[-1].strip())
                raise self._ragged(next(wide), len(self.names))
        return [name for name in table.columns if name.startswith("unnamed_") and table[name].isna().all()]

    def _blank_or_commented(self, table: CodedTable) -> npt.NDArray[np.bool_]:
        if not table.text.shape[1]:
            return np.zeros(len(table.text), dtype=bool)
        first = table.text.iloc[:, 0]
        drop = first.isna().to_numpy(dtype=bool, copy=True)
        if drop.any():
            drop[drop] = table.text.loc[drop].isna().all(axis=1)
            for column in table.coded.values():
                drop &= (column.codes < 0) | first.notna().to_numpy(dtype=bool)
        if self.comment:
            commented = first.str.startswith(self.comment).to_numpy(dtype=bool, na_value=False)
            if commented.any():
                self._warn(f"{np.count_nonzero(commented)} rows that start with {self.comment} left out")
            drop |= commented
        return drop

    def _warn(self, message: str) -> None:
        warnings.warn(DataWarning(f"{self.source.label}: {message}"), stacklevel=2)


class _WatchedBytes:
    """Pass bytes on to Arrow; notice quotes (most tables have none to take off) and stop at what is not UTF-8."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._in_ascii = True
        self.quotes = False
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        if not (chunk.isascii() and self._in_ascii):
            self._decoder.decode(chunk, final=not chunk)
            self._in_ascii = not self._decoder.getstate()[0]
        self.quotes = self.quotes or b'"' in chunk
        return chunk


def _checked_choice(wanted: Sequence[str], names: list[str], source: Source) -> list[str]:
    absent = [name for name in wanted if name not in names]
    if absent:
        raise FileFormatError(f"there is no column '{absent[0]}'", path=source.label)
    chosen = set(wanted)
    return [name for name in names if name in chosen]


def _block_bytes(names: list[str]) -> int:
    """Return the bytes that Arrow parses at a time; a line has to fit, and wide tables are faster in few blocks."""
    return max(_BLOCK_BYTES, _BLOCK_BYTES_PER_HEADER_BYTE * sum(len(name) + 1 for name in names))


def _holds_line_end(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring(column, "\n")).as_py())


def _without_rows(table: CodedTable, drop: npt.NDArray[np.bool_]) -> CodedTable:
    if not drop.any():
        return table
    kept = pa.array(~drop)
    coded = {name: _coded(pa.chunked_array([column.decoded().filter(kept)])) for name, column in table.coded.items()}
    return replace(table, text=table.text.loc[~drop].reset_index(drop=True), coded=coded)


def _clean(cells: pa.Table, coded: Collection[str], markers: list[str], *, unquote: bool) -> CodedTable:
    """Return clean columns, some of them as codes; as many columns at a time as Arrow has threads."""

    def cleaned(name: str) -> pa.ChunkedArray | CodedColumn:
        if name in coded:
            return _clean_words(_coded(cells[name]), markers, unquote=unquote)
        return _clean_column(cells[name], markers, unquote=unquote)

    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        columns = dict(zip(cells.column_names, pool.map(cleaned, cells.column_names), strict=True))
    text = {name: column for name, column in columns.items() if not isinstance(column, CodedColumn)}
    return CodedTable(
        cells.column_names,
        _to_pandas(pa.table(text)),
        {name: column for name, column in columns.items() if isinstance(column, CodedColumn)},
    )


def _coded(column: pa.ChunkedArray) -> CodedColumn:
    """Return a column as codes.

    In a column of a gene nearly every cell holds the same text, wild type: cells with the first text are found by
    comparing bytes, and only the others are hashed.
    """
    texts = column.cast(_TEXT) if column.nbytes > _LARGEST_SHORT else column
    texts = texts.combine_chunks() if texts.num_chunks != 1 else texts.chunk(0)
    filled = texts.is_valid().to_numpy(zero_copy_only=False)
    if not filled.any():
        return CodedColumn(np.full(len(texts), -1, dtype=np.int16), pa.array([], _TEXT))
    first = texts[int(filled.argmax())].as_py()
    others = np.flatnonzero(filled & ~_holds(texts, first.encode()))
    coded = texts.take(pa.array(others)).dictionary_encode()
    small = len(coded.dictionary) < np.iinfo(np.int16).max
    codes = filled.astype(np.int16 if small else np.int32)
    codes -= 1
    codes[others] = coded.indices.to_numpy() + 1
    return CodedColumn(codes, pa.concat_arrays([pa.array([first], _TEXT), coded.dictionary.cast(_TEXT)]))


def _holds(texts: pa.Array, wanted: bytes) -> npt.NDArray[np.bool_]:
    """Return which texts are these bytes; the answer for a missing one means nothing."""
    _, offsets, content = texts.buffers()
    width = np.int64 if texts.type == _TEXT else np.int32
    starts = np.frombuffer(offsets, width)[texts.offset : texts.offset + len(texts) + 1]
    same: npt.NDArray[np.bool_] = np.diff(starts) == len(wanted)
    letters = np.frombuffer(content, np.uint8)
    last = max(len(letters) - len(wanted), 0)
    places = np.minimum(starts[:-1], last)
    for position, letter in enumerate(wanted):
        same &= letters[places + position] == letter
    return same


def _clean_words(column: CodedColumn, markers: list[str], *, unquote: bool) -> CodedColumn:
    words = pa.chunked_array([column.words])
    cleaned = _clean_column(words, markers, unquote=unquote)
    if cleaned.equals(words):
        return column
    return _coded(pa.chunked_array([replace(column, words=cleaned.combine_chunks()).decoded()]))


def _clean_column(column: pa.ChunkedArray, markers: list[str], *, unquote: bool) -> pa.ChunkedArray:
    """Take off blanks around cells and quotes around whole cells; what is then a missing marker becomes null."""
    cleaned = pc.utf8_trim_whitespace(column)
    if unquote and pc.any(pc.starts_with(cleaned, '"')).as_py():
        whole = pc.and_(
            pc.and_(pc.starts_with(cleaned, '"'), pc.ends_with(cleaned, '"')), pc.greater(pc.utf8_length(cleaned), 1)
        )
        inside = pc.replace_substring(pc.utf8_slice_codeunits(cleaned, 1, -1), '""', '"')
        cleaned = pc.if_else(whole, pc.utf8_trim_whitespace(inside), cleaned)
    return column if cleaned.equals(column) else _nulled(cleaned, markers)


def _nulled(column: pa.ChunkedArray, markers: list[str]) -> pa.ChunkedArray:
    return pc.if_else(pc.is_in(column, value_set=pa.array(markers, _TEXT)), pa.scalar(None, _TEXT), column)


def _to_pandas(cells: pa.Table) -> pd.DataFrame:
    table: pd.DataFrame = cells.to_pandas(types_mapper={_TEXT: pd.StringDtype()}.get, self_destruct=True)
    return table


def _read_parquet(source: Source, asked: _Wanted) -> CodedTable:
    try:
        with source.raw() as stream:
            file = pa_parquet.ParquetFile(stream)
            names = list(file.schema_arrow.names)
            refuse_bad_names(names, source.label)
            wanted = names if asked.columns is None else _checked_choice(asked.columns(names), names, source)
            cells = file.read(columns=wanted)
        text = {name: _nulled(cells[name].cast(_TEXT), asked.markers) for name in cells.column_names}
    except (pa.ArrowException, OSError, NotImplementedError) as error:
        raise FileFormatError(f"cannot be read as Parquet: {str(error).splitlines()[0]}", path=source.label) from error
    chosen = asked.coded_among(names)
    return CodedTable(
        list(text),
        _to_pandas(pa.table({name: column for name, column in text.items() if name not in chosen})),
        {name: _coded(column) for name, column in text.items() if name in chosen},
    )
