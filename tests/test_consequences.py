"""One table of consequences: what each annotator's words become."""

from __future__ import annotations

import pytest

from her2genomics.consequences import (
    ALTERATION_OF_CLASS,
    ANNOVAR_FUNCTIONS,
    FUNCOTATOR_CLASSES,
    MAF_CLASSES,
    NONSYNONYMOUS_CLASSES,
    TERMS,
    canonical_class,
    classify_terms,
    is_known_term,
    most_severe,
    ontology_term,
    refine_class,
    render_markdown,
    severity,
    variant_type,
)


@pytest.mark.parametrize(
    ("terms", "ref", "alt", "expected"),
    [
        (["missense_variant"], "A", "T", "Missense_Mutation"),
        (["missense_variant", "splice_region_variant"], "A", "T", "Missense_Mutation"),
        (["splice_region_variant", "synonymous_variant"], "A", "T", "Silent"),
        (["splice_region_variant", "intron_variant"], "A", "T", "Splice_Region"),
        (["splice_donor_variant", "intron_variant"], "A", "T", "Splice_Site"),
        (["stop_gained", "frameshift_variant"], "-", "T", "Nonsense_Mutation"),
        (["frameshift_variant"], "AC", "-", "Frame_Shift_Del"),
        (["frameshift_variant"], "-", "AC", "Frame_Shift_Ins"),
        (["inframe_deletion"], "ACG", "-", "In_Frame_Del"),
        (["disruptive_inframe_insertion"], "-", "ACG", "In_Frame_Ins"),
        (["protein_altering_variant"], "-", "ACGT", "Frame_Shift_Ins"),
        (["protein_altering_variant"], "ACGT", "G", "In_Frame_Del"),
        (["inframe_altering_variant"], "AC", "GT", "Missense_Mutation"),
        (["start_lost"], "A", "T", "Translation_Start_Site"),
        (["stop_lost"], "A", "T", "Nonstop_Mutation"),
        (["stop_retained_variant"], "A", "T", "Silent"),
        (["start_retained_variant"], "A", "T", "Silent"),
        (["5_prime_UTR_variant"], "A", "T", "5'UTR"),
        (["non_coding_transcript_exon_variant"], "A", "T", "RNA"),
        (["structural_interaction_variant", "missense_variant"], "A", "T", "Missense_Mutation"),
        (["gene_fusion"], "A", "T", "Structural_Variant"),
        (["no_such_term"], "A", "T", "Targeted_Region"),
    ],
)
def test_classify_terms(terms, ref, alt, expected):
    assert classify_terms(terms, ref, alt) == expected


def test_bcftools_terms_become_ontology_terms():
    words = "missense synonymous stop_gained stop_lost start_lost frameshift inframe_insertion inframe_deletion splice_donor"
    words += " splice_acceptor splice_region 5_prime_utr 3_prime_utr non_coding intron coding_sequence stop_retained"
    assert all(is_known_term(ontology_term(word)) for word in words.split())
    assert ontology_term("*missense") == "missense_variant"


def test_every_target_is_a_maf_class_or_a_known_term():
    assert set(FUNCOTATOR_CLASSES.values()) <= MAF_CLASSES
    assert all(is_known_term(term) for term in ANNOVAR_FUNCTIONS.values())
    assert set(NONSYNONYMOUS_CLASSES) <= set(ALTERATION_OF_CLASS)


def test_terms_are_listed_once():
    names = [term for term, _ in TERMS]
    assert len(names) == len(set(names))
    assert severity("stop_gained") < severity("missense_variant") < severity("synonymous_variant") < severity("what")
    assert most_severe([]) == ""


def test_classes_of_other_tools():
    assert canonical_class("IN_FRAME_DEL") == "In_Frame_Del"
    assert canonical_class("DE_NOVO_START_OUT_FRAME") == "5'UTR"
    assert canonical_class("Fusion") == "Structural_Variant"
    assert canonical_class("Something_Else") == "Something_Else"


def test_hidden_coding_changes_come_out():
    assert refine_class("Splice_Region", "splice_region_variant,synonymous_variant", None, "A", "T") == "Silent"
    assert refine_class("Splice_Region", "splice_region_variant,intron_variant", None, "A", "T") == "Splice_Region"
    assert refine_class("Splice_Site", None, "p.L38=", "A", "T") == "Silent"
    assert refine_class("Splice_Site", None, "p.X38_splice", "A", "T") == "Splice_Site"
    assert refine_class("Splice_Site", None, "p.L38P", "A", "T") == "Splice_Site"


def test_variant_types():
    pairs = {("A", "T"): "SNP", ("AC", "TG"): "DNP", ("ACG", "TGA"): "TNP", ("ACGT", "TGAC"): "ONP", ("-", "A"): "INS"}
    assert {pair: variant_type(*pair) for pair in pairs} == pairs


def test_the_documentation_shows_every_term(repository):
    page = (repository / "docs" / "tmb.md").read_text()
    assert render_markdown() in page
