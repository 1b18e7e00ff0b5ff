"""Comparing groups of tumours: which test runs for which column of a cohort, gathered in one association table.

Three contrasts (zero-low, zero-positive, low-positive) and the overall test, for four families of features: genes,
single classes of alteration of a gene (``ERBB2:loss``), clinical variables and TMB.  Two groups and a yes/no feature
get Fisher's exact test with the conditional odds ratio; more levels or groups the exact Fisher-Freeman-Halton test;
numbers the rank-sum or the Kruskal-Wallis test.  Beside the crude result stands the one within strata of
hormone-receptor status (Cochran-Mantel-Haenszel), because HER2 groups differ in it.

Denominators are profiled samples.  Rare features are left out by their pooled frequency over all compared samples,
never by one group's, and Benjamini-Hochberg q-values are taken within family and contrast.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.association import OVERALL, choose_contrasts, find_strata, finish_association
from her2genomics.binary_comparison import compare_binary, count_binary, exact_table
from her2genomics.clinical_variables import ClinicalVariable, category_text, describe_variables
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison_features import (
    Grouping,
    binary_variables,
    find_groups,
    gene_features,
    has_unknown,
)
from her2genomics.exceptions import UsageError
from her2genomics.stats.continuous import kruskal_wallis, rank_sum

IntArray = npt.NDArray[np.int64]

UNKNOWN = "Unknown"
DEFAULT_MIN_FREQUENCY = 0.02


@dataclass(frozen=True)
class Comparison:
    """Result of `compare_groups`.

    Parameters
    ----------
    association
        One row per feature and contrast, sorted by family, contrast and p (``association`` schema).
    contingency
        Counts per feature, group and level behind every categorical test (``contingency`` schema).
    groups
        ``group, n``.
    notes
        What was left out and why, one sentence each.
    """

    association: pd.DataFrame
    contingency: pd.DataFrame
    groups: pd.DataFrame
    notes: tuple[str, ...]

    def summary(self, top: int = 8) -> list[str]:
        """Return a readable summary: group sizes, notes, and the ``top`` smallest p of every family and contrast."""
        lines = [", ".join(f"{row.group} {row.n}" for row in self.groups.itertuples(index=False))]
        lines += list(self.notes)
        for (family, contrast), rows in self.association.groupby(["family", "contrast"], sort=False):
            tested = rows[rows["p_value"].notna()]
            found = int((tested["q_value"] < 0.05).sum())
            lines += ["", f"{family}, {contrast}: {len(tested)} tested, {found} with q < 0.05"]
            lines += [_summary_line(row) for _, row in tested.head(top).iterrows()]
        return lines

    def top(self, contrast: str, family: str = "gene", n: int = 10) -> pd.DataFrame:
        """Return the ``n`` rows with the smallest p of one contrast and family."""
        rows = self.association
        return rows[(rows["contrast"] == contrast) & (rows["family"] == family)].head(n)

    def _repr_html_(self) -> str:
        return str(self.association.head(20).to_html(index=False))


def compare_groups(
    cohort: Cohort,
    *,
    group: str = "her2_group",
    contrasts: Sequence[str] | None = None,
    classes: Collection[str] = COUNTED_CLASSES,
    clinical: Sequence[str] | None = None,
    min_frequency: float = DEFAULT_MIN_FREQUENCY,
    unknown_as_category: bool = False,
    adjust: str | None = "hr_status",
) -> Comparison:
    """Compare genes, clinical variables and TMB between the groups of a cohort.

    Parameters
    ----------
    cohort
        Cohort with the group column in its samples.
    group
        Column that makes the groups; its categories give the order (else sorted).
    contrasts
        Names such as ``zero-low`` and ``overall``; default all pairs and the overall test.
    classes
        Classes of alteration that make a gene count as altered; default all but shallow ``gain`` and ``loss``, which
        have rows of their own (``GENE:gain``, ``GENE:loss``).
    clinical
        Clinical columns to compare; default every column that is a variable.
    min_frequency
        Least pooled share of altered samples for a gene to be tested [0-1].
    unknown_as_category
        Whether a missing clinical value is a level of its own, as some papers have it, or left out.
    adjust
        Two- or more-level column whose strata the adjusted columns condition on; None for none. It is passed over when
        the cohort does not have it, and refused when it makes the groups.

    Returns
    -------
    Comparison

    Raises
    ------
    CohortError
        If a group of a contrast that was asked for has no sample.
    UsageError
        If a contrast, class or covariate is not known.

    Notes
    -----
    Exact tests are conditional and slightly conservative. Adjusted p-values are asymptotic (no continuity correction)
    and need not be valid in strata of a handful of samples; the row's note says so.

    Examples
    --------
    >>> from her2genomics.cohort import cohort_from_table
    >>> t = pd.DataFrame({"sample_id": list("abcdefgh"), "her2_group": ["zero"] * 4 + ["low"] * 4,
    ...                   "TP53": ["R175H", "R248Q", "fs", "WT"][:2] + ["truncating", "WT"] + ["WT"] * 4})
    >>> result = compare_groups(cohort_from_table(t), contrasts=["zero-low"])
    >>> result.association[["feature", "altered_a", "n_a", "altered_b", "n_b"]].values.tolist()
    [['TP53', 3, 4, 0, 4]]
    """
    grouping = find_groups(cohort.samples, group)
    chosen = choose_contrasts(grouping, contrasts)
    unknown_classes = sorted(set(classes) - set(schema.ALTERATION_CLASSES))
    if unknown_classes:
        raise UsageError(
            f"unknown alteration class {', '.join(unknown_classes)}",
            hint=f"use: {', '.join(schema.ALTERATION_CLASSES)}",
        )
    notes: list[str] = []
    strata = find_strata(cohort.samples, adjust, grouping, notes)
    variables = describe_variables(cohort.samples, group, only=clinical)
    parts: list[pd.DataFrame] = []
    counts: list[pd.DataFrame] = []
    for features in gene_features(cohort, classes, grouping, min_frequency, notes):
        parts.append(compare_binary(features, grouping, chosen, strata, adjust))
        counts.append(count_binary(features, grouping))
    parts += [
        compare_binary(features, grouping, chosen, strata, adjust)
        for features in binary_variables(cohort.samples, variables, unknown_as_category)
    ]
    parts.append(_test_categories(cohort.samples, variables, grouping, chosen, unknown_as_category))
    parts.append(_test_numbers(cohort.samples, _numeric_columns(variables), "clinical", grouping, chosen))
    parts.append(_test_numbers(_burden(cohort.samples), ["tmb", "tmb_evaluable"], "tmb", grouping, chosen))
    counts.append(_count_categories(cohort.samples, variables, grouping, unknown_as_category))
    notes += _skipped(variables)
    association = finish_association(
        pd.concat([p for p in parts if len(p)], ignore_index=True) if any(map(len, parts)) else None
    )
    contingency = pd.concat(counts, ignore_index=True)
    groups = pd.DataFrame({"group": grouping.labels, "n": grouping.sizes})
    return Comparison(association, schema.conform(contingency, schema.CONTINGENCY), groups, tuple(notes))


def _summary_line(row: pd.Series) -> str:
    """Return one association row as text of fixed columns."""
    counts = ""
    if not pd.isna(row["altered_a"]):
        a, b = (f"{row['altered_' + g]}/{row['n_' + g]} ({row['freq_' + g]:.1%})" for g in "ab")
        counts = f"{a} against {b}"
    effect = ""
    if not pd.isna(row["effect"]):
        name = "OR" if "odds" in str(row["effect_name"]) else "shift"
        effect = f"{name} {row['effect']:.3g} [{row['ci_low']:.3g}, {row['ci_high']:.3g}]"
    adjusted = "" if pd.isna(row["adj_p"]) else f"adjusted p {row['adj_p']:.2g}"
    figures = f"p {row['p_value']:.2g}  q {row['q_value']:.2g}"
    if not counts and not effect:
        return f"  {row['feature']:<22} {figures}"
    return f"  {row['feature']:<22} {counts:<38} {effect:<28} {figures:<24} {adjusted}".rstrip()


def _test_categories(
    samples: pd.DataFrame,
    variables: Sequence[ClinicalVariable],
    grouping: Grouping,
    contrasts: dict[str, tuple[int, ...]],
    unknown_as_category: bool,
) -> pd.DataFrame:
    rows = []
    for variable in variables:
        promoted = variable.kind == "binary" and has_unknown(samples[variable.name], unknown_as_category)
        if variable.kind != "categorical" and not promoted:
            continue
        table, _ = _level_counts(samples[variable.name], grouping, unknown_as_category)
        for contrast, members in contrasts.items():
            counts = table[list(members)]
            p, method = exact_table(counts)
            groups = (None, None) if contrast == OVERALL else tuple(grouping.labels[i] for i in members)
            sizes = (None, None) if contrast == OVERALL else tuple(int(n) for n in counts.sum(axis=1))
            missing = int(grouping.sizes[list(members)].sum() - counts.sum())
            note = f"{UNKNOWN} is a category" if unknown_as_category else ""
            if _is_circular(variable.name, grouping, members):
                note = "circular: HER2 is part of its definition"
            rows.append(("clinical", variable.name, contrast, *groups, *sizes, method, p, missing, note))
    names = [
        "family",
        "feature",
        "contrast",
        "group_a",
        "group_b",
        "n_a",
        "n_b",
        "test",
        "p_value",
        "n_missing",
        "note",
    ]
    return pd.DataFrame(rows, columns=names)


def _is_circular(variable: str, grouping: Grouping, members: tuple[int, ...]) -> bool:
    """Return True for the surrogate subtype in a contrast with HER2-positive, which defines two of its classes."""
    return variable == "subtype" and any(grouping.labels[i] == schema.HER2_GROUPS[-1] for i in members)


def _level_counts(values: pd.Series, grouping: Grouping, unknown_as_category: bool) -> tuple[IntArray, list[str]]:
    """Return (groups, levels) counts and the levels."""
    text = category_text(values)
    if unknown_as_category:
        text = text.fillna(UNKNOWN)
    levels: list[str] = sorted(text[grouping.codes >= 0].dropna().unique(), key=lambda level: (level == UNKNOWN, level))
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    table = np.zeros((len(grouping.labels), len(levels)), dtype=np.int64)
    both = (codes >= 0) & (grouping.codes >= 0)
    np.add.at(table, (grouping.codes[both], codes[both]), 1)
    return table, levels


def _numeric_columns(variables: Sequence[ClinicalVariable]) -> list[str]:
    return [v.name for v in variables if v.kind == "numeric"]


def _burden(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the TMB of all samples and, where a status is known, of the evaluable ones alone."""
    if "tmb" not in samples:
        return pd.DataFrame(index=samples.index)
    burden = pd.DataFrame({"tmb": samples["tmb"]})
    if "tmb_status" in samples:
        burden["tmb_evaluable"] = samples["tmb"].where(samples["tmb_status"] == "evaluable")
    return burden


def _test_numbers(
    table: pd.DataFrame,
    columns: Sequence[str],
    family: str,
    grouping: Grouping,
    contrasts: dict[str, tuple[int, ...]],
) -> pd.DataFrame:
    rows = []
    for name in columns:
        if name not in table:
            continue
        numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        groups = [numbers[(grouping.codes == i) & np.isfinite(numbers)] for i in range(len(grouping.labels))]
        for contrast, members in contrasts.items():
            row: dict[str, Any] = {"family": family, "feature": name, "contrast": contrast}
            missing = int(grouping.sizes[list(members)].sum()) - sum(len(groups[i]) for i in members)
            test = _rank_test([groups[i] for i in members], contrast)
            if contrast != OVERALL:
                a, b = members
                row |= {"group_a": grouping.labels[a], "group_b": grouping.labels[b]}
                row |= {"n_a": len(groups[a]), "n_b": len(groups[b])}
            rows.append({**row, "n_missing": missing, **test})
    return pd.DataFrame(rows)


def _rank_test(groups: Sequence[npt.NDArray[np.float64]], contrast: str) -> dict[str, object]:
    filled = [g for g in groups if len(g)]
    name = "Kruskal-Wallis" if contrast == OVERALL else "Wilcoxon rank-sum"
    if len(filled) < len(groups):
        return {"test": name, "note": "a group has no value"}
    if len(np.unique(np.concatenate(filled))) < 2:
        return {"test": name, "note": "all values are equal"}
    if contrast == OVERALL:
        return {"test": name, "p_value": kruskal_wallis(filled).p_value}
    result = rank_sum(filled[0], filled[1])
    medians = " against ".join(f"{np.median(g):.4g}" for g in filled)
    return {
        "test": f"{name} ({result.method})",
        "p_value": result.p_value,
        "effect": result.shift,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "effect_name": "Hodges-Lehmann shift",
        "note": f"medians {medians}",
    }


def _count_categories(
    samples: pd.DataFrame, variables: Sequence[ClinicalVariable], grouping: Grouping, unknown_as_category: bool
) -> pd.DataFrame:
    rows = []
    for variable in variables:
        if variable.kind in ("binary", "categorical"):
            table, levels = _level_counts(samples[variable.name], grouping, unknown_as_category)
            rows += [
                ("clinical", variable.name, label, level, int(table[i, j]))
                for i, label in enumerate(grouping.labels)
                for j, level in enumerate(levels)
            ]
    return pd.DataFrame(rows, columns=["family", "feature", "group", "level", "n"])


def _skipped(variables: Sequence[ClinicalVariable]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for variable in variables:
        if variable.kind == "skipped":
            by_reason.setdefault(variable.reason, []).append(variable.name)
    return [f"not compared ({reason}): {', '.join(names)}" for reason, names in by_reason.items()]
