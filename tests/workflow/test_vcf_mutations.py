"""Mutations of many VCFs, and structural variants, into a cohort."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.exceptions import AmbiguousInputError, AnnotationMissingError, BuildMismatchError, FileFormatError
from her2genomics.io.vcf_source import find_vcfs, is_vcf
from her2genomics.panel import load_panel
from her2genomics.workflow.tmb_settings import TmbSettings, settings_from
from her2genomics.workflow.vcf_mutations import read_vcf_mutations

CLINICAL = "sample_id\tihc\tish_reported\nA_T\t0\t\nB_T\t1+\t\nC_T\t3+\t\nD_T\t0\t\n"


@pytest.fixture
def calls(make_vcf, call, coding_sites, tmp_path):
    """Return a folder with VCFs of three tumours: two mutations, none, and one beside what the filters drop."""
    (chrom, pos), (_, second), (_, third) = coding_sites("hg19")[:3]
    folder = tmp_path / "calls"
    folder.mkdir()
    hot = call("chr3", 178952085, "A", "G", gene="PIK3CA", protein="ENSP1:p.His1047Arg")
    promoter = call("chr5", 1295228, "G", "A", term="upstream_gene_variant", gene="TERT")
    make_vcf([call(chrom, pos, gene="TP53"), hot, promoter], "calls/a.vcf", samples=("A_N", "A_T"))
    make_vcf([], "calls/b.vcf", samples=("B_N", "B_T"))
    dropped = [
        call(chrom, second, gene="TP53", af=0.01),
        call(chrom, third, gene="TP53", filter="weak"),
        call(chrom, second + 1, gene="TP53", pop="0.02"),
        call(chrom, second + 2, gene="TP53", af=0.02),
        call(chrom, second + 2, gene="TP53", af=0.02),
    ]
    plain = make_vcf(dropped, "c.vcf", samples=("C_N", "C_T"))
    (folder / "c.vcf.gz").write_bytes(gzip.compress(plain.read_bytes()))
    return folder


def test_filters_of_the_rule_without_its_territory(calls):
    found = read_vcf_mutations(find_vcfs([calls]))
    schema.check(found.mutations, schema.MUTATIONS)
    names = ["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification"]
    assert found.mutations[names].values.tolist() == [
        ["A_T", "TP53", "Missense_Mutation"],
        ["A_T", "PIK3CA", "Missense_Mutation"],
        ["A_T", "TERT", "5'Flank"],
        ["C_T", "TP53", "Missense_Mutation"],
    ]
    assert found.samples == ("A_T", "B_T", "C_T"), "a tumour without a mutation was sequenced"
    left_out = dict(zip(found.counts["what"], found.counts["n"], strict=True))
    assert left_out == {
        "variants left out: low_vaf": 1,
        "variants left out: caller_filter": 1,
        "variants left out: germline": 1,
        "variants left out: duplicate": 1,
    }


def test_other_settings_keep_other_variants(calls):
    stricter = read_vcf_mutations(find_vcfs([calls]), settings_from(min_vaf=0.05))
    assert "C_T" not in set(stricter.mutations["Tumor_Sample_Barcode"])
    looser = read_vcf_mutations(find_vcfs([calls]), settings_from(no_vaf_filter=True, accept_filter=["weak"]))
    assert (looser.mutations["Tumor_Sample_Barcode"] == "C_T").sum() == 3


def test_places_of_vcfs(calls, tmp_path):
    by_pattern = find_vcfs([calls / "*.vcf.gz", calls / "a.vcf", calls])
    assert [name.rpartition("/")[2] for name in by_pattern] == ["c.vcf.gz", "a.vcf", "b.vcf"]
    with pytest.raises(FileFormatError, match=r"no VCF there.*names end in \.vcf"):
        find_vcfs([tmp_path / "*.none"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="no VCF there"):
        find_vcfs([tmp_path / "empty"])
    table = tmp_path / "data_sv.txt"
    table.write_text("Sample_Id\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\n")
    assert [is_vcf(calls / "a.vcf"), is_vcf(calls / "c.vcf.gz"), is_vcf(table)] == [True, True, False]


def test_what_cannot_be_joined_is_refused(make_vcf, call, coding_sites, calls):
    (chrom, pos), *_ = coding_sites("hg19")
    twice = make_vcf([call(chrom, pos)], "twice.vcf", samples=("A_N", "A_T"))
    with pytest.raises(AmbiguousInputError, match=r"tumour A_T is also in .*a\.vcf"):
        read_vcf_mutations([calls / "a.vcf", twice])
    other = make_vcf([call(chrom, pos)], "other.vcf", build="hg38", samples=("E_N", "E_T"))
    with pytest.raises(BuildMismatchError, match="this VCF is hg38, the others are hg19"):
        read_vcf_mutations([calls / "a.vcf", other])
    no_fraction = make_vcf([call(chrom, pos, af=None)], "no_af.vcf", samples=("F_N", "F_T"))
    with pytest.raises(AmbiguousInputError, match="no variant has a tumour allele fraction"):
        read_vcf_mutations([no_fraction])
    bare = make_vcf([call(chrom, pos)], "bare.vcf", annotator="", samples=("G_N", "G_T"))
    with pytest.raises(AnnotationMissingError):
        read_vcf_mutations([bare], TmbSettings())


def test_cohort_from_vcfs_and_structural_vcfs(calls, tmp_path):
    spans = load_panel().gene_spans("hg19").set_index("gene")
    erbb2, cdk12 = (int(spans.loc[g, ["start", "end"]].mean()) for g in ("ERBB2", "CDK12"))
    sv = tmp_path / "d.sv.vcf"
    sv.write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr17,length=81195210>\n"
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA_T\n"
        f"chr17\t{cdk12}\tx\tN\t<DUP>\t.\tPASS\tSVTYPE=DUP;END={erbb2}\tDR:DV:RR:RV\t10:5:10:5\n"
    )
    table = tmp_path / "data_sv.txt"
    table.write_text("Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\nB_T\tSOMATIC\tERBB2\tGRB7\n")
    clinical = tmp_path / "clinical.tsv"
    clinical.write_text(CLINICAL)
    out = tmp_path / "study"
    arguments = ["cohort", "build", "--clinical", clinical, "--vcf", calls, "--sv", sv, "--sv", table, "--out", out]
    done = CliRunner().invoke(cli, [str(a) for a in arguments])
    assert done.exit_code == 0, done.stderr
    wide = pd.read_csv(out / "cohort.tsv", sep="\t", dtype=str, keep_default_na=False).set_index("sample_id")
    assert wide.loc["A_T", ["PIK3CA", "TERT"]].tolist() == ["H1047R", "promoter"]
    assert wide.loc["A_T", "ERBB2"] == wide.loc["B_T", "ERBB2"] == "fusion"
    assert wide.loc["A_T", "CDK12"] == "fusion"
    assert wide.loc["B_T", "TP53"] == "WT", "sequenced, and nothing found"
    assert wide.loc["D_T", "TP53"] == "NA", "no VCF: not profiled"
    attrition = pd.read_csv(out / "attrition.tsv", sep="\t")
    vcf = attrition[attrition["step"] == "reading VCF"]
    assert vcf["n_dropped"].sum() == 4
    inputs = (out / "manifest.json").read_text()
    assert '"a.vcf"' in inputs
    assert '"d.sv.vcf"' in inputs


def test_mutations_are_not_given_twice(calls, tmp_path):
    clinical = tmp_path / "clinical.tsv"
    clinical.write_text(CLINICAL)
    maf = tmp_path / "m.maf"
    maf.write_text("Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tA_T\tSilent\n")
    done = CliRunner().invoke(
        cli,
        ["cohort", "build", "--clinical", str(clinical), "--maf", str(maf), "--vcf", str(calls), "-o", str(tmp_path)],
    )
    assert done.exit_code == 2
    assert "given twice, by --maf and by --vcf" in done.stderr
