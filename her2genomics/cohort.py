"""A cohort: samples, their alterations, and the mask of what was looked at.

Not profiled is not wild type.  Next to the long table of alterations a cohort carries a mask, samples x genes, that
says where an assay looked; the alteration matrix is True / False / missing, and every denominator is the number of
profiled samples.  ``cohort.tsv`` is the same thing as one wide table that stands by itself: one row per sample,
clinical columns, then one column per gene with ``WT``, alteration classes, or ``NA`` for not profiled.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from her2genomics import schema
from her2genomics.anndata_tables import make_anndata
from her2genomics.cell_text import WILD_TYPE, CellTexts, written_texts
from her2genomics.exceptions import CohortError, SchemaError
from her2genomics.gene_columns import GeneCells, current_symbols, find_gene_cells
from her2genomics.io.clinical import check_clinical
from her2genomics.io.tables import CodedTable
from her2genomics.panel import Panel, load_panel
from her2genomics.provenance import software_version

if TYPE_CHECKING:
    import anndata

BoolMatrix = npt.NDArray[np.bool_]

ATTRITION_COLUMNS = ["step", "rule", "n_before", "n_dropped", "n_after", "detail"]

COUNTED_CLASSES: tuple[str, ...] = tuple(c for c in schema.ALTERATION_CLASSES if c not in ("gain", "loss"))
"""Classes that make a gene count as altered unless others are named: shallow gains and losses are mostly arm-level."""


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

    def altered(self, classes: Collection[str] = COUNTED_CLASSES, genes: Sequence[str] | None = None) -> BoolMatrix:
        """Return (samples, genes): profiled and altered by one of ``classes``; ``genes``: only these, in this order."""
        i, j, kind, kinds = self._events
        chosen = kinds.isin(list(classes))[kind]
        width = len(self.genes)
        if genes is not None:
            place = pd.Index(genes).get_indexer(pd.Index(self.genes))
            j, width = place[j], len(genes)
            chosen &= j >= 0
        by_gene = self.profiled.flags.f_contiguous
        cells = np.zeros((len(self.samples), width), dtype=bool, order="F" if by_gene else "C")
        cells[i[chosen], j[chosen]] = True
        return cells

    @cached_property
    def _positions(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Row and column of each event in the matrix, -1 where it has none."""
        return tuple(  # type: ignore[return-value]
            positions_in(names, self.alterations[column])
            for names, column in ((self.sample_ids, "sample_id"), (pd.Index(self.genes), "gene"))
        )

    @cached_property
    def _inside(self) -> npt.NDArray[np.bool_]:
        """Which events have a profiled cell in the matrix."""
        i, j = self._positions
        inside: npt.NDArray[np.bool_] = (i >= 0) & (j >= 0)
        inside[inside] = self.profiled[i[inside], j[inside]]
        return inside

    @cached_property
    def _events(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp], pd.Index]:
        """Row, column and class (position in the last item) of each event in a profiled cell of the matrix."""
        i, j = self._positions
        kind, kinds = pd.factorize(self.alterations["alteration"])
        inside = self._inside
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
        inside = self._inside
        i, j, texts, words = written_texts(i[inside], j[inside], self.alterations[inside])
        first, last = (np.searchsorted(j, np.arange(len(self.genes)), side=side) for side in ("left", "right"))
        by_gene = np.asfortranarray(self.profiled)
        genes = {
            gene: _cell_column(by_gene[:, k], i[first[k] : last[k]], texts[first[k] : last[k]], words)
            for k, gene in enumerate(self.genes)
        }
        return pd.concat([self.samples, pd.DataFrame(genes, index=self.samples.index)], axis=1)

    def to_anndata(self, classes: Collection[str] = COUNTED_CLASSES) -> anndata.AnnData:
        """Return the cohort as AnnData (extra ``anndata``): NaN in ``X`` where a gene was not profiled.

        ``X`` is 1 (altered by one of ``classes``), 0 or NaN; ``layers`` hold ``altered`` and ``profiled``, ``obs`` the
        sample table, ``var`` how many samples were profiled and altered per gene, ``uns`` the long alterations table,
        the attrition, and under ``her2genomics`` what made it.

        Raises
        ------
        UsageError
            If anndata is not installed.
        """
        return make_anndata(
            self.samples,
            self.genes,
            self.altered(classes),
            self.profiled,
            provenance={
                "software": f"her2genomics {software_version()}",
                "classes": list(classes),
                "X": "1 altered by one of the classes, 0 profiled and unaltered, NaN not profiled",
                "use": "research use only",
            },
            tables={"alterations": self.alterations, "attrition": self.attrition},
        )

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


def positions_in(names: pd.Index, values: pd.Series) -> npt.NDArray[np.intp]:
    """Return the position of each value in ``names``, -1 where it is not there; distinct values are looked up once."""
    codes, distinct = pd.factorize(values)
    positions = names.get_indexer(pd.Index(distinct, dtype=names.dtype))
    return np.append(positions, -1)[codes]


def _cell_column(
    profiled: npt.NDArray[np.bool_], rows: npt.NDArray[np.intp], texts: npt.NDArray[np.intp], words: pa.Array
) -> pd.Categorical:
    """Return one gene's column: wild type (the last category), a text in the rows that have one, missing elsewhere."""
    used, codes = np.unique(texts, return_inverse=True)
    cells = np.where(profiled, np.int32(len(used)), np.int32(-1))
    cells[rows] = codes
    categories = [*words.take(pa.array(used)).to_pylist(), WILD_TYPE]
    return pd.Categorical.from_codes(cells, categories=pd.Index(categories, dtype="str"))


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
    coded = CodedTable(list(table.columns), table, {})
    cells = find_gene_cells(coded, panel, genes=genes, clinical_columns=clinical_columns, source=source)
    return cohort_from_cells(table.drop(columns=cells.columns), cells, panel=panel, source=source)


def cohort_from_cells(
    clinical: pd.DataFrame, cells: GeneCells, *, panel: Panel | None = None, source: str | None = None
) -> Cohort:
    """Return the cohort of a clinical table and the gene cells of the same samples, in the same order.

    Raises
    ------
    SchemaError
        If a value breaks its column's declaration, or the two are not of the same samples.
    AmbiguousInputError
        If two columns are the same gene.
    """
    if cells.columns and len(cells.codes[0]) != len(clinical):
        raise SchemaError(f"{len(clinical)} samples with {len(cells.codes[0])} rows of genes", path=source)
    samples = check_clinical(clinical, source=source).reset_index(drop=True)
    symbols = current_symbols(cells.columns, panel or load_panel(), source)
    alterations, profiled = _parse_cells(samples["sample_id"], cells, symbols, source)
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
    codes, distinct = pd.factorize(samples["her2_group"].astype("string").str.strip())
    written = pd.Series(distinct, dtype="string")
    words = written.str.casefold().str.replace(r"^her2[\s_\-\u2010-\u2014]*", "", regex=True)
    short = {name.removeprefix("HER2-"): name for name in schema.HER2_GROUPS}
    meant = words.map(short).fillna(written).mask(words == "indeterminate")
    text = meant.reindex(codes).set_axis(samples.index)  # missing where there is none, -1
    checked = schema.check(samples[["sample_id"]].assign(her2_group=text), _GROUP_ONLY, source=source)
    return pd.Series(pd.Categorical(checked["her2_group"], schema.HER2_GROUPS, ordered=True), index=samples.index)


def _parse_cells(
    ids: pd.Series, cells: GeneCells, symbols: Sequence[str], source: str | None
) -> tuple[pd.DataFrame, BoolMatrix]:
    """Return the events of the gene cells, by column, text, event and row, and where there is a cell at all."""
    texts = cells.texts
    _refuse_unknown(cells, ids, source)
    profiled = np.zeros((len(symbols), len(ids)), dtype=bool).T  # written and read by gene
    rows, altering = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for j, (codes, words) in enumerate(zip(cells.codes, cells.words, strict=True)):
        profiled[:, j] = codes >= 0
        altered = np.flatnonzero(np.append(texts.count[words] > 0, False)[codes])
        altered = altered[np.argsort(codes[altered], kind="stable")]
        rows.append(altered)
        altering.append(words[codes[altered]])
    column = np.repeat(np.arange(len(symbols)), [len(part) for part in rows[1:]])
    found = _events(np.concatenate(rows), np.concatenate(altering), column, texts)
    found["sample_id"] = ids.take(found.pop("row").to_numpy()).array
    found["gene"] = pd.Series(list(symbols), dtype="string").take(found.pop("column").to_numpy()).array
    return schema.conform(found, schema.ALTERATIONS), profiled


def _events(
    rows: npt.NDArray[np.intp], cells: npt.NDArray[np.intp], column: npt.NDArray[np.intp], texts: CellTexts
) -> pd.DataFrame:
    """Return row, column, class and protein change of every event of altered cells (``cells``: their text)."""
    many = texts.count[cells]
    cell = np.repeat(np.arange(len(cells)), many)
    nth = np.arange(len(cell)) - np.repeat(np.cumsum(many) - many, many)
    text = cells[cell]
    if (many > 1).any():
        change = np.append(0, np.cumsum((np.diff(cells) != 0) | (np.diff(column) != 0)))[: len(cells)]
        order = np.lexsort((nth, change[cell]))
        cell, nth, text = cell[order], nth[order], text[order]
    event = texts.first[text] + nth
    kinds, names = pd.factorize(texts.kinds)
    return pd.DataFrame(
        {
            "row": rows[cell],
            "column": column[cell],
            "alteration": pd.array(names, dtype="string").take(kinds[event]),
            "detail": pd.array(texts.details, dtype="string").take(event),
        }
    )


def _refuse_unknown(cells: GeneCells, ids: pd.Series, source: str | None) -> None:
    """Refuse the first text that is no alteration, with its place."""
    unknown = cells.texts.unknown
    for column, codes, words in zip(cells.columns, cells.codes, cells.words, strict=True) if unknown else ():
        for code, word in enumerate(words.tolist()):
            if word in unknown:
                row = int(np.flatnonzero(codes == code)[0])
                raise SchemaError(
                    f"value '{unknown[word]}' is no alteration", path=source, sample=str(ids.iloc[row]),
                    column=column, hint="use WT, 0, 1, NA, an alteration class or a protein change",
                )  # fmt: skip
