"""One specimen per patient: every policy by hand, refusals, and nothing lost."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.exceptions import AmbiguousInputError, DataWarning, SchemaError, UsageError
from her2genomics.specimens import SPECIMEN_POLICIES, SpecimenPolicy, choose_specimen


@pytest.fixture
def biopsies() -> pd.DataFrame:
    """Two patients with several specimens, one with a single metastasis, two rows without a patient."""
    return pd.DataFrame(
        [
            ("a1", "A", "primary", "2020-02-01", "HER2-low"),
            ("a2", "A", "Primary", "2019-01-01", "HER2-zero"),
            ("a3", "A", "metastasis", "2021-01-01", "HER2-positive"),
            ("b1", "B", "metastasis", None, None),
            ("c1", "C", "primary", "2020-01-01", None),
            ("c2", "C", None, "2021-01-01", "HER2-zero"),
            ("d1", None, None, None, None),
            ("e1", None, "primary", None, None),
        ],
        columns=["sample_id", "patient_id", "sample_type", "specimen_date", "her2_group"],
        index=range(10, 18),
    )


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("primary", ["a2", "c1", "d1", "e1"]),
        ("latest", ["a3", "b1", "c2", "d1", "e1"]),
        ("highest", ["a3", "b1", "c2", "d1", "e1"]),
        ("all", ["a1", "a2", "a3", "b1", "c1", "c2", "d1", "e1"]),
    ],
)
def test_policies(biopsies: pd.DataFrame, policy: SpecimenPolicy, kept: list[str]) -> None:
    choice = choose_specimen(biopsies, policy)
    assert choice.kept["sample_id"].tolist() == kept


def test_every_dropped_row_has_its_reason(biopsies: pd.DataFrame) -> None:
    dropped = choose_specimen(biopsies, "primary").dropped.set_index("sample_id")["reason"].to_dict()
    assert dropped == {
        "a1": "the earliest primary is a2",
        "a3": "not a primary tumour (metastasis)",
        "b1": "not a primary tumour (metastasis)",
        "c2": "sample type not recorded, and the patient has a primary tumour",
    }
    assert choose_specimen(biopsies, "highest").dropped["reason"].tolist() == ["the highest result is a3"] * 2 + [
        "the highest result is c2"
    ]


def test_the_latest_of_equally_high_results() -> None:
    table = pd.DataFrame(
        {
            "sample_id": ["x", "y", "z"],
            "patient_id": ["P"] * 3,
            "her2_group": ["HER2-low"] * 3,
            "specimen_date": ["2020-01-01", "2020-01-02", "NA"],
        }
    )
    choice = choose_specimen(table, "highest")
    assert choice.kept["sample_id"].tolist() == ["y"]
    assert choice.dropped["reason"].tolist() == [
        "the highest result is y",
        "the highest result is y (this one has no date)",
    ]


def test_ties_are_announced() -> None:
    table = pd.DataFrame({"sample_id": ["x", "y"], "patient_id": ["P", "P"], "sample_type": ["primary", "primary"]})
    with pytest.warns(
        DataWarning, match=r"the policy primary cannot tell apart the specimens of 1 patients \(first: P\)"
    ):
        choice = choose_specimen(table, "primary")
    assert choice.kept["sample_id"].tolist() == ["x"]
    assert choice.dropped["reason"].tolist() == ["cannot be told from x, which comes first in the table"]


def test_refusals() -> None:
    table = pd.DataFrame({"sample_id": ["x", "y"], "patient_id": ["P", "P"]})
    with pytest.raises(SchemaError, match="missing column sample_type: the policy primary needs it"):
        choose_specimen(table, "primary")
    with pytest.raises(SchemaError, match="missing column her2_group"):
        choose_specimen(table, "highest")
    with pytest.raises(AmbiguousInputError, match="no specimen of patient P has a date; add the dates"):
        choose_specimen(table.assign(specimen_date=None), "latest")
    with pytest.raises(
        AmbiguousInputError, match="patient P has several specimens and none is known to be the primary"
    ):
        choose_specimen(table.assign(sample_type=None), "primary")
    with pytest.raises(SchemaError, match="sample y: column specimen_date: value 'spring' is not a date"):
        choose_specimen(table.assign(specimen_date=["2020-01-01", "spring"]), "latest")
    with pytest.raises(SchemaError, match="value 'HER2\\+' is not one of"):
        choose_specimen(table.assign(her2_group="HER2+"), "highest")
    with pytest.raises(UsageError, match="unknown specimen policy 'first'"):
        choose_specimen(table, "first")  # type: ignore[arg-type]


def test_tables_with_one_row_per_patient_need_no_other_column() -> None:
    table = pd.DataFrame({"sample_id": ["x", "y"], "patient_id": ["P", "Q"]})
    for policy in SPECIMEN_POLICIES:
        assert choose_specimen(table, policy).kept.equals(table)
        assert choose_specimen(table.drop(columns="patient_id"), policy).dropped.empty
        assert choose_specimen(table.iloc[:0], policy).kept.empty


ROW = st.fixed_dictionaries(
    {
        "patient_id": st.sampled_from(["A", "B", "C", None]),
        "sample_type": st.sampled_from(["primary", "metastasis"]),
        "specimen_date": st.sampled_from(["2020-01-01", "2021-06-30", "2022-12-31"]),
        "her2_group": st.sampled_from(["HER2-zero", "HER2-low", "HER2-positive", None]),
    }
)


@given(st.lists(ROW, min_size=1, max_size=8), st.sampled_from(SPECIMEN_POLICIES))
def test_nothing_is_lost_and_each_patient_is_kept_once_by_the_best(
    rows: list[dict[str, Any]], policy: SpecimenPolicy
) -> None:
    table = pd.DataFrame(rows).assign(sample_id=[f"s{i}" for i in range(len(rows))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        kept, dropped = choose_specimen(table, policy)
    assert sorted([*kept.index, *dropped.index]) == list(table.index)
    assert dropped["reason"].notna().all()
    if policy == "all":
        return
    assert not kept["patient_id"].dropna().duplicated().any()
    rank = {"HER2-zero": 0, "HER2-low": 1, "HER2-positive": 2}
    for _, chosen in kept.dropna(subset=["patient_id"]).iterrows():
        own = table[table["patient_id"] == chosen["patient_id"]]
        if policy == "latest":
            assert chosen["specimen_date"] == own["specimen_date"].max()
        elif policy == "highest":
            assert rank.get(chosen["her2_group"], -1) == max(rank.get(group, -1) for group in own["her2_group"])
        else:
            assert chosen["specimen_date"] == own.loc[own["sample_type"] == "primary", "specimen_date"].min()
