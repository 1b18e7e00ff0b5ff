"""The whole analysis of markers: against direct calls, in sets, and at its edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.biomarkers.accuracy import AccuracySettings, parse_rule
from her2genomics.biomarkers.analysis import MarkerDesign, analyse_markers
from her2genomics.exceptions import UsageError
from her2genomics.stats.accuracy import accuracy_at
from her2genomics.stats.diagnostic import auc_delong, delong_test, delong_test_unpaired

FAST = AccuracySettings(n_bootstrap=50)


def made(n: int = 120, seed: int = 3) -> pd.DataFrame:
    """Two markers: ``up`` rises with HER2, ``down`` falls."""
    rng = np.random.default_rng(seed)
    code = rng.integers(0, 3, n)
    groups = pd.Categorical.from_codes(code, list(schema.HER2_GROUPS), ordered=True)
    return pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(n)],
            "her2_group": groups,
            "up": rng.normal(size=n) + code,
            "down": 5 - code + rng.normal(size=n),
            "fold": rng.choice(["train", "test"], n),
        }
    )


def row(table: pd.DataFrame, **key) -> pd.Series:
    chosen = table
    for name, value in key.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_areas_and_shares_are_those_of_direct_calls():
    samples = made()
    result = analyse_markers(samples, ["up", "down"], settings=FAST)
    assert len(result.accuracy) == 10
    inside = samples["her2_group"].isin(["HER2-zero", "HER2-low"])
    truth = (samples.loc[inside, "her2_group"] == "HER2-low").to_numpy()
    for marker, direction in (("up", "higher"), ("down", "lower")):
        found = row(result.accuracy, marker=marker, contrast="zero-low")
        area = auc_delong(samples.loc[inside, marker], truth, higher=direction == "higher")
        assert (found["auc"], found["auc_low"], found["auc_high"]) == pytest.approx(
            (area.auc, area.ci_low, area.ci_high)
        )
        assert (found["direction"], found["positive_class"]) == (direction, "HER2-low")
        at = accuracy_at(samples.loc[inside, marker], truth, found["cut_off"], higher=direction == "higher")
        assert (found["tp"], found["fp"], found["fn"], found["tn"]) == (at.tp, at.fp, at.fn, at.tn)
        assert (found["f1"], found["f1_low"]) == pytest.approx((at.f1[0], at.f1[1]))
        assert "optimistic" in found["note"]
    pair = row(result.pairs, contrast="zero-low")
    test = delong_test(samples.loc[inside, "up"], samples.loc[inside, "down"], truth, higher=(True, False))
    assert pair["p_value"] == pytest.approx(test.p_value)
    assert (result.tests["family"] == "marker").all()


def test_the_cut_off_of_the_development_set_goes_unchanged_to_the_other():
    samples = made()
    result = analyse_markers(
        samples, ["up"], design=MarkerDesign(contrasts=("positive-rest",), set_column="fold"), settings=FAST
    )
    train, test = (row(result.accuracy, set=name) for name in ("train", "test"))
    assert train["cut_off"] == test["cut_off"]
    alone = analyse_markers(samples[samples["fold"] == "train"], ["up"], settings=FAST)
    assert row(alone.accuracy, contrast="positive-rest")["cut_off"] == train["cut_off"]
    parts = [
        (part["up"], (part["her2_group"] == "HER2-positive").to_numpy())
        for part in (samples[samples["fold"] == name] for name in ("train", "test"))
    ]
    drop = delong_test_unpaired(parts[0], parts[1])
    assert (test["auc_drop"], test["auc_drop_p"]) == pytest.approx((drop.difference, drop.p_value))
    assert pd.isna(train["auc_drop"])
    assert "optimistic" in train["note"]
    assert test["note"] == ""
    slope = result.calibration.set_index("set")["slope"]
    assert slope["train"] == pytest.approx(1, abs=1e-6)
    assert slope["test"] != pytest.approx(1, abs=1e-6)


def test_missing_values_leave_and_are_counted():
    samples = made()
    samples.loc[:9, "up"] = np.nan
    result = analyse_markers(samples, ["up", "down"], settings=FAST)
    counts = result.distribution[result.distribution["marker"] == "up"]
    assert counts["n_missing"].sum() == 10
    found = row(result.accuracy, marker="up", contrast="zero-rest")
    assert found["n_missing"] == 10
    assert found["n_positive"] + found["n_negative"] == 110
    assert row(result.pairs, contrast="zero-rest")["n"] == 110


def test_the_order_of_samples_does_not_matter():
    samples = made()
    one = analyse_markers(samples, ["up"], settings=FAST)
    two = analyse_markers(samples.sample(frac=1, random_state=1), ["up"], settings=FAST)
    pd.testing.assert_frame_equal(one.accuracy, two.accuracy)


def test_a_given_cut_off_and_a_prevalence():
    settings = AccuracySettings(cut_off=1.0, direction="higher", prevalence=0.1, n_bootstrap=10)
    found = row(analyse_markers(made(), ["up"], settings=settings).accuracy, contrast="zero-positive")
    assert (found["cut_off"], found["cut_off_rule"], found["note"]) == (1.0, "given", "")
    expected = found["sensitivity"] * 0.1 / (found["sensitivity"] * 0.1 + (1 - found["specificity"]) * 0.9)
    assert found["ppv_at_prevalence"] == pytest.approx(expected)


def test_full_specificity():
    settings = AccuracySettings(rule="specificity", at_least=1.0, n_bootstrap=10)
    found = row(analyse_markers(made(), ["up"], settings=settings).accuracy, contrast="zero-positive")
    assert (found["fp"], found["specificity"], found["cut_off_rule"]) == (0, 1.0, "specificity=1")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("youden", ("youden", 1.0, None)), ("closest", ("closest", 1.0, None)), ("sensitivity=0.9", ("sensitivity", 0.9, None)),
     ("specificity", ("specificity", 1.0, None)), ("-1.7", ("youden", 1.0, -1.7))],
)  # fmt: skip
def test_rules(text, parsed):
    assert parse_rule(text) == parsed


@pytest.mark.parametrize("text", ["best", "youden=1", "specificity=2", "specificity=x", "nan", ""])
def test_unknown_rules(text):
    with pytest.raises(UsageError, match="unknown cut-off rule"):
        parse_rule(text)


class TestEdges:
    def test_complete_separation(self):
        samples = made().assign(up=lambda t: t["her2_group"].cat.codes.astype(float))
        result = analyse_markers(samples, ["up"], settings=FAST)
        found = row(result.accuracy, contrast="zero-low")
        assert found["auc"] == 1
        assert pd.isna(found["auc_low"])
        assert pd.isna(found["boot_low"])
        assert "complete separation" in found["note"]
        assert "zero-low" not in set(result.calibration["contrast"])

    def test_a_constant_marker(self):
        result = analyse_markers(made().assign(up=2.0), ["up"], settings=FAST)
        found = row(result.accuracy, contrast="zero-low")
        assert (found["auc"], found["p_value"]) == (0.5, 1.0)
        assert len(result.calibration) == 0

    def test_a_class_without_a_value(self):
        samples = made()
        samples.loc[samples["her2_group"] == "HER2-zero", "up"] = np.nan
        found = row(analyse_markers(samples, ["up"], settings=FAST).accuracy, contrast="zero-low")
        assert found["note"] == "not evaluable: no sample of the negative class has a value"
        assert pd.isna(found["auc"])

    def test_three_samples(self):
        samples = made(200).groupby("her2_group", observed=True).head(1)
        result = analyse_markers(samples, ["up"], settings=FAST)
        assert result.accuracy["auc_low"].isna().all()
        assert result.accuracy["auc"].notna().all()

    def test_a_group_without_samples(self):
        samples = made()
        samples = samples[samples["her2_group"] != "HER2-positive"]
        result = analyse_markers(samples, ["up"], settings=FAST)
        assert row(result.accuracy, contrast="zero-positive")["note"].startswith("not evaluable")
        assert result.tests["contrast"].tolist() == ["zero-low"]


def test_correlations_with_another_column():
    samples = made().assign(tmb=lambda t: t["up"] * 2)
    table = analyse_markers(
        samples, ["up", "down"], design=MarkerDesign(correlate_with=("tmb",)), settings=FAST
    ).correlation
    assert len(table) == 9  # up-down, up-tmb, down-tmb by three methods
    assert row(table, marker_a="up", marker_b="tmb", method="spearman")["coefficient"] == pytest.approx(1)
    with pytest.raises(UsageError, match="dfs_months is a follow-up time"):
        analyse_markers(samples.assign(dfs_months=1.0), ["up"], design=MarkerDesign(correlate_with=("dfs_months",)))
