"""What a cut-off of a marker gives: ROC points, rules that choose a cut-off, and shares with exact intervals.

Sensitivity, specificity, predictive values and accuracy are shares of counts and carry Clopper-Pearson intervals; so
does F1, which rises with one.  Predictive values hold at the prevalence of the samples; `predictive_values` moves them
to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta, norm

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.confusion import Confusion
from her2genomics.stats.diagnostic import CONF_LEVEL, two_classes
from her2genomics.stats.inputs import as_floats, as_measurements, as_share

CutOffRule = Literal["youden", "closest", "specificity", "sensitivity"]


def roc_table(marker: npt.ArrayLike, truth: npt.ArrayLike, *, higher: bool = True) -> pd.DataFrame:
    """Return the counts and shares at every cut-off between two distinct values.

    Parameters
    ----------
    marker, truth, higher
        As `auc_delong`.

    Returns
    -------
    pandas.DataFrame
        ``cut_off`` (midway between neighbouring values; the ends are infinite), ``tp, fp, fn, tn``, ``sensitivity``,
        ``specificity``; from everything positive to nothing positive.

    Raises
    ------
    StatisticsError
        As `auc_delong`.

    Examples
    --------
    >>> roc_table([1.0, 2.0, 3.0], [0, 1, 1])[["cut_off", "tp", "fp"]].values.tolist()
    [[-inf, 2.0, 1.0], [1.5, 2.0, 0.0], [2.5, 1.0, 0.0], [inf, 0.0, 0.0]]
    """
    values, classes = two_classes(marker, truth, higher)
    distinct, place = np.unique(values, return_inverse=True)
    tp, fp = (
        np.append(np.bincount(place[c], minlength=len(distinct))[::-1].cumsum()[::-1], 0) for c in (classes, ~classes)
    )
    middle = distinct[:-1] + np.diff(distinct) / 2
    edges = np.concatenate([[-np.inf], middle, [np.inf]])
    n_positive, n_negative = int(classes.sum()), int((~classes).sum())
    return pd.DataFrame(
        {
            "cut_off": edges if higher else -edges,
            "tp": tp,
            "fp": fp,
            "fn": n_positive - tp,
            "tn": n_negative - fp,
            "sensitivity": tp / n_positive,
            "specificity": 1 - fp / n_negative,
        }
    )


def choose_cut_off(table: pd.DataFrame, rule: CutOffRule = "youden", at_least: float = 1.0) -> float:
    """Return a cut-off of a ROC table by a rule.

    Parameters
    ----------
    table
        As `roc_table` returns it.
    rule
        ``youden`` (largest sensitivity + specificity), ``closest`` (to the corner of a perfect test), ``specificity``
        (the most sensitive cut-off with a specificity of ``at_least``), ``sensitivity`` (the other way round).
    at_least
        Wanted share of the last two rules [0-1].

    Returns
    -------
    float
        The cut-off; among equally good ones the most specific.  It can be infinite where nothing better exists.

    Raises
    ------
    StatisticsError
        If the rule is not known or the share lies outside [0, 1].

    Examples
    --------
    >>> choose_cut_off(roc_table([1.0, 2.0, 3.0], [0, 1, 1]))
    1.5
    """
    if not 0 <= at_least <= 1:
        raise StatisticsError(f"at_least is {at_least:g}, has to lie between 0 and 1")
    sensitivity, specificity = table["sensitivity"].to_numpy(), table["specificity"].to_numpy()
    if rule == "youden":
        worth = sensitivity + specificity
    elif rule == "closest":
        worth = -((1 - sensitivity) ** 2) - (1 - specificity) ** 2
    elif rule == "specificity":
        worth = np.where(specificity >= at_least, sensitivity, -1.0)
    elif rule == "sensitivity":
        worth = np.where(sensitivity >= at_least, specificity, -1.0)
    else:
        raise StatisticsError(
            f"unknown rule '{rule}' of a cut-off", hint="use youden, closest, specificity, sensitivity"
        )
    best = np.flatnonzero(worth >= worth.max() - 1e-12)
    return float(table["cut_off"].iloc[best[-1]])


def exact_share(count: int, n: int, conf_level: float = CONF_LEVEL) -> tuple[float, float, float]:
    """Return a share with its Clopper-Pearson interval; NaN where there is nothing to divide by.

    Examples
    --------
    >>> [round(x, 4) for x in exact_share(9, 10)]
    [0.9, 0.555, 0.9975]
    """
    if n == 0:
        return (float("nan"),) * 3
    tail = (1 - conf_level) / 2
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, n - count + 1))
    high = 1.0 if count == n else float(beta.ppf(1 - tail, count + 1, n - count))
    return count / n, low, high


@dataclass(frozen=True)
class Accuracy:
    """What a two-by-two table of test against truth says; each share as ``(value, low, high)``.

    ``ppv`` and ``npv`` hold at the prevalence of the table, and only if its classes were sampled in that proportion.
    """

    tp: int
    fp: int
    fn: int
    tn: int
    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]
    ppv: tuple[float, float, float]
    npv: tuple[float, float, float]
    accuracy: tuple[float, float, float]
    f1: tuple[float, float, float]


def accuracy_of(tp: int, fp: int, fn: int, tn: int, *, conf_level: float = CONF_LEVEL) -> Accuracy:
    """Return the shares of a confusion matrix with exact intervals.

    Parameters
    ----------
    tp, fp, fn, tn
        Counts.
    conf_level
        Coverage of the intervals.

    Raises
    ------
    StatisticsError
        If a count is negative.

    Notes
    -----
    F1 = 2 tp / (2 tp + fp + fn) rises with the share of true positives among all samples that are not true negatives,
    so its exact interval is the transformed Clopper-Pearson interval of that share.

    Examples
    --------
    >>> result = accuracy_of(9, 2, 1, 8)
    >>> [round(x, 3) for x in (*result.sensitivity, *result.f1)]
    [0.9, 0.555, 0.997, 0.857, 0.6, 0.972]
    """
    if min(tp, fp, fn, tn) < 0:
        raise StatisticsError(f"confusion matrix with a negative count ({tp}, {fp}, {fn}, {tn})")
    counts = Confusion(tp=tp, fn=fn, tn=tn, fp=fp).shares()
    shares = {name: exact_share(count, n, conf_level) for name, (count, n) in counts.items()}
    jaccard = exact_share(tp, tp + fp + fn, conf_level)
    value, low, high = (2 * x / (1 + x) for x in jaccard)
    return Accuracy(
        tp=tp,
        fp=fp,
        fn=fn,
        tn=tn,
        sensitivity=shares["sen"],
        specificity=shares["spe"],
        ppv=shares["ppv"],
        npv=shares["npv"],
        accuracy=shares["acc"],
        f1=(value, low, high),
    )


def accuracy_at(
    marker: npt.ArrayLike,
    truth: npt.ArrayLike,
    cut_off: float,
    *,
    higher: bool = True,
    conf_level: float = CONF_LEVEL,
) -> Accuracy:
    """Return what a cut-off gives: at or beyond it, in the marker's direction, is test-positive.

    Raises
    ------
    StatisticsError
        If a value is missing or the lengths differ.  One class may be absent: its shares are NaN.

    Examples
    --------
    >>> accuracy_at([1.0, 2.0, 3.0], [0, 1, 1], 2.0).tp
    2
    """
    values = as_measurements(marker, "marker")
    classes = as_floats(truth, "truth").ravel() == 1
    if classes.shape != values.shape:
        raise StatisticsError(f"marker has {len(values)} values, truth has {classes.size}")
    test = values >= cut_off if higher else values <= cut_off
    tp, fp = int((test & classes).sum()), int((test & ~classes).sum())
    return accuracy_of(tp, fp, int(classes.sum()) - tp, int((~classes).sum()) - fp, conf_level=conf_level)


def predictive_values(
    found: Accuracy, prevalence: float, *, conf_level: float = CONF_LEVEL
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return PPV and NPV at another prevalence, by Bayes' rule, with logit intervals.

    Parameters
    ----------
    found
        Sensitivity and specificity as measured.
    prevalence
        Share of the positive class where the test is to be used (0-1).
    conf_level
        Coverage of the intervals.

    Raises
    ------
    StatisticsError
        If the prevalence does not lie between 0 and 1.

    Notes
    -----
    The interval is undefined (NaN) where sensitivity or specificity is 0 or 1.

    References
    ----------
    .. [1] Mercaldo ND, Lau KF, Zhou XH. Stat Med 2007;26:2170-2183.

    Examples
    --------
    >>> ppv, npv = predictive_values(accuracy_of(90, 10, 10, 90), 0.1)
    >>> round(ppv[0], 3), round(npv[0], 3)
    (0.5, 0.988)
    """
    as_share(prevalence, "prevalence")
    sensitivity, specificity = found.sensitivity[0], found.specificity[0]
    odds = prevalence / (1 - prevalence)
    z = float(norm.ppf((1 + conf_level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        s, c = np.float64(sensitivity), np.float64(specificity)
        n_s, n_c = found.tp + found.fn, found.fp + found.tn
        logits = np.log(odds * s / (1 - c)), np.log(c / (odds * (1 - s)))
        errors = (
            np.sqrt((1 - s) / s / n_s + c / (1 - c) / n_c),
            np.sqrt(s / (1 - s) / n_s + (1 - c) / c / n_c),
        )
        both = [_from_logit(m, e, z) for m, e in zip(logits, errors, strict=True)]
    return both[0], both[1]


def _from_logit(middle: np.float64, error: np.float64, z: float) -> tuple[float, float, float]:
    value = float(1 / (1 + np.exp(-middle)))
    if not np.isfinite(middle) or not np.isfinite(error):
        return value, float("nan"), float("nan")
    return value, float(1 / (1 + np.exp(-(middle - z * error)))), float(1 / (1 + np.exp(-(middle + z * error))))
