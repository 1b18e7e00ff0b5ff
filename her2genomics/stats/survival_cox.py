"""Cox regression: statsmodels' fit where it is sound, Firth's penalised one where it is not.

A group without an event, fewer than ten events per coefficient, or a covariate that separates the events makes the
ordinary estimate biased or infinite; then (``firth="auto"``) the penalised likelihood is used and the result says so.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, norm
from statsmodels.duration.hazard_regression import PHReg

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.inputs import Floats, as_share
from her2genomics.stats.survival_curves import as_outcome
from her2genomics.stats.survival_firth import fit_firth
from her2genomics.stats.survival_likelihood import RiskSets, Ties

FirthPolicy = Literal["auto", "always", "never"]
MIN_EVENTS_PER_COEFFICIENT = 10
NO_INFORMATION = 1e-9
"""Information about a standardised coefficient below which there is none (an event gives up to about one)."""
LARGEST_STANDARDISED = 10.0
"""A log hazard ratio per standard deviation beyond this is a likelihood without a maximum, not an effect."""


@dataclass(frozen=True)
class CoxFit:
    """A fitted Cox model.

    Parameters
    ----------
    table
        One row per coefficient: ``covariate, coef, se, hazard_ratio, ci_low, ci_high, z, p_value`` (the interval is of
        the hazard ratio; Wald, or of the profile with Firth, where z is the signed root of the statistic).
    n, n_events
        Patients and events in the fit.
    method
        ``Cox (Efron)``, ``Cox (Breslow)``, ``Firth (Efron)`` ...
    reason
        Why the penalised likelihood was used, empty otherwise.
    log_likelihood_null, log_likelihood
        Without covariates and at the maximum (penalised with Firth; then the null is missing).
    score_statistic
        Score test of all coefficients, missing with Firth.
    """

    table: pd.DataFrame
    n: int
    n_events: int
    method: str
    reason: str
    log_likelihood_null: float
    log_likelihood: float
    score_statistic: float

    @property
    def penalised(self) -> bool:
        """Whether Firth's penalty was used."""
        return self.method.startswith("Firth")

    @property
    def likelihood_ratio_p(self) -> float:
        """P of the likelihood-ratio test of all coefficients, NaN with Firth."""
        return float(chi2.sf(2 * (self.log_likelihood - self.log_likelihood_null), len(self.table)))


def fit_cox(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    design: pd.DataFrame,
    *,
    strata: npt.ArrayLike | None = None,
    ties: Ties = "efron",
    firth: FirthPolicy = "auto",
    conf_level: float = 0.95,
) -> CoxFit:
    """Fit a Cox proportional-hazards model.

    Parameters
    ----------
    time, event
        As `kaplan_meier`.
    design
        Numeric covariates, one column per coefficient, no missing value.
    strata
        Stratum of each patient: each has its own baseline hazard.
    ties
        ``efron`` or ``breslow``.
    firth
        ``auto``: where the ordinary fit is not sound (see the module); ``always``; ``never``.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    CoxFit

    Raises
    ------
    StatisticsError
        If there is no event or covariate, a covariate is constant or a combination of others, a value is missing, or,
        with ``never``, the likelihood has no maximum.

    References
    ----------
    .. [1] Cox DR. J R Stat Soc B 1972;34:187-220.
    .. [2] Efron B. J Am Stat Assoc 1977;72:557-565.
    .. [3] Peduzzi P et al. J Clin Epidemiol 1995;48:1503-1510 (ten events per variable).

    Examples
    --------
    >>> x = pd.DataFrame({"x": [1.0, 1, 1, 0, 0, 0, 0, 1]})
    >>> fit = fit_cox([1, 2, 3, 4, 5, 6, 7, 8], [1] * 8, x)
    >>> fit.method, fit.reason
    ('Firth (Efron)', '8 events for 1 coefficient, fewer than 10 each')
    """
    as_share(conf_level, "conf_level")
    times, events = as_outcome(time, event)
    x = _as_design(design, len(times))
    if not events.any():
        raise StatisticsError("no event: a Cox model has nothing to fit")
    layers = None if strata is None else pd.factorize(np.asarray(strata, dtype=object).astype(str))[0]
    _refuse_no_information(times, events, x, layers, list(design.columns))
    reason = "as asked for" if firth == "always" else _unsound(events, x, list(design.columns))
    if firth == "never" or not reason:
        fit, infinite = _ordinary(times, events, x, list(design.columns), layers, ties, conf_level)
        if not infinite:
            return fit
        if firth == "never":
            raise StatisticsError(f"the likelihood has no maximum in {infinite}", hint="use firth (--firth auto)")
        reason = f"the likelihood has no maximum in {infinite}"
    return _penalised(times, events, x, list(design.columns), layers, ties, conf_level, reason)


def _as_design(design: pd.DataFrame, n: int) -> Floats:
    if not design.shape[1]:
        raise StatisticsError("no covariate: a Cox model has nothing to fit")
    x = design.to_numpy(dtype=float, na_value=np.nan)
    if len(x) != n:
        raise StatisticsError(f"{n} times and {len(x)} rows of covariates")
    for j, name in enumerate(design.columns):
        if not np.isfinite(x[:, j]).all():
            raise StatisticsError(f"covariate {name}: a value is missing", hint="drop such patients and say how many")
        if np.ptp(x[:, j]) == 0:
            raise StatisticsError(f"covariate {name} is constant", hint="leave it out")
    standard = _standardise(x)[0]
    for j in range(1, x.shape[1] + 1):
        if np.linalg.matrix_rank(standard[:, :j], tol=1e-8 * np.sqrt(n)) < j:
            raise StatisticsError(
                f"covariate {design.columns[j - 1]} is a combination of the others", hint="leave it out"
            )
    return x


def _refuse_no_information(
    times: Floats, events: npt.NDArray[np.bool_], x: Floats, layers: npt.NDArray[np.int64] | None, names: list[str]
) -> None:
    """Refuse coefficients about which no risk set says anything (all events alone, or strata without a choice)."""
    sets = RiskSets.build(times, events, _standardise(x)[0], layers)
    information = sets.moments(np.zeros(len(names))).variance.sum(axis=0)
    if np.linalg.eigvalsh(information)[0] < NO_INFORMATION:
        blind = [name for name, own in zip(names, np.diag(information), strict=True) if own < NO_INFORMATION]
        what = f"about {', '.join(blind)}" if blind else "to tell the covariates apart"
        raise StatisticsError(f"the events hold no information {what}", hint="use fewer covariates or no strata")


def _standardise(x: Floats) -> tuple[Floats, Floats]:
    scale = x.std(axis=0)
    return (x - x.mean(axis=0)) / scale, scale


def _unsound(events: npt.NDArray[np.bool_], x: Floats, names: list[str]) -> str:
    """Return why an ordinary fit would not be sound, empty if nothing speaks against it."""
    n_events, p = int(events.sum()), x.shape[1]
    for j, name in enumerate(names):
        if np.isin(x[:, j], (0.0, 1.0)).all():
            for value in (1.0, 0.0):
                if not events[x[:, j] == value].any():
                    return f"no event where {name} is {value:g}"
    if n_events < MIN_EVENTS_PER_COEFFICIENT * p:
        return (
            f"{n_events} events for {p} coefficient{'s' if p > 1 else ''}, fewer than {MIN_EVENTS_PER_COEFFICIENT} each"
        )
    return ""


def _ordinary(
    times: Floats,
    events: npt.NDArray[np.bool_],
    x: Floats,
    names: list[str],
    layers: npt.NDArray[np.int64] | None,
    ties: Ties,
    conf_level: float,
) -> tuple[CoxFit, str]:
    """Return statsmodels' fit and, if the likelihood has no maximum, the covariate at fault."""
    standard, scale = _standardise(x)
    model = PHReg(times, standard, status=events.astype(int), strata=layers, ties=ties)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fitted = model.fit(disp=0)
            scaled, error = np.asarray(fitted.params, dtype=float), np.asarray(fitted.bse, dtype=float)
            log_likelihood = float(fitted.llf)
        except np.linalg.LinAlgError:
            scaled = error = np.full(len(names), np.nan)
            log_likelihood = np.nan
        null = np.zeros(len(names))
        score, information = model.score(null), -model.hessian(null)
    fit = CoxFit(
        _wald_table(names, scaled / scale, error / scale, conf_level),
        len(times),
        int(events.sum()),
        f"Cox ({ties.capitalize()})",
        "",
        float(model.loglike(null)),
        log_likelihood,
        float(score @ np.linalg.solve(information, score)),
    )
    wild = (
        ~np.isfinite(scaled)
        | ~np.isfinite(error)
        | (np.abs(scaled) > LARGEST_STANDARDISED)
        | (error > LARGEST_STANDARDISED)
    )
    return fit, ", ".join(np.array(names, dtype=object)[wild])


def _wald_table(names: list[str], coef: Floats, se: Floats, conf_level: float) -> pd.DataFrame:
    reach = float(norm.ppf((1 + conf_level) / 2)) * se
    with np.errstate(over="ignore"):
        columns = {
            "covariate": names,
            "coef": coef,
            "se": se,
            "hazard_ratio": np.exp(coef),
            "ci_low": np.exp(coef - reach),
            "ci_high": np.exp(coef + reach),
            "z": coef / se,
            "p_value": 2 * norm.sf(np.abs(coef / se)),
        }
    return pd.DataFrame(columns)


def _penalised(
    times: Floats,
    events: npt.NDArray[np.bool_],
    x: Floats,
    names: list[str],
    layers: npt.NDArray[np.int64] | None,
    ties: Ties,
    conf_level: float,
    reason: str,
) -> CoxFit:
    standard, scale = _standardise(x)
    found = fit_firth(RiskSets.build(times, events, standard, layers, ties), conf_level=conf_level)
    table = pd.DataFrame(
        {
            "covariate": names,
            "coef": found.coef / scale,
            "se": found.se / scale,
            "hazard_ratio": np.exp(found.coef / scale),
            "ci_low": np.exp(found.ci_low / scale),
            "ci_high": np.exp(found.ci_high / scale),
            "z": np.sign(found.coef) * np.sqrt(found.statistic),
            "p_value": found.p_value,
        }
    )
    return CoxFit(
        table,
        len(times),
        int(events.sum()),
        f"Firth ({ties.capitalize()})",
        reason,
        float("nan"),
        found.log_likelihood,
        float("nan"),
    )
