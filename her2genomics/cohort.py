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
        rows = self.alterations[self.alterations["alteration"].isin(list(classes))]
        return self._cells(rows) & self.profiled

    def _positions(self, rows: pd.DataFrame) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return row and column of each event in the matrix, -1 where it has none."""
        i = self.sample_ids.get_indexer(pd.Index(rows["sample_id"]))
        return i, pd.Index(self.genes).get_indexer(pd.Index(rows["gene"]))

    def _cells(self, rows: pd.DataFrame) -> BoolMatrix:
        cells = np.zeros(self.profiled.shape, dtype=bool)
        i, j = self._positions(rows)
        known = (i >= 0) & (j >= 0)
        cells[i[known], j[known]] = True
        return cells

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
        cells = np.full(self.profiled.shape, None, dtype=object)
        cells[self.profiled] = WILD_TYPE
        rows = self.alterations
        i, j = self._positions(rows)
        inside = (i >= 0) & (j >= 0)
        inside[inside] = self.profiled[i[inside], j[inside]]
        rows = rows[inside]
        listed = pd.DataFrame({"i": i[inside], "j": j[inside], "rank": rows["alteration"].map(_CLASS_RANK).to_numpy()})
        listed["text"] = _cell_tokens(rows)
        listed = listed.sort_values(["i", "j", "rank", "text"], kind="stable").drop_duplicates(["i", "j", "text"])
        joined = listed.groupby(["i", "j"], sort=False)["text"].agg(";".join)
        cells[joined.index.get_level_values(0), joined.index.get_level_values(1)] = joined.to_numpy()
        genes = pd.DataFrame(cells, columns=list(self.genes), index=self.samples.index, dtype=object)
        return pd.concat([self.samples, genes], axis=1)

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
_CLASS_RANK = {name: rank for rank, name in enumerate(schema.ALTERATION_CLASSES)}


def _cell_tokens(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return what stands for each event in a cell: its protein change when that implies the class, else the class."""
    pairs = rows[["alteration", "detail"]].astype(object)
    tokens = {}
    for alteration, detail in pairs.drop_duplicates().itertuples(index=False):
        match = _PROTEIN_CHANGE.match(detail) if isinstance(detail, str) else None
        implied = match is not None and _protein_class(match) == alteration
        tokens[alteration, detail] = detail.removeprefix("p.") if implied else alteration
    keys = pairs.itertuples(index=False, name=None)
    return np.array([tokens[key] for key in keys], dtype=object)


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

    ``zero``, ``low`` and ``positive`` without the prefix are understood; ``indeterminate`` is missing.

    Raises
    ------
    SchemaError
        If a value is none of these.
    """
    text = samples["her2_group"].astype("string").str.strip()
    short = {name.removeprefix("HER2-"): name for name in schema.HER2_GROUPS}
    text = text.replace(short).mask(text == "indeterminate")
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
    declared = set(schema.CLINICAL.names) | set(schema.HER2_STATUS.names)
    found = []
    for name in table.columns:
        if name in forced:
            found.append(name)
        elif name in excluded or name in declared or not _SYMBOL.match(name):
            continue
        elif _is_gene_column(table[name], name, name in aliases or panel.has_gene(name), source):
            found.append(name)
    return found


def _is_gene_column(values: pd.Series, name: str, known: bool, source: str | None) -> bool:
    present = {str(value).strip() for value in pd.factorize(values)[1]}
    if not present:
        return known
    if not all(_is_alteration_text(v) for v in present):
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
    ids = table["sample_id"].to_numpy(dtype=object)
    profiled = np.zeros((len(table), len(columns)), dtype=bool)
    parsed: dict[str, list[tuple[str, str | None]]] = {WILD_TYPE: []}
    rows: list[tuple[object, str, str, str | None]] = []
    for j, (column, gene) in enumerate(zip(columns, symbols, strict=True)):
        codes, texts = pd.factorize(table[column])
        profiled[:, j] = codes >= 0
        for code, text in enumerate(map(str, texts)):
            where = np.flatnonzero(codes == code)
            if text not in parsed:
                parsed[text] = _parse_cell(text, column, str(ids[where[0]]), source)
            rows += [(ids[i], gene, kind, detail) for kind, detail in parsed[text] for i in where]
    found = pd.DataFrame(rows, columns=["sample_id", "gene", "alteration", "detail"])
    return schema.conform(found, schema.ALTERATIONS), profiled


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
