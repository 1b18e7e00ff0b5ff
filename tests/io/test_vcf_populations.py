"""Which fields are population frequencies, and the highest of them."""

from __future__ import annotations

import pytest

from her2genomics.io.vcf_effects import Allele
from her2genomics.io.vcf_header import VcfHeader
from her2genomics.io.vcf_populations import (
    InfoPopulations,
    dbsnp_frequency,
    highest_number,
    is_cosmic_count,
    is_population_count,
    is_population_frequency,
)

ONE = Allele(1, "C", ["T"], 0)


def reader(*names: str) -> InfoPopulations:
    meta = tuple(f'##INFO=<ID={name},Number=A,Type=Float,Description="x">' for name in names)
    return InfoPopulations(VcfHeader("x.vcf", meta, (), 8, 1))


@pytest.mark.parametrize(
    "name",
    ["gnomAD_AF", "gnomADe_AF", "gnomADe_NFE_AF", "gnomADg_AFR_AF", "gnomADe_AF_EAS", "gnomAD_exome_ALL", "gnomAD_exome_EAS", "gnomAD_genome_ALL", "ExAC_ALL", "ExAC_AF", "1000g2015aug_all", "1000g2015aug_eas", "esp6500siv2_all", "AF_popmax", "AF_nfe", "MAX_AF", "AFR_AF", "EA_AF", "POP_AF", "POPAF", "dbNSFP_gnomAD_exomes_AF", "gnomad_AF_grpmax", "TOPMED_AF"],
)  # fmt: skip
def test_population_frequencies(name):
    assert is_population_frequency(name)


@pytest.mark.parametrize(
    "name",
    [
        "AF",
        "VAF",
        "MAX_AF_POPS",
        "gnomADe",
        "gnomAD_AC",
        "gnomADe_AN",
        "gnomAD_nhomalt",
        "gnomADe_FILTER",
        "DP",
        "AC",
        "AN",
        "MLEAF",
        "BAF",
        "SAF",
        "TLOD",
        "SOMATIC",
        "CAF",
    ],
)
def test_what_is_none(name):
    """The caller's INFO/AF above all: read as a population frequency it turns every burden into 0."""
    assert not is_population_frequency(name)


def test_counts():
    assert all(map(is_population_count, ("gnomAD_AC", "gnomADe_AC", "ExAC_AC_Adj", "dbNSFP_gnomAD_exomes_AC")))
    assert not any(map(is_population_count, ("AC", "MLEAC", "gnomAD_AF", "gnomAD_AN")))
    assert all(map(is_cosmic_count, ("COSMIC_CNT", "CNT", "cosmic_count")))
    assert not is_cosmic_count("COSMIC_ID")


def test_highest_number():
    assert highest_number(["0.1&0.3", "", ".", "A:0.2", "nonsense"]) == 0.3
    assert highest_number(["", "."]) is None


def test_dbsnp_lists_name_the_reference_first():
    assert dbsnp_frequency("0.99,0.01") == 0.01
    assert dbsnp_frequency("[0.99,.,0.01]") == 0.01
    assert dbsnp_frequency("0.99") is None


def test_the_highest_population_counts():
    populations = reader("gnomAD_AF", "gnomAD_AF_eas", "AF")
    assert populations.fields == ("gnomAD_AF", "gnomAD_AF_eas")
    assert populations.frequency({"gnomAD_AF": "0.0001", "gnomAD_AF_eas": "0.004", "AF": "0.5"}, ONE) == 0.004
    assert populations.frequency({"AF": "0.5"}, ONE) is None
    assert populations.frequency({"gnomAD_AF": "."}, ONE) is None


def test_values_go_by_allele():
    two = Allele(1, "C", ["T", "G"], 1)
    assert reader("gnomAD_AF").frequency({"gnomAD_AF": "0.5,0.001"}, two) == 0.001
    assert reader("gnomAD_AF").frequency({"gnomAD_AF": "0.5"}, two) == 0.5


@pytest.mark.parametrize(
    ("name", "text", "frequency"),
    [
        ("POPAF", "2.00", 0.01),
        ("POPAF", "6.00", None),
        ("POPAF", "7.30", None),
        ("POP_AF", "0.01", 0.01),
        ("POP_AF", "1.000e-05", None),
    ],
)
def test_mutects_defaults_are_no_annotation(name, text, frequency):
    found = reader(name).frequency({name: text}, ONE)
    assert found == (None if frequency is None else pytest.approx(frequency))


def test_allele_counts_and_cosmic():
    populations = reader("gnomAD_AC", "COSMIC_CNT")
    assert populations.count({"gnomAD_AC": "12"}, ONE) == 12
    assert populations.cosmic({"COSMIC_CNT": "70"}, ONE) == 70
    assert populations.count({}, ONE) is None
