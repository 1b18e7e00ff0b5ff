"""Proportions: trend over ordered groups, difference with its interval, and what difference a cohort could detect.

HER2-zero < HER2-low < HER2-positive are ordered, so a proportion may rise or fall along them (Cochran-Armitage).  A
trend can be significant though the proportions are not monotone, therefore the departure from the line is tested beside
it, and `TrendResult.monotone` says what the eye would see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, norm

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_altered_and_total, as_floats, as_measurements, as_share

CONF_LEVEL = 0.95
POWER = 0.8
ALPHA = 0.05
# Halvings of the unit interval: beyond the precision of a float.
BISECTIONS = 60


@dataclass(frozen=True)
class TrendResult:
    """Trend of a proportion over ordered groups.

    Parameters
    ----------
    statistic, p_value
        Cochran-Armitage chi-square with one degree of freedom.
    slope
        Change of the proportion per unit of score (weighted least squares); its sign is the direction.
    departure_statistic, departure_df, departure_p
        What the line leaves of Pearson's chi-square over all groups; NaN and 0 for two groups.
    monotone
        Whether the observed proportions never change direction.
    """

    statistic: float
    p_value: float
    slope: float
    departure_statistic: float
    departure_df: int
    departure_p: float
    monotone: bool


def cochran_armitage_trend(
    altered: npt.ArrayLike, n: npt.ArrayLike, scores: npt.ArrayLike | None = None
) -> TrendResult:
    """Test whether a proportion rises or falls over ordered groups.

    Parameters
    ----------
    altered, n
        Altered and all samples per group, in order. Groups without a sample are left out.
    scores
        Distance of the groups along the order; 0, 1, 2 ... by default.

    Raises
    ------
    StatisticsError
        If counts are unsuitable, fewer than two groups hold samples, or scores are not one distinct number per group.

    Notes
    -----
    Equal to R's ``prop.trend.test``. Asymptotic; not to be relied on where expected counts are below 5. Where all or
    none are altered the statistics are 0 and p is 1.

    References
    ----------
    .. [1] Armitage P. Biometrics 1955;11:375-386.

    Examples
    --------
    TP53 over zero (46 of 90), low (74 of 231), positive (166 of 202): a trend, but not a monotone one.

    >>> trend = cochran_armitage_trend([46, 74, 166], [90, 231, 202])
    >>> f"{trend.p_value:.1e} {trend.departure_p:.1e} {trend.monotone}"
    '5.6e-13 2.7e-14 False'
    """
    some, total = as_altered_and_total(altered, n, "groups")
    some, total = np.atleast_1d(some), np.atleast_1d(total)
    score = np.arange(len(some), dtype=float) if scores is None else as_measurements(scores, "scores")
    if len(score) != len(some):
        raise StatisticsError(f"{len(score)} scores for {len(some)} groups")
    order = np.argsort(score, kind="stable")
    order = order[total[order] > 0]
    some, total, score = some[order].astype(float), total[order].astype(float), score[order]
    if len(some) < 2:
        raise StatisticsError(
            f"a trend needs two groups with samples, there {'is' if len(some) else 'are'} {len(some)}"
        )
    if (np.diff(score) == 0).any():
        raise StatisticsError("two groups have the same score", hint="add them up, or give distinct scores")
    share, pooled = some / total, some.sum() / total.sum()
    centred = score - np.average(score, weights=total)
    spread = (total * centred**2).sum()
    slope = (total * centred * share).sum() / spread
    variance = pooled * (1 - pooled)
    trend = slope**2 * spread / variance if variance else 0.0
    overall = (total * (share - pooled) ** 2).sum() / variance if variance else 0.0
    df = len(some) - 2
    departure = max(overall - trend, 0.0) if df else np.nan
    steps = np.diff(share)
    return TrendResult(
        statistic=float(trend),
        p_value=float(chi2.sf(trend, 1)),
        slope=float(slope),
        departure_statistic=float(departure),
        departure_df=df,
        departure_p=float(chi2.sf(departure, df)) if df else np.nan,
        monotone=bool((steps >= 0).all() or (steps <= 0).all()),
    )


def newcombe_difference(
    altered_a: npt.ArrayLike,
    n_a: npt.ArrayLike,
    altered_b: npt.ArrayLike,
    n_b: npt.ArrayLike,
    *,
    conf_level: float = CONF_LEVEL,
) -> pd.DataFrame:
    """Return differences of two proportions with Newcombe's hybrid score interval (his method 10).

    Parameters
    ----------
    altered_a, n_a, altered_b, n_b
        Altered and all samples of both groups, scalar or shape (features,).
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        ``difference`` (a minus b) [-1 to 1], ``ci_low``, ``ci_high``; missing where a group is empty.

    Raises
    ------
    StatisticsError
        If counts are unsuitable or their shapes differ.

    References
    ----------
    .. [1] Newcombe RG. Stat Med 1998;17:873-890; the first row of its table II is the example.

    Examples
    --------
    >>> newcombe_difference(56, 70, 48, 80).round(4)
       difference  ci_low  ci_high
    0         0.2  0.0524   0.3339
    """
    z = float(norm.ppf((1 + as_share(conf_level, "conf_level")) / 2))
    a, total_a = as_altered_and_total(altered_a, n_a, "a")
    b, total_b = as_altered_and_total(altered_b, n_b, "b")
    try:
        a, total_a, b, total_b = (np.atleast_1d(x) for x in np.broadcast_arrays(a, total_a, b, total_b))
    except ValueError:
        raise StatisticsError(f"counts of the two groups differ in shape: {a.shape} and {b.shape}") from None
    share_a, low_a, high_a = _wilson(a, total_a, z)
    share_b, low_b, high_b = _wilson(b, total_b, z)
    difference = share_a - share_b
    columns = {
        "difference": difference,
        "ci_low": difference - np.hypot(share_a - low_a, high_b - share_b),
        "ci_high": difference + np.hypot(high_a - share_a, share_b - low_b),
    }
    return pd.DataFrame(columns).astype("Float64")


def _wilson(some: npt.NDArray[np.int64], total: npt.NDArray[np.int64], z: float) -> tuple[Floats, Floats, Floats]:
    """Return proportions with Wilson's score interval."""
    n = np.where(total > 0, total, np.nan)
    share = some / n
    centre = share + z * z / (2 * n)
    reach = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = np.where(some == 0, share, (centre - reach) / (1 + z * z / n))
    high = np.where(some == total, share, (centre + reach) / (1 + z * z / n))
    return share, low, high


def detectable_difference(
    n_a: int, n_b: int, baseline: npt.ArrayLike, power: float = POWER, alpha: float = ALPHA
) -> pd.DataFrame:
    """Return the proportions in group b that a cohort of this size would tell from a baseline in group a.

    This is a property of the design: it depends on the group sizes, not on what was found.

    Parameters
    ----------
    n_a, n_b
        Group sizes.
    baseline
        Proportion in group a, one or many [0-1].
    power, alpha
        Wanted power and two-sided significance level.

    Returns
    -------
    pandas.DataFrame
        One row per baseline: ``baseline``, ``lower`` and ``higher``, the proportions nearest to it on either side that
        are detected with this power, missing where none is, and ``difference``, the smaller of the two distances.

    Raises
    ------
    StatisticsError
        If a group is empty, or a share is out of range.

    Notes
    -----
    Normal approximation with continuity correction [1]_. It errs on the safe side: at group sizes from 30 to 231 and a
    wanted power of 0.8 the exact power of Fisher's test at these proportions is 0.81 to 0.87 for baselines of 0.1 to
    0.5, up to 0.94 for rarer ones.

    References
    ----------
    .. [1] Casagrande JT, Pike MC, Smith PG. Biometrics 1978;34:483-486; unequal groups: Fleiss JL, Tytun A, Ury HK.
       Biometrics 1980;36:343-346.

    Examples
    --------
    >>> detectable_difference(90, 231, [0.05, 0.3]).round(3)
       baseline  lower  higher  difference
    0      0.05   <NA>    0.17        0.12
    1       0.3  0.151   0.477       0.149
    """
    z_alpha = float(norm.isf(as_share(alpha, "alpha") / 2))
    z_power = float(norm.ppf(as_share(power, "power")))
    if not (n_a >= 1 and n_b >= 1):
        raise StatisticsError(f"groups of {n_a} and {n_b} samples", hint="both need one or more")
    first = np.atleast_1d(as_floats(baseline, "baseline"))
    if not ((first >= 0) & (first <= 1)).all():
        raise StatisticsError("baseline is a proportion, between 0 and 1")

    def surplus(second: Floats) -> Floats:
        """Return the distance from the wanted power, in standard errors."""
        pooled = (n_a * first + n_b * second) / (n_a + n_b)
        null = np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
        actual = np.sqrt(first * (1 - first) / n_a + second * (1 - second) / n_b)
        correction = (1 / n_a + 1 / n_b) / 2
        distance: Floats = np.abs(second - first) - correction - z_alpha * null - z_power * actual
        return distance

    columns = {"baseline": first, "lower": _nearest(first, 0.0, surplus), "higher": _nearest(first, 1.0, surplus)}
    distances = np.abs(np.column_stack([columns["lower"], columns["higher"]]) - first[:, None])
    columns["difference"] = np.fmin(distances[:, 0], distances[:, 1])
    return pd.DataFrame(columns).astype("Float64")


def _nearest(baseline: Floats, end: float, surplus: Callable[[Floats], Floats]) -> Floats:
    """Return the proportion nearest to the baseline, towards `end`, from which on `surplus` is positive."""
    near, far = baseline.copy(), np.full(len(baseline), end)
    reachable = surplus(far) >= 0
    for _ in range(BISECTIONS):
        middle = (near + far) / 2
        enough = surplus(middle) >= 0
        near, far = np.where(enough, near, middle), np.where(enough, middle, far)
    return np.where(reachable, far, np.nan)
