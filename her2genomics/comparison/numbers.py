"""Numbers between groups: by ranks, or by means where that was asked for beforehand, and the trend along the groups.

Ranks: rank-sum test with the Hodges-Lehmann shift for pairs (Dunn's test with Holm's adjustment beside it),
Kruskal-Wallis over all groups.  Means: Welch's t and analysis of variance.  The trend is Jonckheere's, with Spearman's
rho.  Adjusted: van Elteren's test in strata of one category, least squares with robust errors for more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.comparison.adjustment import Adjustment
from her2genomics.comparison.design import Design
from her2genomics.comparison.groups import OVERALL, TREND
from her2genomics.comparison.information import CLINICAL
from her2genomics.comparison.notes import NOTHING_LEFT
from her2genomics.exceptions import StatisticsError
from her2genomics.stats.adjusted_numbers import adjusted_difference, van_elteren
from her2genomics.stats.continuous import dunn_holm, kruskal_wallis, rank_sum
from her2genomics.stats.means import standardised_mean_difference, welch_anova, welch_t
from her2genomics.stats.ordered import jonckheere, spearman

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]


def burden_columns(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the TMB of all samples and, where a status is known, of the evaluable ones alone."""
    if "tmb" not in samples:
        return pd.DataFrame(index=samples.index)
    burden = pd.DataFrame({"tmb": samples["tmb"]})
    if "tmb_status" in samples:
        burden["tmb_evaluable"] = samples["tmb"].where(samples["tmb_status"] == "evaluable")
    return burden


def compare_numbers(table: pd.DataFrame, columns: Sequence[str], family: str, design: Design) -> pd.DataFrame:
    """Return one association row per numeric column and contrast."""
    rows: list[Row] = []
    for name in columns:
        if name in table:
            numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
            rows += [{"family": family, **row} for row in number_rows(numbers, name, design, smd=family == CLINICAL)]
    return pd.DataFrame(rows)


def number_rows(numbers: Floats, name: str, design: Design, *, smd: bool) -> list[Row]:
    """Return the rows of one variable: every contrast of the design."""
    grouping = design.grouping
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    groups = [numbers[(grouping.codes == i) & np.isfinite(numbers)] for i in range(len(grouping.labels))]
    dunn = _dunn(groups) if design.numbers == "rank" and OVERALL in design.contrasts else {}
    rows = []
    for contrast, members in design.contrasts.items():
        chosen = [groups[i] for i in members]
        row: Row = {"feature": name, "contrast": contrast}
        row["n_missing"] = int(grouping.sizes[list(members)].sum()) - sum(len(g) for g in chosen)
        row |= _tested(chosen, contrast, design.numbers)
        if contrast not in (OVERALL, TREND):
            a, b = members
            row |= {"group_a": grouping.labels[a], "group_b": grouping.labels[b]}
            row |= {"n_a": len(groups[a]), "n_b": len(groups[b])}
            if members in dunn and row.get("p_value") is not None:
                row |= {"other_test": "Dunn-Holm", "other_p": dunn[members]}
            if smd and min(len(groups[a]), len(groups[b])) > 1:
                row["smd"] = standardised_mean_difference(groups[a], groups[b], kind="numeric")
            if design.adjustment is not None and not design.adjustment.covariates.concerns(name):
                row |= _adjusted(numbers, design, (a, b), design.adjustment)
                row["note"] = _worded(row)
        rows.append(row)
    return rows


def _tested(groups: Sequence[Floats], contrast: str, numbers: str) -> Row:
    """Return the crude test of some groups."""
    name = _test_name(contrast, numbers)
    if any(len(group) == 0 for group in groups):
        return {"test": name, "note": "a group has no value"}
    if len(np.unique(np.concatenate(groups))) < 2:
        return {"test": name, "note": "all values are equal"}
    if contrast == TREND:
        return _trend(groups, name)
    if numbers == "welch":
        return _welch(groups, contrast, name)
    if contrast == OVERALL:
        small = "; a group has fewer than 5 values" if min(map(len, groups)) < 5 else ""
        return {"test": name, "p_value": kruskal_wallis(groups).p_value, "note": _each(groups, np.median) + small}
    result = rank_sum(groups[0], groups[1])
    return {
        "test": f"{name} ({result.method})",
        "p_value": result.p_value,
        "effect": result.shift,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "effect_name": "Hodges-Lehmann shift",
        "note": _each(groups, np.median),
    }


def _test_name(contrast: str, numbers: str) -> str:
    if contrast == TREND:
        return "Jonckheere-Terpstra"
    if numbers == "welch":
        return "Welch analysis of variance" if contrast == OVERALL else "Welch t"
    return "Kruskal-Wallis" if contrast == OVERALL else "Wilcoxon rank-sum"


def _each(groups: Sequence[Floats], centre: Any) -> str:
    listed = " against ".join(f"{centre(g):.4g}" for g in groups)
    return f"{'medians' if centre is np.median else 'means'} {listed}"


def _welch(groups: Sequence[Floats], contrast: str, name: str) -> Row:
    try:
        if contrast == OVERALL:
            return {"test": name, "p_value": welch_anova(groups).p_value, "note": _each(groups, np.mean)}
        result = welch_t(groups[0], groups[1])
    except StatisticsError as error:
        return {"test": name, "note": error.what}
    return {
        "test": name,
        "p_value": result.p_value,
        "effect": result.difference,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "effect_name": "difference of means",
        "note": _each(groups, np.mean),
    }


def _trend(groups: Sequence[Floats], name: str) -> Row:
    result = jonckheere(groups)
    rho = spearman(np.repeat(np.arange(len(groups)), [len(g) for g in groups]), np.concatenate(groups))
    medians = np.array([np.median(g) for g in groups])
    steps = np.diff(medians)
    monotone = (steps >= 0).all() or (steps <= 0).all()
    return {
        "test": f"{name} ({result.method})",
        "p_value": result.p_value,
        "effect": rho.rho,
        "ci_low": rho.ci_low,
        "ci_high": rho.ci_high,
        "effect_name": "Spearman's rho",
        "other_test": "Spearman",
        "other_p": rho.p_value,
        "note": ("" if monotone else "not monotone: ") + _each(groups, np.median),
    }


def _dunn(groups: Sequence[Floats]) -> dict[tuple[int, ...], float]:
    """Return Dunn's p with Holm's adjustment per pair of positions, given three groups with values or more."""
    filled = {str(i): g for i, g in enumerate(groups) if len(g)}
    if len(filled) < 3 or len(np.unique(np.concatenate(list(filled.values())))) < 2:
        return {}
    table = dunn_holm(filled)
    pairs = zip(table["group_a"].astype(int), table["group_b"].astype(int), strict=True)
    return dict(zip(pairs, table["p_holm"].astype(float), strict=True))


def _adjusted(numbers: Floats, design: Design, pair: tuple[int, int], adjustment: Adjustment) -> Row:
    """Return the adjusted columns of one variable in a pair of groups."""
    covariates, codes = adjustment.covariates, design.grouping.codes
    inside = np.isin(codes, pair) & np.isfinite(numbers)
    rows = inside & covariates.complete()
    row: Row = {"adj_for": ", ".join(covariates.names), "adj_n_missing": int(inside.sum() - rows.sum())}
    first = codes == pair[0]
    if not (first[rows].any() and (~first[rows]).any()):
        return {}
    strata = covariates.strata()
    if design.numbers == "rank" and strata is not None:
        result = van_elteren(numbers[rows], first[rows], strata.codes[rows])
        area = f" (AUC {result.auc:.2f})" if np.isfinite(result.auc) else ""
        return row | {"adj_test": f"van Elteren{area}", "adj_p": result.p_value}
    if not covariates.members:
        return {}
    terms = [np.ones((int(rows.sum()), 1)), first[rows][:, None], *(c.terms(rows) for c in covariates.members)]
    fit = adjusted_difference(numbers[rows], np.hstack(terms))
    interval = {"adj_effect": fit.difference, "adj_ci_low": fit.ci_low, "adj_ci_high": fit.ci_high}
    return row | {"adj_test": "linear, difference of means (HC3)", "adj_p": fit.p_value, **interval}


def _worded(row: Row) -> str:
    """Return the note with what adjustment did to a result, or that it leaves none."""
    p, adjusted, note = row.get("p_value"), row.get("adj_p"), str(row.get("note", ""))
    if p is None or adjusted is None:
        return note
    lost = NOTHING_LEFT if np.isnan(adjusted) else "attenuated, inconclusive" if p < 0.05 <= adjusted else ""
    return "; ".join(filter(None, [note, lost]))
