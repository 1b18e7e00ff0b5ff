"""Markers, contrasts and sets of samples."""

from __future__ import annotations

import pandas as pd
import pytest

from her2genomics.biomarkers.markers import marker_contrasts, marker_values, sample_sets
from her2genomics.comparison.groups import find_groups
from her2genomics.exceptions import CohortError, SchemaError, UsageError

GROUPS = ["HER2-zero", "HER2-low", "HER2-positive"]


def samples(**columns) -> pd.DataFrame:
    groups = pd.Categorical(["HER2-zero", "HER2-low", "HER2-positive", None], GROUPS, ordered=True)
    return pd.DataFrame({"sample_id": list("abcd"), "her2_group": groups, **columns})


def test_contrasts_say_what_is_positive():
    contrasts = {c.name: c for c in marker_contrasts(find_groups(samples(), "her2_group"))}
    assert list(contrasts) == ["zero-low", "zero-positive", "low-positive", "zero-rest", "positive-rest"]
    assert (contrasts["zero-low"].positive_class, contrasts["zero-low"].negative_class) == ("HER2-low", "HER2-zero")
    rest = contrasts["zero-rest"]
    assert (rest.positive_class, rest.negative_class) == ("HER2-zero", "HER2-low or HER2-positive")
    assert rest.positive.tolist() == [True, False, False, False]
    assert rest.negative.tolist() == [False, True, True, False]  # a sample without a group is in no class


def test_two_groups_have_one_contrast():
    table = pd.DataFrame({"sample_id": list("ab"), "pcr": ["no", "yes"]})
    assert [c.name for c in marker_contrasts(find_groups(table, "pcr"))] == ["no-yes"]
    with pytest.raises(UsageError, match="unknown contrast zero-low.*use: no-yes"):
        marker_contrasts(find_groups(table, "pcr"), ["zero-low"])


def test_values_are_numbers_or_missing():
    table = samples(suvmax=pd.array(["1.5", pd.NA, "2", "3e1"], dtype="string"))
    values = marker_values(table, ["suvmax", "suvmax"])
    assert list(values) == ["suvmax"]
    assert values["suvmax"].tolist()[2:] == [2.0, 30.0]
    assert values["suvmax"].isna().tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ({"x": ["1", "high", "2", "3"]}, SchemaError, "sample b: column x: 'high' is not a finite number"),
        ({"x": [1.0, 2.0, float("inf"), 3.0]}, SchemaError, "sample c: column x: 'inf'"),
        ({}, SchemaError, "no column named x"),
    ],
)
def test_what_is_no_marker(column, error, message):
    with pytest.raises(error, match=message):
        marker_values(samples(**column), ["x"])


def test_a_follow_up_time_is_refused():
    with pytest.raises(UsageError, match="os_months is a follow-up time.*her2g survival"):
        marker_values(samples(os_months=[1.0, 2.0, 3.0, 4.0]), ["os_months"])
    with pytest.raises(UsageError, match="no marker is named"):
        marker_values(samples(), [])


def test_sets_put_development_first():
    table = samples(hospital=["B", "A", "A", None], fold=["test", "train", "train", "test"])
    assert list(sample_sets(table, None)) == ["all"]
    assert list(sample_sets(table, "fold")) == ["train", "test"]
    chosen = sample_sets(table, "hospital", "B")
    assert {name: inside.tolist() for name, inside in chosen.items()} == {
        "B": [True, False, False, False],
        "A": [False, True, True, False],
    }
    with pytest.raises(UsageError, match="which value of hospital.*one of: A, B"):
        sample_sets(table, "hospital")
    with pytest.raises(UsageError, match="no sample is in the set 'C'"):
        sample_sets(table, "hospital", "C")
    with pytest.raises(SchemaError, match="no column named city"):
        sample_sets(table, "city")
    with pytest.raises(CohortError, match="no sample belongs to a set"):
        sample_sets(samples(empty=[None] * 4), "empty")
