"""Hormone-receptor status and surrogate subtype: hand-worked cases, boundaries, invariants, real cohorts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.her2 import HER2_RULES, classify_her2
from her2genomics.receptors import (
    HR_FLAGS,
    SUBTYPE_FLAGS,
    SUBTYPES,
    SubtypeRule,
    classify_hr,
    classify_subtype,
)

RULES: tuple[SubtypeRule, ...] = ("zhang2022", "stgallen2013", "maisonneuve2014")


def row_of(**cells: Any) -> pd.DataFrame:
    return pd.DataFrame({"sample_id": ["S"], **{name: [cell] for name, cell in cells.items()}})


def hr(cutoff: float = 1.0, inclusive: bool = True, **cells: Any) -> tuple[Any, ...]:
    """Return HR, ER, PR (None = missing) and the set of flags of one row."""
    row = classify_hr(row_of(**cells), cutoff=cutoff, inclusive=inclusive).iloc[0]
    statuses = (None if pd.isna(row[name]) else row[name] for name in ("hr_status", "er_status", "pr_status"))
    return (*statuses, set(filter(None, row["hr_flags"].split(";"))))


P, N = "positive", "negative"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"er_pct": 90, "pr_pct": 80}, (P, P, P, set())),
        ({"er_pct": 0, "pr_pct": 0}, (N, N, N, set())),
        ({"er_pct": 1, "pr_pct": 0}, (P, P, N, {"ER_LOW"})),
        ({"er_pct": 10, "pr_pct": 0}, (P, P, N, {"ER_LOW"})),
        ({"er_pct": 10.1, "pr_pct": 0}, (P, P, N, set())),
        ({"er_pct": 0.99, "pr_pct": 0.5}, (N, N, N, set())),
        ({"er_pct": 0, "pr_pct": 5}, (P, N, P, {"ER_NEGATIVE_PR_POSITIVE"})),
        ({"er_pct": 50}, (P, P, None, set())),
        ({"er_pct": 0}, (None, N, None, {"PR_MISSING"})),
        ({"pr_pct": 0}, (None, None, N, {"ER_MISSING"})),
        ({"pr_pct": 60}, (P, None, P, set())),
        ({}, (None, None, None, {"ER_MISSING", "PR_MISSING"})),
        ({"er_status": "Positive", "pr_status": "Negative"}, (P, P, N, set())),
        ({"er_status": "[Not Evaluated]", "pr_status": "Indeterminate"}, (None, None, None, {"ER_MISSING", "PR_MISSING"})),
        ({"er_status": "low positive", "pr_status": "neg"}, (P, P, N, set())),
        ({"er_status": "ER+", "pr_status": "PR-"}, (P, P, N, set())),
        # bins: the laboratory's status decides, a bin on one side of the cut-off stands in for it
        ({"er_pct": "<10%", "er_status": "Positive", "pr_pct": "<10%", "pr_status": "Negative"}, (P, P, N, {"ER_LOW"})),
        ({"er_pct": "<10%", "pr_pct": "0"}, (None, None, N, {"ER_MISSING"})),
        ({"er_pct": "50-59%", "pr_pct": "<1%"}, (P, P, N, set())),
        ({"er_pct": "1-10%", "pr_pct": "0"}, (P, P, N, {"ER_LOW"})),
        ({"er_pct": "10-19%", "er_status": "Negative", "pr_pct": "0"}, (N, N, N, {"ER_STATUS_CONTRADICTS_PERCENT"})),
        # one exact percentage decides against the status
        ({"er_pct": "5", "er_status": "negative", "pr_pct": "0"}, (P, P, N, {"ER_STATUS_CONTRADICTS_PERCENT", "ER_LOW"})),
        ({"er_pct": "0", "pr_pct": "0", "pr_status": "positive"}, (N, N, N, {"PR_STATUS_CONTRADICTS_PERCENT"})),
        # what cannot be read
        ({"er_pct": "130", "er_status": "positive", "pr_pct": "0"}, (None, None, N, {"ER_INVALID_VALUE", "ER_MISSING"})),
        ({"er_pct": "90", "pr_pct": "Allred 8"}, (P, P, None, {"PR_INVALID_VALUE"})),
        ({"er_pct": "90", "er_status": "yes or no", "pr_pct": "0"}, (None, None, N, {"ER_INVALID_VALUE", "ER_MISSING"})),
    ],
)  # fmt: skip
def test_hr_status(cells: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert hr(**cells) == expected


@pytest.mark.parametrize(
    ("cutoff", "inclusive", "percent", "status"),
    [
        (1, True, 1, P),
        (1, False, 1, N),
        (1, False, 1.01, P),
        (10, True, 10, P),
        (10, False, 10, N),
        (10, True, 9.9, N),
        (0, False, 0, N),
    ],
)
def test_the_cutoff_is_exact_and_can_be_exclusive(cutoff: float, inclusive: bool, percent: float, status: str) -> None:
    assert hr(cutoff, inclusive, er_pct=percent, pr_pct=0)[1] == status


def test_hr_table_shape_and_bad_cutoff() -> None:
    table = pd.DataFrame({"sample_id": ["a", "b"], "er_pct": [5, None]}, index=[4, 2])
    result = classify_hr(table)
    assert result.index.tolist() == [4, 2]
    assert list(result.columns) == ["sample_id", "hr_status", "er_status", "pr_status", "hr_flags"]
    assert classify_hr(table.iloc[:0]).empty
    with pytest.raises(UsageError, match="receptor cut-off 101 is not a percentage between 0 and 100"):
        classify_hr(table, cutoff=101)


CELL = (
    st.none()
    | st.text(max_size=10)
    | st.floats()
    | st.sampled_from(["<10%", "10", "positive", "Negative", "[Not Evaluated]"])
)


@given(st.fixed_dictionaries(dict.fromkeys(("er_pct", "er_status", "pr_pct", "pr_status"), CELL)))
def test_any_receptor_cell_is_read_missing_or_flagged(cells: dict[str, Any]) -> None:
    status, er, pr, flags = hr(**cells)
    assert flags <= set(HR_FLAGS)
    assert (status == P) == (P in (er, pr))
    assert (status == N) == (er == pr == N)
    if status is None:
        assert flags & {"ER_MISSING", "PR_MISSING"}


@given(st.floats(min_value=0, max_value=100), st.floats(min_value=0, max_value=100), st.sampled_from([1.0, 10.0]))
def test_more_staining_never_makes_a_receptor_negative(a: float, b: float, cutoff: float) -> None:
    less, more = (hr(cutoff, er_pct=value, pr_pct=0)[1] for value in sorted((a, b)))
    assert not (less == P and more == N)


# --- surrogate subtype --------------------------------------------------------------------------------------------


def subtype(
    rule: SubtypeRule = "zhang2022", ki67_cutoff: float | None = None, pr_cutoff: float = 20, **cells: Any
) -> tuple[str, set[str]]:
    table = row_of(**{"her2_group": "HER2-low", "hr_status": P, **cells})
    row = classify_subtype(table, rule=rule, ki67_cutoff=ki67_cutoff, pr_cutoff=pr_cutoff).iloc[0]
    return row["subtype"], set(filter(None, row["subtype_flags"].split(";")))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("her2", "hr_status", "expected"),
    [
        ("HER2-positive", P, "LumB_HER2pos"), ("HER2-positive", N, "HER2_enriched"), ("HER2-low", N, "TNBC"),
        ("HER2-zero", N, "TNBC"), (None, P, "indeterminate"), (None, N, "indeterminate"), ("HER2-low", None, "indeterminate"),
        ("HER2-positive", None, "indeterminate"), ("HER2-zero", P, "luminal, unresolved"),
    ],
)  # fmt: skip
def test_subtypes_that_need_no_ki67(rule: SubtypeRule, her2: str | None, hr_status: str | None, expected: str) -> None:
    assert subtype(rule, her2_group=her2, hr_status=hr_status, pr_pct=50)[0] == expected


@pytest.mark.parametrize(
    ("rule", "ki67", "pr", "expected"),
    [
        ("zhang2022", 13.9, 0, "LumA"), ("zhang2022", 14, 90, "LumB_HER2neg"),
        ("stgallen2013", 19.9, 20, "LumA"), ("stgallen2013", 20, 90, "LumB_HER2neg"), ("stgallen2013", 5, 19.9, "LumB_HER2neg"),
        ("maisonneuve2014", 13.9, 0, "LumA"), ("maisonneuve2014", 14, 20, "LumA"), ("maisonneuve2014", 14, 19.9, "LumB_HER2neg"),
        ("maisonneuve2014", 19.9, 20, "LumA"), ("maisonneuve2014", 20, 90, "LumB_HER2neg"),
    ],
)  # fmt: skip
def test_luminal_a_and_b(rule: SubtypeRule, ki67: float, pr: float, expected: str) -> None:
    assert subtype(rule, ki67_pct=ki67, pr_pct=pr) == (expected, set())


def test_ki67_does_not_matter_for_luminal_her2_positive() -> None:
    for ki67 in (0, 13, 14, 90, None):
        for rule in RULES:
            assert subtype(rule, her2_group="HER2-positive", ki67_pct=ki67) == ("LumB_HER2pos", set())


def test_cutoffs_can_be_set() -> None:
    assert subtype(ki67_cutoff=20, ki67_pct=19)[0] == "LumA"
    assert subtype("stgallen2013", ki67_cutoff=14, ki67_pct=14, pr_pct=90)[0] == "LumB_HER2neg"
    assert subtype("stgallen2013", pr_cutoff=10, ki67_pct=5, pr_pct=10)[0] == "LumA"


@pytest.mark.parametrize(
    ("rule", "cells", "expected"),
    [
        ("zhang2022", {}, ("luminal, unresolved", {"KI67_MISSING"})),
        ("zhang2022", {"ki67_pct": "10-19%"}, ("luminal, unresolved", {"KI67_MISSING"})),
        ("zhang2022", {"ki67_pct": "20-29%"}, ("LumB_HER2neg", set())),
        ("zhang2022", {"ki67_pct": "<14%"}, ("LumA", set())),
        ("zhang2022", {"ki67_pct": "high"}, ("luminal, unresolved", {"KI67_INVALID_VALUE"})),
        ("stgallen2013", {"pr_pct": 5}, ("luminal, unresolved", {"KI67_MISSING"})),
        ("stgallen2013", {"ki67_pct": 5}, ("luminal, unresolved", {"PR_PCT_MISSING"})),
        ("stgallen2013", {"ki67_pct": 5, "pr_pct": "<10%"}, ("LumB_HER2neg", set())),
        ("stgallen2013", {"ki67_pct": 5, "pr_status": "negative"}, ("LumB_HER2neg", set())),
        ("stgallen2013", {"ki67_pct": 5, "pr_pct": "some"}, ("luminal, unresolved", {"PR_INVALID_VALUE"})),
        ("stgallen2013", {"ki67_pct": 30}, ("LumB_HER2neg", set())),
        ("maisonneuve2014", {"ki67_pct": 10}, ("LumA", set())),
        ("maisonneuve2014", {"ki67_pct": 15}, ("luminal, unresolved", {"PR_PCT_MISSING"})),
        ("stgallen2013", {"ki67_pct": 5, "pr_pct": 50, "er_status": "negative", "pr_status": "positive"}, ("LumA", {"ER_NEGATIVE_PR_POSITIVE"})),
    ],
)  # fmt: skip
def test_what_is_missing_or_unusual_is_flagged(
    rule: SubtypeRule, cells: dict[str, Any], expected: tuple[str, set[str]]
) -> None:
    assert subtype(rule, **cells) == expected


def test_her2_negative_that_cannot_be_split_still_has_a_subtype() -> None:
    status = classify_her2(row_of(ish_reported="negative"))
    assert status["her2_group"].isna().all()
    joined = status.assign(hr_status="negative")
    assert classify_subtype(joined)[["subtype", "subtype_flags"]].values.tolist() == [["TNBC", "HER2_NEGATIVE_UNSPLIT"]]
    equivocal = classify_her2(row_of(ihc="2+")).assign(hr_status="negative")
    assert classify_subtype(equivocal)[["subtype", "subtype_flags"]].values.tolist() == [
        ["indeterminate", "HER2_MISSING"]
    ]


def test_single_probe_ish_stays_indeterminate_for_the_study() -> None:
    status = classify_her2(row_of(ihc="2+", fish_her2_cn="3.0"), rule="zhang2022").assign(hr_status="negative")
    assert classify_subtype(status)["subtype"].tolist() == ["indeterminate"]


def test_subtype_errors() -> None:
    table = row_of(her2_group="HER2-low", hr_status=P)
    with pytest.raises(
        UsageError, match="unknown subtype rule 'pam50'; use one of: zhang2022, stgallen2013, maisonneuve2014"
    ):
        classify_subtype(table, rule="pam50")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="maisonneuve2014 has its own Ki67 cut-offs"):
        classify_subtype(table, rule="maisonneuve2014", ki67_cutoff=14)
    with pytest.raises(UsageError, match="Ki67 cut-off -1 is not a percentage"):
        classify_subtype(table, ki67_cutoff=-1)
    with pytest.raises(SchemaError, match="missing column hr_status; run classify_hr first"):
        classify_subtype(table.drop(columns="hr_status"))
    with pytest.raises(SchemaError, match="sample S: column her2_group: value 'HER2\\+' is not one of"):
        classify_subtype(table.assign(her2_group="HER2+"))


@given(
    st.sampled_from(RULES),
    st.fixed_dictionaries(
        {
            "her2_group": st.sampled_from([None, "HER2-zero", "HER2-low", "HER2-positive"]),
            "hr_status": st.sampled_from([None, P, N]),
            "ki67_pct": CELL,
            "pr_pct": CELL,
            "pr_status": CELL,
        }
    ),
)
def test_any_subtype_is_in_the_vocabulary_and_missing_her2_or_hr_decides_nothing(
    rule: SubtypeRule, cells: dict[str, Any]
) -> None:
    name, flags = subtype(rule, **cells)
    assert name in SUBTYPES
    assert flags <= set(SUBTYPE_FLAGS)
    assert (name == "indeterminate") == (cells["her2_group"] is None or cells["hr_status"] is None)
    assert (name in ("indeterminate", "luminal, unresolved")) == bool(flags - {"ER_NEGATIVE_PR_POSITIVE"})


# --- real and simulated cohorts -----------------------------------------------------------------------------------


@pytest.mark.real_data
def test_gdph_like_status_and_subtypes_are_reproduced_by_the_study_rule(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "gdph_like" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)
    her2_names = {
        "her2_ihc": "ihc",
        "her2_fish_ratio": "fish_ratio",
        "her2_fish_cn": "fish_her2_cn",
        "her2_fish_cep17_cn": "fish_cep17_cn",
    }
    status = classify_hr(table)
    assert status["hr_status"].tolist() == table["truth_hr"].tolist()
    agreement = {}
    for her2_rule in HER2_RULES:
        her2 = classify_her2(table.rename(columns=her2_names), rule=her2_rule)
        joined = table.assign(her2_group=her2["her2_group"], **status.drop(columns="sample_id"))
        for rule in RULES:
            subtypes = classify_subtype(joined, rule=rule)["subtype"]
            agreement[her2_rule, rule] = int((subtypes == table["truth_subtype"]).sum())
    assert {rule: agreement["ascocap2018", rule] for rule in RULES} == {
        "zhang2022": 523,
        "stgallen2013": 485,
        "maisonneuve2014": 509,
    }
    assert all(agreement["zhang2022", rule] == agreement["ascocap2018", rule] for rule in RULES)


@pytest.mark.real_data
def test_tcga_brca_status_decides_because_percentages_are_bins(shared_data: Path) -> None:
    path = shared_data / "tcga_brca" / "nationwidechildrens.org_clinical_patient_brca.txt.gz"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, skiprows=[1, 2]).rename(
        columns={"er_status_by_ihc": "er_status", "er_status_ihc_Percent_Positive": "er_pct",
                 "pr_status_by_ihc": "pr_status", "pr_status_ihc_percent_positive": "pr_pct"}
    )  # fmt: skip
    status = classify_hr(table)
    for receptor in ("er_status", "pr_status"):
        said = table[receptor].str.lower()
        judged = said.isin(["positive", "negative"])
        assert (status.loc[judged, receptor] == said[judged]).all()
    assert status["hr_status"].value_counts().to_dict() == {"positive": 828, "negative": 220}
    assert not status["hr_flags"].str.contains("INVALID").any()
