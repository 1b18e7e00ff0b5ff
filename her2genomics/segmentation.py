"""Segments of constant copy number: the best piecewise-constant fit to the weighted log2 ratios of each chromosome.

The fit minimises the weighted squared error plus a penalty per breakpoint over all ways to cut the chromosome (exact
dynamic programming, no heuristics and no randomness). The noise comes from differences of neighbouring bins; the
penalty, 4 log(bins), is a BIC for a new level and a new position with a margin for the waves of FFPE samples. Single
bins that stand out of their neighbourhood are pulled in first, as CBS does, and no segment has fewer than three bins.

References
----------
.. [1] Jackson et al. 2005, IEEE Signal Process Lett 12:105 (optimal partitioning).
.. [2] Zhang & Siegmund 2007, Biometrics 63:22 (a modified BIC for segments of copy number).
.. [3] Olshen et al. 2004, Biostatistics 5:557 (CBS; smoothing of single outliers).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import UsageError
from her2genomics.gene_null import MAD_TO_SD, NOT_A_GENE

FloatArray = npt.NDArray[np.float64]

MIN_BINS = 3
PENALTY_PER_LOG_BIN = 4.0
OUTLIER_SD, OUTLIER_REACH = 4.0, 2


def segment_ratios(
    ratios: pd.DataFrame, *, sample_id: str, penalty: float = PENALTY_PER_LOG_BIN, min_bins: int = MIN_BINS
) -> pd.DataFrame:
    """Segment the ratios of one sample.

    Parameters
    ----------
    ratios
        ``chromosome, start, end, gene, log2, weight`` and optionally ``depth``, in genome order.
    sample_id
        Sample.
    penalty
        Cost of a breakpoint, times log(bins), in units of the noise variance: higher gives fewer segments.
    min_bins
        Fewest bins of a segment.

    Returns
    -------
    DataFrame
        ``sample_id, chromosome, start, end, gene, log2, depth, weight, probes``: the weighted mean, the genes
        (comma-joined), and the sum of the weights.

    Raises
    ------
    UsageError
        If the penalty is not positive.

    Examples
    --------
    >>> noise = np.random.default_rng(3).normal(0, 0.1, 60)
    >>> bins = pd.DataFrame({"chromosome": "chr17", "start": range(60), "end": range(1, 61), "gene": "-",
    ...                      "log2": noise + np.repeat([0.0, 2.0, 0.0], 20), "weight": 1.0})
    >>> segment_ratios(bins, sample_id="T")["probes"].tolist()
    [20, 20, 20]
    """
    if penalty <= 0 or min_bins < 1:
        raise UsageError("the penalty of a breakpoint and the fewest bins have to be positive")
    log2, weight = (ratios[name].to_numpy(dtype=np.float64) for name in ("log2", "weight"))
    chromosome = ratios["chromosome"].to_numpy(dtype=object)
    variance = noise_variance(chromosome, log2, weight)
    cost = penalty * np.log(max(len(log2), 2)) * variance
    parts = []
    for name in dict.fromkeys(chromosome):
        rows = np.flatnonzero(chromosome == name)
        ends = best_cuts(smooth_outliers(log2[rows], np.sqrt(variance)), weight[rows], cost, min_bins)
        parts += [rows[first:last] for first, last in zip([0, *ends[:-1]], ends, strict=True)]
    return pd.DataFrame([_segment(ratios.iloc[rows], sample_id) for rows in parts])


def noise_variance(chromosome: npt.NDArray[np.object_], log2: FloatArray, weight: FloatArray) -> float:
    """Return the variance of a bin of weight 1, from differences of neighbours (robust)."""
    together = chromosome[1:] == chromosome[:-1]
    scaled = np.diff(log2)[together] / np.sqrt(1 / weight[1:] + 1 / weight[:-1])[together]
    if not len(scaled):
        return 1e-4
    return max(float((MAD_TO_SD * np.median(np.abs(scaled))) ** 2), 1e-4)


def smooth_outliers(log2: FloatArray, sd: float) -> FloatArray:
    """Pull a bin that is more than four SD outside the range of its neighbours back to their median.

    Examples
    --------
    >>> smooth_outliers(np.array([0.0, 0.1, 3.0, 0.0, 0.1]), 0.1).tolist()
    [0.0, 0.1, 0.05, 0.0, 0.1]
    """
    smoothed = log2.copy()
    for place in range(len(log2)):
        near = np.concatenate(
            (log2[max(0, place - OUTLIER_REACH) : place], log2[place + 1 : place + 1 + OUTLIER_REACH])
        )
        if (
            len(near) >= OUTLIER_REACH
            and not near.min() - OUTLIER_SD * sd <= log2[place] <= near.max() + OUTLIER_SD * sd
        ):
            smoothed[place] = np.median(near)
    return smoothed


def best_cuts(values: FloatArray, weight: FloatArray, cost: float, min_bins: int = MIN_BINS) -> list[int]:
    """Return the ends (exclusive) of the segments of the best penalised weighted least-squares fit.

    Parameters
    ----------
    values, weight
        One chromosome's log2 ratios and weights.
    cost
        Price of a segment in the units of the weighted squared error.
    min_bins
        Fewest bins of a segment.

    Examples
    --------
    >>> best_cuts(np.array([0.0, 0, 0, 1, 1, 1]), np.ones(6), 0.1)
    [3, 6]
    """
    n = len(values)
    if n < 2 * min_bins:
        return [n]
    mass, first, second = (np.concatenate(([0.0], np.cumsum(weight * values**k))) for k in range(3))
    best = np.full(n + 1, np.inf)
    best[0] = -cost
    came_from = np.zeros(n + 1, dtype=np.int64)
    for end in range(min_bins, n + 1):
        starts = np.arange(0, end - min_bins + 1)
        total = mass[end] - mass[starts]
        error = (second[end] - second[starts]) - (first[end] - first[starts]) ** 2 / np.maximum(total, 1e-300)
        prices = best[starts] + error + cost
        came_from[end] = int(np.argmin(prices))
        best[end] = prices[came_from[end]]
    ends = [n]
    while came_from[ends[0]] > 0:
        ends.insert(0, int(came_from[ends[0]]))
    return ends


def _segment(rows: pd.DataFrame, sample_id: str) -> dict[str, object]:
    weight = rows["weight"].to_numpy(dtype=np.float64)
    genes = [gene for names in rows["gene"].astype("str") for gene in names.split(",") if gene not in NOT_A_GENE]
    depth = rows["depth"].to_numpy(dtype=np.float64) if "depth" in rows else np.full(len(rows), np.nan)
    return {
        "sample_id": sample_id,
        "chromosome": rows["chromosome"].iloc[0],
        "start": int(rows["start"].iloc[0]),
        "end": int(rows["end"].max()),
        "gene": ",".join(dict.fromkeys(genes)) or "-",
        "log2": float(np.average(rows["log2"].to_numpy(dtype=np.float64), weights=weight)),
        "depth": float(np.average(depth, weights=weight)),
        "weight": float(weight.sum()),
        "probes": len(rows),
    }


def add_segments_to_genes(genes: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """Fill ``segment_log2`` and ``segment_probes`` of a gene table from the segment that covers most of each gene."""
    log2, probes = np.full(len(genes), np.nan), np.full(len(genes), np.nan)
    borders = {name: segments[name].to_numpy(dtype=np.float64) for name in ("start", "end", "log2", "probes")}
    where = segments["chromosome"].to_numpy(dtype=object)
    starts, ends = (genes[name].to_numpy(dtype=np.float64) for name in ("start", "end"))
    for place, chromosome in enumerate(genes["chromosome"].to_numpy(dtype=object)):
        overlap = np.minimum(borders["end"], ends[place]) - np.maximum(borders["start"], starts[place])
        overlap[where != chromosome] = 0
        best = int(np.argmax(overlap)) if len(overlap) else 0
        if len(overlap) and overlap[best] > 0:
            log2[place], probes[place] = borders["log2"][best], borders["probes"][best]
    return genes.assign(
        segment_log2=pd.Series(log2, index=genes.index).astype("Float64"),
        segment_probes=pd.Series(probes, index=genes.index).astype("Int64"),
    )
