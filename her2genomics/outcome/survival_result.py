"""The result of a survival analysis: its tables by name, and what can be read of them as sentences."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from her2genomics.outcome.relapse_ratio import INVALID
from her2genomics.outcome.survival_data import SurvivalData
from her2genomics.outcome.survival_rows import DESCRIPTIVE, contrast_name
from her2genomics.result_html import result_html


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
        return result_html("Survival by group", self.survival)


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
    pair = contrast_name(row["group_a"], row["group_b"])
    higher = f"higher in {row['n_a_higher']} of {row['n_years']} years"
    return f"  yearly relapse ratio {pair} (INVALID): {higher}, signed-rank p {p}"
