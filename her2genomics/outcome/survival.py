"""Survival by group: curves, medians, tests, Cox models and restricted means, gathered in one result.

The main table has one row per group and one of all patients.  What it says of a group against the reference (the first
group) is crude (log-rank, Cox), and with hormone-receptor status held fixed (stratified log-rank, multivariable Cox),
because HER2 groups differ in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import category_text
from her2genomics.comparison.covariates import AUTO
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.outcome.covariates import Term, adjustment_column, covariate_term, group_term, refuse_circular
from her2genomics.outcome.cox_models import MULTIVARIABLE, STRATIFIED, UNIVARIABLE, CoxSettings, ModelTables, run_model
from her2genomics.outcome.relapse_ratio import relapse_ratio, relapse_ratio_tests
from her2genomics.outcome.survival_data import ALL, SurvivalData
from her2genomics.outcome.survival_result import SurvivalAnalysis
from her2genomics.outcome.survival_rows import (
    curve_rows,
    log_rank_rows,
    read_curves,
    restricted_mean_rows,
    round_times,
)
from her2genomics.outcome.survival_table import main_table, warning_notes


@dataclass(frozen=True)
class SurvivalSettings:
    """How survival is analysed.

    Parameters
    ----------
    covariates
        Columns of the multivariable model beside the groups.
    adjust
        Column that is held fixed: strata of the log-rank test, covariate of the multivariable model. ``auto``:
        hormone-receptor status where it is there and does not make the groups.
    cox
        Ties and penalty of the Cox models.
    tau
        Months up to which restricted means go; by default the shortest of the groups' longest times.
    at
        Months at which curves are read; by default round ones.
    paper
        Add the study's own analyses, each labelled: yearly relapse ratio, relapsed patients only.
    """

    covariates: tuple[str, ...] = ()
    adjust: str | None = AUTO
    cox: CoxSettings = field(default_factory=CoxSettings)
    tau: float | None = None
    at: tuple[float, ...] = ()
    paper: bool = False


def analyse_survival(data: SurvivalData, settings: SurvivalSettings | None = None) -> SurvivalAnalysis:
    """Analyse survival by group.

    Parameters
    ----------
    data
        From `prepare_survival`.
    settings
        What is adjusted for, and how.

    Raises
    ------
    SchemaError
        If a covariate is no column.
    UsageError
        If a covariate makes the groups, or is partly defined by them.
    StatisticsError
        If ``tau`` lies beyond the follow-up.

    Examples
    --------
    >>> from her2genomics.outcome.survival_data import prepare_survival
    >>> from her2genomics.outcome.survival_question import SurvivalQuestion
    >>> t = pd.DataFrame({"sample_id": list("abcdef"), "os_months": [5, 9, 12, 20, 31, 40],
    ...                   "os_event": [1, 1, 0, 1, 0, 0], "arm": list("xxxyyy")})
    >>> result = analyse_survival(prepare_survival(t, SurvivalQuestion("os_months", "os_event", "arm")))
    >>> result.survival[["group", "n", "n_events", "median_text"]].values.tolist()
    [['all', 6, 3, '20.0 [5.0, NR]'], ['x', 3, 2, '9.0 [5.0, NR]'], ['y', 3, 1, 'NR [20.0, NR]']]
    """
    settings = settings or SurvivalSettings()
    notes = list(data.notes)
    adjust = _adjustment(data, settings, notes)
    at = settings.at or round_times(float(data.time.max()))
    logrank = log_rank_rows(data, adjust, settings.paper)
    models = _cox_models(data, settings, adjust, notes)
    rmst = restricted_mean_rows(data, settings.tau)
    ratios = tests = pd.DataFrame()
    if settings.paper:
        ratios = relapse_ratio(data.time, data.event, data.group, order=data.labels)
        tests = relapse_ratio_tests(ratios)
    survival = main_table(data, logrank, models, rmst)
    notes += warning_notes(survival, models.ph, rmst)
    return SurvivalAnalysis(
        survival=schema.conform(survival, schema.SURVIVAL),
        km_curves=schema.conform(curve_rows(data), schema.KM_CURVES),
        at_risk=schema.conform(read_curves(data, at), schema.AT_RISK),
        logrank=schema.conform(logrank, schema.LOGRANK),
        cox=schema.conform(models.cox, schema.COX),
        ph_test=schema.conform(models.ph, schema.PH_TEST),
        rmst=schema.conform(rmst, schema.RMST),
        left_out=schema.conform(data.left_out, schema.LEFT_OUT),
        relapse_ratio=schema.conform(ratios, schema.RELAPSE_RATIO),
        relapse_ratio_test=schema.conform(tests, schema.RELAPSE_RATIO_TEST),
        data=data,
        notes=tuple(notes),
    )


def _adjustment(data: SurvivalData, settings: SurvivalSettings, notes: list[str]) -> str | None:
    """Return the column that is held fixed, after a look at all covariates."""
    absent = [name for name in settings.covariates if name not in data.table]
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)} for a covariate")
    if data.group_column in settings.covariates:
        raise UsageError(f"{data.group_column} makes the groups and cannot be a covariate")
    adjust = adjustment_column(data.table, settings.adjust, data.group_column, notes)
    refuse_circular([*settings.covariates, *([adjust] if adjust else [])], data.group_column, data.labels)
    return adjust if len(data.labels) > 1 else None


def _cox_models(data: SurvivalData, settings: SurvivalSettings, adjust: str | None, notes: list[str]) -> ModelTables:
    """Return the rows of all models that the columns allow."""
    grouped = len(data.labels) > 1
    group = group_term(data.table["group"], data.labels, data.group_column or ALL) if grouped else None
    others: list[Term] = []
    for name in dict.fromkeys([*([adjust] if adjust else []), *settings.covariates]):
        term = covariate_term(data.table, name, data.group_column or ALL)
        if isinstance(term, Term):
            others.append(term)
        else:
            notes.append(f"covariate {name} left out: {term}")
    jobs: list[tuple[str, list[Term], pd.Series | None]] = [
        (UNIVARIABLE, [term], None) for term in [*([group] if group else []), *others]
    ]
    if group is not None and adjust is not None:
        jobs.append((STRATIFIED, [group], category_text(data.table[adjust])))
    together = [*([group] if group else []), *others]
    if len(together) > 1:
        jobs.append((MULTIVARIABLE, together, None))
    done = [run_model(m, data.time, data.event, terms, settings.cox, strata=s) for m, terms, s in jobs]
    if not done:
        return ModelTables(schema.empty(schema.COX), schema.empty(schema.PH_TEST))
    return ModelTables(
        pd.concat([d.cox for d in done], ignore_index=True), pd.concat([d.ph for d in done], ignore_index=True)
    )
