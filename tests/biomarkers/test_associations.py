"""A score against genes: by hand, against all permutations within strata, and with the profiled as denominator."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest

from her2genomics.biomarkers.associations import associate_markers
from her2genomics.cohort import cohort_from_table
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.stats.adjusted_numbers import van_elteren
from her2genomics.stats.continuous import rank_sum


def made(n=40, **columns):
    rng = np.random.default_rng(3)
    table = {
        "sample_id": [f"s{i}" for i in range(n)],
        "her2_group": np.array(["zero", "low"])[np.arange(n) % 2],
        "score": rng.normal(size=n).round(3) + 2.0 * (np.arange(n) % 2),
        "tmb": rng.gamma(2, 2, n).round(2),
        "TP53": np.where(rng.random(n) < 0.3 + 0.4 * (np.arange(n) % 2), "missense", "WT"),
    }
    return pd.DataFrame(table | columns).astype("string")


def test_rows_are_the_tests_of_the_profiled():
    table = made()
    table.loc[:7, "TP53"] = pd.NA
    row = associate_markers(cohort_from_table(table), ["score"]).set_index("feature").loc["TP53"]
    known = table[table["TP53"].notna()]
    score, altered = known["score"].astype(float).to_numpy(), (known["TP53"] != "WT").to_numpy(bool)
    expected = rank_sum(score[altered], score[~altered])
    assert (row["n_altered"] + row["n_unaltered"], row["n_missing"]) == (32, 8)
    assert (row["p_value"], row["effect"], row["auc"]) == (expected.p_value, expected.shift, expected.auc)
    strata = (known["her2_group"] == "low").to_numpy().astype(np.int64)
    assert row["adj_p"] == van_elteren(score, altered, strata).p_value


def test_a_difference_that_only_comes_from_the_groups_goes_away():
    row = associate_markers(cohort_from_table(made(400)), ["score"]).set_index("feature").loc["TP53"]
    assert row["p_value"] < 1e-4
    assert row["adj_p"] > 0.01
    assert row["n_informative_strata"] == 2


def test_van_elteren_equals_every_permutation_within_strata():
    rng = np.random.default_rng(8)
    values = rng.normal(size=14).round(2)
    strata = np.repeat([0, 1], 7)
    first = np.array([1, 1, 1, 0, 0, 0, 0] * 2, dtype=bool)

    def surplus(chosen):
        total = 0.0
        for s, members in enumerate(chosen):
            ranks = pd.Series(values[strata == s]).rank().to_numpy()
            total += (ranks[list(members)].sum() - len(members) * 8 / 2) / 8
        return abs(total)

    ways = list(product(combinations(range(7), 3), repeat=2))
    observed = surplus([(0, 1, 2), (0, 1, 2)])
    exact = np.mean([surplus(way) >= observed - 1e-12 for way in ways])
    variance = np.mean([surplus(way) ** 2 for way in ways])
    result = van_elteren(values, first, strata)
    from scipy.stats import norm

    assert result.p_value == pytest.approx(2 * norm.sf(observed / np.sqrt(variance)), rel=1e-9)
    assert result.p_value == pytest.approx(exact, abs=0.03)


def test_families_have_their_own_q_and_edges_are_said():
    table = made(score=1.0, other=range(40))
    found = associate_markers(cohort_from_table(table), ["score", "other"], strata=[])
    flat = found[found["marker"] == "score"]
    assert flat["p_value"].isna().all()
    assert flat["note"].str.contains("equal").all()
    assert found["adj_p"].isna().all()
    assert {"gene", "tmb"} <= set(found["family"])
    rare = made()
    rare["KMT2C"] = ["missense", "missense", *["WT"] * 38]
    row = associate_markers(cohort_from_table(rare), ["score"]).set_index("feature").loc["KMT2C"]
    assert "fewer than 3" in row["note"]


def test_wrong_columns_are_refused():
    cohort = cohort_from_table(made(os_months=12.0))
    with pytest.raises(SchemaError, match="to make strata of"):
        associate_markers(cohort, ["score"], strata=["site"])
    with pytest.raises(UsageError, match="censored"):
        associate_markers(cohort, ["os_months"])
