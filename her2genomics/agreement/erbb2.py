"""ERBB2 copy number by sequencing against IHC and ISH: the call, and what a cut-off on the log2 ratio could do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from her2genomics.agreement.result import Agreement, as_result, kappa_rows, long_counts, share_row, statistic
from her2genomics.biomarkers.markers import marker_values
from her2genomics.exceptions import CohortError, SchemaError, StatisticsError
from her2genomics.stats.accuracy import accuracy_at, choose_cut_off, roc_table
from her2genomics.stats.agreement import cross_table
from her2genomics.stats.correlation import correlate
from her2genomics.stats.diagnostic import auc_delong

LEVELS = ("negative", "positive")
POSITIVE_GROUP = "HER2-positive"
ISH_MEASURES: dict[str, str] = {"fish_ratio": "HER2/CEP17 ratio", "fish_her2_cn": "HER2 signals per cell"}


def compare_erbb2(samples: pd.DataFrame, *, copy_number: str = "erbb2_log2", call: str = "erbb2_cna") -> Agreement:
    """Compare ERBB2 by sequencing with the pathologist's HER2 result.

    Parameters
    ----------
    samples
        Sample table with ``her2_group`` and the columns below.
    copy_number
        Numeric column: log2 ratio or copies.
    call
        Discrete copy number (2 = amplification); passed over where absent.

    Returns
    -------
    Agreement
        AUC for HER2-positive, sensitivity at the cut-off of 100 % specificity and at Youden's, agreement and kappa of
        the amplification call, rank correlation with the ISH ratio and signals.

    Raises
    ------
    SchemaError
        If ``her2_group`` or the copy number column is absent.
    CohortError
        If no sample has both, or all are of one class.

    Notes
    -----
    The cut-offs are chosen in these samples, so what they give is optimistic; at 100 % specificity one false reading
    moves the cut-off. Tumours with IHC 3+ need not be amplified, and purity lowers the log2 ratio.

    Examples
    --------
    >>> t = pd.DataFrame({"sample_id": list("abcdef"), "her2_group": ["HER2-low"] * 3 + ["HER2-positive"] * 3,
    ...                   "erbb2_log2": [0.0, 0.1, 0.3, 0.2, 2.0, 3.0]})
    >>> compare_erbb2(t).statistics.set_index("statistic")["value"].round(3)["sensitivity at 100 % specificity"].item()
    0.667
    """
    if "her2_group" not in samples:
        raise SchemaError("no column her2_group", hint="her2g cohort build derives it from IHC and ISH")
    values = marker_values(samples, [copy_number])[copy_number].to_numpy()
    group = samples["her2_group"].astype("string")
    positive = (group == POSITIVE_GROUP).to_numpy(dtype=bool, na_value=False)
    known = group.notna().to_numpy() & ~np.isnan(values)
    if not known.any() or positive[known].all() or not positive[known].any():
        raise CohortError(f"{copy_number} and her2_group: no samples of both classes", column=copy_number)
    rows = _cut_off_rows(copy_number, values[known], positive[known])
    counts = []
    if call in samples:
        call_rows, table = _call(samples, call, positive, group.notna().to_numpy())
        rows += call_rows
        counts.append(table)
    for name, meaning in ISH_MEASURES.items():
        if name in samples:
            rows.append(_correlation(copy_number, values, samples[name], meaning))
    missing = int((group.notna().to_numpy() & np.isnan(values)).sum())
    notes = [f"{missing} samples with a HER2 group but without {copy_number} left out"] if missing else []
    return as_result(rows, counts, notes)


def _cut_off_rows(name: str, values: np.ndarray, positive: np.ndarray) -> list[dict[str, Any]]:
    comparison = f"{name}, HER2-positive against negative"
    area = auc_delong(values, positive)
    rows = [
        statistic(comparison, "AUC", area.auc, len(values), ci_low=area.ci_low, ci_high=area.ci_high, note="DeLong")
    ]
    table = roc_table(values, positive)
    for label, rule in (("100 % specificity", "specificity"), ("Youden's cut-off", "youden")):
        cut_off = choose_cut_off(table, "specificity" if rule == "specificity" else "youden")
        found = accuracy_at(values, positive, cut_off)
        rows.append(statistic(comparison, f"cut-off at {label}", cut_off, len(values), note="chosen in these samples"))
        rows.append(share_row(comparison, f"sensitivity at {label}", found.tp, found.tp + found.fn))
        rows.append(share_row(comparison, f"specificity at {label}", found.tn, found.tn + found.fp))
    return rows


def _call(
    samples: pd.DataFrame, call: str, positive: np.ndarray, grouped: np.ndarray
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    codes = marker_values(samples, [call])[call].to_numpy()
    known = grouped & ~np.isnan(codes)
    by_call = np.where(codes[known] == 2, LEVELS[1], LEVELS[0])
    by_lab = np.where(positive[known], LEVELS[1], LEVELS[0])
    comparison = f"{call} amplification ~ HER2-positive"
    table = cross_table(pd.Series(by_call), pd.Series(by_lab), LEVELS)
    (tn, fn), (fp, tp) = table.to_numpy().tolist()
    rows = [share_row(comparison, "sensitivity", tp, tp + fn), share_row(comparison, "specificity", tn, tn + fp)]
    return rows + kappa_rows(comparison, table, ordered=False), long_counts(comparison, table)


def _correlation(name: str, values: np.ndarray, reported: pd.Series, meaning: str) -> dict[str, Any]:
    measured = pd.to_numeric(reported, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    words = int((np.isnan(measured) & reported.notna().to_numpy()).sum())
    both = np.isfinite(values) & np.isfinite(measured)
    comparison = f"{name} ~ {meaning}"
    try:
        found = correlate(values[both], measured[both], "spearman")
    except StatisticsError as error:
        return statistic(comparison, "Spearman", float("nan"), int(both.sum()), note=f"not evaluable: {error.what}")
    interval = {"ci_low": found.ci_low, "ci_high": found.ci_high, "p_value": found.p_value}
    note = f"{words} entries that are no number left out" if words else ""
    return statistic(comparison, "Spearman", found.coefficient, found.n, test="t approximation", note=note, **interval)
