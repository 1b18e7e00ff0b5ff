"""A cohort: samples, their alterations, and the mask of what was looked at.

Not profiled is not wild type.  Next to the long table of alterations a cohort carries a mask, samples x genes, that
says where an assay looked; the alteration matrix is True / False / missing, and every denominator is the number of
profiled samples.  ``cohort.tsv`` is the same thing as one wide table that stands by itself: one row per sample,
clinical columns, then one column per gene with ``WT``, alteration classes, or ``NA`` for not profiled.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import AmbiguousInputError, CohortError, DataWarning, SchemaError
from her2genomics.io.clinical import check_clinical
from her2genomics.panel import Panel, load_panel

BoolMatrix = npt.NDArray[np.bool_]

ATTRITION_COLUMNS = ["step", "rule", "n_before", "n_dropped", "n_after", "detail"]

COUNTED_CLASSES: tuple[str, ...] = tuple(c for c in schema.ALTERATION_CLASSES if c not in ("gain", "loss"))
"""Classes that make a gene count as altered unless others are named: shallow gains and losses are mostly arm-level."""

WILD_TYPE = "WT"
_UNALTERED = frozenset({"WT", "wt", "0", "none", "None", "no", "neutral", "wild type", "wildtype"})
_BARE_ALTERED = frozenset({"1", "altered", "mut", "mutated", "mutation", "yes"})
_CLASS_SYNONYMS: dict[str, str] = {
    **{name: name for name in schema.ALTERATION_CLASSES},
    "amp": "amplification", "amplified": "amplification", "homdel": "deep_deletion", "deep deletion": "deep_deletion",
    "deepdel": "deep_deletion", "del": "loss", "deletion": "loss", "hetloss": "loss", "frameshift": "truncating",
    "nonsense": "truncating", "stop_gained": "truncating", "in_frame": "inframe", "splice_site": "splice",
    "rearrangement": "fusion", "sv": "fusion",
}  # fmt: skip
_SYMBOL = re.compile(r"^(?:[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*|C(?:\d+|X|Y)orf\d+[A-Z]?)$")
_STAIN_NAMES = frozenset(
    {"AR", "ER", "PR", "PGR", "ESR1", "HER2", "ERBB2", "EGFR", "KI67", "MKI67", "P53", "CD274", "PDL1"}
)
_PROTEIN_CHANGE = re.compile(
    r"^(?:p\.)?[A-Z*]\d+(?P<alt>[A-Z*=?]|(?:_[A-Z]\d+)?(?:del|dup|ins)[A-Z]*\*?\d*|[A-Z]?fs.*|[A-Z]?ext.*|_splice)$"
)


@dataclass(frozen=True)
class Cohort:
    """Aligned tables of one cohort.

    Parameters
    ----------
    samples
        One row per sample: ``sample_id``, HER2 status, clinical columns (``clinical`` schema and others).
    alterations
        Long ``alterations`` table.
    genes
        Columns of the matrix.
    profiled
        Shape (samples, genes): where every assay that covers the gene in this cohort looked, or found something.
    attrition
        What was dropped on the way, why, and how many: ``step, rule, n_before, n_dropped, n_after, detail``.
    gene_panel_matrix
        Which assay profiled which sample, when known.
    off_panel
        Alterations in genes that the sample's panel does not cover: kept, never tested.
    """

    samples: pd.DataFrame
    alterations: pd.DataFrame
    genes: tuple[str, ...]
    profiled: BoolMatrix
    attrition: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=ATTRITION_COLUMNS))
    gene_panel_matrix: pd.DataFrame | None = None
    off_panel: pd.DataFrame = field(default_factory=lambda: schema.empty(schema.ALTERATIONS))

    def __post_init__(self) -> None:
        if self.profiled.shape != (len(self.samples), len(self.genes)):
            raise CohortError(
                f"mask of shape {self.profiled.shape} for {len(self.samples)} samples x {len(self.genes)} genes"
            )

    @property
    def sample_ids(self) -> pd.Index:
        """Sample identifiers in row order."""
        index: pd.Index = pd.Index(self.samples["sample_id"])
        return index

    def altered(self, classes: Collection[str] = COUNTED_CLASSES) -> BoolMatrix:
        """Return (samples, genes): profiled and altered by one of ``classes``."""
        i, j, kind, kinds = self._events
        counted = np.append(kinds.isin(list(classes)), False)[kind]
        cells = np.zeros(self.profiled.shape, dtype=bool)
        cells[i[counted], j[counted]] = self.profiled[i[counted], j[counted]]
        return cells

    @cached_property
    def _positions(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Row and column of each event in the matrix, -1 where it has none."""
        return tuple(  # type: ignore[return-value]
            positions_in(names, self.alterations[column])
            for names, column in ((self.sample_ids, "sample_id"), (pd.Index(self.genes), "gene"))
        )

    @cached_property
    def _events(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp], pd.Index]:
        """Row, column and class (position in the last item) of each event that has a cell in the matrix."""
        i, j = self._positions
        kind, kinds = pd.factorize(self.alterations["alteration"])
        inside = (i >= 0) & (j >= 0)
        return i[inside], j[inside], kind[inside], pd.Index(kinds)

    def alteration_matrix(self, classes: Collection[str] = COUNTED_CLASSES) -> pd.DataFrame:
        """Return the nullable boolean matrix, index ``sample_id``, columns genes; missing = not profiled."""
        altered = self.altered(classes)
        columns = {gene: pd.array(altered[:, j], dtype="boolean") for j, gene in enumerate(self.genes)}
        matrix = pd.DataFrame(columns, index=pd.Index(self.samples["sample_id"], name="sample_id"))
        return matrix.mask(~self.profiled)

    def to_table(self) -> pd.DataFrame:
        """Return the wide ``cohort.tsv``: clinical columns, then one column per gene.

        A cell holds ``WT``, ``NA`` (not profiled), or the alterations joined by ``;`` in a fixed order: the protein
        change where it says the class by itself (``H1047R``, ``R213*``), else the class, so that reading the file back
        gives the same classes.
        """
        i, j = self._positions
        inside = (i >= 0) & (j >= 0)
        inside[inside] = self.profiled[i[inside], j[inside]]
        i, j, texts = _joined_tokens(i[inside], j[inside], self.alterations[inside])
        first, last = (np.searchsorted(j, np.arange(len(self.genes)), side=side) for side in ("left", "right"))
        genes = {
            gene: _cell_column(self.profiled[:, k], i[first[k] : last[k]], texts[first[k] : last[k]])
            for k, gene in enumerate(self.genes)
        }
        return pd.concat([self.samples, pd.DataFrame(genes, index=self.samples.index)], axis=1)

    def select(self, keep: npt.NDArray[np.bool_]) -> Cohort:
        """Return the cohort of the samples for which ``keep`` is True."""
        samples = self.samples[keep].reset_index(drop=True)
        inside = self.alterations["sample_id"].isin(samples["sample_id"])
        matrix = self.gene_panel_matrix
        if matrix is not None:
            matrix = matrix[matrix["sample_id"].isin(samples["sample_id"])].reset_index(drop=True)
        return replace(
            self,
            samples=samples,
            alterations=self.alterations[inside].reset_index(drop=True),
            profiled=self.profiled[keep],
            gene_panel_matrix=matrix,
            off_panel=self.off_panel[self.off_panel["sample_id"].isin(samples["sample_id"])].reset_index(drop=True),
        )

    def summary(self) -> list[str]:
        """Return what the cohort holds and what was dropped on the way, as lines to read."""
        lines = [f"{len(self.samples)} samples, {len(self.genes)} genes, {len(self.alterations)} alterations"]
        if "her2_group" in self.samples:
            sizes = self.samples["her2_group"].value_counts(sort=False)
            listed = ", ".join(f"{name} {n}" for name, n in sizes.items())
            lines.append(f"{listed}, indeterminate {int(self.samples['her2_group'].isna().sum())}")
        if "assays" in self.samples:
            seen = self.samples["assays"].fillna("none").value_counts()
            lines.append("profiled by " + ", ".join(f"{name} {n}" for name, n in seen.items()))
        for row in self.attrition.to_dict("records"):
            if row["n_dropped"]:
                detail = f" ({row['detail']})" if row["detail"] else ""
                total = "" if pd.isna(row["n_before"]) else f" of {row['n_before']}"
                lines.append(f"  {row['step']}: {row['rule']}: {row['n_dropped']}{total} dropped{detail}")
        return lines

    def _repr_html_(self) -> str:
        groups = self.samples["her2_group"].value_counts(sort=False) if "her2_group" in self.samples else pd.Series()
        listed = ", ".join(f"{name} {n}" for name, n in groups.items())
        return f"<b>Cohort</b>: {len(self.samples)} samples, {len(self.genes)} genes; {listed}"


_GROUP_ONLY = schema.TableSchema(
    "her2_group", "HER2 group alone.", (schema.HER2_STATUS["sample_id"], schema.HER2_STATUS["her2_group"])
)
_DECLARED = frozenset(schema.CLINICAL.names) | frozenset(schema.HER2_STATUS.names)
_CLASS_RANK = {name: rank for rank, name in enumerate(schema.ALTERATION_CLASSES)}


def positions_in(names: pd.Index, values: pd.Series) -> npt.NDArray[np.intp]:
    """Return the position of each value in ``names``, -1 where it is not there; distinct values are looked up once."""
    codes, distinct = pd.factorize(values)
    positions = names.get_indexer(pd.Index(distinct, dtype=names.dtype))
    return np.append(positions, -1)[codes]


def _cell_tokens(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return what stands for each event in a cell: its protein change when that implies the class, else the class."""
    codes, details = pd.factorize(rows["detail"])
    matches = [_PROTEIN_CHANGE.match(detail) for detail in details]
    implied = np.array([None if match is None else _protein_class(match) for match in matches] + [None], dtype=object)
    short = np.array([detail.removeprefix("p.") for detail in details] + [None], dtype=object)
    classes = rows["alteration"].to_numpy(dtype=object)
    tokens: npt.NDArray[np.object_] = np.where(implied[codes] == classes, short[codes], classes)
    return tokens


def _joined_tokens(
    i: npt.NDArray[np.intp], j: npt.NDArray[np.intp], rows: pd.DataFrame
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.object_]]:
    """Return row, column and text of every cell with an event, by column and row; classes in their fixed order."""
    tokens = _cell_tokens(rows)
    rank = rows["alteration"].map(_CLASS_RANK).to_numpy()
    order = np.lexsort((rank, i, j))
    i, j, tokens, rank = i[order], j[order], tokens[order], rank[order]
    starts = np.flatnonzero(np.append(True, (i[1:] != i[:-1]) | (j[1:] != j[:-1]))[: len(i)])
    texts = tokens[starts]
    sizes = np.diff(np.append(starts, len(i)))
    for cell in np.flatnonzero(sizes > 1):
        members = slice(starts[cell], starts[cell] + sizes[cell])
        ranked = sorted(set(zip(rank[members].tolist(), tokens[members].tolist(), strict=True)))
        texts[cell] = ";".join(dict.fromkeys(token for _, token in ranked))
    return i[starts], j[starts], texts


def _cell_column(
    profiled: npt.NDArray[np.bool_], rows: npt.NDArray[np.intp], texts: npt.NDArray[np.object_]
) -> pd.Categorical:
    """Return one gene's column: wild type, a text in the rows that have one, missing where not profiled."""
    codes, distinct = pd.factorize(np.append(np.array([WILD_TYPE], dtype=object), texts))
    cells = np.where(profiled, 0, -1)
    cells[rows] = codes[1:]
    return pd.Categorical.from_codes(cells, categories=pd.Index(distinct, dtype="str"))


def cohort_from_table(
    table: pd.DataFrame,
    *,
    genes: Sequence[str] | None = None,
    clinical_columns: Sequence[str] | None = None,
    panel: Panel | None = None,
    source: str | None = None,
) -> Cohort:
    """Read the wide form: decide which columns are genes, and turn their cells into alterations and a mask.

    A column is a gene when its name is a gene symbol (old symbols are mapped, and said) and its values are of the
    alteration vocabulary: ``WT``, ``0``, ``1``, alteration classes, protein changes (``H1047R``, ``p.E545K``), ``;``
    lists.  A column of bare 0/1 named like a protein stain (``AR``, ``ER``, ``EGFR`` ...) is refused with the question.

    Parameters
    ----------
    table
        As read, values as text, with a ``sample_id`` column.
    genes, clinical_columns
        Columns to take as genes, or as clinical, whatever they look like.
    panel
        Panel whose symbols and old symbols are known; default the shipped one.
    source
        File name for messages.

    Raises
    ------
    SchemaError
        If ``sample_id`` is absent or repeated, or a value breaks its column's declaration.
    AmbiguousInputError
        If a column could be a gene or a stain.

    Examples
    --------
    >>> t = pd.DataFrame({"sample_id": ["a", "b", "c"], "TP53": ["WT", "R175H", pd.NA], "grade": ["1", "2", "3"]})
    >>> cohort = cohort_from_table(t)
    >>> cohort.alteration_matrix()["TP53"].tolist()
    [False, True, <NA>]
    """
    panel = panel or load_panel()
    if "sample_id" not in table.columns:
        raise SchemaError(
            "missing column sample_id", path=source, hint="one row per sample, the first column sample_id"
        )
    gene_columns = find_gene_columns(table, panel, genes=genes, clinical_columns=clinical_columns, source=source)
    clinical = table.drop(columns=gene_columns)
    samples = check_clinical(clinical, source=source).reset_index(drop=True)
    symbols = _current_symbols(gene_columns, panel, source)
    alterations, profiled = _parse_cells(table, gene_columns, symbols, source)
    if "her2_group" in samples:
        samples["her2_group"] = ordered_groups(samples, source)
    return Cohort(samples, alterations, tuple(symbols), profiled)


def ordered_groups(samples: pd.DataFrame, source: str | None = None) -> pd.Series:
    """Return ``her2_group`` as the ordered categorical HER2-zero < HER2-low < HER2-positive.

    Case, prefix and joining sign do not matter (``low``, ``Her2 low``, ``HER2_Low``); ``indeterminate`` is missing.
    Numbers, ``negative`` and ``ultralow`` are refused: which group they mean depends on who wrote them.

    Raises
    ------
    SchemaError
        If a value is none of these.
    """
    text = samples["her2_group"].astype("string").str.strip()
    words = text.str.casefold().str.replace(r"^her2[\s_\-\u2010-\u2014]*", "", regex=True)
    short = {name.removeprefix("HER2-"): name for name in schema.HER2_GROUPS}
    text = words.map(short).fillna(text).mask(words == "indeterminate")
    checked = schema.check(samples[["sample_id"]].assign(her2_group=text), _GROUP_ONLY, source=source)
    return pd.Series(pd.Categorical(checked["her2_group"], schema.HER2_GROUPS, ordered=True), index=samples.index)


def find_gene_columns(
    table: pd.DataFrame,
    panel: Panel,
    *,
    genes: Sequence[str] | None = None,
    clinical_columns: Sequence[str] | None = None,
    source: str | None = None,
) -> list[str]:
    """Return the columns that hold genes; see `cohort_from_table` for the rule and the errors."""
    forced, excluded = set(genes or ()), set(clinical_columns or ())
    absent = sorted((forced | excluded) - set(table.columns))
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}", path=source)
    aliases = panel.alias_map()
    found = []
    for name in table.columns:
        if name in forced:
            found.append(name)
        elif name in excluded or not may_be_gene(name):
            continue
        elif _is_gene_column(table[name], name, name in aliases or panel.has_gene(name), source):
            found.append(name)
    return found


def may_be_gene(name: str) -> bool:
    """Return True for a column name in the form of a gene symbol that is no column of the clinical table.

    Examples
    --------
    >>> may_be_gene("TP53"), may_be_gene("C11orf95"), may_be_gene("er_status")
    (True, True, False)
    """
    return name not in _DECLARED and _SYMBOL.match(name) is not None


def _is_gene_column(values: pd.Series, name: str, known: bool, source: str | None) -> bool:
    present = {str(value).strip() for value in _distinct(values)[1]}
    if not present:
        return known
    odd = sorted(v for v in present if not _is_alteration_text(v))
    if odd and known and 2 * len(odd) <= len(present):
        raise AmbiguousInputError(
            f"'{odd[0]}' is no alteration, the other values of this gene's column are",
            path=source,
            column=name,
            hint=f"write NA for not profiled, or say --clinical-columns {name}",
        )
    if odd:
        return False
    if present - {"0", "1"}:
        return True
    if name in _STAIN_NAMES:
        raise AmbiguousInputError(
            f"'{name}' with values 0/1 could be the gene or a protein stain",
            path=source,
            column=name,
            hint=f"say --genes {name} or --clinical-columns {name}",
        )
    return known


def _distinct(values: pd.Series) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """Return the code of each value, -1 for missing, and the distinct values in the order in which they come."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _in_order(values.cat.codes.to_numpy(), values.cat.categories)
    codes, distinct = pd.factorize(values)
    return codes, pd.Index(distinct)


def _in_order(codes: npt.NDArray[np.integer], words: pd.Index) -> tuple[npt.NDArray[np.intp], pd.Index]:
    """Return codes and words without the words that no code stands for."""
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(words)))
    if len(used) == len(words):
        return codes.astype(np.intp), words
    place = np.full(len(words) + 1, -1)
    place[used] = np.arange(len(used))
    return place[codes], words[used]


@lru_cache(maxsize=1 << 20)
def _is_alteration_text(value: str) -> bool:
    tokens = [t.strip() for t in value.split(";") if t.strip()]
    return bool(tokens) and all(
        t in _UNALTERED or t in _BARE_ALTERED or t.lower() in _CLASS_SYNONYMS or bool(_PROTEIN_CHANGE.match(t))
        for t in tokens
    )


def _current_symbols(columns: Sequence[str], panel: Panel, source: str | None) -> list[str]:
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


def _parse_cells(
    table: pd.DataFrame, columns: Sequence[str], symbols: Sequence[str], source: str | None
) -> tuple[pd.DataFrame, BoolMatrix]:
    ids = table["sample_id"].reset_index(drop=True)
    profiled = np.zeros((len(table), len(columns)), dtype=bool)
    parsed: dict[str, list[tuple[str, str | None]]] = {WILD_TYPE: []}
    parts: list[_ColumnEvents] = []
    for j, column in enumerate(columns):
        codes, texts = _distinct(table[column])
        profiled[:, j] = codes >= 0
        for code, text in enumerate(map(str, texts)):
            if text not in parsed:
                row = int(np.flatnonzero(codes == code)[0])
                parsed[text] = _parse_cell(text, column, str(ids.iloc[row]), source)
        parts.append(_column_events(codes, [parsed[str(text)] for text in texts]))
    rows = np.concatenate([part.rows for part in parts]) if parts else np.zeros(0, dtype=np.intp)
    lengths = [len(part.rows) for part in parts]
    found = pd.DataFrame(
        {
            "sample_id": ids.take(rows).array,
            "gene": pd.Series(list(symbols), dtype="string").take(np.repeat(np.arange(len(parts)), lengths)).array,
            "alteration": [kind for part in parts for kind in part.kinds],
            "detail": [detail for part in parts for detail in part.details],
        }
    )
    return schema.conform(found, schema.ALTERATIONS), profiled


class _ColumnEvents(NamedTuple):
    """Events of one gene, text by text and event by event of a text, rows ascending within each."""

    rows: npt.NDArray[np.intp]
    kinds: list[str]
    details: list[str | None]


def _column_events(codes: npt.NDArray[np.intp], parsed: Sequence[Sequence[tuple[str, str | None]]]) -> _ColumnEvents:
    altering = np.array([bool(events) for events in parsed] + [False])
    where = np.flatnonzero(altering[codes])
    where = where[np.argsort(codes[where], kind="stable")]
    n = np.bincount(codes[where], minlength=len(parsed))
    ends = np.cumsum(n)
    rows, kinds, details = [where[:0]], list[str](), list[str | None]()
    for code in np.flatnonzero(n).tolist():
        of_text = where[ends[code] - n[code] : ends[code]]
        for kind, detail in parsed[code]:
            rows.append(of_text)
            kinds += [kind] * len(of_text)
            details += [detail] * len(of_text)
    return _ColumnEvents(np.concatenate(rows), kinds, details)


def _parse_cell(text: str, column: str, sample: str, source: str | None) -> list[tuple[str, str | None]]:
    events: list[tuple[str, str | None]] = []
    for token in (t.strip() for t in text.split(";")):
        if not token or token in _UNALTERED:
            continue
        if token in _BARE_ALTERED:
            events.append(("other", None))
        elif token.lower() in _CLASS_SYNONYMS:
            events.append((_CLASS_SYNONYMS[token.lower()], None))
        elif match := _PROTEIN_CHANGE.match(token):
            events.append((_protein_class(match), token if token.startswith("p.") else f"p.{token}"))
        else:
            raise SchemaError(
                f"value '{token}' is no alteration", path=source, sample=sample, column=column,
                hint="use WT, 0, 1, NA, an alteration class or a protein change",
            )  # fmt: skip
    return [e for e in events if e[0] != ""]


def _protein_class(match: re.Match[str]) -> str:
    """Return the class that a protein change says by itself, empty for a synonymous one."""
    alt = match["alt"]
    if alt == "=":
        return ""
    if alt == "_splice":
        return "splice"
    if "fs" in alt or "*" in alt:
        return "truncating"
    if len(alt) == 1:
        return "other" if alt == "?" else "missense"
    return "other" if "ext" in alt else "inframe"
