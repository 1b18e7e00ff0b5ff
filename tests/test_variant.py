"""The record that streams, and its table."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.variant import STRUCTURAL, Variant, mutations_table, trim_alleles, variants_of_table

BASES = st.text("ACGT", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ((100, "A", "G"), (100, 100, "A", "G")),
        ((100, "AC", "GT"), (100, 101, "AC", "GT")),
        ((100, "ACG", "ATG"), (101, 101, "C", "T")),
        ((100, "G", "GCA"), (100, 101, "-", "CA")),
        ((100, "GCA", "G"), (101, 102, "CA", "-")),
        ((100, "GTT", "GTTT"), (100, 101, "-", "T")),
        ((100, "GTT", "GT"), (101, 101, "T", "-")),
        ((100, "ATG", "AC"), (101, 102, "TG", "C")),
    ],
)
def test_trim_alleles(given_, expected):
    assert trim_alleles(*given_) == expected


@given(st.integers(10, 10**6), BASES, BASES, BASES)
def test_shared_bases_around_an_allele_do_not_matter(position, ref, alt, flank):
    """Padding both alleles by the same bases in front gives the same variant (bases behind may move an indel)."""
    if ref == alt:
        return
    bare = trim_alleles(position + len(flank), ref, alt)
    padded = trim_alleles(position, flank + ref, flank + alt)
    assert len(padded[2]) == len(bare[2])
    assert len(padded[3]) == len(bare[3])


@given(st.integers(10, 10**6), BASES, BASES)
def test_trimming_keeps_the_change(position, ref, alt):
    """Putting the trimmed alleles back into the reference gives the alternate sequence."""
    if ref == alt:
        return
    start, end, short_ref, short_alt = trim_alleles(position, ref, alt)
    short_ref, short_alt = short_ref.replace("-", ""), short_alt.replace("-", "")
    offset = start - position if short_ref else start - position + 1
    assert ref[offset : offset + len(short_ref)] == short_ref
    assert ref[:offset] + short_alt + ref[offset + len(short_ref) :] == alt
    assert end - start + 1 == (len(short_ref) or 2)


def test_a_table_of_variants_and_back():
    variants = [
        Variant("chr1", 5, 5, "A", "T", "PASS", sample="S1", normal="N1", vaf=0.25, depth=40, ref_count=30, alt_count=10,
                gene="TP53", classification="Missense_Mutation", hgvsp="p.R175H", pop_af=0.0001, pop_ac=3, cosmic_count=9,
                caller_status="somatic", callers="Mutect2+Strelka", rs_id="rs1", transcript="T", consequence="missense_variant",
                hgvsc="c.1A>T", n_depth=20, n_ref_count=20, n_alt_count=0),
        Variant("chrX", 7, 8, "-", "AC", sample="S2"),
    ]  # fmt: skip
    table = mutations_table(variants, "hg19")
    assert list(table.columns[: len(schema.MUTATIONS.names)]) == schema.MUTATIONS.names
    assert table["Variant_Type"].tolist() == ["SNP", "INS"]
    assert list(variants_of_table(table)) == variants
    assert mutations_table([], "hg19").empty


def test_old_symbols_and_classes_of_other_tools_are_translated():
    row = {
        "Hugo_Symbol": "MLL3", "Chromosome": "7", "Start_Position": 5, "End_Position": 5, "Reference_Allele": "A",
        "Tumor_Seq_Allele2": "T", "Tumor_Sample_Barcode": "S", "Variant_Classification": "MISSENSE", "t_alt_count": 3,
        "t_ref_count": 7, "FILTER": None,
    }  # fmt: skip
    (variant,) = variants_of_table(pd.DataFrame([row]), {"MLL3": "KMT2C"})
    assert (variant.gene, variant.chromosome, variant.classification) == ("KMT2C", "chr7", "Missense_Mutation")
    assert variant.vaf == 0.3
    assert variant.filters == "."


def test_a_fusion_row_is_structural():
    row = {
        "Hugo_Symbol": "ERG", "Chromosome": "chr21", "Start_Position": 5, "End_Position": 5, "Reference_Allele": "-",
        "Tumor_Seq_Allele2": "-", "Tumor_Sample_Barcode": "S", "Variant_Classification": "Fusion", "t_depth": 0,
        "t_alt_count": 0,
    }  # fmt: skip
    (variant,) = variants_of_table(pd.DataFrame([row]))
    assert variant.kind == STRUCTURAL
    assert variant.vaf is None
