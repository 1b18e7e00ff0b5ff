"""Tables in strata: a difference between two groups once hormone-receptor status is held fixed.

The Cochran-Mantel-Haenszel test pools 2x2 tables, one per stratum, without mixing them: a difference that comes only
from the strata being unequally present in the groups disappears.  Beside the test stand the Mantel-Haenszel odds ratio
with the Robins-Breslow-Greenland interval, the exact conditional p, and Breslow and Day's test of whether the odds
ratio is the same in all strata (if it is not, no single number describes them).

`cmh` reports one feature in full; `cmh_many` the same numbers for a table of features by strata.  Both use the same
functions on arrays whose last axis is the stratum.  A stratum that lacks a group, or in which all or none are altered,
has no information and adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, norm

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.conditional import ConditionalFamily
from her2genomics.stats.hypergeometric import RELATIVE_TOLERANCE, log_probability
from her2genomics.stats.inputs import Floats, Integers, as_altered_and_total, as_counts, as_share

CONF_LEVEL = 0.95
# Beyond so many possible totals the exact p costs more than it adds: it agrees with the asymptotic one.
EXACT_SUPPORT = 5_000
ELEMENTS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class CMHResult:
    """Cochran-Mantel-Haenszel analysis of 2x2 tables in strata; values that are undefined are NaN.

    Parameters
    ----------
    odds_ratio, ci_low, ci_high
        Mantel-Haenszel odds ratio with the Robins-Breslow-Greenland interval.
    p_value, p_value_corrected
        Chi-square with one degree of freedom, without and with continuity correction.
    p_value_exact
        Probability, given all margins, of totals that are not more probable than the observed one.
    odds_ratio_exact, ci_low_exact, ci_high_exact
        Conditional maximum-likelihood odds ratio with its exact interval.
    breslow_day_p
        Homogeneity of the odds ratio over the strata.
    n_informative_strata
        Strata that add to the test.
    """

    odds_ratio: float
    ci_low: float
    ci_high: float
    p_value: float
    p_value_corrected: float
    p_value_exact: float
    odds_ratio_exact: float
    ci_low_exact: float
    ci_high_exact: float
    breslow_day_p: float
    n_informative_strata: int


_NUMBERS = [field.name for field in fields(CMHResult) if field.name != "n_informative_strata"]


@dataclass(frozen=True)
class _Strata:
    """Counts of shape (features, strata), informative strata only: others are all zero."""

    a: Floats
    n_a: Floats
    b: Floats
    n_b: Floats

    @classmethod
    def from_counts(cls, a: Integers, n_a: Integers, b: Integers, n_b: Integers) -> _Strata:
        used = (n_a > 0) & (n_b > 0) & (a + b > 0) & (a + b < n_a + n_b)
        return cls(*(np.where(used, x, 0).astype(float) for x in (a, n_a, b, n_b)))

    def take(self, features: Integers) -> _Strata:
        return _Strata(self.a[features], self.n_a[features], self.b[features], self.n_b[features])

    @property
    def informative(self) -> npt.NDArray[np.bool_]:
        return self.n_a > 0

    @property
    def altered(self) -> Floats:
        return self.a + self.b

    @property
    def total(self) -> Floats:
        return self.n_a + self.n_b

    def p_value(self, *, correction: bool) -> Floats:
        """Return the p-value of the CMH test; the correction is 1/2 where the difference is as large, as in R."""
        n = np.maximum(self.total, 2.0)
        expected = self.n_a * self.altered / n
        variance = self.n_a * self.n_b * self.altered * (n - self.altered) / (n * n * (n - 1))
        difference = np.abs((self.a - expected).sum(axis=-1))
        if correction:
            difference = np.where(difference >= 0.5, difference - 0.5, difference)
        p: Floats = chi2.sf(difference**2 / _positive(variance.sum(axis=-1)), 1)
        return p

    def odds_ratio(self) -> Floats:
        r, s = self._products()
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio: Floats = r.sum(axis=-1) / s.sum(axis=-1)
        return ratio

    def log_standard_error(self) -> Floats:
        """Return the standard error of the log odds ratio (Robins, Breslow and Greenland 1986), NaN where undefined."""
        r, s = self._products()
        n = np.maximum(self.total, 1.0)
        p = (self.a + self.n_b - self.b) / n
        total_r, total_s = _positive(r.sum(axis=-1)), _positive(s.sum(axis=-1))
        variance: Floats = (
            (p * r).sum(axis=-1) / (2 * total_r**2)
            + (p * s + (1 - p) * r).sum(axis=-1) / (2 * total_r * total_s)
            + ((1 - p) * s).sum(axis=-1) / (2 * total_s**2)
        )
        return np.sqrt(variance)

    def _products(self) -> tuple[Floats, Floats]:
        n = np.maximum(self.total, 1.0)
        return self.a * (self.n_b - self.b) / n, (self.n_a - self.a) * self.b / n

    def breslow_day(self) -> Floats:
        """Return the p of Breslow and Day's test, NaN for fewer than two strata or without a finite odds ratio."""
        ratio = self.odds_ratio()
        usable = np.isfinite(ratio) & (ratio > 0) & (self.informative.sum(axis=-1) >= 2)
        psi = np.where(usable, ratio, 1.0)[..., None]
        expected = self._expected(psi)
        cells = (expected, self.n_a - expected, self.altered - expected, self.n_b - self.altered + expected)
        variance = 1 / sum(1 / np.where(self.informative, cell, 1.0) for cell in cells)
        statistic = np.where(self.informative, (self.a - expected) ** 2 / variance, 0.0).sum(axis=-1)
        df = np.maximum(self.informative.sum(axis=-1) - 1, 1)
        return np.where(usable, chi2.sf(statistic, df), np.nan)

    def _expected(self, psi: Floats) -> Floats:
        """Return the first cell of the table with these margins and odds ratio `psi` (root of a quadratic)."""
        square = 1 - psi
        linear = self.n_b - self.altered + psi * (self.n_a + self.altered)
        constant = -psi * self.n_a * self.altered
        root = np.sqrt(np.maximum(linear**2 - 4 * square * constant, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            value: Floats = np.where(linear >= 0, -2 * constant / (linear + root), (root - linear) / (2 * square))
        return np.where(self.informative, value, 0.0)

    def supports(self) -> Floats:
        """Return the number of possible totals of altered samples of the first group, given all margins."""
        low, high = self._limits()
        width: Floats = (high - low).sum(axis=-1) + 1
        return width

    def _limits(self) -> tuple[Floats, Floats]:
        return np.maximum(self.altered - self.n_b, 0.0), np.minimum(self.altered, self.n_a)

    def distributions(self, log_odds: Floats) -> list[Floats]:
        """Return per feature the weights of these totals at a log odds ratio: strata convolved, ascending."""
        low, high = self._limits()
        width = (high - low).astype(np.int64) + 1
        stratum = np.repeat(np.arange(width.size), width.ravel())
        begin = np.cumsum(width) - width.ravel()
        x = np.arange(len(stratum)) + (low.ravel().astype(np.int64) - begin)[stratum]
        altered, n_a, n_b = (part.ravel()[stratum].astype(np.int64) for part in (self.altered, self.n_a, self.n_b))
        weight = log_probability(x, n_a, altered - x, n_b) + np.repeat(log_odds, width.shape[-1])[stratum] * x
        weight = np.exp(weight - np.maximum.reduceat(weight, begin)[stratum])
        parts = np.split(weight, begin[1:])
        strata = width.shape[-1]
        return [_convolve(parts[i : i + strata]) for i in range(0, width.size, strata)]

    def rough_log_odds(self) -> Floats:
        """Return a finite log odds ratio near the Mantel-Haenszel one."""
        r, s = self._products()
        rough: Floats = np.log((r.sum(axis=-1) + 0.5) / (s.sum(axis=-1) + 0.5))
        return rough

    def observed(self) -> Integers:
        """Return the position of the observed total in its distribution."""
        position: Integers = (self.a - self._limits()[0]).sum(axis=-1).astype(np.int64)
        return position


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)


def _convolve(parts: list[Floats]) -> Floats:
    result = np.ones(1)
    for part in parts:
        result = np.convolve(result, part)
    return result


def _exact_p(tables: _Strata) -> list[float]:
    """Return the share of each feature's totals that are not more probable than the observed one."""
    result = []
    for weight, observed in zip(tables.distributions(np.zeros(len(tables.a))), tables.observed(), strict=True):
        rare = weight <= weight[observed] * (1 + RELATIVE_TOLERANCE)
        result.append(min(float(weight[rare].sum() / weight.sum()), 1.0))
    return result


def _exact_odds_ratios(tables: _Strata, conf_level: float) -> Floats:
    """Return each feature's conditional odds ratio and its exact limits, shape (features, 3).

    Weights are convolved at about the estimated odds ratio, so that none that matters is lost below 1e-308.
    """
    log_odds, result = tables.rough_log_odds(), []
    for i, (weight, observed) in enumerate(zip(tables.distributions(log_odds), tables.observed(), strict=True)):
        offset = np.arange(len(weight), dtype=np.float64) - float(observed)
        with np.errstate(divide="ignore"):
            log_weight = np.log(weight) - log_odds[i] * offset
        family = ConditionalFamily(offset, log_weight[None, :], np.zeros((1, 2), dtype=bool))
        start = log_odds[i : i + 1]
        result.append(np.concatenate([family.estimate(start), *family.limits(start, start, conf_level)]))
    return np.array(result).reshape(-1, 3)


def cmh(strata: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> CMHResult:
    """Analyse 2x2 tables in strata.

    Parameters
    ----------
    strata
        Counts, shape (strata, 2, 2): per stratum ``[[altered, not], [altered, not]]``, rows being groups.
    conf_level
        Coverage of the intervals.

    Raises
    ------
    StatisticsError
        If the shape is another, or a count is negative, missing or not whole.

    Notes
    -----
    ``p_value``, ``p_value_corrected`` and ``p_value_exact`` equal R's ``mantelhaen.test`` with ``correct = FALSE``,
    ``correct = TRUE`` and ``exact = TRUE``. Breslow and Day's statistic is without Tarone's correction.

    References
    ----------
    .. [1] Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748.
    .. [2] Robins J, Breslow N, Greenland S. Biometrics 1986;42:311-323.
    .. [3] Breslow NE, Day NE. Statistical Methods in Cancer Research, vol. 1. IARC 1980, section 4.4.

    Examples
    --------
    TP53 in HER2-zero against HER2-low tumours, HR-positive and HR-negative: crude p = 0.002.

    >>> result = cmh([[[20, 40], [53, 149]], [[26, 4], [21, 8]]])
    >>> f"{result.odds_ratio:.3f} ({result.ci_low:.3f}-{result.ci_high:.3f}), p = {result.p_value:.3f}"
    '1.566 (0.896-2.736), p = 0.116'
    """
    as_share(conf_level, "conf_level")
    counts = as_counts(strata, "strata")
    if counts.ndim != 3 or counts.shape[1:] != (2, 2):
        raise StatisticsError(f"strata have shape (strata, 2, 2), not {counts.shape}")
    totals = counts.sum(axis=2)
    tables = _Strata.from_counts(*(x[None, :] for x in (counts[:, 0, 0], totals[:, 0], counts[:, 1, 0], totals[:, 1])))
    if not tables.informative.any():
        return CMHResult(**dict.fromkeys(_NUMBERS, np.nan), n_informative_strata=0)
    row = _asymptotic(tables, conf_level).astype(float).iloc[0]
    exact = _exact_odds_ratios(tables, conf_level)[0]
    return CMHResult(
        odds_ratio=float(row["odds_ratio"]),
        ci_low=float(row["ci_low"]),
        ci_high=float(row["ci_high"]),
        p_value=float(row["p_value"]),
        p_value_corrected=float(tables.p_value(correction=True)[0]),
        p_value_exact=_exact_p(tables)[0],
        odds_ratio_exact=float(exact[0]),
        ci_low_exact=float(exact[1]),
        ci_high_exact=float(exact[2]),
        breslow_day_p=float(row["breslow_day_p"]),
        n_informative_strata=int(tables.informative.sum()),
    )


def cmh_many(
    altered_a: npt.ArrayLike,
    n_a: npt.ArrayLike,
    altered_b: npt.ArrayLike,
    n_b: npt.ArrayLike,
    *,
    conf_level: float = CONF_LEVEL,
    exact: bool = True,
) -> pd.DataFrame:
    """Analyse many features over the same strata.

    Parameters
    ----------
    altered_a, n_a
        Altered and all (profiled) samples of the first group, shape (features, strata); `n_a` may also have shape
        (strata,).
    altered_b, n_b
        The same of the second group.
    conf_level
        Coverage of the interval.
    exact
        Whether to add the exact p and, where the Mantel-Haenszel odds ratio is 0 or infinite (so that its interval is
        undefined), the exact conditional interval.

    Returns
    -------
    pandas.DataFrame
        One row per feature, with `altered_a`'s index where it is a DataFrame: ``odds_ratio``, ``ci_low``, ``ci_high``,
        ``p_value``, ``p_exact`` (if `exact`; missing beyond 5,000 possible totals), ``breslow_day_p``,
        ``n_informative_strata``. What is undefined is missing.

    Raises
    ------
    StatisticsError
        If a count is negative, missing or not whole, more samples are altered than there are, or the shapes differ.

    Examples
    --------
    >>> cmh_many([[20, 26]], [60, 30], [[53, 21]], [202, 29])[["odds_ratio", "p_value", "p_exact"]].round(4)
       odds_ratio  p_value  p_exact
    0      1.5658   0.1165   0.1438
    """
    as_share(conf_level, "conf_level")
    a, total_a = as_altered_and_total(altered_a, n_a, "a")
    b, total_b = as_altered_and_total(altered_b, n_b, "b")
    if a.ndim != 2 or a.shape != b.shape:
        raise StatisticsError(f"counts have shape (features, strata) in both groups, not {a.shape} and {b.shape}")
    tables = _Strata.from_counts(a, total_a, b, total_b)
    result = _asymptotic(tables, conf_level)
    if exact:
        _add_exact(result, tables, conf_level)
    result["n_informative_strata"] = pd.array(tables.informative.sum(axis=1), dtype="Int64")
    if isinstance(altered_a, pd.DataFrame):
        result.index = altered_a.index
    return result


def _asymptotic(tables: _Strata, conf_level: float) -> pd.DataFrame:
    ratio = tables.odds_ratio()
    reach = np.exp(float(norm.ppf((1 + conf_level) / 2)) * tables.log_standard_error())
    columns = {
        "odds_ratio": ratio,
        "ci_low": ratio / reach,
        "ci_high": ratio * reach,
        "p_value": tables.p_value(correction=False),
        "breslow_day_p": tables.breslow_day(),
    }
    return pd.DataFrame(columns).astype("Float64")


def _add_exact(result: pd.DataFrame, tables: _Strata, conf_level: float) -> None:
    """Insert the exact p, and the exact interval where the asymptotic one is undefined."""
    limits = result[["ci_low", "ci_high"]].to_numpy(dtype=float, na_value=np.nan)
    p = np.full(len(result), np.nan)
    support = tables.supports()
    feasible = np.flatnonzero(tables.informative.any(axis=1) & (support <= EXACT_SUPPORT))
    block = np.floor(np.cumsum(support[feasible]) / ELEMENTS_AT_ONCE)
    for part in np.split(feasible, np.flatnonzero(np.diff(block)) + 1):
        if len(part):
            p[part] = _exact_p(tables.take(part))
    undefined = feasible[np.isnan(limits[feasible, 0])]
    if len(undefined):
        limits[undefined] = _exact_odds_ratios(tables.take(undefined), conf_level)[:, 1:]
    result["ci_low"], result["ci_high"] = (pd.array(limits[:, i], dtype="Float64") for i in (0, 1))
    result.insert(4, "p_exact", pd.Series(p, dtype="Float64"))
