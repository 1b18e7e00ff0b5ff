"""Reading a VCF as mutations, and refusing what is broken."""

from __future__ import annotations

import random
import warnings

import pandas as pd
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import (
    AmbiguousInputError,
    AnnotationMissingError,
    BuildMismatchError,
    DataWarning,
    FileFormatError,
    Her2GenomicsError,
    UsageError,
)
from her2genomics.io.vcf import open_vcf, read_vcf
from her2genomics.panel import load_panel

PANEL = load_panel()


def columns(table: pd.DataFrame, *names: str) -> list[list[object]]:
    return table[list(names)].astype(object).to_numpy().tolist()


def test_a_row_per_variant(make_vcf, call):
    path = make_vcf([call("chr17", 7577100, gene="TP53", protein="ENSP1:p.Arg280Thr", af=0.25, pop="0.0001")])
    table = read_vcf(path)
    schema.check(table, schema.MUTATIONS, unique=False)
    (row,) = table.astype(object).to_dict("records")
    assert {k: row[k] for k in ("Hugo_Symbol", "NCBI_Build", "Chromosome", "Start_Position", "HGVSp_Short", "t_vaf", "gnomADe_AF")} == {
        "Hugo_Symbol": "TP53", "NCBI_Build": "hg19", "Chromosome": "chr17", "Start_Position": 7577100, "HGVSp_Short": "p.R280T",
        "t_vaf": 0.25, "gnomADe_AF": 0.0001,
    }  # fmt: skip
    assert [row[k] for k in ("t_depth", "t_ref_count", "t_alt_count", "n_depth", "n_alt_count")] == [100, 75, 25, 80, 0]
    assert (row["Tumor_Sample_Barcode"], row["Matched_Norm_Sample_Barcode"]) == ("sample", "NORMAL")


@pytest.mark.parametrize("how", [{"annotator": "SnpEff"}, {"build": "hg38"}, {"prefix": False}, {"samples": ("P1_T",)}])
def test_other_dresses_of_the_same_calls(make_vcf, call, how):
    calls = [call("chr17", 7577100), call("chr3", 178952085, "A", "G", protein="p.His1047Arg", gene="PIK3CA")]
    table = read_vcf(make_vcf(calls, **how))
    assert columns(table, "Chromosome", "Variant_Classification", "t_vaf") == [
        ["chr17", "Missense_Mutation", 0.2], ["chr3", "Missense_Mutation", 0.2],
    ]  # fmt: skip


def test_multi_allelic_records_and_their_split_parts_are_the_same_variants(make_vcf, call):
    together = [call("chr17", 100, "GTT", "G,GT,GTTT,*", af=0.1)]
    apart = [call("chr17", 100, "GTT", alt, af=0.1) for alt in ("G", "GT", "GTTT")]
    first, second = (read_vcf(make_vcf(calls)) for calls in (together, apart))
    names = ["Start_Position", "End_Position", "Reference_Allele", "Tumor_Seq_Allele2", "t_vaf"]
    assert columns(first, *names) == columns(second, *names)
    assert columns(first, "Reference_Allele", "Tumor_Seq_Allele2") == [["TT", "-"], ["T", "-"], ["-", "T"]]


def test_what_is_no_small_variant_is_left_out(make_vcf, call):
    alts = ["<DEL>", "]chr3:55]C", "C.", ".", "*", "<NON_REF>", "C"]
    table = read_vcf(make_vcf([call("chr17", 100, alt=alt) for alt in alts] + [call("chr17", 200)]))
    assert table["Start_Position"].tolist() == [200]


def test_lower_case_bases(make_vcf, call):
    assert columns(read_vcf(make_vcf([call("chr17", 100, "c", "t")])), "Reference_Allele", "Tumor_Seq_Allele2") == [
        ["C", "T"]
    ]


def test_several_tumours_of_one_file(tmp_path, make_vcf, call):
    path = make_vcf([call("chr17", 100), call("chr17", 200)], samples=("P1_N", "P1_T", "P2_T"))
    lines = path.read_text().splitlines()
    lines[-1] = lines[-1].replace("0/0:80,0:0.0:80\t0/1", "./.:.:.:.\t0/1")
    path.write_text("\n".join(lines) + "\n")
    table = read_vcf(path)
    assert columns(table, "Tumor_Sample_Barcode", "Start_Position") == [["P2_T", 100], ["P2_T", 200]]
    alone = read_vcf(path, tumor_sample="P1_T")
    assert columns(alone, "Start_Position", "t_alt_count") == [[100, 0], [200, pd.NA]], (
        "one tumour: reads, not genotype"
    )


def test_a_panel_brings_its_genes_and_their_current_names(make_vcf, call):
    path = make_vcf([call("chr17", 100, gene="MLL3")])
    assert read_vcf(path, panel=PANEL)["Hugo_Symbol"].tolist() == ["KMT2C"]
    assert read_vcf(path)["Hugo_Symbol"].tolist() == ["MLL3"]


def test_lofreq_states_its_reads_in_info(make_vcf, call):
    calls = [call("chr17", 100, info="DP=1000;AF=0.031;DP4=480,489,15,16")]
    table = read_vcf(make_vcf(calls, samples=(), meta=["##source=lofreq call -f ref.fa"]))
    assert columns(table, "t_vaf", "t_depth", "t_alt_count") == [[0.031, 1000, 31]]
    assert read_vcf(make_vcf(calls, samples=()))["t_vaf"].isna().all(), (
        "INFO/AF of any other caller is no tumour fraction"
    )


def test_the_callers_info_af_is_no_population_frequency(make_vcf, call):
    table = read_vcf(make_vcf([call("chr17", 100, info="AF=0.5;AC=1")]))
    assert table["gnomADe_AF"].isna().all()


def test_nothing_but_a_header(make_vcf):
    assert read_vcf(make_vcf([])).empty
    assert read_vcf(make_vcf([], annotator="")).empty


def test_no_annotation_is_said_with_the_ways_out(make_vcf, call):
    with pytest.raises(AnnotationMissingError, match="vep -i"):
        read_vcf(make_vcf([call("chr17", 100)], annotator=""))


def test_another_build_is_refused(make_vcf, call):
    path = make_vcf([call("chr17", 100)], build="hg38")
    with pytest.raises(BuildMismatchError, match="file is hg38, expected hg19"):
        read_vcf(path, build="GRCh37")
    assert read_vcf(path, build="GRCh38")["NCBI_Build"].tolist() == ["hg38"]


def test_an_unclear_tumour_column_is_asked(make_vcf, call):
    with pytest.raises(AmbiguousInputError, match="A, B"):
        read_vcf(make_vcf([call("chr17", 100)], samples=("A", "B")))


def test_an_unknown_transcript_choice(make_vcf):
    with pytest.raises(UsageError, match="preferred, most-severe"):
        read_vcf(make_vcf([]), transcript_choice="any")


BREAKS = {
    "few columns": (lambda f: f[:6], "the record has 6 columns, the header 11"),
    "position": (lambda f: [f[0], "12x", *f[2:]], "position '12x' is not a whole number"),
    "reference": (lambda f: [*f[:3], "Q1", *f[4:]], "REF 'Q1' is no allele"),
    "alternate": (lambda f: [*f[:4], "T%", *f[5:]], "ALT 'T%' is no allele"),
    "contig": (lambda f: ["chr 17", *f[1:]], "no contig name"),
    "filter": (lambda f: [*f[:6], "PA SS", *f[7:]], "no filter name"),
    "second header": (lambda f: ["##fileformat=VCFv4.2"], "a second header inside"),
    "second header line": (lambda f: ["#CHROM", *f[1:]], "a second header inside"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_record_is_refused_with_its_line(make_vcf, call, name):
    change, words = BREAKS[name]
    path = make_vcf([call("chr17", 100), call("chr17", 200), call("chr17", 300)])
    lines = path.read_text().splitlines()
    lines[-2] = "\t".join(change(lines[-2].split("\t")))
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(FileFormatError, match=words) as caught:
        read_vcf(path)
    assert caught.value.line == len(lines) - 1


def test_blank_lines_are_skipped_and_windows_line_ends_read(make_vcf, call):
    path = make_vcf([call("chr17", 100), call("chr17", 200)])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\n")
    assert read_vcf(path)["t_depth"].tolist() == [100, 100]


def test_odd_values_are_read_around_and_said(make_vcf, call):
    path = make_vcf([call("chr17", 100), call("chr17", 200, af="38.5"), call("chr17", 300, filter="odd", term="strange_variant")],
                    meta=['##FILTER=<ID=weak,Description="w">'])  # fmt: skip
    path.write_text(path.read_text().replace(":100\n", ":100.7\n", 1))
    with pytest.warns(DataWarning) as caught:
        table = read_vcf(path)
    said = " | ".join(str(w.message) for w in caught)
    assert "1 depths (DP) are not whole numbers" in said
    assert "1 allele fractions outside 0-1" in said
    assert "FILTER odd is unknown" in said
    assert "consequence strange_variant is unknown" in said
    assert len(table) == 3


def test_a_contig_that_the_header_lacks_is_said(make_vcf, call):
    with pytest.warns(DataWarning, match="contig GL000191.1 is not in the header"):
        read_vcf(make_vcf([call("GL000191.1", 100)]))


def test_a_last_line_without_its_newline(make_vcf, call):
    path = make_vcf([call("chr17", 100)])
    whole = path.read_text()
    path.write_text(whole.rstrip("\n"))
    with pytest.warns(DataWarning, match="no newline"):
        assert len(read_vcf(path)) == 1
    path.write_text(whole.rstrip("\n").rpartition(":")[0])
    with pytest.raises(FileFormatError, match="echo >>"):
        read_vcf(path)


@pytest.mark.parametrize("packed", [False, True])
def test_site_filters_and_gaps_drop_the_same(tmp_path, make_vcf, call, coding_sites, packed):
    sites = coding_sites("hg19")
    region = next(f for f in _rule_filters() if f.name == "region")
    calls = [call(c, p + shift) for c, p in sites[::4] for shift in (-3000, 0, 5000)]
    path = make_vcf(calls)
    if packed:
        pysam.tabix_compress(str(path), str(tmp_path / "a.vcf.gz"))
        path = tmp_path / "a.vcf.gz"
    found = []
    for gap in (None, ("region", region.gap)):
        with open_vcf(path) as vcf:
            found.append(([v.start for v in vcf.variants([("region", region.fails)], gap)], dict(vcf.dropped)))
    assert found[0] == found[1]
    assert found[0][1]["region"] + len(found[0][0]) == len(calls)


def _rule_filters():
    from her2genomics.tmb_rule import compile_rule

    return compile_rule(PANEL).filters


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_mangled_vcf_is_an_error_of_ours_or_read_to_its_end(make_vcf, call, changes):
    """Whatever bytes a text VCF is hit with: no traceback, and no record skipped without a word."""
    path = make_vcf([call("chr17", 7577000 + i) for i in range(20)], name="mangled.vcf")
    content = bytearray(path.read_bytes())
    for place, byte in changes:
        content[place % len(content)] = byte
    path.write_bytes(bytes(content))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with open_vcf(path) as vcf:
                n_alleles = sum(1 for _ in vcf.variants())
        except Her2GenomicsError as error:
            if "\n" in str(error):
                raise AssertionError("a message is one line") from error
            return
    lines = bytes(content).split(b"\n")
    header = next(i for i, line in enumerate(lines) if line.upper().startswith(b"#CHROM"))
    records = [line for line in lines[header + 1 :] if line.strip()]
    assert vcf.n_records == len(records)
    assert n_alleles == sum(line.split(b"\t")[4].count(b",") + 1 for line in records)


def test_memory_stays_flat(make_vcf, call, coding_sites):
    """A stream of many records holds one at a time: the reader keeps neither lines nor variants."""
    path = make_vcf([call("chr17", 10_000 + i) for i in range(3000)])
    with open_vcf(path) as vcf:
        stream = vcf.variants()
        next(stream)
        held = [
            name
            for name, value in vars(vcf).items()
            if hasattr(value, "__len__") and not isinstance(value, str) and len(value) > 50
        ]
    assert held == []


def test_reading_is_the_same_twice(make_vcf, call):
    rng = random.Random(5)
    calls = [call("chr17", rng.randrange(1, 10**7), af=round(rng.random(), 3)) for _ in range(50)]
    path = make_vcf(calls)
    pd.testing.assert_frame_equal(read_vcf(path), read_vcf(path))


def test_a_declaration_without_its_fields_is_said(make_vcf, call, coding_sites):
    path = make_vcf([call(*coding_sites("hg19")[0])])
    text = path.read_text()
    start = text.index("Format: ")
    path.write_text(text[:start] + text[text.index('">', start) :])
    with pytest.raises(AnnotationMissingError, match="declares CSQ without its list of fields"):
        read_vcf(path)
