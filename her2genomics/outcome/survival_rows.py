"""Rows of a survival analysis that need no model: curves, curves at round times, log-rank tests, restricted means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from her2genomics import schema
from her2genomics.clinical_variables import category_text
from her2genomics.outcome.survival_data import ALL, SurvivalData
from her2genomics.stats.survival_curves import kaplan_meier, restricted_mean, survival_at
from her2genomics.stats.survival_tests import log_rank, pairwise_log_rank

DESCRIPTIVE = "DESCRIPTIVE: only patients who relapsed, which is conditioning on the outcome; no test of survival"
N_TICKS = 6
_TICK_STEPS = (1, 2, 3, 6, 12, 24, 36, 48, 60, 120)


def round_times(longest: float) -> tuple[float, ...]:
    """Return 0 and up to `N_TICKS` round times below the longest."""
    step = next((s for s in _TICK_STEPS if s * N_TICKS >= longest), _TICK_STEPS[-1])
    return tuple(float(t) for t in np.arange(0, longest + 1e-9, step))


def members_of(data: SurvivalData, label: str) -> SurvivalData:
    """Return the patients of a group, or all of them."""
    return data if label == ALL else data.select((data.table["group"] == label).to_numpy(dtype=bool))


def row_labels(data: SurvivalData) -> list[str]:
    """Return the rows of a table by group: all patients first."""
    return [ALL] if data.labels == (ALL,) else [ALL, *data.labels]


def curve_rows(data: SurvivalData) -> pd.DataFrame:
    """Return the Kaplan-Meier curves (``km_curves`` schema)."""
    parts = []
    for label in row_labels(data):
        part = members_of(data, label)
        parts.append(kaplan_meier(part.time, part.event).assign(group=label))
    return pd.concat(parts, ignore_index=True)


def read_curves(data: SurvivalData, at: Sequence[float]) -> pd.DataFrame:
    """Return the curves read at some times (``at_risk`` schema)."""
    parts = []
    for label in row_labels(data):
        part = members_of(data, label)
        parts.append(survival_at(kaplan_meier(part.time, part.event), at).assign(group=label))
    return pd.concat(parts, ignore_index=True)


def log_rank_rows(data: SurvivalData, adjust: str | None, paper: bool) -> pd.DataFrame:
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
        rows = rows.assign(comparison=contrast_name(a, b), group_a=a, group_b=b, p_holm=overall.p_value)
    elif len(data.labels) > 2:
        pairs = pairwise_log_rank(*outcome, strata=strata, order=data.labels).rename(columns={"reason": "note"})
        pairs["comparison"] = [contrast_name(a, b) for a, b in zip(pairs["group_a"], pairs["group_b"], strict=True)]
        rows = pd.concat([rows.astype(object), pairs.astype(object)], ignore_index=True)
    groups = np.array(data.group, dtype=object)
    pairs_of_rows = [[a, b] for a, b in zip(rows["group_a"], rows["group_b"], strict=True)]
    members = [np.isin(groups, list(data.labels) if pd.isna(pair[0]) else pair) for pair in pairs_of_rows]
    sizes = {"n": [int(m.sum()) for m in members], "n_events": [int(data.event[m].sum()) for m in members]}
    return rows.assign(strata=adjust or "", label=label, **sizes)


def contrast_name(a: str, b: str) -> str:
    """Return the name of a pair of groups (``zero-low``)."""
    return f"{a.removeprefix('HER2-')}-{b.removeprefix('HER2-')}"


def restricted_mean_rows(data: SurvivalData, tau: float | None) -> pd.DataFrame:
    """Return restricted mean times per group and their difference to the first group's."""
    longest = min(float(members_of(data, label).time.max()) for label in data.labels)
    limit = longest if tau is None else tau
    if limit <= 0:
        return schema.empty(schema.RMST)
    rows = []
    first = None
    for label in data.labels:
        part = members_of(data, label)
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
