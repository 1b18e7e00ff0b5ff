"""What MultiQC is given: percentages, missing cells, colours, and no burden of a tumour that is not evaluable."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.exceptions import UsageError
from her2genomics.report.multiqc import MultiqcTables, multiqc_contents
from her2genomics.report.style import HER2_COLOURS


def typed(declared: schema.TableSchema, **columns: list[object]) -> pd.DataFrame:
    return schema.conform(pd.DataFrame(columns), declared)


def test_fractions_are_percentages_and_missing_values_have_no_cell() -> None:
    coverage = typed(schema.SAMPLE_QC, sample_id=["S1", "S2"], mean_target_depth=[421.9, 8.0],
                     frac_targets_100x=[0.985, 0.0], frac_on_target=[0.8, None])  # fmt: skip
    contents = multiqc_contents(MultiqcTables(coverage=coverage))
    general = contents["her2g_coverage_general_mqc.json"]
    assert general["data"] == {
        "S1": {"mean_target_depth": 421.9, "frac_targets_100x": pytest.approx(98.5), "frac_on_target": 80.0},
        "S2": {"mean_target_depth": 8.0, "frac_targets_100x": 0.0},
    }
    assert general["headers"]["frac_targets_100x"]["suffix"] == " %"
    assert general["headers"]["mean_target_depth"]["suffix"] == " x"
    section = contents["her2g_coverage_mqc.json"]
    assert set(section["headers"]) == {"mean_target_depth", "frac_targets_100x", "frac_on_target"}
    assert section["headers"]["frac_on_target"]["description"] == schema.SAMPLE_QC["frac_on_target"].meaning


def test_a_tumour_that_is_not_evaluable_has_no_burden_beside_the_others() -> None:
    reason = "not evaluable: maxAF 3 % < 5 %"
    tmb = typed(schema.TMB, sample_id=["S1", "S2"], tmb=[7.97, 2.99], status=["evaluable", reason])
    contents = multiqc_contents(MultiqcTables(tmb=tmb))
    assert contents["her2g_tmb_general_mqc.json"]["data"] == {
        "S1": {"tmb": 7.97, "status": "evaluable"},
        "S2": {"status": reason},
    }
    assert contents["her2g_tmb_mqc.json"]["data"]["S2"]["tmb"] == 2.99


def test_copy_number_calls_are_counted_per_sample() -> None:
    qc = typed(schema.CNV_QC, sample_id=["S1", "S2", "S3"], mapd=[0.1, 0.46, 0.2], failed=["", "MAPD 0.46 > 0.35", ""],
               warned=["", "", ""])  # fmt: skip
    genes = typed(
        schema.GENE_CNA,
        sample_id=["S1", "S1", "S1", "S2"],
        gene=["ERBB2", "GRB7", "RB1", "ERBB2"],
        cna=[2, 2, -1, 0],
        observed_cn=[9.5, 8.0, 1.2, 1.6],
        call=["amplification", "amplification", "deletion", "not evaluable"],
    )
    data = multiqc_contents(MultiqcTables(cnv=qc, gene_cna=genes))["her2g_cnv_general_mqc.json"]["data"]
    assert data["S1"] == {"mapd": 0.1, "erbb2_cn": 9.5, "n_amplified": 2, "n_deleted": 1}
    assert data["S2"] == {"mapd": 0.46, "failed": "MAPD 0.46 > 0.35", "erbb2_cn": 1.6, "n_amplified": 0, "n_deleted": 0}
    assert data["S3"] == {"mapd": 0.2}


def test_groups_have_their_colours_and_contents_are_plain_json() -> None:
    her2 = pd.DataFrame({"sample_id": ["S1", "S2"], "her2_group": pd.Categorical(["HER2-low", None])})
    contents = multiqc_contents(MultiqcTables(her2=her2))
    assert contents["her2g_her2_mqc.json"]["data"]["S2"] == {"her2_group": "indeterminate"}
    colours = contents["her2g_her2_general_mqc.json"]["headers"]["her2_group"]["bgcols"]
    assert {name: colours[name] for name in HER2_COLOURS} == HER2_COLOURS
    assert json.loads(json.dumps(contents, allow_nan=False)) == contents


def test_nothing_given_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nothing to show"):
        multiqc_contents(MultiqcTables())
