"""Who enters a survival analysis, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from her2genomics.exceptions import CohortError, SchemaError, UsageError
from her2genomics.outcome.survival_data import m_categories, metastatic_at_diagnosis, prepare_survival
from her2genomics.outcome.survival_question import SurvivalQuestion


def samples(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"sample_id": [f"S{i}" for i in range(n)], **columns})


def ask(table: pd.DataFrame, **more: object):
    fields = {"time": "dfs_months", "event": "dfs_event", "group": None, **more}
    return prepare_survival(table, SurvivalQuestion(**fields), source="c.tsv")


@pytest.mark.parametrize(
    ("column", "value", "months"), [("dfs_days", 365.25, 12.0), ("dfs_years", 2, 24.0), ("dfs_months", 7, 7.0)]
)
def test_the_unit_is_that_of_the_columns_ending(column, value, months):
    assert ask(samples(**{column: [value]}, dfs_event=[1]), time=column).time.tolist() == [months]


def test_a_unit_that_is_not_said_is_announced():
    data = ask(samples(follow=[3], dfs_event=[1]), time="follow")
    assert "taken as months" in data.notes[0]
    assert ask(samples(follow=[2], dfs_event=[1]), time="follow", unit="years").time.tolist() == [24]


@pytest.mark.parametrize(
    "words", [[1, 0], ["1", "0"], ["1:DECEASED", "0:LIVING"], [True, False], ["yes", "no"], [1.0, 0.0]]
)
def test_events_are_understood(words):
    assert ask(samples(dfs_months=[1, 2], dfs_event=words)).event.tolist() == [True, False]


def test_an_event_that_is_neither_is_refused_and_can_be_named():
    table = samples(dfs_months=[1, 2, 3], dfs_event=["1", "2", None])
    with pytest.raises(
        SchemaError, match="c.tsv: sample S1: column dfs_event: value '2' is neither yes nor no.*--event-is"
    ):
        ask(table)
    data = ask(table, event_is=("2",))
    assert data.event.tolist() == [False, True]
    assert data.left_out.values.tolist() == [["no dfs_event", 1]]
    with pytest.raises(SchemaError, match="no value is dead; there are: 1, 2"):
        ask(table, event_is=("dead",))


def test_negative_and_wordy_times_are_refused_with_the_sample():
    with pytest.raises(SchemaError, match="sample S1: column dfs_months: value '-3' is below 0"):
        ask(samples(dfs_months=[1, -3], dfs_event=[1, 0]))
    with pytest.raises(SchemaError, match="value 'long' is not a number"):
        ask(samples(dfs_months=["1", "long"], dfs_event=[1, 0]))


def test_m1_is_left_out_of_disease_free_survival_only():
    table = samples(
        dfs_months=[5, 6, 7], dfs_event=[1, 0, 1], os_months=[5, 6, 7], os_event=[1, 0, 1], m_stage=["M0", "M1", "MX"],
        stage=["II", "III", "IV"],
    )  # fmt: skip
    assert metastatic_at_diagnosis(table).tolist() == [False, True, True]
    out = ask(table)
    assert len(out.time) == 1
    assert out.left_out.values.tolist() == [["M1 at diagnosis (never disease-free)", 2]]
    assert "M1 at diagnosis left out" in out.definition
    kept = ask(table, keep_m1=True)
    assert len(kept.time) == 3
    assert "M1 at diagnosis in the analysis: 2" in kept.notes[0]
    assert len(ask(table, time="os_months", event="os_event").time) == 3


def test_m_categories_are_known_by_their_values():
    table = samples(PATH_M_STAGE=["M0", "M1b", None], TP53=["M1V", "WT", "WT"], menopause=["M", "M0", "M1"])
    assert m_categories(table) == ["PATH_M_STAGE"]
    assert metastatic_at_diagnosis(table).tolist() == [False, True, False]


def test_m0_with_isolated_cells_is_not_m1():
    assert metastatic_at_diagnosis(samples(ajcc_metastasis_pathologic_pm=["cM0 (i+)", "M1", "cM1"])).tolist() == [
        False,
        True,
        True,
    ]


def test_deaths_are_events_of_idfs_only():
    table = samples(dfs_months=[5, 20, 30], dfs_event=[1, 0, 0], os_months=[40, 22, 30], os_event=[1, 1, 0])
    assert ask(table).event.tolist() == [True, False, False]
    steep = ask(table, endpoint="idfs")
    assert steep.event.tolist() == [True, True, False]
    assert steep.time.tolist() == [5, 22, 30]
    with pytest.raises(SchemaError, match="no column os_months, os_event"):
        ask(table[["sample_id", "dfs_months", "dfs_event"]], endpoint="idfs")


def test_survival_by_response_has_to_start_at_surgery():
    table = samples(
        dfs_months=[3, 10, 12, 4, 30], dfs_event=[1, 1, 0, 0, 0], pcr=[1, 0, 1, 0, 1], surgery_months=[5, 5, 6, 6, None]
    )
    with pytest.raises(UsageError, match="pcr is known at surgery only.*--start COLUMN"):
        ask(table, group="pcr")
    data = ask(table, group="pcr", start="surgery_months")
    assert data.time.tolist() == [5, 6]
    assert data.left_out.values.tolist() == [
        ["no surgery_months", 1], ["event before surgery", 1], ["follow-up ends before surgery", 1]
    ]  # fmt: skip
    assert "time from surgery" in data.definition
    assert ask(table, group="pcr", landmark=6).time.tolist() == [4, 6, 24]
    assert len(ask(table, group="pcr", time_from="surgery").time) == 5
    with pytest.raises(UsageError, match="two starts"):
        ask(table, start="surgery_months", landmark=6)
    with pytest.raises(UsageError, match="starts at surgery already"):
        ask(table, landmark=6, time_from="surgery")


def test_times_that_differ_by_rounding_only_are_ties():
    table = samples(dfs_months=[12.3, 10.2], dfs_event=[1, 1], surgery_months=[5.1, 3.0])
    assert 12.3 - 5.1 != 10.2 - 3.0
    assert len(set(ask(table, start="surgery_months").time)) == 1


def test_samples_without_group_time_or_event_are_counted_once():
    table = samples(dfs_months=[1, None, 3, 4], dfs_event=[1, 1, None, 0], arm=["x", "x", "x", None])
    data = ask(table, group="arm")
    assert data.left_out.values.tolist() == [["no arm", 1], ["no dfs_months", 1], ["no dfs_event", 1]]
    assert data.labels == ("x",)


def test_one_specimen_stands_for_a_patient():
    table = samples(
        dfs_months=[1, 1, 3],
        dfs_event=[1, 1, 0],
        patient_id=["A", "A", "B"],
        sample_type=["metastasis", "primary", "primary"],
    )
    data = ask(table)
    assert data.table["sample_id"].tolist() == ["S1", "S2"]
    assert data.left_out.values.tolist() == [["another specimen stands for the patient", 1]]


def test_groups_keep_their_order_and_a_number_makes_no_groups():
    group = pd.Categorical(["HER2-low", "HER2-zero"], ["HER2-zero", "HER2-low", "HER2-positive"], ordered=True)
    assert ask(samples(dfs_months=[1, 2], dfs_event=[1, 0]).assign(g=group), group="g").labels == (
        "HER2-zero",
        "HER2-low",
    )
    table = samples(dfs_months=range(20), dfs_event=[1] * 20, tmb=[i / 7 for i in range(20)])
    with pytest.raises(CohortError, match="20 different values make no groups.*--covariate tmb"):
        ask(table, group="tmb")


def test_nobody_left_and_missing_columns_say_what_is_there():
    with pytest.raises(CohortError, match=r"no patient is left for dfs_months \(no dfs_months 2\)"):
        ask(samples(dfs_months=[None, None], dfs_event=[1, 0]))
    with pytest.raises(
        SchemaError, match="no column dfs_months, dfs_event; outcome columns there are: os_months, os_event"
    ):
        ask(samples(os_months=[1], os_event=[1]))
