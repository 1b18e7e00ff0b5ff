from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from her2genomics.cohort import Cohort
from her2genomics.compare import compare_groups
from her2genomics.exceptions import CohortError, SchemaError, UsageError

Pick = Callable[..., pd.Series]


def test_strata_are_compared_one_by_one(hr_cohort: Cohort, row: Pick) -> None:
    result = compare_groups(hr_cohort, by="hr_status")
    found = row(result.association, "TP53", "zero-low", stratum="negative")
    assert found[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [26, 30, 21, 29]
    assert found["p_value"] == pytest.approx(0.209236, abs=1e-6)
    assert pd.isna(found["adj_p"]), "the stratum is the covariate"
    table = result.association
    rows = table[(table["stratum"] == "negative") & (table["family"] == "gene") & (table["contrast"] == "zero-low")]
    assert (rows["n_tested"] == 2).all()
    assert set(result.groups["stratum"]) == {"negative", "positive"}
    assert result.summary()[0] == "negative: HER2-zero 30, HER2-low 29, HER2-positive 10"


def test_one_variable_inside_the_groups_of_another(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort, group="hr_status", by="her2_group").association
    found = row(table, "TP53", "negative-positive", stratum="HER2-low")
    assert found[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [21, 29, 53, 202]
    assert found["p_value"] == pytest.approx(2.08895e-06, rel=1e-5)


def test_strata_equal_the_selection(hr_cohort: Cohort) -> None:
    by = compare_groups(hr_cohort, by="hr_status", adjust=None).association
    where = compare_groups(hr_cohort, where="hr_status == positive", adjust=None).association
    inside = by[by["stratum"] == "positive"].drop(columns="stratum").reset_index(drop=True)
    pd.testing.assert_frame_equal(inside, where.drop(columns="stratum"))


def test_a_stratum_without_two_groups_is_said(hr_cohort: Cohort) -> None:
    groups = hr_cohort.samples["her2_group"].astype("string")
    samples = hr_cohort.samples.assign(subtype=groups.where(groups == "HER2-positive", "luminal"))
    result = compare_groups(replace(hr_cohort, samples=samples), by="subtype")
    assert set(result.association["stratum"]) == {"luminal"}
    assert any(note.startswith("HER2-positive: not compared: fewer than two groups") for note in result.notes)
    assert set(result.association["contrast"]) == {"zero-low"}


@pytest.mark.parametrize(
    ("where", "n"),
    [
        ("hr_status == negative", 69), ("hr_status != negative", 272), ("her2_group == low", 231),
        ("her2_group != HER2-low and hr_status == negative", 40), ("TP53 == altered", 134), ("TP53 == WT", 207), ('hr_status == "positive"', 272),
    ],
)  # fmt: skip
def test_conditions(hr_cohort: Cohort, where: str, n: int) -> None:
    note = compare_groups(with_halves(hr_cohort), where=where, group="half").notes[0]
    assert note == f"only samples with {where}: {n} of 341"


def test_conditions_on_numbers(hr_cohort: Cohort) -> None:
    age = hr_cohort.samples["age"].to_numpy(float)
    cohort = with_halves(hr_cohort)
    expected = {"age >= 55 and age < 60": (age >= 55) & (age < 60), "age > 55": age > 55, "age == 47": age == 47,
                "age <= 47": age <= 47, "age != 47": age != 47}  # fmt: skip
    for where, mask in expected.items():
        assert 0 < mask.sum() < len(mask)
        note = compare_groups(cohort, where=where, group="half").notes[0]
        assert note == f"only samples with {where}: {mask.sum()} of 341"


def with_halves(cohort: Cohort) -> Cohort:
    half = np.where(np.arange(len(cohort.samples)) % 2 == 0, "a", "b")
    return replace(cohort, samples=cohort.samples.assign(half=half))


def test_numbers_are_cut(hr_cohort: Cohort) -> None:
    median = compare_groups(hr_cohort, group="age", cut="median").groups
    assert median["n"].sum() == 341
    middle = f"{np.median(hr_cohort.samples['age'].to_numpy(float)):g}"
    assert median["group"].tolist() == [f"age<{middle}", f"age>={middle}"]
    three = compare_groups(hr_cohort, group="age", cut="50,60").groups
    assert three["group"].tolist() == ["age<50", "age 50 to <60", "age>=60"]
    age = hr_cohort.samples["age"]
    assert three["n"].tolist() == [(age < 50).sum(), ((age >= 50) & (age < 60)).sum(), (age >= 60).sum()]


def test_the_choices_of_the_study(hr_cohort: Cohort, row: Pick) -> None:
    samples = hr_cohort.samples.copy()
    samples.loc[:20, "hr_status"] = pd.NA
    table = compare_groups(replace(hr_cohort, samples=samples), test="paper").association
    found = row(table, "hr_status", "zero-low")
    assert found["n_missing"] == 0
    assert found["note"] == "Unknown is a category"
    assert table["adj_p"].isna().all()


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"where": "hr_status = positiv"}, SchemaError, "never has the value positiv; it has: negative, positive"),
        ({"where": "nope == 1"}, SchemaError, "no column nope to select by"),
        ({"where": "age"}, UsageError, "condition 'age' is not understood"),
        ({"where": "age >= old"}, UsageError, "asks for an order, but 'old' is no number"),
        ({"where": "age > 200"}, CohortError, "no sample meets 'age > 200'"),
        ({"where": "__import__('os') == 1"}, UsageError, "is not understood"),
        ({"by": "nope"}, SchemaError, "no column nope to stratify by"),
        ({"by": "her2_group"}, UsageError, "it makes the groups"),
        ({"by": "sample_id"}, UsageError, "341 different values"),
        ({"group": "age"}, UsageError, "add --cut median"),
        ({"group": "age", "cut": "old"}, UsageError, "cut points are numbers"),
        ({"group": "hr_status", "cut": "median"}, UsageError, "is no number"),
        ({"group": "nope"}, SchemaError, "no column nope"),
        ({"test": "worst"}, UsageError, "test is worst; use: best, paper"),
        ({"level": "base"}, UsageError, "level is base"),
        ({"min_frequency": 2}, UsageError, "no share"),
    ],
)
def test_what_is_wrong_is_said(hr_cohort: Cohort, how: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        compare_groups(hr_cohort, **how)


def test_samples_without_a_group_are_said(hr_cohort: Cohort) -> None:
    samples = hr_cohort.samples.copy()
    samples.loc[:6, "her2_group"] = pd.NA
    result = compare_groups(replace(hr_cohort, samples=samples))
    assert f"7 of {len(samples)} samples have no her2_group and are left out" in result.notes
    assert not any("left out" in note for note in compare_groups(hr_cohort).notes)
