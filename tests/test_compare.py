from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from her2genomics import schema
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.compare import compare_groups
from her2genomics.comparison.features import group_counts
from her2genomics.exceptions import CohortError, DataWarning, SchemaError, UsageError


def cohort(n: tuple[int, int, int] = (12, 20, 16), **columns: list[object]) -> Cohort:
    groups = ["HER2-zero"] * n[0] + ["HER2-low"] * n[1] + ["HER2-positive"] * n[2]
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(sum(n))], "her2_group": groups, **columns})
    return cohort_from_table(table)


def cells(*parts: tuple[object, int]) -> list[object]:
    return [value for value, times in parts for _ in range(times)]


TP53 = cells(("R175H", 6), ("WT", 6), ("R175H", 4), ("WT", 16), ("R213*", 12), ("WT", 4))
HALF = cells(("WT", 4), (pd.NA, 8), ("missense", 2), ("WT", 18), ("missense", 3), ("WT", 13))


def row(result: pd.DataFrame, feature: str, contrast: str) -> pd.Series:
    found = result[(result["feature"] == feature) & (result["contrast"] == contrast)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_gene_by_hand() -> None:
    result = compare_groups(cohort(TP53=TP53)).association
    found = row(result, "TP53", "zero-low")
    assert found[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [6, 12, 4, 20]
    assert (found["freq_a"], found["freq_b"]) == (0.5, 0.2)
    assert found["p_value"] == pytest.approx(stats.fisher_exact([[6, 6], [4, 16]]).pvalue, rel=1e-12)
    assert found["effect"] == pytest.approx(stats.contingency.odds_ratio([[6, 6], [4, 16]]).statistic, rel=1e-9)
    assert found["ci_low"] < found["effect"] < found["ci_high"]
    assert found["test"] == "Fisher exact"


def test_denominators_are_profiled_samples() -> None:
    found = row(compare_groups(cohort(KMT2C=HALF)).association, "KMT2C", "zero-low")
    assert found[["altered_a", "n_a", "altered_b", "n_b", "n_missing"]].tolist() == [0, 4, 2, 20, 8]


def test_overall_is_the_exact_test_of_all_groups() -> None:
    found = row(compare_groups(cohort(TP53=TP53)).association, "TP53", "overall")
    table = np.array([[6, 4, 12], [6, 16, 4]])
    probabilities = stats.multivariate_hypergeom.pmf(
        [(a, b, 22 - a - b) for a in range(13) for b in range(21) if 0 <= 22 - a - b <= 16], m=[12, 20, 16], n=22
    )
    observed = stats.multivariate_hypergeom.pmf(table[0], m=[12, 20, 16], n=22)
    assert found["p_value"] == pytest.approx(probabilities[probabilities <= observed * (1 + 1e-7)].sum(), rel=1e-9)
    assert found["test"] == "Fisher-Freeman-Halton exact"


def test_rare_genes_are_left_out_by_their_pooled_frequency_only() -> None:
    once = cells(("missense", 1), ("WT", 47))
    result = compare_groups(cohort(TP53=TP53, BRCA1=once), min_frequency=0.05)
    assert set(result.association["feature"]) == {"TP53"}
    assert any("1 of 2 tested" in note for note in result.notes)
    again = compare_groups(cohort(TP53=TP53, BRCA1=once), min_frequency=1 / 48).association
    assert row(again, "BRCA1", "low-positive")["p_value"] == 1.0, "the filter does not look at one contrast"


def test_q_values_are_benjamini_hochberg_within_family_and_contrast() -> None:
    columns = {f"{gene}": TP53 if i % 2 else HALF for i, gene in enumerate(["TP53", "BRCA1", "BRCA2", "PTEN"])}
    result = compare_groups(cohort(**columns, grade=cells(("1", 16), ("2", 16), ("3", 16)))).association
    rows = result[(result["family"] == "gene") & (result["contrast"] == "zero-low")]
    expected = stats.false_discovery_control(rows["p_value"].to_numpy(float))
    assert rows["q_value"].to_numpy(float) == pytest.approx(expected)
    assert (rows["n_tested"] == 4).all()


def test_shallow_losses_have_rows_of_their_own() -> None:
    erbb2 = cells(("loss", 5), ("WT", 7), ("loss", 3), ("WT", 17), ("amplification", 14), ("missense;amplification", 2))
    result = compare_groups(cohort(ERBB2=erbb2)).association
    assert row(result, "ERBB2", "zero-low")[["altered_a", "altered_b"]].tolist() == [0, 0]
    assert row(result, "ERBB2:loss", "zero-low")[["altered_a", "altered_b"]].tolist() == [5, 3]
    assert row(result, "ERBB2:amplification", "low-positive")[["altered_a", "altered_b"]].tolist() == [0, 16]
    assert row(result, "ERBB2:mutation", "low-positive")["altered_b"] == 2
    counted = compare_groups(cohort(ERBB2=erbb2), classes=schema.ALTERATION_CLASSES).association
    assert row(counted, "ERBB2", "zero-low")[["altered_a", "altered_b"]].tolist() == [5, 3]


def test_clinical_variables_by_their_kind() -> None:
    n = 48
    er = cells(
        ("positive", 8),
        ("negative", 3),
        (pd.NA, 1),
        ("positive", 15),
        ("negative", 5),
        ("positive", 6),
        ("negative", 10),
    )
    built = cohort(
        er_status=er,
        grade=cells(("1", 4), ("2", 20), ("3", 24)),
        age=[str(30 + i) for i in range(n)],
        dfs_months=["12"] * n,
    )
    result = compare_groups(built)
    found = row(result.association, "er_status", "zero-low")
    assert found[["altered_a", "n_a", "altered_b", "n_b", "n_missing"]].tolist() == [8, 11, 15, 20, 1]
    assert found["note"].startswith("share of positive; excluded: odds ratios below ")
    assert row(result.association, "grade", "zero-low")["test"] == "Fisher-Freeman-Halton exact"
    age = row(result.association, "age", "zero-low")
    assert age["p_value"] == pytest.approx(stats.mannwhitneyu(range(30, 42), range(42, 62), method="exact").pvalue)
    assert age["effect"] == pytest.approx(np.median(np.subtract.outer(range(30, 42), range(42, 62))))
    assert row(result.association, "age", "overall")["test"] == "Kruskal-Wallis"
    assert "dfs_months" not in set(result.association["feature"])
    counts = result.contingency.set_index(["feature", "group", "level"])["n"]
    assert counts["er_status", "HER2-zero", "positive"] == 8
    assert counts["grade"].sum() == n


def test_unknown_as_a_category_changes_the_table() -> None:
    er = cells(("positive", 8), (pd.NA, 4), ("positive", 15), ("negative", 5), ("positive", 6), ("negative", 10))
    plain = row(compare_groups(cohort(er_status=er)).association, "er_status", "zero-low")
    with_unknown = compare_groups(cohort(er_status=er), unknown_as_category=True)
    found = row(with_unknown.association, "er_status", "zero-low")
    assert (plain["n_a"], plain["n_missing"]) == (8, 4)
    assert (found["n_a"], found["n_missing"]) == (12, 0)
    assert found["p_value"] != plain["p_value"]
    assert "Unknown is a category" in found["note"]


def test_tmb_is_compared_for_all_and_for_evaluable_samples() -> None:
    tmb = [str(float(i % 7)) for i in range(48)]
    status = cells(("not evaluable: no variant", 3), ("evaluable", 45))
    result = compare_groups(cohort(tmb=tmb, tmb_status=status)).association
    assert row(result, "tmb", "zero-low")["n_a"] == 12
    assert row(result, "tmb_evaluable", "zero-low")["n_a"] == 9
    assert row(result, "tmb", "zero-low")["family"] == "tmb"


def test_adjusting_is_the_mantel_haenszel_estimate() -> None:
    hr = cells(("positive", 6), ("negative", 6), ("positive", 15), ("negative", 5), ("positive", 8), ("negative", 8))
    found = row(compare_groups(cohort(TP53=TP53, hr_status=hr)).association, "TP53", "zero-low")
    # zero: HR+ 6/6 altered, HR- 0/6; low: HR+ 4/15 altered (first four), HR- 0/5
    strata = [(6, 6, 4, 15), (0, 6, 0, 5)]
    top = sum(a * (nb - b) / (na + nb) for a, na, b, nb in strata)
    bottom = sum((na - a) * b / (na + nb) for a, na, b, nb in strata)
    assert found["adj_for"] == "hr_status"
    if bottom == 0:
        assert pd.isna(found["adj_effect"]) or np.isinf(found["adj_effect"])
    else:
        assert found["adj_effect"] == pytest.approx(top / bottom)
    assert 0 < found["adj_p"] < 1


def test_samples_that_only_one_assay_saw_are_left_out_of_gene_tests() -> None:
    assays = cells(("mutations+cna", 10), ("mutations", 2), ("mutations+cna", 36))
    result = compare_groups(cohort(TP53=TP53, assays=assays))
    assert row(result.association, "TP53", "zero-low")["n_a"] == 10
    assert any("2 samples without all of cna + mutations" in note for note in result.notes)


def test_another_grouping_column() -> None:
    site = cells(("lung", 24), ("bone", 24))
    result = compare_groups(cohort(TP53=TP53, site=site), group="site").association
    assert set(result["contrast"]) == {"bone-lung"}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda c: compare_groups(c, group="nope"), SchemaError, "no column nope"),
        (lambda c: compare_groups(c, contrasts=["zero-high"]), UsageError, "unknown contrast zero-high; use: zero-low"),
        (lambda c: compare_groups(c, classes=["bad"]), UsageError, "unknown alteration class bad"),
        (lambda c: compare_groups(c, adjust="her2_group"), UsageError, "it makes the groups"),
    ],
)
def test_wrong_calls(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(cohort(TP53=TP53))  # type: ignore[operator]


def test_an_empty_group_is_left_out_unless_asked_for() -> None:
    built = cohort((0, 24, 24), TP53=cells(("R175H", 10), ("WT", 38)))
    found = compare_groups(built)
    assert set(found.association["contrast"]) == {"low-positive"}
    assert dict(zip(found.groups["group"], found.groups["n"], strict=True))["HER2-zero"] == 0
    with pytest.raises(
        CohortError, match="group HER2-zero has no sample; compare the others with --contrast low-positive"
    ):
        compare_groups(built, contrasts=["low-positive", "zero-low"])
    pd.testing.assert_frame_equal(compare_groups(built, contrasts=["low-positive"]).association, found.association)
    with pytest.raises(CohortError, match="fewer than two groups"):
        compare_groups(cohort((0, 48, 0), TP53=cells(("R175H", 10), ("WT", 38))))


COUNT = st.integers(0, 6)


@settings(max_examples=15)
@given(st.tuples(COUNT, COUNT, COUNT), st.tuples(COUNT, COUNT, COUNT), st.randoms(use_true_random=False))
def test_invariants(altered: tuple[int, int, int], more: tuple[int, int, int], random: object) -> None:
    sizes = tuple(a + m + 1 for a, m in zip(altered, more, strict=True))
    values = [v for a, n in zip(altered, sizes, strict=True) for v in ["missense"] * a + ["WT"] * (n - a)]
    built = cohort(sizes, TP53=values)  # type: ignore[arg-type]
    if sum(altered) == 0:
        with pytest.warns(DataWarning, match="nothing to compare"):
            assert len(compare_groups(built, min_frequency=0).association) == 0
        return
    result = compare_groups(built, min_frequency=0).association
    assert result["p_value"].dropna().between(0, 1).all()
    order = list(range(len(values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = Cohort(
        built.samples.iloc[order].reset_index(drop=True), built.alterations, built.genes, built.profiled[order]
    )
    again = compare_groups(shuffled, min_frequency=0).association
    pd.testing.assert_frame_equal(result, again)


def test_the_summary_can_be_read() -> None:
    lines = compare_groups(cohort(TP53=TP53)).summary(top=1)
    assert lines[0] == "HER2-zero 12, HER2-low 20, HER2-positive 16"
    line = next(text for text in lines if text.strip().startswith("TP53"))
    assert "6/12 (50.0%) against 4/20 (20.0%)" in line


@pytest.mark.parametrize("order", ["C", "F"])
def test_counts_per_group_equal_the_plain_sums(order: Literal["C", "F"]) -> None:
    rng = np.random.default_rng(5)
    matrix = np.array(rng.random((1300, 4)) < 0.9, order=order)
    matrix[:, 0] = True
    codes = rng.integers(-1, 3, len(matrix))
    plain = [matrix[codes == group].sum(axis=0).tolist() for group in range(4)]
    assert group_counts(matrix, codes, 4).tolist() == plain
