"""The area under the ROC curve of held-out predictions, which come from a different model in every fold.

Scores of different folds are not on one scale: a fold that happens to hold many positives was predicted by a model that
saw few, so that pooled scores of a worthless model order the samples backwards.  Only pairs within one fold are
compared here; of the pairs of all folds the share in the right order is the area, ties counting one half.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.diagnostic import two_classes
from her2genomics.stats.inputs import Floats, Integers, as_share

BoolArray = npt.NDArray[np.bool_]

CONF_LEVEL = 0.95


def _pairs(scores: Floats, truth: BoolArray) -> Floats:
    """Return 1, 1/2 or 0 for each pair of a positive and a negative: in the right order, tied, or wrong."""
    difference = scores[truth][:, None] - scores[~truth][None, :]
    pairs: Floats = (difference > 0) + (difference == 0) / 2
    return pairs


def _checked(scores: npt.ArrayLike, truth: npt.ArrayLike, folds: npt.ArrayLike) -> tuple[Floats, BoolArray, Integers]:
    values, classes = two_classes(scores, truth, True)
    _, where = np.unique(np.asarray(folds), return_inverse=True)
    if where.shape != values.shape:
        raise StatisticsError(f"{len(values)} scores, {where.size} folds")
    return values, classes, where.astype(np.int64)


def within_fold_auc(scores: npt.ArrayLike, truth: npt.ArrayLike, folds: npt.ArrayLike) -> float:
    """Return the area under the ROC curve over pairs of the same fold; NaN where no fold has both classes.

    Parameters
    ----------
    scores
        Held-out predictions, larger for the positive class, shape (rows,); a sample may have a row per repeat.
    truth
        True (or 1) for the positive class.
    folds
        Fold of each row; folds of different repeats have different names.

    Raises
    ------
    StatisticsError
        If a score is missing, lengths differ, or one class is empty.

    References
    ----------
    .. [1] Airola A, et al. Comput Stat Data Anal 2011;55:1828-1844: pooling across folds is biased.

    Examples
    --------
    >>> within_fold_auc([0.2, 0.1, 0.9, 0.8], [1, 0, 1, 0], [0, 0, 1, 1])
    1.0
    """
    values, classes, where = _checked(scores, truth, folds)
    right = total = 0.0
    for fold in range(int(where.max()) + 1):
        pairs = _pairs(values[where == fold], classes[where == fold])
        right, total = right + pairs.sum(), total + pairs.size
    return float(right / total) if total else float("nan")


def resample_weights(strata: npt.ArrayLike, *, n_bootstrap: int, seed: int) -> Floats:
    """Return how often each subject is drawn in each resample, drawing within strata; shape (resamples, subjects).

    Parameters
    ----------
    strata
        Stratum of each subject (its class).
    n_bootstrap, seed
        Resamples, and the seed of the drawing.

    Raises
    ------
    StatisticsError
        For fewer than two resamples.
    """
    if n_bootstrap < 2:
        raise StatisticsError(f"{n_bootstrap} resamples, needs 2 or more")
    _, codes = np.unique(np.asarray(strata), return_inverse=True)
    generator = np.random.default_rng(seed)
    weights = np.zeros((n_bootstrap, len(codes)))
    for stratum in range(int(codes.max()) + 1):
        inside = np.flatnonzero(codes == stratum)
        weights[:, inside] = generator.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), n_bootstrap)
    return weights


def weighted_within_fold_auc(
    scores: npt.ArrayLike, truth: npt.ArrayLike, folds: npt.ArrayLike, weights: Floats
) -> Floats:
    """Return `within_fold_auc` with each row counted as often as each resample drew it.

    Parameters
    ----------
    scores, truth, folds
        As `within_fold_auc`.
    weights
        Shape (resamples, rows).

    Returns
    -------
    numpy.ndarray
        Areas, shape (resamples,); NaN where a resample has no pair within a fold.

    Raises
    ------
    StatisticsError
        As `within_fold_auc`.
    """
    values, classes, where = _checked(scores, truth, folds)
    right, total = np.zeros(len(weights)), np.zeros(len(weights))
    for fold in range(int(where.max()) + 1):
        rows = np.flatnonzero(where == fold)
        pairs = _pairs(values[rows], classes[rows])
        positive, negative = weights[:, rows[classes[rows]]], weights[:, rows[~classes[rows]]]
        right += ((positive @ pairs) * negative).sum(axis=1)
        total += positive.sum(axis=1) * negative.sum(axis=1)
    areas: Floats = np.divide(right, total, out=np.full(len(weights), np.nan), where=total > 0)
    return areas


def percentile_interval(draws: Floats, conf_level: float = CONF_LEVEL) -> tuple[float, float]:
    """Return the percentile interval of bootstrap draws; NaN where they are all equal (complete separation) or none."""
    as_share(conf_level, "conf_level")
    known = draws[np.isfinite(draws)]
    if not len(known) or np.ptp(known) == 0:
        return float("nan"), float("nan")
    tail = (1 - conf_level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def within_fold_roc(
    scores: npt.ArrayLike, truth: npt.ArrayLike, folds: npt.ArrayLike, n_points: int = 101
) -> tuple[Floats, Floats]:
    """Return the ROC curve averaged over folds: false-positive shares and the mean sensitivity at each.

    Parameters
    ----------
    scores, truth, folds
        As `within_fold_auc`.
    n_points
        Points of the curve at even steps of 1 - specificity.

    Raises
    ------
    StatisticsError
        As `within_fold_auc`.

    Notes
    -----
    Folds weigh as many pairs as they have, so the area under the curve is `within_fold_auc`, up to the steps.

    References
    ----------
    .. [1] Fawcett T. Pattern Recognit Lett 2006;27:861-874, section 8.1 (vertical averaging).
    """
    values, classes, where = _checked(scores, truth, folds)
    grid = np.linspace(0, 1, n_points)
    curve, total = np.zeros(n_points), 0
    for fold in range(int(where.max()) + 1):
        inside = where == fold
        n_pairs = int(classes[inside].sum()) * int((~classes[inside]).sum())
        if n_pairs:
            curve += n_pairs * _sensitivity_at(values[inside], classes[inside], grid)
            total += n_pairs
    curve = curve / total if total else np.full(n_points, np.nan)
    curve[0] = 0.0 if total else np.nan
    return grid, curve


def _sensitivity_at(scores: Floats, truth: BoolArray, grid: Floats) -> Floats:
    """Return the sensitivity at each false-positive share: the highest at a vertical step."""
    cuts = np.unique(scores)[::-1]
    called = scores[None, :] >= cuts[:, None]
    tpr = np.concatenate([[0.0], called[:, truth].mean(axis=1)])
    fpr = np.concatenate([[0.0], called[:, ~truth].mean(axis=1)])
    curve: Floats = np.interp(grid, fpr, tpr)
    return curve
