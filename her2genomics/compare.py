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

import pandas as pd

from her2genomics import schema
from her2genomics.clinical_variables import ClinicalVariable, describe_variables
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.adjustment import METHODS, Adjustment
from her2genomics.comparison.binary import compare_binary, count_binary
from her2genomics.comparison.categories import compare_categories, count_categories
from her2genomics.comparison.covariates import AUTO, BURDENS, find_covariates
from her2genomics.comparison.design import NUMBERS, Design
from her2genomics.comparison.features import binary_variables, gene_features
from her2genomics.comparison.groups import choose_contrasts, find_groups
from her2genomics.comparison.numbers import burden_columns, compare_numbers
from her2genomics.comparison.result import ALL, finish_association
from her2genomics.comparison.result import Comparison as Comparison
from her2genomics.exceptions import UsageError

DEFAULT_MIN_FREQUENCY = 0.02


def compare_groups(
    cohort: Cohort,
    *,
    group: str = "her2_group",
    contrasts: Sequence[str] | None = None,
    classes: Collection[str] = COUNTED_CLASSES,
    clinical: Sequence[str] | None = None,
    min_frequency: float = DEFAULT_MIN_FREQUENCY,
    unknown_as_category: bool = False,
    adjust: str | Sequence[str] | None = AUTO,
    adjust_by: str = "auto",
    burden: str = "none",
    numbers: str = "rank",
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
        Columns that the adjusted results hold fixed; None for none; ``auto`` is hormone-receptor status where the
        cohort has it and it does not make the groups.
    adjust_by
        ``auto`` (strata for one category, else regression) or ``regression``.
    burden
        ``covariate`` or ``offset`` to hold the TMB fixed as well; see `comparison.covariates.find_covariates`.
    numbers
        ``rank`` or ``welch``: fixed before the data are looked at.

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
    Exact tests are conditional and slightly conservative. The adjusted p of strata is asymptotic and stands beside the
    exact one, which decides (q-value, wording) where the two differ.

    Examples
    --------
    >>> from her2genomics.cohort import cohort_from_table
    >>> t = pd.DataFrame({"sample_id": list("abcdefgh"), "her2_group": ["zero"] * 4 + ["low"] * 4,
    ...                   "TP53": ["R175H", "R248Q", "fs", "WT"][:2] + ["truncating", "WT"] + ["WT"] * 4})
    >>> result = compare_groups(cohort_from_table(t), contrasts=["zero-low"])
    >>> result.association[["feature", "altered_a", "n_a", "altered_b", "n_b"]].values.tolist()
    [['TP53', 3, 4, 0, 4]]
    """
    _check_classes(classes)
    _check_choice("adjust_by", adjust_by, METHODS)
    _check_choice("burden", burden, BURDENS)
    _check_choice("numbers", numbers, NUMBERS)
    notes: list[str] = []
    grouping = find_groups(cohort.samples, group)
    chosen = choose_contrasts(grouping, contrasts)
    covariates = find_covariates(cohort.samples, adjust, grouping, chosen, notes, burden=burden)
    adjustment = None if covariates is None else Adjustment(covariates, adjust_by)
    design = Design(grouping, chosen, adjustment, unknown_as_category, numbers)
    variables = describe_variables(cohort.samples, group, only=clinical)
    parts: list[pd.DataFrame] = []
    counts: list[pd.DataFrame] = []
    for features in gene_features(cohort, classes, grouping, min_frequency, notes):
        parts.append(compare_binary(features, design))
        counts.append(count_binary(features, grouping))
    clinical_features = binary_variables(cohort.samples, variables, unknown_as_category)
    parts += [compare_binary(features, design) for features in clinical_features]
    parts.append(compare_categories(cohort.samples, variables, design))
    numeric = [v.name for v in variables if v.kind == "numeric"]
    parts.append(compare_numbers(cohort.samples, numeric, "clinical", design))
    parts.append(compare_numbers(burden_columns(cohort.samples), ["tmb", "tmb_evaluable"], "tmb", design))
    counts.append(count_categories(cohort.samples, variables, design))
    notes += _skipped(variables)
    association = finish_association([part for part in parts if len(part)])
    contingency = schema.conform(pd.concat(counts, ignore_index=True).assign(stratum=ALL), schema.CONTINGENCY)
    groups = pd.DataFrame({"group": grouping.labels, "n": grouping.sizes})
    return Comparison(association, contingency, groups, tuple(notes))


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise UsageError(f"{name} is {value}", hint=f"use: {', '.join(choices)}")


def _check_classes(classes: Collection[str]) -> None:
    unknown = sorted(set(classes) - set(schema.ALTERATION_CLASSES))
    if unknown:
        raise UsageError(
            f"unknown alteration class {', '.join(unknown)}", hint=f"use: {', '.join(schema.ALTERATION_CLASSES)}"
        )


def _skipped(variables: Sequence[ClinicalVariable]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for variable in variables:
        if variable.kind == "skipped":
            by_reason.setdefault(variable.reason, []).append(variable.name)
    return [f"not compared ({reason}): {', '.join(names)}" for reason, names in by_reason.items()]
