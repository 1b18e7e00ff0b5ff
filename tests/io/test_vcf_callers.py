"""Allele fraction and reads in every caller's dialect."""

from __future__ import annotations

import pytest

from her2genomics.io.vcf_callers import Dialect, Oddities, Reads, caller_status, parse_fraction

CASES = {
    "Mutect2": ("GT:AD:AF:DP", "0/1:80,20:0.21:100", "C", "T", Reads(0.21, 100, 80, 20)),
    "MuTect1": ("GT:AD:BQ:DP:FA", "0/1:60,97:34:79:0.224172", "A", "G", Reads(0.224172, 79, 60, 97)),
    "VarScan2": ("GT:GQ:DP:RD:AD:FREQ:DP4", "0/1:.:91:56:35:38.46%:31,25,16,19", "A", "G", Reads(0.3846, 91, 56, 35)),
    "Strelka SNV": ("DP:FDP:SDP:SUBDP:AU:CU:GU:TU", "58:0:0:0:56,57:0,0:2,2:0,0", "G", "A", Reads(56 / 58, 58, 2, 56)),
    "Strelka indel": ("DP:DP2:TAR:TIR:TOR", "60:60:40,41:10,11:5,5", "GA", "G", Reads(0.2, 60, 40, 10)),
    "MuSE": ("GT:DP:AD:BQ:SS", "0/1:142:130,12:38,31:2", "C", "A", Reads(12 / 142, 142, 130, 12)),
    "SomaticSniper": ("GT:IGT:DP:DP4:BCOUNT", "0/1:0/1:21:0,14,0,7:0,14,0,7", "C", "T", Reads(7 / 21, 21, 14, 7)),
    "SomaticSniper bases": ("GT:DP:BCOUNT", "0/1:7:0,3,4,0", "C", "G", Reads(4 / 7, 7, 3, 4)),
    "FreeBayes": ("GT:DP:RO:QR:AO:QA", "0/1:50:40:1:10:1", "C", "T", Reads(0.2, 50, 40, 10)),
    "VarDict": ("GT:DP:VD:AD:AF", "0/1:100:7:93,7:0.07", "C", "T", Reads(0.07, 100, 93, 7)),
    "VarDict without AD": ("GT:DP:VD", "0/1:100:7", "C", "T", Reads(0.07, 100, 93, 7)),
    "DRAGEN": ("GT:SQ:AD:AF:F1R2:F2R1:DP", "0/1:9.1:150,3:0.020:1,1:1,1:153", "C", "T", Reads(0.02, 153, 150, 3)),
    "Pindel": ("GT:DP:BQ:SS:AD", "0/0:47:.:2:43,4", "ACT", "A", Reads(4 / 47, 47, 43, 4)),
    "RADIA": ("GT:DP:INDEL:AD:AF", "0/1:106:0:95,11:0.9,0.1", "C", "T", Reads(0.1, 106, 95, 11)),
    "Platypus": ("GT:NR:NV", "0/1:50:10", "C", "T", Reads(0.2, 50, 40, 10)),
    "GATK": ("GT:AD:DP:GQ", "0/1:15,5:20:99", "C", "T", Reads(0.25, 20, 15, 5)),
    "escaped DP4": ("GT:DP:DP4", "0/1:20:5%2C5%2C5%2C5", "C", "T", Reads(0.5, 20, 10, 10)),
}


@pytest.mark.parametrize("name", CASES)
def test_dialects(name):
    keys, values, ref, alt, expected = CASES[name]
    found = Dialect(tuple(keys.split(":"))).reads(values.split(":"), ref, [alt], 0, Oddities())
    assert found.vaf == pytest.approx(expected.vaf, abs=1e-12)
    assert (found.depth, found.ref, found.alt) == (expected.depth, expected.ref, expected.alt)


def reads(keys: str, values: str, alts: str = "T", nth: int = 0, ref: str = "C") -> tuple[Reads, Oddities]:
    odd = Oddities()
    return Dialect(tuple(keys.split(":"))).reads(values.split(":"), ref, alts.split(","), nth, odd), odd


@pytest.mark.parametrize(
    ("keys", "values", "vaf"),
    [
        ("GT:AD:AF", "0/1:.:.", None),
        ("GT:AD:AF", "./.", None),
        ("GT:AD:AF", "0/1:80,20", 0.2),
        ("GT:AD:AF", "0/1:80,20:.", 0.2),
        ("GT:AD:AF", "0/1:80,20:nan", 0.2),
        ("GT:AD:AF", "0/1:.,.:0.3", 0.3),
        ("GT:AD", "0/1:0,0", None),
        ("GT:AF", "0/1:lots", None),
        ("GT", "0/1", None),
        ("GT:FREQ", "0/1:0.2%", 0.002),
        ("GT:AF", "0/1:1e-2", 0.01),
    ],
)
def test_missing_and_odd_values(keys, values, vaf):
    assert reads(keys, values)[0].vaf == vaf


def test_a_percentage_without_its_sign_is_no_fraction():
    found, odd = reads("GT:AF", "0/1:38.46")
    assert found.vaf is None
    assert odd.fraction_out_of_range == 1


def test_a_depth_with_decimals_is_rounded_down_and_counted():
    found, odd = reads("GT:AD:DP:FA", "0/1:60,97:79.0663:0.22")
    assert (found.depth, odd.malformed_depth) == (79, 1)


def test_multi_allelic_values_go_by_allele():
    keys, values = "GT:AD:AF:DP", "0/1/2:60,10,30:0.1,0.3:100"
    assert [reads(keys, values, "T,G", nth)[0].vaf for nth in (0, 1)] == [0.1, 0.3]
    assert [reads("GT:AD", "0/1/2:60,10,30", "T,G", nth)[0].vaf for nth in (0, 1)] == [0.1, 0.3]
    assert [reads("GT:RO:AO", "0/1:60:10,30", "T,G", nth)[0].alt for nth in (0, 1)] == [10, 30]


def test_one_fraction_for_two_alleles_is_not_given_to_both():
    assert reads("GT:AF", "0/1:0.3", "T,G")[0].vaf is None
    assert reads("GT:AD:AF", "0/1:60,10,30:0.3", "T,G", 1)[0].vaf == 0.3


def test_the_printed_decimal_meets_its_threshold():
    for text, threshold in (("0.02", 0.02), ("0.002", 0.002), ("2%", 0.02), ("0.2%", 0.002), ("5.0%", 0.05)):
        number = parse_fraction(text)
        assert number is not None
        assert number >= threshold
    assert reads("GT:AD", "0/1:98,2")[0].vaf == 0.02
    assert reads("GT:AD", "0/1:499,1")[0].vaf == 0.002


def test_genotypes_of_several_samples():
    dialect = Dialect(("GT", "AF"))
    assert dialect.carries(["0/1", "0.0"], 0, 0.0)
    assert not dialect.carries(["0/0", "0.3"], 0, 0.3)
    assert not dialect.carries(["0/2", "0.3"], 0, 0.3)
    assert dialect.carries(["./.", "0.3"], 0, 0.3)
    assert not dialect.carries(["./."], 0, None)
    assert Dialect(("AF",)).carries(["."], 0, None)


def test_phase_sets():
    assert Dialect(("GT", "PGT", "PID")).phase_set(["0/1", "0|1", "100_A_C"]) == "100_A_C:0|1"
    assert Dialect(("GT", "PS")).phase_set(["0|1", "100"]) == "100:0|1"
    assert Dialect(("GT", "PS")).phase_set(["0/1", "100"]) is None
    assert Dialect(("GT",)).phase_set(["0|1"]) is None


@pytest.mark.parametrize(
    ("info", "format_ss", "status"),
    [
        ({"SS": "1"}, None, "germline"),
        ({"SS": "2"}, None, "somatic"),
        ({"SS": "3"}, None, "loh"),
        ({"SS": "5"}, None, ""),
        ({"SS": "1", "SOMATIC": ""}, None, "somatic"),
        ({"STATUS": "Germline"}, None, "germline"),
        ({"STATUS": "StrongLOH"}, None, "loh"),
        ({"STATUS": "LikelySomatic"}, None, "somatic"),
        ({"STATUS": "AFDiff"}, None, ""),
        ({}, "2", "somatic"),
        ({}, "1", "germline"),
        ({}, None, ""),
    ],
)
def test_the_callers_verdict(info, format_ss, status):
    dialect = Dialect(("GT", "SS"))
    assert caller_status(info, dialect, ["0/1", format_ss or "."]) == status


@pytest.mark.parametrize(
    ("keys", "values", "alleles", "expected"),
    [
        ("GT:DP:RD:AD:FREQ", "0/1:99:60:39:39,39%", ("C", "T"), (0.3939, 99, 60, 39)),
        ("GT:FAZ:FCZ:FGZ:FTZ:RAZ:RCZ:RGZ:RTZ:PM", "0|1:0:40:0:12:0:40:0:8:2.0e-01", ("C", "T"), (0.2, 100, 80, 20)),
        ("GT:PP:NP:PR:NR:PU:NU", "./.:9:9:50:50:10:12", ("CA", "C"), (0.22, 100, 78, 22)),
        ("GT:PP:NP:PR:NR:PU:NU", "./.:9:9:5:5:10:12", ("CA", "C"), (None, None, None, None)),
        ("GT:NR:NV", "0/1:100:20", ("C", "T"), (0.2, 100, 80, 20)),
    ],
)
def test_rarer_dialects(keys, values, alleles, expected):
    """VarScan2 with decimal commas, CaVEMan, the Cancer Genome Project's Pindel, Platypus."""
    ref, alt = alleles
    reads = Dialect(tuple(keys.split(":"))).reads(values.split(":"), ref, [alt], 0, Oddities())
    assert (reads.vaf, reads.depth, reads.ref, reads.alt) == expected
