from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.compare import compare_groups
from her2genomics.stats.means import standardised_mean_difference
from her2genomics.stats.ordered import jonckheere
from her2genomics.stats.proportions import cochran_armitage_trend, detectable_difference

Pick = Callable[..., pd.Series]
Cells = Callable[..., list[object]]


def test_chi_square_stands_beside_fisher(hr_cohort: Cohort, row: Pick) -> None:
    found = row(compare_groups(hr_cohort).association, "TP53", "zero-low")
    assert found["other_p"] == pytest.approx(stats.chi2_contingency([[46, 44], [74, 157]], correction=False).pvalue)
    assert found["other_test"] == "chi-square"
    rare = row(compare_groups(hr_cohort).association, "PIK3CA", "zero-positive")
    assert rare["other_test"] == "chi-square (expected below 5)"


def test_the_trend_says_when_it_is_not_monotone(hr_cohort: Cohort, row: Pick) -> None:
    found = row(compare_groups(hr_cohort).association, "TP53", "trend")
    expected = cochran_armitage_trend([46, 74, 14], [90, 231, 20])
    assert (found["p_value"], found["other_p"]) == pytest.approx((expected.p_value, expected.departure_p))
    assert found["test"] == "Cochran-Armitage trend"
    assert found["note"] == "not monotone: 51.1%, 32.0%, 70.0%"
    sparse = row(compare_groups(hr_cohort).association, "PIK3CA", "trend")
    assert sparse["test"] == "Cochran-Armitage trend exact"


def test_numbers_along_the_groups(hr_cohort: Cohort, row: Pick) -> None:
    found = row(compare_groups(hr_cohort).association, "age", "trend")
    by_group = hr_cohort.samples.groupby("her2_group", observed=True)["age"].apply(lambda x: x.to_numpy(float))
    assert found["p_value"] == pytest.approx(jonckheere(by_group.tolist()).p_value)
    assert found["effect_name"] == "Spearman's rho"


def test_ihc_scores_are_a_scale_of_their_own(row: Pick, cells: Cells) -> None:
    ihc = cells(("0", 10), ("1+", 10), ("2+", 10), ("3+", 10))
    table = pd.DataFrame(
        {"sample_id": [f"s{i}" for i in range(40)], "ihc": ihc, "age": [str(30 + i) for i in range(40)]}
    )
    table["grade"] = cells(("1", 12), ("2", 12), ("3", 16))
    result = compare_groups(cohort_from_table(table), group="ihc", contrasts=["trend"]).association
    assert row(result, "age", "trend")["effect"] == pytest.approx(
        stats.spearmanr(np.repeat(range(4), 10), range(40)).statistic
    )
    grade = row(result, "grade", "trend")
    assert grade["test"].startswith("Jonckheere-Terpstra")
    assert grade["p_value"] < 1e-6


def test_names_that_are_numbers_have_no_trend_unasked(row: Pick, cells: Cells) -> None:
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(30)], "cluster": cells(("1", 10), ("2", 10), ("3", 10))})
    table["age"] = [str(30 + i) for i in range(30)]
    cohort = cohort_from_table(table)
    assert "trend" not in set(compare_groups(cohort, group="cluster").association["contrast"])
    assert (
        row(compare_groups(cohort, group="cluster", contrasts=["trend"]).association, "age", "trend")["p_value"] < 0.001
    )


def test_welch_where_it_was_asked_for(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort, numbers="welch").association
    groups = [g["age"].to_numpy(float) for _, g in hr_cohort.samples.groupby("her2_group", observed=True)]
    assert row(table, "age", "zero-low")["p_value"] == pytest.approx(
        stats.ttest_ind(groups[0], groups[1], equal_var=False).pvalue
    )
    assert row(table, "age", "overall")["test"] == "Welch analysis of variance"


def test_dunn_holm_stands_beside_the_pairs(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort).association
    assert row(table, "age", "zero-low")["other_test"] == "Dunn-Holm"
    alone = compare_groups(hr_cohort, contrasts=["zero-low"]).association
    assert pd.isna(row(alone, "age", "zero-low")["other_p"]), "a single pair was asked for: nothing to adjust"


def test_what_the_data_can_say(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort).association
    found = row(table, "PIK3CA", "zero-low")
    pooled = (found["altered_a"] + found["altered_b"]) / 321
    assert found["detectable_difference"] == pytest.approx(detectable_difference(90, 231, pooled)["difference"][0])
    assert f"excluded: odds ratios below {found['ci_low']:.2g} and above {found['ci_high']:.2g}" in found["note"]
    assert "excluded" not in row(table, "TP53", "low-positive")["note"]


def test_standardised_differences_of_clinical_variables(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort).association
    assert abs(row(table, "hr_status", "zero-low")["smd"]) == pytest.approx(
        standardised_mean_difference([60, 30], [202, 29], kind="categorical")
    )
    assert row(table, "hr_status", "zero-low")["smd"] < 0, "fewer HR-positive among HER2-zero"
    assert pd.isna(row(table, "TP53", "zero-low")["smd"])
    assert not pd.isna(row(table, "age", "zero-low")["smd"])


def test_a_group_without_values_has_no_test(hr_cohort: Cohort, row: Pick) -> None:
    samples = hr_cohort.samples.copy()
    samples["age"] = samples["age"].mask(samples["her2_group"] == "HER2-zero")
    samples["ki67_pct"] = 20.0
    table = compare_groups(replace(hr_cohort, samples=samples), adjust=None).association
    assert row(table, "age", "zero-low")["note"] == "a group has no value"
    assert pd.isna(row(table, "age", "trend")["p_value"])
    assert "ki67_pct" not in set(table["feature"]), "one value only"
