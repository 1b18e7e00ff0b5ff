"""Two groups made comparable: propensity scores, nearest matching, overlap weights, and how balanced they are then.

The propensity score is the probability of the first group given the covariates.  Matching compares each sample of the
smaller group with the nearest one of the other, within a caliper, and uses exact tests of the pairs; overlap weights
keep everybody, most of all those who could be in either group, and balance the means of the covariates exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta, binom, norm

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, Integers, as_floats, as_share
from her2genomics.stats.logistic import fitted_shares

CONF_LEVEL = 0.95
SEED = 123456
CALIPER = 0.2
"""Largest distance of a matched pair, in standard deviations of the logit of the score (Austin 2011)."""
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Positions of matched samples: ``first[i]`` goes with ``second[i]``."""

    first: Integers
    second: Integers


def propensity_scores(first: Booleans, design: npt.ArrayLike) -> Floats:
    """Return the probability of the first group by logistic regression on the covariates.

    Parameters
    ----------
    first
        True for the first group.
    design
        Covariates, shape (samples, terms), with an intercept.

    Raises
    ------
    StatisticsError
        If a group is empty, or the covariates tell the groups apart (no overlap).
    """
    x = as_floats(design, "covariates")
    if not (first.any() and (~first).any()):
        raise StatisticsError("a group is empty, so there are no propensity scores")
    score = fitted_shares(first.astype(np.int64), x)
    if score is None:
        raise StatisticsError("the covariates tell the groups apart, so nothing in them overlaps")
    return score


def match_nearest(score: npt.ArrayLike, first: Booleans, *, caliper: float = CALIPER, seed: int = SEED) -> Pairs:
    """Return pairs of the nearest samples of both groups, each used once.

    Parameters
    ----------
    score
        Propensity scores.
    first
        True for the first group.
    caliper
        Largest distance, in standard deviations of the logit of the score.
    seed
        Of the order among samples with the same score: the order of the table may hang together with what is compared
        (a table sorted by an alteration), so it must not choose.

    Notes
    -----
    Greedy, from the sample of the smaller group that is hardest to match: the score farthest on its own side.

    References
    ----------
    .. [1] Austin PC. Pharm Stat 2011;10:150-161.

    Examples
    --------
    >>> match_nearest([0.1, 0.5, 0.12, 0.52, 0.9], np.array([True, True, False, False, False]))
    Pairs(first=array([0, 1]), second=array([2, 3]))
    """
    share = np.asarray(score, dtype=float)
    logit = np.log(share) - np.log1p(-share)
    reach = caliper * float(logit.std()) + 1e-12
    small = first if first.sum() <= (~first).sum() else ~first
    side = 1.0 if small is first else -1.0
    shuffled = np.random.default_rng(seed).permutation(len(small))
    members, others = shuffled[small[shuffled]], shuffled[~small[shuffled]]
    free = np.ones(len(others), dtype=bool)
    pairs = []
    for i in members[np.argsort(-side * logit[members], kind="stable")]:
        distance = np.where(free, np.abs(logit[others] - logit[i]), np.inf)
        j = int(np.argmin(distance))
        if distance[j] <= reach:
            free[j] = False
            pairs.append((i, others[j]))
    matched = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    columns = (0, 1) if small is first else (1, 0)
    return Pairs(matched[:, columns[0]], matched[:, columns[1]])


def overlap_weights(score: npt.ArrayLike, first: Booleans) -> Floats:
    """Return the weight of each sample: its probability of the other group.

    References
    ----------
    .. [1] Li F, Morgan KL, Zaslavsky AM. J Am Stat Assoc 2018;113:390-400.

    Examples
    --------
    >>> overlap_weights([0.2, 0.2], np.array([True, False])).tolist()
    [0.8, 0.2]
    """
    share = np.asarray(score, dtype=float)
    weights: Floats = np.where(first, 1 - share, share)
    return weights


def matched_odds_ratios(
    only_first: npt.ArrayLike, only_second: npt.ArrayLike, *, conf_level: float = CONF_LEVEL
) -> pd.DataFrame:
    """Return the odds ratio of matched pairs, with exact interval and exact McNemar p, for many features.

    Parameters
    ----------
    only_first, only_second
        Pairs in which only the sample of the first, or only that of the second group is altered.
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        ``odds_ratio``, ``ci_low``, ``ci_high``, ``p_value``; missing where no pair differs.

    References
    ----------
    .. [1] Agresti A. Categorical Data Analysis, 3rd ed. 2013, section 11.1.

    Examples
    --------
    >>> matched_odds_ratios([12], [4]).round(4)
       odds_ratio  ci_low  ci_high  p_value
    0         3.0  0.9092  12.7623   0.0768
    """
    half = (1 - as_share(conf_level, "conf_level")) / 2
    b, c = np.atleast_1d(as_floats(only_first, "only_first")), np.atleast_1d(as_floats(only_second, "only_second"))
    n = b + c
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(b > 0, beta.ppf(half, b, c + 1), 0.0)
        high = np.where(c > 0, beta.ppf(1 - half, b + 1, c), 1.0)
        ratios = [b / c, low / (1 - low), high / (1 - high)]
        p = np.minimum(2 * binom.cdf(np.minimum(b, c), n, 0.5), 1.0)
    result = np.where(n > 0, np.array([*ratios, p]), np.nan)
    columns = ["odds_ratio", "ci_low", "ci_high", "p_value"]
    return pd.DataFrame(dict(zip(columns, result, strict=True))).astype("Float64")


def weighted_odds_ratios(
    value: Booleans, known: Booleans, first: Booleans, weights: npt.ArrayLike, *, conf_level: float = CONF_LEVEL
) -> pd.DataFrame:
    """Return the odds ratio of weighted groups with robust errors, for many features.

    Parameters
    ----------
    value, known
        Altered, and known, shape (samples, features).
    first
        True for the first group.
    weights
        Weight of each sample.
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        ``odds_ratio``, ``ci_low``, ``ci_high``, ``p_value`` (Wald, log odds ratio); missing where a weighted
        share is 0 or 1.

    Warnings
    --------
    Not to be relied on where few samples are altered. The weights are taken as known, which errs on the safe side.

    Examples
    --------
    >>> y = np.array([[1, 1, 0, 0, 1, 0, 0, 0]], dtype=bool).T
    >>> weighted_odds_ratios(y, np.ones_like(y), np.arange(8) < 4, np.ones(8))["odds_ratio"].round(6).tolist()
    [3.0]
    """
    reach = float(norm.ppf((1 + as_share(conf_level, "conf_level")) / 2))
    w = np.asarray(weights, dtype=float)[:, None] * known
    logits, variances = [], []
    for group in (first, ~first):
        weight = w[group]
        total = weight.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (weight * value[group]).sum(axis=0) / total
            variance = (weight**2 * (value[group] - share) ** 2).sum(axis=0) / total**2
            logits.append(np.log(share / (1 - share)))
            variances.append(variance / (share * (1 - share)) ** 2)
    with np.errstate(invalid="ignore"):
        log_ratio, se = logits[0] - logits[1], np.sqrt(variances[0] + variances[1])
    usable = np.isfinite(log_ratio) & np.isfinite(se) & (se > 0)
    log_ratio, se = np.where(usable, log_ratio, np.nan), np.where(usable, se, np.nan)
    columns = {
        "odds_ratio": np.exp(log_ratio),
        "ci_low": np.exp(log_ratio - reach * se),
        "ci_high": np.exp(log_ratio + reach * se),
        "p_value": 2 * norm.sf(np.abs(log_ratio) / se),
    }
    return pd.DataFrame(columns).astype("Float64")


def weighted_balance(term: npt.ArrayLike, first: Booleans, weights: npt.ArrayLike) -> tuple[float, float, float]:
    """Return the weighted means of both groups and their difference in standard deviations of the unweighted groups.

    Examples
    --------
    >>> weighted_balance([1.0, 3.0, 2.0, 4.0], np.array([True, True, False, False]), [1, 1, 1, 1])[:2]
    (2.0, 3.0)
    """
    x, w = np.asarray(term, dtype=float), np.asarray(weights, dtype=float)
    a, b = float(np.average(x[first], weights=w[first])), float(np.average(x[~first], weights=w[~first]))
    binary = bool(np.isin(x, (0.0, 1.0)).all())
    spread = [m * (1 - m) if binary else v for m, v in ((x[g].mean(), x[g].var(ddof=1)) for g in (first, ~first))]
    sd = float(np.sqrt(sum(spread) / 2))
    return a, b, (a - b) / sd if sd > 0 else (0.0 if a == b else float(np.copysign(np.inf, a - b)))
