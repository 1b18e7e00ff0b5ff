"""How well a measured marker tells two classes apart: the area under the ROC curve, with intervals and tests.

The area is the share of pairs (one sample of each class) that the marker puts in the right order, ties counting one
half.  Its variance, and the covariance of two markers measured in the same samples, follow DeLong, DeLong and
Clarke-Pearson by way of midranks (Sun and Xu), so that nothing grows with the product of the class sizes.

Which class counts as positive and in which direction the marker points are always the caller's to say: `truth` is True
for the positive class, and a larger value speaks for it unless ``higher`` is False.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata, t

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_floats, as_measurements, as_share

BoolArray = npt.NDArray[np.bool_]

CONF_LEVEL = 0.95
N_BOOTSTRAP = 1000
BOOTSTRAP_BLOCK = 4_000_000
"""Numbers that are held at once while resampling."""


@dataclass(frozen=True)
class AucResult:
    """Area under the ROC curve.

    Parameters
    ----------
    auc
        Share of pairs in the right order [0-1].
    se
        DeLong standard error; NaN where a class has a single sample.
    ci_low, ci_high
        DeLong interval, cut at 0 and 1; NaN where the variance is 0 (complete separation) or undefined.
    n_positive, n_negative
        Samples of the two classes.
    """

    auc: float
    se: float
    ci_low: float
    ci_high: float
    n_positive: int
    n_negative: int


@dataclass(frozen=True)
class DeLongTest:
    """Difference of two areas: ``difference`` with its interval, the statistic (z, or t for two sets), and p."""

    difference: float
    ci_low: float
    ci_high: float
    statistic: float
    df: float
    p_value: float


@dataclass(frozen=True)
class _Placements:
    """Placement values: per positive sample the share of negatives below it, per negative that of positives above."""

    positive: Floats
    negative: Floats

    @property
    def auc(self) -> float:
        return float(self.positive.mean())

    @property
    def variance(self) -> float:
        return _mean_variance(self.positive) + _mean_variance(self.negative)

    @property
    def size(self) -> int:
        return len(self.positive) + len(self.negative)


def _mean_variance(values: Floats) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else float("nan")


def two_classes(marker: npt.ArrayLike, truth: npt.ArrayLike, higher: bool) -> tuple[Floats, BoolArray]:
    """Return finite marker values, turned so that larger speaks for the positive class, and the classes.

    Raises
    ------
    StatisticsError
        If a value is missing or infinite, the lengths differ, or one class is empty.
    """
    values = as_measurements(marker, "marker")
    classes = np.asarray(truth)
    if classes.dtype != bool:
        numbers = as_floats(truth, "truth").ravel()
        if not np.isin(numbers, (0.0, 1.0)).all():
            raise StatisticsError("truth: a value is neither true nor false (1 or 0)")
        classes = numbers == 1
    if classes.shape != values.shape:
        raise StatisticsError(f"marker has {len(values)} values, truth has {classes.size}")
    if classes.all() or not classes.any():
        raise StatisticsError(
            "one class only: an ROC curve needs samples of both", hint="choose another contrast or set"
        )
    return (values if higher else -values), classes


def _placements(values: Floats, truth: BoolArray) -> _Placements:
    ranks = rankdata(values)
    a, b = values[truth], values[~truth]
    above = (ranks[truth] - rankdata(a)) / len(b)
    below = 1 - (ranks[~truth] - rankdata(b)) / len(a)
    return _Placements(above, below)


def auc_delong(
    marker: npt.ArrayLike, truth: npt.ArrayLike, *, higher: bool = True, conf_level: float = CONF_LEVEL
) -> AucResult:
    """Return the area under the ROC curve with DeLong's interval.

    Parameters
    ----------
    marker
        Values, without missing ones, shape (samples,).
    truth
        True (or 1) for samples of the positive class.
    higher
        Whether larger values speak for the positive class.
    conf_level
        Coverage of the interval.

    Raises
    ------
    StatisticsError
        If a value is missing or infinite, the lengths differ, or one class is empty.

    Warnings
    --------
    Where the marker separates the classes completely DeLong's variance is 0, and the interval would shrink to a point;
    it is NaN instead.  With fewer than about ten samples in a class the interval is too short.

    Notes
    -----
    Equal to pROC's ``ci.auc(method = "delong")``.

    References
    ----------
    .. [1] DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845.
    .. [2] Sun X, Xu W. IEEE Signal Process Lett 2014;21:1389-1393.

    Examples
    --------
    >>> result = auc_delong([1.2, 2.5, 3.1, 0.7, 1.9, 1.0], [1, 1, 1, 0, 0, 0])
    >>> f"{result.auc:.3f} [{result.ci_low:.3f}, {result.ci_high:.3f}]"
    '0.889 [0.581, 1.000]'
    """
    as_share(conf_level, "conf_level")
    values, classes = two_classes(marker, truth, higher)
    placed = _placements(values, classes)
    variance = placed.variance
    usable = np.isfinite(variance) and variance > 0
    se = float(np.sqrt(variance))
    reach = _quantile(conf_level) * se if usable else float("nan")
    auc = placed.auc
    return AucResult(
        auc,
        se,
        float(np.maximum(auc - reach, 0.0)),
        float(np.minimum(auc + reach, 1.0)),
        int(classes.sum()),
        int((~classes).sum()),
    )


def _quantile(conf_level: float) -> float:
    return float(norm.ppf((1 + conf_level) / 2))


def delong_test(
    marker_a: npt.ArrayLike,
    marker_b: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    higher: tuple[bool, bool] = (True, True),
    conf_level: float = CONF_LEVEL,
) -> DeLongTest:
    """Test whether two markers measured in the same samples have the same area.

    Parameters
    ----------
    marker_a, marker_b
        Values of both markers in the same order, without missing ones.
    truth
        True for samples of the positive class.
    higher
        Direction of each marker.
    conf_level
        Coverage of the interval of the difference (a minus b).

    Raises
    ------
    StatisticsError
        As `auc_delong`.

    Notes
    -----
    Equal to pROC's ``roc.test(method = "delong", paired = TRUE)``. If the markers order the samples alike the
    difference and its variance are 0 and p is 1; a difference without variance has no p (NaN).

    Examples
    --------
    >>> a, b = [1.2, 2.5, 3.1, 0.7, 1.9, 1.0], [2.0, 1.5, 0.9, 0.7, 1.9, 1.0]
    >>> round(delong_test(a, b, [1, 1, 1, 0, 0, 0]).p_value, 3)
    0.48
    """
    as_share(conf_level, "conf_level")
    a, classes = two_classes(marker_a, truth, higher[0])
    b, _ = two_classes(marker_b, truth, higher[1])
    one, two = _placements(a, classes), _placements(b, classes)
    difference = one.auc - two.auc
    variance = _mean_variance(one.positive - two.positive) + _mean_variance(one.negative - two.negative)
    if variance == 0 and difference == 0:
        return DeLongTest(0.0, float("nan"), float("nan"), 0.0, float("inf"), 1.0)
    se = np.sqrt(variance) if variance > 0 else float("nan")
    z = float(difference / se)
    reach = _quantile(conf_level) * se
    p = float(2 * norm.sf(abs(z)))
    return DeLongTest(difference, float(difference - reach), float(difference + reach), z, float("inf"), p)


def delong_test_unpaired(
    first: tuple[npt.ArrayLike, npt.ArrayLike],
    second: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    higher: bool = True,
    conf_level: float = CONF_LEVEL,
) -> DeLongTest:
    """Test whether one marker has the same area in two separate sets of samples.

    Parameters
    ----------
    first, second
        ``(marker, truth)`` of each set.
    higher
        Whether larger values speak for the positive class.
    conf_level
        Coverage of the interval of the difference (first minus second).

    Raises
    ------
    StatisticsError
        As `auc_delong`.

    Notes
    -----
    Equal to pROC's ``roc.test(method = "delong", paired = FALSE)``: a t-test with Satterthwaite's degrees of freedom.

    Examples
    --------
    >>> development = ([1.2, 2.5, 3.1, 0.7, 1.9, 1.0], [1, 1, 1, 0, 0, 0])
    >>> external = ([1.1, 0.9, 3.0, 0.8, 2.9, 1.0], [1, 1, 1, 0, 0, 0])
    >>> round(delong_test_unpaired(development, external).difference, 3)
    0.222
    """
    as_share(conf_level, "conf_level")
    one, two = (_placements(*two_classes(marker, truth, higher)) for marker, truth in (first, second))
    difference = one.auc - two.auc
    v1, v2 = one.variance, two.variance
    total = v1 + v2
    if not total > 0:
        nan = float("nan")
        return DeLongTest(difference, nan, nan, nan, nan, nan)
    df = float(total**2 / (v1**2 / (one.size - 1) + v2**2 / (two.size - 1)))
    se = float(np.sqrt(total))
    statistic = difference / se
    reach = float(t.ppf((1 + conf_level) / 2, df)) * se
    p = float(2 * t.sf(abs(statistic), df))
    return DeLongTest(difference, difference - reach, difference + reach, statistic, df, p)


def auc_bootstrap(
    marker: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    higher: bool = True,
    n_bootstrap: int = N_BOOTSTRAP,
    seed: int = 123456,
    conf_level: float = CONF_LEVEL,
) -> tuple[float, float]:
    """Return the percentile interval of the area, resampling within each class.

    Parameters
    ----------
    marker, truth, higher, conf_level
        As `auc_delong`.
    n_bootstrap
        Resamples.
    seed
        Seed of the resampling.

    Raises
    ------
    StatisticsError
        As `auc_delong`, or for fewer than two resamples.

    Notes
    -----
    A resample is the number of times each distinct value is drawn, so the work grows with the distinct values.

    Examples
    --------
    >>> low, high = auc_bootstrap([1.2, 2.5, 3.1, 0.7, 1.9, 1.0], [1, 1, 1, 0, 0, 0], seed=1)
    >>> 0.4 < low < 0.889 < high <= 1
    True
    """
    as_share(conf_level, "conf_level")
    if n_bootstrap < 2:
        raise StatisticsError(f"{n_bootstrap} resamples, needs 2 or more")
    values, classes = two_classes(marker, truth, higher)
    _, place = np.unique(values, return_inverse=True)
    n_values = int(place.max()) + 1
    times_a, times_b = (np.bincount(place[c], minlength=n_values) for c in (classes, ~classes))
    generator = np.random.default_rng(seed)
    block = max(1, BOOTSTRAP_BLOCK // n_values)
    areas = []
    for start in range(0, n_bootstrap, block):
        size = min(block, n_bootstrap - start)
        a = generator.multinomial(times_a.sum(), times_a / times_a.sum(), size=size)
        b = generator.multinomial(times_b.sum(), times_b / times_b.sum(), size=size)
        below = np.cumsum(b, axis=1) - b / 2
        areas.append((a * below).sum(axis=1) / (times_a.sum() * times_b.sum()))
    tail = (1 - conf_level) / 2
    low, high = np.quantile(np.concatenate(areas), [tail, 1 - tail])
    return float(low), float(high)
