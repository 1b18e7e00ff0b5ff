"""Kaplan-Meier curves: survival with log-log intervals, medians, numbers at risk, follow-up, restricted means.

The product-limit estimate and Greenwood's standard error are statsmodels'; ours are what it does not give in the form
that papers and R's ``survfit`` use: the log-log interval of every step, the median as the middle of a flat step at one
half, its interval from the pointwise one (Brookmeyer and Crowley), the reverse curve for follow-up, and the restricted
mean with its interval.

Times of 0 are allowed: such a patient is at risk at 0 only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm
from statsmodels.duration.survfunc import SurvfuncRight

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_measurements, as_share

CONF_LEVEL = 0.95
FLAT_STEP = 1e-9
"""Survival this near to a quantile's level counts as equal to it (rounding of products, as in R's survfit)."""


@dataclass(frozen=True)
class SurvivalTime:
    """A quantile of survival time; an end that is not reached is NaN ("NR").

    Parameters
    ----------
    time, ci_low, ci_high
        Estimate and interval, in the unit of the times.
    """

    time: float
    ci_low: float
    ci_high: float

    def text(self) -> str:
        """Return the estimate and its interval as printed, NR for what is not reached.

        Examples
        --------
        >>> SurvivalTime(34.25, 21.0, float("nan")).text()
        '34.2 [21.0, NR]'
        """
        shown = ["NR" if np.isnan(value) else f"{value:.1f}" for value in (self.time, self.ci_low, self.ci_high)]
        return f"{shown[0]} [{shown[1]}, {shown[2]}]"


@dataclass(frozen=True)
class RestrictedMean:
    """Mean survival time up to ``tau``: the area under the curve, with its standard error."""

    tau: float
    mean: float
    standard_error: float

    def interval(self, conf_level: float = CONF_LEVEL) -> tuple[float, float]:
        """Return the normal interval."""
        reach = float(norm.ppf((1 + conf_level) / 2)) * self.standard_error
        return self.mean - reach, self.mean + reach


def as_outcome(time: npt.ArrayLike, event: npt.ArrayLike, *, least: int = 1) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return times and events as arrays of one length, checked.

    Raises
    ------
    StatisticsError
        If a time is missing, infinite or negative, an event is neither 0 nor 1, or the lengths differ.

    Examples
    --------
    >>> as_outcome([1, 2.5], [True, 0])
    (array([1. , 2.5]), array([ True, False]))
    """
    times = as_measurements(time, "time", least=least)
    events = as_measurements(event, "event", least=least)
    if len(times) != len(events):
        raise StatisticsError(f"{len(times)} times and {len(events)} events")
    if (times < 0).any():
        raise StatisticsError(f"time {times[times < 0][0]:g} is negative")
    if not np.isin(events, (0.0, 1.0)).all():
        odd = events[~np.isin(events, (0.0, 1.0))][0]
        raise StatisticsError(f"event {odd:g} is neither 0 (censored) nor 1 (event)")
    return times, events.astype(bool)


def kaplan_meier(time: npt.ArrayLike, event: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> pd.DataFrame:
    """Estimate the survival curve.

    Parameters
    ----------
    time
        Time to event or censoring, any unit, not negative.
    event
        1 or True where the event was seen, 0 where the time is censored.
    conf_level
        Coverage of the pointwise interval.

    Returns
    -------
    pandas.DataFrame
        One row per distinct time, ascending: ``time``, ``n_at_risk`` (just before), ``n_events``, ``n_censored``,
        ``survival`` [0-1], ``std_error`` (Greenwood, of the survival), ``ci_low``, ``ci_high`` (log-log). The interval
        is missing where the curve is 1 or 0.

    Raises
    ------
    StatisticsError
        As `as_outcome`.

    References
    ----------
    .. [1] Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
    .. [2] Kalbfleisch JD, Prentice RL. The Statistical Analysis of Failure Time Data, 2nd ed. 2002, section 1.4.

    Examples
    --------
    >>> kaplan_meier([6, 6, 7, 10], [1, 0, 1, 1])[["time", "n_at_risk", "n_events", "survival"]].values.tolist()
    [[6.0, 4.0, 1.0, 0.75], [7.0, 2.0, 1.0, 0.375], [10.0, 1.0, 1.0, 0.0]]
    """
    as_share(conf_level, "conf_level")
    times, events = as_outcome(time, event)
    distinct = np.unique(times)
    position = np.searchsorted(distinct, times)
    died = np.bincount(position, weights=events, minlength=len(distinct)).astype(np.int64)
    left = np.bincount(position, minlength=len(distinct))
    at_risk = len(times) - np.cumsum(left) + left
    survival, std_error = np.ones(len(distinct)), np.zeros(len(distinct))
    if events.any():
        fitted = SurvfuncRight(times, events.astype(int))
        step = np.searchsorted(fitted.surv_times, distinct, side="right")
        survival = np.concatenate([[1.0], fitted.surv_prob])[step]
        std_error = np.concatenate([[0.0], _greenwood(fitted)])[step]
    low, high = _log_log_interval(survival, std_error, conf_level)
    return pd.DataFrame(
        {
            "time": distinct,
            "n_at_risk": at_risk,
            "n_events": died,
            "n_censored": left - died,
            "survival": survival,
            "std_error": std_error,
            "ci_low": low,
            "ci_high": high,
        }
    )


def _greenwood(fitted: SurvfuncRight) -> Floats:
    """Return the standard error of each step; 0 at the end of a curve that reaches 0."""
    error: Floats = np.asarray(fitted.surv_prob_se, dtype=float)
    return np.where(np.asarray(fitted.surv_prob) > 0, error, 0.0)


def _log_log_interval(survival: Floats, std_error: Floats, conf_level: float) -> tuple[Floats, Floats]:
    inside = (survival > 0) & (survival < 1)
    s = np.where(inside, survival, 0.5)
    reach = float(norm.ppf((1 + conf_level) / 2)) * np.where(inside, std_error, 0.0) / (s * np.abs(np.log(s)))
    low, high = s ** np.exp(reach), s ** np.exp(-reach)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def survival_at(curve: pd.DataFrame, times: npt.ArrayLike) -> pd.DataFrame:
    """Read a curve at given times: ``time, survival, ci_low, ci_high, n_at_risk``.

    ``n_at_risk`` are those whose time is not below the given one. Beyond the last time the survival is missing, unless
    the curve has reached 0.

    Examples
    --------
    >>> curve = kaplan_meier([6, 6, 7, 10], [1, 0, 1, 0])
    >>> survival_at(curve, [0, 6.5, 12])[["time", "survival", "n_at_risk"]].values.tolist()
    [[0.0, 1.0, 4.0], [6.5, 0.75, 2.0], [12.0, nan, 0.0]]
    """
    asked = as_measurements(times, "times")
    steps = curve["time"].to_numpy(dtype=float)
    before = np.searchsorted(steps, asked, side="right")
    at_risk = np.concatenate([curve["n_at_risk"].to_numpy(dtype=float), [0.0]])[np.searchsorted(steps, asked)]
    known = (asked <= steps[-1]) | (curve["survival"].iloc[-1] <= FLAT_STEP)
    columns = {
        name: np.where(known, np.concatenate([[start], curve[name].to_numpy(dtype=float)])[before], np.nan)
        for name, start in (("survival", 1.0), ("ci_low", np.nan), ("ci_high", np.nan))
    }
    return pd.DataFrame({"time": asked, **columns, "n_at_risk": at_risk.astype(np.int64)})


def survival_quantile(curve: pd.DataFrame, share: float = 0.5) -> SurvivalTime:
    """Return the time at which a share of patients has had the event, with its interval (Brookmeyer and Crowley).

    Where the curve is flat exactly at the level, the middle of the step is taken, as R's ``quantile.survfit`` does.

    Parameters
    ----------
    curve
        From `kaplan_meier`.
    share
        Share of patients with the event (0.5 for the median).

    References
    ----------
    .. [1] Brookmeyer R, Crowley J. Biometrics 1982;38:29-41.

    Examples
    --------
    >>> survival_quantile(kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])).time
    2.5
    """
    level = 1 - as_share(share, "share")
    events = curve[curve["n_events"] > 0]
    times, last = events["time"].to_numpy(dtype=float), float(curve["time"].iloc[-1])
    crossings = [
        _first_below(times, events[name].to_numpy(dtype=float), level, last)
        for name in ("survival", "ci_low", "ci_high")
    ]
    return SurvivalTime(*crossings)


def _first_below(times: Floats, curve: Floats, level: float, last: float) -> float:
    """Return when a step curve falls to ``level``; the middle of the step where it lies on it; NaN if it never does."""
    below = np.flatnonzero(curve <= level + FLAT_STEP)
    if not len(below):
        return float("nan")
    first = below[0]
    if curve[first] < level - FLAT_STEP:
        return float(times[first])
    lower = np.flatnonzero(curve < level - FLAT_STEP)
    return float((times[first] + (times[lower[0]] if len(lower) else last)) / 2)


def median_follow_up(time: npt.ArrayLike, event: npt.ArrayLike, *, conf_level: float = CONF_LEVEL) -> SurvivalTime:
    """Return the median follow-up by the reverse Kaplan-Meier method: censoring is the event, events are censored.

    References
    ----------
    .. [1] Schemper M, Smith TL. Control Clin Trials 1996;17:343-346.

    Examples
    --------
    >>> median_follow_up([5, 8, 10, 12], [1, 0, 0, 0]).time
    10.0
    """
    times, events = as_outcome(time, event)
    return survival_quantile(kaplan_meier(times, ~events, conf_level=conf_level))


def at_risk_table(time: npt.ArrayLike, groups: Sequence[str], times: npt.ArrayLike) -> pd.DataFrame:
    """Return ``group, time, n_at_risk``: how many of each group have a time not below each of ``times``.

    Parameters
    ----------
    time
        Time of each patient.
    groups
        Group of each patient, same length.
    times
        Times to count at.

    Examples
    --------
    >>> at_risk_table([1, 5, 9], ["a", "a", "b"], [0, 5])["n_at_risk"].tolist()
    [2, 1, 1, 1]
    """
    own, asked = as_measurements(time, "time"), as_measurements(times, "times")
    labels = np.asarray(groups, dtype=object)
    rows = [(label, float(t), int((own[labels == label] >= t).sum())) for label in dict.fromkeys(labels) for t in asked]
    return pd.DataFrame(rows, columns=["group", "time", "n_at_risk"])


def restricted_mean(time: npt.ArrayLike, event: npt.ArrayLike, tau: float) -> RestrictedMean:
    """Return the mean survival time up to ``tau``, the area under the Kaplan-Meier curve.

    Raises
    ------
    StatisticsError
        If ``tau`` is not positive, or lies beyond the last time of a curve that has not reached 0.

    Notes
    -----
    The standard error is Greenwood's without small-sample factor, as ``survfit(...)`` prints it in R with ``rmean``.

    References
    ----------
    .. [1] Klein JP, Moeschberger ML. Survival Analysis, 2nd ed. 2003, section 4.5.
    .. [2] Royston P, Parmar MKB. BMC Med Res Methodol 2013;13:152.

    Examples
    --------
    >>> restricted_mean([2, 4, 6, 8], [1, 1, 1, 1], 8).mean
    5.0
    """
    curve = kaplan_meier(time, event)
    times = curve["time"].to_numpy(dtype=float)
    survival = curve["survival"].to_numpy(dtype=float)
    if tau <= 0 or (tau > times[-1] and survival[-1] > FLAT_STEP):
        raise StatisticsError(f"tau {tau:g} is outside the follow-up (0 to {times[-1]:g})")
    steps = times <= tau
    edges = np.concatenate([[0.0], times[steps], [tau]])
    areas = np.diff(edges) * np.concatenate([[1.0], survival[steps]])
    rest = np.cumsum(areas[::-1])[::-1][1:]
    at_risk = curve["n_at_risk"].to_numpy(dtype=float)[steps]
    died = curve["n_events"].to_numpy(dtype=float)[steps]
    left = at_risk - died
    hazard = np.divide(died, at_risk * left, out=np.zeros_like(left), where=left > 0)
    return RestrictedMean(float(tau), float(areas.sum()), float(np.sqrt((rest**2 * hazard).sum())))
