"""Which columns of a wide table are genes, by name and by what stands in their cells; and old gene symbols."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from her2genomics import schema
from her2genomics.cell_text import CellTexts, arrow_texts, read_texts
from her2genomics.exceptions import AmbiguousInputError, DataWarning, SchemaError
from her2genomics.panel import Panel

Positions = npt.NDArray[np.intp]
Codes = npt.NDArray[np.integer]

_SYMBOL = re.compile(r"^(?:[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*|C(?:\d+|X|Y)orf\d+[A-Z]?)$")
_STAIN_NAMES = frozenset(
    {"AR", "ER", "PR", "PGR", "ESR1", "HER2", "ERBB2", "EGFR", "KI67", "MKI67", "P53", "CD274", "PDL1"}
)
_DECLARED = frozenset(schema.CLINICAL.names) | frozenset(schema.HER2_STATUS.names)


@dataclass(frozen=True)
class CodedColumns:
    """Columns as codes of distinct texts, -1 for missing.

    Parameters
    ----------
    codes
        Per column, one code per row.
    words
        Per column, the position in `texts` of what each of its codes stands for, in the order of first appearance.
    texts
        Distinct texts of all columns.
    """

    codes: list[Codes]
    words: list[Positions]
    texts: pa.Array


def coded_columns(table: pd.DataFrame, columns: Sequence[str]) -> CodedColumns:
    """Return columns as codes, each distinct text once for all of them."""
    chosen = table[list(columns)]
    chosen.attrs = {}  # pandas would copy them with every column
    parts = [_distinct(chosen[name]) for name in columns]
    every = [arrow_texts(words) for _, words in parts] or [pa.array([], pa.large_string())]
    distinct = pa.concat_arrays(every).dictionary_encode()
    positions = distinct.indices.to_numpy().astype(np.intp)
    ends = np.cumsum([len(words) for words in every])[:-1]
    return CodedColumns([codes for codes, _ in parts], np.split(positions, ends)[: len(parts)], distinct.dictionary)


def _distinct(values: pd.Series) -> tuple[Codes, pd.Index]:
    """Return the code of each value, -1 for missing, and the distinct values."""
    if isinstance(values.array, pd.Categorical):
        return _used(values.array.codes, values.array.categories)
    codes, distinct = pd.factorize(values)
    return codes, pd.Index(distinct)


def _used(codes: Codes, words: pd.Index) -> tuple[Codes, pd.Index]:
    """Return codes and words without the words that no code stands for."""
    stands = np.zeros(len(words) + 1, dtype=bool)
    stands[codes] = True  # missing ones, -1, mark the last
    used = np.flatnonzero(stands[:-1])
    if len(used) == len(words):
        return codes, words
    place = np.full(len(words) + 1, -1)
    place[used] = np.arange(len(used))
    return place[codes], words[used]


def find_gene_columns(
    table: pd.DataFrame,
    panel: Panel,
    *,
    genes: Sequence[str] | None = None,
    clinical_columns: Sequence[str] | None = None,
    source: str | None = None,
) -> list[str]:
    """Return the columns that hold genes; see `cohort.cohort_from_table` for the rule and the errors."""
    forced, excluded = set(genes or ()), set(clinical_columns or ())
    absent = sorted((forced | excluded) - set(table.columns))
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}", path=source)
    decided = forced | excluded
    possible = [name for name in table.columns if name not in decided and may_be_gene(name)]
    coded = coded_columns(table, possible)
    texts = read_texts(coded.texts)
    digit = pc.is_in(pc.utf8_trim_whitespace(coded.texts), value_set=pa.array(["0", "1"], coded.texts.type))
    detailed = ~digit.to_numpy(zero_copy_only=False)
    aliases = panel.alias_map()
    found = set(forced)
    for name, words in zip(possible, coded.words, strict=True):
        known = name in aliases or panel.has_gene(name)
        if _is_gene_column(name, words, texts, detailed, known, source):
            found.add(name)
    return [name for name in table.columns if name in found]


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
