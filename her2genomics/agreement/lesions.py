"""Several lesions of one patient: they are alike, so counting them as independent makes every p too small.

Beside the naive test over lesions stand the ones that keep the patients together: the test on patient means, a mixed
model with a random intercept per patient, and a bootstrap that draws patients.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import wilcoxon
from statsmodels.regression.mixed_linear_model import MixedLM

from her2genomics.agreement.result import Agreement, as_result, share_row, statistic
from her2genomics.clinical_variables import category_text
from her2genomics.exceptions import CohortError, SchemaError, StatisticsError
from her2genomics.stats.agreement import McNemar, mcnemar
from her2genomics.stats.clusters import (
    ClusteredMcNemar,
    cluster_bootstrap_difference,
    clustered_mcnemar,
    one_way_icc,
)
from her2genomics.stats.continuous import rank_sum

Floats = npt.NDArray[np.float64]
FEW_CLUSTERS = 20
NAIVE = "counts lesions as independent: p too small"


def compare_lesions(
    lesions: pd.DataFrame, value: str, *, patient: str = "patient_id", group: str | None = None, seed: int = 123456
) -> Agreement:
    """Describe a measurement of many lesions per patient, and compare it between groups of lesions or patients.

    Parameters
    ----------
    lesions
        One row per lesion.
    value
        Numeric column (SUVmax, say).
    patient
        Column of the patient.
    group
        Two-level column to compare; None for the description alone.
    seed
        Seed of the bootstrap.

    Returns
    -------
    Agreement
        Lesions and patients, share of the variance between patients, spread within a patient; with a group the naive
        test and the three that keep patients together.

    Raises
    ------
    SchemaError
        If a column is absent, a value is no number, or the group does not have two levels.
    CohortError
        If no lesion has a value.

    Examples
    --------
    >>> t = pd.DataFrame({"patient_id": list("aabbccdd"), "suvmax": [3.0, 3.2, 5.1, 5.0, 2.0, 2.4, 7.9, 8.2]})
    >>> compare_lesions(t, "suvmax").statistics[["statistic", "value"]].round(3).values.tolist()[-1]
    ['ICC(1), between patients', 0.994]
    """
    table = _lesion_values(lesions, value, patient)
    rows = _describe(table, value)
    notes = _gaps(lesions, table)
    if group is None:
        return as_result(rows, [], notes)
    if group not in lesions:
        raise SchemaError(f"no column named {group}")
    table["group"] = category_text(lesions[group]).reindex(table.index)
    table = table.dropna(subset=["group"])
    levels = sorted(table["group"].unique())
    if len(levels) != 2:
        raise SchemaError(f"{group} has {len(levels)} levels among the lesions, needs two", column=group)
    rows += _between_groups(table, value, (levels[0], levels[1]), seed)
    return as_result(rows, [], notes)


def compare_treatment(
    lesions: pd.DataFrame,
    value: str,
    time: str,
    *,
    before: str,
    after: str,
    patient: str = "patient_id",
    lesion: str = "lesion_id",
) -> Agreement:
    """Compare a measurement of the same lesions before and after treatment.

    Parameters
    ----------
    lesions
        One row per lesion and time point.
    value, time
        Numeric column, and column of the time point.
    before, after
        Values of ``time``.
    patient, lesion
        Columns that identify a lesion together.

    Raises
    ------
    SchemaError
        If a column is absent or a lesion stands twice at one time point.
    CohortError
        If no lesion was measured at both.

    Examples
    --------
    >>> t = pd.DataFrame({"patient_id": list("aabbccddaabbccdd"), "lesion_id": list("12121212") * 2,
    ...                   "time": ["pre"] * 8 + ["post"] * 8,
    ...                   "suvmax": [5, 6, 7, 8, 9, 5, 6, 7, 3, 4, 6, 6, 8, 2, 5, 4]})
    >>> result = compare_treatment(t, "suvmax", "time", before="pre", after="post")
    >>> result.statistics.set_index("statistic")["value"]["mean change, lesions"].item()
    -1.875
    """
    for name in (time, lesion):
        if name not in lesions:
            raise SchemaError(f"no column named {name}")
    table = _lesion_values(lesions, value, patient)
    table["lesion"], table["time"] = category_text(lesions[lesion]), category_text(lesions[time])
    if table.duplicated(["patient", "lesion", "time"]).any():
        first = table[table.duplicated(["patient", "lesion", "time"])].iloc[0]
        raise SchemaError(f"lesion {first['lesion']} of patient {first['patient']} stands twice at {first['time']}")
    wide = table.pivot_table(index=["patient", "lesion"], columns="time", values="value", aggfunc="first")
    absent = [name for name in (before, after) if name not in wide]
    if absent or not wide[[before, after]].notna().all(axis=1).any():
        raise CohortError(f"no lesion was measured at {before} and at {after}", column=time)
    change = (wide[after] - wide[before]).dropna()
    comparison = f"{value}, {after} - {before}"
    per_patient = change.groupby("patient").mean().to_numpy()
    rows = [
        _signed_rank(comparison, "mean change, lesions", change.to_numpy(), NAIVE),
        _signed_rank(comparison, "mean change, patients", per_patient, "one value per patient"),
        _mixed(
            comparison,
            "mean change, mixed model",
            change.to_numpy(),
            np.ones((len(change), 1)),
            change.index.get_level_values(0),
        ),
    ]
    lost = len(wide) - len(change)
    return as_result(rows, [], [f"{lost} lesions without both time points left out"] if lost else [])


def compare_detection(lesions: pd.DataFrame, a: str, b: str, *, patient: str = "patient_id") -> Agreement:
    """Compare how many lesions two tracers (or methods) find.

    Parameters
    ----------
    lesions
        One row per lesion; ``a`` and ``b`` say whether each method saw it.
    a, b
        Columns of 1/0, yes/no or true/false.
    patient
        Column of the patient.

    Raises
    ------
    SchemaError
        If a column is absent or a value is neither yes nor no.

    References
    ----------
    .. [1] Obuchowski NA. Stat Med 1998;17:1495-1507.

    Examples
    --------
    >>> t = pd.DataFrame({"patient_id": list("aabbcc"), "fes": [1, 1, 1, 0, 1, 1], "fdg": [1, 0, 1, 0, 0, 1]})
    >>> compare_detection(t, "fes", "fdg").statistics["value"].round(3).tolist()[:2]
    [0.833, 0.5]
    """
    absent = [name for name in (a, b, patient) if name not in lesions]
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}")
    table = pd.DataFrame({name: _yes_no(lesions, name) for name in (a, b)})
    table["patient"] = category_text(lesions[patient])
    table = table.dropna()
    if table.empty:
        raise CohortError(f"no lesion has {a} and {b}")
    x, y = (table[name].to_numpy(dtype=float) for name in (a, b))
    result = mcnemar(x, y)
    comparison = f"{a} - {b}"
    adjusted = clustered_mcnemar(x, y, table["patient"].to_numpy())
    rows = [
        share_row(a, "detection rate, lesions", int(x.sum()), len(x), NAIVE),
        share_row(b, "detection rate, lesions", int(y.sum()), len(y), NAIVE),
        statistic(comparison, "difference, lesions", result.difference, len(x), **_paired_cells(result)),
        statistic(
            comparison, "difference, patients kept together", adjusted.difference, len(x), **_cluster_cells(adjusted)
        ),
    ]
    by_patient = table.groupby("patient")[[a, b]].max()
    rows += [
        share_row(name, "patients with a lesion found", int(by_patient[name].sum()), len(by_patient)) for name in (a, b)
    ]
    return as_result(rows, [], _gaps(lesions, table))


def _paired_cells(found: McNemar) -> dict[str, Any]:
    interval = {"ci_low": found.ci_low, "ci_high": found.ci_high}
    return {**interval, "p_value": found.p_exact, "test": "McNemar exact", "note": NAIVE}


def _cluster_cells(found: ClusteredMcNemar) -> dict[str, Any]:
    few = "; few clusters: p too small" if found.n_clusters < FEW_CLUSTERS else ""
    return {
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "p_value": found.p_value,
        "test": "McNemar for clusters (Obuchowski)",
        "note": f"{found.n_clusters} patients{few}",
    }


def _yes_no(lesions: pd.DataFrame, name: str) -> pd.Series:
    known = {"1": 1.0, "0": 0.0, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "positive": 1.0, "negative": 0.0}
    text = category_text(lesions[name]).str.lower()
    values = text.map(known)
    if (values.isna() & text.notna()).any():
        odd = text[values.isna() & text.notna()].iloc[0]
        raise SchemaError(f"'{odd}' is neither yes nor no", column=name, hint="use 1 and 0")
    return values.astype("Float64")


def _lesion_values(lesions: pd.DataFrame, value: str, patient: str) -> pd.DataFrame:
    absent = [name for name in (value, patient) if name not in lesions]
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}", hint=f"there are: {', '.join(lesions.columns[:40])}")
    numbers = pd.to_numeric(lesions[value], errors="coerce")
    broken = numbers.isna() & lesions[value].notna()
    if broken.any():
        raise SchemaError(f"'{lesions.loc[broken, value].iloc[0]}' is not a number", column=value)
    table = pd.DataFrame({"patient": category_text(lesions[patient]), "value": numbers.astype(float)}).dropna()
    if table.empty:
        raise CohortError(f"no lesion has a patient and {value}", column=value)
    return table


def _gaps(lesions: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    lost = len(lesions) - len(table)
    return [f"{lost} of {len(lesions)} lesions without a patient or a value left out"] if lost else []


def _describe(table: pd.DataFrame, value: str) -> list[dict[str, Any]]:
    sizes = table.groupby("patient")["value"].agg(["size", "mean", "std"])
    several = sizes[sizes["size"] > 1]
    rows = [
        statistic(value, "lesions", len(table), len(table)),
        statistic(value, "patients", len(sizes), len(sizes)),
        statistic(value, "patients with several lesions", len(several), len(sizes)),
    ]
    if len(several):
        cv = (several["std"] / several["mean"].abs()).replace([np.inf, -np.inf], np.nan).median()
        rows.append(statistic(value, "median SD within a patient", several["std"].median(), len(several)))
        rows.append(statistic(value, "median CV within a patient", cv, len(several)))
    try:
        icc = one_way_icc(table["value"], table["patient"])
    except StatisticsError as error:
        return [
            *rows,
            statistic(value, "ICC(1), between patients", np.nan, len(table), note=f"not evaluable: {error.what}"),
        ]
    note = "share of the variance that lies between patients"
    return [*rows, statistic(value, "ICC(1), between patients", icc, len(table), note=note)]


def _between_groups(table: pd.DataFrame, value: str, levels: tuple[str, str], seed: int) -> list[dict[str, Any]]:
    a, b = levels
    comparison = f"{value}, {b} - {a}"
    first, second = (table[table["group"] == level] for level in (b, a))
    naive = rank_sum(first["value"], second["value"])
    rows = [
        statistic(comparison, "shift, lesions", naive.shift, len(table), ci_low=naive.ci_low, ci_high=naive.ci_high,
                  p_value=naive.p_value, test="Wilcoxon rank-sum", note=NAIVE),
    ]  # fmt: skip
    means = table.pivot_table(index="patient", columns="group", values="value", aggfunc="mean")
    both = means.notna().all(axis=1)
    if both.any():
        note = f"not evaluable: {int(both.sum())} patients have lesions in both groups"
        rows.append(statistic(comparison, "shift, patient means", np.nan, len(means), note=note))
    else:
        kept = rank_sum(means[b].dropna(), means[a].dropna())
        rows.append(
            statistic(comparison, "shift, patient means", kept.shift, len(means), ci_low=kept.ci_low,
                      ci_high=kept.ci_high, p_value=kept.p_value, test="Wilcoxon rank-sum")
        )  # fmt: skip
    inside = (table["group"] == b).to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(table)), inside]).astype(np.float64)
    rows.append(
        _mixed(
            comparison,
            "difference, mixed model",
            np.asarray(table["value"], dtype=np.float64),
            design,
            table["patient"],
        )
    )
    difference, low, high = cluster_bootstrap_difference(table["value"], inside == 1, table["patient"], seed=seed)
    note = "patients drawn with all their lesions"
    rows.append(
        statistic(
            comparison,
            "difference of means, cluster bootstrap",
            difference,
            len(table),
            ci_low=low,
            ci_high=high,
            note=note,
        )
    )
    return rows


def _signed_rank(comparison: str, name: str, change: Floats, note: str) -> dict[str, Any]:
    if not np.any(change != 0):
        return statistic(
            comparison, name, float(change.mean()), len(change), p_value=1.0, test="Wilcoxon signed-rank", note=note
        )
    p = float(wilcoxon(change).pvalue)
    return statistic(
        comparison, name, float(change.mean()), len(change), p_value=p, test="Wilcoxon signed-rank", note=note
    )


def _mixed(comparison: str, name: str, y: Floats, design: Floats, patients: pd.Series | pd.Index) -> dict[str, Any]:
    """Return the last coefficient of a linear mixed model with a random intercept per patient (REML)."""
    groups = np.asarray(patients, dtype=object)
    if len(np.unique(groups)) < 3 or np.ptp(y) == 0:
        return statistic(
            comparison, name, np.nan, len(y), note="not evaluable: fewer than three patients, or all equal"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = MixedLM(y, design, groups=groups).fit(reml=True)
    coefficient, se, p = (
        float(fit.params[design.shape[1] - 1]),
        float(fit.bse[design.shape[1] - 1]),
        float(fit.pvalues[design.shape[1] - 1]),
    )
    note = "" if fit.converged and np.isfinite(se) else "not converged: do not use"
    limits = {"ci_low": coefficient - 1.959964 * se, "ci_high": coefficient + 1.959964 * se}
    return statistic(
        comparison, name, coefficient, len(y), **limits, p_value=p, test="Wald, random intercept per patient", note=note
    )
