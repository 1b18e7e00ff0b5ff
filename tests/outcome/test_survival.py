"""The survival analysis as a whole: the study's figures, edges, and agreement with the functions behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.outcome.relapse_ratio import INVALID, relapse_ratio, relapse_ratio_tests
from her2genomics.outcome.survival import SurvivalSettings, analyse_survival
from her2genomics.outcome.survival_data import prepare_survival
from her2genomics.outcome.survival_question import SurvivalQuestion
from her2genomics.outcome.survival_rows import DESCRIPTIVE
from her2genomics.stats.survival_tests import log_rank
from her2genomics.workflow.inputs import load_cohort
from her2genomics.workflow.outcome_files import survival_of_cohort, survival_question


@pytest.fixture(scope="module")
def gdph(repository):
    return load_cohort(repository / "examples" / "gdph_like" / "clinical.tsv")


def analyse(table: pd.DataFrame, settings: SurvivalSettings | None = None, group: str | None = "arm"):
    return analyse_survival(prepare_survival(table, SurvivalQuestion("os_months", "os_event", group)), settings)


def cohort(seed: int = 0, n: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = rng.choice(["x", "y", "z"], n)
    hr = rng.choice(["positive", "negative"], n)
    time = rng.exponential(30, n) * np.where(arm == "y", 2.0, 1.0)
    stop = rng.uniform(1, 60, n)
    return pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(n)], "arm": arm, "hr_status": hr, "age": rng.normal(50, 9, n).round(),
            "os_months": np.minimum(time, stop).round(1), "os_event": time <= stop,
        }
    )  # fmt: skip


def test_the_studys_figures_and_their_labels(gdph):
    question = SurvivalQuestion("dfs_months", "dfs_event", keep_m1=True)
    result = survival_of_cohort(gdph, question, SurvivalSettings(paper=True))
    tests = result.logrank.set_index(["comparison", "strata", "label"])["p_value"]
    assert round(tests["zero-low", "", ""], 3) == 0.271
    assert round(tests["zero-positive", "", DESCRIPTIVE], 3) == 0.025
    assert round(tests["low-positive", "", DESCRIPTIVE], 3) == 0.031
    pairs = result.relapse_ratio_test.set_index(["group_a", "group_b"])
    assert pairs.loc[("HER2-zero", "HER2-low"), "p_value"] == 0.03125
    assert (pairs["validity"] == INVALID).all()
    assert INVALID.startswith("INVALID")
    assert any(INVALID in line for line in result.summary())


def test_without_being_asked_the_study_analyses_are_not_there_and_m1_is_out(gdph):
    result = survival_of_cohort(gdph)
    assert result.left_out.values.tolist() == [["M1 at diagnosis (never disease-free)", 26]]
    assert "relapse_ratio" not in result.tables()
    assert (result.logrank["label"] == "").all()
    assert result.survival["immature"].all()


def test_the_printed_yearly_counts_give_the_printed_p(repository):
    wide = pd.read_csv(repository / "examples" / "gdph_like" / "pd_ratio.tsv", sep="\t")
    long = pd.concat(
        wide[["year"]].assign(group=g, ratio=wide[f"{g}_relapsed"] / wide[f"{g}_included"]) for g in ("zero", "low")
    )
    row = relapse_ratio_tests(long).iloc[0]
    assert (row["p_value"], row["n_a_higher"], row["n_years"]) == (0.03125, 6, 6)


def test_the_yearly_counts_follow_from_the_patients_but_for_rounded_months(repository, gdph):
    """The printed counts are of exact dates; months with one decimal put a few patients on the other side of a year."""
    data = prepare_survival(gdph.samples, SurvivalQuestion("dfs_months", "dfs_event", keep_m1=True))
    ours = relapse_ratio(data.time, data.event, data.group)
    wide = pd.read_csv(repository / "examples" / "gdph_like" / "pd_ratio.tsv", sep="\t").set_index("year")
    for row in ours.itertuples():
        short = row.group.removeprefix("HER2-")
        assert row.relapsed == wide.loc[row.year, f"{short}_relapsed"]
        assert abs(row.included - wide.loc[row.year, f"{short}_included"]) <= 1


def test_the_signed_rank_p_does_not_depend_on_the_size_of_the_difference():
    for gap in (1e-6, 0.5):
        table = pd.DataFrame({"year": [*range(6)] * 2, "group": ["a"] * 6 + ["b"] * 6})
        table["ratio"] = [0.1 + 0.05 * y + gap * (1 + 0.01 * y) for y in range(6)] + [0.1 + 0.05 * y for y in range(6)]
        assert relapse_ratio_tests(table)["p_value"].iloc[0] == 0.03125


@pytest.mark.verify
def test_the_relapse_ratio_test_rejects_far_too_often_without_a_difference():
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(1000):
        time, stop = rng.exponential(300, 320), rng.uniform(6, 90, 320)
        table = relapse_ratio(np.minimum(time, stop), time <= stop, ["zero"] * 90 + ["low"] * 230)
        rejected += relapse_ratio_tests(table)["p_value"].iloc[0] <= 0.05
    assert rejected / 1000 > 0.25


def test_tables_keep_their_schemas():
    result = analyse(cohort(), SurvivalSettings(covariates=("age",)))
    for name, table in result.tables().items():
        assert table.columns.tolist() == schema.SCHEMAS[name].names
        schema.check(table, schema.SCHEMAS[name])
    assert result.survival["group"].tolist() == ["all", "x", "y", "z"]


def test_the_main_table_is_the_functions_behind_it():
    table = cohort(1)
    result = analyse(table)
    rows = result.survival.set_index("group")
    whole = log_rank(table["os_months"], table["os_event"], table["arm"])
    np.testing.assert_allclose(rows.loc["all", "logrank_p"], whole.p_value)
    pair = table[table["arm"] != "y"]
    np.testing.assert_allclose(
        rows.loc["z", "logrank_p"], log_rank(pair["os_months"], pair["os_event"], pair["arm"]).p_value
    )
    inside = log_rank(table["os_months"], table["os_event"], table["arm"], strata=table["hr_status"])
    np.testing.assert_allclose(rows.loc["all", "stratified_p"], inside.p_value)
    assert rows.loc["x", "n"] == (table["arm"] == "x").sum()
    assert pd.isna(rows.loc["x", "hazard_ratio"])
    assert rows.loc["y", "adj_for"] == "hr_status"
    cox = result.cox.set_index(["model", "covariate", "level"])
    assert rows.loc["y", "adj_hazard_ratio"] == cox.loc[("multivariable", "arm", "y"), "hazard_ratio"]
    pairs = result.logrank[(result.logrank["strata"] == "") & result.logrank["group_a"].notna()]
    assert pairs["n"].sum() == 2 * len(table)


def test_the_order_of_patients_changes_nothing():
    table = cohort(2)
    one = analyse(table).survival
    two = analyse(table.sample(frac=1, random_state=3)).survival
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)


def test_one_group_has_a_curve_and_says_that_there_is_nothing_to_compare():
    result = analyse(cohort().assign(arm="x"))
    assert result.survival["group"].tolist() == ["all", "x"]
    assert result.logrank["note"].tolist() == ["one group only"]
    assert analyse(cohort(), group=None).survival["group"].tolist() == ["all"]


def test_no_event_gives_curves_at_one_and_no_model():
    result = analyse(cohort().assign(os_event=False))
    assert (result.km_curves["survival"] == 1).all()
    assert set(result.logrank["note"]) == {"no event"}
    assert set(result.cox["method"]) == {"not fitted"}
    assert result.cox["note"].str.contains("no event").all()
    assert result.survival["median_text"].tolist() == ["NR [NR, NR]"] * 4
    assert "not tested, no event" in " ".join(result.summary())


def test_three_patients_have_an_answer():
    table = cohort().head(3).assign(os_months=[1, 2, 3], os_event=[True, True, False], arm=["x", "y", "x"])
    result = analyse(table)
    assert result.survival["n"].tolist() == [3, 2, 1]
    assert result.survival.loc[2, "method"] == "Firth (Efron)"
    single = analyse(table.head(1))
    assert single.survival["n"].tolist() == [1, 1]


def test_a_group_without_event_gets_a_finite_ratio():
    table = cohort(4)
    table.loc[table["arm"] == "z", "os_event"] = False
    row = analyse(table).survival.set_index("group").loc["z"]
    assert row["method"] == "Firth (Efron)"
    assert 0 < row["ci_low"] < row["hazard_ratio"] < row["ci_high"] < 0.3


def test_a_constant_covariate_is_left_out_and_said():
    result = analyse(cohort().assign(site="A"), SurvivalSettings(covariates=("site", "age")))
    assert "covariate site left out: one value only" in result.notes
    assert set(result.cox["covariate"]) == {"arm", "hr_status", "age"}


def test_missing_covariates_are_complete_cases_with_their_number():
    table = cohort()
    table["age"] = table["age"].astype("Float64").mask(table.index < 30)
    cox = analyse(table, SurvivalSettings(covariates=("age",))).cox.set_index(["model", "covariate", "level"])
    assert cox.loc[("multivariable", "age", ""), "n"] == len(table) - 30
    assert cox.loc[("univariable", "arm", "y"), "n"] == len(table)


def test_circular_adjustment_is_refused():
    table = cohort().assign(
        her2_group=lambda t: t["arm"].map({"x": "HER2-zero", "y": "HER2-low", "z": "HER2-positive"})
    )
    table["subtype"] = np.where(table["her2_group"] == "HER2-positive", "HER2-enriched", "TNBC")
    with pytest.raises(UsageError, match="circular"):
        analyse(table, SurvivalSettings(covariates=("subtype",)), "her2_group")
    with pytest.raises(UsageError, match="makes the groups"):
        analyse(table, SurvivalSettings(adjust="arm"))


def test_receptor_status_is_held_fixed_unless_it_makes_the_groups():
    table = cohort()
    assert set(analyse(table).logrank["strata"]) == {"", "hr_status"}
    by_receptor = analyse(table, group="hr_status")
    assert set(by_receptor.logrank["strata"]) == {""}
    assert by_receptor.survival["adj_for"].isna().all()
    assert "not adjusted: the cohort has no column hr_status" in analyse(table.drop(columns="hr_status")).notes
    with pytest.raises(SchemaError, match="no column nope to adjust for"):
        analyse(table, SurvivalSettings(adjust="nope"))


def test_crossing_curves_are_said_not_to_be_proportional():
    rng = np.random.default_rng(5)
    early = np.where(np.arange(300) % 2, rng.exponential(8, 300), rng.gamma(12, 1.2, 300))
    table = pd.DataFrame(
        {"sample_id": [f"S{i}" for i in range(300)], "os_months": early, "os_event": True,
         "arm": np.where(np.arange(300) % 2, "x", "y")}
    )  # fmt: skip
    result = analyse(table)
    assert result.survival.loc[0, "ph_p"] < 1e-6
    assert any("hazards are not proportional" in note for note in result.notes)
    assert result.rmst["difference"].notna().sum() == 1


def test_a_gene_makes_groups_and_columns_go_by_the_files_names(tmp_path):
    table = cohort().assign(TP53=lambda t: np.where(t["age"] > 50, "R175H", "WT"))
    table.loc[0, "TP53"] = None
    table = table.rename(columns={"os_event": "OS_STATUS"})
    table["OS_STATUS"] = np.where(table["OS_STATUS"], "1:DECEASED", "0:LIVING")
    path = tmp_path / "cohort.tsv"
    table.to_csv(path, sep="\t", index=False)
    loaded = load_cohort(path, group="arm")
    question = survival_question(loaded.samples, time="os_months", event="OS_STATUS", group="TP53")
    result = survival_of_cohort(loaded, question)
    assert result.survival["group"].tolist() == ["all", "WT", "altered"]
    assert result.left_out.values.tolist() == [["no TP53", 1]]
