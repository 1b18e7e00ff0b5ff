"""Named predicates: each one's boundary."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics.intervals import Intervals
from her2genomics.variant import NO_ALTERNATE, STRUCTURAL, Site, Variant
from her2genomics.variant_filters import (
    Hotspots,
    caller_filter,
    counted_class,
    failed_filters,
    in_region,
    known_vaf,
    min_alt_reads,
    min_depth,
    min_vaf,
    no_mnv,
    not_driver,
    not_germline,
    not_hotspot,
    not_recurrent,
    small_variants,
)

TERRITORY = Intervals.from_table(
    pd.DataFrame({"chromosome": ["chr1", "chr1", "chr2"], "start": [100, 200, 50], "end": [110, 220, 60]})
)
HOTSPOTS = Hotspots.from_table(
    pd.DataFrame(
        {
            "gene": ["PIK3CA", "TP53", "EGFR", "ERBB2"],
            "residue": ["H1047", "X187", "745-759", "755"],
            "type": ["single residue", "splice site", "in-frame indel", "in-frame indel"],
            "tumor_count": [647, 100, 90, 5],
        }
    )
)


def variant(**fields) -> Variant:
    return Variant("chr1", 105, 105, "C", "T", "PASS", **fields)


@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [
        (98, 98, False),
        (99, 99, True),
        (101, 101, True),
        (112, 112, True),
        (113, 113, False),
        (97, 99, True),
        (112, 113, True),
        (114, 198, False),
    ],
)
def test_region_boundaries_with_two_bases_of_padding(start, end, inside):
    """[100, 110) padded by 2 is [98, 112): 1-based 99 to 112."""
    assert in_region(TERRITORY, 2).fails(Site("chr1", start, end, "C", "T")) is not inside


def test_a_contig_outside_the_territory_fails():
    assert in_region(TERRITORY).fails(Site("chr9", 105, 105, "C", "T"))


@given(st.sampled_from(["chr1", "chr2", "chr3"]), st.integers(1, 260))
def test_gaps_hold_failing_positions_only_and_say_so_for_every_failing_one(chromosome, position):
    """Brute force: the gap around a failing position fails throughout, and a passing position has no gap."""
    region = in_region(TERRITORY, 2)
    assert region.gap is not None
    low, high = region.gap(chromosome, position)
    if region.fails(Site(chromosome, position, position, "C", "T")):
        assert low <= position <= high
        for place in range(low, min(high, 300) + 1):
            assert region.fails(Site(chromosome, place, place, "C", "T"))
    else:
        assert not low <= position <= high


def test_structural_and_empty_alleles_are_no_small_variants():
    small = small_variants()
    assert not small.fails(Site("chr1", 1, 1, "C", "T"))
    assert small.fails(Site("chr1", 1, 1, "C", "<DEL>", kind=STRUCTURAL))
    assert small.fails(Site("chr1", 1, 1, "C", "*", kind=NO_ALTERNATE))


@pytest.mark.parametrize(
    ("text", "fails"),
    [("PASS", False), (".", False), ("weak", True), ("PASS;weak", True), ("ok", False), ("ok;PASS", False)],
)
def test_caller_filter(text, fails):
    assert caller_filter(["PASS", ".", "ok"]).fails(Site("chr1", 1, 1, "C", "T", text)) is fails


def test_thresholds_are_inclusive_and_unknown_counts_are_kept():
    assert not min_vaf(0.02).fails(variant(vaf=0.02))
    assert min_vaf(0.02).fails(variant(vaf=0.0199999))
    assert not min_vaf(0.02).fails(variant(vaf=None))
    assert known_vaf().fails(variant(vaf=None))
    assert not min_depth(50).fails(variant(depth=50))
    assert min_depth(50).fails(variant(depth=49))
    assert not min_depth(50).fails(variant())
    assert not min_alt_reads(3).fails(variant(alt_count=3))
    assert min_alt_reads(3).fails(variant(alt_count=2))


def test_germline_by_frequency_count_and_rescue():
    rule = not_germline(0.001)
    assert rule.fails(variant(pop_af=0.001))
    assert not rule.fails(variant(pop_af=0.00099))
    assert not rule.fails(variant(pop_af=None)), "unknown is kept (and shown)"
    by_count = not_germline(0.001, max_pop_ac=10)
    assert by_count.fails(variant(pop_af=0.00001, pop_ac=10))
    assert not by_count.fails(variant(pop_af=0.5, pop_ac=9)), "an annotated count decides instead of the frequency"
    assert by_count.fails(variant(pop_af=0.5))
    assert not_germline(None, max_tumour_vaf=0.9).fails(variant(vaf=0.91))
    assert not not_germline(None, max_tumour_vaf=0.9).fails(variant(vaf=0.9))
    assert not not_germline(0.001, rescue=lambda v: v.gene == "A").fails(variant(pop_af=0.5, gene="A"))


@pytest.mark.parametrize(
    ("gene", "group", "change", "hot"),
    [
        ("PIK3CA", "Missense_Mutation", "p.H1047R", True),
        ("PIK3CA", "Missense_Mutation", "p.H1047L", True),
        ("PIK3CA", "Missense_Mutation", "p.H1048R", False),
        ("PIK3CA", "Missense_Mutation", "p.H104R", False),
        ("PIK3CA", "Frame_Shift_Del", "p.H1047fs", False),
        ("PIK3CA", "Silent", "p.H1047=", False),
        ("AKT1", "Missense_Mutation", "p.H1047R", False),
        ("TP53", "Splice_Site", "p.X187_splice", True),
        ("TP53", "Splice_Site", "p.X188_splice", False),
        ("EGFR", "In_Frame_Del", "p.E746_A750del", True),
        ("EGFR", "In_Frame_Del", "p.L747_P753delinsS", True),
        ("EGFR", "In_Frame_Ins", "p.A763_Y764insFQEA", False),
        ("ERBB2", "In_Frame_Del", "p.L755del", True),
        ("PIK3CA", "Missense_Mutation", None, False),
        (None, "Missense_Mutation", "p.H1047R", False),
    ],
)
def test_hotspots_by_residue(gene, group, change, hot):
    assert HOTSPOTS.has(variant(gene=gene, classification=group, hgvsp=change)) is hot
    assert not_hotspot(HOTSPOTS).fails(variant(gene=gene, classification=group, hgvsp=change)) is hot


def test_drivers_are_hotspots_and_truncated_suppressors():
    rule = not_driver(HOTSPOTS, ["TP53"])
    assert rule.fails(variant(gene="TP53", classification="Nonsense_Mutation", hgvsp="p.Q100*"))
    assert rule.fails(variant(gene="TP53", classification="Splice_Site"))
    assert rule.fails(variant(gene="PIK3CA", classification="Missense_Mutation", hgvsp="p.H1047R"))
    assert not rule.fails(variant(gene="TP53", classification="Missense_Mutation", hgvsp="p.Q100L"))
    assert not rule.fails(variant(gene="KMT2C", classification="Nonsense_Mutation"))


def test_recurrence_by_cosmic_count_or_else_by_cancerhotspots():
    rule = not_recurrent(
        50, Hotspots.from_table(pd.DataFrame({"gene": ["A"], "residue": ["H5"], "type": ["single residue"]}))
    )
    hot = {"gene": "A", "classification": "Missense_Mutation", "hgvsp": "p.H5R"}
    assert rule.fails(variant(cosmic_count=50))
    assert not rule.fails(variant(cosmic_count=49, **hot))
    assert rule.fails(variant(**hot))


def test_only_frequent_hotspots_when_a_minimum_is_asked():
    table = pd.DataFrame(
        {"gene": ["A", "B"], "residue": ["H5", "H6"], "type": "single residue", "tumor_count": [50, 49]}
    )
    assert Hotspots.from_table(table, 50).residues == {("A", "H5")}


def test_consequence_leaves_unannotated_variants_to_their_own_filter():
    rule = counted_class(["Silent"])
    assert rule.fails(variant(classification="Intron"))
    assert not rule.fails(variant(classification="Silent"))
    assert not rule.fails(variant())


def test_mnv():
    assert no_mnv().fails(Variant("chr1", 1, 2, "AC", "TG"))
    assert not no_mnv().fails(Variant("chr1", 1, 1, "A", "T"))
    assert not no_mnv().fails(Variant("chr1", 1, 2, "AC", "-"))


def test_all_failed_filters_are_listed_in_order():
    filters = [min_depth(50), min_vaf(0.1), counted_class(["Silent"])]
    assert failed_filters(variant(depth=10, vaf=0.01, classification="Intron"), filters) == [
        "low_depth",
        "low_vaf",
        "consequence",
    ]
