"""Gene calls: planted copies, purity, quality, limits of detection, and references without a null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.copy_rule import CopyRule
from her2genomics.gene_calls import call_copy_number, describe_erbb2
from her2genomics.normals import Reference, build_reference, flat_reference
from her2genomics.simulate_coverage import NoiseModel, simulate_coverage, simulate_targets

TARGETS = simulate_targets(n_genes=88, bins_per_gene=10, seed=3).replace({"gene": {"G5": "ERBB2"}})


@pytest.fixture(scope="module")
def reference() -> Reference:
    return build_reference({f"N{i}": simulate_coverage(TARGETS, seed=i) for i in range(20)})


def called(genes: pd.DataFrame) -> dict[str, str]:
    rows = genes[genes["call"].isin(["amplification", "deletion"])]
    return dict(zip(rows["gene"], rows["call"], strict=True))


def test_planted_copies_are_called_and_nothing_else(reference: Reference) -> None:
    copies = {"ERBB2": 30.0, "G20": 4.0, "G40": 0.0, "G60": 1.0}
    tumour = simulate_coverage(TARGETS, seed=99, copies=copies)
    genes = call_copy_number(tumour, reference, sample_id="T").genes
    assert called(genes) == {"ERBB2": "amplification", "G20": "amplification", "G40": "deletion", "G60": "deletion"}
    by_gene = genes.set_index("gene")
    assert by_gene.loc[list(copies), "cna"].tolist() == [2, 2, -2, -1]
    for gene, truth in copies.items():
        assert by_gene.loc[gene, "cn"] == pytest.approx(truth, rel=0.15, abs=0.15)
    assert ((by_gene["ci_low"] <= by_gene["log2"]) & (by_gene["log2"] <= by_gene["ci_high"])).all()
    assert (by_gene["q_value"] >= by_gene["p_value"]).all()
    schema.check(genes, schema.GENE_CNA)


def test_purity_gives_the_copies_of_the_tumour_cells_and_the_call_stays(reference: Reference) -> None:
    tumour = simulate_coverage(TARGETS, seed=98, copies={"ERBB2": 12.0}, purity=0.3)
    without = call_copy_number(tumour, reference, sample_id="T").genes.set_index("gene")
    given = call_copy_number(tumour, reference, sample_id="T", purity=0.3).genes.set_index("gene")
    assert without.loc["ERBB2", "cn"] == pytest.approx(5.0, rel=0.12)
    assert given.loc["ERBB2", "cn"] == pytest.approx(12.0, rel=0.15)
    assert given.loc["ERBB2", "observed_cn"] == without.loc["ERBB2", "cn"]
    assert (given["call"] == without["call"]).all()


def test_a_loss_deeper_than_purity_allows_is_flagged(reference: Reference) -> None:
    tumour = simulate_coverage(TARGETS, seed=97, copies={"G20": 0.0}, purity=0.8)
    row = call_copy_number(tumour, reference, sample_id="T", purity=0.3).genes.set_index("gene").loc["G20"]
    assert row["cn"] == 0
    assert row["flags"] == "PURITY_INCONSISTENT"


def test_limits_of_detection_grow_as_purity_falls(reference: Reference) -> None:
    tumour = simulate_coverage(TARGETS, seed=96)
    limits = [
        call_copy_number(tumour, reference, sample_id="T", purity=purity).genes["lod_gain"].astype(float).median()
        for purity in (1.0, 0.5, 0.1)
    ]
    assert 2.75 < limits[0] < 3.5
    assert limits[1] - 2 == pytest.approx(2 * (limits[0] - 2), rel=1e-6)
    assert limits[2] > 9
    assert call_copy_number(tumour, reference, sample_id="T", purity=0.1).genes["lod_loss"].isna().all()


def test_the_limit_of_detection_is_the_90_percent_point(reference: Reference) -> None:
    """Another gene in every sample, because what a reference has wrong about one gene is wrong every time."""
    limits = call_copy_number(simulate_coverage(TARGETS, seed=1), reference, sample_id="T").genes.set_index("gene")
    hits = 0
    for place in range(40):
        gene, kind = f"G{place + 10}", ("lod_gain", "lod_loss")[place % 2]
        tumour = simulate_coverage(TARGETS, seed=2000 + place, copies={gene: float(limits.loc[gene, kind])})
        hits += gene in called(call_copy_number(tumour, reference, sample_id="T").genes)
    assert 0.78 <= hits / 40 <= 1.0


def test_a_failing_sample_is_not_evaluable_not_neutral(reference: Reference) -> None:
    bad = simulate_coverage(TARGETS, seed=95, copies={"ERBB2": 30.0}, noise=NoiseModel(bin_sd=0.7))
    result = call_copy_number(bad, reference, sample_id="T")
    assert not result.qc.evaluable
    assert (result.genes["call"] == "not evaluable").all()
    assert result.genes["cna"].isna().all()
    assert describe_erbb2(result.genes).startswith("ERBB2: not evaluable")


@pytest.mark.parametrize("kind", ["flat", "one"])
def test_without_a_null_p_is_missing_and_said(kind: str) -> None:
    calm = NoiseModel(capture_sd=0.1)
    weak = (
        flat_reference(TARGETS)
        if kind == "flat"
        else build_reference({"N": simulate_coverage(TARGETS, seed=1, noise=calm)})
    )
    tumour = simulate_coverage(TARGETS, seed=94, copies={"ERBB2": 20.0}, noise=calm)
    genes = call_copy_number(tumour, weak, sample_id="T").genes.set_index("gene")
    assert genes["p_value"].isna().all()
    assert genes.loc["ERBB2", "call"] == "amplification"
    assert genes["flags"].eq("NO_P").all()
    assert genes["lod_gain"].isna().all()


def test_genes_of_one_or_two_bins_are_not_evaluable(reference: Reference) -> None:
    small = TARGETS.copy()
    small.loc[small.index[:2], "gene"] = "SMALL"
    pon = build_reference({f"N{i}": simulate_coverage(small, seed=i) for i in range(6)})
    row = (
        call_copy_number(simulate_coverage(small, seed=93, copies={"SMALL": 20}), pon, sample_id="T")
        .genes.set_index("gene")
        .loc["SMALL"]
    )
    assert (row["call"], row["flags"]) == ("not evaluable", "FEW_BINS")
    assert pd.isna(row["p_value"])


def test_amplicon_genes_carry_their_event(reference: Reference) -> None:
    tumour = simulate_coverage(TARGETS, seed=92, copies={"G1": 10.0, "G2": 10.0, "G4": 10.0})
    events = call_copy_number(tumour, reference, sample_id="T").genes.set_index("gene")["event"]
    assert events["G1"] == events["G2"] != events["G4"]


def test_the_ratio_rule_reaches_the_calls(reference: Reference) -> None:
    tumour = simulate_coverage(TARGETS, seed=91, copies={"G40": 0.0})
    rule = CopyRule(ratio="literal")
    assert called(call_copy_number(tumour, reference, sample_id="T", rule=rule).genes) == {}


def test_samples_without_changes_are_rarely_called(reference: Reference) -> None:
    tables = [
        call_copy_number(simulate_coverage(TARGETS, seed=5000 + i), reference, sample_id=f"T{i}").genes
        for i in range(30)
    ]
    genes = pd.concat(tables)
    assert 0.001 < float((genes["p_value"] < 0.005).mean()) < 0.01
    assert float(genes["cna"].ne(0).mean()) < 0.001


def test_depth_and_row_order_do_not_matter(reference: Reference) -> None:
    tumour = simulate_coverage(TARGETS, seed=90, copies={"G40": 6.0})
    deeper = tumour.assign(log2=tumour["log2"] + 1, depth=tumour["depth"] * 2).sample(frac=1, random_state=1)
    first, second = (call_copy_number(t, reference, sample_id="T").genes for t in (tumour, deeper))
    assert np.allclose(first["log2"], second["log2"])
    assert np.allclose(first["p_value"], second["p_value"])
