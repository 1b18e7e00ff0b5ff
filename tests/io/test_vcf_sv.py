"""Structural variants as alterations of panel genes."""

from __future__ import annotations

import pytest

from her2genomics import schema
from her2genomics.exceptions import AnnotationMissingError, BuildMismatchError, FileFormatError
from her2genomics.io.vcf import read_vcf
from her2genomics.io.vcf_sv import read_sv_vcf
from her2genomics.panel import load_panel

PANEL = load_panel()
SPAN = {row.gene: (row.chromosome, row.start, row.end) for row in PANEL.gene_spans("hg19").itertuples()}
TMPRSS2, ERG = SPAN["TMPRSS2"], SPAN["ERG"]
HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chr21,length=48129895>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def vcf(tmp_path, *records: str, samples: str = "", header: str = HEADER):
    path = tmp_path / "sv.vcf"
    columns = f"\tFORMAT\t{samples}" if samples else ""
    path.write_text(header + columns + "\n" + "".join(r + "\n" for r in records))
    return path


def rows(path, **how) -> list[tuple[str, str, str]]:
    table = read_sv_vcf(path, panel=PANEL, **how)
    schema.check(table, schema.ALTERATIONS)
    return sorted(zip(table["gene"], table["alteration"], table["detail"], strict=True))


MIDDLE = {gene: (start + end) // 2 for gene, (_, start, end) in SPAN.items()}


def test_a_symbolic_record_between_two_genes(tmp_path):
    record = f"chr21\t{MIDDLE['ERG']}\t.\tN\t<DEL>\t.\tPASS\tSVTYPE=DEL;END={MIDDLE['TMPRSS2']}"
    assert rows(vcf(tmp_path, record)) == [
        ("ERG", "fusion", "ERG-TMPRSS2 DEL"),
        ("TMPRSS2", "fusion", "ERG-TMPRSS2 DEL"),
    ]


def test_breakend_mates_are_one_event(tmp_path):
    a, b = MIDDLE["ERG"], MIDDLE["TMPRSS2"]
    mates = [
        f"21\t{a}\tA\tN\tN[21:{b}[\t.\tPASS\tSVTYPE=BND;MATEID=B",
        f"21\t{b}\tB\tN\t]21:{a}]N\t.\tPASS\tSVTYPE=BND;MATEID=A",
    ]
    table = read_sv_vcf(vcf(tmp_path, *mates), panel=PANEL)
    assert table["gene"].tolist() == ["ERG", "TMPRSS2"]
    assert table["event"].nunique() == 1


def test_a_partner_outside_the_panel_is_named_by_its_place(tmp_path):
    record = f"chr21\t{MIDDLE['TMPRSS2']}\t.\tN\tN]chr15:80623247]\t.\tPASS\tSVTYPE=BND"
    assert rows(vcf(tmp_path, record)) == [("TMPRSS2", "fusion", "TMPRSS2-chr15:80623247 BND")]


def test_inside_one_gene_is_a_rearrangement(tmp_path):
    record = f"chr21\t{ERG[1] + 1000}\t.\tN\t<DUP>\t.\tPASS\tSVTYPE=DUP;END={ERG[1] + 9000}"
    assert rows(vcf(tmp_path, record)) == [("ERG", "other", "internal DUP")]


def test_a_whole_gene_is_copy_number(tmp_path):
    record = f"chr21\t{ERG[1] - 50_000}\t.\tN\t<DEL>\t.\tPASS\tSVTYPE=DEL;END={ERG[2] + 50_000}"
    assert rows(vcf(tmp_path, record)) == []


@pytest.mark.parametrize(
    "record",
    [
        f"chr21\t{ERG[1] + 99}\t.\tN\t<DEL>\t.\tLowQual\tSVTYPE=DEL;END={MIDDLE['TMPRSS2']}",
        f"chr21\t{ERG[1] + 99}\t.\tN\tN.\t.\tPASS\tSVTYPE=BND",
        f"chr21\t{ERG[1] + 99}\t.\tA\tT\t.\tPASS\tDP=3",
        f"chr21\t{ERG[1] + 99}\t.\tN\t<DEL>\t.\tPASS\tSVTYPE=DEL",
    ],
)
def test_left_out(tmp_path, record):
    assert rows(vcf(tmp_path, record)) == []


@pytest.mark.parametrize(
    ("keys", "tumour", "normal", "info", "vaf"),
    [
        ("GT:DR:DV:RR:RV", "0/1:10:5:20:10", "0/0:9:0:9:0", "", 15 / 45),
        ("PR:SR", "20,5:30,5", "20,0:30,0", "", 10 / 60),
        ("GT:REF:VF", "0/1:90:10", "0/0:80:0", "", 0.1),
        ("GT:AD:DP", "0/1:40,10:50", "0/0:40,0:40", "", 0.2),
        ("GT", "0/1", "0/0", "", None),
        ("GT:DR:DV:RR:RV", "0/0:10:0:20:0", "0/0:9:0:9:0", "", "none"),
        ("GT:DR:DV:RR:RV", "0/1:10:5:20:10", "0/1:9:4:9:4", "", "none"),
        ("GT:DR:DV:RR:RV", "0/1:10:5:20:10", "0/1:9:1:9:0", ";SOMATIC", 15 / 45),
    ],
)
def test_support_of_tumour_and_normal(tmp_path, keys, tumour, normal, info, vaf):
    record = f"chr21\t{MIDDLE['ERG']}\t.\tN\t<INV>\t.\tPASS\tSVTYPE=INV;END={MIDDLE['TMPRSS2']}{info}\t{keys}\t{normal}\t{tumour}"
    table = read_sv_vcf(vcf(tmp_path, record, samples="NORMAL\tTUMOR"), panel=PANEL)
    if vaf == "none":
        assert table.empty
        return
    assert table["sample_id"].tolist() == ["sv", "sv"]
    assert table["vaf"].isna().all() if vaf is None else table["vaf"].tolist() == pytest.approx([vaf, vaf])


@pytest.mark.parametrize(
    ("keys", "tumour", "normal", "n"),
    [
        ("GT:SU:PE:SR", "./.:9:5:4", "./.:0:0:0", 2),
        ("GT:SU:PE:SR", "./.:9:5:4", "./.:3:3:0", 0),
        ("GT:AD:DP:SR", "0/1:7:80:4", "0/0:0:70:0", 2),
        ("GT:AD:DP:SR", "0/1:7:80:4", "0/1:30:70:9", 0),
        ("GT:GQ", "0/1:30", "0/0:30", 2),
        ("GT:GQ", "0/1:30", "0/1:30", 0),
        ("GT:GQ", "0/0:30", "0/0:30", 0),
    ],
)
def test_callers_with_variant_reads_or_genotypes_alone(tmp_path, keys, tumour, normal, n):
    """LUMPY, SvABA, and callers that give no reads: what the normal carries is germline."""
    record = (
        f"chr21\t{MIDDLE['ERG']}\t.\tN\t<DEL>\t.\t.\tSVTYPE=DEL;END={MIDDLE['TMPRSS2']}\t{keys}\t{tumour}\t{normal}"
    )
    assert len(rows(vcf(tmp_path, record, samples="TUMOR\tNORMAL"))) == n


def test_the_burden_of_structural_variants_is_refused_whoever_called_them(tmp_path):
    record = f"chr21\t{MIDDLE['ERG']}\t.\tN\t<DEL>\t.\tPASS\tSVTYPE=DEL;END={MIDDLE['TMPRSS2']}"
    with pytest.raises(AnnotationMissingError, match="structural variants .unknown. do not count"):
        read_vcf(vcf(tmp_path, record))


def test_broken_records_and_builds(tmp_path):
    with pytest.raises(FileFormatError, match="3 columns"):
        read_sv_vcf(vcf(tmp_path, "chr21\t5\t."), panel=PANEL)
    with pytest.raises(FileFormatError, match="whole number"):
        read_sv_vcf(vcf(tmp_path, "chr21\tx\t.\tN\t<DEL>\t.\tPASS\tEND=9"), panel=PANEL)
    with pytest.raises(BuildMismatchError):
        read_sv_vcf(vcf(tmp_path), panel=PANEL, build="hg38")


@pytest.mark.real_data
def test_the_burden_says_that_structural_variants_do_not_count(shared_data):
    with pytest.raises(AnnotationMissingError, match="structural variants .DELLY. do not count"):
        read_vcf(shared_data / "vcf" / "callers_unannotated" / "test_delly.vcf")


@pytest.mark.real_data
def test_the_real_delly_file(shared_data):
    table = read_sv_vcf(shared_data / "vcf" / "callers_unannotated" / "test_delly.vcf", panel=PANEL)
    assert table["gene"].tolist() == ["TMPRSS2", "ERG"]
    assert (table["alteration"] == "fusion").all()
