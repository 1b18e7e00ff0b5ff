from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import Logit

from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.compare import compare_groups
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.stats.stratified import cmh
from her2genomics.stats.stratified_groups import stratified_groups_many

Pick = Callable[..., pd.Series]


def test_one_category_is_held_fixed_by_strata(hr_cohort: Cohort, row: Pick) -> None:
    found = row(compare_groups(hr_cohort).association, "TP53", "zero-low")
    expected = cmh([[[20, 40], [53, 149]], [[26, 4], [21, 8]]])
    assert found["p_value"] == pytest.approx(0.001998, abs=1e-6)
    assert found[["adj_effect", "adj_ci_low", "adj_ci_high"]].tolist() == pytest.approx(
        [1.5658, 0.8961, 2.7362], abs=1e-4
    )
    assert found["adj_p"] == pytest.approx(0.116464, abs=1e-6)
    assert found["adj_p_exact"] == pytest.approx(0.143825, abs=1e-6)
    assert found["interaction_p"] == pytest.approx(expected.breslow_day_p)
    assert (found["adj_for"], found["adj_test"]) == ("hr_status", "Cochran-Mantel-Haenszel")
    assert "attenuated, inconclusive: adjusted odds ratio 1.57 [0.896, 2.74]" in found["note"]


def test_regression_on_the_same_covariate(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort, adjust="hr_status", adjust_by="regression").association
    found = row(table, "TP53", "zero-low")
    assert found[["adj_effect", "adj_ci_low", "adj_ci_high"]].tolist() == pytest.approx(
        [1.5603, 0.8949, 2.7204], abs=1e-4
    )
    assert (found["adj_p"], found["interaction_p"]) == pytest.approx((0.119815, 0.444128), abs=1e-6)
    assert found["adj_test"] == "logistic"
    assert pd.isna(found["adj_p_exact"])


def test_several_covariates_and_numbers(hr_cohort: Cohort, row: Pick) -> None:
    found = row(compare_groups(hr_cohort, adjust=["hr_status", "age"]).association, "TP53", "zero-low")
    samples = hr_cohort.samples
    rows = samples["her2_group"].isin(["HER2-zero", "HER2-low"]).to_numpy()
    design = np.column_stack(
        [
            np.ones(rows.sum()),
            samples["her2_group"][rows] == "HER2-zero",
            samples["hr_status"][rows] == "positive",
            samples["age"][rows],
        ]
    ).astype(float)
    fit = Logit(hr_cohort.altered()[rows, 0].astype(int), design).fit(disp=0, tol=1e-12)
    assert np.log(found["adj_effect"]) == pytest.approx(fit.params[1], abs=1e-6)
    assert found["adj_for"] == "hr_status, age"


def test_missing_covariates_are_counted(hr_cohort: Cohort, row: Pick) -> None:
    samples = hr_cohort.samples.copy()
    samples.loc[:4, "hr_status"] = pd.NA
    found = row(compare_groups(replace(hr_cohort, samples=samples)).association, "TP53", "zero-low")
    assert found["adj_n_missing"] == 5
    assert found["n_a"] == 90


def test_sparse_features_get_the_penalty(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort, adjust=["hr_status", "age"], contrasts=["zero-positive"]).association
    assert row(table, "PIK3CA", "zero-positive")["adj_test"] == "Firth logistic", "10 altered for 3 terms"
    separated = hr_cohort.alterations[hr_cohort.alterations["gene"] == "TP53"]
    only_low = separated["sample_id"].isin(
        hr_cohort.samples["sample_id"][hr_cohort.samples["her2_group"] != "HER2-zero"]
    )
    cohort = replace(hr_cohort, alterations=separated[only_low])
    found = row(
        compare_groups(cohort, adjust=["hr_status", "age"], contrasts=["zero-low"]).association, "TP53", "zero-low"
    )
    assert found["adj_test"] == "Firth logistic", "none of HER2-zero is altered"
    assert 0 < found["adj_ci_low"] < found["adj_effect"] < found["adj_ci_high"] < 1


@pytest.fixture(scope="module")
def batched() -> Cohort:
    """HER2-zero in two batches; all HER2-low in the one, all HER2-positive in the other, one HER2-zero in a third."""
    rows = []
    for group, n in (("HER2-zero", 41), ("HER2-low", 40), ("HER2-positive", 40)):
        for i in range(n):
            batch = {"HER2-low": "A", "HER2-positive": "B"}.get(group, "C" if i == 40 else "AB"[i % 2])
            share = 3 if group == "HER2-low" else 7
            rows.append(
                {
                    "her2_group": group,
                    "batch": batch,
                    "age": str(35 + 11 * i % 40),
                    "tmb": str((7 * i + share) % 13),
                    "TP53": "R175H" if 3 * i % 10 < share else "WT",
                    "CDH1": None if batch == "C" else "1" if i % 5 == 0 else "0",
                    "PTEN": "0",
                }
            )
    table = pd.DataFrame(rows)
    table.insert(0, "sample_id", [f"s{i}" for i in range(len(table))])
    return cohort_from_table(table)


@pytest.mark.parametrize("adjust", ["batch", ["batch", "age"]])
@pytest.mark.parametrize("adjust_by", ["auto", "regression"])
def test_groups_that_go_with_a_covariate_are_not_adjusted(
    batched: Cohort, row: Pick, adjust: str | list[str], adjust_by: str
) -> None:
    table = compare_groups(batched, adjust=adjust, adjust_by=adjust_by).association
    for feature in ("TP53", "tmb"):
        found = row(table, feature, "low-positive", family="tmb" if feature == "tmb" else "gene")
        assert found[["adj_effect", "adj_ci_low", "adj_ci_high", "adj_p"]].isna().all(), found
        assert "no adjusted p: the covariates leave nothing to compare between the groups" in found["note"]
    assert row(table, "TP53", "zero-low")["adj_p"] < 0.05
    assert "no adjusted p" not in row(table, "TP53", "zero-low")["note"]


def test_a_level_with_one_sample_does_not_hinder_adjustment(batched: Cohort, row: Pick) -> None:
    """TP53 was profiled in the only sample of batch C, CDH1 was not: as if the cohort had no batch C."""
    found = compare_groups(batched, adjust=["batch", "age"], min_frequency=0).association
    kept = compare_groups(
        batched.select((batched.samples["batch"] != "C").to_numpy(dtype=bool)), adjust=["batch", "age"]
    ).association
    tp53, cdh1 = (row(found, gene, "zero-low") for gene in ("TP53", "CDH1"))
    assert tp53["adj_test"] == cdh1["adj_test"] == "Firth logistic"
    assert np.isfinite(tp53[["adj_effect", "adj_ci_low", "adj_ci_high", "adj_p"]].astype(float)).all()
    columns = ["adj_effect", "adj_ci_low", "adj_ci_high", "adj_p"]
    assert cdh1[columns].tolist() == pytest.approx(row(kept, "CDH1", "zero-low")[columns].tolist(), rel=1e-6)


@pytest.mark.parametrize("adjust_by", ["auto", "regression"])
def test_what_no_sample_has_is_not_adjusted(batched: Cohort, row: Pick, adjust_by: str) -> None:
    table = compare_groups(batched, adjust="batch", adjust_by=adjust_by, features=["PTEN:amp"]).association
    for contrast in ("zero-low", "overall", "trend"):
        assert pd.isna(row(table, "PTEN:amp", contrast)["adj_p"])


def test_burden_as_covariate_and_as_offset(hr_cohort: Cohort, row: Pick) -> None:
    covariate = row(compare_groups(hr_cohort, burden="covariate").association, "TP53", "zero-low")
    offset = row(compare_groups(hr_cohort, burden="offset").association, "TP53", "zero-low")
    assert covariate["adj_for"] == "hr_status, tmb"
    assert offset["adj_for"] == "hr_status, tmb (offset)"
    assert covariate["adj_effect"] != offset["adj_effect"]
    assert pd.isna(row(compare_groups(hr_cohort, burden="covariate").association, "tmb", "zero-low")["adj_p"])


def test_a_feature_is_not_adjusted_for_itself(hr_cohort: Cohort, row: Pick) -> None:
    samples = hr_cohort.samples.assign(er_status=hr_cohort.samples["hr_status"], menopause="pre")
    samples.loc[::3, "menopause"] = "post"
    table = compare_groups(replace(hr_cohort, samples=samples)).association
    assert pd.isna(row(table, "hr_status", "zero-low")["adj_p"])
    assert pd.isna(row(table, "er_status", "zero-low")["adj_p"]), "ER makes HR status"
    assert not pd.isna(row(table, "menopause", "zero-low")["adj_p"])


def test_numbers_are_adjusted_too(hr_cohort: Cohort, row: Pick) -> None:
    ranks = row(compare_groups(hr_cohort).association, "age", "zero-low")
    assert ranks["adj_test"].startswith("van Elteren")
    means = row(compare_groups(hr_cohort, numbers="welch").association, "age", "zero-low")
    assert (means["test"], means["adj_test"]) == ("Welch t", "linear, difference of means (HC3)")
    assert means["adj_ci_low"] < means["adj_effect"] < means["adj_ci_high"]


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"adjust": "nope"}, SchemaError, "no column nope to adjust for"),
        ({"adjust": "her2_group"}, UsageError, "it makes the groups"),
        ({"adjust": "ihc"}, UsageError, "part of what defines the HER2 groups"),
        (
            {"adjust": "subtype"},
            UsageError,
            "cannot adjust for subtype in zero-positive, low-positive.*--contrast zero-low",
        ),
        ({"adjust": "site"}, UsageError, "no level of it holds two groups"),
        ({"adjust": "batch"}, UsageError, "different texts"),
        ({"adjust_by": "magic"}, UsageError, "adjust_by is magic; use: auto"),
        ({"burden": "some"}, UsageError, "burden is some"),
        ({"numbers": "median"}, UsageError, "numbers is median"),
    ],
)
def test_what_cannot_be_held_fixed_is_refused(
    hr_cohort: Cohort, how: Any, error: type[Exception], message: str
) -> None:
    groups = hr_cohort.samples["her2_group"].astype("string")
    samples = hr_cohort.samples.assign(
        ihc=groups, site=groups + " site", batch=hr_cohort.samples["sample_id"], subtype=hr_cohort.samples["hr_status"]
    )
    with pytest.raises(error, match=message):
        compare_groups(replace(hr_cohort, samples=samples), **how)


def test_subtype_is_allowed_between_zero_and_low(hr_cohort: Cohort, row: Pick) -> None:
    samples = hr_cohort.samples.assign(
        subtype=hr_cohort.samples["hr_status"].map({"positive": "LumA", "negative": "TNBC"})
    )
    table = compare_groups(replace(hr_cohort, samples=samples), adjust="subtype", contrasts=["zero-low"]).association
    assert row(table, "TP53", "zero-low")["adj_p"] == pytest.approx(0.116464, abs=1e-6)


@pytest.mark.parametrize("method", ["matching", "overlap"])
def test_matching_and_weighting_show_their_balance(hr_cohort: Cohort, row: Pick, method: str) -> None:
    result = compare_groups(hr_cohort, adjust=["hr_status", "age"], adjust_by=method, contrasts=["zero-low"])
    found = row(result.association, "TP53", "zero-low")
    assert 1 < found["adj_effect"] < found["effect"], "most of the difference is hormone-receptor status"
    assert found["adj_p"] > 0.05
    assert found["adj_test"].startswith({"matching": "McNemar exact", "overlap": "overlap weights"}[method])
    balance = result.balance.set_index(["covariate", "level"])
    assert abs(balance.loc[("hr_status", "positive"), "smd"]) > 0.4
    assert balance["adj_smd"].abs().max() < 0.1
    assert balance.loc[("age", "mean"), "n_a"] <= 90
    again = compare_groups(hr_cohort, adjust=["hr_status", "age"], adjust_by=method, contrasts=["zero-low"])
    pd.testing.assert_frame_equal(again.association, result.association)


def test_other_adjustments_have_no_balance(hr_cohort: Cohort) -> None:
    assert len(compare_groups(hr_cohort).balance) == 0


def test_all_groups_and_the_trend_are_adjusted_too(hr_cohort: Cohort, row: Pick) -> None:
    table = compare_groups(hr_cohort).association
    altered, n = np.array([[[26, 20], [21, 53], [8, 6]]]), np.array([[[30, 60], [29, 202], [10, 10]]])
    expected = stratified_groups_many(altered, n).iloc[0]
    overall, trend = row(table, "TP53", "overall"), row(table, "TP53", "trend")
    assert (overall["adj_p"], trend["adj_p"]) == pytest.approx((expected["p_value"], expected["trend_p"]))
    assert overall["adj_test"] == "generalised Cochran-Mantel-Haenszel"
    regression = compare_groups(hr_cohort, adjust=["hr_status", "age"]).association
    assert row(regression, "TP53", "overall")["adj_p"] == pytest.approx(expected["p_value"], abs=0.05)
    step = row(regression, "TP53", "trend")
    assert step["adj_test"] == "logistic, odds ratio per step"
    assert step["adj_ci_low"] < step["adj_effect"] < step["adj_ci_high"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"adjust_by": "overlap"}, "overlap weights: conservative"),
        ({"adjust_by": "matching"}, "matching: exact, so conservative"),
        ({"adjust_by": "regression"}, "interaction_p of logistic regression"),
    ],
)
def test_a_test_that_does_not_keep_its_size_is_warned_about(
    hr_cohort: Cohort, options: dict[str, Any], said: str
) -> None:
    result = compare_groups(hr_cohort, adjust="hr_status", contrasts=["zero-low"], **options)
    assert sum(said in note for note in result.notes) == 1
    usual = compare_groups(hr_cohort, adjust="hr_status", contrasts=["zero-low"])
    assert not any("conservative" in note or "interaction_p" in note for note in usual.notes)
