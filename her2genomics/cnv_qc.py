"""Is a copy-number profile good enough to be read: noise of neighbouring bins, noise across them, and GC bias.

MAPD and DLRS look at differences of neighbours, so real copy-number changes hardly raise them. A profile that fails is
"not evaluable": silence about a gene is then no evidence that the gene is neutral.

References
----------
.. [1] Affymetrix 2008, Median of the absolute values of all pairwise differences (MAPD), white paper.
.. [2] Agilent, derivative log ratio spread (DLRS): IQR of the differences / (1.349 sqrt 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]

MAPD_WARN, MAPD_FAIL = 0.25, 0.35
DLRS_WARN, DLRS_FAIL = 0.27, 0.37
"""The DLRS of Gaussian noise with the MAPD above: MAPD / (0.6745 sqrt 2), rounded up."""
GC_SLOPE_WARN = 3.0
"""log2 per unit of GC before correction: 0.3 between 45 and 55 % GC."""
MIN_DEPTH_X = 15.0
"""panelcn.MOPS asks for a median of 30 reads per bin: about 15x for 100-bp reads on 200-bp bins."""
MIN_BINS = 50


@dataclass(frozen=True)
class CnvQc:
    """Quality of one profile.

    Parameters
    ----------
    sample_id
        Sample.
    n_bins
        Autosomal bins with a ratio.
    median_depth
        Median depth over them [x]; NaN when unknown.
    mapd, dlrs
        Noise of neighbouring bins [log2].
    gc_slope
        Trend of the uncorrected ratio with GC [log2 per unit]; NaN when GC is unknown.
    failed, warned
        Reasons.
    """

    sample_id: str
    n_bins: int
    median_depth: float
    mapd: float
    dlrs: float
    gc_slope: float
    failed: tuple[str, ...]
    warned: tuple[str, ...]

    @property
    def evaluable(self) -> bool:
        """Whether the profile may be read."""
        return not self.failed

    def row(self) -> dict[str, object]:
        """Return the values as one row of a table."""
        return {**vars(self), "failed": ";".join(self.failed), "warned": ";".join(self.warned)}


def neighbour_differences(chromosome: npt.NDArray[np.object_], log2: FloatArray) -> FloatArray:
    """Return differences of consecutive bins of one chromosome, bins in genome order; missing values are left out."""
    known = np.isfinite(log2)
    chromosome, log2 = chromosome[known], log2[known]
    differences: FloatArray = np.diff(log2)[chromosome[1:] == chromosome[:-1]]
    return differences


def mapd(differences: FloatArray) -> float:
    """Return the median absolute difference of neighbours.

    Examples
    --------
    >>> mapd(np.array([0.1, -0.2, 0.3]))
    0.2
    """
    return float(np.median(np.abs(differences))) if len(differences) else float("nan")


def dlrs(differences: FloatArray) -> float:
    """Return the derivative log ratio spread: the SD of a bin, from the IQR of the differences.

    Examples
    --------
    >>> round(dlrs(np.random.default_rng(1).normal(0, 0.2 * 2**0.5, 20000)), 2)
    0.2
    """
    if not len(differences):
        return float("nan")
    low, high = np.percentile(differences, [25, 75])
    return float((high - low) / 1.349 / np.sqrt(2))


def median_depth(depth: FloatArray | None, log2: FloatArray) -> float:
    """Return the median depth [x]: of the depth column, or of 2^log2 where log2 is that of a depth.

    Some files carry log2 already centred to 0: they do not say their depth, and NaN is returned.
    """
    if depth is not None and np.isfinite(depth).any():
        return float(np.nanmedian(depth))
    middle = float(np.nanmedian(log2)) if np.isfinite(log2).any() else float("nan")
    return float(2.0**middle) if abs(middle) > 0.5 else float("nan")


def assess_profile(
    ratios: pd.DataFrame, *, sample_id: str, depth: float = float("nan"), gc_slope: float = float("nan")
) -> CnvQc:
    """Judge the ``.cnr`` ratios of one sample (autosomal bins, in genome order).

    Parameters
    ----------
    ratios
        ``chromosome, log2``.
    sample_id
        Sample.
    depth
        Median depth of the sample [x].
    gc_slope
        Trend with GC before correction.
    """
    log2 = ratios["log2"].to_numpy(dtype=np.float64, na_value=np.nan)
    differences = neighbour_differences(ratios["chromosome"].to_numpy(dtype=object), log2)
    values = {"MAPD": mapd(differences), "DLRS": dlrs(differences)}
    failed, warned = [], []
    if not len(differences):
        failed.append("no neighbouring bins, so the noise is not known")
    if len(log2) < MIN_BINS:
        warned.append(f"only {len(log2)} autosomal bins")
    for name, warn, fail in (("MAPD", MAPD_WARN, MAPD_FAIL), ("DLRS", DLRS_WARN, DLRS_FAIL)):
        if values[name] > fail:
            failed.append(f"{name} {values[name]:.2f} > {fail:g}")
        elif values[name] > warn:
            warned.append(f"{name} {values[name]:.2f} > {warn:g}")
    if depth < MIN_DEPTH_X:
        failed.append(f"median depth {depth:.0f}x < {MIN_DEPTH_X:g}x")
    if abs(gc_slope) > GC_SLOPE_WARN:
        warned.append(f"GC slope {gc_slope:.1f} log2 per unit, before correction")
    return CnvQc(sample_id, len(log2), depth, values["MAPD"], values["DLRS"], gc_slope, tuple(failed), tuple(warned))


def slope_with(feature: FloatArray, log2: FloatArray) -> float:
    """Return the least-squares slope of log2 with a feature such as GC; NaN when fewer than 50 bins have both."""
    known = np.isfinite(feature) & np.isfinite(log2)
    if known.sum() < MIN_BINS or np.ptp(feature[known]) == 0:
        return float("nan")
    centred = feature[known] - feature[known].mean()
    return float((centred * log2[known]).sum() / (centred**2).sum())
