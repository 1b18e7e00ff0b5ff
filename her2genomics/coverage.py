"""From depth to what a lab asks of it: the coverage table, the sample's quality, the callable territory.

Depth over the targets' bases is taken as counted (`target_depth`); nothing here opens a file.  Bases are counted once,
however many targets they lie in; targets are counted as they are listed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import UsageError
from her2genomics.genome import chromosome_order, normalise_contigs
from her2genomics.target_depth import DepthSummary, SampleDepth

FloatArray = npt.NDArray[np.float64]

NULL_LOG2 = -20.0
"""Log2 of a target without any depth, as CNVkit has it (``params.NULL_LOG2_COVERAGE``)."""
NO_GENE = "-"
_FOLD_80_QUANTILE = 0.2


def coverage_table(targets: pd.DataFrame) -> pd.DataFrame:
    """Return targets with their depth in CNVkit's ``.cnn`` columns, in genome order.

    Parameters
    ----------
    targets
        ``chromosome, start, end, depth`` [x], ``gene`` and ``gc`` where known.

    Returns
    -------
    pandas.DataFrame
        The columns of `schema.COVERAGE` that are known: ``log2`` is log2(depth), -20 at depth 0, missing where the
        depth is. Repeated targets stay repeated.

    Examples
    --------
    >>> bins = pd.DataFrame({"chromosome": ["17"], "start": [100], "end": [200], "gene": ["ERBB2"], "depth": [8.0]})
    >>> coverage_table(bins).values.tolist()
    [['chr17', 100, 200, 'ERBB2', 3.0, 8.0]]
    """
    table = targets[[name for name in schema.COVERAGE.names if name in targets]].copy()
    table["chromosome"] = normalise_contigs(table["chromosome"])
    table["gene"] = table["gene"].fillna(NO_GENE) if "gene" in table else NO_GENE
    table["log2"] = log2_depth(table["depth"])
    order = table[["start", "end"]].assign(rank=chromosome_order(table["chromosome"]))
    order = order.sort_values(["rank", "start", "end"], kind="stable")
    return schema.check(table.loc[order.index].reset_index(drop=True), schema.COVERAGE, unique=False)


def split_targets(targets: pd.DataFrame, bin_bp: int) -> pd.DataFrame:
    """Cut targets into bins of nearly equal length, the number that brings it closest to ``bin_bp``.

    Parameters
    ----------
    targets
        ``chromosome, start, end`` [bp, 0-based half-open] and any other columns, which every bin of a target keeps.
    bin_bp
        Length wanted [bp]; a target shorter than one and a half of it stays whole.

    Raises
    ------
    UsageError
        If ``bin_bp`` is not positive.

    Examples
    --------
    >>> exon = pd.DataFrame({"chromosome": ["chr17"], "start": [100], "end": [601], "gene": ["ERBB2"]})
    >>> split_targets(exon, 200)[["start", "end"]].values.tolist()
    [[100, 267], [267, 434], [434, 601]]
    """
    if bin_bp < 1:
        raise UsageError(f"bins have at least one base, not {bin_bp}")
    start, end = (targets[name].to_numpy(dtype=np.int64) for name in ("start", "end"))
    pieces = np.maximum(np.floor((end - start) / bin_bp + 0.5).astype(np.int64), 1)
    row = np.repeat(np.arange(len(targets)), pieces)
    number = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    split = targets.iloc[row].reset_index(drop=True)
    length = (end - start)[row]
    split["start"] = start[row] + length * number // pieces[row]
    split["end"] = start[row] + length * (number + 1) // pieces[row]
    return split


def log2_depth(depth: pd.Series) -> pd.Series:
    """Return CNVkit's ``log2`` of a mean depth [x]: log2(depth), and -20 where there is none.

    Examples
    --------
    >>> log2_depth(pd.Series([0.0, 8.0])).tolist()
    [-20.0, 3.0]
    """
    values = depth.to_numpy(dtype=np.float64, na_value=np.nan)
    log2 = np.log2(np.maximum(values, 2.0**NULL_LOG2))
    return pd.Series(log2, index=depth.index).astype("Float64")


def sample_qc(sample: SampleDepth) -> pd.DataFrame:
    """Return the one row of quality figures of a sample.

    Parameters
    ----------
    sample
        Depth and read counts. Where only the regions of the targets were read, the figures that need the whole file
        (``n_reads, n_mapped, frac_on_target``) are missing, and ``frac_duplicate`` is that of those regions.

    Returns
    -------
    pandas.DataFrame
        `schema.SAMPLE_QC`. ``fold_80_penalty`` is the mean depth over the depth that 80 % of the bases reach, over the
        bases of targets with any depth, as Picard's HsMetrics describe FOLD_80_BASE_PENALTY; missing when 80 % of
        those bases are not covered.
    """
    counts, summary = sample.counts, sample.summary
    whole = not sample.by_region
    means = summary.means[~np.isnan(summary.means)]
    row = {
        "sample_id": sample.sample,
        "n_reads": counts.total if whole else pd.NA,
        "n_mapped": counts.mapped if whole else pd.NA,
        "frac_duplicate": _share(counts.duplicate, counts.mapped),
        "frac_on_target": _share(counts.unique_on_target, counts.unique) if whole else pd.NA,
        "n_targets": len(sample.targets),
        "target_bp": int(summary.histogram.sum()),
        "mean_target_depth": mean_depth(summary.histogram),
        "median_target_depth": depth_quantile(summary.histogram, 0.5),
        "frac_targets_zero": float((means == 0).mean()),
        **{f"frac_targets_{x}x": float((means >= x).mean()) for x in (100, 500)},
        **{f"frac_bases_{x}x": float(summary.histogram[x:].sum() / summary.histogram.sum()) for x in (100, 500)},
        "fold_80_penalty": fold_80_penalty(summary),
    }
    if summary.min_depth is not None:
        row["min_callable_depth"] = summary.min_depth
        row["callable_bp"] = int(summary.histogram[summary.min_depth :].sum())
    table = pd.DataFrame([row])
    optional = [c.name for c in schema.SAMPLE_QC.columns if not c.required and c.name not in row]
    return schema.conform(table, schema.SAMPLE_QC).drop(columns=optional)


def _share(part: int, whole: int) -> object:
    return part / whole if whole else pd.NA


def mean_depth(histogram: npt.NDArray[np.int64]) -> float:
    """Return the mean of depths given as number of bases by depth [x]."""
    return float((histogram * np.arange(len(histogram))).sum() / histogram.sum())


def depth_quantile(histogram: npt.NDArray[np.int64], quantile: float) -> float:
    """Return a quantile of depths given as number of bases by depth [x], interpolated between neighbours.

    Examples
    --------
    >>> depth_quantile(np.array([1, 0, 1, 2]), 0.5)
    2.5
    """
    place = quantile * (int(histogram.sum()) - 1)
    reached = np.cumsum(histogram)
    low, high = np.searchsorted(reached, [np.floor(place), np.ceil(place)], side="right").tolist()
    return float(low + (high - low) * (place - np.floor(place)))


def fold_80_penalty(summary: DepthSummary) -> float | None:
    """Return the mean depth over the 20th percentile of depth, both over the bases of targets with any depth."""
    histogram = summary.histogram.copy()
    histogram[0] -= summary.bases_in_zero_targets
    if not histogram.sum():
        return None
    low = depth_quantile(histogram, _FOLD_80_QUANTILE)
    return mean_depth(histogram) / low if low > 0 else None


def callable_territory(summary: DepthSummary) -> pd.DataFrame:
    """Return the bases with at least ``summary.min_depth``, as ``chromosome, start, end`` in genome order.

    The denominator of a tumour mutational burden; bases in several targets are listed once.
    """
    table = summary.callable_territory()
    order = table[["start"]].assign(rank=chromosome_order(table["chromosome"]))
    return table.loc[order.sort_values(["rank", "start"], kind="stable").index].reset_index(drop=True)
