"""VEP, SnpEff, bcftools csq, Funcotator and ANNOVAR, as they write."""

from __future__ import annotations

from typing import Any

import pytest

from her2genomics.io.vcf_annotators import (
    AnnovarAnnotation,
    CsqAnnotation,
    FuncotatorAnnotation,
    SnpEffAnnotation,
    VepAnnotation,
    annotation_missing,
    annotator_without_header,
    decode_funcotation,
    find_annotators,
)
from her2genomics.io.vcf_effects import CANONICAL, MANE, PICKED, UNFLAGGED, Allele
from her2genomics.io.vcf_header import VcfHeader
from her2genomics.io.vcf_records import Record

ONE = Allele(100, "C", ["T"], 0)
VEP_FIELDS = ["Allele", "Consequence", "SYMBOL", "Feature_type", "Feature", "BIOTYPE", "HGVSc", "HGVSp", "Protein_position", "Amino_acids", "CANONICAL", "MANE_SELECT", "PICK", "gnomADe_AF", "MAX_AF", "MAX_AF_POPS", "gnomADe_AC"]  # fmt: skip


def vep_entry(**fields: str) -> str:
    values = {"Allele": "T", "Consequence": "missense_variant", "SYMBOL": "TP53", "Feature_type": "Transcript"} | fields
    return "|".join(values.get(name, "") for name in VEP_FIELDS)


def vep(*entries: str, allele: Allele = ONE, fields: list[str] = VEP_FIELDS) -> list[Any]:
    annotation = VepAnnotation("CSQ", fields)
    effects = annotation.effects({"CSQ": ",".join(entries)}, allele)
    for effect in effects:
        annotation.complete(effect)
    return effects


class TestVep:
    """CSQ."""

    def test_fields(self):
        (found,) = vep(
            vep_entry(
                Feature="ENST1", BIOTYPE="protein_coding", HGVSc="ENST1:c.524G>A", HGVSp="ENSP1:p.Arg175His", gnomADe_AF="0.00001",
                MAX_AF="0.0002", MAX_AF_POPS="AFR&gnomADe_AF", gnomADe_AC="3", CANONICAL="YES",
            )
        )  # fmt: skip
        assert (found.gene, found.transcript, found.hgvsc, found.hgvsp) == ("TP53", "ENST1", "c.524G>A", "p.R175H")
        assert (found.pop_af, found.pop_ac, found.rank) == (0.0002, 3, CANONICAL)

    @pytest.mark.parametrize(
        ("flags", "rank"),
        [
            ({"MANE_SELECT": "NM_1", "CANONICAL": "YES"}, MANE),
            ({"CANONICAL": "YES", "PICK": "1"}, CANONICAL),
            ({"PICK": "1"}, PICKED),
            ({}, UNFLAGGED),
        ],
    )
    def test_flags(self, flags, rank):
        assert vep(vep_entry(**flags))[0].rank == rank

    def test_without_hgvs_the_residue_comes_from_the_amino_acids(self):
        assert vep(vep_entry(Protein_position="175", Amino_acids="R/H"))[0].hgvsp == "p.R175H"
        assert vep(vep_entry(Protein_position="175/393", Amino_acids="R/H"))[0].hgvsp == "p.R175H"
        assert vep(vep_entry(Protein_position="190", Amino_acids="T"))[0].hgvsp == "p.T190="

    def test_regulatory_entries_are_no_transcripts(self):
        (found,) = vep(vep_entry(Feature_type="RegulatoryFeature", Consequence="regulatory_region_variant"))
        assert found.biotype == "regulatory"

    def test_alleles_of_a_multi_allelic_record(self):
        both = [vep_entry(Allele="-", SYMBOL="A"), vep_entry(Allele="T", SYMBOL="B")]
        alts = ["G", "GT"]
        assert [vep(*both, allele=Allele(9, "GTT", alts, nth))[0].gene for nth in (0, 1)] == ["A", "B"]

    def test_allele_numbers(self):
        fields = [*VEP_FIELDS, "ALLELE_NUM"]
        both = [vep_entry(SYMBOL="A") + "|1", vep_entry(SYMBOL="B") + "|2"]
        assert [vep(*both, allele=Allele(9, "C", ["T", "G"], n), fields=fields)[0].gene for n in (0, 1)] == ["A", "B"]

    def test_a_split_record_keeps_its_siblings_entries_and_they_are_left_out(self):
        both = [vep_entry(Allele="G", Consequence="stop_gained"), vep_entry(Allele="T")]
        assert [e.terms for e in vep(*both)] == [("missense_variant",)]

    def test_a_respelled_single_allele_is_still_found(self):
        assert len(vep(vep_entry(Allele="TTT"))) == 1

    def test_short_rows(self):
        assert vep("T|missense_variant|TP53")[0].gene == "TP53"

    def test_no_annotation(self):
        assert VepAnnotation("CSQ", VEP_FIELDS).effects({}, ONE) == []


class TestSnpEff:
    """ANN."""

    ROW = "T|missense_variant&splice_region_variant|MODERATE|TP53|ENSG1|transcript|ENST1|protein_coding|5/11|c.524G>A|p.Arg175His|x"

    def effects(self, text: str, allele: Allele = ONE) -> list[Any]:
        annotation = SnpEffAnnotation()
        found = annotation.effects({"ANN": text}, allele)
        for effect in found:
            annotation.complete(effect)
        return found

    def test_fields(self):
        (found,) = self.effects(self.ROW)
        assert (found.gene, found.hgvsp, found.terms) == (
            "TP53",
            "p.R175H",
            ("missense_variant", "splice_region_variant"),
        )

    def test_alleles(self):
        text = f"{self.ROW},{self.ROW.replace('T|', 'G|', 1).replace('TP53', 'OTHER')}"
        assert [e.gene for e in self.effects(text, Allele(1, "C", ["T", "G"], 1))] == ["OTHER"]
        assert [e.gene for e in self.effects(text)] == ["TP53"]

    def test_comparisons_with_the_germline_are_left_out(self):
        text = f"{self.ROW},T-C|stop_gained|HIGH|TP53||transcript|||||"
        assert [e.terms[0] for e in self.effects(text)] == ["missense_variant"]

    def test_protein_features_are_no_transcripts(self):
        text = "T|structural_interaction_variant|HIGH|TP53||interaction|1A:2|||||," + self.ROW
        assert [e.biotype for e in self.effects(text)] == ["feature", "protein_coding"]

    def test_loss_of_function(self):
        annotation = SnpEffAnnotation()
        info = {"ANN": self.ROW, "LOF": "(OTHER|E|1|1.00),(TP53|ENSG1|4|0.75)"}
        assert [e.lof for e in annotation.effects(info, ONE)] == [True]
        assert [e.lof for e in annotation.effects({**info, "LOF": "(OTHER|E|1|1.00)"}, ONE)] == [False]
        assert [e.lof for e in self.effects(self.ROW)] == [None]

    def test_old_biotypes(self):
        assert self.effects(self.ROW.replace("protein_coding", "Coding"))[0].biotype == "protein_coding"


class TestCsq:
    """BCSQ."""

    def effects(self, text: str, allele: Allele = ONE) -> list[Any]:
        annotation = CsqAnnotation()
        found = annotation.effects({"BCSQ": text}, allele)
        for effect in found:
            annotation.complete(effect)
        return found

    def test_fields(self):
        (found,) = self.effects("missense|TP53|NM_1|protein_coding|-|175R>175H|100C>T")
        assert (found.gene, found.transcript, found.terms, found.hgvsp) == (
            "TP53",
            "NM_1",
            ("missense_variant",),
            "p.R175H",
        )

    def test_several_entries(self):
        found = self.effects("splice_region|A|T|protein_coding,*missense|A|T|protein_coding|+|20E>20D|100C>T")
        assert {e.terms[0] for e in found} == {"splice_region_variant", "missense_variant"}

    def test_alleles_by_the_dna_change(self):
        text = "frameshift|A|T|protein_coding|+|7AE>7A*|120CTG>C,inframe_insertion|A|T|protein_coding|+|7A>7AS|120CTG>CTTCTG"
        alts = ["C", "CTTCTG"]
        assert [self.effects(text, Allele(120, "CTG", alts, n))[0].terms[0] for n in (0, 1)] == [
            "frameshift_variant",
            "inframe_insertion",
        ]
        assert self.effects(text, Allele(120, "CTG", ["C"], 0))[0].terms == ("frameshift_variant",)

    def test_the_partner_of_a_compound_points_to_its_record(self):
        (found,) = self.effects("@95")
        assert found.part_of == 95

    def test_unchanged_amino_acid(self):
        assert self.effects("synonymous|A|T|protein_coding|+|2L|100C>T")[0].hgvsp == "p.L2="


class TestFuncotator:
    """FUNCOTATION."""

    NAMES = ("Gencode_28_hugoSymbol", "Gencode_28_variantClassification", "Gencode_28_secondaryVariantClassification",
             "Gencode_28_annotationTranscript", "Gencode_28_cDnaChange", "Gencode_28_proteinChange", "Cosmic_overlapping_mutations",
             "dbSNP_CAF", "gnomAD_exome_AF")  # fmt: skip

    def effects(self, text: str, allele: Allele = ONE) -> list[Any]:
        annotation = FuncotatorAnnotation(self.NAMES)
        found = annotation.effects({"FUNCOTATION": text}, allele)
        for effect in found:
            annotation.complete(effect)
        return found

    def test_fields(self):
        (found,) = self.effects(
            "[PIK3CA|MISSENSE||ENST1|c.3140A>G|p.H1047R|p.H1047R(1466)_%7C_p.H1047L(189)|0.99_%2C_0.01|0.004]"
        )
        assert (found.gene, found.classification, found.hgvsp, found.rank) == (
            "PIK3CA",
            "Missense_Mutation",
            "p.H1047R",
            PICKED,
        )
        assert (found.cosmic_count, found.pop_af) == (1466, 0.01)

    def test_one_bracket_per_allele(self):
        text = "[A|MISSENSE|||||||],[B|SILENT|||||||]"
        alts = ["T", "G"]
        assert [self.effects(text, Allele(1, "C", alts, n))[0].gene for n in (0, 1)] == ["A", "B"]
        assert self.effects(text, Allele(1, "C", [*alts, "A"], 2)) == []

    def test_escapes(self):
        assert decode_funcotation("a_%20_b_%2C_c") == "a b,c"


class TestAnnovar:
    """INFO keys, one block per allele."""

    @staticmethod
    def effects(text: str, alts: list[str] = ["T"], nth: int = 0) -> list[Any]:  # noqa: B006
        record = Record(1, 100, "C", alts, None, text, [], nth)
        annotation = AnnovarAnnotation("refGene")
        found = annotation.effects(record.info, Allele(100, "C", alts, nth))
        for effect in found:
            annotation.complete(effect)
        return found

    def test_exonic(self):
        (found,) = self.effects(
            "Func.refGene=exonic;Gene.refGene=PIK3CA;ExonicFunc.refGene=nonsynonymous_SNV;"
            "AAChange.refGene=PIK3CA:NM_006218:exon21:c.A3140G:p.H1047R;cosmic70=ID\\x3dCOSM775\\x3bOCCURENCE\\x3d3(breast),4(lung)"
        )
        assert (found.gene, found.transcript, found.terms, found.hgvsp) == (
            "PIK3CA",
            "NM_006218",
            ("missense_variant",),
            "p.H1047R",
        )
        assert found.cosmic_count == 7

    def test_splicing(self):
        (found,) = self.effects(
            "Func.refGene=splicing;Gene.refGene=TP53;GeneDetail.refGene=NM_1:exon5:c.559+1G>A;ExonicFunc.refGene=."
        )
        assert (found.terms, found.hgvsc) == (("splice_donor_variant",), "c.559+1G>A")

    def test_exonic_and_splicing(self):
        (found,) = self.effects("Func.refGene=exonic\\x3bsplicing;Gene.refGene=TP53\\x3bTP53;ExonicFunc.refGene=synonymous_SNV;AAChange.refGene=TP53:NM_1:exon5:c.A1T:p.L5L")  # fmt: skip
        assert set(found.terms) == {"synonymous_variant", "splice_donor_variant"}

    def test_elsewhere(self):
        assert self.effects("Func.refGene=intronic;Gene.refGene=TP53;ExonicFunc.refGene=.")[0].terms == (
            "intron_variant",
        )
        assert self.effects("Func.refGene=.") == []

    def test_one_block_per_allele(self):
        block = "ANNOVAR_DATE=2020;Func.refGene=exonic;Gene.refGene=A;ExonicFunc.refGene={};AAChange.refGene=A:N:e:c.1:p.L{}V;ALLELE_END"
        text = "DP=9;" + block.format("nonsynonymous_SNV", 1) + ";" + block.format("stopgain", 2)
        found = [self.effects(text, ["T", "G"], n)[0] for n in (0, 1)]
        assert [f.terms[0] for f in found] == ["missense_variant", "stop_gained"]


def header(*meta: str) -> VcfHeader:
    return VcfHeader("x.vcf", meta, (), 8, 1)


def test_found_in_the_header():
    vep_line = '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: Allele|Consequence|SYMBOL">'
    renamed = vep_line.replace("ID=CSQ", "ID=vep")
    ann = "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation' \">"
    csq = '##INFO=<ID=BCSQ,Number=.,Type=String,Description="Local consequence annotation. Format: Consequence|gene">'
    func = '##INFO=<ID=FUNCOTATION,Number=A,Type=String,Description="Functional annotation. Funcotation fields are: Gencode_28_hugoSymbol|x">'
    annovar = '##INFO=<ID=ExonicFunc.ensGene,Number=.,Type=String,Description="x">'
    names = [a.name for a in find_annotators(header(ann, csq, func, annovar, vep_line))]
    assert names == ["VEP", "SnpEff", "bcftools csq", "Funcotator", "ANNOVAR"]
    assert [a.name for a in find_annotators(header(renamed))] == ["VEP"]
    assert find_annotators(header()) == []


def test_vep_format_with_blanks_and_quotes():
    line = '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence type as predicted by VEP. Format: Allele|SYMBOL|Consequence|gnomAD_AF">'
    (found,) = find_annotators(header(line))
    assert found.population_fields == ("gnomAD_AF",)


def test_formats_that_need_no_header():
    found = [annotator_without_header(text) for text in ("ANN=T|x", "DP=3;BCSQ=x", "DP=3", "XANN=3")]
    assert [None if a is None else a.name for a in found] == ["SnpEff", "bcftools csq", None, None]


def test_the_error_names_the_ways_to_annotate():
    message = str(annotation_missing("in.vcf"))
    assert all(word in message for word in ("vep -i in.vcf", "snpEff", "bcftools csq", "her2g tmb --fasta"))
    assert "\n" not in message


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("ANN", "Consequence annotations from Ensembl VEP. Format: "),
        ("ANN", "Consequence type as predicted by VEP. Format: "),
        ("csq", "Format: "),
        ("vep", "Consequence annotations from Ensembl VEP. Format: "),
    ],
)
def test_vep_under_other_keys_and_with_fields_in_other_orders(key, words):
    """Old releases call the symbol HGNC and the frequency GMAF, with the allele in front."""
    line = f'##INFO=<ID={key},Number=.,Type=String,Description="{words}gene|consequence|hgnc|allele|gmaf|hgvsp">'
    (found,) = find_annotators(header(line))
    (effect,) = found.effects({key: "ENSG1|missense_variant|TP53|T|T:0.01|ENSP1:p.Arg175His"}, ONE)
    found.complete(effect)
    assert (found.name, effect.gene, effect.terms) == ("VEP", "TP53", ("missense_variant",))
    assert (effect.hgvsp, effect.pop_af) == ("p.R175H", 0.01)


def test_annovar_without_its_func_key():
    info = {"ExonicFunc.refGene": "nonsynonymous_SNV", "Gene.refGene": "MSH2"}
    (effect,) = AnnovarAnnotation("refGene").effects(info, ONE)
    assert (effect.gene, effect.terms) == ("MSH2", ("missense_variant",))
    assert AnnovarAnnotation("refGene").effects({"Gene.refGene": "MSH2"}, ONE) == []
