"""What copy number starts from: ``.cnn`` tables as they are, or BAM and CRAM files counted over the same bins."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from her2genomics.exceptions import BuildMismatchError, FileFormatError, UsageError
from her2genomics.genome import normalise_build
from her2genomics.io.alignment_files import read_alignment_header
from her2genomics.io.cnvkit import read_cnn
from her2genomics.ratios import BIN_KEY
from her2genomics.workflow.coverage_files import CoverageSettings, coverage_over, targets_of

PathLike = str | os.PathLike[str]

ALIGNMENT_ENDINGS = (".bam", ".cram", ".sam")
_ENDINGS = (".gz", ".cnn", ".targetcoverage", ".cnr", ".cns", ".tsv")


@dataclass(frozen=True)
class SampleCoverage:
    """Coverage of one sample.

    Parameters
    ----------
    sample_id
        Sample.
    coverage
        `schema.COVERAGE`, each bin once.
    qc
        `schema.SAMPLE_QC` of a BAM or CRAM; None of a table.
    build
        Build of a BAM or CRAM, where its contig lengths say it.
    """

    sample_id: str
    coverage: pd.DataFrame
    qc: pd.DataFrame | None = None
    build: str | None = None


def one_build(builds: Mapping[str, str | None]) -> str | None:
    """Return the genome build that all sources say, or None when none says one.

    Parameters
    ----------
    builds
        What says it (for the message) to the build in any spelling, None where it does not say.

    Raises
    ------
    BuildMismatchError
        If two sources differ.
    UsageError
        If a build is not known.

    Examples
    --------
    >>> one_build({"--build": "GRCh38", "the FASTA": None, "sample T1": "hg38"})
    'hg38'
    """
    said = {source: normalise_build(build) for source, build in builds.items() if build is not None}
    if len(set(said.values())) > 1:
        first, other = next((a, b) for a in said for b in said if said[a] != said[b])
        raise BuildMismatchError(
            f"{other} is of {said[other]}, but {first} of {said[first]}",
            hint="positions of two genome builds cannot be compared: count the samples over targets of one",
        )
    return next(iter(said.values()), None)


def is_alignment(path: PathLike) -> bool:
    """Return whether a file is named as one of alignments.

    Examples
    --------
    >>> is_alignment("tumour.bam"), is_alignment("tumour.cnn")
    (True, False)
    """
    return Path(path).suffix.lower() in ALIGNMENT_ENDINGS


def sample_name(path: PathLike) -> str:
    """Return the sample of a coverage table: its name without ``.targetcoverage.cnn.gz`` and the like.

    Examples
    --------
    >>> sample_name("run/TR_01_N.targetcoverage.cnn.gz")
    'TR_01_N'
    """
    name = Path(path).name
    while any(name.endswith(ending) for ending in _ENDINGS):
        name = next(name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending))
    return name


def read_sample(
    path: PathLike, bins: pd.DataFrame | None = None, settings: CoverageSettings | None = None, *, threads: int = 1
) -> SampleCoverage:
    """Return one sample's coverage.

    Parameters
    ----------
    path
        ``.cnn`` table, or a BAM, CRAM or SAM file (told by its ending).
    bins
        What an alignment file is counted over (``chromosome, start, end, gene``), such as the bins of a reference; by
        default the targets that the settings name.
    settings
        How an alignment file is counted.
    threads
        Threads in all.

    Raises
    ------
    FileFormatError
        If the file is damaged, or has no bins.
    BuildMismatchError
        If an alignment file is of another build than the settings say.
    """
    if not is_alignment(path):
        return SampleCoverage(sample_name(path), read_bins(path))
    settings = settings or CoverageSettings()
    header = read_alignment_header(path, reference=settings.reference)
    if bins is None:
        bins = targets_of(settings, header)
    one_build({"the bins that it is counted over": settings.build, os.fspath(path): header.build})
    bins = bins[BIN_KEY].drop_duplicates().reset_index(drop=True)
    counted = coverage_over(path, bins, replace(settings, min_depth=None), threads=threads)
    return SampleCoverage(str(counted.qc["sample_id"].iloc[0]), counted.coverage, counted.qc, header.build)


def read_samples(
    paths: Sequence[PathLike],
    bins: pd.DataFrame | None = None,
    settings: CoverageSettings | None = None,
    *,
    threads: int = 1,
) -> Iterator[SampleCoverage]:
    """Yield the coverage of several samples, all over the bins given or those of the first table or target list.

    Raises
    ------
    UsageError
        If a sample comes twice.
    """
    tables = [path for path in paths if not is_alignment(path)]
    if bins is None and tables and len(tables) < len(paths):
        bins = read_bins(tables[0])
    seen: set[str] = set()
    for path in paths:
        sample = read_sample(path, bins, settings, threads=threads)
        if sample.sample_id in seen:
            raise UsageError(f"sample {sample.sample_id} is given twice", hint="rename one of the files")
        seen.add(sample.sample_id)
        yield sample


def read_bins(path: PathLike) -> pd.DataFrame:
    """Return the bins of a ``.cnn`` table, each once.

    Raises
    ------
    FileFormatError
        If there is none.
    """
    table = read_cnn(path)
    if table.empty:
        raise FileFormatError("has no bins", path=path)
    return table.drop_duplicates(BIN_KEY).reset_index(drop=True)
