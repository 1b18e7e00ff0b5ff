"""Long alteration tables: classes from words, and what is dropped."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.consequences import TERMS
from her2genomics.exceptions import DataWarning, Her2GenomicsError, SchemaError
from her2genomics.io.alterations import CLASS_WORDS, alteration_class, read_alterations
from her2genomics.io.write import write_table


def table(header, *rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in (header, *rows))


@pytest.mark.parametrize(
    ("alteration", "consequence", "expected"),
    [
        ("missense", "", "missense"), ("Amplification", "", "amplification"), ("deep deletion", "", "deep_deletion"),
        ("HOMDEL", "", "deep_deletion"), ("SNV_INDEL", "missense_variant", "missense"), ("CNV", "deletion", "loss"),
        ("CNV", "amplification", "amplification"), ("SNV_INDEL", "splice_region_variant_pm2", "splice"),
        ("", "frameshift_variant", "truncating"), ("", "stop_gained,splice_region_variant", "truncating"),
        ("", "inframe_deletion", "inframe"), ("", "protein_altering_variant", "inframe"), ("", "stop_lost", "other"),
        ("", "start_lost", "truncating"), ("", "splice_donor_variant", "splice"), ("", "Frame_Shift_Ins", "truncating"),
        ("", "synonymous_variant", "no alteration"), ("", "Silent", "no alteration"), ("", "intron_variant", "no alteration"),
        ("", "splice_region_variant", "no alteration"), ("", "upstream_gene_variant", "no alteration"),
        ("Missense_Mutation", "", "missense"), ("SV", "", "fusion"), ("SNV", "deletion", None), ("SNV", "", None),
        ("", "", None), ("strange", "", None), ("", "strange", None), ("strange", "missense_variant", None),
    ],
)  # fmt: skip
def test_class_of_words(alteration, consequence, expected):
    assert alteration_class(alteration, consequence) == expected


def test_promoter_only_in_promoter_genes(put):
    text = table(
        ["sample_id", "gene", "consequence"], ["P1", "TERT", "upstream_gene_variant"], ["P1", "TP53", "5'Flank"]
    )
    with pytest.warns(DataWarning, match=r"rows that alter nothing dropped 1 \(5'Flank 1\)"):
        found = read_alterations(put(text)).alterations
    assert found[["gene", "alteration"]].to_numpy().tolist() == [["TERT", "promoter"]]


def test_every_word_and_term_has_a_class():
    assert set(CLASS_WORDS.values()) <= set(schema.ALTERATION_CLASSES)
    assert all(alteration_class("", term) is not None for term, _ in TERMS)
    assert all(alteration_class(name, "") == name for name in schema.ALTERATION_CLASSES)


def test_names_numbers_and_details(put):
    text = table(
        ["Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification", "HGVSp_Short", "exon_number", "AF", "hotspot", "cn",
         "log2", "amplicon"],
        ["P1", "PIK3CA", "Missense_Mutation", "p.His1047Arg", "21/21", "12%", "yes", "", "", ""],
        ["P1", "ERBB2", "amplification", "", "", "", "", "18.65", "3.22", "17q12"],
        ["P1", "PTEN", "loss", "", "", "", "0", "", "-0.6", ""],
        ["P1", "KRAS", "Missense_Mutation", "", "exon 2", "3%", "", "5", "", ""],
    )  # fmt: skip
    result = read_alterations(put(text))
    assert list(result.alterations.columns) == schema.ALTERATIONS.names
    assert [[None if pd.isna(v) else v for v in row] for row in result.alterations.to_numpy().tolist()] == [
        ["P1", "PIK3CA", "missense", "p.H1047R", 21, 0.12, True, None],
        ["P1", "ERBB2", "amplification", "cn=18.6", None, None, None, "17q12"],
        ["P1", "PTEN", "loss", "log2=-0.6", None, None, False, None],
        ["P1", "KRAS", "missense", None, 2, 0.03, None, None],
    ]


def test_copies_that_no_row_needs(put):
    text = table(
        ["sample_id", "gene", "alteration", "cn"], ["P1", "TP53", "missense", ""], ["P1", "KRAS", "missense", "3"]
    )
    assert read_alterations(put(text)).alterations["detail"].isna().all()


HEADER = ["sample_id", "gene", "alteration_class", "consequence", "af", "is_germline_snp"]
ROWS = [
    ["P1", "A", "SNV_INDEL", "missense_variant", "0.02", "0"],
    ["P1", "B", "SNV_INDEL", "missense_variant", "0.0199", "0"],
    ["P1", "C", "SNV_INDEL", "missense_variant", "0.5", "1"],
    ["P1", "D", "SNV_INDEL", "synonymous_variant", "0.01", "1"],
    ["P1", "E", "CNV", "amplification", "NA", "0"],
    ["P1", "F", "SNV_INDEL", "stop_gained", "", ""],
]


def test_what_is_dropped_is_counted_once(put):
    with pytest.warns(DataWarning, match="below 0.02 dropped 1"):
        result = read_alterations(put(table(HEADER, *ROWS)), min_vaf=0.02)
    assert result.alterations["gene"].tolist() == ["A", "E", "F"], (
        "the threshold itself is kept, and what has no fraction"
    )
    assert result.counts[["what", "n"]].to_numpy().tolist() == [
        ["rows that alter nothing dropped", 1], ["germline rows dropped", 1],
        ["rows with an allele fraction below 0.02 dropped", 1],
    ]  # fmt: skip
    assert result.counts["n"].sum() + len(result.alterations) == len(ROWS)


def test_germline_and_low_fractions_are_kept_when_asked(put):
    with pytest.warns(DataWarning, match="alter nothing dropped 1"):
        kept = read_alterations(put(table(HEADER, *ROWS)), drop_germline=False).alterations
    assert kept["gene"].tolist() == ["A", "B", "C", "E", "F"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table(["gene", "alteration"], ["A", "missense"]), "missing column sample_id"),
        (table(["sample_id", "gene"], ["P1", "A"]), r"missing column alteration \(or consequence\)"),
        (table(["sample_id", "gene", "alteration"], ["P1", "A", "odd"]),
         "sample P1: column alteration: cannot tell the class of alteration from 'odd' .1 rows.; use one of missense"),
        (table(["sample_id", "gene", "alteration"], ["P1", "A", ""]), r"from '\(empty\)'"),
        (table(["sample_id", "gene", "alteration"], ["", "A", "missense"]), "sample_id is empty in data row 1"),
        (table(["sample_id", "gene", "alteration"], ["P1", "", "missense"]), "gene is empty in data row 1"),
        (table(["sample_id", "gene", "alteration", "af"], ["P1", "A", "missense", "x"]), "value 'x' is not a number"),
        (table(["sample_id", "gene", "alteration", "is_hotspot"], ["P1", "A", "missense", "x"]), "is not true or false"),
        (table(["sample_id", "gene", "alteration", "germline"], ["P1", "A", "missense", "x"]), "is not true or false"),
        (table(["sample_id", "gene", "alteration", "cn"], ["P1", "A", "gain", "x"]), "value 'x' is not a number"),
    ],
)  # fmt: skip
def test_refused(put, content, message):
    with pytest.raises(SchemaError, match=message) as caught:
        read_alterations(put(content))
    assert "\n" not in str(caught.value)


def test_a_header_without_rows_is_a_table_without_alterations(put):
    result = read_alterations(put(table(HEADER))).alterations
    assert len(result) == 0
    assert list(result.columns) == schema.ALTERATIONS.names


row = st.fixed_dictionaries(
    {
        "sample_id": st.sampled_from(["P1", "P2"]),
        "gene": st.sampled_from(["TP53", "HLA-A"]),
        "alteration": st.sampled_from(schema.ALTERATION_CLASSES),
        "detail": st.one_of(st.none(), st.sampled_from(["p.H1047R", "ERBB2::GRB7", "cn=8.4"])),
        "exon": st.one_of(st.none(), st.integers(1, 40)),
        "vaf": st.one_of(st.none(), st.integers(0, 1000).map(lambda n: n / 1000)),
        "is_hotspot": st.one_of(st.none(), st.booleans()),
        "event": st.one_of(st.none(), st.just("17q12")),
    }
)


@given(rows=st.lists(row, min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_the_packages_own_table_is_read_back(tmp_path, rows):
    expected = schema.conform(pd.DataFrame(rows), schema.ALTERATIONS)
    write_table(expected, tmp_path / "a.tsv")
    pd.testing.assert_frame_equal(read_alterations(tmp_path / "a.tsv").alterations, expected)


names = st.sampled_from(
    ["alteration", "consequence", "hgvsp", "exon", "af", "hotspot", "germline", "cn", "log2", "event"]
)
cell = st.sampled_from(
    ["", "1", "0", "-1", "0.5", "50%", "x", "missense_variant", "deletion", "CNV", "p.H1R", "21/21", "inf"]
)


@given(header=st.lists(names, min_size=1, max_size=6, unique=True), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
def test_any_cells_are_read_or_refused_in_one_line(tmp_path, header, data):
    cells = data.draw(st.lists(st.lists(cell, min_size=len(header), max_size=len(header)), min_size=1, max_size=3))
    file = tmp_path / "x.tsv"
    file.write_text(table(["sample_id", "gene", *header], *[["P1", "A", *c] for c in cells]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        result = outcome(file)
    if isinstance(result, Her2GenomicsError):
        assert "\n" not in str(result)
    else:
        assert len(result.alterations) + result.counts["n"].sum() == len(cells)


def outcome(file):
    try:
        return read_alterations(file, min_vaf=0.02)
    except Her2GenomicsError as error:
        return error


@pytest.mark.real_data
def test_gdph_like(shared_data):
    path = shared_data / "gdph_like" / "alterations.tsv"
    with pytest.warns(DataWarning, match="synonymous_variant 267"):
        result = read_alterations(path, min_vaf=0.02)
    raw = pd.read_csv(path, sep="\t")
    keep = (raw["is_germline_snp"] == 0) & (raw["consequence"] != "synonymous_variant") & ~(raw["af"] < 0.02)
    assert len(result.alterations) == keep.sum() == 3512
    assert result.counts["n"].sum() == len(raw) - 3512
    assert result.alterations["gene"].tolist() == raw.loc[keep, "gene"].tolist()
    assert result.alterations["alteration"].value_counts().to_dict() == {
        "missense": 2110, "amplification": 856, "truncating": 501, "splice": 20, "loss": 20, "promoter": 5
    }  # fmt: skip
