"""Every kind of row: a printed result that holds, one that does not, and what cannot be read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.audit.rows import KINDS, audit_result, audit_tables
from her2genomics.audit.verdicts import Finding
from her2genomics.exceptions import SchemaError

REFERENCE_VERDICTS = {
    "reproduced": {"reproduced"},
    "reproduced_if_corrected": {"reproduced"},
    "reproduced_within_rounding": {"reproduced within rounding"},
    "reproduced_inequality": {"consistent"},
    "consistent": {"consistent"},
    "paper_rounding": {"rounding"},
    "not_reproduced": {"not reproduced"},
    "not_consistent": {"not reproduced"},
    "paper_typo": {"not reproduced", "impossible"},
    "derived": {"nothing printed"},
}
"""What the reference's verdicts, some of which need a reader of the paper, are in the program's vocabulary."""


def audit(kind: str, content: object, printed: str | None, test: str = "") -> Finding:
    return audit_result(kind, content if isinstance(content, str) else json.dumps(content), printed, test)


@pytest.fixture(scope="module")
def reference(repository) -> pd.DataFrame:
    return pd.read_csv(repository / "tests" / "reference" / "paper_pvalues.tsv", sep="\t", dtype=str)


@pytest.fixture(scope="module")
def found(reference: pd.DataFrame) -> pd.DataFrame:
    return audit_tables(reference).rows


def test_the_reference_is_reproduced_row_by_row(reference: pd.DataFrame, found: pd.DataFrame) -> None:
    wrong = [
        f"{row.id}: {mine} for {row.verdict}"
        for row, mine in zip(reference.itertuples(), found["verdict"], strict=True)
        if mine not in REFERENCE_VERDICTS[row.verdict]
    ]
    assert wrong == []


def test_recomputed_values_equal_the_reference(reference: pd.DataFrame, found: pd.DataFrame) -> None:
    for expected, mine, kind in zip(reference["recomputed_p"], found["recomputed_p"], reference["kind"], strict=True):
        if kind == "diagnostic":
            assert json.loads(mine) == json.loads(expected)
        elif kind == "auc_ci":
            assert mine == expected
        else:
            places = 0.05 if kind == "percent" else 6e-6 * float(expected)
            assert float(mine) == pytest.approx(float(expected), rel=1e-5, abs=places)


# tables of counts


def test_the_named_test_decides() -> None:
    table = [[24, 24], [14, 28], [13, 11]]
    chi = audit("table", table, "0.164", "Pearson chi2 (no continuity)")
    assert (chi.verdict, chi.matching) == ("reproduced", ("Pearson chi-square",))
    fisher = audit("table", table, "0.164", "Fisher exact")
    assert (fisher.verdict, fisher.matching, fisher.recomputed) == (
        "not reproduced", ("Pearson chi-square",), "0.160564",
    )  # fmt: skip
    assert "only Pearson chi-square gives the print" in fisher.messages[0]
    either = audit("table", table, "0.164", "chi-square or Fisher's exact test")
    assert either.verdict == "reproduced"


def test_chi_square_of_two_by_two_may_be_with_or_without_yates() -> None:
    table = [[59, 31], [103, 99]]  # 0.0207 without, 0.0289 with, 0.0222 exact
    assert audit("table", table, "0.029", "chi-square").matching == ("chi-square with Yates correction",)
    assert audit("table", table, "0.021", "chi-square").matching == ("Pearson chi-square",)
    assert audit("table", table, "0.021", "chi-square with continuity correction").verdict == "not reproduced"
    assert audit("table", table, "0.029", "chi-square without continuity correction").verdict == "not reproduced"
    assert audit("table", table, "0.014", "one-sided Fisher").verdict == "reproduced"
    assert audit("table", table, "0.0187", "Fisher mid-p").verdict == "reproduced"


def test_unknown_is_tried_as_a_category_and_left_out() -> None:
    content = {
        "rows": ["zero", "positive"],
        "cols": ["1", "2", "3", "Unknown"],
        "counts": [[3, 31, 50, 6], [2, 80, 116, 4]],
    }
    kept = audit("table", content, "0.086", "Fisher exact")
    assert kept.verdict == "reproduced"
    assert "unknown is a category; left out, p is 0.31" in kept.messages
    out = audit("table", content, "0.31", "Fisher exact")
    assert out.matching[0] == "Fisher-Freeman-Halton exact, unknown left out"
    assert "unknown left out; as a category p is 0.0865" in out.messages


@pytest.mark.parametrize(
    "content",
    [
        [[46, 44], [166, 36]],
        {"a": 46, "b": 44, "c": 166, "d": 36},
        {"events": [46, 166], "n": [90, 202]},
        {"HER2-zero": [46, 44], "HER2-positive": ["166", " 36 "]},
        {"counts": [["46 (51.1%)", "44 (48.9%)"], ["166 (82.2%)", "36 (17.8%)"]]},
        {
            "rows": ["a", "b", "Total"],
            "cols": ["x", "y", "All"],
            "counts": [[46, 44, 90], [166, 36, 202], [212, 80, 292]],
        },
    ],
)
def test_forms_of_a_table(content: object) -> None:
    finding = audit("table", content, "<0.001", "Fisher exact")
    assert (finding.verdict, finding.recomputed, finding.messages) == ("consistent", "9.35793e-08", [])


def test_totals_and_percentages_that_do_not_fit() -> None:
    totals = audit("table", {"counts": [[10, 2], [3, 4]], "row_totals": [12, 8]}, "0.13", "Fisher")
    assert (totals.verdict, totals.recomputed) == ("impossible", "0.128741")
    assert "printed row total 8, the counts add up to 7" in totals.messages
    percent = audit("table", [["46 (51.1%)", "44 (48.9%)"], ["166 (82.2%)", "36 (27.8%)"]], "<0.001", "Fisher")
    assert percent.verdict == "consistent"
    assert percent.messages == ["36 (27.8 %) is 17.8 % of its row"]
    assert audit("table", {"events": [5, 1], "n": [3, 9]}, "0.1").verdict == "impossible"


def test_paired_trend_and_rank_tests_only_when_named() -> None:
    assert audit("table", [[20, 1], [8, 15]], "0.039", "McNemar exact").verdict == "reproduced"
    assert audit("table", [[20, 1], [8, 15]], "0.039", "chi-square").verdict == "not reproduced"
    ordered = [[10, 20, 5], [15, 15, 20]]
    assert audit("table", ordered, "0.153", "Mann-Whitney").matching == ("rank test of ordered columns",)
    assert audit("table", [[10, 20], [15, 15], [25, 5]], "0.00011", "linear-by-linear").verdict == "reproduced"


def test_a_chi_square_with_small_expected_counts_is_not_valid() -> None:
    finding = audit("table", [[2, 33], [0, 136]], "0.005", "Pearson chi-square without correction")
    assert finding.verdict == "reproduced"
    assert "smallest expected count 0.41: chi-square is not valid" in finding.messages


@settings(max_examples=15)
@given(st.lists(st.integers(1, 60), min_size=4, max_size=4), st.integers(2, 5))
def test_a_correctly_printed_p_is_always_reproduced(cells: list[int], decimals: int) -> None:
    table = [cells[:2], cells[2:]]
    exact = float(audit("table", table, None, "Fisher").recomputed)
    finding = audit("table", table, f"{exact:.{decimals}f}", "Fisher exact")
    assert finding.verdict == "reproduced"
    far = exact + 3 * 10.0**-decimals
    if far <= 1:
        assert audit("table", table, f"{far:.{decimals}f}", "Fisher exact").verdict == "not reproduced"


def test_ratios_of_a_table_with_their_intervals() -> None:
    """R 4.2.2: fisher.test gives 0.2281 (0.1264-0.4073); Woolf 0.2267 (0.1310-0.3923), Katz 0.6220 (0.5031-0.7688)."""
    table = [[46, 44], [166, 36]]
    prints = {"0.23 (0.13-0.39)": "odds ratio, Woolf", "0.62 (0.50-0.77)": "risk ratio, Katz"}
    assert {p: audit("table", table, p).matching[0] for p in prints} == prints
    exact = audit("table", table, "0.23 (0.13–0.41)", "Fisher exact")
    assert (exact.verdict, exact.matching) == ("reproduced", ("odds ratio, conditional exact",))
    turned = audit("table", table, "4.41 (2.55-7.63)", "logistic regression, OR")
    assert turned.matching == ("odds ratio, Woolf, groups exchanged",)
    wrong = audit("table", table, "0.62 (0.50-0.77)", "OR")
    assert (wrong.verdict, wrong.matching) == ("not reproduced", ("risk ratio, Katz",))
    estimate = audit("table", table, "0.25 (0.13-0.39)")
    assert (estimate.verdict, estimate.messages) == ("not reproduced", ["printed estimate 0.25, recomputed 0.227"])
    assert audit("table", [[4, 0], [3, 0]], "2.0 (1.0-4.0)").verdict == "not evaluable"
    assert audit("table", [[4, 1, 2], [3, 0, 5]], "2.0 (1.0-4.0)").verdict == "not evaluable"


@pytest.mark.verify
def test_a_search_finds_more_than_the_named_test_by_chance() -> None:
    """The share of random two-digit prints that a test gives; docs/audit.md quotes it."""
    rng = np.random.default_rng(1)
    findings = []
    for _ in range(1500):
        a, b = rng.binomial([[90], [231]], rng.uniform(0.1, 0.6)).ravel().tolist()
        findings.append(audit("table", [[a, 90 - a], [b, 231 - b]], f"{rng.uniform(0, 1):.2f}", "Fisher exact"))
    assert np.mean([f.verdict == "reproduced" for f in findings]) == pytest.approx(0.010, abs=0.006)
    assert np.mean([bool(f.matching) for f in findings]) == pytest.approx(0.039, abs=0.012)


# precision and inequalities


def test_precision_of_the_print() -> None:
    table = [[59, 31], [103, 99]]  # 0.0221913
    verdicts = {p: audit("table", table, p, "Fisher").verdict for p in ("0.02", "0.022", "0.0221", "0.023", "0.0222")}
    assert verdicts == {
        "0.02": "reproduced", "0.022": "reproduced", "0.0221": "rounding", "0.023": "not reproduced", "0.0222": "reproduced",
    }  # fmt: skip
    inequality = {p: audit("table", table, p, "Fisher").verdict for p in ("<0.05", "<0.01", "ns", ">0.02", "≤0.03")}
    assert inequality == {
        "<0.05": "consistent", "<0.01": "not reproduced", "ns": "not reproduced", ">0.02": "consistent", "≤0.03": "consistent",
    }  # fmt: skip


def test_a_conclusion_that_depends_on_the_test_is_said() -> None:
    finding = audit("table", [[2, 33], [0, 136]], "<0.05", "Fisher exact")
    assert finding.verdict == "consistent"
    assert finding.messages == ["depends on the test: chi-square with Yates correction p 0.0545"]


def test_sides_of_005_are_watched() -> None:
    finding = audit(
        "summary", {"mean": [52.25, 56.86, 51.79], "sd": [10.19, 9.65, 9.45], "n": [48, 42, 24]}, "0.058", "ANOVA"
    )
    assert "the recomputed p, 0.0479, is below 0.05" in finding.messages
    zero = audit("statistic", {"z": 5.2}, "0.000")
    assert zero.verdict == "reproduced"
    assert "p is never 0" in zero.messages[0]
    assert audit("statistic", {"z": 1.0}, "1.3").verdict == "impossible"


# means


def test_rounded_means_leave_room() -> None:
    content = {"mean": [1.0, 1.2], "sd": [0.5, 0.5], "n": [40, 40]}
    assert audit("summary", content, "0.078", "Student t-test").verdict == "reproduced"
    assert audit("summary", content, "0.15", "Student t-test").verdict == "reproduced within rounding"
    assert audit("summary", content, "0.80", "Student t-test").verdict == "not reproduced"
    more_digits = {"mean": ["1.000", "1.200"], "sd": ["0.500", "0.500"], "n": [40, 40]}
    assert audit("summary", more_digits, "0.15", "Student t-test").verdict == "not reproduced"


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_rounding_of_true_means_always_leaves_the_true_p_reachable(seed: int, groups: int) -> None:
    rng = np.random.default_rng(seed)
    true = {"mean": rng.normal(50, 1, groups), "sd": rng.uniform(2, 4, groups), "n": rng.integers(5, 40, groups)}
    test = "Student t-test" if groups == 2 else "ANOVA"
    fine = {k: [f"{x:.9f}" if k != "n" else int(x) for x in v] for k, v in true.items()}
    coarse = {k: [f"{x:.1f}" if k != "n" else int(x) for x in v] for k, v in true.items()}
    p = float(audit("summary", fine, None, test).recomputed)
    assert audit("summary", coarse, f"{p:.4f}", test).verdict in ("reproduced", "reproduced within rounding")


def test_rank_tests_cannot_be_recomputed_from_means() -> None:
    finding = audit("summary", {"mean": [1, 2, 3], "sd": [1, 1, 1], "n": [9, 9, 9]}, "0.2", "Kruskal-Wallis")
    assert finding.verdict == "not evaluable"
    assert "cannot be recomputed from means" in finding.messages[0]


def test_standard_errors_and_granularity() -> None:
    by_error = {"mean": [5.0, 7.0], "se": [0.5, 0.5], "n": [16, 16]}
    by_deviation = {"mean": [5.0, 7.0], "sd": [2.0, 2.0], "n": [16, 16]}
    assert audit("summary", by_error, None, "t").recomputed == audit("summary", by_deviation, None, "t").recomputed
    grim = audit("summary", {"mean": [3.45, 3.0], "sd": [1.0, 1.0], "n": [10, 10], "integer": True}, None, "t-test")
    assert grim.messages == ["no 10 whole numbers have the mean 3.45"]


# ratios


def test_ratios() -> None:
    assert audit("hr_ci", {"hr": 2.1, "lo": 1.11, "hi": 3.99}, "0.023").verdict == "reproduced"
    assert audit("or_ci", {"or": 2.0, "lo": 1.0, "hi": 4.0}, "0.05").verdict == "reproduced"
    assert audit("hr_ci", {"hr": 2.1, "lo": 2.2, "hi": 3.99}, "0.02").verdict == "impossible"
    asymmetric = audit("hr_ci", {"hr": 2.1, "lo": 1.9, "hi": 3.99}, "<0.001")
    assert "geometric middle of the interval is 2.75" in asymmetric.messages[0]
    against = audit("hr_ci", {"hr": 2.1, "lo": 1.11, "hi": 3.99}, "0.12")
    assert "the interval excludes 1, the printed p is not below 0.05" in against.messages
    including = audit("hr_ci", {"hr": 1.5, "lo": 0.8, "hi": 2.81}, "0.01")
    assert "the interval includes 1, the printed p is below 0.05" in including.messages
    assert audit("hr_ci", {"difference": 2.0, "lo": 0.04, "hi": 3.96}, "0.0455").verdict != "not reproduced"
    assert audit("hr_ci", {"hr": 0.1, "lo": 0.0, "hi": 0.9}, "0.04").verdict == "not evaluable"


# confusion matrices


def test_exchanged_flipped_and_impossible_metrics() -> None:
    counts = {"tp": 41, "fn": 7, "tn": 29, "fp": 13}
    assert audit("diagnostic", counts, "SEN .854 SPE .690").verdict == "reproduced"
    swapped = audit("diagnostic", counts, "SEN 85.4 SPE 69.0 PPV 80.6 NPV 75.9")
    assert (swapped.verdict, swapped.messages[-1]) == ("not reproduced", "PPV and NPV are exchanged")
    flipped = audit("diagnostic", counts, "SEN 69.0 SPE 85.4 PPV 80.6 NPV 75.9 ACC 77.8")
    assert flipped.messages[-1] == "SEN, SPE, PPV, NPV fit with the other class as positive"
    other = audit("diagnostic", counts, "SEN 86.0")
    assert (other.verdict, other.messages) == (
        "impossible", ["SEN is 85.4 (41/48), printed 86.0, which no count of 48 gives"],
    )  # fmt: skip
    cut = audit("diagnostic", counts, "ACC 77.7")
    assert (cut.verdict, cut.messages) == ("rounding", ["ACC 77.7 is cut off, not rounded: 77.778 (70/90)"])


def test_metrics_that_no_matrix_gives_are_passed_over() -> None:
    finding = audit("diagnostic", {"tp": 41, "fn": 7, "tn": 29, "fp": 13}, "AUC 0.81 SEN .854")
    assert (finding.verdict, finding.messages) == (
        "reproduced", ["AUC not looked at: no confusion matrix gives it"],
    )  # fmt: skip


def test_matrices_of_more_classes() -> None:
    matrix = {"matrix": [[8, 2, 0], [1, 7, 2], [0, 1, 9]]}
    assert audit("diagnostic", matrix, "ACC 80.0 kappa 0.70").verdict == "reproduced"
    assert audit("diagnostic", matrix, "SPE 80.0").verdict == "not evaluable"
    assert audit("diagnostic", {"tp": 0, "fn": 0, "tn": 3, "fp": 1}, "SEN 50.0").verdict == "not evaluable"


# percentages, burdens, medians


def test_percentages() -> None:
    assert audit("percent", {"k": 8, "n": 35}, "22.9%").verdict == "reproduced"
    assert audit("percent", {"k": 8, "n": 35}, "0.229").verdict == "reproduced"
    cut = audit("percent", {"k": 19, "n": 138}, "13.7")
    assert cut.verdict == "rounding"
    assert "19/139 would give it" in cut.messages
    assert audit("percent", {"k": 51, "n": 80}, "61.7").verdict == "impossible"
    assert audit("percent", {"k": 51, "n": 80}, "62.5").verdict == "not reproduced"
    assert audit("percent", {"n": 80}, "61.7").verdict == "impossible"
    assert audit("percent", {"n": 80}, "63.8").messages == ["k = 51"]
    assert audit("percent", {"k": 81, "n": 80}, "101.3").verdict == "impossible"


def test_intervals_of_shares_name_their_method() -> None:
    share = {"k": 8, "n": 35}
    assert audit("percent_ci", share, "12.1-39.0", "Wilson").verdict == "reproduced"
    other = audit("percent_ci", share, "10.4-40.1", "Wilson")
    assert (other.verdict, other.matching) == ("not reproduced", ("Clopper-Pearson",))
    assert audit("percent", share, "22.9% (12.1-39.0)").verdict == "reproduced"
    assert audit("percent", share, "23.9% (12.1-39.0)").verdict == "not reproduced"


def test_burdens_tell_their_territory() -> None:
    finding = audit("tmb", {"printed": [2.75, 3.67, 19.27, 32.11], "method_mb": 1.003}, "1.003")
    assert (finding.verdict, finding.recomputed) == ("not reproduced", "1.09")
    assert audit("tmb", {"printed": [2.75, 3.67, 19.27, 32.11], "method_mb": 1.09}, "1.09").verdict == "reproduced"
    assert audit("tmb", {"printed": [2.75, 3.68, 19.29, 32.11], "method_mb": 1.09}, "1.09").verdict == "impossible"


def test_medians() -> None:
    assert audit("median", {"median": 48.3, "n": 523, "integer": True}, None).verdict == "impossible"
    assert audit("median", {"median": 48.5, "n": 522, "integer": True}, None).verdict == "consistent"
    assert audit("median", {"median": 18, "min": 20, "max": 80}, None).verdict == "impossible"


# ranks, correlations, statistics, AUCs


def test_rank_statistics() -> None:
    assert audit("mann_whitney", {"U": 5, "n1": 6, "n2": 3}, "0.302", "Mann-Whitney").verdict == "reproduced"
    assert audit("mann_whitney", {"U": 5, "n1": 6, "n2": 3}, "0.302", "exact Mann-Whitney").verdict == "not reproduced"
    assert audit("mann_whitney", {"W": 26, "n1": 6, "n2": 3}, "0.381", "exact").verdict == "reproduced"
    assert audit("mann_whitney", {"U": 19, "n1": 6, "n2": 3}, "0.381").verdict == "impossible"
    found = audit("mann_whitney", {"n1": 6, "n2": 3}, "0.302", "asymptotic without continuity correction")
    assert (found.verdict, found.messages) == ("consistent", ["U = 5 gives the print, no other does"])
    assert audit("mann_whitney", {"n1": 6, "n2": 3}, "0.303", "exact").verdict == "impossible"
    assert audit("signed_rank", {"W": 0, "n": 6}, "0.031", "Wilcoxon signed-rank").verdict == "reproduced"
    assert audit("signed_rank", {"differences": [1, 2, 3, 4, 5, 6]}, "0.031").matching == ("signed-rank, exact",)
    assert audit("signed_rank", {"before": [0.9, 0.8, 0.7], "after": [0.5, 0.6, 0.8]}, "0.5").verdict == "reproduced"
    assert audit("signed_rank", {"before": [0.9, 0.8], "after": [0.5]}, "0.5").verdict == "not evaluable"
    assert audit("signed_rank", {"W": 22, "n": 6}, "0.031").verdict == "impossible"


def test_correlations_and_statistics() -> None:
    assert audit("correlation", {"r": 0.5, "n": 20}, "0.025", "Pearson").verdict == "reproduced"
    assert audit("correlation", {"r": 0.5, "n": 20}, "0.07-0.77", "Pearson").verdict == "reproduced"
    assert audit("correlation", {"r": 1.5, "n": 20}, "0.025", "Pearson").verdict == "impossible"
    assert audit("statistic", {"t": 2.1, "df": 30}, "0.044").verdict == "reproduced"
    assert audit("statistic", {"chi2": 4.5, "df": 1}, "0.034").verdict == "reproduced"
    assert audit("statistic", {"F": 3.21, "df1": 2, "df2": 111}, "0.044").verdict == "reproduced"
    assert audit("statistic", {"chi2": -1, "df": 1}, "0.5").verdict == "impossible"
    assert audit("statistic", {"q": 1}, "0.5").verdict == "not evaluable"


def test_areas_under_the_curve() -> None:
    assert audit("auc_ci", {"auc": 0.73, "n_pos": 70, "n_neg": 10}, "0.57-0.86").verdict == "consistent"
    assert audit("auc_ci", {"auc": 0.73, "n_pos": 70, "n_neg": 10}, "0.70-0.76").verdict == "not reproduced"
    assert audit("auc_ci", {"auc": 0.73, "n_pos": 70, "n_neg": 10}, "0.75-0.90").verdict == "impossible"
    assert audit("auc_ci", {"auc": 73, "n_pos": 70, "n_neg": 10}, "0.75-0.90").verdict == "impossible"
    assert audit("auc_ci", {"auc": 0.73, "se": 0.07}, "0.001").verdict == "reproduced"
    means = {"mean_sd": [[88.66, 15.39], [98.73, 13.72]]}
    assert audit("auc_binormal", means, "0.69").verdict == "reproduced"
    assert audit("auc_binormal", means, "0.72").verdict == "consistent"
    assert audit("auc_binormal", means, "0.816").verdict == "not reproduced"


# the whole table


@pytest.mark.parametrize(
    ("kind", "content", "printed", "message"),
    [
        ("table", '{"counts":[[10,2],[3,4]]', "0.05", "no JSON"),
        ("table", "", "0.05", "table_json is empty"),
        ("table", '{"counts":[[10,-2],[3,4]]}', "0.05", "-2 is negative"),
        ("table", '{"counts":[["10","−2"],[3,4]]}', "0.05", "-2 is negative"),
        ("table", '{"counts":[[10,2],[3]]}', "0.05", "differ in length: 2, 1"),
        ("table", '{"rows":["a"],"counts":[[10,2],[3,1]]}', "0.05", "1 row labels for 2 rows"),
        ("table", '{"counts":[[10,0],[3,0]]}', "0.05", "nothing can be tested"),
        ("table", '{"counts":[[2000000000000,3],[4,5]]}', "0.05", "more than any study"),
        ("table", "[[1,2],[3,4]]", "perhaps", "not understood"),
        ("mystery", "[[1,2],[3,4]]", "0.05", "kind 'mystery' is not known; use: table"),
        ("hr_ci", '{"hr":2.1}', "0.05", "has no lo"),
        ("diagnostic", '{"tp":1,"fn":2,"tn":3}', "SEN 33.3", "has no fp"),
        ("diagnostic", '{"tp":1,"fn":2,"tn":3,"fp":1}', "AUC 0.5", "'AUC' is not known"),
    ],
)
def test_a_row_fails_alone_with_its_reason(kind: str, content: str, printed: str, message: str) -> None:
    good = {"kind": "table", "table_json": "[[59,31],[103,99]]", "printed_p": "0.022", "test": "Fisher"}
    bad = {"kind": kind, "table_json": content, "printed_p": printed, "test": ""}
    result = audit_tables(pd.DataFrame([bad, good]))
    assert result.rows["verdict"].tolist() == ["not evaluable", "reproduced"]
    assert message in result.rows["message"].iloc[0]
    assert result.n_not_evaluable == 1
    assert result.rows["id"].tolist() == ["row 1", "row 2"]


@settings(max_examples=80)
@given(
    st.sampled_from(sorted(KINDS)),
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 90) | st.floats() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["counts", "n", "k", "tp", "mean", "sd", "r", "U", "auc", "hr", "lo", "hi"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
    st.none() | st.text(max_size=8) | st.sampled_from(["0.05", "ns", "<0.001", "0.2-0.4", "SEN 50.0"]),
)
def test_no_input_raises_anything_but_a_finding(kind: str, content: object, printed: str | None) -> None:
    finding = audit_result(kind, json.dumps(content), printed)
    assert finding.verdict in schema.AUDIT_VERDICTS


def test_missing_columns_are_named() -> None:
    with pytest.raises(SchemaError, match="missing columns table_json, printed_p"):
        audit_tables(pd.DataFrame({"kind": ["table"]}))


def test_the_result_has_the_declared_columns_and_the_same_input(reference: pd.DataFrame, found: pd.DataFrame) -> None:
    assert found.columns.tolist() == schema.AUDIT.names
    for name in schema.AUDIT.names[:7]:
        assert found[name].fillna("").tolist() == reference[name].fillna("").tolist()
    schema.check(found, schema.AUDIT)
