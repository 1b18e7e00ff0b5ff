"""Table 1: what is counted, how it is printed, and what must not be told."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from her2genomics import schema
from her2genomics.exceptions import CohortError, SchemaError, UsageError
from her2genomics.stats.continuous import kruskal_wallis, rank_sum
from her2genomics.stats.exact_rxc import fisher_freeman_halton
from her2genomics.stats.means import standardised_mean_difference
from her2genomics.table1.build import make_table1
from her2genomics.table1.cells import decimals_of, number_cell
from her2genomics.table1.labels import KNOWN, default_variables, level_label, order_levels, variable_label
from her2genomics.table1.model import Table1
from her2genomics.table1.privacy import hide_small_counts

ZERO, LOW, POSITIVE = schema.HER2_GROUPS


def samples(**columns: list[object]) -> pd.DataFrame:
    """Four zero, four low, two positive samples, and one without a group."""
    return pd.DataFrame({"her2_group": [ZERO] * 4 + [LOW] * 4 + [POSITIVE] * 2 + [None], **columns})


GRADES = ["1", "2", "2", None, "3", "3", "2", "3", "3", None, "1"]
AGES = [41, 50, 62, 48, 39, 55, 71, None, 60, 44, 99]


@pytest.fixture
def table() -> Table1:
    return make_table1(samples(grade=GRADES, age=AGES), pairwise=True)


def row(table: Table1, label: str) -> list[str]:
    return next(table.cells_of(r) for r in table.rows if r.label == label)


def test_counts_by_hand(table: Table1) -> None:
    assert table.columns == ("Overall (n = 10)", "HER2-zero (n = 4)", "HER2-low (n = 4)", "HER2-positive (n = 2)")
    assert row(table, "2")[:4] == ["3 (37.5)", "2 (66.7)", "1 (25.0)", "0 (0.0)"]
    assert row(table, "3")[:4] == ["4 (50.0)", "0 (0.0)", "3 (75.0)", "1 (100.0)"]
    missing = [r for r in table.rows if r.kind == "missing"]
    assert [r.cells for r in missing] == [("1", "0", "1", "0"), ("2", "1", "0", "1")]
    assert "1 samples without a group are in no column." in table.footnotes
    assert [r.variable for r in table.rows if r.kind in ("variable", "number")] == ["age", "grade"]


def test_numbers_by_hand(table: Table1) -> None:
    assert row(table, "Age, years, median [IQR]")[1:4] == ["49 [46.3, 53]", "55 [47, 63]", "52 [48, 56]"]
    ranges = make_table1(samples(age=AGES), numbers="median-range")
    assert row(ranges, "Age, years, median [range]")[1:4] == ["49 [41, 62]", "55 [39, 71]", "52 [44, 60]"]
    means = make_table1(samples(age=AGES), numbers="mean-sd")
    assert row(means, "Age, years, mean (SD)")[1:4] == ["50.3 (8.7)", "55.0 (16.0)", "52.0 (11.3)"]


def test_tests_and_differences_are_those_of_the_statistics(table: Table1) -> None:
    tests = table.tests.set_index(["variable", "contrast"])
    grade = [[1, 2, 0], [0, 1, 3], [0, 0, 1]]
    assert tests.loc[("grade", "overall"), "p_value"] == fisher_freeman_halton(grade).p_value
    ages = [[41, 50, 62, 48], [39, 55, 71], [60, 44]]
    assert tests.loc[("age", "overall"), "p_value"] == kruskal_wallis(ages).p_value
    pair = standardised_mean_difference(grade[0], grade[1], kind="categorical")
    assert tests.loc[("grade", "zero-low"), "smd"] == pytest.approx(pair)
    for name in ("age", "grade"):
        pairs = tests.loc[[(name, c) for c in ("zero-low", "zero-positive", "low-positive")], "smd"]
        assert tests.loc[(name, "overall"), "smd"] == pairs.max()
    assert table.header[-4:] == ["SMD", "SMD zero-low", "SMD zero-positive", "SMD low-positive"]
    two = make_table1(samples(age=AGES).iloc[:8])
    assert two.tests["test"].iloc[0] == "Wilcoxon rank-sum"
    assert two.tests["p_value"].iloc[0] == rank_sum(ages[0], ages[1]).p_value
    assert "Wilcoxon rank-sum test for measurements" in " ".join(two.footnotes)


def test_unknown_as_a_category_changes_percentages_and_test() -> None:
    table = make_table1(samples(grade=GRADES), unknown_as_category=True)
    assert row(table, "2")[:3] == ["3 (30.0)", "2 (50.0)", "1 (25.0)"]
    assert row(table, "Unknown")[:3] == ["2 (20.0)", "1 (25.0)", "0 (0.0)"]
    assert table.tests["p_value"].iloc[0] == fisher_freeman_halton([[1, 2, 0, 1], [0, 1, 3, 0], [0, 0, 1, 1]]).p_value
    assert not any(r.kind == "missing" for r in table.rows)


def test_values_keep_what_printing_rounds(table: Table1) -> None:
    values = table.values
    age = values[(values["variable"] == "age") & (values["group"] == LOW)].iloc[0]
    assert (age["n"], age["n_missing"], age["median"], age["mean"]) == (3, 1, 55, 55)
    grade = values[(values["variable"] == "grade") & (values["level"] == "2") & (values["group"] == ZERO)].iloc[0]
    assert (grade["n"], grade["n_known"], grade["share"]) == (2, 3, 2 / 3)
    assert values.columns.tolist() == schema.TABLE1_VALUES.names
    assert table.tests.columns.tolist() == schema.TABLE1_TESTS.names


def test_variables_chosen_and_left_out() -> None:
    cohort = samples(grade=GRADES, age=AGES, site=["A", "B"] * 5 + ["A"], same=["x"] * 11)
    assert "not shown: site" in make_table1(cohort).notes[0]
    everything = make_table1(cohort, variables=["all"])
    assert [r.variable for r in everything.rows if r.kind in ("variable", "number")] == ["age", "grade", "site"]
    named = make_table1(cohort, variables=["site", "same", "grade"])
    assert [r.variable for r in named.rows if r.kind == "variable"] == ["site", "grade"]
    assert named.notes == ("same left out: one value only",)
    with pytest.raises(SchemaError, match="no clinical column named sise"):
        make_table1(cohort, variables=["sise"])
    with pytest.raises(SchemaError, match="no column is a variable"):
        make_table1(samples(same=["x"] * 11))


def test_other_groups_and_empty_ones() -> None:
    cohort = samples(grade=GRADES, er_status=["positive", "negative"] * 5 + [None])
    by_er = make_table1(cohort, group="er_status", variables=["grade"])
    assert "her2_group" in [r.variable for r in make_table1(cohort, group="er_status").rows]
    assert by_er.caption == "Characteristics by ER status"
    assert by_er.columns[1:] == ("positive (n = 5)", "negative (n = 5)")
    cohort["her2_group"] = pd.Categorical(cohort["her2_group"], categories=schema.HER2_GROUPS, ordered=True)
    no_low = make_table1(cohort[cohort["her2_group"] != LOW])
    assert [c.split(" (")[0] for c in no_low.columns] == ["Overall", ZERO, POSITIVE]
    with pytest.raises(CohortError, match="fewer than two groups"):
        make_table1(cohort[cohort["her2_group"] == LOW])
    with pytest.raises(SchemaError, match="no column arm"):
        make_table1(cohort, group="arm")


def test_constant_and_sparse_columns() -> None:
    table = make_table1(samples(age=[50] * 10 + [60], ki67_pct=[5, None, None, None, 9] + [None] * 6, grade=GRADES))
    heads = {r.variable: r for r in table.rows if r.kind == "number"}
    assert "age" not in heads
    assert heads["ki67_pct"].cells[1:] == ("5 [5, 5]", "9 [9, 9]", "-")
    assert heads["ki67_pct"].smd == "-"


def test_circular_subtype_and_wrong_options() -> None:
    subtype = ["TNBC", "LumA"] * 4 + ["HER2_enriched"] * 2 + [None]
    table = make_table1(samples(subtype=subtype))
    assert table.rows[0].mark == "a"
    assert "a HER2 is part of the definition of the subtype." in table.footnotes
    assert [r.label for r in table.rows[1:]] == ["Luminal A", "HER2-enriched", "TNBC"]
    with pytest.raises(UsageError, match="unknown summary 'mode'"):
        make_table1(samples(age=AGES), numbers="mode")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is negative"):
        make_table1(samples(age=AGES), min_cell=-1)


# privacy


@given(arrays(np.int64, st.tuples(st.integers(2, 5), st.integers(2, 4)), elements=st.integers(0, 30)))
def test_no_line_has_a_single_hidden_count(groups: np.ndarray) -> None:
    counts = np.column_stack([groups.sum(axis=1), groups])
    hidden = hide_small_counts(counts, 5)
    assert ((hidden == 1) == ((counts > 0) & (counts < 5))).all()
    for axis in (0, 1):
        assert not (np.count_nonzero(hidden, axis=axis) == 1).any()


def test_small_counts_are_not_told_by_percentages_either() -> None:
    cohort = pd.DataFrame(
        {
            "her2_group": [ZERO] * 40 + [LOW] * 60,
            "stage": ["I"] * 30 + ["II"] * 8 + [None] * 2 + ["I"] * 30 + ["II"] * 30,
            "grade": ["1"] * 3 + ["2"] * 17 + ["3"] * 20 + ["1"] * 20 + ["2"] * 20 + ["3"] * 20,
        }
    )
    table = make_table1(cohort, min_cell=5)
    text = table.to_table().to_string()
    assert row(table, "Missing, n")[:3] == ["<5", "<5", "0"]
    assert row(table, "I")[1] == "30", "30 (78.9) would tell that 38 are known"
    assert row(table, "1")[1] == "<5"
    assert not re.search(r"(?<![\d.])[1-4] \(", text)
    assert any("Counts below 5 are not shown" in note for note in table.footnotes)
    assert "<5" not in make_table1(cohort).to_table().to_string()


# labels and cells


def test_labels_and_orders() -> None:
    assert str(variable_label("ki67_pct")) == "Ki67-positive cells, %"
    assert str(variable_label("dfs_months")) == "DFS, months"
    assert str(variable_label("T2 ms")) == "T2, ms"
    assert level_label("menopause", "pre") == "premenopausal"
    assert order_levels(["no", "yes"]) == ["yes", "no"]
    assert order_levels(["IV", "I", "X", "IIA"]) == ["I", "IIA", "IV", "X"]
    assert order_levels(["unknown", "positive", "negative"]) == ["positive", "negative", "unknown"]
    assert default_variables(["pr_pct", "zeta", "age"]) == ["age", "pr_pct"]
    assert all(str(label)[0].isupper() for label in KNOWN.values())


def test_cells() -> None:
    assert number_cell(np.array([48.0, 49.0]), "median-iqr", 0) == "48.5 [48.3, 48.8]"
    assert number_cell(np.array([3.0]), "mean-sd", 0) == "3.0 (-)"
    assert number_cell(np.array([]), "median-iqr", 0) == "-"
    assert decimals_of(np.array([])) == 0


# real cohorts


def test_the_study_s_table_is_met_by_its_fixture(repository) -> None:
    from her2genomics.workflow.inputs import StudyFiles, StudySettings, load_study

    cohort = load_study(StudyFiles(clinical=repository / "examples" / "gdph_like" / "clinical.tsv"), StudySettings())
    printed = {
        "menopause": [[56, 34], [131, 100], [110, 92]],
        "t_stage": [[80, 8], [208, 22], [181, 21]],
        "grade": [[3, 31, 50], [8, 137, 82], [2, 80, 116]],
        "histology": [[77, 4, 9], [214, 10, 7], [192, 1, 9]],
        "er_status": [[59, 31], [198, 33], [103, 99]],
        "hr_status": [[60, 30], [202, 29], [118, 84]],
        "subtype": [[25, 35, 0, 0, 30], [66, 136, 0, 0, 29], [0, 0, 118, 84, 0]],
    }
    values = make_table1(cohort).values
    pd.testing.assert_frame_equal(values, make_table1(cohort.samples).values)
    for name, counts in printed.items():
        of_name = values[(values["variable"] == name) & (values["level"] != "missing")]
        found = [of_name.loc[of_name["group"] == group, "n"].tolist() for group in schema.HER2_GROUPS]
        assert found == counts, name
    age = values[(values["variable"] == "age") & (values["group"] == "Overall")].iloc[0]
    assert age["median"] == 48
