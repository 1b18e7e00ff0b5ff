"""The tumour column: stated, named, or asked for."""

from __future__ import annotations

import pytest

from her2genomics.exceptions import AmbiguousInputError, UsageError
from her2genomics.io.vcf_header import VcfHeader
from her2genomics.io.vcf_samples import file_sample_id, find_tumour


def header(samples: str, *meta: str, path: str = "P1.vcf.gz") -> VcfHeader:
    names = tuple(samples.split())
    return VcfHeader(path, meta, names, 9 + len(names), 1)


@pytest.mark.parametrize(
    ("samples", "meta", "tumour", "normal"),
    [
        ("NORMAL TUMOR", (), "TUMOR", "NORMAL"),
        ("TUMOR NORMAL", (), "TUMOR", "NORMAL"),
        ("HCC_NORMAL_DNA HCC_TUMOR_DNA", (), "HCC_TUMOR_DNA", "HCC_NORMAL_DNA"),
        ("P1_T P1_N", (), "P1_T", "P1_N"),
        ("Patient_01_Germline Patient_01_Somatic", (), "Patient_01_Somatic", "Patient_01_Germline"),
        ("TCGA-A1-A0SB-01A-11D TCGA-A1-A0SB-10B-01D", (), "TCGA-A1-A0SB-01A-11D", "TCGA-A1-A0SB-10B-01D"),
        ("A B", ("##tumor_sample=B", "##normal_sample=A"), "B", "A"),
        ("A B", ("##normal_sample=B",), "A", "B"),
        ("NORMAL TUMOR", ("##tumor_sample=NORMAL", "##normal_sample=TUMOR"), "NORMAL", "TUMOR"),
        ("A B", ("##PEDIGREE=<Derived=B,Original=A>",), "B", "A"),
        ("A B", ("##PEDIGREE=<ID=A,Original=B>",), "A", "B"),
        ("A B", ("##SAMPLE=<ID=NORMAL,SampleName=A>", "##SAMPLE=<ID=TUMOR,SampleName=B>"), "B", "A"),
        ("A B", ("##sample=<ID=NORMAL,name=A>",), "B", "A"),
        ("DNA_NORMAL DNA_TUMOR RNA_TUMOR", (), "DNA_TUMOR", "DNA_NORMAL"),
        ("A B", ('##MuTect="analysis_type=MuTect tumor_sample_name=B normal_sample_name=A cov=null"',), "B", "A"),
        ("A B", ('##GATKCommandLine=<ID=Mutect2,CommandLine="Mutect2 --normal-sample B --output x.vcf">',), "A", "B"),
        (
            "A B",
            ("##SentieonCommandLine.TNscope=<ID=TNscope,CommandLine=driver --tumor_sample A --normal_sample B>",),
            "A",
            "B",
        ),
        ("blood S9", (), "S9", "blood"),
        ("ONLY", (), "ONLY", None),
        ("cfDNA_7", (), "cfDNA_7", None),
    ],
)
def test_found(samples, meta, tumour, normal):
    found = find_tumour(header(samples, *meta))
    assert (found.tumours, found.normals) == ((tumour,), (normal,))


@pytest.mark.parametrize("samples", ["A B", "LIB-02240e4 LIB-02252e4", "A B C", "NORMAL", "N1 N2"])
def test_not_guessed(samples):
    with pytest.raises(AmbiguousInputError, match="--tumor-sample"):
        find_tumour(header(samples))


def test_several_pairs_in_one_file():
    found = find_tumour(header("P1_N P1_T P2_N P2_T"))
    assert found.tumours == ("P1_T", "P2_T")
    assert found.normals == ("P1_N", "P2_N")


def test_columns_of_several_callers_are_one_tumour():
    found = find_tumour(header("NORMAL.mutect2 TUMOR.mutect2 NORMAL.varscan TUMOR.varscan", path="runs/P7.vcf"))
    assert found.tumours == ("TUMOR.mutect2",)
    assert found.further == (("TUMOR.varscan",),)
    assert found.normals == ("NORMAL.mutect2",)
    assert found.sample_ids == ("P7",)
    own = find_tumour(header("S1_T.variant S1_T.variant2 S1_N.variant S1_N.variant2"))
    assert own.sample_ids == ("S1_T",)
    assert find_tumour(header("P1_T.mutect2 P2_T.mutect2")).tumours == ("P1_T.mutect2", "P2_T.mutect2")


def test_two_tumours_and_a_column_that_nobody_names_is_asked():
    with pytest.raises(AmbiguousInputError, match="X"):
        find_tumour(header("P1_T P2_T X"))


def test_chosen():
    assert find_tumour(header("A B"), "B").tumours == ("B",)
    assert find_tumour(header("A B"), "B").normals == ("A",)
    assert find_tumour(header("A B C"), ["A", "C"]).tumours == ("A", "C")
    assert find_tumour(header("A B C"), "all").tumours == ("A", "B", "C")


def test_an_unknown_choice_lists_the_columns():
    with pytest.raises(UsageError, match="no sample column 'C' \\(columns: A, B\\)"):
        find_tumour(header("A B"), "C")


@pytest.mark.parametrize("meta", [(), ("##normal_sample=NORMAL", "##tumor_sample=TUMOR")])
def test_the_normal_is_not_taken_for_a_tumour(meta):
    """pyTMB's --sample NORMAL answers 0.0 without a word."""
    with pytest.raises(UsageError, match="calls this column the normal"):
        find_tumour(header("NORMAL TUMOR", *meta), "NORMAL")


@pytest.mark.parametrize(
    ("samples", "meta", "sample_id"),
    [
        ("NORMAL TUMOR", (), "P1"),
        ("N P7_T", (), "P7_T"),
        ("NORMAL TUMOR", ("##SAMPLE=<ID=TUMOR,SampleName=S77>",), "S77"),
        ("TUMOR NORMAL", ('##TUMOR="Sample=TCGA-BT-A20W-01A,File=/tmp/tumor.bam"',), "TCGA-BT-A20W-01A"),
        ("", (), "P1"),
    ],
)
def test_sample_identifiers(samples, meta, sample_id):
    assert find_tumour(header(samples, *meta)).sample_ids == (sample_id,)


def test_names_of_files():
    assert [file_sample_id(n) for n in ("a/S1.vcf", "S1.vcf.gz", "S1.bcf", "S1.maf.gz", "-", "S1")] == ["S1"] * 4 + [
        "stdin",
        "S1",
    ]
