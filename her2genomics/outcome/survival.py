"""Survival by group: curves, medians, tests, Cox models and restricted means, gathered in one result.

The main table has one row per group and one of all patients.  What it says of a group against the reference (the first
group) is crude (log-rank, Cox), and with hormone-receptor status held fixed (stratified log-rank, multivariable Cox),
because HER2 groups differ in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import norm

from her2genomics import schema
from her2genomics.clinical_variables import category_text
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.outcome.covariates import Term, covariate_term, group_term, refuse_circular
from her2genomics.outcome.cox_models import MULTIVARIABLE, STRATIFIED, UNIVARIABLE, CoxSettings, ModelTables, run_model
from her2genomics.outcome.relapse_ratio import INVALID, relapse_ratio, relapse_ratio_tests
from her2genomics.outcome.survival_data import ALL, SurvivalData
from her2genomics.stats.survival_curves import (
    kaplan_meier,
    median_follow_up,
    restricted_mean,
    survival_at,
    survival_quantile,
)
from her2genomics.stats.survival_tests import log_rank, pairwise_log_rank

IMMATURE_BELOW = 0.2
"""Share of patients with the event below which curves may still change a lot."""
PH_LEVEL = 0.05
DESCRIPTIVE = "DESCRIPTIVE: only patients who relapsed, which is conditioning on the outcome; no test of survival"
N_TICKS = 6
_TICK_STEPS = (1, 2, 3, 6, 12, 24, 36, 48, 60, 120)


@dataclass(frozen=True)
class SurvivalSettings:
    """How survival is analysed.

    Parameters
    ----------
    covariates
        Columns of the multivariable model beside the groups.
    adjust
        Column that is held fixed: strata of the log-rank test, covariate of the multivariable model.
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
    adjust: str | None = "hr_status"
    cox: CoxSettings = field(default_factory=CoxSettings)
    tau: float | None = None
    at: tuple[float, ...] = ()
    paper: bool = False


@dataclass(frozen=True)
class SurvivalAnalysis:
    """Result of `analyse_survival`; every table's columns are declared in `schema`.

    Parameters
    ----------
    survival
        One row for all patients and one per group.
    km_curves, at_risk, logrank, cox, ph_test, rmst, left_out
        What is behind it.
    relapse_ratio, relapse_ratio_test
        The study's own analysis, empty unless asked for.
    data
        The patients that were analysed.
    notes
        What to know, one sentence each.
    """

    survival: pd.DataFrame
    km_curves: pd.DataFrame
    at_risk: pd.DataFrame
    logrank: pd.DataFrame
    cox: pd.DataFrame
    ph_test: pd.DataFrame
    rmst: pd.DataFrame
    left_out: pd.DataFrame
    relapse_ratio: pd.DataFrame
    relapse_ratio_test: pd.DataFrame
    data: SurvivalData
    notes: tuple[str, ...]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name, without the empty ones of the study's own analysis."""
        named = {name: value for name, value in vars(self).items() if isinstance(value, pd.DataFrame)}
        return {name: table for name, table in named.items() if len(table) or not name.startswith("relapse_ratio")}

    def summary(self) -> list[str]:
        """Return the result as sentences."""
        lines = [self.data.definition]
        lines += [f"left out, {row.reason}: {row.n}" for row in self.left_out.itertuples(index=False)]
        lines += [_group_line(row) for _, row in self.survival.iterrows()]
        lines += [_test_line(row) for _, row in self.logrank.iterrows()]
        lines += [_ratio_line(row) for _, row in self.relapse_ratio_test.iterrows()]
        if len(self.relapse_ratio_test):
            lines += [INVALID, DESCRIPTIVE]
        return [*lines, *self.notes]

    def _repr_html_(self) -> str:
        return str(self.survival.to_html(index=False))


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
    >>> from her2genomics.outcome.survival_data import SurvivalQuestion, prepare_survival
    >>> t = pd.DataFrame({"sample_id": list("abcdef"), "os_months": [5, 9, 12, 20, 31, 40],
    ...                   "os_event": [1, 1, 0, 1, 0, 0], "arm": list("xxxyyy")})
    >>> result = analyse_survival(prepare_survival(t, SurvivalQuestion("os_months", "os_event", "arm")))
    >>> result.survival[["group", "n", "n_events", "median_text"]].values.tolist()
    [['all', 6, 3, '20.0 [5.0, NR]'], ['x', 3, 2, '9.0 [5.0, NR]'], ['y', 3, 1, 'NR [20.0, NR]']]
    """
    settings = settings or SurvivalSettings()
    _check_settings(data, settings)
    notes = list(data.notes)
    adjust = _usable_adjustment(data, settings, notes)
    at = settings.at or _round_times(float(data.time.max()))
    logrank = _log_rank_rows(data, adjust, settings.paper)
    models = _cox_models(data, settings, adjust, notes)
    rmst = _restricted_means(data, settings.tau)
    ratios = tests = pd.DataFrame()
    if settings.paper:
        ratios = relapse_ratio(data.time, data.event, data.group, order=data.labels)
        tests = relapse_ratio_tests(ratios)
    survival = _main_table(data, logrank, models, rmst, settings)
    notes += _warnings(survival, models.ph, rmst)
    return SurvivalAnalysis(
        survival=schema.conform(survival, schema.SURVIVAL),
        km_curves=schema.conform(_curves(data), schema.KM_CURVES),
        at_risk=schema.conform(_read_curves(data, at), schema.AT_RISK),
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


def _check_settings(data: SurvivalData, settings: SurvivalSettings) -> None:
    absent = [name for name in settings.covariates if name not in data.table]
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)} for a covariate")
    asked = [*settings.covariates, *([settings.adjust] if settings.adjust else [])]
    if data.group_column in asked:
        raise UsageError(f"{data.group_column} makes the groups and cannot be a covariate")
    refuse_circular(asked, data.group_column, data.labels)


def _usable_adjustment(data: SurvivalData, settings: SurvivalSettings, notes: list[str]) -> str | None:
    name = settings.adjust
    if name is None or len(data.labels) < 2:
        return None
    if name not in data.table:
        notes.append(f"not adjusted: the cohort has no column {name}")
        return None
    if category_text(data.table[name]).nunique() < 2:
        notes.append(f"not adjusted: {name} has fewer than two levels")
        return None
    return name


def _round_times(longest: float) -> tuple[float, ...]:
    """Return 0 and up to `N_TICKS` round times below the longest."""
    step = next((s for s in _TICK_STEPS if s * N_TICKS >= longest), _TICK_STEPS[-1])
    return tuple(float(t) for t in np.arange(0, longest + 1e-9, step))


def _members(data: SurvivalData, label: str) -> SurvivalData:
    return data if label == ALL else data.select((data.table["group"] == label).to_numpy(dtype=bool))


def _rows_of(data: SurvivalData) -> list[str]:
    return [ALL] if data.labels == (ALL,) else [ALL, *data.labels]


def _curves(data: SurvivalData) -> pd.DataFrame:
    parts = []
    for label in _rows_of(data):
        part = _members(data, label)
        parts.append(kaplan_meier(part.time, part.event).assign(group=label))
    return pd.concat(parts, ignore_index=True)


def _read_curves(data: SurvivalData, at: Sequence[float]) -> pd.DataFrame:
    parts = []
    for label in _rows_of(data):
        part = _members(data, label)
        parts.append(survival_at(kaplan_meier(part.time, part.event), at).assign(group=label))
    return pd.concat(parts, ignore_index=True)


def _log_rank_rows(data: SurvivalData, adjust: str | None, paper: bool) -> pd.DataFrame:
    """Return the overall and pairwise tests: crude, in strata, and (as the study did) among the relapsed only."""
    parts = [_tests_of(data, None, "")]
    if adjust is not None:
        parts.append(_tests_of(data.select(data.table[adjust].notna().to_numpy(dtype=bool)), adjust, ""))
    if paper and data.event.any():
        parts.append(_tests_of(data.select(data.event), None, DESCRIPTIVE))
    return pd.concat(parts, ignore_index=True)


def _tests_of(data: SurvivalData, adjust: str | None, label: str) -> pd.DataFrame:
    strata = None if adjust is None else list(category_text(data.table[adjust]))
    outcome = (data.time, data.event, data.group)
    overall = log_rank(*outcome, strata=strata, order=data.labels)
    row = {"comparison": "overall", "statistic": overall.statistic, "df": overall.df, "p_value": overall.p_value}
    rows = pd.DataFrame([{**row, "group_a": pd.NA, "group_b": pd.NA, "p_holm": pd.NA, "note": overall.reason}])
    if len(data.labels) == 2:
        a, b = data.labels
        rows = rows.assign(comparison=_contrast(a, b), group_a=a, group_b=b, p_holm=overall.p_value)
    elif len(data.labels) > 2:
        pairs = pairwise_log_rank(*outcome, strata=strata, order=data.labels).rename(columns={"reason": "note"})
        pairs["comparison"] = [_contrast(a, b) for a, b in zip(pairs["group_a"], pairs["group_b"], strict=True)]
        rows = pd.concat([rows.astype(object), pairs.astype(object)], ignore_index=True)
    groups = np.array(data.group, dtype=object)
    pairs_of_rows = [[a, b] for a, b in zip(rows["group_a"], rows["group_b"], strict=True)]
    members = [np.isin(groups, list(data.labels) if pd.isna(pair[0]) else pair) for pair in pairs_of_rows]
    sizes = {"n": [int(m.sum()) for m in members], "n_events": [int(data.event[m].sum()) for m in members]}
    return rows.assign(strata=adjust or "", label=label, **sizes)


def _contrast(a: str, b: str) -> str:
    return f"{a.removeprefix('HER2-')}-{b.removeprefix('HER2-')}"


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


def _restricted_means(data: SurvivalData, tau: float | None) -> pd.DataFrame:
    """Return restricted mean times per group and their difference to the first group's."""
    longest = min(float(_members(data, label).time.max()) for label in data.labels)
    limit = longest if tau is None else tau
    if limit <= 0:
        return schema.empty(schema.RMST)
    rows = []
    first = None
    for label in data.labels:
        part = _members(data, label)
        mean = restricted_mean(part.time, part.event, limit)
        low, high = mean.interval()
        row = {
            "group": label,
            "tau": limit,
            "rmst": mean.mean,
            "se": mean.standard_error,
            "ci_low": low,
            "ci_high": high,
        }
        if first is None:
            first = mean
        else:
            difference = mean.mean - first.mean
            error = float(np.hypot(mean.standard_error, first.standard_error))
            reach = float(norm.ppf(0.975)) * error
            row |= {"reference": data.labels[0], "difference": difference}
            row |= {"difference_low": difference - reach, "difference_high": difference + reach}
            row["p_value"] = 2 * float(norm.sf(abs(difference) / error)) if error > 0 else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


def _main_table(
    data: SurvivalData, logrank: pd.DataFrame, models: ModelTables, rmst: pd.DataFrame, settings: SurvivalSettings
) -> pd.DataFrame:
    rows = []
    for label in _rows_of(data):
        part = _members(data, label)
        median = survival_quantile(kaplan_meier(part.time, part.event))
        follow = median_follow_up(part.time, part.event)
        n, n_events = len(part.time), int(part.event.sum())
        rows.append(
            {
                "group": label, "n": n, "n_events": n_events, "maturity": n_events / n,
                "immature": n_events / n < IMMATURE_BELOW, "median": median.time, "median_low": median.ci_low,
                "median_high": median.ci_high, "median_text": median.text(), "followup_median": follow.time,
                "followup_low": follow.ci_low, "followup_high": follow.ci_high, "definition": data.definition,
            }
            | _logrank_columns(label, data, logrank)
            | _cox_columns(label, data, models.cox)
            | _ph_column(label, data, models.ph)
            | _rmst_columns(label, rmst)
        )  # fmt: skip
    return pd.DataFrame(rows)


def _logrank_columns(label: str, data: SurvivalData, logrank: pd.DataFrame) -> dict[str, object]:
    """Return the tests of a group against the first one; for all patients the overall test."""
    used = logrank[logrank["label"] == ""]
    if label == ALL:
        used = used.drop_duplicates("strata")
    elif len(data.labels) > 1 and label != data.labels[0]:
        used = used[used["comparison"] == _contrast(data.labels[0], label)]
    else:
        return {}
    crude, within = used[used["strata"] == ""], used[used["strata"] != ""]
    columns: dict[str, object] = {}
    if len(crude):
        columns |= {"logrank_p": crude["p_value"].iloc[0], "note": crude["note"].iloc[0]}
        if label != ALL:
            columns["logrank_p_holm"] = crude["p_holm"].iloc[0]
    if len(within):
        columns |= {"stratified_p": within["p_value"].iloc[0]}
    return columns


def _cox_columns(label: str, data: SurvivalData, cox: pd.DataFrame) -> dict[str, object]:
    if label == ALL or not len(cox):
        return {}
    own = cox[(cox["covariate"] == data.group_column) & (cox["level"] == label)]
    columns: dict[str, object] = {}
    for model, prefix in ((UNIVARIABLE, ""), (MULTIVARIABLE, "adj_")):
        rows = own[own["model"] == model]
        if len(rows):
            row = rows.iloc[0]
            names = {"hazard_ratio": "hazard_ratio", "ci_low": "ci_low", "ci_high": "ci_high", "p_value": "p_value"}
            names = {k: "p" if prefix and k == "p_value" else v for k, v in names.items()}
            columns |= {f"{prefix}{target}": row.get(source) for source, target in names.items()}
            columns[f"{prefix}method"] = row["method"]
    if "adj_method" in columns:
        others = cox[(cox["model"] == MULTIVARIABLE) & (cox["covariate"] != data.group_column)]
        columns["adj_for"] = ";".join(dict.fromkeys(others["covariate"]))
    return columns


def _ph_column(label: str, data: SurvivalData, ph: pd.DataFrame) -> dict[str, object]:
    if label != ALL or not len(ph) or "p_value" not in ph:
        return {}
    own = ph[(ph["model"] == UNIVARIABLE) & (ph["covariate"] == data.group_column)]
    return {"ph_p": own["p_value"].iloc[0]} if len(own) else {}


def _rmst_columns(label: str, rmst: pd.DataFrame) -> dict[str, object]:
    own = rmst[rmst["group"] == label]
    if not len(own):
        return {}
    names = {"tau": "rmst_tau", "rmst": "rmst", "difference": "rmst_difference", "difference_low": "rmst_low",
             "difference_high": "rmst_high", "p_value": "rmst_p"}  # fmt: skip
    return {target: own[source].iloc[0] for source, target in names.items() if source in own}


def _warnings(survival: pd.DataFrame, ph: pd.DataFrame, rmst: pd.DataFrame) -> list[str]:
    notes = []
    young = survival[survival["immature"].astype(bool)]
    if len(young):
        listed = ", ".join(f"{row.group} {row.maturity:.0%}" for row in young.itertuples(index=False))
        notes.append(f"immature (events in under {IMMATURE_BELOW:.0%} of patients): {listed}; curves may still change")
    p = survival["ph_p"].iloc[0] if "ph_p" in survival else None
    if p is not None and not pd.isna(p) and p < PH_LEVEL:
        notes.append(f"hazards are not proportional (p = {p:.2g}): the hazard ratio is an average over time; read the")
        notes[-1] += " restricted mean difference" if len(rmst) else " curves"
    return notes


def _group_line(row: pd.Series) -> str:
    text = f"  {row['group']:<14} n {row['n']:<5} events {row['n_events']:<4} ({row['maturity']:.0%})"
    text += f"  median {row['median_text']}"
    if not pd.isna(row["followup_median"]):
        text += f"  follow-up {row['followup_median']:.1f}"
    if not pd.isna(row["hazard_ratio"]):
        text += f"  HR {row['hazard_ratio']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}] p {row['p_value']:.2g}"
    if not pd.isna(row["adj_hazard_ratio"]):
        text += (
            f"  adjusted HR {row['adj_hazard_ratio']:.2f} [{row['adj_ci_low']:.2f}, {row['adj_ci_high']:.2f}]"
            f" p {row['adj_p']:.2g}"
        )
    return text


def _test_line(row: pd.Series) -> str:
    name = f"log-rank {row['comparison']}" + (f", within {row['strata']}" if row["strata"] else "")
    if pd.isna(row["p_value"]):
        return f"  {name}: not tested, {row['note']}"
    holm = "" if pd.isna(row["p_holm"]) else f", Holm {row['p_holm']:.3g}"
    label = row["label"].partition(":")[0]
    label = f" ({label}, relapsed patients only)" if label else ""
    return f"  {name}{label}: chi-square {row['statistic']:.3f}, df {row['df']}, p {row['p_value']:.3g}{holm}"


def _ratio_line(row: pd.Series) -> str:
    p = "not computed (equal in a year)" if pd.isna(row["p_value"]) else f"{row['p_value']:.5f}"
    pair = _contrast(row["group_a"], row["group_b"])
    higher = f"higher in {row['n_a_higher']} of {row['n_years']} years"
    return f"  yearly relapse ratio {pair} (INVALID): {higher}, signed-rank p {p}"
