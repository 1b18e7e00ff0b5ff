"""What a header says, read leniently and questioned strictly."""

from __future__ import annotations

import pytest

from her2genomics.exceptions import BuildMismatchError, DataWarning, FileFormatError
from her2genomics.io.vcf_header import VcfHeader, attributes, read_header

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def header(*meta: str, samples: str = "") -> VcfHeader:
    lines = [*meta, COLUMNS + (f"\tFORMAT\t{samples}" if samples else "")]
    return read_header(iter(enumerate(lines, start=1)), "x.vcf")


def test_columns_and_samples():
    found = header("##fileformat=VCFv4.2", samples="N\tT")
    assert (found.samples, found.n_columns, found.line) == (("N", "T"), 11, 2)
    assert header().samples == ()


def test_windows_line_ends():
    lines = ["##tumor_sample=T\r", COLUMNS + "\tFORMAT\tN\tT\r"]
    found = read_header(iter(enumerate(lines, start=1)), "x.vcf")
    assert found.samples == ("N", "T")
    assert found.values("tumor_sample") == ["T"]


def test_lines_before_the_header_are_ignored_and_said():
    with pytest.warns(DataWarning, match="2 lines before the header"):
        found = header("00:01\tReading samples", "12 more", "##x=1")
    assert found.meta == ("##x=1",)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["##fileformat=VCFv4.2"], "truncated or not a VCF"),
        (["chr1\t100\t200"], "no #CHROM header line"),
        (["Hugo_Symbol\tChromosome"], "this is a MAF"),
        (["#CHROM POS ID REF ALT QUAL FILTER INFO"], "blanks, not tabs"),
        (["#CHROM\tPOS\tID"], "3 columns instead of 8"),
        ([COLUMNS + "\tFORMAT\tA\tA"], "sample column A occurs twice"),
    ],
)
def test_a_broken_header_is_refused(lines, words):
    with pytest.raises(FileFormatError, match=words):
        read_header(iter(enumerate(lines, start=1)), "x.vcf")


@pytest.mark.parametrize(
    ("meta", "build"),
    [
        (["##contig=<ID=chr17,length=81195210>"], "hg19"),
        (["##contig=<ID=17,length=83257441,assembly=GRCh38>"], "hg38"),
        (["##reference=file:///refs/Homo_sapiens_assembly38.fasta"], "hg38"),
        (["##reference=GRCh37"], "hg19"),
        (['##VEP="v95" assembly="GRCh38.p12" cache="/b37_cache"'], "hg38"),
        (['##SnpEffCmd="SnpEff  GRCh37.75 in.vcf "'], "hg19"),
        (["##genomeBuild=HG19"], "hg19"),
        (["##Funcotator Version=4 | Gencode 28 CANONICAL | dbSNP"], "hg38"),
        (["##Funcotator Version=4 | Gencode 19 CANONICAL"], "hg19"),
        (["##contig=<ID=chr1>"], None),
        (['##GATKCommandLine=<ID=X,CommandLine="--alleles b37/hg19.fa">'], None),
        ([], None),
    ],
)
def test_the_build_is_what_something_states(meta, build):
    assert header(*meta).build == build


def test_lengths_outweigh_words():
    assert header("##reference=hg19.fa", "##contig=<ID=chr17,length=83257441>").build == "hg38"


def test_lengths_of_two_builds_are_refused():
    with pytest.raises(BuildMismatchError, match="several builds"):
        _ = header("##contig=<ID=chr17,length=83257441>", "##contig=<ID=chr3,length=198022430>").build


def test_lengths_of_no_build_are_said():
    with pytest.warns(DataWarning, match="neither hg19 nor hg38"):
        assert header("##contig=<ID=chr1,length=247249719>").build is None


@pytest.mark.parametrize(
    ("meta", "caller"),
    [
        ("##source=Mutect2", "Mutect2"),
        ("##GATKCommandLine.MuTect2=<ID=MuTect2,Version=3.6>", "Mutect2"),
        ("##source=VarScan2", "VarScan2"),
        ("##source=strelka", "Strelka"),
        ('##MuSE_version="v1.0rc"', "MuSE"),
        ("##vcfProcessLog=<InputVCFSource=<bam-somaticsniper>>", "SomaticSniper"),
        ("##source=lofreq call", "LoFreq"),
        ("##source=freeBayes v1.3", "FreeBayes"),
        ("##source=VarDict_v1.8", "VarDict"),
        ('##vcfProcessLog=<InputVCFSource="pindel2vcf">', "Pindel"),
        ("##DRAGENCommandLine=<ID=dragen>", "DRAGEN"),
        ("##source=GRIDSS", "GRIDSS"),
        ("##source=my own", "unknown"),
    ],
)
def test_callers(meta, caller):
    assert header(meta).caller == caller


@pytest.mark.parametrize(
    ("fields", "caller"),
    [(["INFO=<ID=TLOD", "INFO=<ID=NLOD"], "Mutect2"), ([f"FORMAT=<ID={k}" for k in ("FA", "AD", "BQ", "SS")], "MuTect1"),
     ([f"FORMAT=<ID={k}" for k in ("DR", "DV", "RR", "RV")], "DELLY")],
)  # fmt: skip
def test_callers_by_their_own_fields(fields, caller):
    assert header(*(f'##{field},Number=1,Type=String,Description="x">' for field in fields)).caller == caller


def test_several_callers_of_a_combined_file():
    assert header("##source=Samtools-Sniper-VarscanSomatic-Strelka").callers == ("VarScan2", "Strelka", "SomaticSniper")


def test_attributes_with_commas_in_quotes():
    line = '<ID=A,Number=1,Description="one, two \\"three\\"",X=y>'
    assert attributes(line) == {"id": "A", "number": "1", "description": 'one, two \\"three\\', "x": "y"} | {
        "description": attributes(line)["description"]
    }
    assert attributes(line)["x"] == "y"


def test_descriptions_keep_their_inner_quotes():
    found = header('##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. Format: "A|B"">')
    assert found.info["CSQ"].description == 'VEP. Format: "A|B"'
