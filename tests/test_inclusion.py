from __future__ import annotations

import tomllib

import pandas as pd
import pytest

from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.inclusion import apply_rules, parse_rules

SAMPLES = pd.DataFrame(
    {
        "sample_id": list("abcdef"),
        "age": pd.array([30, 80, 50, None, 45, 17], dtype="Float64"),
        "naive": ["Yes", "Yes", "No", "Yes", None, "Yes"],
        "er_status": ["positive", None, "negative", "positive", "positive", "positive"],
    }
)
RULES = """
[[rule]]
name = "treatment-naive"
column = "naive"
equals = "Yes"
[[rule]]
name = "ER known"
columns = ["er_status"]
present = true
[[rule]]
name = "adults under 75"
column = "age"
min = 18
max = 75
missing = "keep"
"""


def test_rules_apply_in_order_and_count() -> None:
    keep, attrition = apply_rules(SAMPLES, parse_rules(tomllib.loads(RULES)))
    assert SAMPLES.loc[keep, "sample_id"].tolist() == ["a", "d"]
    assert attrition[["rule", "n_before", "n_dropped", "n_after"]].values.tolist() == [
        ["treatment-naive", 6, 2, 4], ["ER known", 4, 1, 3], ["adults under 75", 3, 1, 2],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ('in = ["Yes"]', "abdf"),
        ('not_in = ["Yes"]', "c"),
        ('not_in = ["Yes"]\nmissing = "keep"', "ce"),
        ("present = false", "e"),
    ],
)
def test_each_test_and_missing_values(rule: str, kept: str) -> None:
    keep, _ = apply_rules(SAMPLES, parse_rules(tomllib.loads(f'[[rule]]\ncolumn = "naive"\n{rule}')))
    assert "".join(SAMPLES.loc[keep, "sample_id"]) == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"no \[\[rule\]\]"),
        ('[[rule]]\ncolumn = "age"', "needs a column and a test"),
        ('[[rule]]\ncolumn = "age"\nover = 3', "unknown key over"),
        ('[[rule]]\ncolumn = "age"\nmin = 3\nmissing = "maybe"', "'keep' or 'drop'"),
    ],
)
def test_rules_that_make_no_sense(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_rules(tomllib.loads(text), "rules.toml")


def test_rules_on_absent_or_textual_columns() -> None:
    with pytest.raises(SchemaError, match="'rule 1' needs column nope"):
        apply_rules(SAMPLES, parse_rules({"rule": [{"column": "nope", "present": True}]}))
    with pytest.raises(SchemaError, match="compares text with a number"):
        apply_rules(SAMPLES, parse_rules({"rule": [{"column": "naive", "min": 3}]}))
