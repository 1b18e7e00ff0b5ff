"""Transcript choice, and protein changes in one spelling."""

from __future__ import annotations

import pytest

from her2genomics.io.vcf_effects import (
    CANONICAL,
    MANE,
    PICKED,
    Effect,
    choose_effect,
    fill_annotation,
    protein_from_residues,
    short_protein,
    splice_residue,
    vep_allele,
)
from her2genomics.variant import Variant


def effect(term: str, gene: str = "TP53", **more) -> Effect:
    return Effect(gene=gene, terms=tuple(term.split("&")), **more)


def chosen(effects, **how) -> str:
    best = choose_effect(effects, **how)
    assert best is not None
    return best.transcript


def test_flags_come_in_their_order():
    effects = [
        effect("stop_gained", transcript="none"),
        effect("missense_variant", transcript="pick", rank=PICKED),
        effect("synonymous_variant", transcript="canonical", rank=CANONICAL),
        effect("intron_variant", transcript="mane", rank=MANE),
    ]
    assert [chosen(effects[:n]) for n in (1, 2, 3, 4)] == ["none", "pick", "canonical", "mane"]
    assert chosen(effects, choice="most-severe") == "none"


def test_panel_genes_come_before_others():
    effects = [effect("stop_gained", "OTHER", transcript="o", rank=MANE), effect("missense_variant", transcript="t")]
    assert chosen(effects) == "o"
    assert chosen(effects, has_gene=lambda g: g == "TP53") == "t"
    assert chosen(effects, has_gene=lambda g: False) == "o"


def test_each_gene_brings_its_own_best_transcript():
    effects = [
        effect("stop_gained", "A", transcript="a1"),
        effect("intron_variant", "A", transcript="a2", rank=MANE),
        effect("missense_variant", "B", transcript="b1"),
    ]
    assert chosen(effects) == "b1"


def test_coding_transcripts_come_before_others():
    effects = [
        effect("splice_donor_variant", transcript="nmd", biotype="nonsense_mediated_decay"),
        effect("intron_variant", transcript="coding", biotype="protein_coding"),
    ]
    assert chosen(effects) == "coding"
    assert chosen(effects[:1]) == "nmd"


def test_nothing_to_choose_from():
    assert choose_effect([]) is None


@pytest.mark.parametrize(
    ("ref", "alts", "nth", "expected"),
    [
        ("A", ["G"], 0, "G"),
        ("A", ["AG"], 0, "G"),
        ("AG", ["A"], 0, "-"),
        ("GTT", ["G", "GT", "GTTT"], 1, "T"),
        ("AC", ["GT"], 0, "GT"),
        ("A", ["G", "AT"], 0, "G"),
        ("A", ["*", "AT"], 1, "T"),
    ],
)
def test_alleles_as_vep_spells_them(ref, alts, nth, expected):
    assert vep_allele(ref, alts, nth) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENSP00000269305.4:p.Arg175His", "p.R175H"),
        ("p.Arg213Ter", "p.R213*"),
        ("p.R175H", "p.R175H"),
        ("p.Leu755_Thr759del", "p.L755_T759del"),
        ("p.Thr190%3D", "p.T190="),
        ("p.Glu11GlyfsTer3", "p.E11Gfs*3"),
        ("p.Met1?", "p.M1?"),
        ("", ""),
    ],
)
def test_short_protein(text, expected):
    assert short_protein(text) == expected


@pytest.mark.parametrize(
    ("first", "ref", "alt", "expected"),
    [
        ("1047", "H", "R", "p.H1047R"),
        ("213", "R", "*", "p.R213*"),
        ("4", "AG", "AS", "p.G5S"),
        ("4", "AGK", "VSK", "p.A4_G5delinsVS"),
        ("3", "KA", "K", "p.A4del"),
        ("7", "A", "AS", "p.X7_X8insS"),
        ("15-16", "-", "L", "p.X15_X16insL"),
        ("70", "L", "L", "p.L70="),
        ("", "L", "V", ""),
        ("?-3", "L", "V", ""),
    ],
)
def test_protein_change_without_hgvs(first, ref, alt, expected):
    assert protein_from_residues(first, ref, alt) == expected


@pytest.mark.parametrize(
    ("hgvsc", "residue"),
    [
        ("c.559+1G>A", "p.X187_splice"),
        ("c.560-1G>A", "p.X187_splice"),
        ("c.672+1G>A", "p.X224_splice"),
        ("c.*5A>G", ""),
        ("", ""),
    ],
)
def test_splice_residue(hgvsc, residue):
    assert splice_residue(hgvsc) == residue


def test_filling_a_variant():
    variant = Variant("chr17", 5, 5, "C", "T", pop_af=0.1)
    fill_annotation(variant, effect("splice_donor_variant", hgvsc="c.559+1G>A", pop_af=0.2, pop_ac=3))
    assert (variant.classification, variant.hgvsp, variant.pop_af, variant.pop_ac) == (
        "Splice_Site",
        "p.X187_splice",
        0.2,
        3,
    )
    fill_annotation(variant, effect("missense_variant", pop_af=0.01))
    assert (variant.classification, variant.pop_af) == ("Missense_Mutation", 0.2)
