"""Observations in clusters (lesions in patients): variance between them, bootstrap and McNemar over clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_measurements, as_share

CONF_LEVEL = 0.95
N_BOOTSTRAP = 2000


def _codes(clusters: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    names = np.asarray(clusters, dtype=object).astype(str)
    if len(names) != n:
        raise StatisticsError(f"{n} values, {len(names)} clusters named")
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def one_way_icc(values: npt.ArrayLike, clusters: npt.ArrayLike) -> float:
    """Return the share of the variance that lies between clusters, ICC(1), from a one-way analysis of variance.

    Parameters
    ----------
    values
        Measurements, without missing ones.
    clusters
        Cluster of each.

    Returns
    -------
    float
        Negative estimates are kept: they mean that members are no more alike than strangers.

    Raises
    ------
    StatisticsError
        If there are fewer than two clusters, none has two members, or nothing varies.

    References
    ----------
    .. [1] Donner A. Int Stat Rev 1986;54:67-82 (unequal cluster sizes).

    Examples
    --------
    >>> round(one_way_icc([1, 2, 5, 6, 9, 10], ["a", "a", "b", "b", "c", "c"]), 3)
    0.969
    """
    x = as_measurements(values, "values")
    code = _codes(clusters, len(x))
    sizes = np.bincount(code)
    k, n = len(sizes), len(x)
    if k < 2 or n == k:
        raise StatisticsError("needs two clusters, and one with two members or more")
    means = np.bincount(code, x) / sizes
    between = float((sizes * (means - x.mean()) ** 2).sum() / (k - 1))
    within = float(((x - means[code]) ** 2).sum() / (n - k))
    if between + within == 0:
        raise StatisticsError("all values are equal")
    typical = (n - float((sizes.astype(float) ** 2).sum()) / n) / (k - 1)
    return (between - within) / (between + (typical - 1) * within)


def cluster_bootstrap_difference(
    values: npt.ArrayLike,
    inside: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 123456,
    conf_level: float = CONF_LEVEL,
) -> tuple[float, float, float]:
    """Return the difference of means (inside less outside) with a percentile interval that draws whole clusters.

    Parameters
    ----------
    values, clusters
        Measurements and the cluster of each.
    inside
        True for the first group.
    n_bootstrap, seed
        Resamples and their seed. A resample without both groups is left out.
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If a group is empty or lengths differ.

    References
    ----------
    .. [1] Davison AC, Hinkley DV. Bootstrap Methods and their Application. 1997, section 3.8.

    Examples
    --------
    >>> values, inside = [5, 6, 7, 1, 2, 3], [1, 1, 1, 0, 0, 0]
    >>> difference, low, high = cluster_bootstrap_difference(values, inside, list("aabccd"), seed=1)
    >>> difference, low < difference < high
    (4.0, True)
    """
    as_share(conf_level, "conf_level")
    x, first = as_measurements(values, "values"), np.asarray(inside).astype(bool)
    code = _codes(clusters, len(x))
    if first.shape != x.shape or first.all() or not first.any():
        raise StatisticsError("the difference of means needs two groups with a value")
    sums = [np.bincount(code[side], x[side], minlength=code.max() + 1) for side in (first, ~first)]
    sizes = [np.bincount(code[side], minlength=code.max() + 1) for side in (first, ~first)]
    k = int(code.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(k, np.full(k, 1 / k), size=n_bootstrap)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [(drawn @ s) / (drawn @ n) for s, n in zip(sums, sizes, strict=True)]
    found = means[0] - means[1]
    found = found[np.isfinite(found)]
    tail = (1 - conf_level) / 2
    low, high = np.quantile(found, [tail, 1 - tail]) if len(found) else (np.nan, np.nan)
    return float(x[first].mean() - x[~first].mean()), float(low), float(high)


@dataclass(frozen=True)
class ClusteredMcNemar:
    """Difference of two shares of the same clustered observations, with interval and p that keep clusters together."""

    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    n_clusters: int


def clustered_mcnemar(
    a: npt.ArrayLike, b: npt.ArrayLike, clusters: npt.ArrayLike, *, conf_level: float = CONF_LEVEL
) -> ClusteredMcNemar:
    """Compare two yes/no results of clustered observations (Obuchowski's extension of McNemar's test).

    Parameters
    ----------
    a, b
        1 or 0 for each observation.
    clusters
        Cluster of each.
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If lengths differ or there is a single cluster.

    Warnings
    --------
    Asymptotic in the number of clusters; with fewer than about twenty the p is too small.

    References
    ----------
    .. [1] Obuchowski NA. Stat Med 1998;17:1495-1507.

    Examples
    --------
    >>> result = clustered_mcnemar([1, 1, 1, 0, 1, 1], [1, 0, 1, 0, 0, 1], list("aabbcc"))
    >>> round(result.difference, 3)
    0.333
    """
    as_share(conf_level, "conf_level")
    x, y = as_measurements(a, "a"), as_measurements(b, "b")
    if len(x) != len(y):
        raise StatisticsError(f"a has {len(x)} values, b has {len(y)}")
    code = _codes(clusters, len(x))
    k = int(code.max()) + 1
    if k < 2:
        raise StatisticsError("a single cluster: nothing to compare across")
    size = np.bincount(code).astype(np.float64)
    total = np.bincount(code, x - y).astype(np.float64)
    difference = float(total.sum() / len(x))
    null = _variance(total, np.zeros(k), k, len(x))
    p = float(2 * norm.sf(abs(difference) / np.sqrt(null))) if null > 0 else 1.0
    reach = float(norm.ppf((1 + conf_level) / 2)) * np.sqrt(_variance(total, difference * size, k, len(x)))
    return ClusteredMcNemar(difference, float(difference - reach), float(difference + reach), p, k)


def _variance(total: Floats, expected: Floats, k: int, n: int) -> float:
    """Return the variance of the pooled difference from the clusters' own deviations."""
    return float(k / (k - 1) * ((total - expected) ** 2).sum() / n**2)
