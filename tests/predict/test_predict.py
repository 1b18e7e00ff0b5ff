"""Prediction: nothing leaks, the null stays null, stored models predict alike and refuse other tables."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from her2genomics.cohort import cohort_from_table
from her2genomics.exceptions import DataWarning, FileFormatError, SchemaError, StatisticsError, UsageError
from her2genomics.predict.analysis import PredictQuestion, fit_predictor
from her2genomics.predict.card import model_card, render_card
from her2genomics.predict.estimators import _trees, fit_score, score_from_dict
from her2genomics.predict.features import Design, Feature, encode, parse_blocks
from her2genomics.predict.model import apply_model, model_from_dict
from her2genomics.predict.nested import PredictSettings, Step, cross_validate, make_folds
from her2genomics.predict.preparation import Preparation, PreparationRule, _strongest
from her2genomics.stats.held_out import within_fold_auc

FAST = PredictSettings(models=("logistic",), folds=3, inner_folds=2, n_bootstrap=20, n_permutations=1)
IMAGING = {"imaging": ["suvmax"], "clinical": ["age", "grade"]}


def run(table, settings=FAST, **question):
    return fit_predictor(cohort_from_table(table.astype("string")), PredictQuestion(**question), settings)


def noise_design(n, p, seed=5):
    matrix = np.random.default_rng(seed).normal(size=(n, p))
    names = tuple(f"x{j}" for j in range(p))
    return Design(tuple(Feature(name, "x", "number") for name in names), matrix, names, np.arange(p))


def held_out_area(design, truth, settings):
    step = Step("a-b", "b", "a", truth, ~truth)
    held = cross_validate("logistic", design, [step], truth.astype(np.int64), np.arange(len(truth)), settings)
    return within_fold_auc(held.probability[0, 0], truth, held.folds[0])


def test_cascade_of_a_real_signal(table):
    result = run(table, blocks=IMAGING)
    area = result.performance.set_index("contrast")["auc"]
    assert area["zero-rest"] > 0.85
    assert area["low-positive"] > 0.75
    assert result.confusion["n"].sum() == 60
    assert result.cascade["weighted_kappa"].iloc[0] > 0.5
    assert result.importance.groupby("contrast", sort=False).first()["feature"].tolist() == ["suvmax", "suvmax"]
    assert "Research" in render_card(model_card(result, FAST))


def test_selection_inside_the_fold_leaves_noise_at_one_half_and_outside_it_does_not():
    truth = np.arange(60) % 2 == 0
    settings = replace(FAST, rule=PreparationRule(select=5))
    inside, outside = [], []
    for seed in range(6):
        design = noise_design(60, 400, seed)
        inside.append(held_out_area(design, truth, settings))
        chosen = np.zeros(400, dtype=bool)
        chosen[_strongest(design.matrix, truth, 5)] = True
        outside.append(held_out_area(design.keep_features(chosen), truth, settings))
    assert abs(np.mean(inside) - 0.5) < 0.12
    assert np.mean(outside) > 0.75


def test_preparation_sees_training_samples_only():
    design = noise_design(40, 3)
    design.matrix[:10, 0] = np.nan
    truth = np.arange(40) % 2 == 0
    one = Preparation(design.is_number, PreparationRule()).fit(design.matrix[:30], truth[:30])
    assert one.fill_[0] == np.median(design.matrix[10:30, 0])
    changed = design.matrix.copy()
    changed[30:] += 100
    two = Preparation(design.is_number, PreparationRule()).fit(changed[:30], truth[:30])
    assert one.centre_.tolist() == two.centre_.tolist()
    dropped = Preparation(design.is_number, PreparationRule(max_missing=0.0)).fit(design.matrix, truth)
    assert dropped.kept_.tolist() == [1, 2]


def test_not_profiled_is_missing_never_unaltered(table):
    table.loc[:9, "TP53"] = pd.NA
    cohort = cohort_from_table(table.astype("string"))
    column = encode(cohort, [Feature("TP53", "genes", "alteration")]).matrix[:, 0]
    assert np.isnan(column[:10]).all()
    assert set(column[10:]) == {0.0, 1.0}


def test_patients_are_never_on_both_sides():
    patients = np.arange(60) // 2
    labels = (np.arange(60) // 2) % 2
    for training, testing in make_folds(labels, patients, 5, 1):
        assert not set(patients[training]) & set(patients[testing])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["fish_ratio"], "fish_ratio cannot be a feature: part of what defines"),
        (["her2_group"], "it is the target"),
        (["os_months"], "known only afterwards"),
    ],
)
def test_columns_that_give_the_answer_away_are_refused(table, names, message):
    with pytest.raises(UsageError, match=message):
        run(table, blocks={"x": names})


def test_a_leak_can_be_insisted_on_and_copies_of_erbb2_named(table):
    with pytest.warns(DataWarning, match="gives the answer away"):
        result = run(table, blocks={"x": ["fish_ratio", "age"]}, allow_leak=True)
    assert result.performance["auc"].iloc[0] == 1
    assert "complete separation" in result.performance["note"].iloc[0]
    with pytest.warns(DataWarning, match="counts copies of ERBB2"):
        run(table, blocks={"x": ["ERBB2:amp", "age"]})


def test_the_amplicon_counts_by_mutations_alone(table):
    result = run(table)
    assert "CDK12, ERBB2" in result.facts["notes"][0]
    assert not {"ERBB2", "CDK12"} & {f.name for f in result.models[0].features}


@pytest.mark.parametrize("model", ["logistic", "boosting"])
def test_a_stored_model_predicts_the_same_and_is_guarded(table, model):
    result = run(table, replace(FAST, models=(model,)), blocks=IMAGING, set_column="site", development="A")
    text = json.dumps(result.models[0].to_dict())
    cohort = cohort_from_table(table.astype("string"))
    again = apply_model(model_from_dict(json.loads(text)), cohort)
    external = result.samples[(result.samples["set"] == "B") & (result.samples["contrast"] == "zero-rest")]
    by_id = again.set_index("sample_id")["p_zero-rest"]
    np.testing.assert_array_equal(by_id[external["sample_id"]].to_numpy(), external["probability"].to_numpy(float))
    total = again[["p_HER2-zero", "p_HER2-low", "p_HER2-positive"]].sum(axis=1)
    np.testing.assert_allclose(total, 1)
    with pytest.raises(FileFormatError, match="checksum"):
        model_from_dict(json.loads(text.replace('"cut_off": 0.', '"cut_off": 0.9', 1)))
    with pytest.raises(FileFormatError, match="not a her2genomics prediction model"):
        model_from_dict({})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="suvmax"), "no column suvmax"),
        (lambda t: t.assign(suvmax=t["suvmax"] * 1000), "suvmax .*another unit"),
        (lambda t: t.assign(grade="4"), "grade has level 4 .model: 1 / 2 / 3"),
        (lambda t: t.assign(suvmax=pd.NA), "suvmax has no value"),
        (lambda t: t.assign(suvmax="high"), "suvmax holds text"),
    ],
)
def test_another_table_is_refused_by_name(table, change, message):
    model = run(table, blocks=IMAGING).models[0]
    with pytest.raises(SchemaError, match=message):
        apply_model(model, cohort_from_table(change(table).astype("string")))


def test_trees_equal_scikit_learn():
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(80, 4)), rng.random(80) < 0.5
    fit = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=5, early_stopping=False).fit(x, y)
    new = rng.normal(size=(50, 4))
    np.testing.assert_allclose(_trees(fit).probability(new), fit.predict_proba(new)[:, 1], rtol=1e-12)
    score = fit_score("boosting", {"max_iter": 5, "max_leaf_nodes": 3, "learning_rate": 0.1}, x, y, 1)
    again = score_from_dict(json.loads(json.dumps(score.to_dict())))
    assert (score.probability(new) == again.probability(new)).all()


def test_a_column_is_dropped_where_constant_and_a_table_of_constants_is_refused(table):
    result = run(table.assign(flat=7.5), blocks={"x": ["suvmax", "flat"]})
    assert [f.name for f in result.models[0].features] == ["suvmax"]
    with pytest.raises(StatisticsError, match="no feature is left"):
        run(table.assign(flat=7.5), blocks={"x": ["flat"]})


def test_small_classes_are_refused(table):
    with pytest.raises(StatisticsError, match="class HER2-zero has 1 patient, needs 4"):
        run(table.head(3), blocks=IMAGING)
    few = pd.concat([table[table["her2_group"] != "zero"], table[table["her2_group"] == "zero"].head(4)])
    with pytest.raises(StatisticsError, match="has 4 patients, needs 5 for 5 folds; say --folds 4"):
        run(few, replace(FAST, folds=5), blocks=IMAGING)


def test_ablation(table):
    result = run(table, replace(FAST, ablation=True), blocks=IMAGING, contrasts=("zero-rest",))
    assert result.performance["features"].tolist() == ["all", "without imaging", "without clinical"]
    assert result.performance["auc"].iloc[0] > result.performance["auc"].iloc[1]


def test_two_threads_give_the_same_to_the_last_bit(table):
    settings = replace(FAST, models=("boosting",), folds=2, n_permutations=0)
    one, two = (run(table, replace(settings, threads=n), blocks=IMAGING, contrasts=("zero-rest",)) for n in (1, 2))
    for a, b in zip(one.tables().values(), two.tables().values(), strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_blocks_are_read():
    assert parse_blocks(["genes", "x=a,b"]) == {"genes": ["genes"], "x": ["a", "b"]}
    with pytest.raises(UsageError, match="named twice"):
        parse_blocks(["a,b", "x=a"])


@pytest.mark.verify
def test_permuted_labels_give_one_half_on_average():
    settings = replace(FAST, folds=5)
    areas = [held_out_area(noise_design(80, 10, s), np.arange(80) % 2 == 0, settings) for s in range(150)]
    assert abs(np.mean(areas) - 0.5) < 4 * np.std(areas) / np.sqrt(150)
