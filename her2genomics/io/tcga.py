"""TCGA barcodes: ``TCGA-A1-A0SB-01A-11D-A142-09`` is project, site, participant, sample type and vial, portion, plate.

The patient is the first 12 characters, the sample the first 15; the two digits after the patient say what the sample
is.  The vial letter (``01A``, ``01B``) does not make another sample.
"""

from __future__ import annotations

import re

_BARCODE = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}(-\d\d([A-Z](-.*)?)?)?", re.IGNORECASE)
_PATIENT_CHARACTERS, _SAMPLE_CHARACTERS = 12, 15
PRIMARY_SUFFIX = "-01"
"""What makes the primary tumour's sample of a patient barcode."""

SAMPLE_TYPES: dict[str, str] = {
    "01": "primary", "03": "primary", "05": "primary", "09": "primary",
    "02": "recurrence", "04": "recurrence", "40": "recurrence",
    "06": "metastasis", "07": "metastasis",
    "10": "normal", "11": "normal", "12": "normal", "13": "normal", "14": "normal",
    "20": "control", "50": "cell line", "60": "xenograft", "61": "xenograft",
}  # fmt: skip
"""GDC sample type codes (05 is an additional new primary, 07 an additional metastasis)."""


def is_tcga_barcode(text: str) -> bool:
    """Return whether a text is a TCGA barcode of a patient, sample or aliquot.

    Examples
    --------
    >>> is_tcga_barcode("TCGA-A1-A0SB"), is_tcga_barcode("TCGA-A1-A0SB-01A-11D-A142-09"), is_tcga_barcode("P17")
    (True, True, False)
    """
    return _BARCODE.fullmatch(text) is not None


def tcga_patient(barcode: str) -> str:
    """Return the patient of a barcode.

    Examples
    --------
    >>> tcga_patient("TCGA-A1-A0SB-01A-11D-A142-09")
    'TCGA-A1-A0SB'
    """
    return barcode[:_PATIENT_CHARACTERS]


def tcga_sample(barcode: str) -> str:
    """Return the sample of a barcode: its first 15 characters; a patient's barcode stands for its primary tumour.

    Examples
    --------
    >>> tcga_sample("TCGA-A1-A0SB-01A-11D-A142-09"), tcga_sample("TCGA-A1-A0SB")
    ('TCGA-A1-A0SB-01', 'TCGA-A1-A0SB-01')
    """
    return barcode[:_SAMPLE_CHARACTERS] if len(barcode) > _PATIENT_CHARACTERS else barcode + PRIMARY_SUFFIX


def tcga_sample_type(barcode: str) -> str | None:
    """Return what a sample is: ``primary``, ``recurrence``, ``metastasis``, ``normal`` ...; None for a patient.

    Examples
    --------
    >>> [tcga_sample_type(f"TCGA-A1-A0SB-{code}") for code in ("01", "06A", "10A-01D-A142-09", "11B")]
    ['primary', 'metastasis', 'normal', 'normal']
    """
    if len(barcode) < _SAMPLE_CHARACTERS or not is_tcga_barcode(barcode):
        return None
    return SAMPLE_TYPES.get(barcode[_PATIENT_CHARACTERS + 1 : _SAMPLE_CHARACTERS], "other")
