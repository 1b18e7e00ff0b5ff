from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy.special import expit
from statsmodels.discrete.discrete_model import Logit

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.logistic import likelihood_ratio_many, logistic_many


def fitted(row: pd.Series, *, firth: bool) -> pd.Series:
    design = np.column_stack([np.ones(len(row["y"])), row["group"], row["hr"], row["age"] - 55])
    y = row["y"].astype(int)
    return logistic_many([y], [np.ones_like(y)], design, offset=row["offset"], firth=firth).iloc[0]


def test_plain_fits_equal_r(r_table) -> None:
    for _, row in r_table("logistic").iterrows():
        found = fitted(row, firth=False)
        if row["separated"]:
            assert found["separated"]
            assert pd.isna(found["odds_ratio"])
            continue
        assert found[["coef", "se"]].tolist() == pytest.approx([row["coef"], row["se"]], rel=1e-7, abs=1e-9)
        assert found["p_value"] == pytest.approx(row["p"], rel=1e-7)
        low = row["coef"] - 1.959963984540054 * row["se"]
        assert np.log(found["ci_low"]) == pytest.approx(low, abs=1e-6), "R's errors are those of its last step but one"


def test_firth_fits_equal_r(r_table) -> None:
    table = r_table("logistic")
    assert table["separated"].sum() >= 3
    for _, row in table.iterrows():
        found = fitted(row, firth=True)
        assert found["coef"] == pytest.approx(row["firth_coef"], rel=1e-6, abs=1e-8)
        assert found["p_value"] == pytest.approx(row["firth_p"], rel=1e-5)
        limits = np.log(found[["ci_low", "ci_high"]].astype(float))
        assert limits.tolist() == pytest.approx([row["firth_low"], row["firth_high"]], abs=1e-5)


def test_firth_is_the_maximum_of_the_penalised_likelihood() -> None:
    generator = np.random.default_rng(5)
    design = np.column_stack([np.ones(40), generator.random(40) < 0.4, generator.normal(size=40)]).astype(float)
    y = (generator.random(40) < 0.15).astype(int)

    def loss(beta: np.ndarray) -> float:
        p = expit(design @ beta)
        information = design.T @ (design * (p * (1 - p))[:, None])
        return -float((y * np.log(p) + (1 - y) * np.log1p(-p)).sum() + np.linalg.slogdet(information)[1] / 2)

    best = optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13})
    assert logistic_many([y], [np.ones(40)], design, firth=True)["coef"][0] == pytest.approx(best.x[1], abs=1e-6)


def test_firth_converges_where_one_sample_is_all_that_tells_of_a_term() -> None:
    """A level of one sample (leverage 1): steps by the plain information jump over the maximum and back for ever.

    By hand: a cell of its own has (y + 1/2) / (n + 1) as its fitted share, and leaves the others as they are.
    """
    design = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1]])
    altered, total = [[7, 12, 1]], [[20, 50, 1]]
    alone = logistic_many(altered, total, design, term=2, firth=True).iloc[0]
    assert alone["odds_ratio"] == pytest.approx((1.5 / 0.5) / (12.5 / 38.5), rel=1e-9)
    columns = ["odds_ratio", "ci_low", "ci_high", "p_value"]
    found = logistic_many(altered, total, design, firth=True).iloc[0][columns].astype(float)
    without = logistic_many([[7, 12]], [[20, 50]], design[:2, :2], firth=True).iloc[0][columns].astype(float)
    assert found["odds_ratio"] == pytest.approx((7.5 / 13.5) / (12.5 / 38.5), rel=1e-9)
    assert found.tolist() == pytest.approx(without.tolist(), rel=1e-6)


def test_a_single_table_by_hand() -> None:
    # One group, no covariate: Firth's penalty for a saturated 2x2 table adds 1/2 to each cell.
    found = logistic_many([[7, 0]], [[10, 12]], [[1, 1], [1, 0]], firth=True).iloc[0]
    assert found["odds_ratio"] == pytest.approx(7.5 / 3.5 / (0.5 / 12.5), rel=1e-8)
    plain = logistic_many([[7, 3]], [[10, 12]], [[1, 1], [1, 0]]).iloc[0]
    assert plain["odds_ratio"] == pytest.approx(7 / 3 / (3 / 9), rel=1e-8)


def test_statsmodels_agrees() -> None:
    generator = np.random.default_rng(3)
    design = np.column_stack([np.ones(200), generator.random(200) < 0.3, generator.normal(55, 10, 200)])
    y = (generator.random((5, 200)) < 0.3).astype(int)
    found = logistic_many(y, np.ones_like(y), design)
    for i in range(5):
        other = Logit(y[i], design).fit(disp=0, tol=1e-12)
        assert found["coef"][i] == pytest.approx(other.params[1], abs=1e-8)
        assert found["se"][i] == pytest.approx(other.bse[1], rel=1e-7)


def test_the_hormone_receptor_cases(repository) -> None:
    table = pd.read_csv(repository / "tests" / "reference" / "hr_adjusted_truth.tsv", sep="\t")
    for _, row in table.iterrows():
        strata = np.array(json.loads(row.filter(like="strata_json").iloc[0]))
        k = len(strata)
        levels = np.eye(k)[:, 1:]
        design = np.vstack([[1, group, *levels[j]] for j in range(k) for group in (1, 0)])
        altered, total = strata[:, [0, 2]].ravel(), strata[:, [1, 3]].ravel()
        found = logistic_many([altered], [total], design).iloc[0]
        expected = row[["logit_aor", "logit_lo", "logit_hi", "lrt_p"]].astype(float).tolist()
        assert found[["odds_ratio", "ci_low", "ci_high", "p_value"]].tolist() == pytest.approx(expected, abs=1e-4)
        wide = np.hstack([design, design[:, 1:2] * design[:, 2:]])
        p = likelihood_ratio_many([altered], [total], wide, range(k + 1, 2 * k))
        assert p[0] == pytest.approx(row["interaction_p"], abs=1e-4)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=6, max_size=6), st.booleans())
def test_invariants(counts: list[tuple[int, int]], firth: bool) -> None:
    altered = np.array([a for a, _ in counts])
    total = altered + np.array([m for _, m in counts])
    design = np.array([[1, g, h, 0.3 * i] for i, (g, h) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1), (0, 0), (1, 1)])])
    found = logistic_many([altered], [total], design, firth=firth)
    swapped = logistic_many([altered], [total], design * [1, -1, 1, 1] + [0, 1, 0, 0], firth=firth)
    opposite = logistic_many([total - altered], [total], design, firth=firth)
    if pd.isna(found["odds_ratio"][0]):
        return
    assert 0 < found["ci_low"][0] < found["odds_ratio"][0] < found["ci_high"][0]
    for other in (swapped, opposite):
        assert other["odds_ratio"][0] * found["odds_ratio"][0] == pytest.approx(1, rel=1e-6)
        assert other["p_value"][0] == pytest.approx(found["p_value"][0], rel=1e-5)
        assert other["ci_high"][0] * found["ci_low"][0] == pytest.approx(1, rel=1e-4)
    repeated = logistic_many([np.repeat(altered, 1)], [total], design * [1, 1, 1, 1000], firth=firth)
    assert repeated["p_value"][0] == pytest.approx(found["p_value"][0], rel=1e-5)


def test_what_is_undefined_is_missing() -> None:
    design = [[1, 1, 0], [1, 0, 0], [1, 1, 1], [1, 0, 1]]
    nothing = logistic_many([[0, 0, 0, 0]], [[5, 5, 5, 5]], design)
    assert pd.isna(nothing["p_value"][0])
    lacking = logistic_many([[2, 3, 0, 0]], [[5, 5, 0, 0]], design)
    assert pd.isna(lacking["odds_ratio"][0]), "the covariate does not vary among the profiled samples"
    two_samples = logistic_many([[1, 0]], [[1, 1]], [[1, 1], [1, 0]])
    assert two_samples["separated"][0]
    assert two_samples["p_value"].isna()[0]
    assert len(logistic_many(np.zeros((0, 4)), np.zeros((0, 4)), design, firth=True)) == 0
    with pytest.raises(StatisticsError, match="counts have shape"):
        logistic_many([[1, 2]], [[5, 5]], design)
    with pytest.raises(StatisticsError, match="term 7 of a design with 3 terms"):
        logistic_many([[1, 2, 3, 4]], [[5, 5, 5, 5]], design, term=7)
    with pytest.raises(StatisticsError, match="missing or infinite"):
        logistic_many([[1, 2]], [[5, 5]], [[1, np.nan], [1, 0]])


@pytest.mark.verify
@pytest.mark.parametrize("firth", [False, True])
def test_size_under_the_null(firth: bool) -> None:
    generator = np.random.default_rng(11)
    design = np.column_stack([np.ones(321), np.arange(321) < 90, np.zeros(321)])
    design[:, 2] = generator.random(321) < np.where(design[:, 1] == 1, 0.67, 0.87)
    share = expit(np.where(design[:, 2] == 1, -1.0, 1.0) - (2.0 if firth else 0.0))
    y = (generator.random((4000, 321)) < share).astype(int)
    p = logistic_many(y, np.ones_like(y), design, firth=firth)["p_value"].to_numpy(float)
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.011)
