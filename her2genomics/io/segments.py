"""Copy number from files: segments (SEG, CNVkit ``.cns``) and gene tables (long, or a matrix as in cBioPortal).

SEG is 1-based inclusive on disk and 0-based half-open in memory; ``.cns`` is 0-based on both sides.  Neither says its
genome build: it is given, and segments that end beyond a chromosome of that build are refused.

A gene matrix holds discrete calls (-2 ... 2), log2 ratios, or absolute copies.  The values say which where they can:
only -2, -1.5, -1, 0, 1 and 2 are calls; fractions with negative values are log2 ratios.  Anything else is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from her2genomics import schema
from her2genomics.exceptions import AmbiguousInputError, BuildMismatchError, SchemaError
from her2genomics.genome import CONTIG_LENGTHS, normalise_build, normalise_contigs
from her2genomics.io.column_names import RecognisedTable, Synonyms, name_key, recognise_columns
from her2genomics.io.read_reports import Count, column_report, count_table
from her2genomics.io.tables import read_table

SEG_SYNONYMS: Synonyms = {
    "sample_id": ("sample", "id", "gdc_aliquot", "tumor_sample_barcode", "sample_barcode", "array"),
    "chromosome": ("chrom", "chr"),
    "start": ("loc.start", "start_position", "start_bp"),
    "end": ("loc.end", "end_position", "end_bp", "stop"),
    "probes": ("num.mark", "num_probes", "num_markers", "n_probes", "markers"),
    "log2": ("seg.mean", "segment_mean", "mean", "log2_ratio", "logr", "seg_mean_log2"),
}
GENE_TABLE_SYNONYMS: Synonyms = {
    "sample_id": ("sample", "tumor_sample_barcode", "sample_barcode"),
    "gene": ("hugo_symbol", "gene_symbol", "symbol", "gene_name"),
    "log2": ("log2_ratio",),
    "cn": ("copies", "copy_number", "absolute_cn"),
    "cna": ("call", "cna_call", "discrete_cna", "gistic"),
}
_GENE_ANNOTATION = frozenset({"entrezgeneid", "cytoband", "locusid", "geneid", "chromosome", "band", "location"})
Measure = Literal["calls", "log2", "copies"]
_COLUMN_OF: dict[str, str] = {"calls": "cna", "log2": "log2", "copies": "cn"}
_CALLS = (-2.0, -1.5, -1.0, 0.0, 1.0, 2.0)
_PARTIAL_DELETION = -1.5  # cBioPortal's importer makes it a deep deletion
_MIN_SEGMENTS_TO_JUDGE, _COPIES_MEDIAN = 20, 0.5
_DIPLOID = 2.0


@dataclass(frozen=True)
class SegTable:
    """Segments and how they were read.

    Parameters
    ----------
    segments
        `schema.SEGMENTS` [0-based half-open].
    report
        ``column, recognised_as, how, n_missing, note``.
    counts
        ``what, n, note``.
    build
        ``hg19``, ``hg38``, or None when it was not said.
    """

    segments: pd.DataFrame
    report: pd.DataFrame
    counts: pd.DataFrame
    build: str | None


@dataclass(frozen=True)
class GeneCnaTable:
    """Copy number per sample and gene, and how it was read.

    Parameters
    ----------
    gene_cna
        The columns of `schema.GENE_CNA` that the file gives; genes without a value in a sample have no row, and ``cna``
        is missing where the file holds no calls.
    report
        ``column, recognised_as, how, n_missing, note``.
    counts
        ``what, n, note``.
    measure
        What the file holds: ``calls``, ``log2`` or ``copies``.
    """

    gene_cna: pd.DataFrame
    report: pd.DataFrame
    counts: pd.DataFrame
    measure: Measure


def read_seg(path: str | os.PathLike[str], *, build: str | None = None) -> SegTable:
    r"""Read a SEG file of one or many samples.

    Parameters
    ----------
    path
        SEG with a header, plain or gzipped; chromosome X may be written 23.
    build
        Genome build of the positions; None leaves it unsaid.

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If a column is missing, or a value is not of its column's type or range.
    BuildMismatchError
        If a segment ends beyond its chromosome.
    AmbiguousInputError
        If the means look like copies or ratios, not like log2.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "x.seg"
    >>> _ = file.write_text("ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nP1\t23\t1\t1000\t12\t-0.4\n")
    >>> read_seg(file, build="hg19").segments.values.tolist()
    [['P1', 'chrX', 0, 1000, 12, -0.4]]
    """
    raw = read_table(path)
    recognised = recognise_columns(raw, SEG_SYNONYMS, identifier=("sample_id",), path=path)
    _require(recognised, [c.name for c in schema.SEGMENTS.columns if c.required], path)
    return _segments(recognised, path, build, first_base=1)


def read_cns(path: str | os.PathLike[str], *, sample: str | None = None, build: str | None = None) -> SegTable:
    """Read CNVkit segments (``.cns``), which hold one sample.

    Parameters
    ----------
    path
        ``.cns`` file [0-based half-open].
    sample
        Its sample; by default the file's name up to the first point, as CNVkit takes it.
    build
        Genome build of the positions.

    Raises
    ------
    FileFormatError, SchemaError, BuildMismatchError, AmbiguousInputError
        As `read_seg`.
    """
    raw = read_table(path)
    name = sample or Path(path).name.partition(".")[0]
    raw = raw.assign(sample_id=pd.array([name] * len(raw), dtype="string"))
    recognised = recognise_columns(raw, dict.fromkeys(SEG_SYNONYMS, ()), identifier=("sample_id",), path=path)
    _require(recognised, [c.name for c in schema.SEGMENTS.columns if c.required], path)
    return _segments(recognised, path, build, first_base=0)


def _require(recognised: RecognisedTable, columns: list[str], path: str | os.PathLike[str]) -> None:
    missing = [name for name in columns if name not in recognised.table]
    if missing:
        names = ", ".join(str(name) for name in recognised.report["column"][:8])
        raise SchemaError(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            path=path,
            hint=f"the file has {names}; is the header line missing?",
        )


def _segments(
    recognised: RecognisedTable, path: str | os.PathLike[str], build: str | None, *, first_base: int
) -> SegTable:
    counts: list[Count] = []
    table = recognised.table[[name for name in schema.SEGMENTS.names if name in recognised.table]].copy()
    without_mean = table["log2"].isna()
    counts.append(("segments without a mean dropped", int(without_mean.sum()), ""))
    table = table[~without_mean].reset_index(drop=True)
    table["chromosome"] = normalise_contigs(table["chromosome"]).where(table["chromosome"].notna())
    table = schema.check(table, schema.SEGMENTS, source=path, unique=False)
    _refuse_missing(table, recognised, path)
    at_zero = table["start"] < first_base
    counts.append(("segments that start at 0 in a 1-based file: taken as 1", int(at_zero.sum()), ""))
    table["start"] = table["start"].mask(at_zero, first_base) - first_base
    _refuse_infinite(table, path)
    _refuse_reversed(table, path)
    _refuse_copies(table["log2"], path)
    build = None if build is None else normalise_build(build)
    if build is not None:
        _refuse_other_build(table, build, path)
    table = schema.check(table, schema.SEGMENTS, source=path)
    return SegTable(table, recognised.report, count_table(counts, path), build)


def _refuse_missing(table: pd.DataFrame, recognised: RecognisedTable, path: str | os.PathLike[str]) -> None:
    for name in ("sample_id", "chromosome", "start", "end"):
        rows = table[name].isna().to_numpy().nonzero()[0]
        if len(rows):
            column = recognised.written_as(name)
            raise SchemaError(f"{name} is empty in data row {int(rows[0]) + 1}", path=path, column=column)


def _refuse_infinite(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    infinite = np.isinf(table["log2"].to_numpy(dtype=np.float64, na_value=np.nan)).nonzero()[0]
    if len(infinite):
        row = table.iloc[int(infinite[0])]
        raise SchemaError("log2 is not finite", path=path, sample=str(row["sample_id"]), column="log2")


def _refuse_reversed(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    bad = (table["end"] <= table["start"]).to_numpy(dtype=bool).nonzero()[0]
    if len(bad):
        row = table.iloc[int(bad[0])]
        raise SchemaError(
            f"a segment on {row['chromosome']} ends at {row['end']}, before it starts",
            path=path,
            sample=str(row["sample_id"]),
        )


def _refuse_copies(log2: pd.Series, path: str | os.PathLike[str]) -> None:
    if len(log2) >= _MIN_SEGMENTS_TO_JUDGE and log2.min() >= 0 and log2.median() > _COPIES_MEDIAN:
        raise AmbiguousInputError(
            f"no segment mean is negative and their median is {log2.median():.2g}: copies or ratios instead of log2?",
            path=path,
            column="log2",
            hint="convert them: log2(ratio), or log2(copies / 2)",
        )


def _refuse_other_build(table: pd.DataFrame, build: str, path: str | os.PathLike[str]) -> None:
    limits = table["chromosome"].map(CONTIG_LENGTHS[build])
    beyond = (table["end"] > limits).fillna(False).to_numpy(dtype=bool).nonzero()[0]
    if len(beyond):
        row = table.iloc[int(beyond[0])]
        other = next(name for name in CONTIG_LENGTHS if name != build)
        raise BuildMismatchError(
            f"{len(beyond)} segments end beyond their chromosome on {build} (first: {row['chromosome']}:{row['end']})",
            path=path,
            sample=str(row["sample_id"]),
            hint=f"is the file {other}? use --build {other}",
        )


def read_gene_cna(
    path: str | os.PathLike[str], *, genes: Collection[str] | None = None, measure: Measure | None = None
) -> GeneCnaTable:
    r"""Read copy number per gene: a long table, or a matrix of genes x samples or samples x genes.

    Parameters
    ----------
    path
        Long table with ``sample_id, gene`` and ``cna``, ``log2`` or ``cn``; or a matrix whose first column holds genes
        (cBioPortal ``data_cna.txt``, ``data_log2_cna.txt``, GISTIC) or samples.
    genes
        Genes to keep; a whole exome takes one row per gene and sample.
    measure
        What a matrix holds; by default told by its values.

    Raises
    ------
    FileFormatError
        If the file is no text table.
    SchemaError
        If there is no gene column, or a value is no number.
    AmbiguousInputError
        If the values can be calls, log2 ratios or copies, or a gene has rows that differ.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "data_cna.txt"
    >>> _ = file.write_text("Hugo_Symbol\tEntrez_Gene_Id\tP1\tP2\nERBB2\t2064\t2\t0\nPTEN\t5728\t-1\tNA\n")
    >>> read_gene_cna(file).gene_cna[["sample_id", "gene", "cna"]].values.tolist()
    [['P1', 'ERBB2', 2], ['P1', 'PTEN', -1], ['P2', 'ERBB2', 0]]
    """
    raw = read_table(path)
    first = name_key(str(raw.columns[0]))
    gene_keys, sample_keys = ({name_key(word) for word in (c, *GENE_TABLE_SYNONYMS[c])} for c in ("gene", "sample_id"))
    keys = {name_key(str(name)) for name in raw.columns}
    if keys & gene_keys and keys & sample_keys:
        return _long_gene_table(raw, path, genes)
    if first not in gene_keys | sample_keys:
        raise SchemaError(
            f"the first column, '{raw.columns[0]}', holds neither genes nor samples by its name",
            path=path,
            hint="name it Hugo_Symbol (genes in rows) or sample_id (samples in rows)",
        )
    matrix = _GeneMatrix.from_table(raw, genes_in_rows=first in gene_keys, genes=genes, path=path)
    return matrix.to_long(measure)


def _long_gene_table(raw: pd.DataFrame, path: str | os.PathLike[str], genes: Collection[str] | None) -> GeneCnaTable:
    recognised = recognise_columns(raw, GENE_TABLE_SYNONYMS, identifier=("sample_id",), path=path)
    table = recognised.table
    if genes is not None:
        table = table[table["gene"].isin(list(genes))].reset_index(drop=True)
    found: list[Measure] = [measure for measure in ("calls", "log2", "copies") if _COLUMN_OF[measure] in table]
    if not found:
        raise SchemaError("no column with calls (cna), log2 ratios (log2) or copies (cn)", path=path)
    if "cna" not in table:
        table = table.assign(cna=pd.array([pd.NA] * len(table), dtype="Int64"))
    checked = schema.check(table, schema.GENE_CNA, source=path)
    if "log2" in checked:
        _refuse_infinite(checked, path)
    known = checked[[name for name in schema.GENE_CNA.names if name in checked]]
    return GeneCnaTable(known, recognised.report, count_table([], path), found[0])


@dataclass(frozen=True)
class _GeneMatrix:
    """Numbers of genes x samples."""

    values: npt.NDArray[np.float64]
    genes: list[str]
    samples: list[str]
    report: pd.DataFrame
    path: str | os.PathLike[str]
    counts: list[Count]

    @classmethod
    def from_table(
        cls, raw: pd.DataFrame, *, genes_in_rows: bool, genes: Collection[str] | None, path: str | os.PathLike[str]
    ) -> _GeneMatrix:
        counts: list[Count] = []
        axis = str(raw.columns[0])
        others = [str(name) for name in raw.columns[1:] if name_key(str(name)) not in _GENE_ANNOTATION]
        if not others:
            raise SchemaError("no column with values", path=path)
        if not genes_in_rows and genes is not None:
            others = [name for name in others if name in set(genes)]
        unnamed = raw[axis].isna()
        counts.append((f"rows without {axis} dropped", int(unnamed.sum()), ""))
        rows = raw[~unnamed]
        if genes_in_rows and genes is not None:
            rows = rows[rows[axis].isin(list(genes))]
        rows = _unique_rows(rows, axis, others, counts, path)
        names = rows[axis].tolist()
        values = _numbers(rows, others, names, genes_in_rows, path)
        report = column_report(
            [
                (
                    axis,
                    "gene" if genes_in_rows else "sample_id",
                    "synonym",
                    int(unnamed.sum()),
                    "first column of a matrix",
                )
            ]
        )
        if genes_in_rows:
            return cls(values, names, others, report, path, counts)
        return cls(values.T, others, names, report, path, counts)

    def to_long(self, measure: Measure | None) -> GeneCnaTable:
        measure = measure or self._measure()
        values = self._checked(measure).T
        sample, gene = np.nonzero(~np.isnan(values))
        numbers = pd.Series(values[sample, gene])
        empty = pd.array([pd.NA] * len(numbers), dtype="Int64")
        calls = numbers.astype("Int64") if measure == "calls" else empty
        table = pd.DataFrame(
            {"sample_id": _named(self.samples, sample), "gene": _named(self.genes, gene), "cna": calls}
        )
        if measure != "calls":
            table.insert(2, _COLUMN_OF[measure], numbers.astype("Float64"))
        absent = values.size - len(numbers)
        report = column_report([(None, _COLUMN_OF[measure], f"matrix of {measure}", absent, "")])
        report = pd.concat([self.report, report], ignore_index=True)
        return GeneCnaTable(table, report, count_table(self.counts, self.path), measure)

    def _checked(self, measure: Measure) -> npt.NDArray[np.float64]:
        values = self.values
        if measure == "calls":
            self._refuse(~np.isin(values, _CALLS) & ~np.isnan(values), "is no call from -2 to 2")
            partial = values == _PARTIAL_DELETION
            self.counts.append(("partial deletions (-1.5) taken as -2", int(partial.sum()), ""))
            return np.where(partial, -2.0, values)
        self._refuse(np.isinf(values), "is not finite")
        if measure == "copies":
            self._refuse(values < 0, "is below 0")
        return values

    def _refuse(self, bad: npt.NDArray[np.bool_], why: str) -> None:
        if bad.any():
            gene, sample = (int(i[0]) for i in np.nonzero(bad))
            raise SchemaError(
                f"value '{self.values[gene, sample]:g}' {why}",
                path=self.path,
                sample=self.samples[sample],
                column=self.genes[gene],
            )

    def _measure(self) -> Measure:
        known = self.values[np.isfinite(self.values)]
        if not len(known):
            return "calls"
        if np.isin(known, _CALLS).all() and not (known.min() >= 0 and np.median(known) == _DIPLOID):
            return "calls"
        if known.min() < 0 and (known % 1 != 0).any():
            return "log2"
        raise AmbiguousInputError(
            f"values from {known.min():g} to {known.max():g}: discrete calls, log2 ratios or copies?",
            path=self.path,
            hint="say which with measure='calls', 'log2' or 'copies'",
        )


def _unique_rows(
    rows: pd.DataFrame, axis: str, others: list[str], counts: list[Count], path: str | os.PathLike[str]
) -> pd.DataFrame:
    if not rows[axis].duplicated().any():
        return rows
    again = rows[rows[axis].duplicated(keep=False)]
    same = again.index[again.duplicated([axis, *others])]
    counts.append(("rows that repeat another one dropped", len(same), ""))
    rows = rows.drop(index=same)
    repeated = rows[axis].duplicated()
    if repeated.any():
        name = rows.loc[repeated, axis].iloc[0]
        raise AmbiguousInputError(
            f"{name} has several rows that differ ({int(repeated.sum())} such rows)", path=path, column=axis,
            hint="keep one row of each, or name the genes to read",
        )  # fmt: skip
    return rows


def _named(names: list[str], codes: npt.NDArray[np.intp]) -> pd.Series:
    """Return the names behind codes as a string column, without one Python object per row."""
    coded = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names, pa.large_string()))
    text: pd.Series = coded.cast(pa.large_string()).to_pandas(types_mapper={pa.large_string(): pd.StringDtype()}.get)
    return text


def _numbers(
    rows: pd.DataFrame, columns: list[str], names: list[str], genes_in_rows: bool, path: str | os.PathLike[str]
) -> npt.NDArray[np.float64]:
    values = np.empty((len(rows), len(columns)))
    for place, column in enumerate(columns):
        try:
            cells = pc.cast(pa.array(rows[column], pa.large_string()), pa.float64())
        except pa.ArrowInvalid as error:
            bad = pd.to_numeric(rows[column], errors="coerce").isna() & rows[column].notna()
            row = int(bad.to_numpy(dtype=bool).nonzero()[0][0])
            sample, gene = (column, names[row]) if genes_in_rows else (names[row], column)
            raise SchemaError(
                f"value '{rows[column].iloc[row]}' is not a number", path=path, sample=sample, column=gene
            ) from error
        values[:, place] = cells.to_numpy(zero_copy_only=False)
    return values
