"""The main table of a survival analysis: one row per group, gathered from curves, tests, models, restricted means."""

from __future__ import annotations

import pandas as pd

from her2genomics.outcome.cox_models import MULTIVARIABLE, UNIVARIABLE, ModelTables
from her2genomics.outcome.survival_data import ALL, SurvivalData
from her2genomics.outcome.survival_rows import contrast_name, members_of, row_labels
from her2genomics.stats.survival_curves import kaplan_meier, median_follow_up, survival_quantile

IMMATURE_BELOW = 0.2
"""Share of patients with the event below which curves may still change a lot."""
PH_LEVEL = 0.05


def main_table(data: SurvivalData, logrank: pd.DataFrame, models: ModelTables, rmst: pd.DataFrame) -> pd.DataFrame:
    """Return one row of all patients and one per group (``survival`` schema)."""
    rows = []
    for label in row_labels(data):
        part = members_of(data, label)
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
        used = used[used["comparison"] == contrast_name(data.labels[0], label)]
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


def warning_notes(survival: pd.DataFrame, ph: pd.DataFrame, rmst: pd.DataFrame) -> list[str]:
    """Return what to beware of: immature curves, hazards that are not proportional."""
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
