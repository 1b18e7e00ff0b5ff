"""Which Cox models a survival analysis runs: each covariate alone, the groups in strata, all together.

``univariable``: one term at a time.  ``stratified``: the groups, each stratum (hormone-receptor status) with a baseline
hazard of its own, the companion of the stratified log-rank test.  ``multivariable``: groups and covariates together, on
the patients who have all values.  A model that cannot be fitted leaves a row with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import StatisticsError
from her2genomics.outcome.covariates import Term, join_terms, term_columns
from her2genomics.stats.survival_cox import CoxFit, FirthPolicy, fit_cox
from her2genomics.stats.survival_likelihood import Ties
from her2genomics.stats.survival_ph import GLOBAL, ph_test

UNIVARIABLE, STRATIFIED, MULTIVARIABLE = "univariable", "stratified", "multivariable"


@dataclass(frozen=True)
class CoxSettings:
    """How Cox models are fitted."""

    ties: Ties = "efron"
    firth: FirthPolicy = "auto"


@dataclass(frozen=True)
class ModelTables:
    """Rows of the ``cox`` and of the ``ph_test`` table."""

    cox: pd.DataFrame
    ph: pd.DataFrame


def run_model(
    model: str,
    time: npt.NDArray[np.float64],
    event: npt.NDArray[np.bool_],
    terms: Sequence[Term],
    settings: CoxSettings,
    *,
    strata: pd.Series | None = None,
) -> ModelTables:
    """Fit one model on the patients with all values, and test it for proportional hazards.

    Parameters
    ----------
    model
        Name for the tables.
    time, event
        Outcome of all patients.
    terms
        Covariates, indexed like the patients.
    strata
        Stratum of each patient, missing where unknown.
    """
    complete = join_terms(terms)[1]
    if strata is not None:
        complete &= strata.notna()
    terms = [term.restricted(complete) for term in terms]
    empty = [term.name for term in terms if not term.levels]
    kept = complete.to_numpy(dtype=bool)
    layers = None if strata is None else strata[complete].to_numpy(dtype=object)
    if empty:
        return _not_fitted(model, terms, f"{', '.join(empty)}: one value only", kept, event)
    design = join_terms(terms)[0].astype(float)
    try:
        fit = fit_cox(time[kept], event[kept], design, strata=layers, ties=settings.ties, firth=settings.firth)
    except StatisticsError as error:
        return _not_fitted(model, terms, error.what, kept, event)
    return ModelTables(
        _cox_rows(model, fit, terms),
        _ph_rows(model, time[kept], event[kept], design, terms, layers, fit, settings),
    )


def _cox_rows(model: str, fit: CoxFit, terms: Sequence[Term]) -> pd.DataFrame:
    labels = [(term.name, level, term.reference) for term in terms for level in term.levels]
    rows = fit.table.drop(columns="covariate")
    for name, column in zip(("covariate", "level", "reference"), zip(*labels, strict=True), strict=True):
        rows[name] = list(column)
    return rows.assign(model=model, n=fit.n, n_events=fit.n_events, method=fit.method, note=fit.reason)


def _ph_rows(
    model: str,
    time: npt.NDArray[np.float64],
    event: npt.NDArray[np.bool_],
    design: pd.DataFrame,
    terms: Sequence[Term],
    layers: npt.NDArray[np.object_] | None,
    fit: CoxFit,
    settings: CoxSettings,
) -> pd.DataFrame:
    if fit.penalised:
        return _ph_not_tested(model, terms, f"not tested: {fit.reason}")
    coefficients = fit.table["coef"].to_numpy(dtype=float)
    table = ph_test(time, event, design, coefficients, term_columns(terms), strata=layers, ties=settings.ties)
    if len(terms) == 1:
        table = table[table["covariate"] != GLOBAL]
    return table.assign(model=model, note="")


def _ph_not_tested(model: str, terms: Sequence[Term], why: str) -> pd.DataFrame:
    name = terms[0].name if len(terms) == 1 else GLOBAL
    return pd.DataFrame([{"model": model, "covariate": name, "note": why}])


def _not_fitted(
    model: str, terms: Sequence[Term], why: str, kept: npt.NDArray[np.bool_], event: npt.NDArray[np.bool_]
) -> ModelTables:
    n, n_events = int(kept.sum()), int(event[kept].sum())
    rows = [
        {"model": model, "covariate": term.name, "level": level, "reference": term.reference, "n": n,
         "n_events": n_events, "method": "not fitted", "note": why}
        for term in terms
        for level in term.levels or ("",)
    ]  # fmt: skip
    return ModelTables(pd.DataFrame(rows), _ph_not_tested(model, terms, why))
