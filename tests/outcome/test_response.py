"""Response by group: the study's figures, denominators, strata, edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.exceptions import CohortError, SchemaError, UsageError
from her2genomics.outcome.response import analyse_response
from her2genomics.outcome.response_result import ResponseQuestion
from her2genomics.outcome.response_rows import rate_of
from her2genomics.stats.contingency import fisher_exact_2x2
from her2genomics.stats.stratified import cmh
from her2genomics.workflow.inputs import load_cohort
from her2genomics.workflow.outcome_files import response_of_cohort


@pytest.fixture(scope="module")
def gdph(repository):
    return load_cohort(repository / "examples" / "gdph_like" / "clinical.tsv")


def cohort(seed: int = 0, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = rng.choice(["x", "y"], n)
    return pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(n)], "arm": arm, "hr_status": rng.choice(["positive", "negative"], n),
            "pcr": rng.random(n) < np.where(arm == "x", 0.5, 0.2),
            "regimen": rng.choice(["EC-T", "TCb", "FEC-D"], n),
        }
    )  # fmt: skip


def row_of(result, contrast, by="all", stratum="all"):
    t = result.response
    return t[(t["contrast"] == contrast) & (t["stratum_by"] == by) & (t["stratum"] == stratum)].iloc[0]


def test_the_studys_pcr_figures(gdph, repository):
    result = response_of_cohort(gdph)
    printed = pd.read_csv(repository / "tests" / "reference" / "paper_pvalues.tsv", sep="\t").set_index("id")[
        "recomputed_p"
    ]
    whole = row_of(result, "low-positive")
    np.testing.assert_allclose(whole["p_value"], float(printed["PV075"]), rtol=1e-5)
    assert (whole["responders_a"], whole["n_a"], whole["responders_b"], whole["n_b"]) == (10, 63, 32, 62)
    np.testing.assert_allclose(row_of(result, "zero-low", "hr_status", "negative")["p_value"], float(printed["PV077"]))
    assert result.response_rates["n"].iloc[:3].sum() == 149
    assert "374 of 523 patients without pcr left out" in result.notes
    assert "ypT0/is ypN0 (assumed" in result.response["definition"].iloc[0]


def test_the_crude_difference_of_zero_and_low_does_not_outlive_receptor_status(gdph):
    row = row_of(response_of_cohort(gdph), "zero-low")
    assert row["p_value"] < 0.05 < row["adj_p"]
    assert row["note"] == "attenuated by adjustment, inconclusive"


def test_tables_keep_their_schemas_and_the_numbers_of_the_tests_behind_them():
    table = cohort()
    result = analyse_response(table, ResponseQuestion(group="arm"))
    for name, found in result.tables().items():
        schema.check(found, schema.SCHEMAS[name])
    row = row_of(result, "x-y")
    counts = [[int((g["pcr"] == v).sum()) for v in (True, False)] for _, g in table.groupby("arm")]
    fisher = fisher_exact_2x2(*counts[0], *counts[1])
    np.testing.assert_allclose([row["p_value"], row["odds_ratio"]], [fisher.p_value, fisher.odds_ratio], rtol=1e-9)
    strata = [
        [[int((g["pcr"] == v).sum()) for v in (True, False)] for _, g in layer.groupby("arm")]
        for _, layer in table.groupby("hr_status")
    ]
    adjusted = cmh(strata)
    np.testing.assert_allclose(
        [row["adj_p"], row["adj_p_exact"]], [adjusted.p_value, adjusted.p_value_exact], rtol=1e-9
    )
    assert row["adj_for"] == "hr_status"
    np.testing.assert_allclose(row["difference"], row["rate_a"] - row["rate_b"])


def test_swapping_the_groups_inverts_the_odds_ratio():
    table = cohort(1)
    one = row_of(analyse_response(table, ResponseQuestion(group="arm")), "x-y")
    swapped = table.assign(arm=table["arm"].map({"x": "y", "y": "x"}))
    two = row_of(analyse_response(swapped, ResponseQuestion(group="arm")), "x-y")
    np.testing.assert_allclose(one["odds_ratio"], 1 / two["odds_ratio"], rtol=1e-8)
    np.testing.assert_allclose([one["p_value"], one["adj_p"]], [two["p_value"], two["adj_p"]], rtol=1e-9)


def test_receptor_status_can_make_the_groups():
    result = analyse_response(cohort().drop(columns="regimen"), ResponseQuestion(group="hr_status"))
    assert len(result.response_adjusted) == 0
    assert result.response["adj_p"].isna().all()


def test_regimens_break_down_and_are_held_fixed():
    result = analyse_response(cohort(), ResponseQuestion(group="arm", by=("hr_status",)))
    assert set(result.response["stratum_by"]) == {"all", "hr_status", "chemotherapy", "anti_her2"}
    assert set(result.response_adjusted["adj_for"]) == {"hr_status", "chemotherapy", "anti_her2"}
    assert {"anthracycline+taxane", "taxane+platinum", "unknown"} == set(result.regimens["chemotherapy"])
    assert any("FEC-D (UNKNOWN_CODE)" in note for note in result.notes)


def test_an_agent_that_only_one_group_gets_is_said_to_tell_nothing():
    table = cohort().assign(regimen=lambda t: np.where(t["arm"] == "x", "TCbHP", "TCb"))
    rows = analyse_response(table, ResponseQuestion(group="arm")).response_adjusted.set_index("adj_for")
    assert rows.loc["anti_her2", "n_informative_strata"] == 0
    assert "no stratum of anti_her2 has both groups" in rows.loc["anti_her2", "adj_note"]
    assert pd.isna(rows.loc["anti_her2", "adj_p"])


def test_responders_can_be_named():
    table = cohort().assign(best=lambda t: np.where(t["pcr"], "CR", "SD"))
    named = analyse_response(table, ResponseQuestion("best", ("CR", "PR"), group="arm"))
    plain = analyse_response(table, ResponseQuestion(group="arm"))
    assert row_of(named, "x-y")["p_value"] == row_of(plain, "x-y")["p_value"]
    assert "response = CR or PR" in named.response["definition"].iloc[0]
    with pytest.raises(SchemaError, match="neither yes nor no.*--responder"):
        analyse_response(table, ResponseQuestion("best", group="arm"))


def test_nobody_responds_or_everybody():
    for value in (0, 1):
        result = analyse_response(cohort().assign(pcr=value), ResponseQuestion(group="arm"))
        row = row_of(result, "x-y")
        assert row["p_value"] == 1
        assert pd.isna(row["odds_ratio"])
        assert result.response_rates["rate"].iloc[0] == value


@pytest.mark.parametrize(
    ("change", "question", "error", "message"),
    [
        ({"arm": "x"}, {}, CohortError, "fewer than two groups"),
        ({"pcr": None}, {}, CohortError, r"fewer than two groups have a known pcr \(none\)"),
        ({"pcr": "perhaps"}, {}, SchemaError, "sample S0: column pcr: value 'perhaps' is neither yes nor no"),
        ({}, {"outcome": "nope"}, SchemaError, "no column nope"),
        ({}, {"adjust": "arm"}, UsageError, "it makes the groups"),
        ({}, {"regimen": "nope"}, SchemaError, "no column nope with regimens"),
        ({}, {"by": ("sample_id",)}, UsageError, "sample_id has 80 levels: no strata"),
    ],
)
def test_what_cannot_be_analysed_is_refused(change, question, error, message):
    with pytest.raises(error, match=message):
        analyse_response(cohort().assign(**change), ResponseQuestion(**{"group": "arm", **question}))


def test_a_rate_worked_by_hand():
    # no responder of 10: upper limit 1 - 0.025 ** (1/10)
    rate = rate_of(0, 10)
    np.testing.assert_allclose(rate["ci_high"], 1 - 0.025**0.1)
    assert rate_of(0, 0)["rate"] is None


def test_treatment_that_was_not_neoadjuvant_is_questioned():
    result = analyse_response(cohort().assign(neoadjuvant=0), ResponseQuestion(group="arm"))
    assert "80 patients have pcr recorded though neoadjuvant says no" in result.notes
