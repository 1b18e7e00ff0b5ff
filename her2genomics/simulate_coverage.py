"""Seeded target coverage with known truth: capture, GC bias, waves, read noise, purity, planted copies.

The depth of a bin is its capture efficiency (a property of the panel) times a GC curve and a wave of the sample, times
the copies per cell that purity leaves; the reads that it is counted from are gamma-Poisson. Made for tests of the
copy-number steps and for tables of sensitivity; the size of each effect is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics.coverage import NULL_LOG2
from her2genomics.exceptions import UsageError

READ_LENGTH = 100
_SUBSTREAM_READS = 1
CHROMOSOME_SPAN = 100_000_000


@dataclass(frozen=True)
class NoiseModel:
    """Sizes of what disturbs a sample's coverage.

    Parameters
    ----------
    capture_sd
        SD of log2 capture efficiency between bins, the same in every sample.
    gc_slope_sd
        SD between samples of the slope of log2 depth with GC [log2 per unit].
    wave_sd
        SD of what moves whole genes of a sample [log2].
    bin_sd
        SD of a bin in a sample beyond read counts (FFPE) [log2].
    """

    capture_sd: float = 0.5
    gc_slope_sd: float = 1.0
    wave_sd: float = 0.05
    bin_sd: float = 0.1


def simulate_targets(*, n_genes: int = 100, bins_per_gene: int = 12, seed: int = 1) -> pd.DataFrame:
    """Return bins of made-up genes ``G1 ... Gn`` over the autosomes, in genome order, with ``gc`` and ``capture``.

    Examples
    --------
    >>> simulate_targets(n_genes=4, bins_per_gene=3)["gene"].unique().tolist()
    ['G1', 'G2', 'G3', 'G4']
    """
    rng = np.random.default_rng(seed)
    per_chromosome = -(-n_genes // 22)
    rows = []
    for gene in range(n_genes):
        chromosome, place = divmod(gene, per_chromosome)
        first = 1_000_000 + place * (CHROMOSOME_SPAN // (per_chromosome + 1))
        size = rng.integers(120, 300, bins_per_gene)
        start = first + 2000 * np.arange(bins_per_gene)
        rows.append(pd.DataFrame({"chromosome": f"chr{chromosome + 1}", "start": start, "end": start + size,
                                  "gene": f"G{gene + 1}"}))  # fmt: skip
    bins = pd.concat(rows, ignore_index=True)
    bins["gc"] = np.clip(rng.normal(0.48, 0.09, len(bins)), 0.22, 0.78)
    bins["capture"] = rng.normal(0, 1, len(bins))
    return bins


def with_capture(targets: pd.DataFrame, *, seed: int = 1) -> pd.DataFrame:
    """Return the targets of a real panel with ``gc`` (drawn where it is not known) and ``capture`` [SD units].

    Both are properties of the panel: use one seed for all samples of a set.

    Examples
    --------
    >>> bins = pd.DataFrame({"chromosome": ["chr17"], "start": [100], "end": [200], "gene": ["ERBB2"]})
    >>> list(with_capture(bins))
    ['chromosome', 'start', 'end', 'gene', 'gc', 'capture']
    """
    rng = np.random.default_rng(seed)
    drawn = np.clip(rng.normal(0.48, 0.09, len(targets)), 0.22, 0.78)
    known = (
        targets["gc"].to_numpy(dtype=np.float64, na_value=np.nan) if "gc" in targets else np.full(len(drawn), np.nan)
    )
    table = targets[["chromosome", "start", "end", "gene"]].reset_index(drop=True)
    return table.assign(gc=np.where(np.isfinite(known), known, drawn), capture=rng.normal(0, 1, len(table)))


def expected_depth(
    targets: pd.DataFrame,
    *,
    seed: int,
    depth: float = 300.0,
    purity: float = 1.0,
    copies: Mapping[str, float] | None = None,
    noise: NoiseModel | None = None,
) -> pd.DataFrame:
    """Return the targets of one sample with ``copies``, ``log2_ratio`` of the copies alone, and ``expected_depth`` [x].

    The parameters are those of `simulate_coverage`.

    Raises
    ------
    UsageError
        If depth, purity or copies are out of range, or a gene with planted copies is not among the targets.

    Examples
    --------
    >>> targets = simulate_targets(n_genes=2, bins_per_gene=1)
    >>> calm = NoiseModel(0, 0, 0, 0)
    >>> expected_depth(targets, seed=1, depth=100, copies={"G2": 6}, noise=calm)["expected_depth"].tolist()
    [100.0, 300.0]
    """
    noise, planted = noise or NoiseModel(), dict(copies or {})
    _refuse_out_of_range(targets, depth, purity, planted)
    rng = np.random.default_rng(seed)
    tumour = targets["gene"].map(planted).fillna(2.0).to_numpy(dtype=np.float64)
    ratio = (purity * tumour + 2 * (1 - purity)) / 2
    genes, names = pd.factorize(targets["gene"])
    log2 = (
        noise.capture_sd * targets["capture"].to_numpy(dtype=np.float64)
        + rng.normal(0, noise.gc_slope_sd) * (targets["gc"].to_numpy(dtype=np.float64) - 0.48)
        + rng.normal(0, noise.wave_sd, len(names))[genes]
        + rng.normal(0, noise.bin_sd, len(targets))
    )
    ratio_log2 = np.log2(np.maximum(ratio, 2.0**NULL_LOG2))
    return targets.assign(copies=tumour, log2_ratio=ratio_log2, expected_depth=depth * np.exp2(log2) * ratio)


def _refuse_out_of_range(targets: pd.DataFrame, depth: float, purity: float, planted: Mapping[str, float]) -> None:
    if depth < 0 or not 0 <= purity <= 1:
        raise UsageError(f"depth is at least 0 and purity 0-1, not {depth:g} and {purity:g}")
    for gene, number in planted.items():
        if number < 0:
            raise UsageError(f"{gene} cannot have {number:g} copies")
        if not targets["gene"].eq(gene).any():
            raise UsageError(f"{gene} is not among the targets", hint="see: her2g panels show PANEL --genes")


def simulate_coverage(
    targets: pd.DataFrame,
    *,
    seed: int,
    depth: float = 300.0,
    purity: float = 1.0,
    copies: Mapping[str, float] | None = None,
    noise: NoiseModel | None = None,
) -> pd.DataFrame:
    """Return ``chromosome, start, end, gene, log2, depth, gc`` of one sample.

    Parameters
    ----------
    targets
        As of `simulate_targets` or `with_capture`.
    seed
        Seed of everything that is the sample's own.
    depth
        Typical depth [x].
    purity
        Tumour cell fraction [0-1].
    copies
        Gene to copies in the tumour cells; 2 where absent.
    noise
        Sizes of the disturbances.

    Raises
    ------
    UsageError
        If depth, purity or copies are out of range, or a gene with planted copies is not among the targets.

    Examples
    --------
    >>> targets = simulate_targets(n_genes=4, bins_per_gene=3)
    >>> simulate_coverage(targets, seed=1).equals(simulate_coverage(targets, seed=1))
    True
    """
    truth = expected_depth(targets, seed=seed, depth=depth, purity=purity, copies=copies, noise=noise)
    size = (targets["end"] - targets["start"]).to_numpy(dtype=np.float64)
    rng = np.random.default_rng([seed, _SUBSTREAM_READS])
    observed = rng.poisson(truth["expected_depth"] * size / READ_LENGTH) * READ_LENGTH / size
    table = targets[["chromosome", "start", "end", "gene"]].copy()
    table["log2"] = np.where(observed > 0, np.log2(np.maximum(observed, 1e-9)), NULL_LOG2)
    return table.assign(depth=observed, gc=targets["gc"].to_numpy())
