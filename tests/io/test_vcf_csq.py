"""Annotating here: gene models of the package, bcftools csq of pysam, against a brute-force translation.

The reference is simulated: random sequence, with an open reading frame written into the coding exons of each gene.
"""

from __future__ import annotations

import random

import pandas as pd
import pysam
import pytest

from her2genomics.consequences import classify_terms
from her2genomics.exceptions import BuildMismatchError, FileFormatError
from her2genomics.io.vcf_csq import annotate_by_csq, build_of_fasta, gff3_of_exons
from her2genomics.panel import load_panel
from her2genomics.variant import Variant, trim_alleles

BASES = "ACGT"
CODE = dict(
    zip(
        (a + b + c for a in "TCAG" for b in "TCAG" for c in "TCAG"),
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
SENSE = [codon for codon, residue in CODE.items() if residue != "*"]
PAIR = str.maketrans("ACGT", "TGCA")
OFFSET = 7_500_000
"""chr17 is simulated from TP53's neighbourhood on only, and moved to the front, to keep the file small."""


def reverse(text: str) -> str:
    return text.translate(PAIR)[::-1]


@pytest.fixture(scope="module")
def models() -> pd.DataFrame:
    """Return TP53 (reverse strand) and a made forward gene, near the start of their chromosome."""
    exons = load_panel().exons("hg19")
    tp53 = exons[exons["gene"] == "TP53"].assign(start=lambda t: t["start"] - OFFSET, end=lambda t: t["end"] - OFFSET)
    forward = pd.DataFrame(
        {
            "chromosome": "chr17", "start": [100, 300, 500], "end": [150, 340, 560], "gene": "FWD", "transcript": "NM_FWD",
            "exon": [1, 2, 3], "strand": "+",
        }
    )  # fmt: skip
    return pd.concat([forward, tp53[forward.columns]], ignore_index=True)


def write_fasta(path, models: pd.DataFrame, name: str = "17", seed: int = 11) -> str:
    """Write a random chromosome with an open reading frame in each gene; return its sequence."""
    rng = random.Random(seed)
    sequence = [rng.choice(BASES) for _ in range(int(models["end"].max()) + 500)]
    for _, rows in models.groupby("gene"):
        rows = rows.sort_values("exon")
        n_codons = int((rows["end"] - rows["start"]).sum()) // 3
        coding = "ATG" + "".join(rng.choice(SENSE) for _ in range(n_codons - 2)) + "TGA"
        for start, end, strand in zip(rows["start"], rows["end"], rows["strand"], strict=True):
            piece, coding = coding[: end - start], coding[end - start :]
            sequence[start:end] = piece if strand == "+" else reverse(piece)
    text = "".join(sequence)
    path.write_text(f">{name}\n" + "\n".join(text[i : i + 80] for i in range(0, len(text), 80)) + "\n")
    return text


@pytest.fixture(scope="module")
def reference(tmp_path_factory, models):
    path = tmp_path_factory.mktemp("fasta") / "ref.fa"
    return path, write_fasta(path, models)


def translate(sequence: str) -> str:
    return "".join(CODE[sequence[i : i + 3]] for i in range(0, len(sequence) - 2, 3))


def coding_of(sequence: str, rows: pd.DataFrame) -> tuple[str, list[int]]:
    """Return the coding sequence of a gene and the genomic place (0-based) of each of its bases."""
    places = [
        p
        for s, e in zip(rows.sort_values("start")["start"], rows.sort_values("start")["end"], strict=True)
        for p in range(s, e)
    ]
    if rows["strand"].iloc[0] == "-":
        return reverse("".join(sequence[p] for p in places)), places[::-1]
    return "".join(sequence[p] for p in places), places


def expected_class(sequence: str, rows: pd.DataFrame, place: int, alt: str) -> tuple[str, str] | None:
    """Return MAF class and protein change of a substitution by brute force; None where a splice term may compete."""
    coding, places = coding_of(sequence, rows)
    index = places.index(place)
    base = alt if rows["strand"].iloc[0] == "+" else alt.translate(PAIR)
    before, after = translate(coding), translate(coding[:index] + base + coding[index + 1 :])
    residue = index // 3
    old, new = before[residue], after[residue]
    if residue == 0:
        return ("Translation_Start_Site", f"p.{old}1{new}") if old != new else None
    if old == new:
        return "Silent", f"p.{old}{residue + 1}="
    if new == "*":
        group = "Nonsense_Mutation"
    elif old == "*":
        group = "Nonstop_Mutation"
    else:
        group = "Missense_Mutation"
    return group, f"p.{old}{residue + 1}{new}"


@pytest.mark.parametrize("gene", ["FWD", "TP53"])
def test_every_coding_substitution_against_brute_force(reference, models, gene):
    path, sequence = reference
    rows = models[models["gene"] == gene]
    _, places = coding_of(sequence, rows)
    rng = random.Random(4)
    chosen = places if len(places) < 200 else [*places[:6], *rng.sample(places, 250), *places[-6:]]
    variants, expected = [], []
    for place in dict.fromkeys(chosen):
        for alt in BASES.replace(sequence[place], ""):
            answer = expected_class(sequence, rows, place, alt)
            if answer is not None:
                variants.append(Variant("chr17", place + 1, place + 1, sequence[place], alt))
                expected.append(answer)
    assert annotate_by_csq(variants, path, models) == len(variants)
    assert [(v.classification, v.hgvsp) for v in variants] == expected
    assert {v.gene for v in variants} == {gene}


@pytest.mark.parametrize(
    ("place", "distance", "group", "residue"),
    [
        (149, 1, "Splice_Site", "p.X17_splice"), (149, 2, "Splice_Site", "p.X17_splice"), (149, 3, "Splice_Region", None),
        (300, -1, "Splice_Site", "p.X17_splice"), (300, -2, "Splice_Site", "p.X17_splice"), (300, -3, "Splice_Region", None),
        (339, 1, "Splice_Site", "p.X30_splice"), (149, 40, "Intron", None), (100, -2, None, None), (559, 2, None, None),
    ],
)  # fmt: skip
def test_splice_sites_and_what_lies_beyond(reference, models, place, distance, group, residue):
    """Exon 1 of FWD is coding base 1-50 (codon 17 ends at 51), exon 2 is 51-90 (codon 30)."""
    path, sequence = reference
    position = place + distance
    alt = "A" if sequence[position] != "A" else "C"
    (variant,) = variants = [Variant("chr17", position + 1, position + 1, sequence[position], alt)]
    annotate_by_csq(variants, path, models)
    assert (variant.classification, variant.hgvsp) == (group, residue)


@pytest.mark.parametrize(
    ("ref_length", "insert", "group"),
    [
        (2, "", "Frame_Shift_Del"),
        (3, "", "In_Frame_Del"),
        (0, "A", "Frame_Shift_Ins"),
        (0, "GCC", "In_Frame_Ins"),
        (2, "AA", "Missense_Mutation"),
    ],
)
def test_indels_and_multi_base_substitutions(reference, models, ref_length, insert, group):
    path, sequence = reference
    place = 520  # within exon 3 of FWD, coding base 111: the first of a codon
    ref = sequence[place - 1 : place + ref_length]
    insert = reverse(sequence[place : place + 2]) if insert == "AA" else insert
    start, end, short_ref, short_alt = trim_alleles(place, ref, ref[0] + insert)
    (variant,) = variants = [Variant("chr17", start, end, short_ref, short_alt)]
    assert annotate_by_csq(variants, path, models) == 1
    assert variant.classification in (group, "Nonsense_Mutation")
    assert variant.classification == classify_terms((variant.consequence or "").split("&"), short_ref, short_alt)


@pytest.mark.parametrize("build", ["hg19", "hg38"])
def test_models_of_the_whole_panel(build):
    exons = load_panel().exons(build)
    lines = [line.split("\t") for line in gff3_of_exons(exons).splitlines()[1:]]
    coding = [line for line in lines if line[2] == "CDS"]
    assert len([line for line in lines if line[2] == "gene"]) == 519, "TERC is no coding gene"
    assert len(coding) == len(exons[~exons["transcript"].str.startswith("NR_")])
    assert (
        sum(int(line[4]) - int(line[3]) + 1 for line in coding)
        == (exons["end"] - exons["start"])[~exons["transcript"].str.startswith("NR_")].sum()
    )
    assert {line[7] for line in coding} == {"0", "1", "2"}


def test_contigs_follow_the_fasta(models):
    text = gff3_of_exons(models, {"chr17": "17"})
    assert {line.split("\t")[0] for line in text.splitlines()[1:]} == {"17"}
    assert gff3_of_exons(models, {}).count("\n") == 1


def test_a_reference_that_is_another_one_is_refused(reference, models):
    path, sequence = reference
    wrong = "A" if sequence[110] != "A" else "C"
    with pytest.raises(BuildMismatchError, match="another build or reference"):
        annotate_by_csq([Variant("chr17", 111, 111, wrong, "G" if wrong != "G" else "T")], path, models)
    with pytest.raises(BuildMismatchError, match="no chr3"):
        annotate_by_csq([Variant("chr3", 1, 1, "A", "G")], path, models)


def test_bad_fasta_files(tmp_path, models):
    with pytest.raises(FileFormatError, match="no such FASTA"):
        build_of_fasta(tmp_path / "none.fa")
    bad = tmp_path / "bad.fa"
    bad.write_text("this is no FASTA\n")
    with pytest.raises(FileFormatError, match="samtools faidx"):
        annotate_by_csq([Variant("chr17", 1, 1, "A", "G")], bad, models)


def test_nothing_to_annotate(tmp_path, models):
    assert annotate_by_csq([], tmp_path / "none.fa", models) == 0


def test_a_bgzipped_fasta(reference, models, tmp_path):
    path, sequence = reference
    packed = tmp_path / "ref.fa.gz"
    pysam.tabix_compress(str(path), str(packed))
    variants = [Variant("chr17", 120, 120, sequence[119], "A" if sequence[119] != "A" else "C")]
    assert annotate_by_csq(variants, packed, models) == 1


def test_the_build_of_a_fasta_is_none_when_its_lengths_are_of_no_build(reference):
    assert build_of_fasta(reference[0]) is None
