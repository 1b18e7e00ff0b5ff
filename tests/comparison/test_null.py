"""How often a true null is rejected at 0.05 by every column of the association table: two panels, unequal groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.comparison.adjustment import Adjustment
from her2genomics.comparison.binary import compare_binary
from her2genomics.comparison.covariates import Covariate, Covariates
from her2genomics.comparison.design import Design
from her2genomics.comparison.features import BinaryFeatures
from her2genomics.comparison.groups import Grouping
from her2genomics.comparison.numbers import number_rows

SIZES = (90, 231, 202)
HR_POSITIVE = (0.67, 0.87, 0.58)
"""Share of HR-positive tumours per group: the covariate is unequal, as in the study."""
CONTRASTS = {"zero-low": (0, 1), "overall": (0, 1, 2), "trend": (0, 1, 2)}
N_FEATURES, N_COHORTS = 800, 10


def cohort_under_the_null(
    generator: np.random.Generator, rate: tuple[float, float]
) -> tuple[BinaryFeatures, np.ndarray, np.ndarray]:
    """Return features that depend on HR status alone; the second panel covers half of them, in 40 % of the samples."""
    codes = np.repeat(np.arange(3), SIZES)
    hr = (generator.random(len(codes)) < np.array(HR_POSITIVE)[codes]).astype(float)
    small_panel = generator.random(len(codes)) < np.array([0.6, 0.4, 0.3])[codes]
    known = ~(small_panel[:, None] & (np.arange(N_FEATURES) % 2 == 0))
    value = (generator.random((len(codes), N_FEATURES)) < np.where(hr == 1, *rate)[:, None]) & known
    names = tuple(f"g{j}" for j in range(N_FEATURES))
    return BinaryFeatures("gene", names, value, known), codes, hr


def sizes(rate: tuple[float, float], method: str, seed: int) -> pd.DataFrame:
    """Return the share of p at or below 0.05 per contrast and column."""
    generator = np.random.default_rng(seed)
    parts = []
    for _ in range(N_COHORTS):
        features, codes, hr = cohort_under_the_null(generator, rate)
        grouping = Grouping(
            "her2_group", ("HER2-zero", "HER2-low", "HER2-positive"), codes.astype(np.int64), ordered=True
        )
        adjustment = Adjustment(Covariates((Covariate("hr_status", ("negative", "positive"), hr),)), method)
        contrasts = CONTRASTS if method == "auto" else {"zero-low": (0, 1)}
        parts.append(compare_binary(features, Design(grouping, contrasts, adjustment)))
    table = pd.concat(parts, ignore_index=True)
    columns = ["p_value", "other_p", "adj_p", "adj_p_exact", "interaction_p"]
    rejected = table.reindex(columns=columns).astype("Float64") <= 0.05
    return rejected.groupby(table["contrast"]).mean()


def within(share: float, low: float, high: float) -> bool:
    """Return whether a share of some 8,000 null tests agrees with an interval, three Monte Carlo errors allowed."""
    error = 3 * np.sqrt(0.05 * 0.95 / (N_FEATURES * N_COHORTS))
    return low - error <= share <= high + error


@pytest.mark.verify
@pytest.mark.parametrize("rate", [(0.3, 0.3), (0.1, 0.1), (0.03, 0.03)])
def test_without_any_difference(rate: tuple[float, float]) -> None:
    found = sizes(rate, "auto", seed=1)
    for contrast in ("zero-low", "overall"):
        assert within(found.loc[contrast, "p_value"], 0, 0.05), "exact tests keep the level"
    assert within(found.loc["zero-low", "adj_p_exact"], 0, 0.05)
    assert within(found.loc["trend", "p_value"], 0 if rate[0] < 0.05 else 0.045, 0.055)
    if rate[0] >= 0.1:
        for contrast, column in (
            ("zero-low", "other_p"),
            ("overall", "other_p"),
            ("trend", "other_p"),
            ("zero-low", "adj_p"),
        ):
            assert within(found.loc[contrast, column], 0.045, 0.055), (contrast, column)
    if rate[0] >= 0.3:
        assert within(found.loc["zero-low", "interaction_p"], 0.045, 0.055)


@pytest.mark.verify
def test_a_confounded_gene_is_not_found_once_adjusted() -> None:
    found = sizes((0.25, 0.6), "auto", seed=2)
    assert found.loc["zero-low", "p_value"] > 0.1, "crude: HER2-zero holds more HR-negative tumours"
    assert within(found.loc["zero-low", "adj_p_exact"], 0, 0.05)
    for contrast in ("zero-low", "overall", "trend"):
        assert within(found.loc[contrast, "adj_p"], 0.045, 0.055)


@pytest.mark.verify
@pytest.mark.parametrize(
    ("method", "rate", "low", "high"),
    [
        ("regression", (0.25, 0.6), 0.045, 0.055),
        ("regression", (0.04, 0.06), 0.03, 0.055),  # Firth
        ("matching", (0.25, 0.6), 0, 0.05),
        ("overlap", (0.25, 0.6), 0.03, 0.055),
    ],
)
def test_other_adjustments(method: str, rate: tuple[float, float], low: float, high: float) -> None:
    assert within(sizes(rate, method, seed=3).loc["zero-low", "adj_p"], low, high)


@pytest.mark.verify
def test_numbers_that_depend_on_the_covariate_alone() -> None:
    generator = np.random.default_rng(4)
    codes = np.repeat(np.arange(3), SIZES).astype(np.int64)
    rows = []
    for _ in range(2000):
        hr = (generator.random(len(codes)) < np.array(HR_POSITIVE)[codes]).astype(float)
        values = generator.poisson(np.where(hr == 1, 3.0, 4.5)).astype(float)
        adjustment = Adjustment(Covariates((Covariate("hr_status", ("negative", "positive"), hr),)))
        grouping = Grouping("her2_group", ("HER2-zero", "HER2-low", "HER2-positive"), codes, ordered=True)
        for numbers in ("rank", "welch"):
            design = Design(grouping, {"zero-low": (0, 1)}, adjustment, numbers=numbers)
            rows += [{**row, "numbers": numbers} for row in number_rows(values, "tmb", design, smd=False)]
    table = pd.DataFrame(rows)
    adjusted = (table["adj_p"] <= 0.05).groupby(table["numbers"]).mean()
    error = 3 * np.sqrt(0.05 * 0.95 / 2000)
    assert adjusted["rank"] == pytest.approx(0.05, abs=error + 0.005)
    assert adjusted["welch"] == pytest.approx(0.05, abs=error + 0.005)
    assert ((table["p_value"] <= 0.05).groupby(table["numbers"]).mean() > 0.15).all(), "crude: confounded"


def test_the_null_cohort_is_what_it_says() -> None:
    features, codes, hr = cohort_under_the_null(np.random.default_rng(0), (0.3, 0.3))
    assert np.bincount(codes).tolist() == list(SIZES)
    assert features.known[:, 1].all()
    assert 0.5 < features.known[:, 0].mean() < 0.65
    assert hr[codes == 1].mean() > hr[codes == 2].mean()
