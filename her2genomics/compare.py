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

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import ClinicalVariable, category_text, describe_variables
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison_features import (
    BinaryFeatures,
    Grouping,
    binary_variables,
    find_groups,
    gene_features,
    group_counts,
    has_unknown,
)
from her2genomics.exceptions import CohortError, DataWarning, UsageError
from her2genomics.stats.contingency import fisher_many
from her2genomics.stats.continuous import kruskal_wallis, rank_sum
from her2genomics.stats.exact_rxc import fisher_freeman_halton
from her2genomics.stats.multiple_testing import benjamini_hochberg
from her2genomics.stats.stratified import cmh_many

IntArray = npt.NDArray[np.int64]

OVERALL = "overall"
UNKNOWN = "Unknown"
DEFAULT_MIN_FREQUENCY = 0.02
EXACT_WORK = 5_000_000
"""Work of one exact r x c test, about a second and 100 MB; a larger table gets a Monte Carlo p with its error."""


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
    chosen = _choose_contrasts(grouping, contrasts)
    unknown_classes = sorted(set(classes) - set(schema.ALTERATION_CLASSES))
    if unknown_classes:
        raise UsageError(
            f"unknown alteration class {', '.join(unknown_classes)}",
            hint=f"use: {', '.join(schema.ALTERATION_CLASSES)}",
        )
    notes: list[str] = []
    strata = _strata(cohort.samples, adjust, grouping, notes)
    variables = describe_variables(cohort.samples, group, only=clinical)
    parts: list[pd.DataFrame] = []
    counts: list[pd.DataFrame] = []
    for features in gene_features(cohort, classes, grouping, min_frequency, notes):
        parts.append(_test_binary(features, grouping, chosen, strata, adjust))
        counts.append(_count_binary(features, grouping))
    parts += [
        _test_binary(features, grouping, chosen, strata, adjust)
        for features in binary_variables(cohort.samples, variables, unknown_as_category)
    ]
    parts.append(_test_categories(cohort.samples, variables, grouping, chosen, unknown_as_category))
    parts.append(_test_numbers(cohort.samples, _numeric_columns(variables), "clinical", grouping, chosen))
    parts.append(_test_numbers(_burden(cohort.samples), ["tmb", "tmb_evaluable"], "tmb", grouping, chosen))
    counts.append(_count_categories(cohort.samples, variables, grouping, unknown_as_category))
    notes += _skipped(variables)
    association = _finish(pd.concat([p for p in parts if len(p)], ignore_index=True) if any(map(len, parts)) else None)
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


def _choose_contrasts(grouping: Grouping, wanted: Sequence[str] | None) -> dict[str, tuple[int, ...]]:
    known: dict[str, tuple[int, ...]] = dict(grouping.contrasts())
    if len(grouping.labels) > 2:
        known[OVERALL] = tuple(range(len(grouping.labels)))
    unknown = [name for name in wanted or () if name not in known]
    if unknown:
        raise UsageError(f"unknown contrast {', '.join(unknown)}", hint=f"use: {', '.join(known)}")
    chosen = {name: known[name] for name in (wanted or known)}
    empty = sorted({i for members in chosen.values() for i in members if grouping.sizes[i] == 0})
    if empty:
        full = [name for name, members in known.items() if all(grouping.sizes[i] for i in members)]
        hint = f"compare the others with --contrast {full[0]}" if full else None
        names = ", ".join(grouping.labels[i] for i in empty)
        raise CohortError(f"group {names} has no sample", column=grouping.column, hint=hint)
    return chosen


def _strata(
    samples: pd.DataFrame, adjust: str | None, grouping: Grouping, notes: list[str]
) -> tuple[IntArray, int] | None:
    """Return the stratum of each sample (-1 = none) and their number, or None without an adjustment."""
    if adjust is None or adjust not in samples:
        if adjust is not None:
            notes.append(f"not adjusted: the cohort has no column {adjust}")
        return None
    if adjust == grouping.column:
        raise UsageError(f"cannot adjust for {adjust}: it makes the groups")
    text = category_text(samples[adjust])
    levels = sorted(text.dropna().unique())
    if len(levels) < 2:
        notes.append(f"not adjusted: {adjust} has fewer than two levels")
        return None
    codes = text.map({level: i for i, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.int64)
    return codes, len(levels)


def _test_binary(
    features: BinaryFeatures,
    grouping: Grouping,
    contrasts: dict[str, tuple[int, ...]],
    strata: tuple[IntArray, int] | None,
    adjust: str | None,
) -> pd.DataFrame:
    n_groups = len(grouping.labels)
    altered = group_counts(features.value, grouping.codes, n_groups)
    profiled = group_counts(features.known, grouping.codes, n_groups)
    parts = []
    for contrast, members in contrasts.items():
        if contrast == OVERALL:
            parts.append(_overall_binary(features, altered, profiled, grouping))
            continue
        a, b = members
        part = _pair_frame(features, contrast, grouping, a, b)
        part["altered_a"], part["n_a"] = altered[a], profiled[a]
        part["altered_b"], part["n_b"] = altered[b], profiled[b]
        part["n_missing"] = int(grouping.sizes[a] + grouping.sizes[b]) - profiled[a] - profiled[b]
        tests = fisher_many(altered[a], profiled[a], altered[b], profiled[b])
        part["effect"], part["ci_low"], part["ci_high"] = tests["odds_ratio"], tests["ci_low"], tests["ci_high"]
        part["p_value"] = tests["p_value"]
        part["effect_name"], part["test"] = "conditional odds ratio", "Fisher exact"
        if strata is not None and adjust not in features.names:
            _add_adjusted(part, features, grouping, (a, b), strata, str(adjust))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _pair_frame(features: BinaryFeatures, contrast: str, grouping: Grouping, a: int, b: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "family": features.family,
            "feature": list(features.names),
            "contrast": contrast,
            "group_a": grouping.labels[a],
            "group_b": grouping.labels[b],
            "note": list(features.notes) if features.notes else "",
        }
    )


def _overall_binary(
    features: BinaryFeatures, altered: IntArray, profiled: IntArray, grouping: Grouping
) -> pd.DataFrame:
    rows = []
    for j, name in enumerate(features.names):
        p, method = _exact_table(np.array([altered[:, j], profiled[:, j] - altered[:, j]]))
        note = features.notes[j] if features.notes else ""
        missing = int(grouping.sizes.sum() - profiled[:, j].sum())
        rows.append((features.family, name, OVERALL, method, p, missing, note))
    return pd.DataFrame(rows, columns=["family", "feature", "contrast", "test", "p_value", "n_missing", "note"])


def _exact_table(table: IntArray) -> tuple[float | None, str]:
    """Return p and the name of the test for an r x c table; None when a margin leaves nothing to test."""
    filled = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(filled.shape) < 2:
        return None, "Fisher-Freeman-Halton exact"
    result = fisher_freeman_halton(filled, work_limit=EXACT_WORK)
    if result.method == "exact":
        return result.p_value, "Fisher-Freeman-Halton exact"
    return result.p_value, f"Fisher-Freeman-Halton Monte Carlo (SE {result.standard_error:.2g})"


def _add_adjusted(
    part: pd.DataFrame,
    features: BinaryFeatures,
    grouping: Grouping,
    pair: tuple[int, int],
    strata: tuple[IntArray, int],
    adjust: str,
) -> None:
    codes, n_strata = strata
    shape = (len(features.names), n_strata)
    counts = {key: np.zeros(shape, dtype=np.int64) for key in ("altered_a", "n_a", "altered_b", "n_b")}
    for stratum in range(n_strata):
        members = np.where(codes == stratum, grouping.codes, -1)
        altered = group_counts(features.value, members, len(grouping.labels))
        known = group_counts(features.known, members, len(grouping.labels))
        for side, index in zip("ab", pair, strict=True):
            counts[f"altered_{side}"][:, stratum] = altered[index]
            counts[f"n_{side}"][:, stratum] = known[index]
    result = cmh_many(counts["altered_a"], counts["n_a"], counts["altered_b"], counts["n_b"])
    part["adj_for"] = adjust
    part["adj_effect"], part["adj_ci_low"], part["adj_ci_high"] = (
        result["odds_ratio"],
        result["ci_low"],
        result["ci_high"],
    )
    part["adj_p"], part["interaction_p"] = result["p_value"], result["breslow_day_p"]
    attenuated = (part["p_value"] < 0.05) & (part["adj_p"] >= 0.05)
    part["note"] = _append(part["note"], attenuated, "attenuated by adjustment, inconclusive")


def _append(notes: pd.Series, where: pd.Series, text: str) -> pd.Series:
    where = where.fillna(False).astype(bool)
    return notes.mask(where & (notes == ""), text).mask(where & (notes != ""), notes + "; " + text)


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
            p, method = _exact_table(counts)
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


def _count_binary(features: BinaryFeatures, grouping: Grouping) -> pd.DataFrame:
    altered = group_counts(features.value, grouping.codes, len(grouping.labels))
    known = group_counts(features.known, grouping.codes, len(grouping.labels))
    parts = [
        pd.DataFrame(
            {"family": features.family, "feature": list(features.names), "group": label, "level": level, "n": counts[i]}
        )
        for i, label in enumerate(grouping.labels)
        for level, counts in (("altered", altered), ("not altered", known - altered))
    ]
    return pd.concat(parts, ignore_index=True)


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


def _finish(rows: pd.DataFrame | None) -> pd.DataFrame:
    """Add frequencies, q-values and the number tested, and bring the rows into order."""
    if rows is None:
        warnings.warn("nothing to compare: no gene, clinical variable or TMB", DataWarning, stacklevel=3)
        return schema.empty(schema.ASSOCIATION)
    table = schema.conform(rows, schema.ASSOCIATION)
    for side in "ab":
        share = table[f"altered_{side}"] / table[f"n_{side}"].mask(table[f"n_{side}"] == 0)
        table[f"freq_{side}"] = share.astype("Float64")
    for index in table.groupby(["family", "contrast"], sort=False).groups.values():
        for p, q in (("p_value", "q_value"), ("adj_p", "adj_q")):
            table.loc[index, q] = benjamini_hochberg(table.loc[index, p].to_numpy(dtype=float, na_value=np.nan))
        table.loc[index, "n_tested"] = int(table.loc[index, "p_value"].notna().sum())
    for name in ("q_value", "adj_q"):
        table[name] = table[name].mask(table[name.replace("q_value", "p_value").replace("adj_q", "adj_p")].isna())
    family_rank = {f: i for i, f in enumerate(dict.fromkeys(table["family"]))}
    contrast_rank = {c: i for i, c in enumerate(dict.fromkeys(table["contrast"]))}
    order = pd.DataFrame(
        {
            "f": table["family"].map(family_rank),
            "c": table["contrast"].map(contrast_rank),
            "p": table["p_value"],
            "n": table["feature"],
        }
    )
    return table.loc[order.sort_values(["f", "c", "p", "n"], kind="stable").index].reset_index(drop=True)
