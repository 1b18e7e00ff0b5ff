"""Copy number from files: references on disk, samples against them, and every output that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.copy_rule import CopyRule
from her2genomics.coverage import split_targets
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.gene_calls import CnvResult, call_copy_number, describe_erbb2
from her2genomics.io.cnv_files import build_of_fasta, gc_of_bins, write_cbioportal_cna, write_cnv_vcf, write_seg
from her2genomics.io.cnvkit import NORMALS_SUFFIX, NULL_SUFFIX, read_cnn, write_cnn
from her2genomics.io.tables import read_table
from her2genomics.io.write import write_table
from her2genomics.normals import Reference, build_reference, flat_reference, mask_foreign_bins
from her2genomics.ratios import Sex
from her2genomics.segmentation import add_segments_to_genes, segment_ratios
from her2genomics.workflow.cnv_inputs import SampleCoverage, one_build, read_bins, read_samples
from her2genomics.workflow.coverage_files import CoverageSettings, read_target_bed

PathLike = str | os.PathLike[str]
Watch = Callable[[Iterable[SampleCoverage]], Iterable[SampleCoverage]]

DEFAULT_BUILD = "hg19"
"""Taken for the names of amplicons and the contigs of the VCF when nothing says the build."""


def build_from_files(
    normals: Sequence[PathLike],
    *,
    gc_from: PathLike | None = None,
    fasta: PathLike | None = None,
    flat: PathLike | None = None,
    keep_outliers: bool = False,
    settings: CoverageSettings | None = None,
    threads: int = 1,
    watch: Watch | None = None,
) -> Reference:
    """Build a reference from ``.cnn``, BAM or CRAM files of normals, or a flat one from the bins of a table or BED.

    Parameters
    ----------
    normals
        Files; alignments are counted over the bins of the first table among them, else over the settings' targets.
    gc_from, fasta
        Where the GC of the bins comes from: a table with a gc column, or an indexed genome.
    flat
        ``.cnn``, reference or BED whose bins make a reference without normals.
    keep_outliers
        Keep normals that the quality gate would leave out.
    settings
        Targets and read filters for alignments, and the build.
    threads
        Threads in all.
    watch
        Wraps the samples while they are read, for a progress bar.

    Raises
    ------
    UsageError
        If GC is to come from two places, normals and ``flat`` are both given or both absent, or a sample comes twice.
    BuildMismatchError
        If the files, the FASTA and the build asked for are not of one build.
    """
    settings = settings or CoverageSettings()
    if gc_from is not None and fasta is not None:
        raise UsageError("GC can come from --gc-from or from --fasta, not from both")
    if bool(normals) == (flat is not None):
        raise UsageError("give the coverage of normals, or --flat TARGETS.cnn", hint="not both")
    builds = {"--build": settings.build, "the FASTA": None if fasta is None else build_of_fasta(fasta)}
    if flat is not None:
        targets = _flat_bins(flat, settings)
        return flat_reference(targets, gc=_gc_table(targets, gc_from, fasta)).on_build(one_build(builds))
    coverages = {}
    for sample in (watch or iter)(read_samples(normals, settings=settings, threads=threads)):
        coverages[sample.sample_id] = sample.coverage
        builds[f"sample {sample.sample_id}"] = sample.build
        one_build(builds)
    gc = _gc_table(next(iter(coverages.values())), gc_from, fasta)
    return build_reference(coverages, gc=gc, keep_outliers=keep_outliers).on_build(one_build(builds))


def _flat_bins(path: PathLike, settings: CoverageSettings) -> pd.DataFrame:
    if not os.fspath(path).removesuffix(".gz").endswith(".bed"):
        return read_bins(path)
    table = read_target_bed(path, build=settings.build)
    return table if settings.bin_bp is None else split_targets(table, settings.bin_bp)


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
    unknown = [name for name in ("gc", "build") if reference.bins[name].isna().all()]
    write_cnn(reference.bins.drop(columns=unknown), path)
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
        raw["masked"] = mask_foreign_bins(raw)
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
    """What decides how a sample is called; a build of None is that of the reference, else of the alignment file."""

    rule: CopyRule = field(default_factory=CopyRule)
    purity: float | None = None
    ploidy: float = 2.0
    sex: Sex | None = None
    build: str | None = None
    counting: CoverageSettings = field(default_factory=CoverageSettings)


@dataclass(frozen=True)
class CnvFiles:
    """One sample's results, segments and build, and the quality of its sequencing where it came as a BAM or CRAM."""

    result: CnvResult
    genes: pd.DataFrame
    segments: pd.DataFrame
    sequencing_qc: pd.DataFrame | None = None
    build: str = DEFAULT_BUILD

    def summary(self) -> str:
        """Return one line: quality, calls, ERBB2."""
        qc = self.result.qc
        state = "evaluable" if qc.evaluable else f"not evaluable ({'; '.join(qc.failed)})"
        counts = self.genes["call"].value_counts()
        calls = ", ".join(f"{int(counts.get(name, 0))} {name}" for name in ("amplification", "deletion"))
        return f"{qc.sample_id}: {state}, MAPD {qc.mapd:.2f}, {calls}; {describe_erbb2(self.genes)}"


def copy_number_of_file(path: PathLike, reference: Reference, settings: CnvSettings | None = None) -> CnvFiles:
    """Return ratios, segments and gene calls of one ``.cnn``, BAM or CRAM file."""
    return next(copy_number_of_files([path], reference, settings))


def copy_number_of_files(
    paths: Sequence[PathLike], reference: Reference, settings: CnvSettings | None = None, *, threads: int = 1
) -> Iterator[CnvFiles]:
    """Yield the results of several ``.cnn``, BAM or CRAM files; alignments are counted over the reference's bins.

    Raises
    ------
    UsageError
        If a sample comes twice.
    BuildMismatchError
        If the reference or an alignment file is of another build than the settings say, or they differ.
    """
    settings = settings or CnvSettings()
    known = one_build({"--build": settings.build, "the reference": reference.build})
    counting = replace(settings.counting, build=known)
    for sample in read_samples(paths, reference.bins, counting, threads=threads):
        build = known or sample.build or DEFAULT_BUILD
        result = call_copy_number(
            sample.coverage, reference, sample_id=sample.sample_id, rule=settings.rule, purity=settings.purity,
            ploidy=settings.ploidy, sex=settings.sex, build=build,
        )  # fmt: skip
        segments = segment_ratios(result.ratios, sample_id=sample.sample_id)
        yield CnvFiles(result, add_segments_to_genes(result.genes, segments), segments, sample.qc, build)


def write_outputs(done: Sequence[CnvFiles], folder: PathLike) -> None:
    """Write every format into a folder: per sample ``.cnr``, ``.cns``, ``.vcf``; of all ``.seg`` and gene tables."""
    root = Path(folder)
    for sample in done:
        name = sample.result.qc.sample_id
        write_cnn(sample.result.ratios, root / f"{name}.cnr")
        write_cnn(sample.segments.drop(columns="sample_id"), root / f"{name}.cns")
        write_cnv_vcf(sample.genes, root / f"{name}.cnv.vcf", sample_id=name, build=sample.build)
    genes = pd.concat([sample.genes for sample in done], ignore_index=True)
    write_table(genes, root / "gene_cna.tsv", "tsv")
    quality = schema.conform(pd.DataFrame([sample.result.qc.row() for sample in done]), schema.CNV_QC)
    write_table(quality, root / "cnv_qc.tsv", "tsv")
    sequencing = [sample.sequencing_qc for sample in done if sample.sequencing_qc is not None]
    if sequencing:
        write_table(pd.concat(sequencing, ignore_index=True), root / "sample_qc.tsv", "tsv")
    write_seg(pd.concat([sample.segments for sample in done], ignore_index=True), root / "segments.seg")
    write_cbioportal_cna(genes, root / "data_cna.txt", root / "data_log2_cna.txt")


def write_plots(
    done: Sequence[CnvFiles], folder: PathLike, *, genes: Sequence[str] = ("ERBB2",), ending: str = "png"
) -> list[Path]:
    """Write per sample the genome-wide profile and a close-up of each gene that has targets; return the files.

    Raises
    ------
    UsageError
        If the ending is not that of a figure.
    """
    from her2genomics.io.figures import write_figure
    from her2genomics.report.copy_number_figures import plot_gene, plot_profile

    written = []
    for sample in done:
        ratios, name = sample.result.ratios, sample.result.qc.sample_id
        state = "" if sample.result.qc.evaluable else " (not evaluable)"
        figures = {f"{name}.profile": plot_profile(ratios, sample.segments, sample.genes, title=f"{name}{state}")}
        for gene in sample.genes.loc[sample.genes["gene"].isin(genes), "gene"]:
            figures[f"{name}.{gene}"] = plot_gene(ratios, sample.segments, sample.genes, gene=gene, title=name)
        for stem, figure in figures.items():
            path = Path(folder) / f"{stem}.{ending}"
            write_figure(figure, path)
            written.append(path)
    return written
