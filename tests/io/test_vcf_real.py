"""Real VCFs of many makes: what is recognised, and that every variant is accounted for."""

from __future__ import annotations

import gzip
import re
import warnings
from pathlib import Path

import pandas as pd
import pytest

from her2genomics.consequences import canonical_class, refine_class
from her2genomics.exceptions import AmbiguousInputError, AnnotationMissingError
from her2genomics.io.vcf import VcfReader, open_vcf, read_vcf
from her2genomics.workflow.tmb_files import tmb_of_file
from her2genomics.workflow.tmb_settings import TmbSettings

pytestmark = pytest.mark.real_data

ANNOTATED = {
    "grch38_vep/annotated.expression.vcf.gz": ("VEP", "HCC1395_TUMOR_DNA", "hg38", 1470, 8, "evaluable"),
    "grch38_vep/hcc1395_mutect2_tumor_only.vcf.gz": ("VEP", "H_NJ-HCC1395-HCC1395", "hg38", 2734, 11, "evaluable"),
    "hg19_funcotator/regressionTestHg19Large.vcf.gz": (
        "Funcotator",
        "-",
        "hg19",
        1507,
        None,
        "not evaluable: no tumour AF",
    ),
    "hg19_funcotator/regressionTestVariantSetHG38.vcf.gz": (
        "Funcotator",
        "THE_TUMOR",
        "hg38",
        5,
        0,
        "not evaluable: no somatic variant",
    ),
    "snpeff_ann/cancer.ann.vcf": ("SnpEff", "Patient_01_Somatic", "hg19", 1, 0, "not evaluable: no somatic variant"),
    "snpeff_ann/test.chr22.ann.filter_missense_any.vcf": (
        "SnpEff",
        "-",
        "hg19",
        20,
        None,
        "not evaluable: no tumour AF",
    ),
}
CALLERS = {
    "mutect2/dream3-chr20.vcf.gz": ("IS3.snv.indel.sv", 1205),
    "mutect2/mc3_M2.vcf.gz": ("TUMOR", 206),
    "callers_unannotated/test_merged.vcf": ("TUMOR", 573),
    "callers_unannotated/test_muse.vcf": ("TUMOR", 434),
    "callers_unannotated/test_mutect.vcf": ("TUMOR", 500),
    "callers_unannotated/test_pindel.vcf": ("TUMOR", 32),
    "callers_unannotated/test_radia.vcf": ("DNA_TUMOR", 87),
    "callers_unannotated/test_sniper.vcf": ("TUMOR", 169),
    "callers_unannotated/test_strelka.vcf": ("TUMOR", 240),
    "callers_unannotated/test_varscan.vcf": ("TUMOR", 500),
}


@pytest.mark.parametrize("name", ANNOTATED)
def test_annotated_files(shared_data: Path, name: str) -> None:
    annotation, tumour, build, n_records, n_counted, status = ANNOTATED[name]
    done = tmb_of_file(str(shared_data / "vcf" / name), TmbSettings(audit=True))
    assert done.error is None
    assert done.result is not None
    assert done.source is not None
    assert [done.source[k] for k in ("annotation", "tumour", "build", "n_records")] == [
        annotation,
        tumour,
        build,
        n_records,
    ]
    (row,) = done.result.tmb.to_dict("records")
    assert row["status"] == status
    assert pd.isna(row["n_counted"]) if n_counted is None else row["n_counted"] == n_counted
    assert done.result.audit is not None
    excluded = (done.result.audit["outcome"] == "excluded").sum()
    assert excluded + (n_counted or 0) == row["n_input"] == len(done.result.audit)
    assert done.result.filter_counts["n_removed"].sum() == excluded


@pytest.mark.parametrize("name", [*ANNOTATED, *CALLERS])
def test_no_record_is_skipped(shared_data: Path, name: str) -> None:
    """As many records and alleles as a plain split of the text finds."""
    path = shared_data / "vcf" / name
    text = gzip.decompress(path.read_bytes()).decode() if name.endswith(".gz") else path.read_text()
    body = [line for line in text.splitlines() if "\t" in line and not line.startswith("#")]
    records = [line for line in body if line.split("\t")[1].isdigit()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        vcf, n_alleles = _counted(path)
    assert vcf.n_records == len(records)
    assert n_alleles == sum(len(re.split("[,/]", line.split("\t")[4])) for line in records)


def _counted(path: Path) -> tuple[VcfReader, int]:
    with open_vcf(path, require_annotation=False) as vcf:
        return vcf, sum(1 for _ in vcf.variants())


@pytest.mark.parametrize("name", CALLERS)
def test_callers_give_a_fraction_and_a_depth(shared_data: Path, name: str) -> None:
    tumour, n_records = CALLERS[name]
    with open_vcf(shared_data / "vcf" / name, require_annotation=False) as vcf:
        variants = list(vcf.variants())
    assert vcf.columns.tumours == (tumour,)
    assert vcf.n_records == n_records
    known = [v for v in variants if v.vaf is not None]
    assert len(known) >= 0.98 * len(variants)
    assert all(0 <= v.vaf <= 1 for v in known if v.vaf is not None)
    assert all(v.depth is not None for v in known)
    assert vcf.columns.normals[0] is not None
    with pytest.raises(AnnotationMissingError):
        read_vcf(shared_data / "vcf" / name)


def test_a_panel_file_with_malformed_depths(shared_data: Path) -> None:
    path = shared_data / "vcf" / "callers_unannotated" / "mutect1_panel_malformed_dp.vcf.gz"
    with pytest.raises(AmbiguousInputError, match="LIB-02240e4, LIB-02252e4"):
        read_vcf(path)
    with (
        pytest.warns(match="depths .DP. are not whole numbers"),
        open_vcf(path, tumor_sample="LIB-02240e4", require_annotation=False) as vcf,
    ):
        variants = list(vcf.variants())
    assert len(variants) == 2331
    assert variants[0].vaf == 0.224172
    assert variants[0].depth == 79


@pytest.mark.parametrize("name", ["regressionTestHg19Large", "regressionTestVariantSetHG38"])
def test_funcotators_vcf_and_maf_say_the_same(shared_data: Path, name: str) -> None:
    """Class, gene and protein change of each variant against the MAF that Funcotator wrote itself."""
    folder = shared_data / "vcf" / "hg19_funcotator"
    ours = read_vcf(folder / f"{name}.vcf.gz")
    maf = pd.read_csv(folder / f"{name}.maf.gz", sep="\t", comment="#", dtype=str, keep_default_na=False)
    maf["Chromosome"] = "chr" + maf["Chromosome"].str.removeprefix("chr")
    maf["Start_Position"] = maf["Start_Position"].astype("int64")
    key = ["Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2"]
    both = ours.merge(maf, on=key, suffixes=("", "_maf")).drop_duplicates(
        [*key, "Variant_Classification_maf", "Hugo_Symbol_maf"]
    )
    assert len(both) >= {"regressionTestHg19Large": 1240, "regressionTestVariantSetHG38": 5}[name]
    expected = [
        refine_class(canonical_class(c), None, p or None, r, a)
        for c, p, r, a in zip(
            both["Variant_Classification_maf"],
            both["Protein_Change"],
            both["Reference_Allele"],
            both["Tumor_Seq_Allele2"],
            strict=True,
        )
    ]
    assert both["Variant_Classification"].tolist() == expected
    assert both["Hugo_Symbol"].tolist() == both["Hugo_Symbol_maf"].tolist()
    assert both["HGVSp_Short"].fillna("").tolist() == both["Protein_Change"].tolist()
