"""Small cohorts made in the test."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from her2genomics.cohort import Cohort, cohort_from_table


def repeat(*parts: tuple[object, int]) -> list[object]:
    """Return the values, each as often as said."""
    return [value for value, times in parts for _ in range(times)]


@pytest.fixture(scope="session")
def cells() -> Callable[..., list[object]]:
    return repeat


@pytest.fixture(scope="session")
def hr_cohort() -> Cohort:
    """TP53 in HER2-zero and HER2-low by hormone-receptor status, with the printed counts, and 20 HER2-positive."""
    strata = [("zero", "positive", 20, 60), ("zero", "negative", 26, 30), ("low", "positive", 53, 202),
              ("low", "negative", 21, 29), ("positive", "positive", 6, 10), ("positive", "negative", 8, 10)]  # fmt: skip
    rows = [
        {"her2_group": group, "hr_status": hr, "TP53": "R175H" if i < altered else "WT", "age": 40 + (7 * i) % 31}
        for group, hr, altered, n in strata
        for i in range(n)
    ]
    table = pd.DataFrame(rows).astype({"age": "string"})
    table.insert(0, "sample_id", [f"s{i}" for i in range(len(table))])
    table["tmb"] = [str(float(i % 9)) for i in range(len(table))]
    table["PIK3CA"] = ["H1047R" if i % 11 == 0 else "WT" for i in range(len(table))]
    return cohort_from_table(table)


@pytest.fixture(scope="session")
def row() -> Callable[..., pd.Series]:
    """Return a function that picks the one row of a feature and contrast."""

    def pick(table: pd.DataFrame, feature: str, contrast: str, **more: str) -> pd.Series:
        chosen = (table["feature"] == feature) & (table["contrast"] == contrast)
        for column, value in more.items():
            chosen &= table[column] == value
        assert chosen.sum() == 1, table[chosen]
        return table[chosen].iloc[0]

    return pick
