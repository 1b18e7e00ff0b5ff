"""cBioPortal study folders: read as the files of a study, and written from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from her2genomics.cohort import Cohort
from her2genomics.cohort_build import MolecularTables, resolve_samples
from her2genomics.exceptions import FileFormatError
from her2genomics.genome import normalise_build
from her2genomics.io.cbioportal import find_study_files
from her2genomics.io.portal_writer import PortalTables, write_portal_study
from her2genomics.io.segments import read_seg
from her2genomics.panel import EXOME, load_panel
from her2genomics.workflow.inputs import PathLike, StudyFiles, StudySettings, load_study_tables


def portal_study(folder: PathLike, settings: StudySettings | None = None) -> tuple[StudyFiles, StudySettings]:
    """Return the files of a cBioPortal study folder, and the settings with the build that it states.

    Discrete copy number goes before log2 ratios, and both before segments.

    Raises
    ------
    FileFormatError
        If there is no such folder, or no sample attributes in it.
    """
    settings = settings or StudySettings()
    found = find_study_files(folder)
    if "clinical_sample" not in found.files:
        raise FileFormatError("no sample attributes (data_clinical_sample.txt)", path=folder)
    measured = next((found.files[name] for name in ("cna", "log2_cna") if name in found.files), None)
    files = StudyFiles(
        clinical=found.files["clinical_sample"],
        clinical_patient=found.files.get("clinical_patient"),
        maf=found.files.get("mutations"),
        structural=[found.files["structural"]] if "structural" in found.files else [],
        cna=measured,
        log2=found.files.get("log2_cna") if "cna" in found.files else None,
        seg=found.files.get("segments") if measured is None else None,
        gene_panel_matrix=found.files.get("gene_panel_matrix"),
        sequenced=tuple(found.sequenced or ()),
    )
    return files, settings if found.build is None else replace(settings, build=found.build)


def export_portal_study(
    files: StudyFiles, settings: StudySettings, folder: PathLike, *, identifier: str, name: str | None = None
) -> tuple[Cohort, list[Path]]:
    """Join the files of a study and write them as a cBioPortal study folder.

    Only samples of the cohort go out, under the cohort's names.

    Returns
    -------
    tuple
        The cohort, and the files written.

    Raises
    ------
    Her2GenomicsError
        If a file cannot be read, joined or written.
    """
    cohort, molecular = load_study_tables(files, settings)
    build = normalise_build(settings.build)
    segments = None if files.seg is None else read_seg(files.seg, build=build).segments
    tables = _portal_tables(cohort, molecular, segments, settings, build)
    size = len(cohort.samples)
    written = write_portal_study(
        tables,
        folder,
        identifier=identifier,
        name=name or identifier,
        description=f"{size} samples; HER2 groups by {settings.her2_rule}; research use only",
    )
    return cohort, written


def _portal_tables(
    cohort: Cohort, molecular: MolecularTables, segments: pd.DataFrame | None, settings: StudySettings, build: str
) -> PortalTables:
    matrix = cohort.gene_panel_matrix
    names = [] if matrix is None else [str(n) for n in matrix["mutations"].dropna().unique() if str(n) != EXOME]
    return PortalTables(
        samples=cohort.samples.drop(columns=[c for c in ("assays",) if c in cohort.samples]),
        build=build,
        mutations=None
        if molecular.mutations is None
        else rows_of_cohort(molecular.mutations, "Tumor_Sample_Barcode", cohort),
        gene_cna=_one_aliquot(molecular.gene_cna, cohort),
        segments=_one_aliquot(segments, cohort),
        fusions=None if molecular.fusions is None else rows_of_cohort(molecular.fusions, "sample_id", cohort),
        gene_panel_matrix=matrix,
        panels={name: sorted(load_panel(name).genes["gene"]) for name in names},
    )


def rows_of_cohort(table: pd.DataFrame, column: str, cohort: Cohort) -> pd.DataFrame:
    """Return the rows of the cohort's samples under the cohort's identifiers."""
    resolved = resolve_samples(table[column], cohort.samples)
    return table[resolved.notna()].assign(**{column: resolved[resolved.notna()]}).reset_index(drop=True)


def _one_aliquot(table: pd.DataFrame | None, cohort: Cohort) -> pd.DataFrame | None:
    """Return the same of a copy-number table, the first aliquot of each sample as the cohort takes it."""
    if table is None:
        return None
    ids = pd.DataFrame({"id": table["sample_id"].drop_duplicates()})
    ids["sample"] = resolve_samples(ids["id"], cohort.samples)
    first = ids.dropna().sort_values("id").drop_duplicates("sample")
    return rows_of_cohort(table[table["sample_id"].isin(first["id"])], "sample_id", cohort)
