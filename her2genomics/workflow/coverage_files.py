"""From an alignment file to coverage, quality and callable territory: where reading and counting meet."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field, replace

import pandas as pd

from her2genomics.coverage import callable_territory, coverage_table, sample_qc, split_targets
from her2genomics.exceptions import BuildMismatchError, DataWarning, UsageError
from her2genomics.genome import normalise_build, require_same_build
from her2genomics.io.alignment_files import AlignmentHeader, read_alignment_header
from her2genomics.io.alignments import ReadFilter, Route, read_target_depth
from her2genomics.io.panels import read_bed
from her2genomics.panel import DEFAULT_PANEL, load_panel
from her2genomics.panel_files import first_tokens


@dataclass(frozen=True)
class CoverageSettings:
    """How coverage is counted, and over what.

    Parameters
    ----------
    panel
        Name or folder of the panel whose targets are taken when ``bed`` is None.
    bed
        BED of the targets, gene in column 4.
    build
        Build that the file has to be of; None takes what its contig lengths say.
    read_filter
        Which reads are counted.
    min_depth
        Depth from which a base is callable [x]; None leaves the callable territory out.
    route
        Whole file, by region through the index, or what is less work.
    reference
        FASTA of a CRAM.
    sample
        Sample name; None takes that of the read groups.
    bin_bp
        Targets are cut into equal bins of about this length [bp]; None leaves them whole.
    """

    panel: str = DEFAULT_PANEL
    bed: str | None = None
    build: str | None = None
    read_filter: ReadFilter = field(default_factory=ReadFilter)
    min_depth: int | None = None
    route: Route = "auto"
    reference: str | None = None
    sample: str | None = None
    bin_bp: int | None = None


@dataclass(frozen=True)
class CoverageResult:
    """Coverage of one sample.

    Parameters
    ----------
    coverage
        `schema.COVERAGE`, one row per target.
    qc
        `schema.SAMPLE_QC`, one row.
    callable_bed
        ``chromosome, start, end`` of callable bases [bp, 0-based half-open]; None when not asked for.
    """

    coverage: pd.DataFrame
    qc: pd.DataFrame
    callable_bed: pd.DataFrame | None

    def summary(self) -> str:
        """Return the quality in one line."""
        row = self.qc.iloc[0]
        parts = [
            f"{row['sample_id']}: mean depth {row['mean_target_depth']:.1f}x over {row['n_targets']} targets",
            f"median {row['median_target_depth']:.0f}x",
            f"{row['frac_targets_100x']:.1%} of targets >= 100x",
            f"{row['frac_targets_500x']:.1%} >= 500x",
        ]
        for name, word in (("frac_on_target", "on target"), ("frac_duplicate", "duplicates")):
            if not pd.isna(row[name]):
                parts.append(f"{row[name]:.1%} {word}")
        return ", ".join(parts)


def coverage_of_file(
    path: str | os.PathLike[str], settings: CoverageSettings | None = None, *, threads: int = 1
) -> CoverageResult:
    """Return depth per target, quality and callable territory of a BAM, CRAM or SAM file.

    Raises
    ------
    FileFormatError
        If the file is damaged, truncated, unsorted, or has no index where one is needed.
    BuildMismatchError
        If it is of another build than asked for, the panel has no targets on its build, or no target lies on it.
    UsageError
        If the callable depth is not positive, or the build cannot be told and is not given.
    """
    settings = settings or CoverageSettings()
    if settings.min_depth is not None and settings.min_depth < 1:
        raise UsageError(f"a callable base has a depth of at least 1, not {settings.min_depth}", hint="see --min-depth")
    header = read_alignment_header(path, reference=settings.reference)
    return coverage_over(path, targets_of(settings, header), settings, threads=threads)


def coverage_over(
    path: str | os.PathLike[str], targets: pd.DataFrame, settings: CoverageSettings, *, threads: int = 1
) -> CoverageResult:
    """Return what `coverage_of_file` does over the targets given, whatever panel or BED the settings name."""
    depth = read_target_depth(
        path,
        targets,
        read_filter=settings.read_filter,
        min_depth=settings.min_depth,
        route=settings.route,
        reference=settings.reference,
        threads=threads,
    )
    if settings.sample is not None:
        depth = replace(depth, sample=settings.sample)
    if not depth.summary.histogram[1:].any():
        warnings.warn(DataWarning(f"{os.fspath(path)}: no read on any target"), stacklevel=2)
    return CoverageResult(
        coverage_table(depth.targets),
        sample_qc(depth),
        None if settings.min_depth is None else callable_territory(depth.summary),
    )


def targets_of(settings: CoverageSettings, header: AlignmentHeader) -> pd.DataFrame:
    """Return the targets (``chromosome, start, end, gene``) that the settings name, on the build of the file.

    Raises
    ------
    BuildMismatchError
        If the file is of another build than asked for, or its build cannot be told and is not given.
    """
    asked = None if settings.build is None else normalise_build(settings.build)
    if asked is not None:
        require_same_build(header.build, asked, path=header.path)
    build = asked or header.build
    if settings.bed is not None:
        table = read_target_bed(settings.bed, build=build)
    elif build is None:
        raise BuildMismatchError(
            "the contig lengths are neither those of hg19 nor of hg38",
            path=header.path,
            hint="give the targets with --targets BED, or the build with --build",
        )
    else:
        table = load_panel(settings.panel).targets(build)[["chromosome", "start", "end", "gene"]]
    return table if settings.bin_bp is None else split_targets(table, settings.bin_bp)


def read_target_bed(path: str | os.PathLike[str], *, build: str | None) -> pd.DataFrame:
    """Return the targets of a BED as ``chromosome, start, end, gene``: the gene is the first token of column 4."""
    table = read_bed(path, build=build)
    table["gene"] = first_tokens(table["name"])
    return table[["chromosome", "start", "end", "gene"]]
