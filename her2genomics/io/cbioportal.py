"""A cBioPortal study folder: which file holds what, and the two files that are only found there.

The folder's ``meta_*.txt`` files say what each data file is; without them the usual file names do.  Mutations,
segments, gene copy number and structural variants are then read by their own readers; here are the clinical pair
(sample and patient attributes, joined by patient) and the gene-panel matrix, which says what each sample was profiled
for.

References
----------
.. [1] cBioPortal documentation, File Formats, https://docs.cbioportal.org/file-formats/
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import FileFormatError, SchemaError, UsageError
from her2genomics.genome import normalise_build
from her2genomics.io.clinical import ClinicalTable, recognise_clinical
from her2genomics.io.column_names import name_key, recognise_columns
from her2genomics.io.sources import find_source
from her2genomics.io.tables import read_table

CONTENTS: dict[tuple[str, str], str] = {
    ("CLINICAL", "SAMPLE_ATTRIBUTES"): "clinical_sample",
    ("CLINICAL", "PATIENT_ATTRIBUTES"): "clinical_patient",
    ("MUTATION_EXTENDED", "MAF"): "mutations",
    ("COPY_NUMBER_ALTERATION", "DISCRETE"): "cna",
    ("COPY_NUMBER_ALTERATION", "LOG2-VALUE"): "log2_cna",
    ("COPY_NUMBER_ALTERATION", "SEG"): "segments",
    ("STRUCTURAL_VARIANT", "SV"): "structural",
    ("FUSION", "FUSION"): "structural",
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "gene_panel_matrix",
}
"""``genetic_alteration_type`` and ``datatype`` of a meta file to what the data file holds."""

USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "clinical_sample": ("data_clinical_sample.txt",),
    "clinical_patient": ("data_clinical_patient.txt",),
    "mutations": ("data_mutations.txt", "data_mutations_extended.txt", "data_mutations_mskcc.txt"),
    "cna": ("data_cna.txt", "data_CNA.txt"),
    "log2_cna": ("data_log2_cna.txt", "data_log2CNA.txt"),
    "segments": ("data_cna_hg19.seg", "data_cna_hg38.seg"),
    "structural": ("data_sv.txt", "data_fusions.txt"),
    "gene_panel_matrix": ("data_gene_panel_matrix.txt", "data_gene_matrix.txt"),
}
_SEQUENCED = Path("case_lists", "cases_sequenced.txt")


@dataclass(frozen=True)
class PortalStudy:
    """What a study folder holds.

    Parameters
    ----------
    files
        ``clinical_sample``, ``mutations`` ... to the file.
    build
        ``hg19`` or ``hg38`` where a meta file says it.
    sequenced
        Samples of the study's list of sequenced cases, or None.
    """

    files: dict[str, Path]
    build: str | None
    sequenced: list[str] | None


def find_study_files(folder: str | os.PathLike[str]) -> PortalStudy:
    """Find the files of a study folder.

    Raises
    ------
    FileFormatError
        If there is no such folder, or it holds none of the files.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FileFormatError("no such folder", path=folder)
    files: dict[str, Path] = {}
    builds: set[str] = set()
    for meta in sorted(root.glob("meta_*.txt")):
        facts = _read_facts(meta)
        content = CONTENTS.get((facts.get("genetic_alteration_type", "").upper(), facts.get("datatype", "").upper()))
        data = root / facts.get("data_filename", "")
        if content is not None and data.is_file():
            files.setdefault(content, data)
        builds |= {facts[key] for key in ("reference_genome", "reference_genome_id") if key in facts}
    for content, names in USUAL_NAMES.items():
        found = [root / name for name in names if (root / name).is_file()]
        if found:
            files.setdefault(content, found[0])
    if not files:
        raise FileFormatError("no file of a cBioPortal study in this folder", path=folder)
    return PortalStudy(files, _one_build(builds), _sequenced_samples(root))


def _read_facts(path: Path) -> dict[str, str]:
    """Return the ``key: value`` lines of a meta file or case list."""
    with find_source(path).open() as stream:
        lines = stream.read().decode("utf-8", errors="replace").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, mark, value in pairs if mark}


def _one_build(names: set[str]) -> str | None:
    builds = set()
    for name in names:
        try:
            builds.add(normalise_build(name))
        except UsageError:
            continue
    return builds.pop() if len(builds) == 1 else None


def _sequenced_samples(root: Path) -> list[str] | None:
    if not (root / _SEQUENCED).is_file():
        return None
    return _read_facts(root / _SEQUENCED).get("case_list_ids", "").split() or None


def read_portal_clinical(
    sample_path: str | os.PathLike[str], patient_path: str | os.PathLike[str] | None = None
) -> ClinicalTable:
    """Read sample attributes and join the attributes of their patients.

    Where both files have a column, the sample's is taken.

    Raises
    ------
    SchemaError
        If a file has no patient column, or a patient is repeated in the patient file.
    """
    samples = read_table(sample_path)
    if patient_path is None:
        return _lower_case(recognise_clinical(samples, source=sample_path))
    patients = read_table(patient_path)
    key, other = _patient_column(samples, sample_path), _patient_column(patients, patient_path)
    repeated = patients[other].duplicated()
    if repeated.any():
        raise SchemaError(
            f"patient {patients.loc[repeated, other].iloc[0]} is repeated", path=patient_path, column=other
        )
    further = patients.drop(columns=[name for name in patients if name in samples and name != other])
    joined = samples.merge(further.rename(columns={other: key}), on=key, how="left")
    joined.attrs.update(samples.attrs)
    return _lower_case(recognise_clinical(joined, source=sample_path))


def _lower_case(clinical: ClinicalTable) -> ClinicalTable:
    """Return the table with all names in lower case, as our tables have them; the portal's are in upper case."""
    names = {name: str(name).lower() for name in clinical.table.columns}
    if len(set(names.values())) < len(names):
        return clinical
    return replace(clinical, table=clinical.table.rename(columns=names))


def _patient_column(table: pd.DataFrame, path: str | os.PathLike[str]) -> str:
    for name in table.columns:
        if name_key(str(name)) == "patientid":
            return str(name)
    raise SchemaError("missing column PATIENT_ID", path=path)


def read_gene_panel_matrix(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read which panel profiled each sample: ``sample_id, mutations, cna``; missing = not profiled.

    Raises
    ------
    SchemaError
        If there is no sample column, or a sample is repeated.
    """
    synonyms = {
        "sample_id": ("sample", "tumor_sample_barcode"),
        "mutations": ("mutation", "mutations_panel"),
        "cna": ("gistic", "log2cna", "cna_panel"),
    }
    recognised = recognise_columns(read_table(path), synonyms, by_priority=("mutations", "cna"), path=path)
    checked = schema.check(recognised.table, schema.GENE_PANEL_MATRIX, source=path)
    return checked[[name for name in schema.GENE_PANEL_MATRIX.names if name in checked]]
