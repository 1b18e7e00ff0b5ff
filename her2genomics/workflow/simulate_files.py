"""Simulated samples on disk, with the truth beside them: coverage tables or BAM files of a panel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from her2genomics.exceptions import UsageError
from her2genomics.genome import normalise_build
from her2genomics.io.cnvkit import write_cnn
from her2genomics.io.write import write_table
from her2genomics.panel import load_panel
from her2genomics.simulate_bam import BamSettings, simulate_bam
from her2genomics.simulate_coverage import NoiseModel, expected_depth, simulate_coverage, with_capture
from her2genomics.workflow.coverage_files import read_target_bed

PathLike = str | os.PathLike[str]
TRUTH_SUFFIX = ".truth.tsv"


@dataclass(frozen=True)
class SampleSettings:
    """What is simulated.

    Parameters
    ----------
    panel, bed, build
        Targets: those of a panel on a build, or of a BED.
    depth
        Typical depth [x].
    purity
        Tumour cell fraction [0-1].
    copies
        Gene to copies in the tumour cells.
    noise
        Sizes of the disturbances.
    seed
        Seed of what is the sample's own.
    panel_seed
        Seed of what is the panel's (capture, unknown GC): the same for all samples of a set.
    """

    panel: str = "surrogate520"
    bed: str | None = None
    build: str = "hg19"
    depth: float = 300.0
    purity: float = 1.0
    copies: Mapping[str, float] = field(default_factory=dict)
    noise: NoiseModel = field(default_factory=NoiseModel)
    seed: int = 123456
    panel_seed: int = 1


def parse_copies(texts: tuple[str, ...] | list[str]) -> dict[str, float]:
    """Return gene to copies of texts such as ``ERBB2=12``.

    Raises
    ------
    UsageError
        If a text is not of that form, or a gene comes twice.

    Examples
    --------
    >>> parse_copies(["ERBB2=12", "PTEN=0"])
    {'ERBB2': 12.0, 'PTEN': 0.0}
    """
    found: dict[str, float] = {}
    for text in texts:
        gene, equals, number = text.partition("=")
        try:
            copies = float(number)
        except ValueError:
            copies = float("nan")
        if not equals or not gene or not copies >= 0 or gene in found:
            raise UsageError(f"copies are given once per gene as GENE=NUMBER, not '{text}'", hint="such as ERBB2=12")
        found[gene] = copies
    return found


def simulate_coverage_file(path: PathLike, settings: SampleSettings) -> pd.DataFrame:
    """Write one sample's coverage (``.cnn`` with gc) and its truth, which is returned."""
    table = simulate_coverage(
        _targets(settings), seed=settings.seed, depth=settings.depth, purity=settings.purity,
        copies=settings.copies, noise=settings.noise,
    )  # fmt: skip
    write_cnn(table, path)
    return _write_truth(_truth(settings), path, settings)


def simulate_bam_file(path: PathLike, settings: SampleSettings, bam: BamSettings | None = None) -> pd.DataFrame:
    """Write one sample's sorted, indexed BAM and its truth, which is returned."""
    truth = _truth(settings)
    simulate_bam(truth, path, bam or BamSettings(build=settings.build, seed=settings.seed, sample=Path(path).stem))
    return _write_truth(truth, path, settings)


def _truth(settings: SampleSettings) -> pd.DataFrame:
    return expected_depth(
        _targets(settings), seed=settings.seed, depth=settings.depth, purity=settings.purity,
        copies=settings.copies, noise=settings.noise,
    )  # fmt: skip


def _targets(settings: SampleSettings) -> pd.DataFrame:
    build = normalise_build(settings.build)
    if settings.bed is not None:
        table = read_target_bed(settings.bed, build=build)
    else:
        table = load_panel(settings.panel).targets(build)
    return with_capture(table, seed=settings.panel_seed)


def _write_truth(truth: pd.DataFrame, path: PathLike, settings: SampleSettings) -> pd.DataFrame:
    """Write ``chromosome ... gene, log2 (of the copies and purity alone), gc, copies, purity, expected_depth``."""
    columns = ["chromosome", "start", "end", "gene", "log2", "gc", "copies", "purity", "expected_depth"]
    table = truth.rename(columns={"log2_ratio": "log2"}).assign(purity=settings.purity)[columns]
    write_table(table, f"{os.fspath(path)}{TRUTH_SUFFIX}", "tsv")
    return table
