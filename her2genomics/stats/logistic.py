"""Logistic regression of many yes/no features on one design, plain or with Firth's penalty.

One design (group, hormone-receptor status, age ...) serves thousands of genes, so all are fitted at once.  Samples with
the same design row are one cell with its counts: with categorical covariates a cohort of any size is a dozen cells.

Where few samples are altered, or all of one group are, maximum likelihood has no finite estimate or one that is biased
away from 1.  Firth's penalty, half the log determinant of the information, mends both; its interval follows the profile
of the penalised likelihood (a Wald interval would be poor where it is needed most).  The plain fit, which is for ample
data, has the Wald interval that papers print.  p-values are likelihood-ratio ones in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from scipy.stats import chi2, norm

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_altered_and_total, as_floats, as_share

CONF_LEVEL = 0.95
MAX_ITERATIONS = 200
MAX_HALVINGS = 20
# Longest step of a coefficient: keeps the first steps of sparse data from overshooting.
MAX_STEP = 5.0
# Relative fall of the likelihood that is rounding.
LIKELIHOOD_SLACK = 1e-12
# Largest score (in samples) at which a fit has converged.
SCORE_TOLERANCE = 1e-9
# The same within a profile: an error of this size changes the likelihood by its square.
PROFILE_TOLERANCE = 1e-5
# A log odds beyond this in the plain fit is a separation on its way to infinity.
SEPARATED = 15.0
MAX_ROOT_STEPS = 60
ROOT_TOLERANCE = 1e-8


@dataclass(frozen=True)
class _Model:
    """Counts of shape (features, cells) over one design (cells, terms)."""

    altered: Floats
    total: Floats
    design: Floats
    offset: Floats
    firth: bool

    def take(self, features: npt.NDArray[np.bool_]) -> _Model:
        return replace(self, altered=self.altered[features], total=self.total[features])

    @cached_property
    def squares(self) -> Floats:
        """Outer product of each design row with itself, shape (cells, terms * terms)."""
        return (self.design[:, :, None] * self.design[:, None, :]).reshape(len(self.design), -1)

    def information(self, share: Floats) -> Floats:
        terms = self.design.shape[1]
        information: Floats = (self.total * share * (1 - share)) @ self.squares
        return information.reshape(-1, terms, terms)

    def log_likelihood(self, coef: Floats) -> Floats:
        log_odds = coef @ self.design.T + self.offset
        value: Floats = (self.altered * log_odds - self.total * np.logaddexp(0, log_odds)).sum(axis=1)
        if self.firth:
            sign, log_determinant = np.linalg.slogdet(self.information(expit(log_odds)))
            value = value + np.where(sign > 0, log_determinant, -np.inf) / 2
        return value

    def information_at(self, coef: Floats) -> Floats:
        """Return the information (without the penalty), of which standard errors are made."""
        return self.information(expit(coef @ self.design.T + self.offset))

    def score(self, coef: Floats) -> tuple[Floats, Floats]:
        """Return the gradient of the (penalised) log likelihood, and the matrix that scoring steps divide it by.

        The matrix is the information.  With the penalty a sample of leverage h is drawn to 1/2 with the weight h, so
        that it counts 1 + h times: steps by the information alone are twice too long where one sample is all that
        tells of a term (h = 1), and jump from one side of the maximum to the other without end.
        """
        share = expit(coef @ self.design.T + self.offset)
        information = self.information(share)
        residual = self.altered - self.total * share
        if not self.firth:
            return residual @ self.design, information
        weight = self.total * share * (1 - share)
        leverage = share * (1 - share) * (_inverse(information).reshape(-1, self.squares.shape[1]) @ self.squares.T)
        residual = residual + self.total * leverage * (0.5 - share)
        curvature = (weight * (1 + leverage)) @ self.squares
        return residual @ self.design, curvature.reshape(information.shape)


@dataclass(frozen=True)
class _Fit:
    coef: Floats
    log_likelihood: Floats
    converged: npt.NDArray[np.bool_]


def _inverse(matrices: Floats) -> Floats:
    """Return the inverses, NaN where a matrix is singular."""
    sign, log_determinant = np.linalg.slogdet(matrices)
    regular = (sign > 0) & np.isfinite(log_determinant)
    safe = np.where(regular[:, None, None], matrices, np.eye(matrices.shape[-1]))
    inverse: Floats = np.where(regular[:, None, None], np.linalg.inv(safe), np.nan)
    return inverse


def _fit(model: _Model, start: Floats, held: Sequence[int] = (), tolerance: float = SCORE_TOLERANCE) -> _Fit:
    """Maximise over all terms but the ``held`` ones, by Fisher scoring with step halving."""
    free = [j for j in range(start.shape[1]) if j not in held]
    coef, value = start.copy(), model.log_likelihood(start)
    converged = np.zeros(len(start), dtype=bool)
    active = np.isfinite(value)
    for _ in range(MAX_ITERATIONS):
        if not active.any():
            break
        part = model.take(active)
        gradient, curvature = part.score(coef[active])
        done = np.abs(gradient[:, free]).max(axis=1, initial=0.0) < tolerance
        index = np.flatnonzero(active)
        converged[index[done]] = True
        step = np.zeros_like(gradient)
        inverse = _inverse(curvature[:, free][:, :, free])
        step[:, free] = np.einsum("fpq,fq->fp", inverse, gradient[:, free])
        step /= np.maximum(np.abs(step).max(axis=1, keepdims=True) / MAX_STEP, 1.0)
        moved, reached = _climb(part, coef[active], value[active], step)
        stuck = ~np.isfinite(reached) & ~done
        going = ~done & ~stuck
        coef[index[going]], value[index[going]] = moved[going], reached[going]
        active[index[~going]] = False
    return _Fit(coef, value, converged)


def _climb(model: _Model, coef: Floats, value: Floats, step: Floats) -> tuple[Floats, Floats]:
    """Return the coefficients after the step, halved until the likelihood does not fall, and the likelihood there."""
    length = np.ones(len(coef))
    reached = model.log_likelihood(coef + step)
    for _ in range(MAX_HALVINGS):
        worse = ~(reached >= value - LIKELIHOOD_SLACK * np.maximum(np.abs(value), 1.0))
        if not worse.any():
            break
        length[worse] /= 2
        reached[worse] = model.take(worse).log_likelihood((coef + length[:, None] * step)[worse])
    return coef + length[:, None] * step, reached


def _limit(model: _Model, fit: _Fit, term: int, side: int, drop: float) -> Floats:
    """Return the value of one coefficient at which the profile likelihood has fallen by ``drop``; NaN if there is none.

    Newton's method on the profile (its slope is the score of the term), kept inside a bracket.
    """
    best, target = fit.coef[:, term], fit.log_likelihood - drop
    information = model.information_at(fit.coef)
    se = np.sqrt(np.maximum(_inverse(information)[:, term, term], 0.0))
    coef = fit.coef.copy()
    near, far = best.copy(), np.full(len(best), side * np.inf)
    guess = best + side * np.sqrt(2 * drop) * np.where(np.isfinite(se), se, 1.0)
    result = np.full(len(best), np.nan)
    open_ = np.isfinite(fit.log_likelihood) & np.isfinite(se)
    for _ in range(MAX_ROOT_STEPS):
        if not open_.any():
            break
        index = np.flatnonzero(open_)
        part = model.take(open_)
        start = coef[index]
        start[:, term] = guess[index]
        profile = _fit(part, start, held=(term,), tolerance=PROFILE_TOLERANCE)
        coef[index] = profile.coef
        surplus = profile.log_likelihood - target[index]
        slope = part.score(profile.coef)[0][:, term]
        inside = surplus >= 0
        near[index[inside]], far[index[~inside]] = guess[index[inside]], guess[index[~inside]]
        found = np.abs(surplus) < ROOT_TOLERANCE
        result[index[found]] = guess[index[found]]
        with np.errstate(divide="ignore", invalid="ignore"):
            proposal = guess[index] - surplus / slope
        guess[index] = _inside(proposal, near[index], far[index], side, se[index])
        hopeless = np.abs(guess[index] - best[index]) > 50 + 50 * se[index]
        open_[index[found | hopeless | ~np.isfinite(surplus)]] = False
    return result


def _inside(proposal: Floats, near: Floats, far: Floats, side: int, se: Floats) -> Floats:
    """Return the proposal where it lies between the bracket's ends, else a safe point of the bracket."""
    unbounded = np.isinf(far)
    with np.errstate(invalid="ignore"):
        middle = np.where(unbounded, near + side * 2 * np.maximum(se, 0.1), (near + far) / 2)
        beyond = (proposal - near) * side > 0
        within = beyond & np.where(
            unbounded, np.abs(proposal - near) < 5 * np.maximum(se, 0.1), (far - proposal) * side > 0
        )
    return np.where(within, proposal, middle)


def _prepare(
    altered: npt.ArrayLike, total: npt.ArrayLike, design: npt.ArrayLike, offset: npt.ArrayLike | None, *, firth: bool
) -> _Model:
    some, all_ = as_altered_and_total(altered, total, "cells")
    x = as_floats(design, "design")
    if some.ndim != 2 or x.ndim != 2 or some.shape[1] != x.shape[0]:
        raise StatisticsError(
            f"counts have shape (features, cells) and the design (cells, terms), not {some.shape} and {x.shape}"
        )
    shift = np.zeros(len(x)) if offset is None else as_floats(offset, "offset")
    if not (np.isfinite(x).all() and np.isfinite(shift).all() and shift.shape == (len(x),)):
        raise StatisticsError("the design or the offset has a missing or infinite value, or another length")
    return _Model(some.astype(float), all_.astype(float), x, shift, firth)


def _full_rank(model: _Model) -> npt.NDArray[np.bool_]:
    """Return the features whose samples span the design, with altered and unaltered ones among them."""
    terms = model.design.shape[1]
    gram = (np.sign(model.total) @ model.squares).reshape(-1, terms, terms)
    spans = np.linalg.matrix_rank(gram, hermitian=True) == terms
    some, total = model.altered.sum(axis=1), model.total.sum(axis=1)
    varied = (some > 0) & (some < total)
    usable: npt.NDArray[np.bool_] = spans & (varied | model.firth)
    return usable


def logistic_many(
    altered: npt.ArrayLike,
    total: npt.ArrayLike,
    design: npt.ArrayLike,
    *,
    term: int = 1,
    firth: bool = False,
    offset: npt.ArrayLike | None = None,
    conf_level: float = CONF_LEVEL,
) -> pd.DataFrame:
    """Return the odds ratio of one term of a logistic regression, for many features over the same design.

    Parameters
    ----------
    altered, total
        Altered and all samples of each cell, shape (features, cells); a cell holds the samples with one design row.
    design
        Design matrix, shape (cells, terms), an intercept among the terms.
    term
        Column of the design whose odds ratio is wanted.
    firth
        Whether Firth's penalty is added to the likelihood.
    offset
        Known part of the log odds per cell, shape (cells,).
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row per feature: ``odds_ratio``, ``ci_low``, ``ci_high`` (Wald, or with the penalty profile likelihood),
        ``p_value`` (likelihood ratio), ``coef`` and ``se`` (log odds ratio), ``separated``. Missing where the samples
        of a feature do not span the design, or the plain fit has no finite estimate (``separated`` True).

    Raises
    ------
    StatisticsError
        If counts are unsuitable, shapes do not fit, or the design holds a missing value.

    Warnings
    --------
    The plain fit is not to be relied on with fewer than ten altered (or unaltered) samples per term [3]_.

    Notes
    -----
    The penalised likelihood of a restricted fit (held term) keeps the determinant of the full information, as in
    Heinze and Schemper [2]_.

    References
    ----------
    .. [1] Firth D. Biometrika 1993;80:27-38.
    .. [2] Heinze G, Schemper M. Stat Med 2002;21:2409-2419.
    .. [3] Peduzzi P et al. J Clin Epidemiol 1996;49:1373-1379.

    Examples
    --------
    TP53 in HER2-zero against HER2-low tumours, HR-positive and HR-negative held fixed:

    >>> design = [[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 0, 1]]
    >>> row = logistic_many([[20, 53, 26, 21]], [[60, 202, 30, 29]], design).iloc[0]
    >>> f"{row['odds_ratio']:.3f}, p = {row['p_value']:.3f}"
    '1.560, p = 0.120'
    """
    reach = float(norm.ppf((1 + as_share(conf_level, "conf_level")) / 2))
    model = _prepare(altered, total, design, offset, firth=firth)
    if not 0 <= term < model.design.shape[1]:
        raise StatisticsError(f"term {term} of a design with {model.design.shape[1]} terms")
    columns = ["odds_ratio", "ci_low", "ci_high", "p_value", "coef", "se"]
    result, separated = np.full((len(columns), len(model.altered)), np.nan), np.zeros(len(model.altered), dtype=bool)
    usable = _full_rank(model)
    if usable.any():
        part, scale = _scaled(model.take(usable))
        fit = _fit(part, np.zeros((len(part.altered), len(scale))))
        separated[usable] = _separated(part, fit)
        found = ~separated[usable]
        finite = np.flatnonzero(usable)[found]
        fit = _Fit(fit.coef[found], fit.log_likelihood[found], fit.converged[found])
        if len(finite):
            result[:, finite] = _term_results(part.take(found), fit, term, reach, float(scale[term]))
    table = pd.DataFrame(dict(zip(columns, result, strict=True))).astype("Float64")
    table["separated"] = separated
    return table


def _scaled(model: _Model) -> tuple[_Model, Floats]:
    """Return the model with terms of size 1 at most, which keeps the information well conditioned, and their sizes."""
    scale = np.maximum(np.abs(model.design).max(axis=0), 1e-300)
    return _Model(model.altered, model.total, model.design / scale, model.offset, model.firth), scale


def _separated(model: _Model, fit: _Fit) -> npt.NDArray[np.bool_]:
    far = np.abs(np.where(model.total > 0, fit.coef @ model.design.T, 0.0)).max(axis=1) > SEPARATED
    separated: npt.NDArray[np.bool_] = ~fit.converged | (far & (not model.firth))
    return separated


def _term_results(model: _Model, fit: _Fit, term: int, reach: float, scale: float) -> Floats:
    """Return odds ratio, limits, likelihood-ratio p, coefficient and standard error of one term."""
    information = model.information_at(fit.coef)
    coef, se = fit.coef[:, term] / scale, np.sqrt(_inverse(information)[:, term, term]) / scale
    low, high = coef - reach * se, coef + reach * se
    if model.firth:
        low, high = (_limit(model, fit, term, side, reach**2 / 2) / scale for side in (-1, 1))
    return np.array([np.exp(coef), np.exp(low), np.exp(high), _ratio_p(model, fit, (term,)), coef, se])


def _ratio_p(model: _Model, fit: _Fit, terms: Sequence[int]) -> Floats:
    start = fit.coef.copy()
    start[:, list(terms)] = 0.0
    restricted = _fit(model, start, held=terms)
    statistic = np.maximum(2 * (fit.log_likelihood - restricted.log_likelihood), 0.0)
    p: Floats = np.where(restricted.converged, chi2.sf(statistic, len(terms)), np.nan)
    return p


def fitted_shares(altered: npt.ArrayLike, design: npt.ArrayLike) -> Floats | None:
    """Return the fitted probabilities of one plain logistic regression, None where it separates or is not of full rank.

    Parameters
    ----------
    altered
        0 or 1 per sample.
    design
        Shape (samples, terms), with an intercept.

    Examples
    --------
    >>> fitted_shares([1, 0, 0, 1], [[1, 0], [1, 0], [1, 1], [1, 1]]).round(6).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    outcome = np.atleast_2d(np.asarray(altered))
    model = _prepare(outcome, np.ones_like(outcome), design, None, firth=False)
    if not _full_rank(model)[0]:
        return None
    scaled, scale = _scaled(model)
    fit = _fit(scaled, np.zeros((1, len(scale))))
    if _separated(scaled, fit)[0]:
        return None
    shares: Floats = expit(scaled.design @ fit.coef[0])
    return shares


def likelihood_ratio_many(
    altered: npt.ArrayLike,
    total: npt.ArrayLike,
    design: npt.ArrayLike,
    terms: Sequence[int],
    *,
    firth: bool = False,
    offset: npt.ArrayLike | None = None,
) -> Floats:
    """Return per feature the likelihood-ratio p of several terms together (interactions, a factor).

    Parameters
    ----------
    altered, total, design, firth, offset
        As in `logistic_many`.
    terms
        Columns of the design that are tested together.

    Returns
    -------
    numpy.ndarray
        Shape (features,); NaN where the samples of a feature do not span the design.

    Examples
    --------
    Does the TP53 odds ratio differ between HR-positive and HR-negative tumours?

    >>> design = [[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0]]
    >>> likelihood_ratio_many([[20, 53, 26, 21]], [[60, 202, 30, 29]], design, [3]).round(3)
    array([0.444])
    """
    model = _prepare(altered, total, design, offset, firth=firth)
    p = np.full(len(model.altered), np.nan)
    usable = _full_rank(model)
    if usable.any():
        part, scale = _scaled(model.take(usable))
        p[usable] = _ratio_p(part, _fit(part, np.zeros((len(part.altered), len(scale)))), terms)
    return p
