"""Copy number from files: references on disk, samples against them, and every output that is asked for."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.copy_rule import CopyRule
from her2genomics.exceptions import FileFormatError, SchemaError, UsageError
from her2genomics.gene_calls import CnvResult, call_copy_number, describe_erbb2
from her2genomics.io.cnv_files import gc_of_bins, write_cbioportal_cna, write_cnv_vcf, write_seg
from her2genomics.io.cnvkit import read_cnn, write_cnn
from her2genomics.io.tables import read_table
from her2genomics.io.write import write_table
from her2genomics.normals import Reference, build_reference, flat_reference
from her2genomics.ratios import Sex
from her2genomics.segmentation import add_segments_to_genes, segment_ratios

PathLike = str | os.PathLike[str]
log = logging.getLogger(__name__)

NORMALS_SUFFIX, NULL_SUFFIX = ".normals.tsv", ".null.tsv"
_ENDINGS = (".gz", ".cnn", ".targetcoverage", ".cnr", ".cns", ".tsv")


def sample_name(path: PathLike) -> str:
    """Return the sample of a coverage file: its name without ``.targetcoverage.cnn.gz`` and the like.

    Examples
    --------
    >>> sample_name("run/TR_01_N.targetcoverage.cnn.gz")
    'TR_01_N'
    """
    name = Path(path).name
    while any(name.endswith(ending) for ending in _ENDINGS):
        name = next(name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending))
    return name


def build_from_files(
    normals: Sequence[PathLike],
    *,
    gc_from: PathLike | None = None,
    fasta: PathLike | None = None,
    flat: PathLike | None = None,
    keep_outliers: bool = False,
) -> Reference:
    """Build a reference from ``.cnn`` files of normals, or a flat one from any ``.cnn`` or reference's bins.

    Raises
    ------
    UsageError
        If GC is to come from two places, normals and ``flat`` are both given or both absent, or a sample comes twice.
    """
    if gc_from is not None and fasta is not None:
        raise UsageError("GC can come from --gc-from or from --fasta, not from both")
    if bool(normals) == (flat is not None):
        raise UsageError("give the coverage of normals, or --flat TARGETS.cnn", hint="not both")
    names = [sample_name(path) for path in normals]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise UsageError(f"sample {sorted(repeated)[0]} is given twice", hint="rename one of the files")
    coverages = {name: _coverage(path) for name, path in zip(names, normals, strict=True)}
    targets = _coverage(flat) if flat is not None else next(iter(coverages.values()))
    gc = _gc_table(targets, gc_from, fasta)
    if flat is not None:
        return flat_reference(targets, gc=gc)
    return build_reference(coverages, gc=gc, keep_outliers=keep_outliers)


def _coverage(path: PathLike) -> pd.DataFrame:
    table = read_cnn(path)
    if table.empty:
        raise FileFormatError("has no bins", path=path)
    return table.drop_duplicates(["chromosome", "start", "end", "gene"]).reset_index(drop=True)


def _gc_table(targets: pd.DataFrame, gc_from: PathLike | None, fasta: PathLike | None) -> pd.DataFrame | None:
    if fasta is not None:
        return gc_of_bins(targets, fasta)
    if gc_from is None:
        return None
    table = read_cnn(gc_from)
    if "gc" not in table:
        raise SchemaError(
            "there is no gc column", path=gc_from, column="gc", hint="use --fasta, or leave --gc-from out"
        )
    return table


def write_reference(reference: Reference, path: PathLike) -> None:
    """Write a reference: ``path`` in CNVkit's columns, and beside it its normals and their null."""
    bins = reference.bins
    if bins["gc"].isna().all():
        bins = bins.drop(columns="gc")
    write_cnn(bins, path)
    for table, side in zip((reference.normals, reference.null), _beside(path), strict=True):
        if table.empty:
            side.unlink(missing_ok=True)
        else:
            write_table(table, side, "tsv")


def _beside(path: PathLike) -> tuple[Path, Path]:
    return Path(f"{os.fspath(path)}{NORMALS_SUFFIX}"), Path(f"{os.fspath(path)}{NULL_SUFFIX}")


def read_reference(path: PathLike) -> Reference:
    """Read a reference as `write_reference` wrote it; CNVkit's own ``reference.cnn`` serves without p-values.

    Raises
    ------
    FileFormatError, SchemaError
        If a file is missing or not what it should be.
    """
    raw = read_cnn(path)
    if "masked" not in raw:
        raw = raw[~raw["gene"].isin(["Background", "Antitarget"])].reset_index(drop=True)
        raw["masked"] = raw["chromosome"].eq("chrY").map({True: "chrY", False: ""})
        raw["n_normals"] = pd.NA
    raw["masked"] = raw["masked"].fillna("")
    bins = schema.conform(raw.assign(n_normals=pd.to_numeric(raw["n_normals"])), schema.REFERENCE_BINS)
    normals, null = (
        schema.check(read_table(side), declared, source=side) if side.is_file() else schema.empty(declared)
        for side, declared in zip(_beside(path), (schema.REFERENCE_NORMALS, schema.REFERENCE_NULL), strict=True)
    )
    return Reference(bins, normals, null)


@dataclass(frozen=True)
class CnvSettings:
    """What decides how a sample is called."""

    rule: CopyRule = field(default_factory=CopyRule)
    purity: float | None = None
    ploidy: float = 2.0
    sex: Sex | None = None
    build: str = "hg19"


@dataclass(frozen=True)
class CnvFiles:
    """One sample's results with its segments."""

    result: CnvResult
    genes: pd.DataFrame
    segments: pd.DataFrame

    def summary(self) -> str:
        """Return one line: quality, calls, ERBB2."""
        qc = self.result.qc
        state = "evaluable" if qc.evaluable else f"not evaluable ({'; '.join(qc.failed)})"
        counts = self.genes["call"].value_counts()
        calls = ", ".join(f"{int(counts.get(name, 0))} {name}" for name in ("amplification", "deletion"))
        return f"{qc.sample_id}: {state}, MAPD {qc.mapd:.2f}, {calls}; {describe_erbb2(self.genes)}"


def copy_number_of_file(path: PathLike, reference: Reference, settings: CnvSettings | None = None) -> CnvFiles:
    """Return ratios, segments and gene calls of one coverage file."""
    settings = settings or CnvSettings()
    name = sample_name(path)
    result = call_copy_number(
        _coverage(path), reference, sample_id=name, rule=settings.rule, purity=settings.purity,
        ploidy=settings.ploidy, sex=settings.sex, build=settings.build,
    )  # fmt: skip
    segments = segment_ratios(result.ratios, sample_id=name)
    return CnvFiles(result, add_segments_to_genes(result.genes, segments), segments)


def write_outputs(done: Sequence[CnvFiles], folder: PathLike, *, build: str = "hg19") -> None:
    """Write every format into a folder: per sample ``.cnr``, ``.cns``, ``.vcf``; of all ``.seg`` and gene tables."""
    root = Path(folder)
    for sample in done:
        name = sample.result.qc.sample_id
        write_cnn(sample.result.ratios, root / f"{name}.cnr")
        write_cnn(sample.segments.drop(columns="sample_id"), root / f"{name}.cns")
        write_cnv_vcf(sample.genes, root / f"{name}.cnv.vcf", sample_id=name, build=build)
    genes = pd.concat([sample.genes for sample in done], ignore_index=True)
    write_table(genes, root / "gene_cna.tsv", "tsv")
    write_table(pd.DataFrame([sample.result.qc.row() for sample in done]), root / "cnv_qc.tsv", "tsv")
    write_seg(pd.concat([sample.segments for sample in done], ignore_index=True), root / "segments.seg")
    write_cbioportal_cna(genes, root / "data_cna.txt", root / "data_log2_cna.txt")
