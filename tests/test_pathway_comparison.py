from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from her2genomics import schema
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.compare import compare_groups
from her2genomics.comparison.burden import BurdenStrata, add_burden_groups
from her2genomics.comparison.events import amplicon_genes, find_events
from her2genomics.comparison.features import BinaryFeatures
from her2genomics.comparison.groups import Grouping
from her2genomics.comparison.pathways import PathwaySettings
from her2genomics.exceptions import SchemaError, UsageError
from her2genomics.panel import load_panel
from her2genomics.pathway_comparison import compare_pathways
from her2genomics.stats.stratified import cmh

PANEL = load_panel()


def sets(**pathways: list[str]) -> pd.DataFrame:
    rows = [(name, "", True, "", gene) for name, genes in pathways.items() for gene in genes]
    return pd.DataFrame(rows, columns=["pathway", "source", "default", "licence", "gene"])


def random_cohort(seed: int = 3, n: tuple[int, int, int] = (30, 60, 40), genes: int = 60) -> Cohort:
    rng = np.random.default_rng(seed)
    names = [g for g in PANEL.genes["gene"] if g not in amplicon_genes(PANEL) and g not in ("TP53", "PIK3CA")]
    chosen = ["TP53", "PIK3CA", *names[: genes - 2]]
    total = sum(n)
    burden = rng.normal(0, 0.7, total)
    odds = np.exp(rng.normal(-2.5, 0.8, genes)[None, :] + burden[:, None])
    cells = np.where(rng.random((total, genes)) < odds / (1 + odds), "missense", "WT").astype(object)
    table = pd.DataFrame(cells, columns=chosen)
    table.insert(0, "sample_id", [f"s{i}" for i in range(total)])
    table.insert(1, "her2_group", np.repeat(["zero", "low", "positive"], n))
    table.insert(2, "hr_status", rng.choice(["positive", "negative"], total))
    return cohort_from_table(table)


COHORT = random_cohort()
GENES = list(COHORT.genes)
SETS = sets(P=[*GENES[1:6], "NOTHERE"], Q=["TP53", *GENES[10:14]], EMPTY=["NOT1", "NOT2"])


def test_rows_equal_tests_of_the_typed_in_pathway() -> None:
    result = compare_pathways(COHORT, PathwaySettings(SETS))
    rows = result.association.set_index(["family", "feature", "contrast"])
    altered = COHORT.altered()[:, 1:6].any(axis=1)
    group = COHORT.samples["her2_group"].astype(str).to_numpy()
    hr = COHORT.samples["hr_status"].astype(str).to_numpy()
    row = rows.loc["pathway", "P", "zero-low"]
    table = [[np.sum(altered & (group == g)), np.sum(~altered & (group == g))] for g in ("HER2-zero", "HER2-low")]
    assert row[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [table[0][0], 30, table[1][0], 60]
    assert row["p_value"] == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)
    strata = [
        [[np.sum(altered & (group == g) & (hr == h)), np.sum(~altered & (group == g) & (hr == h))]
         for g in ("HER2-zero", "HER2-low")] for h in ("negative", "positive")
    ]  # fmt: skip
    assert row["adj_p"] == pytest.approx(cmh(strata).p_value, rel=1e-9)
    assert row["note"].startswith("5 of 6 genes covered")
    assert 0 < row["burden_p"] <= 1
    hubless = rows.loc["pathway_without_hubs", "P", "zero-low"]
    assert hubless["altered_a"] == int((COHORT.altered()[:, 2:6].any(axis=1) & (group == "HER2-zero")).sum())
    assert hubless["note"].startswith("without PIK3CA; 4 of 5 genes covered")
    assert set(result.association["family"]) == {"pathway", "pathway_without_hubs"}
    for q, p in (("q_value", "p_value"), ("burden_q", "burden_p")):
        some = result.association.query("family == 'pathway' and contrast == 'zero-low'").dropna(subset=[p])
        assert some[q].to_numpy(float) == pytest.approx(stats.false_discovery_control(some[p].to_numpy(float)))


def test_a_hub_gene_of_no_pathway_is_said() -> None:
    named = PathwaySettings(sets(P=["PIK3CA", "PTEN"]), without=("PIK3CA", "PIK3A"))
    assert "pathways: no pathway holds PIK3A, so none is compared without" in compare_pathways(COHORT, named).notes
    usual = compare_pathways(COHORT, PathwaySettings(sets(P=["PTEN", "NOT1"])))
    assert not any("compared without" in note for note in usual.notes), "the usual hubs need not be there"


def test_a_pathway_of_which_nothing_is_profiled_is_said_and_not_tested() -> None:
    result = compare_pathways(COHORT, PathwaySettings(SETS))
    rows = result.association.query("feature == 'EMPTY'")
    assert rows["p_value"].isna().all()
    assert rows["note"].str.contains("not evaluable: no gene is profiled").all()
    assert any("not evaluable" in note and "EMPTY" in note for note in result.notes)
    assert any("3 of 13 genes are not profiled in this cohort: NOT1, NOT2, NOTHERE" in n for n in result.notes)
    assert result.association.query("family == 'pathway' and contrast == 'zero-low'")["n_tested"].eq(2).all()
    assert "not evaluable" in "\n".join(result.summary())


def test_two_panels_samples_with_too_little_are_in_no_denominator() -> None:
    profiled = COHORT.profiled.copy()
    small = np.arange(len(profiled)) % 2 == 0
    profiled[np.ix_(small, range(2, 6))] = False
    result = compare_pathways(replace(COHORT, profiled=profiled), PathwaySettings(SETS))
    row = result.association.query("family == 'pathway' and feature == 'P' and contrast == 'zero-low'").iloc[0]
    assert (row["n_a"], row["n_b"], row["n_missing"]) == (15, 30, 45)
    per_sample = result.alterations.query("pathway == 'P'").set_index("sample_id")["altered"]
    pik3ca = COHORT.altered()[:, 1]
    for i in np.flatnonzero(small):
        assert per_sample[f"s{i}"] is (True if pik3ca[i] else pd.NA) or bool(per_sample[f"s{i}"]) == pik3ca[i]
    assert any("less than 80% was profiled" in note for note in result.notes)


def test_the_order_of_samples_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(len(COHORT.samples))
    samples = COHORT.samples.iloc[order].reset_index(drop=True)
    mixed = replace(COHORT, samples=samples, profiled=COHORT.profiled[order])
    a, b = (compare_pathways(c, PathwaySettings(SETS)).association for c in (COHORT, mixed))
    pd.testing.assert_frame_equal(a, b)


def test_burden_alone_is_found_by_fisher_and_not_at_equal_burden() -> None:
    rng = np.random.default_rng(8)
    n, genes = (80, 160), 120
    group = np.repeat(["zero", "low"], n)
    odds = np.exp(rng.normal(-3.2, 0.6, genes)[None, :] + np.where(group == "zero", 1.2, 0.0)[:, None])
    names = [g for g in PANEL.genes["gene"] if g not in amplicon_genes(PANEL)][:genes]
    cells = np.where(rng.random((240, genes)) < odds / (1 + odds), "missense", "WT")
    table = pd.DataFrame(cells, columns=names).assign(sample_id=[f"s{i}" for i in range(240)], her2_group=group)
    settings = PathwaySettings(sets(P=names[:20], Q=names[20:50]))
    rows = compare_pathways(cohort_from_table(table), settings, contrasts=["zero-low"]).association
    assert (rows["p_value"] < 1e-4).all()
    assert (rows["burden_p"] > 0.02).all()


def test_erbb2_in_a_pathway_is_warned_of_where_it_makes_the_group() -> None:
    table = COHORT.to_table().assign(ERBB2="WT")
    table.loc[table["her2_group"] == "HER2-positive", "ERBB2"] = "amplification"
    result = compare_pathways(
        cohort_from_table(table), PathwaySettings(sets(R=["ERBB2", "TP53"], S=["TP53", "PIK3CA"]))
    )
    noted = result.association[result.association["note"].str.contains("holds ERBB2")]
    assert set(noted["feature"]) == {"R"}
    assert set(noted["contrast"]) == {"zero-positive", "low-positive", "overall", "trend"}


def test_old_symbols_in_a_gmt_are_understood() -> None:
    table = COHORT.to_table().assign(KMT2C="missense")
    result = compare_pathways(cohort_from_table(table), PathwaySettings(sets(P=["MLL3", "TP53"])))
    assert result.coverage["n_genes_covered"].tolist() == [2]


def test_compare_has_the_pathways_in_its_one_table() -> None:
    whole = compare_groups(COHORT, pathways=PathwaySettings(SETS)).association
    alone = compare_pathways(COHORT, PathwaySettings(SETS)).association
    some = whole[whole["family"].str.startswith("pathway")].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, alone)
    assert whole[whole["family"] == "gene"]["burden_p"].isna().all()
    without = compare_groups(COHORT, pathways=PathwaySettings(sets(P=["NOT1"]))).association
    assert not without["family"].str.startswith("pathway").any(), "a cohort without a gene of any pathway has none"


def test_refusals() -> None:
    clinical = Cohort(COHORT.samples, schema.empty(schema.ALTERATIONS), (), np.zeros((130, 0), dtype=bool))
    with pytest.raises(SchemaError, match="no gene column"):
        compare_pathways(clinical)
    with pytest.raises(UsageError, match="has no gene sets"):
        compare_pathways(COHORT, PathwaySettings(SETS.iloc[:0]))


def test_genes_of_one_amplicon_are_one_event() -> None:
    table = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c", "d"],
            "ERBB2": ["amplification", "V777L;amplification", "V777L", "WT"],
            "CDK12": ["amplification", "WT", "truncating", pd.NA],
            "MYC": ["amplification", "WT", "WT", "WT"],
            "TP53": ["WT", "R175H", "WT", "WT"],
        }
    )
    events = find_events(cohort_from_table(table), ["missense", "truncating", "amplification"], amplicon_genes(PANEL))
    assert events.names == ("ERBB2", "CDK12", "MYC", "TP53", "17q12-21 amplification")
    assert events.notes[4] == "ERBB2;CDK12"
    assert events.value.astype(int).tolist() == [[0, 0, 1, 0, 1], [1, 0, 0, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert events.known[:, 4].tolist() == [True, True, True, False]
    assert find_events(cohort_from_table(table), ["missense"], amplicon_genes(PANEL)).names[-1] == "TP53"


def test_burden_p_of_all_groups_is_that_of_the_strata() -> None:
    """In one stratum the generalised test is Pearson's statistic times (n - 1) / n, and the trend Armitage's."""
    rng = np.random.default_rng(6)
    codes, value = np.repeat([0, 1, 2], [30, 50, 40]), rng.random((120, 2)) < 0.4
    grouping = Grouping("her2_group", ("HER2-zero", "HER2-low", "HER2-positive"), codes, ordered=True)
    features = BinaryFeatures("pathway", ("A", "B"), value, np.ones_like(value))
    part = pd.DataFrame({"feature": ["A", "B", "A", "B"], "contrast": ["overall", "overall", "trend", "trend"]})
    part = part.assign(p_value=[0.5, 0.5, 0.5, None], burden_p=pd.array([pd.NA] * 4, dtype="Float64"))
    add_burden_groups(part, features, grouping, BurdenStrata(np.zeros(120, dtype=np.int64), 1))
    for k in range(2):
        counts = [[value[codes == g, k].sum(), (~value[codes == g, k]).sum()] for g in range(3)]
        statistic = stats.chi2_contingency(counts, correction=False).statistic * 119 / 120
        assert part["burden_p"][k] == pytest.approx(stats.chi2.sf(statistic, 2), rel=1e-9)
    r = np.corrcoef(codes, value[:, 0])[0, 1]
    assert part["burden_p"][2] == pytest.approx(stats.chi2.sf(119 * r**2, 1), rel=1e-9)
    assert pd.isna(part["burden_p"][3]), "what was not tested has none"
