"""Which columns of a wide table are genes, by name and by what stands in their cells; and old gene symbols."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from her2genomics import schema
from her2genomics.cell_text import CellTexts, read_texts
from her2genomics.exceptions import AmbiguousInputError, DataWarning, SchemaError
from her2genomics.io.tables import CodedTable
from her2genomics.panel import Panel

Positions = npt.NDArray[np.intp]
Codes = npt.NDArray[np.integer]

_SYMBOL = re.compile(r"^(?:[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*|C(?:\d+|X|Y)orf\d+[A-Z]?)$")
_STAIN_NAMES = frozenset(
    {"AR", "ER", "PR", "PGR", "ESR1", "HER2", "ERBB2", "EGFR", "KI67", "MKI67", "P53", "CD274", "PDL1"}
)
_DECLARED = frozenset(schema.CLINICAL.names) | frozenset(schema.HER2_STATUS.names)


@dataclass(frozen=True)
class GeneCells:
    """The gene columns of a table, their cells as codes of distinct texts, and what the texts mean.

    Parameters
    ----------
    columns
        Names of the columns, in the order of the table.
    codes
        Per column, one code per row, -1 for missing.
    words
        Per column, the position in `texts` of what each of its codes stands for, in the order of first appearance.
    texts
        Distinct texts of all columns, read.
    """

    columns: list[str]
    codes: list[Codes]
    words: list[Positions]
    texts: CellTexts

    def only(self, columns: Container[str]) -> GeneCells:
        """Return some of the columns."""
        kept = [k for k, name in enumerate(self.columns) if name in columns]
        names, codes, words = ([part[k] for k in kept] for part in (self.columns, self.codes, self.words))
        return GeneCells(names, codes, words, self.texts)  # type: ignore[arg-type]


def read_gene_cells(table: CodedTable, columns: Sequence[str]) -> GeneCells:
    """Return columns as codes, each distinct text of all of them read once."""
    parts = [table.column(name) for name in columns]
    every = [column.words for column in parts] or [pa.array([], pa.large_string())]
    distinct = pa.concat_arrays(every).dictionary_encode()
    positions = distinct.indices.to_numpy().astype(np.intp)
    ends = np.cumsum([len(words) for words in every])[:-1]
    words = np.split(positions, ends)[: len(parts)]
    return GeneCells(list(columns), [column.codes for column in parts], words, read_texts(distinct.dictionary))


def find_gene_columns(
    table: pd.DataFrame,
    panel: Panel,
    *,
    genes: Sequence[str] | None = None,
    clinical_columns: Sequence[str] | None = None,
    source: str | None = None,
) -> list[str]:
    """Return the columns that hold genes; see `cohort.cohort_from_table` for the rule and the errors."""
    coded = CodedTable(list(table.columns), table, {})
    return find_gene_cells(coded, panel, genes=genes, clinical_columns=clinical_columns, source=source).columns


def find_gene_cells(
    table: CodedTable,
    panel: Panel,
    *,
    genes: Sequence[str] | None = None,
    clinical_columns: Sequence[str] | None = None,
    source: str | None = None,
) -> GeneCells:
    """Return the columns that hold genes, with their cells; see `cohort.cohort_from_table` for the rule and errors."""
    forced, excluded = set(genes or ()), set(clinical_columns or ())
    absent = sorted((forced | excluded) - set(table.names))
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}", path=source)
    possible = [name for name in table.names if name in forced or (name not in excluded and may_be_gene(name))]
    cells = read_gene_cells(table, possible)
    texts = cells.texts
    digit = pc.is_in(pc.utf8_trim_whitespace(texts.texts), value_set=pa.array(["0", "1"], texts.texts.type))
    detailed = ~digit.to_numpy(zero_copy_only=False)
    aliases = panel.alias_map()
    found = set(forced)
    for name, words in zip(possible, cells.words, strict=True):
        known = name in aliases or panel.has_gene(name)
        if name not in forced and _is_gene_column(name, words, texts, detailed, known, source):
            found.add(name)
    return cells.only(found)


def may_be_gene(name: str) -> bool:
    """Return True for a column name in the form of a gene symbol that is no column of the clinical table.

    Examples
    --------
    >>> may_be_gene("TP53"), may_be_gene("C11orf95"), may_be_gene("er_status")
    (True, True, False)
    """
    return name not in _DECLARED and _SYMBOL.match(name) is not None


def _is_gene_column(
    name: str, words: Positions, texts: CellTexts, detailed: npt.NDArray[np.bool_], known: bool, source: str | None
) -> bool:
    """Return whether the texts of a column (``words``) are a gene's; ``detailed``: which texts are not 0 or 1."""
    if not len(words):
        return known
    if not texts.known[words].all():
        odd = sorted({str(text).strip() for text in texts.texts.take(pa.array(words[~texts.known[words]])).to_pylist()})
        if known and 2 * len(odd) <= len(words):
            raise AmbiguousInputError(
                f"'{odd[0]}' is no alteration, the other values of this gene's column are",
                path=source,
                column=name,
                hint=f"write NA for not profiled, or say --clinical-columns {name}",
            )
        return False
    if detailed[words].any():
        return True
    if name in _STAIN_NAMES:
        raise AmbiguousInputError(
            f"'{name}' with values 0/1 could be the gene or a protein stain",
            path=source,
            column=name,
            hint=f"say --genes {name} or --clinical-columns {name}",
        )
    return known


def current_symbols(columns: Sequence[str], panel: Panel, source: str | None) -> list[str]:
    """Return the current symbol of each gene column; what was mapped is said.

    Raises
    ------
    AmbiguousInputError
        If two columns are the same gene.
    """
    mapping = usable_aliases(columns, panel)
    symbols = [mapping.get(name, name) for name in columns]
    mapped = [f"{old}->{mapping[old]}" for old in columns if old in mapping]
    if mapped:
        warnings.warn(f"{source or 'table'}: old gene symbols mapped: {', '.join(mapped)}", DataWarning, stacklevel=3)
    repeated = sorted(symbol for symbol, n in Counter(symbols).items() if n > 1)
    if repeated:
        raise AmbiguousInputError(f"several columns are the gene {', '.join(repeated)}", path=source)
    return symbols


def usable_aliases(symbols: Iterable[str], panel: Panel) -> dict[str, str]:
    """Return old to current symbol for the old symbols among ``symbols``.

    An old symbol is left alone when the current one is there as well: it is then another gene of that name (MUM1 beside
    IRF4 is the gene now called PWWP3A, not IRF4).
    """
    present = set(symbols)
    return {old: new for old, new in panel.alias_map().items() if old in present and new not in present}
