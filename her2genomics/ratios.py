"""From target coverage to log2 ratios: level, known biases, sex, and the subtraction of a reference.

A sample's level is the median over its autosomal bins that are near the level (found by iteration), because a mean is
pulled by an ERBB2 amplicon of thirty copies. Biases are trends of the ratio with GC, target size and target density:
running medians over the autosomal bins near the level, so that an amplicon does not bend them. All values are log2 and
"missing" is NaN; a bin without depth (CNVkit's -20) is missing.

References
----------
.. [1] Talevich et al. 2016, PLoS Comput Biol 12:e1004873 (CNVkit: the columns, and bias correction by rolling medians).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import SchemaError, StatisticsError
from her2genomics.genome import AUTOSOMES

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Sex = Literal["female", "male"]

NO_DEPTH_LOG2 = -15.0
"""At or below, a log2 means that the bin has no depth (CNVkit writes -20)."""
NO_DEPTH_RATIO = -4.0
"""log2 ratio given to a bin with depth in the normals and none in the sample: an eighth of a copy."""
NEAR_LEVEL_LOG2 = 0.35
"""Distance from the level within which a bin says something about it: below a single-copy change in a pure tumour."""
MIN_SHARE_NEAR_LEVEL = 0.25
MIN_BINS = 10
BINS_PER_KNOT = 200
DENSITY_WINDOW_BP = 10_000
MIN_SEX_BINS = 5
Y_ABSENT_LOG2 = -3.0
"""Median of Y against the autosomes: one copy lies near -1, none (mismapped reads only) below -4."""
X_ONE_COPY_LOG2 = -0.5
"""Half-way between two copies of X (0) and one (-1)."""
BIN_KEY = ["chromosome", "start", "end", "gene"]


def depth_log2(coverage: pd.DataFrame) -> FloatArray:
    """Return log2 of each bin's depth as floats, NaN where there is none."""
    log2 = coverage["log2"].to_numpy(dtype=np.float64, na_value=np.nan).copy()
    log2[~np.isfinite(log2) | (log2 <= NO_DEPTH_LOG2)] = np.nan
    if "depth" in coverage:
        log2[coverage["depth"].to_numpy(dtype=np.float64, na_value=np.nan) <= 0] = np.nan
    return log2


def require_depth_known(coverage: pd.DataFrame, needed: BoolArray, *, name: str) -> None:
    """Raise when a needed bin has neither log2 nor depth: what was not counted is not a loss.

    Parameters
    ----------
    coverage
        ``chromosome, start, end, gene, log2`` and optionally ``depth``.
    needed
        Bins that have to be known.
    name
        Sample, for the message.

    Raises
    ------
    SchemaError
        If one is not; the message says how many and names the first.
    """
    unknown = needed & ~np.isfinite(coverage["log2"].to_numpy(dtype=np.float64, na_value=np.nan))
    if unknown.any():
        first = coverage.iloc[int(np.flatnonzero(unknown)[0])]
        raise SchemaError(
            f"{int(unknown.sum())} of {int(needed.sum())} bins have no log2 (first: {first['chromosome']}:"
            f"{first['start']}-{first['end']} {first['gene']}): missing is not the same as no depth",
            sample=name,
            hint="count the file again; a bin without reads has a log2 of -20",
        )


def autosomal(bins: pd.DataFrame) -> BoolArray:
    """Return which bins lie on chromosomes 1-22."""
    mask: BoolArray = bins["chromosome"].isin(AUTOSOMES).to_numpy(dtype=bool)
    return mask


def align_to(coverage: pd.DataFrame, bins: pd.DataFrame, *, name: str) -> pd.DataFrame:
    """Return the rows of a coverage table in the order of other bins.

    Raises
    ------
    SchemaError
        If a bin is missing or occurs twice; the message says how many and names the first.
    """
    same = len(coverage) == len(bins) and all(
        np.array_equal(coverage[column].to_numpy(), bins[column].to_numpy()) for column in BIN_KEY
    )
    if same:
        return coverage.reset_index(drop=True)
    if coverage.duplicated(BIN_KEY).any():
        first = coverage[coverage.duplicated(BIN_KEY)].iloc[0]
        raise SchemaError(f"bin {first['chromosome']}:{first['start']}-{first['end']} occurs twice", sample=name)
    aligned = bins[BIN_KEY].merge(coverage, on=BIN_KEY, how="left", indicator="found", validate="many_to_one")
    absent = aligned["found"] != "both"
    if absent.any():
        first = aligned[absent].iloc[0]
        raise SchemaError(
            f"{int(absent.sum())} of {len(bins)} bins are absent (first: {first['chromosome']}:{first['start']}-"
            f"{first['end']} {first['gene']})",
            sample=name,
            hint="use coverage over the targets that the reference was built with (same panel and build)",
        )
    return aligned.drop(columns="found")


def level(values: FloatArray) -> float:
    """Return the copy-neutral level: the median of the values near it, found by iteration.

    Parameters
    ----------
    values
        log2 of the bins that may carry the level (autosomal, usable) [log2]; NaN is left out.

    Raises
    ------
    StatisticsError
        If fewer than one value is there.

    Examples
    --------
    >>> import numpy as np
    >>> float(level(np.array([0.0, 0.1, -0.1, 0.02, 5.0, 5.0, 5.0])))
    0.01
    """
    known = values[np.isfinite(values)]
    if not len(known):
        raise StatisticsError("no autosomal bin has any depth")
    centre = float(np.median(known))
    for _ in range(20):
        near = known[np.abs(known - centre) <= NEAR_LEVEL_LOG2]
        if len(near) < max(1, MIN_SHARE_NEAR_LEVEL * len(known)):
            return float(np.median(known))
        moved = float(np.median(near))
        if abs(moved - centre) < 1e-9:
            break
        centre = moved
    return centre


def bias_features(bins: pd.DataFrame) -> dict[str, FloatArray]:
    """Return what a bin's depth may depend on: ``gc`` (where known for most bins), ``size``, ``density``.

    ``size`` is log2 of the bin's length, ``density`` log2 of the target bases within 5 kb on either side: neighbours
    share fragments.
    """
    features: dict[str, FloatArray] = {}
    if "gc" in bins:
        gc = bins["gc"].to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isfinite(gc).mean() > 0.5:
            features["gc"] = gc
    start, end = (bins[name].to_numpy(dtype=np.float64) for name in ("start", "end"))
    features["size"] = np.log2(end - start)
    features["density"] = np.log2(_bases_nearby(bins["chromosome"].to_numpy(dtype=object), start, end))
    return features


def _bases_nearby(chromosome: npt.NDArray[np.object_], start: FloatArray, end: FloatArray) -> FloatArray:
    bases = np.zeros(len(start))
    for name in pd.unique(pd.Series(chromosome)):
        rows = np.flatnonzero(chromosome == name)
        rows = rows[np.argsort((start[rows] + end[rows]) / 2, kind="stable")]
        middle = (start[rows] + end[rows]) / 2
        total = np.concatenate(([0.0], np.cumsum(end[rows] - start[rows])))
        first = np.searchsorted(middle, middle - DENSITY_WINDOW_BP / 2, side="left")
        last = np.searchsorted(middle, middle + DENSITY_WINDOW_BP / 2, side="right")
        bases[rows] = total[last] - total[first]
    return bases


def correct_bias(values: FloatArray, features: dict[str, FloatArray], usable: BoolArray) -> FloatArray:
    """Subtract the trend of the values with each feature in turn, then set the level to 0.

    Parameters
    ----------
    values
        log2 of one sample, bins in order [log2].
    features
        As of `bias_features`.
    usable
        Autosomal bins that are not masked: only they carry the trend and the level.
    """
    corrected = values - level(values[usable])
    for feature in features.values():
        known = usable & np.isfinite(corrected) & np.isfinite(feature)
        if known.sum() < BINS_PER_KNOT:
            continue
        at = np.where(np.isfinite(feature), feature, np.median(feature[known]))
        corrected = corrected - running_median(feature[known], corrected[known], at)
        # a steep trend looks like copy number until it is taken off: only then are altered bins left out
        near = known & (np.abs(corrected - level(corrected[usable])) <= _near(corrected[usable]))
        if near.sum() >= BINS_PER_KNOT:
            corrected = corrected - running_median(feature[near], corrected[near], at)
        corrected -= level(corrected[usable])
    return corrected


def _near(values: FloatArray) -> float:
    """Return how far from 0 a bin may lie to carry a trend: three robust SDs, at least a single-copy change."""
    return max(1.0, 3 * 1.4826 * float(np.nanmedian(np.abs(values))))


def running_median(x: FloatArray, y: FloatArray, at: FloatArray) -> FloatArray:
    """Return the trend of y along x: medians over equally many points, smoothed 1-2-1, straight lines between.

    The lines are carried on beyond the first and the last median, as far as there are points: held flat, the trend
    would miss the steep ends, where the bins richest in GC lie.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 1, 1000)
    >>> running_median(x, 2 * x, np.array([0.5, 1.0])).round(2).tolist()
    [1.0, 2.0]
    """
    groups = np.array_split(np.argsort(x, kind="stable"), max(1, len(x) // BINS_PER_KNOT))
    heights = np.array([np.median(y[rows]) for rows in groups])
    knots, group = np.unique([np.median(x[rows]) for rows in groups], return_inverse=True)
    heights = np.bincount(group, heights) / np.bincount(group)
    if len(knots) < 2:
        return np.full(len(at), heights[0])
    ends = 2 * heights[:1] - heights[1:2], 2 * heights[-1:] - heights[-2:-1]
    padded = np.concatenate((ends[0], heights, ends[1]))
    smooth = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    inside = np.clip(at, x.min(), x.max())
    trend: FloatArray = np.interp(inside, knots, smooth)
    for edge, neighbour, beyond in ((0, 1, inside < knots[0]), (-1, -2, inside > knots[-1])):
        slope = (smooth[edge] - smooth[neighbour]) / (knots[edge] - knots[neighbour])
        trend = np.where(beyond, smooth[edge] + slope * (inside - knots[edge]), trend)
    return trend


def infer_sex(bins: pd.DataFrame, log2: FloatArray, usable: BoolArray) -> Sex | None:
    """Return the sex that the depth of X and Y says, or None when the panel has too few bins there.

    Y decides where the panel has it (loss of one X is common in breast cancer, and looks like one copy); otherwise X.

    Parameters
    ----------
    bins
        ``chromosome`` of each bin.
    log2
        log2 depth, or log2 of a ratio to a diploid reference.
    usable
        Autosomal bins that carry the level.
    """
    base = level(log2[usable])
    chromosome = bins["chromosome"].to_numpy(dtype=object)
    floored = np.where(np.isfinite(log2), log2, base + NO_DEPTH_LOG2)
    on_y, on_x = chromosome == "chrY", chromosome == "chrX"
    if on_y.sum() >= MIN_SEX_BINS:
        return "female" if np.median(floored[on_y]) - base < Y_ABSENT_LOG2 else "male"
    if on_x.sum() >= MIN_SEX_BINS:
        return "male" if np.median(floored[on_x]) - base < X_ONE_COPY_LOG2 else "female"
    return None


def expected_copies(bins: pd.DataFrame, sex: Sex | None) -> FloatArray:
    """Return the germline copies of each bin: 2, and for a man 1 on X and Y; for a woman 0 on Y."""
    chromosome = bins["chromosome"].to_numpy(dtype=object)
    copies = np.full(len(bins), 2.0)
    if sex == "male":
        copies[np.isin(chromosome, ["chrX", "chrY"])] = 1.0
    else:
        copies[chromosome == "chrY"] = 0.0
    return copies


def compute_ratios(coverage: pd.DataFrame, reference: pd.DataFrame, *, sex: Sex | None, name: str) -> pd.DataFrame:
    """Return the ``.cnr`` table of a sample: log2 of its depth over the reference's, biases corrected.

    Parameters
    ----------
    coverage
        ``chromosome, start, end, gene, log2`` and optionally ``depth``, over the reference's bins.
    reference
        Bins of a reference: ``log2`` (at two copies everywhere), ``spread``, ``masked`` and optionally ``gc``.
    sex
        Sex of the sample; X of a man is compared with one copy.
    name
        Sample, for messages.

    Returns
    -------
    DataFrame
        ``chromosome, start, end, gene, log2, depth, weight`` [0-1, one over the squared spread] of the bins that are
        neither masked nor without depth; a bin without depth between bins with depth is given the lowest ratio seen.

    Raises
    ------
    SchemaError
        If bins are absent from the coverage.
    StatisticsError
        If no autosomal bin has depth.
    """
    aligned = align_to(coverage, reference, name=name)
    open_bins = reference["masked"].fillna("").eq("").to_numpy(dtype=bool)
    require_depth_known(aligned, open_bins & (expected_copies(reference, sex) > 0), name=name)
    log2 = depth_log2(aligned)
    usable = open_bins & autosomal(reference)
    centre = reference["log2"].to_numpy(dtype=np.float64, na_value=np.nan)
    ratio = correct_bias(log2 - centre, bias_features(reference), usable)
    ratio = ratio - np.log2(np.maximum(expected_copies(reference, sex), 1.0) / 2)
    ratio = fill_no_depth(ratio, open_bins)
    keep = open_bins & (expected_copies(reference, sex) > 0) & np.isfinite(ratio)
    depth = np.exp2(np.where(np.isfinite(log2), log2, -np.inf))
    spread = reference["spread"].to_numpy(dtype=np.float64, na_value=np.nan)
    table = reference.loc[keep, BIN_KEY].reset_index(drop=True)
    table["log2"] = ratio[keep]
    table["depth"] = (
        aligned["depth"].to_numpy(dtype=np.float64, na_value=np.nan)[keep] if "depth" in aligned else depth[keep]
    )
    table["weight"] = bin_weights(spread)[keep]
    return table


def fill_no_depth(ratio: FloatArray, open_bins: BoolArray) -> FloatArray:
    """Return the ratios with bins without depth set to the lowest ratio seen, and to at most `NO_DEPTH_RATIO`."""
    seen = ratio[open_bins & np.isfinite(ratio)]
    floor = min(float(seen.min()), NO_DEPTH_RATIO) if len(seen) else NO_DEPTH_RATIO
    return np.where(np.isfinite(ratio), ratio, floor)


def bin_weights(spread: FloatArray) -> FloatArray:
    """Return weights in (0, 1]: the smallest squared spread over a bin's own; 1 everywhere when no spread is known."""
    known = np.isfinite(spread) & (spread > 0)
    if not known.any():
        return np.ones(len(spread))
    filled = np.where(known, spread, np.median(spread[known]))
    weights: FloatArray = (filled.min() / filled) ** 2
    return weights
