from __future__ import annotations

import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.cohort import Cohort
from her2genomics.cohort_build import MolecularTables, build_cohort, resolve_samples
from her2genomics.exceptions import CohortError, DataWarning, PanelError, SchemaError
from her2genomics.inclusion import parse_rules

CLINICAL = pd.DataFrame(
    {
        "sample_id": ["P1-T", "P2-T", "P3-T", "P4-T"],
        "patient_id": ["P1", "P2", "P3", "P4"],
        "ihc": ["0", "1+", "3+", "2+"],
        "er_status": ["negative", "positive", "positive", None],
    }
)


def maf(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "Tumor_Sample_Barcode": [r[0] for r in rows],
            "Hugo_Symbol": [r[1] for r in rows],
            "Variant_Classification": [r[2] for r in rows],
            "HGVSp_Short": [r[3] for r in rows],
            "Chromosome": "chr1",
            "Start_Position": range(1, len(rows) + 1),
            "Reference_Allele": "A",
            "Tumor_Seq_Allele2": "C",
        }
    )
    return schema.conform(table, schema.MUTATIONS)


def long(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return schema.conform(pd.DataFrame(rows, columns=["sample_id", "gene", "alteration"]), schema.ALTERATIONS)


def cna(*rows: tuple[str, str, int | None]) -> pd.DataFrame:
    return schema.conform(pd.DataFrame(rows, columns=["sample_id", "gene", "cna"]), schema.GENE_CNA)


def value(cohort: Cohort, sample: str, gene: str) -> object:
    found = cohort.alteration_matrix().loc[sample, gene]
    return found if found is pd.NA else bool(found)


MUTATIONS = maf(
    ("P1-T", "TP53", "Missense_Mutation", "p.R175H"),
    ("P2-T", "PIK3CA", "Missense_Mutation", "p.H1047R"),
    ("P2-T", "TP53", "Silent", "p.V10="),
    ("P3-T", "NOTAPANELGENE", "Nonsense_Mutation", "p.Q5*"),
)


def test_status_is_derived_and_columns_are_kept() -> None:
    samples = build_cohort(CLINICAL).samples
    assert samples["her2_group"].tolist()[:3] == ["HER2-zero", "HER2-low", "HER2-positive"]
    assert pd.isna(samples["her2_group"].iloc[3]), "IHC 2+ without ISH is no group"
    assert samples["hr_status"].tolist()[1] == "positive"
    assert {"ihc", "her2_reason", "subtype"} <= set(samples)


def test_a_given_group_goes_before_the_evidence() -> None:
    samples = build_cohort(CLINICAL.assign(her2_group=["low", "low", "zero", "positive"])).samples
    assert samples["her2_group"].tolist() == ["HER2-low", "HER2-low", "HER2-zero", "HER2-positive"]


def test_a_maf_does_not_list_who_was_sequenced() -> None:
    with pytest.warns(DataWarning) as caught:
        cohort = build_cohort(CLINICAL, MolecularTables(mutations=MUTATIONS))
    assert any("1 of 4 samples have no row" in str(w.message) and "--profiled" in str(w.message) for w in caught)
    assert value(cohort, "P1-T", "TP53") is True
    assert value(cohort, "P2-T", "TP53") is False, "a silent variant is none"
    assert pd.isna(value(cohort, "P4-T", "TP53"))


def test_a_list_of_sequenced_samples_makes_wild_types() -> None:
    with pytest.warns(DataWarning, match="outside the samples' panel"):
        cohort = build_cohort(CLINICAL, MolecularTables(mutations=MUTATIONS), profiled=["P1-T", "P2-T", "P3-T", "P4"])
    assert value(cohort, "P4-T", "TP53") is False
    assert cohort.off_panel["gene"].tolist() == ["NOTAPANELGENE"]
    assert "NOTAPANELGENE" not in cohort.genes


def test_an_exome_covers_every_gene_of_the_file() -> None:
    cohort = build_cohort(CLINICAL.assign(panel_id="exome"), MolecularTables(mutations=MUTATIONS))
    assert cohort.genes == ("NOTAPANELGENE", "PIK3CA", "TP53")
    assert value(cohort, "P3-T", "NOTAPANELGENE") is True
    assert value(cohort, "P1-T", "NOTAPANELGENE") is False
    assert len(cohort.off_panel) == 0


def test_panels_differ_between_samples() -> None:
    clinical = CLINICAL.assign(panel_id=["exome", "surrogate520", None, "exome"])
    with pytest.warns(DataWarning, match="1 alterations in 1 genes"):
        cohort = build_cohort(clinical, MolecularTables(mutations=MUTATIONS))
    assert value(cohort, "P2-T", "BRCA1") is False
    assert pd.isna(value(cohort, "P3-T", "BRCA1")), "no assay said"
    with pytest.raises(PanelError, match="no panel named 'unknown'"):
        build_cohort(CLINICAL.assign(panel_id="unknown"), MolecularTables(mutations=MUTATIONS))


def test_two_assays_true_if_either_false_only_if_both_looked() -> None:
    clinical = CLINICAL.assign(panel_id=["exome", "exome", None, "exome"])
    copies = cna(
        ("P1-T", "TP53", 0), ("P1-T", "ERBB2", 0), ("P3-T", "ERBB2", 2), ("P3-T", "TP53", 0), ("P4-T", "ERBB2", None)
    )
    mutations = maf(("P1-T", "TP53", "Missense_Mutation", "p.R175H"), ("P2-T", "GATA3", "Frame_Shift_Ins", "p.P409fs"))
    cohort = build_cohort(clinical, MolecularTables(mutations=mutations, gene_cna=copies))
    assert value(cohort, "P1-T", "TP53") is True
    assert value(cohort, "P1-T", "ERBB2") is False
    assert value(cohort, "P3-T", "ERBB2") is True, "copy number alone found it"
    assert pd.isna(value(cohort, "P3-T", "TP53")), "copy number saw nothing, sequencing did not look"
    assert pd.isna(value(cohort, "P2-T", "ERBB2")), "sequencing saw nothing, copy number did not look"
    assert value(cohort, "P1-T", "GATA3") is False, "copy number covers GATA3 in nobody here"
    assert cohort.samples["assays"].tolist() == ["mutations+cna", "mutations", "cna", "mutations"]


def test_losses_fusions_and_old_symbols_are_kept() -> None:
    molecular = MolecularTables(
        alterations=long(("P1-T", "MLL3", "truncating"), ("P1-T", "PTEN", "loss")),
        fusions=long(("P1-T", "FGFR3", "fusion")),
    )
    with pytest.warns(DataWarning, match="MLL3->KMT2C"):
        cohort = build_cohort(CLINICAL, molecular, profiled=CLINICAL["sample_id"].tolist())
    assert sorted(cohort.alterations["gene"]) == ["FGFR3", "KMT2C", "PTEN"]
    assert value(cohort, "P1-T", "FGFR3") is True
    assert value(cohort, "P1-T", "PTEN") is False
    assert bool(cohort.alteration_matrix(["loss"]).loc["P1-T", "PTEN"])


def test_what_is_dropped_is_counted() -> None:
    mutations = maf(
        ("P1-T", "TP53", "Missense_Mutation", "p.R175H"),
        ("P1-T", "TP53", "Silent", "p.V10="),
        ("P9-T", "TP53", "Missense_Mutation", "p.R175H"),
    )
    mutations = pd.concat([mutations, mutations.iloc[[0]]], ignore_index=True)
    cohort = build_cohort(CLINICAL, MolecularTables(mutations=mutations), profiled=CLINICAL["sample_id"].tolist())
    rows = cohort.attrition.set_index(["step", "rule"])
    assert rows.loc[("mutations: samples", "not in the clinical table"), "detail"] == "P9-T"
    assert rows.loc[("mutations", "repeated variant of a sample"), "n_dropped"] == 1
    assert rows.loc[("mutations", "silent or outside the coding sequence"), "n_dropped"] == 1
    assert any("not in the clinical table: 1 of 2 dropped (P9-T)" in line for line in cohort.summary())


def test_tables_that_share_no_sample_are_refused() -> None:
    with pytest.raises(CohortError, match=r"no sample of the mutations table .*it has X1, the clinical table has P1-T"):
        build_cohort(CLINICAL, MolecularTables(mutations=maf(("X1", "TP53", "Missense_Mutation", "p.R175H"))))


def test_identifiers_by_sample_barcode_or_single_patient() -> None:
    samples = pd.DataFrame(
        {"sample_id": ["TCGA-A1-A0SB-01", "P2-T", "P3-T", "P3-M"], "patient_id": ["TCGA-A1-A0SB", "P2", "P3", "P3"]}
    )
    ids = pd.Series(["TCGA-A1-A0SB-01A-11D-A142-09", "TCGA-A1-A0SB-10A-01D-A142-09", "P2", "P3", "P3-M", "other"])
    assert resolve_samples(ids, samples).tolist() == ["TCGA-A1-A0SB-01", pd.NA, "P2-T", pd.NA, "P3-M", pd.NA]


def test_burden_and_follow_up_are_joined() -> None:
    tmb = pd.DataFrame(
        {"sample_id": ["P1-T", "P2"], "tmb": ["3.5", "0"], "status": ["evaluable", "not evaluable: no variant"]}
    )
    followup = pd.DataFrame({"patient_id": ["P1", "P9"], "os_months": [12.5, 3.0], "os_event": [True, False]})
    samples = build_cohort(CLINICAL, MolecularTables(tmb=tmb), followup=followup).samples
    assert samples["tmb"].tolist()[:2] == [3.5, 0.0]
    assert samples["tmb"].isna().tolist() == [False, False, True, True]
    assert samples["tmb_status"].tolist()[1] == "not evaluable: no variant"
    assert samples["os_months"].tolist()[0] == 12.5
    with pytest.raises(SchemaError, match="the TMB table lacks tmb"):
        build_cohort(CLINICAL, MolecularTables(tmb=tmb.drop(columns="tmb")))


def test_inclusion_rules_come_last_and_are_counted() -> None:
    rules = parse_rules({"rule": [{"name": "ER known", "column": "er_status", "present": True}]})
    cohort = build_cohort(CLINICAL, MolecularTables(alterations=long(("P4-T", "TP53", "missense"))),
                          profiled=CLINICAL["sample_id"].tolist(), rules=rules)  # fmt: skip
    assert cohort.samples["sample_id"].tolist() == ["P1-T", "P2-T", "P3-T"]
    assert cohort.profiled.shape[0] == 3
    assert len(cohort.alterations) == 0
    last = cohort.attrition.iloc[-1]
    assert (last["step"], last["rule"], last["n_dropped"]) == ("inclusion", "ER known", 1)


def test_one_specimen_per_patient_by_a_stated_policy() -> None:
    clinical = pd.concat([CLINICAL, CLINICAL.iloc[[0]].assign(sample_id="P1-M", ihc="1+")], ignore_index=True)
    clinical["sample_type"] = ["primary"] * 4 + ["metastasis"]
    cohort = build_cohort(clinical)
    assert len(cohort.samples) == 4
    assert "P1-M" in cohort.attrition["detail"].iloc[0]
    assert len(build_cohort(clinical, specimen="all").samples) == 5


def test_neither_group_nor_evidence() -> None:
    with pytest.raises(SchemaError, match="no her2_group column and no column of HER2 evidence"):
        build_cohort(CLINICAL.drop(columns="ihc"), source="c.tsv")
