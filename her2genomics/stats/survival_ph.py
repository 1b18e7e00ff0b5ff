"""Do hazards stay proportional? The score test of cox.zph: is a coefficient constant over time.

Schoenfeld's residuals (an event's covariates less their mean over the risk set) are weighted with a function of time,
by default one minus the Kaplan-Meier curve just before the event.  As in R's survival 3, the score test of
``beta + theta g(t)`` is exact in the variances of the single events, where the older test took their average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from her2genomics.stats.inputs import Floats
from her2genomics.stats.survival_curves import as_outcome, kaplan_meier
from her2genomics.stats.survival_likelihood import RiskSets, Ties

GLOBAL = "GLOBAL"


def ph_test(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    x: npt.ArrayLike,
    coef: npt.ArrayLike,
    terms: Mapping[str, Sequence[int]],
    *,
    strata: npt.ArrayLike | None = None,
    ties: Ties = "efron",
) -> pd.DataFrame:
    """Test every term of a fitted Cox model, and all together, for proportional hazards.

    Parameters
    ----------
    time, event
        As `kaplan_meier`.
    x
        Covariates of the model, (n, p).
    coef
        Its maximum-likelihood coefficients, (p,).
    terms
        Name of each term and its columns of ``x`` (a factor has several).
    strata
        Stratum of each patient, if the model had strata.
    ties
        Method of the fit.

    Returns
    -------
    pandas.DataFrame
        ``covariate, statistic, df, p_value``; the last row is ``GLOBAL``.

    References
    ----------
    .. [1] Grambsch PM, Therneau TM. Biometrika 1994;81:515-526.
    .. [2] Therneau TM. survival 3.x for R, cox.zph (score test), vignette "validate".

    Examples
    --------
    >>> t, d, x = [1, 2, 3, 4, 5, 6, 7, 8], [1] * 8, [[1.0], [1], [1], [0], [0], [0], [0], [1]]
    >>> from her2genomics.stats.survival_cox import fit_cox
    >>> fit = fit_cox(t, d, pd.DataFrame(x, columns=["x"]), firth="never")
    >>> ph_test(t, d, x, fit.table["coef"], {"x": [0]}).round(3).values.tolist()
    [['x', 4.777, 1, 0.029], ['GLOBAL', 4.777, 1, 0.029]]
    """
    times, events = as_outcome(time, event)
    covariates = np.asarray(x, dtype=float)
    covariates = covariates - covariates.mean(axis=0)
    layers = None if strata is None else pd.factorize(np.asarray(strata, dtype=object).astype(str))[0]
    sets = RiskSets.build(times, events, covariates, layers, ties)
    moments = sets.moments(np.asarray(coef, dtype=float))
    g = _one_minus_km(times, events, sets.time)
    g = g - g.mean()
    # observed covariates of the tied events are shared out evenly over their steps: only the sum per time matters
    score = np.einsum("k,kp->p", g, _observed_steps(sets) - moments.mean)
    blocks = [np.einsum("k,kij->ij", g**power, moments.variance) for power in range(3)]
    information = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    columns = {**{name: list(members) for name, members in terms.items()}, GLOBAL: list(range(len(score)))}
    rows = [(name, *_score_test(score, information, np.array(members))) for name, members in columns.items()]
    table = pd.DataFrame(rows, columns=["covariate", "statistic", "df"])
    table["p_value"] = chi2.sf(table["statistic"], table["df"])
    return table


def _one_minus_km(times: Floats, events: npt.NDArray[np.bool_], at: Floats) -> Floats:
    """Return one minus the survival just before each time, all patients pooled."""
    curve = kaplan_meier(times, events)
    before = np.searchsorted(curve["time"].to_numpy(dtype=float), at, side="left")
    gone: Floats = 1 - np.concatenate([[1.0], curve["survival"].to_numpy(dtype=float)])[before]
    return gone


def _observed_steps(sets: RiskSets) -> Floats:
    """Return per step the mean covariates of the events of its time and stratum."""
    total = np.concatenate([np.zeros((1, sets.x.shape[1])), np.cumsum(sets.x * sets.event[:, None], axis=0)])
    n = np.concatenate([[0], np.cumsum(sets.event)])
    died = n[sets.last + 1] - n[sets.tie_first]
    mean: Floats = (total[sets.last + 1] - total[sets.tie_first]) / died[:, None]
    return mean


def _score_test(score: Floats, information: Floats, members: npt.NDArray[np.int64]) -> tuple[float, int]:
    """Return statistic and degrees of freedom for some of the time-dependent coefficients, all constant ones free."""
    p = len(score)
    used = np.concatenate([np.arange(p), p + members])
    u = np.concatenate([np.zeros(p), score[members]])
    return float(u @ np.linalg.solve(information[np.ix_(used, used)], u)), len(members)
