from __future__ import annotations

import pandas as pd
import pytest

from her2genomics.clinical_variables import category_text, counted_level, describe_variables
from her2genomics.exceptions import SchemaError

GROUP = ["zero", "zero", "low", "low", "low", "positive"]


def kind(values: list[object], name: str = "x") -> str:
    table = pd.DataFrame({"her2_group": GROUP, name: values})
    return describe_variables(table, "her2_group")[0].kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["pre", "post", "pre", "post", "pre", None], "binary"),
        (["1", "2", "3", "2", "1", "2"], "categorical"),
        (["1.5", "2.25", "3", "2", "1", "2"], "numeric"),
        ([str(v) for v in (12, 40, 33, 21, 50, 61)], "numeric"),
        (["a", "a", "a", None, "a", "a"], "skipped"),
        ([None] * 6, "skipped"),
        (["<5", "6", "7", "8", "9", "10"], "categorical"),
        (pd.array([True, False, None, True, True, False], dtype="boolean"), "binary"),
    ],
)
def test_kinds(values: list[object], expected: str) -> None:
    assert kind(values) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [("patient_id", "identifier"), ("ihc", "HER2 evidence"), ("dfs_months", "follow-up"), ("hr_flags", "flags"),
     ("copy", "same partition")],
)  # fmt: skip
def test_columns_that_are_no_variables(name: str, reason: str) -> None:
    values = GROUP if name == "copy" else ["a", "b", "c", "d", "e", "a"]
    variable = describe_variables(pd.DataFrame({"her2_group": GROUP, name: values}), "her2_group")[0]
    assert variable.kind == "skipped"
    assert reason in variable.reason


def test_free_text_is_skipped_with_its_size() -> None:
    table = pd.DataFrame({"g": ["a", "b"] * 10, "remark": [f"text {i}" for i in range(20)]})
    assert "20 different texts" in describe_variables(table, "g")[0].reason


def test_levels_and_the_counted_one() -> None:
    table = pd.DataFrame({"g": ["a", "b", "a", "b"], "er_status": ["positive", "negative", "positive", "positive"]})
    variable = describe_variables(table, "g")[0]
    assert variable.levels == ("negative", "positive")
    assert variable.counted == "positive"
    assert counted_level(["I", "II"]) == "II"


def test_asked_columns_must_exist_and_are_not_reserved() -> None:
    table = pd.DataFrame({"g": ["a", "b", "b"], "patient_id": ["p", "q", "p"]})
    assert describe_variables(table, "g", only=["patient_id"])[0].kind == "binary"
    with pytest.raises(SchemaError, match="no clinical column named nope"):
        describe_variables(table, "g", only=["nope"])


def test_levels_of_numbers_are_written_shortly_and_zero_without_a_sign() -> None:
    values = pd.Series([-0.0, 2.0, None, 0.5, 0.0, 2.0], dtype="Float64", index=[3, 1, 4, 0, 5, 9], name="x")
    text = category_text(values)
    assert text.fillna("missing").tolist() == ["0", "2", "missing", "0.5", "0", "2"]
    assert text.index.equals(values.index)
    assert text.name == "x"
