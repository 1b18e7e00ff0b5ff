"""Survival against R's survival package: simulated cohorts in the repository, public data sets beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.stats.survival_cox import fit_cox
from her2genomics.stats.survival_curves import kaplan_meier, median_follow_up, restricted_mean, survival_quantile
from her2genomics.stats.survival_ph import ph_test
from her2genomics.stats.survival_tests import log_rank, pairwise_log_rank

SIMULATED = ("smooth", "months", "heavy_ties", "small", "few_events")
PUBLIC = {
    "gbsg": ("rfstime", "status", "hormon", "grade", "age", "nodes"),
    "lung": ("time", "status", "sex", "ph.ecog", "age", "ph.karno"),
    "veteran": ("time", "status", "celltype", "trt", "age", "karno"),
}


@pytest.fixture(scope="module")
def simulated(r_table):
    return dict(tuple(r_table("survival_data").groupby("dataset")))


@pytest.fixture(scope="module")
def public(shared_data):
    cohorts = {}
    for name, columns in PUBLIC.items():
        table = pd.read_csv(shared_data / "survival_roc" / f"{name}_R_survival.csv")[list(columns)]
        table.columns = ["time", "event", "group", "stratum", "age", "marker"]
        cohorts[name] = table.assign(event=table["event"] - (name == "lung"), group=table["group"].astype(str))
    return cohorts


class Values:
    """R's values of one data set."""

    def __init__(self, table: pd.DataFrame, dataset: str) -> None:
        self._table = table[table["dataset"] == dataset]

    def all(self, analysis: str, term: str, name: str) -> np.ndarray:
        t = self._table
        rows = t[(t["analysis"] == analysis) & (t["term"].astype(str) == term) & (t["name"] == name)]
        assert len(rows), f"R has no {analysis} {term} {name}"
        return rows["value"].to_numpy(dtype=float)

    def one(self, analysis: str, term: str, name: str) -> float:
        (value,) = self.all(analysis, term, name)
        return value

    def has(self, analysis: str) -> bool:
        return bool((self._table["analysis"] == analysis).any())


def check_curves(data: pd.DataFrame, r: Values, *, steps: bool = True) -> None:
    for group, d in data.groupby("group"):
        curve = kaplan_meier(d["time"], d["event"])
        if steps:
            for ours, theirs in (
                ("time", "time"), ("n_at_risk", "n.risk"), ("n_events", "n.event"), ("survival", "surv"),
            ):  # fmt: skip
                np.testing.assert_allclose(curve[ours], r.all("km", group, theirs), rtol=1e-12, atol=1e-14)
            inside = curve["ci_low"].notna().to_numpy()
            np.testing.assert_allclose(curve["ci_low"][inside], r.all("km", group, "lower")[inside], rtol=1e-10)
            np.testing.assert_allclose(curve["ci_high"][inside], r.all("km", group, "upper")[inside], rtol=1e-10)
        median = survival_quantile(curve)
        for value, name in ((median.time, "median"), (median.ci_low, "ci_low"), (median.ci_high, "ci_high")):
            np.testing.assert_allclose(value, r.one("median", group, name), rtol=1e-12)
        mean = restricted_mean(d["time"], d["event"], r.one("rmst", group, "tau"))
        np.testing.assert_allclose(
            [mean.mean, mean.standard_error], [r.one("rmst", group, n) for n in ("rmst", "se")], rtol=1e-10
        )
    follow = median_follow_up(data["time"], data["event"])
    for value, name in ((follow.time, "median"), (follow.ci_low, "ci_low"), (follow.ci_high, "ci_high")):
        np.testing.assert_allclose(value, r.one("followup", "all", name), rtol=1e-12)


def check_tests(data: pd.DataFrame, r: Values) -> None:
    overall = log_rank(data["time"], data["event"], data["group"])
    np.testing.assert_allclose(overall.statistic, r.one("logrank", "overall", "chisq"), rtol=1e-10)
    for group, expected in zip(overall.groups, overall.expected, strict=True):
        np.testing.assert_allclose(expected, r.one("logrank", group, "expected"), rtol=1e-10)
    known = data[data["stratum"].notna()]
    stratified = log_rank(known["time"], known["event"], known["group"], strata=known["stratum"])
    np.testing.assert_allclose(stratified.statistic, r.one("logrank", "stratified", "chisq"), rtol=1e-10)
    for row in pairwise_log_rank(data["time"], data["event"], data["group"]).itertuples():
        np.testing.assert_allclose(row.statistic, r.one("logrank", f"{row.group_a}-{row.group_b}", "chisq"), rtol=1e-10)


MODELS = {"group": ([], False), "several": (["age", "marker"], False), "strata": ([], True)}


def check_cox(data: pd.DataFrame, r: Values, ties: str) -> None:
    for model, (others, stratified) in MODELS.items():
        d = data.dropna(subset=[*others, *(["stratum"] if stratified else [])])
        dummies = pd.get_dummies(d["group"], prefix="group", prefix_sep="", dtype=float).iloc[:, 1:]
        x = pd.concat([dummies, d[others].astype(float)], axis=1)
        strata = d["stratum"] if stratified else None
        fit = fit_cox(d["time"], d["event"], x, strata=strata, ties=ties, firth="never")
        key = f"cox_{model}_{ties}"
        for row in fit.table.itertuples():
            np.testing.assert_allclose(row.coef, r.one(key, row.covariate, "coef"), rtol=1e-8, atol=1e-10)
            np.testing.assert_allclose(row.se, r.one(key, row.covariate, "se"), rtol=1e-8)
        np.testing.assert_allclose(fit.log_likelihood, r.one(key, "model", "loglik"), rtol=1e-10)
        np.testing.assert_allclose(fit.log_likelihood_null, r.one(key, "model", "loglik_null"), rtol=1e-10)
        np.testing.assert_allclose(fit.score_statistic, r.one(key, "model", "score"), rtol=1e-8)
        terms = {"group": list(range(dummies.shape[1]))} | {n: [dummies.shape[1] + i] for i, n in enumerate(others)}
        zph = ph_test(d["time"], d["event"], x, fit.table["coef"], terms, strata=strata, ties=ties)
        for row in zph.itertuples():
            np.testing.assert_allclose(row.statistic, r.one(f"zph_{model}_{ties}", row.covariate, "chisq"), rtol=1e-6)
            assert row.df == r.one(f"zph_{model}_{ties}", row.covariate, "df")


@pytest.mark.parametrize("name", SIMULATED)
def test_curves_medians_follow_up_and_restricted_means(name, simulated, r_table):
    check_curves(simulated[name], Values(r_table("survival"), name))


@pytest.mark.parametrize("name", SIMULATED)
def test_log_rank(name, simulated, r_table):
    check_tests(simulated[name], Values(r_table("survival"), name))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("name", [n for n in SIMULATED if n != "small"])
def test_cox_and_proportional_hazards(name, ties, simulated, r_table):
    check_cox(simulated[name], Values(r_table("survival"), name), ties)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_firth_where_a_group_has_no_event(ties, simulated, r_table):
    d = simulated["few_events"].copy()
    d.loc[d["group"] == "c", "event"] = 0
    x = pd.get_dummies(d["group"], dtype=float)[["b", "c"]].assign(age=(d["age"] - 52) / 10)
    fit = fit_cox(d["time"], d["event"], x, ties=ties)
    assert fit.penalised
    assert fit.reason == "no event where c is 1"
    check_firth(fit.table, Values(r_table("survival"), "no_event_in_c"), f"firth_{ties}")


def test_firth_in_a_small_cohort(simulated, r_table):
    d = simulated["small"]
    x = pd.get_dummies(d["group"], dtype=float).iloc[:, 1:]
    check_firth(
        fit_cox(d["time"], d["event"], x, firth="always").table, Values(r_table("survival"), "small"), "firth_efron"
    )


def check_firth(table: pd.DataFrame, r: Values, key: str) -> None:
    """R's values come from a general optimiser on coxph's likelihood: five digits."""
    for j, row in enumerate(table.itertuples(), start=1):
        np.testing.assert_allclose(row.coef, r.one(key, str(j), "coef"), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(np.log(row.ci_low), r.one(key, str(j), "ci_low"), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(np.log(row.ci_high), r.one(key, str(j), "ci_high"), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(row.z**2, r.one(key, str(j), "chisq"), rtol=1e-5, atol=1e-6)


@pytest.mark.real_data
@pytest.mark.parametrize("name", PUBLIC)
def test_public_data_sets(name, public, r_table):
    r = Values(r_table("survival_public"), name)
    check_curves(public[name], r, steps=False)
    check_tests(public[name], r)
    for ties in ("efron", "breslow"):
        check_cox(public[name], r, ties)
