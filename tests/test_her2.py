"""HER2 groups: truth table, every IHC x ISH cell by hand, invariants, real cohorts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import DataWarning, SchemaError, UsageError
from her2genomics.her2 import HER2_FLAGS, HER2_RULES, Her2Rule, classify_her2, compare_rules, invalid_rows
from her2genomics.her2_evidence import HER2_COLUMNS
from her2genomics.receptors import HR_FLAGS, SUBTYPE_FLAGS

TRUTH_TABLE = Path(__file__).parent / "reference" / "her2_truth_table.tsv"

# One pair of numbers per ISH group: ratio, HER2 signals, CEP17 signals.
NUMBERS = {
    1: ("3.2", "9.6", "3.0"), 2: ("2.4", "3.6", "1.5"), 3: ("1.6", "7.2", "4.5"), 4: ("1.5", "4.8", "3.2"),
    5: ("1.1", "2.4", "2.2"),
}  # fmt: skip


def classify(rule: Her2Rule = "ascocap2018", **cells: Any) -> pd.Series:
    """Classify one row."""
    return classify_her2(
        pd.DataFrame({"sample_id": ["S"], **{name: [cell] for name, cell in cells.items()}}), rule=rule
    ).iloc[0]


def in_group(ish_group: int, **cells: Any) -> dict[str, Any]:
    ratio, her2, cep17 = NUMBERS[ish_group]
    return {"fish_ratio": ratio, "fish_her2_cn": her2, "fish_cep17_cn": cep17, **cells}


def outcome(row: pd.Series) -> tuple[str, str | None, set[str]]:
    """Return ASCO/CAP result, group without its prefix, and flags."""
    group = None if pd.isna(row["her2_group"]) else str(row["her2_group"]).removeprefix("HER2-")
    return row["asco_cap_2018"], group, flags_of(row)


def flags_of(row: pd.Series) -> set[str]:
    return set(filter(None, str(row["her2_flags"]).split(";")))


# --- the truth table ----------------------------------------------------------------------------------------------


def truth_cases() -> list[Any]:
    table = pd.read_csv(TRUTH_TABLE, sep="\t", dtype=str, keep_default_na=False)
    return [pytest.param(case, id=case["case_id"]) for case in table.to_dict("records")]


def expected_group(text: str) -> str | None:
    return None if text in ("indeterminate", "error") else f"HER2-{text}"


@pytest.mark.parametrize("case", truth_cases())
def test_truth_table(case: dict[str, str]) -> None:
    cells = {name: case[name] for name in HER2_COLUMNS if name in case}
    row, study = classify(**cells), classify("zhang2022", **cells)
    assert row["asco_cap_2018"] == study["asco_cap_2018"] == case["asco_cap_2018"]
    assert (None if pd.isna(row["her2_group"]) else row["her2_group"]) == expected_group(case["group3"])
    assert (None if pd.isna(row["her2_tier4"]) else row["her2_tier4"]) == expected_group(case["group4"])
    assert (None if pd.isna(study["her2_group"]) else study["her2_group"]) == expected_group(case["zhang2022_rule"])
    assert flags_of(row) == flags_of(study) == set(filter(None, case["flags"].split(";")))


def test_the_truth_table_is_there_whole() -> None:
    assert len(truth_cases()) == 35


# --- every IHC x ISH group, by hand -------------------------------------------------------------------------------

COMMENT, RECOUNT = "NEGATIVE_WITH_COMMENT", "RECOUNT_REQUIRED"
DISCORDANT, REPEAT = "IHC_ISH_DISCORDANT", "REPEAT_TEST"
NEEDS_IHC = "CONCOMITANT_IHC_REQUIRED"

GRID = {
    ("0", 1): ("positive", "positive", {DISCORDANT, REPEAT}),
    ("0", 2): ("negative", "zero", {COMMENT}),
    ("0", 3): ("negative", "zero", {COMMENT}),
    ("0", 4): ("negative", "zero", {COMMENT}),
    ("0", 5): ("negative", "zero", set()),
    ("1+", 1): ("positive", "positive", {DISCORDANT, REPEAT}),
    ("1+", 2): ("negative", "low", {COMMENT}),
    ("1+", 3): ("negative", "low", {COMMENT}),
    ("1+", 4): ("negative", "low", {COMMENT}),
    ("1+", 5): ("negative", "low", set()),
    ("2+", 1): ("positive", "positive", set()),
    ("2+", 2): ("negative", "low", {COMMENT, RECOUNT}),
    ("2+", 3): ("positive", "positive", {RECOUNT}),
    ("2+", 4): ("negative", "low", {COMMENT, RECOUNT}),
    ("2+", 5): ("negative", "low", set()),
    ("3+", 1): ("positive", "positive", set()),
    ("3+", 2): ("positive", "positive", {DISCORDANT}),
    ("3+", 3): ("positive", "positive", {DISCORDANT}),
    ("3+", 4): ("positive", "positive", {DISCORDANT}),
    ("3+", 5): ("positive", "positive", {DISCORDANT}),
    (None, 1): ("positive", "positive", set()),
    (None, 2): ("indeterminate", None, {NEEDS_IHC}),
    (None, 3): ("indeterminate", None, {NEEDS_IHC}),
    (None, 4): ("indeterminate", None, {NEEDS_IHC}),
    (None, 5): ("negative", None, {NEEDS_IHC}),
}  # fmt: skip


@pytest.mark.parametrize(("ihc", "ish_group"), GRID)
def test_every_cell_of_ihc_by_ish_group(ihc: str | None, ish_group: int) -> None:
    assert outcome(classify(**in_group(ish_group, ihc=ihc))) == GRID[ihc, ish_group]


@pytest.mark.parametrize(("ihc", "ish_group"), GRID)
def test_the_study_reads_fish_for_2_plus_only(ihc: str | None, ish_group: int) -> None:
    """Of the five pairs of numbers only group 1 (ratio 3.2, 9.6 signals) is FISH-positive by the study's rule."""
    expected = {"0": "zero", "1+": "low", "3+": "positive", None: None, "2+": "positive" if ish_group == 1 else "low"}
    assert outcome(classify("zhang2022", **in_group(ish_group, ihc=ihc)))[1] == expected[ihc]


@pytest.mark.parametrize(
    ("ihc", "ish_group", "expected"),
    [
        ("2+", 2, ("negative", "low", {COMMENT})),
        ("2+", 3, ("positive", "positive", set())),
        ("2+", 4, ("negative", "low", {COMMENT})),
        ("1+", 4, ("negative", "low", {COMMENT})),
        ("2+", 1, ("positive", "positive", set())),
        (None, 3, ("indeterminate", None, {NEEDS_IHC})),
    ],
)
def test_a_confirmed_recount_settles_the_group(ihc: str | None, ish_group: int, expected: Any) -> None:
    assert outcome(classify(**in_group(ish_group, ihc=ihc, recount="confirmed"))) == expected
    same = in_group(ish_group, ihc=ihc, recount=f"changed_to_group{ish_group}")
    assert outcome(classify(**same)) == expected


@pytest.mark.parametrize("ihc", ["0", "1+", "2+", None])
@pytest.mark.parametrize("ish_group", NUMBERS)
def test_a_recount_that_changes_the_group_is_adjudicated(ihc: str | None, ish_group: int) -> None:
    changed = in_group(ish_group, ihc=ihc, recount=f"changed_to_group{ish_group % 5 + 1}")
    assert outcome(classify(**changed)) == ("indeterminate", None, {"ADJUDICATE"})


def test_no_recount_moves_ihc_3_plus_and_the_study_ignores_recounts() -> None:
    changed = in_group(4, recount="changed_to_group1")
    assert outcome(classify(ihc="3+", **changed)) == ("positive", "positive", {DISCORDANT})
    assert outcome(classify("zhang2022", ihc="2+", **changed))[1] == "low"


# --- without a complete dual-probe ISH ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ihc", "expected"),
    [
        ("0", ("negative", "zero", {"ULTRALOW_UNKNOWN"})), ("1+", ("negative", "low", set())),
        ("2+", ("equivocal", None, {"ISH_REQUIRED"})), ("3+", ("positive", "positive", set())),
        (None, ("unknown", None, {"NO_DATA"})),
    ],
)  # fmt: skip
def test_ihc_alone(ihc: str | None, expected: Any) -> None:
    assert outcome(classify(ihc=ihc)) == expected


@pytest.mark.parametrize(
    ("ihc", "signals", "expected"),
    [
        ("0", "6.0", ("positive", "positive", {DISCORDANT, REPEAT})),
        ("1+", "7.0", ("positive", "positive", {DISCORDANT, REPEAT})),
        ("2+", "6.0", ("positive", "positive", set())),
        ("3+", "7.0", ("positive", "positive", set())),
        (None, "6.0", ("positive", "positive", set())),
        ("0", "5.99", ("negative", "zero", set())),
        ("1+", "4.0", ("negative", "low", set())),
        ("2+", "5.99", ("indeterminate", None, {"DUAL_PROBE_REQUIRED"})),
        ("2+", "4.0", ("indeterminate", None, {"DUAL_PROBE_REQUIRED"})),
        ("3+", "5.0", ("positive", "positive", set())),
        (None, "5.0", ("indeterminate", None, {NEEDS_IHC, "DUAL_PROBE_REQUIRED"})),
        ("0", "3.99", ("negative", "zero", set())),
        ("1+", "3.0", ("negative", "low", set())),
        ("2+", "3.99", ("negative", "low", set())),
        ("3+", "3.0", ("positive", "positive", {DISCORDANT})),
        (None, "3.0", ("negative", None, {NEEDS_IHC})),
    ],
)
def test_single_probe(ihc: str | None, signals: str, expected: Any) -> None:
    assert outcome(classify(ihc=ihc, ish_assay="single", fish_her2_cn=signals)) == expected
    assert outcome(classify(ihc=ihc, fish_her2_cn=signals)) == expected
    study = {"0": "zero", "1+": "low", "2+": None, "3+": "positive", None: None}[ihc]
    assert outcome(classify("zhang2022", ihc=ihc, fish_her2_cn=signals))[1] == study


@pytest.mark.parametrize(
    ("ihc", "reported", "expected", "study"),
    [
        ("0", "positive", ("positive", "positive", {DISCORDANT, REPEAT}), "zero"),
        ("1+", "positive", ("positive", "positive", {DISCORDANT, REPEAT}), "low"),
        ("2+", "positive", ("positive", "positive", set()), "positive"),
        ("3+", "positive", ("positive", "positive", set()), "positive"),
        (None, "positive", ("positive", "positive", set()), None),
        ("0", "negative", ("negative", "zero", set()), "zero"),
        ("1+", "negative", ("negative", "low", set()), "low"),
        ("2+", "negative", ("negative", "low", set()), "low"),
        ("3+", "negative", ("positive", "positive", {DISCORDANT}), "positive"),
        (None, "negative", ("negative", None, {NEEDS_IHC}), None),
        ("0", "equivocal", ("negative", "zero", {"LEGACY_2013_EQUIVOCAL"}), "zero"),
        ("1+", "equivocal", ("negative", "low", {"LEGACY_2013_EQUIVOCAL"}), "low"),
        ("2+", "equivocal", ("equivocal", None, {"LEGACY_2013_EQUIVOCAL"}), None),
        ("3+", "equivocal", ("positive", "positive", {"LEGACY_2013_EQUIVOCAL"}), "positive"),
        (None, "equivocal", ("equivocal", None, {"LEGACY_2013_EQUIVOCAL"}), None),
        ("1+", "indeterminate", ("negative", "low", set()), "low"),
        ("2+", "indeterminate", ("indeterminate", None, {REPEAT}), None),
        (None, "indeterminate", ("indeterminate", None, {REPEAT}), None),
        ("2+", "Not Performed", ("equivocal", None, {"ISH_REQUIRED"}), None),
        ("2+", "[Not Available]", ("equivocal", None, {"ISH_REQUIRED"}), None),
    ],
)
def test_reported_call(ihc: str | None, reported: str, expected: Any, study: str | None) -> None:
    assert outcome(classify(ihc=ihc, ish_reported=reported)) == expected
    assert outcome(classify("zhang2022", ihc=ihc, ish_reported=reported))[1] == study


@pytest.mark.parametrize(
    ("ihc", "ish_group", "reported", "contradicts"),
    [
        ("2+", 1, "negative", True), ("2+", 5, "positive", True), ("2+", 3, "negative", True), ("2+", 4, "positive", True),
        ("0", 5, "positive", True), (None, 1, "negative", True), (None, 5, "positive", True), ("2+", 1, "positive", False),
        ("2+", 3, "positive", False), ("1+", 4, "negative", False), ("2+", 5, "equivocal", False), (None, 3, "positive", False),
    ],
)  # fmt: skip
def test_a_reported_call_against_the_numbers(ihc: str | None, ish_group: int, reported: str, contradicts: bool) -> None:
    result, group, flags = outcome(classify(**in_group(ish_group, ihc=ihc, ish_reported=reported)))
    assert ("TEXT_CONTRADICTS_NUMBERS" in flags) == contradicts
    if contradicts:
        assert (result, group) == ("indeterminate", None)
        assert outcome(classify("zhang2022", **in_group(ish_group, ihc=ihc, ish_reported=reported)))[1] == (
            "zero" if ihc == "0" else None
        )
    else:
        assert (result, group) == GRID[ihc, ish_group][:2]


def test_a_reported_call_against_the_numbers_is_flagged_but_does_not_undo_ihc_3_plus() -> None:
    assert outcome(classify(**in_group(1, ihc="3+", ish_reported="negative"))) == (
        "positive",
        "positive",
        {"TEXT_CONTRADICTS_NUMBERS"},
    )
    assert flags_of(classify(**in_group(5, ihc="3+", ish_reported="positive"))) == {
        DISCORDANT,
        "TEXT_CONTRADICTS_NUMBERS",
    }


@pytest.mark.parametrize(
    ("ihc", "ratio", "reported", "expected"),
    [
        ("2+", "3.2", None, ("equivocal", None, {"RATIO_WITHOUT_SIGNALS", "ISH_REQUIRED"})),
        ("2+", "1.1", None, ("equivocal", None, {"RATIO_WITHOUT_SIGNALS", "ISH_REQUIRED"})),
        ("1+", "1.1", None, ("negative", "low", {"RATIO_WITHOUT_SIGNALS"})),
        ("1+", "3.2", None, ("indeterminate", None, {"RATIO_WITHOUT_SIGNALS"})),
        ("3+", "1.1", None, ("positive", "positive", {"RATIO_WITHOUT_SIGNALS", DISCORDANT})),
        (None, "1.1", None, ("indeterminate", None, {"RATIO_WITHOUT_SIGNALS", NEEDS_IHC})),
        ("2+", "3.2", "positive", ("positive", "positive", set())),
        ("2+", "1.1", "negative", ("negative", "low", set())),
        ("2+", "2.1", "negative", ("indeterminate", None, {"TEXT_CONTRADICTS_NUMBERS"})),
        ("2+", "1.9", "positive", ("indeterminate", None, {"TEXT_CONTRADICTS_NUMBERS"})),
    ],
)
def test_a_ratio_without_signals(ihc: str | None, ratio: str, reported: str | None, expected: Any) -> None:
    assert outcome(classify(ihc=ihc, fish_ratio=ratio, ish_reported=reported)) == expected


@pytest.mark.parametrize(
    ("ihc", "expected"),
    [
        ("3+", ("positive", "positive", {"RATIO_CONTRADICTS_SIGNALS"})),
        ("1+", ("indeterminate", None, {"RATIO_CONTRADICTS_SIGNALS"})),
        (None, ("indeterminate", None, {"RATIO_CONTRADICTS_SIGNALS"})),
    ],
)
def test_a_contradictory_ratio(ihc: str | None, expected: Any) -> None:
    assert outcome(classify(ihc=ihc, fish_ratio="3.2", fish_her2_cn="9.6", fish_cep17_cn="5.0")) == expected


def test_a_contradictory_ratio_that_changes_no_group_is_only_flagged() -> None:
    row = classify(ihc="2+", fish_ratio="1.1", fish_her2_cn="2.4", fish_cep17_cn="1.8")
    assert outcome(row) == ("negative", "low", {"RATIO_CONTRADICTS_SIGNALS"})


# --- boundaries, percentages, spellings ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "her2", "ascocap", "study"),
    [
        ("2.0", "6.0", "positive", "low"),  # more than 6.0, not 6.0
        ("2.0", "6.01", "positive", "positive"),
        ("1.99", "6.0", "positive", "low"),  # group 3
        ("1.99", "5.99", "low", "low"),
        ("2.0", "4.0", "positive", "low"),
        ("2.0", "3.99", "low", "low"),
        ("1.999999", "4.0", "low", "low"),
    ],
)
def test_boundaries_for_ihc_2_plus(ratio: str, her2: str, ascocap: str, study: str) -> None:
    cells = {"ihc": "2+", "fish_ratio": ratio, "fish_her2_cn": her2}
    assert outcome(classify(**cells))[1] == ascocap
    assert outcome(classify("zhang2022", **cells))[1] == study


@pytest.mark.parametrize(
    ("ihc", "percent", "asco_cap", "group", "tier"),
    [
        ("0", "0", "negative", "HER2-zero", "HER2-zero"),
        ("0", "0.5", "negative", "HER2-zero", "HER2-ultralow"),
        ("0", "10", "negative", "HER2-zero", "HER2-ultralow"),
        ("0", "11", "negative", None, None),  # 11 % is 1+ by definition
        ("1+", "11", "negative", "HER2-low", "HER2-low"),
        ("1+", "10", "negative", None, None),
        ("3+", "10", "indeterminate", None, None),
        ("2+", "10", "equivocal", None, None),
    ],
)
def test_stained_percentage(ihc: str, percent: str, asco_cap: str, group: str | None, tier: str | None) -> None:
    row = classify(ihc=ihc, ihc_membrane_pct=percent)
    assert row["asco_cap_2018"] == asco_cap
    assert (None if pd.isna(row["her2_group"]) else row["her2_group"]) == group
    assert (None if pd.isna(row["her2_tier4"]) else row["her2_tier4"]) == tier


def test_a_percentage_of_another_score_matters_only_where_the_result_depends_on_it() -> None:
    amplified = classify(**in_group(1, ihc="0", ihc_membrane_pct="11"))
    assert outcome(amplified) == ("positive", "positive", {"IHC_CONTRADICTS_PERCENT", DISCORDANT, REPEAT})
    assert "belongs to IHC 1+" in amplified["her2_reason"]


def test_ambiguous_ihc_is_read_as_no_ihc() -> None:
    assert outcome(classify(ihc="0-1+")) == ("unknown", None, {"AMBIGUOUS_IHC"})
    assert outcome(classify(**in_group(1, ihc="1+~2+"))) == ("positive", "positive", {"AMBIGUOUS_IHC"})
    assert outcome(classify(**in_group(5, ihc="1+~2+"))) == ("negative", None, {"AMBIGUOUS_IHC", NEEDS_IHC})


def test_reasons_name_score_and_ish() -> None:
    assert classify(**in_group(5, ihc="2+"))["her2_reason"] == "IHC 2+, ISH group 5"
    assert classify(ihc="2+")["her2_reason"] == "IHC 2+, no ISH: ISH is required"
    assert classify(ihc="4+")["her2_reason"] == "invalid value: ihc '4+' is not 0, 1+, 2+ or 3+"
    assert "FISH is read for IHC 2+ only" in classify("zhang2022", **in_group(1, ihc="1+"))["her2_reason"]


# --- tables -------------------------------------------------------------------------------------------------------


def test_table_keeps_every_row_in_order_with_the_declared_columns() -> None:
    table = pd.DataFrame({"sample_id": ["b", "a", "c"], "ihc": ["4+", "1+", None]}, index=[7, 3, 5])
    status = classify_her2(table)
    assert status.index.tolist() == [7, 3, 5]
    assert status["sample_id"].tolist() == ["b", "a", "c"]
    assert list(status.columns) == schema.HER2_STATUS.names
    assert status["her2_group"].cat.ordered
    assert status["her2_group"].cat.categories.tolist() == ["HER2-zero", "HER2-low", "HER2-positive"]
    assert status["her2_tier4"].cat.categories.tolist() == ["HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive"]
    schema.check(status, schema.HER2_STATUS)
    assert invalid_rows(status)["sample_id"].tolist() == ["b"]


def test_numbers_and_text_give_the_same_result() -> None:
    text = pd.DataFrame(
        {"ihc": ["0", "2+", "2+"], "fish_ratio": ["NA", "2.0", "1.1"], "fish_her2_cn": ["NA", "4.0", "2.4"]}
    )
    numbers = text.assign(fish_ratio=[np.nan, 2.0, 1.1], fish_her2_cn=[np.nan, 4.0, 2.4])
    pd.testing.assert_frame_equal(classify_her2(text), classify_her2(numbers))
    scores = classify_her2(pd.DataFrame({"ihc": [0.0, 1.0, np.nan, 3.0]}))
    assert scores["her2_group"].tolist()[:2] == ["HER2-zero", "HER2-low"]
    assert scores["her2_flags"].tolist() == ["ULTRALOW_UNKNOWN", "NORMALISED", "NO_DATA", "NORMALISED"]


def test_empty_table_and_table_without_sample_id() -> None:
    empty = classify_her2(pd.DataFrame({"sample_id": [], "ihc": []}))
    assert empty.empty
    assert list(empty.columns) == schema.HER2_STATUS.names
    assert classify_her2(pd.DataFrame({"ihc": ["0"]}, index=["S1"]))["sample_id"].tolist() == ["S1"]


def test_a_table_without_her2_columns_warns() -> None:
    with pytest.warns(DataWarning, match="no HER2 column in the table; looked for ihc"):
        status = classify_her2(pd.DataFrame({"sample_id": ["S"], "HER2": ["1+"]}))
    assert status["asco_cap_2018"].tolist() == ["unknown"]


def test_unknown_rule_and_repeated_column() -> None:
    with pytest.raises(UsageError, match="unknown HER2 rule 'asco2013'; use one of: ascocap2018, zhang2022"):
        classify_her2(pd.DataFrame({"ihc": ["0"]}), rule="asco2013")  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="column ihc"):
        classify_her2(pd.DataFrame([["0", "1+"]], columns=["ihc", "ihc"]))


def test_compare_rules_lists_the_patients_on_which_they_differ() -> None:
    cases = [in_group(1, ihc="1+"), in_group(1, ihc="2+"), in_group(3, ihc="2+"), in_group(1, ihc=None), {"ihc": "2+"}]
    table = pd.DataFrame(cases).assign(sample_id=["low", "same", "group3", "no_ihc", "no_ish"])
    differing = compare_rules(table)
    assert differing["sample_id"].tolist() == ["low", "group3", "no_ihc"]
    assert differing["ascocap2018_group"].tolist() == ["HER2-positive"] * 3
    assert differing["zhang2022_group"].astype("string").fillna("NA").tolist() == ["HER2-low", "HER2-low", "NA"]
    assert (differing["ascocap2018_reason"] != differing["zhang2022_reason"]).all()


# --- invariants ---------------------------------------------------------------------------------------------------

PLAUSIBLE = {
    "ihc": st.sampled_from([None, "0", "1+", "2+", "3+", "1", "++", "0-1+", "negative", "4+", " 3+"]),
    "ihc_membrane_pct": st.sampled_from([None, "0", "5", "10", "11", "80", "<10%", "x"]),
    "ish_assay": st.sampled_from([None, "dual", "single", "reported", "none"]),
    "fish_ratio": st.sampled_from([None, "1.1", "1.99", "2.0", "3.2", ">2", "-1"]),
    "fish_her2_cn": st.sampled_from([None, "2.4", "3.99", "4.0", "5.99", "6.0", "9.6", ">6", "120"]),
    "fish_cep17_cn": st.sampled_from([None, "1.5", "2.0", "3.0", "5.0", "48"]),
    "fish_cells": st.sampled_from([None, "20", "0"]),
    "ish_reported": st.sampled_from([None, "positive", "negative", "equivocal", "indeterminate", "maybe"]),
    "recount": st.sampled_from([None, "confirmed", "changed_to_group1", "changed_to_group5"]),
}
PLAUSIBLE_ROW = st.fixed_dictionaries(PLAUSIBLE)
ANY_ROW = st.fixed_dictionaries({name: st.none() | st.text(max_size=12) | st.floats() for name in HER2_COLUMNS})


@given(st.lists(PLAUSIBLE_ROW | ANY_ROW, min_size=1, max_size=6), st.sampled_from(HER2_RULES))
def test_any_table_is_classified_within_the_vocabulary(rows: list[dict[str, Any]], rule: Her2Rule) -> None:
    status = classify_her2(pd.DataFrame(rows, dtype=object), rule=rule)
    assert len(status) == len(rows)
    assert set(status["asco_cap_2018"]) <= set(schema.ASCO_CAP_CATEGORIES)
    assert status["her2_reason"].str.len().gt(0).all()
    assert {flag for flags in status["her2_flags"] for flag in flags.split(";") if flag} <= set(HER2_FLAGS)
    assert (status["her2_group"].isna() == status["her2_tier4"].isna()).all()
    ultralow = status["her2_tier4"] == "HER2-ultralow"
    assert (status.loc[ultralow, "her2_group"] == "HER2-zero").all()
    assert (
        status["her2_tier4"].astype("string")[~ultralow].fillna("")
        == status["her2_group"].astype("string")[~ultralow].fillna("")
    ).all()


@given(PLAUSIBLE_ROW)
def test_what_is_not_decided_never_becomes_a_group(row: dict[str, Any]) -> None:
    result, group, _ = outcome(classify(**row))
    assert group is None or result == ("positive" if group == "positive" else "negative")
    if result == "positive":
        assert group == "positive"


@given(PLAUSIBLE_ROW)
def test_ihc_2_plus_is_never_low_without_a_negative_ish(row: dict[str, Any]) -> None:
    without_ish = dict.fromkeys(HER2_COLUMNS) | {"ihc": "2+", "ihc_membrane_pct": row["ihc_membrane_pct"]}
    for rule in HER2_RULES:
        assert outcome(classify(rule, **without_ish))[1] is None


@given(PLAUSIBLE_ROW)
def test_an_undecided_row_has_a_flag(row: dict[str, Any]) -> None:
    status = classify(**row)
    if pd.isna(status["her2_group"]):
        assert status["her2_flags"] != ""


@given(PLAUSIBLE_ROW)
def test_the_study_never_upgrades_ihc_0_and_1_plus(row: dict[str, Any]) -> None:
    for ihc, group in (("0", "zero"), ("1+", "low")):
        study = outcome(classify("zhang2022", **(row | {"ihc": ihc, "ihc_membrane_pct": None})))
        assert study[1] == (None if study[0] == "error" else group)


@given(st.lists(PLAUSIBLE_ROW, min_size=2, max_size=6), st.randoms())
def test_rows_are_decided_one_by_one(rows: list[dict[str, Any]], random: Any) -> None:
    table = pd.DataFrame(rows, dtype=object)
    order = list(table.index)
    random.shuffle(order)
    pd.testing.assert_frame_equal(classify_her2(table).loc[order], classify_her2(table.loc[order]))


# --- real and simulated cohorts -----------------------------------------------------------------------------------

TCGA_COLUMNS = {
    "bcr_patient_barcode": "sample_id", "her2_ihc_score": "ihc", "her2_fish_status": "ish_reported",
    "her2_cent17_ratio": "fish_ratio", "her2_copy_number": "fish_her2_cn", "cent17_copy_number": "fish_cep17_cn",
    "her2_and_cent17_cells_count": "fish_cells",
}  # fmt: skip


@pytest.fixture(scope="module")
def tcga(shared_data: Path) -> pd.DataFrame:
    path = shared_data / "tcga_brca" / "nationwidechildrens.org_clinical_patient_brca.txt.gz"
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, skiprows=[1, 2])
    return table.rename(columns=TCGA_COLUMNS)[list(TCGA_COLUMNS.values())]


def group_sizes(status: pd.DataFrame) -> dict[str, int]:
    return status["her2_group"].value_counts().to_dict()


@pytest.mark.real_data
def test_tcga_brca_by_ihc_and_reported_fish(tcga: pd.DataFrame) -> None:
    """408 low, 145 positive, 61 zero: the figures of the data folder's README."""
    status = classify_her2(tcga[["sample_id", "ihc", "ish_reported"]])
    assert group_sizes(status) == {"HER2-low": 408, "HER2-positive": 145, "HER2-zero": 61}


@pytest.mark.real_data
def test_tcga_brca_with_ratios_and_signals_moves_by_a_few(tcga: pd.DataFrame) -> None:
    by_text = classify_her2(tcga[["sample_id", "ihc", "ish_reported"]])
    status = classify_her2(tcga)
    for group, size in group_sizes(by_text).items():
        assert abs(group_sizes(status)[group] - size) <= 8
    moved = by_text["her2_group"].notna() & (
        by_text["her2_group"].astype("string") != status["her2_group"].astype("string").fillna("")
    )
    assert status.loc[moved, "her2_group"].isna().all()  # numbers withdraw a call, they do not turn it round
    assert invalid_rows(status)["her2_reason"].str.contains("fish_her2_cn 'not amplified'").all()
    assert status["her2_flags"].str.contains("SIGNALS_WERE_TOTALS").sum() > 20


@pytest.mark.real_data
def test_gdph_like_groups_are_reproduced_by_both_rules(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "gdph_like" / "clinical.tsv", sep="\t", dtype=str, keep_default_na=False)
    renamed = table.rename(
        columns={"her2_ihc": "ihc", "her2_ihc_membrane_pct": "ihc_membrane_pct", "her2_fish_ratio": "fish_ratio",
                 "her2_fish_cn": "fish_her2_cn", "her2_fish_cep17_cn": "fish_cep17_cn"}
    )  # fmt: skip
    for rule in HER2_RULES:
        groups = classify_her2(renamed, rule=rule)["her2_group"].astype("string")
        assert groups.tolist() == ("HER2-" + table["truth_her2_group"]).tolist()
    assert compare_rules(renamed).empty


def test_the_documentation_explains_every_flag(repository: Path) -> None:
    page = (repository / "docs" / "her2.md").read_text(encoding="utf-8")
    for flag, meaning in HER2_FLAGS.items():
        assert f"| `{flag}` | {meaning} |" in page
    for flag in (*HR_FLAGS, *SUBTYPE_FLAGS):
        assert f"`{flag}`" in page
