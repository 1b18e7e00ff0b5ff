from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2genomics import genome
from her2genomics.exceptions import BuildMismatchError, UsageError


@given(st.sampled_from(genome.CHROMOSOMES), st.sampled_from(["", "chr", "Chr", "CHR"]))
def test_every_spelling_of_a_chromosome_is_one_name(name: str, prefix: str) -> None:
    assert genome.normalise_contig(prefix + name[3:]) == name


def test_seg_numbers_for_sex_chromosomes() -> None:
    assert [genome.normalise_contig(c) for c in ("23", "24", "MT")] == ["chrX", "chrY", "chrM"]


@given(st.text(max_size=12))
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = genome.normalise_contig(name)
    assert genome.normalise_contig(once) == once


def test_order_is_genomic_not_alphabetic() -> None:
    names = pd.Series(["chrX", "chr10", "chr2", "GL000191.1", "chrM"])
    assert names.iloc[genome.chromosome_order(names).argsort(kind="stable")].tolist() == [
        "chr2", "chr10", "chrX", "chrM", "GL000191.1",
    ]  # fmt: skip


@pytest.mark.parametrize("build", genome.BUILDS)
def test_build_is_found_from_one_length(build: str) -> None:
    assert genome.build_from_contig_lengths({"17": genome.CONTIG_LENGTHS[build]["chr17"]}) == build


def test_no_chromosome_has_the_same_length_on_both_builds() -> None:
    hg19, hg38 = genome.CONTIG_LENGTHS["hg19"], genome.CONTIG_LENGTHS["hg38"]
    assert hg19.keys() == hg38.keys()
    assert all(hg19[c] != hg38[c] for c in hg19)


def test_mixed_lengths_are_refused_and_unknown_ones_say_nothing() -> None:
    mixed = {"chr1": genome.CONTIG_LENGTHS["hg19"]["chr1"], "chr2": genome.CONTIG_LENGTHS["hg38"]["chr2"]}
    with pytest.raises(BuildMismatchError, match="several builds"):
        genome.build_from_contig_lengths(mixed)
    assert genome.build_from_contig_lengths({"chr1": 1000}) is None


def test_build_names() -> None:
    assert {genome.normalise_build(b) for b in ("GRCh37", "b37", "37", "hs37d5")} == {"hg19"}
    assert genome.normalise_build(" hg38 ") == "hg38"
    with pytest.raises(UsageError, match="mm10.*hg19, hg38"):
        genome.normalise_build("mm10")
    assert genome.build_from_text("ftp://x/GRCh37-lite.fa.gz") == "hg19"
    assert genome.build_from_text("hg19ToHg38.over.chain") is None
    assert genome.build_from_text("reference.fa") is None


def test_other_build_is_refused_with_the_option_to_type() -> None:
    genome.require_same_build(None, "hg19")
    with pytest.raises(BuildMismatchError, match="--build hg38"):
        genome.require_same_build("hg38", "hg19", path="x.vcf")
