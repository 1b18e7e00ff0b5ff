"""Writing a cBioPortal study folder, as the portal's own file formats have it.

Each data file stands beside a ``meta_*.txt`` that names it; case lists say which samples were profiled for what, and
the gene-panel matrix by which panel.  Attribute names are upper-case there and lower-case in our tables;
`io.cbioportal` reads the folder back.

References
----------
.. [1] cBioPortal documentation, File Formats, https://docs.cbioportal.org/file-formats/
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import UsageError
from her2genomics.io.cnv_files import write_cbioportal_cna, write_seg
from her2genomics.io.maf import write_maf
from her2genomics.io.structural import NO_GENE, WITHIN
from her2genomics.io.write import write_text

_STATUS_TEXT: dict[str, tuple[str, dict[bool, str]]] = {
    "os_event": ("OS_STATUS", {True: "1:DECEASED", False: "0:LIVING"}),
    "dfs_event": ("DFS_STATUS", {True: "1:Recurred/Progressed", False: "0:DiseaseFree"}),
}
PATIENT_COLUMNS = ("sex", "age", "menopause", "race", "ethnicity", "os_months", "os_event", "dfs_months", "dfs_event")
"""Columns that belong to the patient; all others are the sample's."""
_NO_NAME = re.compile(r"\W+")
_IDENTIFIER = re.compile(r"^[A-Za-z0-9_-]+$")
CNA_PROFILE = "cna"
_ONE_LINE = str.maketrans("\t\r\n", "   ")


@dataclass(frozen=True)
class PortalTables:
    """What goes into a study folder; what is None has no file.

    Parameters
    ----------
    samples
        Sample table of a cohort.
    build
        ``hg19`` or ``hg38``.
    mutations, gene_cna, segments, fusions
        Tables of the cohort's samples, keyed by ``Tumor_Sample_Barcode`` or ``sample_id``.
    gene_panel_matrix
        ``sample_id, mutations, cna``.
    panels
        Panel identifier to its genes, for the panels in the matrix.
    """

    samples: pd.DataFrame
    build: str
    mutations: pd.DataFrame | None = None
    gene_cna: pd.DataFrame | None = None
    segments: pd.DataFrame | None = None
    fusions: pd.DataFrame | None = None
    gene_panel_matrix: pd.DataFrame | None = None
    panels: Mapping[str, Sequence[str]] = field(default_factory=dict)


def write_portal_study(
    tables: PortalTables, folder: str | os.PathLike[str], *, identifier: str, name: str, description: str
) -> list[Path]:
    """Write a study folder.

    Parameters
    ----------
    tables
        The study.
    folder
        Made when absent; files of the same names are replaced.
    identifier
        ``cancer_study_identifier``: letters, digits, ``_`` and ``-``.
    name, description
        Shown in the portal.

    Returns
    -------
    list of Path
        The files, in order.

    Raises
    ------
    UsageError
        If the identifier has other characters.
    FileFormatError
        If a file cannot be written.
    """
    if not _IDENTIFIER.match(identifier):
        raise UsageError(f"'{identifier}' is no study identifier", hint="use letters, digits, _ and -")
    folder_of = _Folder(Path(folder), identifier)
    folder_of.meta(
        "study",
        type_of_cancer="brca",
        name=name,
        description=description,
        add_global_case_list="true",
        reference_genome=tables.build,
    )
    _write_clinical(folder_of, tables.samples)
    _write_molecular(folder_of, tables)
    _write_profiles(folder_of, tables)
    return folder_of.written


@dataclass
class _Folder:
    root: Path
    identifier: str
    written: list[Path] = field(default_factory=list)

    def text(self, name: str, content: str) -> None:
        path = self.root / name
        write_text(content, path)
        self.written.append(path)

    def data(self, name: str) -> Path:
        path = self.root / name
        self.written.append(path)
        return path

    def meta(self, what: str, **facts: str) -> None:
        lines = [f"cancer_study_identifier: {self.identifier}", *(f"{key}: {value}" for key, value in facts.items())]
        self.text(f"meta_{what}.txt", "\n".join(lines) + "\n")

    def case_list(self, what: str, name: str, samples: Sequence[str]) -> None:
        lines = {
            "cancer_study_identifier": self.identifier,
            "stable_id": f"{self.identifier}_{what}",
            "case_list_name": name,
            "case_list_description": f"{name} ({len(samples)} samples)",
            "case_list_ids": "\t".join(samples),
        }
        self.text(f"case_lists/cases_{what}.txt", "".join(f"{key}: {value}\n" for key, value in lines.items()))


def _write_clinical(folder: _Folder, samples: pd.DataFrame) -> None:
    patient = samples["patient_id"] if "patient_id" in samples else samples["sample_id"]
    table = samples.assign(patient_id=patient.fillna(samples["sample_id"]))
    of_patient = [name for name in PATIENT_COLUMNS if name in table]
    of_sample = [name for name in table if name not in (*of_patient, "patient_id", "sample_id")]
    parts = {
        "patient": table[["patient_id", *of_patient]].drop_duplicates("patient_id"),
        "sample": table[["patient_id", "sample_id", *of_sample]],
    }
    for what, part in parts.items():
        filled = part[[c for c in part if part[c].notna().any() or c in ("patient_id", "sample_id")]]
        folder.meta(
            f"clinical_{what}",
            genetic_alteration_type="CLINICAL",
            datatype=f"{what.upper()}_ATTRIBUTES",
            data_filename=f"data_clinical_{what}.txt",
        )
        folder.text(f"data_clinical_{what}.txt", _attributes(filled))


def _attributes(table: pd.DataFrame) -> str:
    """Return a clinical file: four header lines (name, description, type, priority), the columns, and the values."""
    names, meanings, kinds, cells = [], [], [], {}
    for column in table:
        values, attribute = table[column], _NO_NAME.sub("_", str(column).upper())
        if column in _STATUS_TEXT:
            attribute, texts = _STATUS_TEXT[str(column)]
            values = values.map(texts, na_action="ignore")
        numeric = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
        declared = schema.CLINICAL.by_name.get(str(column)) or schema.HER2_STATUS.by_name.get(str(column))
        names.append(str(column).replace("_", " "))
        meanings.append(declared.meaning if declared is not None else str(column).replace("_", " "))
        kinds.append("NUMBER" if numeric else "STRING")
        cells[attribute] = values.map(_cell, na_action="ignore").astype("string").fillna("")
    header = [names, meanings, kinds, ["1"] * len(names)]
    lines = ["#" + "\t".join(_plain(text) for text in row) for row in header]
    lines.append("\t".join(cells))
    lines += ["\t".join(row) for row in zip(*cells.values(), strict=True)]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else _plain(str(value))


def _plain(text: str) -> str:
    return text.translate(_ONE_LINE)


def _write_molecular(folder: _Folder, tables: PortalTables) -> None:
    if tables.mutations is not None:
        folder.meta(
            "mutations",
            genetic_alteration_type="MUTATION_EXTENDED",
            datatype="MAF",
            stable_id="mutations",
            show_profile_in_analysis_tab="true",
            profile_name="Mutations",
            profile_description="Somatic small variants",
            data_filename="data_mutations.txt",
        )
        plain = tables.mutations["Chromosome"].str.removeprefix("chr")
        write_maf(tables.mutations.assign(Chromosome=plain), folder.data("data_mutations.txt"))
    if tables.gene_cna is not None:
        _write_gene_cna(folder, tables.gene_cna)
    if tables.segments is not None:
        folder.meta(
            "cna_seg",
            genetic_alteration_type="COPY_NUMBER_ALTERATION",
            datatype="SEG",
            reference_genome_id=tables.build,
            description="Segmented log2 ratios",
            data_filename=f"data_cna_{tables.build}.seg",
        )
        write_seg(tables.segments, folder.data(f"data_cna_{tables.build}.seg"))
    if tables.fusions is not None:
        folder.meta(
            "sv",
            genetic_alteration_type="STRUCTURAL_VARIANT",
            datatype="SV",
            stable_id="structural_variants",
            show_profile_in_analysis_tab="true",
            profile_name="Structural variants",
            profile_description="Rearrangements of panel genes",
            data_filename="data_sv.txt",
        )
        folder.text("data_sv.txt", _structural(tables.fusions))


def _write_gene_cna(folder: _Folder, gene_cna: pd.DataFrame) -> None:
    kinds = {
        "cna": ("DISCRETE", CNA_PROFILE, "true", "Copy-number alterations", "-2, -1, 0, 1, 2"),
        "log2_cna": ("LOG2-VALUE", "log2CNA", "false", "Log2 copy-number ratios", "Log2 ratio per gene"),
    }
    has_log2 = "log2" in gene_cna and gene_cna["log2"].notna().any()
    for what in ("cna", "log2_cna") if has_log2 else ("cna",):
        datatype, stable_id, shown, name, description = kinds[what]
        folder.meta(
            what,
            genetic_alteration_type="COPY_NUMBER_ALTERATION",
            datatype=datatype,
            stable_id=stable_id,
            show_profile_in_analysis_tab=shown,
            profile_name=name,
            profile_description=description,
            data_filename=f"data_{what}.txt",
        )
    log2 = folder.data("data_log2_cna.txt") if has_log2 else None
    write_cbioportal_cna(gene_cna, folder.data("data_cna.txt"), log2)


def _structural(fusions: pd.DataFrame) -> str:
    """Return ``data_sv.txt``: one row per event, the partners as they stand in ``detail`` (``ERBB2::GRB7``)."""
    lines = ["Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol"]
    seen = set()
    rows = fusions[["sample_id", "gene", "detail"]].astype("string").fillna("")
    for sample, gene, detail in rows.itertuples(index=False, name=None):
        first, mark, second = detail.partition("::")
        if mark:
            partners = first, "" if second == NO_GENE else second
        else:
            partners = gene, gene if detail.endswith(WITHIN) else ""
        if (sample, *partners) not in seen:
            seen.add((sample, *partners))
            lines.append("\t".join([sample, "SOMATIC", *partners]))
    return "\n".join(lines) + "\n"


def _write_profiles(folder: _Folder, tables: PortalTables) -> None:
    matrix = tables.gene_panel_matrix
    ids = tables.samples["sample_id"]
    sequenced = ids.iloc[:0] if matrix is None else matrix.loc[matrix["mutations"].notna(), "sample_id"]
    measured = ids.iloc[:0] if tables.gene_cna is None else ids[ids.isin(tables.gene_cna["sample_id"])]
    lists = {
        "sequenced": ("Samples with mutation data", sequenced),
        "cna": ("Samples with copy-number data", measured),
        "cnaseq": ("Samples with mutation and copy-number data", sequenced[sequenced.isin(measured)]),
    }
    for what, (name, samples) in lists.items():
        if len(samples):
            folder.case_list(what, name, [str(sample) for sample in samples])
    if matrix is None or not len(sequenced):
        return
    folder.meta(
        "gene_panel_matrix",
        genetic_alteration_type="GENE_PANEL_MATRIX",
        datatype="GENE_PANEL_MATRIX",
        data_filename="data_gene_panel_matrix.txt",
    )
    rows = matrix[["sample_id", "mutations"]].fillna({"mutations": "NA"})
    lines = ["SAMPLE_ID\tmutations", *("\t".join(row) for row in rows.astype(str).itertuples(index=False, name=None))]
    folder.text("data_gene_panel_matrix.txt", "\n".join(lines) + "\n")
    for panel, genes in tables.panels.items():
        content = [f"stable_id: {panel}", f"description: {panel}, {len(genes)} genes", "gene_list: " + "\t".join(genes)]
        folder.text(f"gene_panels/data_gene_panel_{panel}.txt", "\n".join(content) + "\n")
