"""TCGA barcodes."""

from __future__ import annotations

import pytest

from her2genomics.io.tcga import is_tcga_barcode, tcga_patient, tcga_sample, tcga_sample_type

ALIQUOT = "TCGA-A1-A0SB-06A-11D-A142-09"


def test_parts_of_a_barcode():
    assert tcga_patient(ALIQUOT) == "TCGA-A1-A0SB"
    assert tcga_sample(ALIQUOT) == "TCGA-A1-A0SB-06"
    assert tcga_sample("TCGA-A1-A0SB-01") == "TCGA-A1-A0SB-01"
    assert tcga_sample("TCGA-A1-A0SB") == "TCGA-A1-A0SB-01"


@pytest.mark.parametrize(
    ("code", "kind"),
    [("01", "primary"), ("02", "recurrence"), ("06", "metastasis"), ("10", "normal"), ("11", "normal"), ("14", "normal"),
     ("99", "other")],
)  # fmt: skip
def test_sample_types(code, kind):
    assert tcga_sample_type(f"TCGA-A1-A0SB-{code}") == kind
    assert tcga_sample_type(f"TCGA-A1-A0SB-{code}A-11D-A142-09") == kind


def test_a_patient_has_no_sample_type():
    assert tcga_sample_type("TCGA-A1-A0SB") is None


@pytest.mark.parametrize("text", ["P1", "TCGA", "TCGA-A1-A0S", "TCGA-A1-A0SB-1", "XTCGA-A1-A0SB", "TCGA-A1-A0SBX"])
def test_other_names_are_no_barcodes(text):
    assert not is_tcga_barcode(text)
    assert tcga_sample_type(text) is None


@pytest.mark.parametrize("text", [ALIQUOT, ALIQUOT.lower(), "TCGA-A1-A0SB", "TCGA-A1-A0SB-01", "TCGA-A1-A0SB-01B"])
def test_barcodes_of_any_length(text):
    assert is_tcga_barcode(text)
