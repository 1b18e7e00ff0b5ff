"""A study's mutations as a MAF for maftools and other readers of the format, with the clinical table beside it.

``maftools::read.maf`` asks for nine columns and knows the classifications of the MAF format: the nine of
`consequences.NONSYNONYMOUS_CLASSES` count as mutations there, every other one as silent.  A row without a position or
an allele would be lost or merged with another there, so it is refused here.

References
----------
.. [1] Mayakonda et al. 2018, Genome Research 28:1747-1756, and the manual page of read.maf.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

from her2genomics.cohort import Cohort
from her2genomics.consequences import NONSYNONYMOUS_CLASSES, canonical_class, variant_type
from her2genomics.exceptions import DataWarning, SchemaError, UsageError
from her2genomics.io.maf import write_maf
from her2genomics.io.write import write_table
from her2genomics.workflow.inputs import PathLike, StudyFiles, StudySettings, load_study_tables
from her2genomics.workflow.portal import rows_of_cohort

REQUIRED: tuple[str, ...] = (
    "Hugo_Symbol", "Chromosome", "Start_Position", "End_Position", "Reference_Allele", "Tumor_Seq_Allele2",
    "Variant_Classification", "Variant_Type", "Tumor_Sample_Barcode",
)  # fmt: skip
"""Columns that read.maf asks for."""
SILENT: frozenset[str] = frozenset(
    {"3'UTR", "5'UTR", "3'Flank", "5'Flank", "Targeted_Region", "Silent", "Intron", "RNA", "IGR", "Splice_Region",
     "lincRNA"}
)  # fmt: skip


def export_maf(files: StudyFiles, settings: StudySettings, folder: PathLike) -> tuple[Cohort, list[Path]]:
    """Join the files of a study and write the cohort's mutations and its clinical table.

    Returns
    -------
    tuple
        The cohort, and the files: ``mutations.maf``, ``clinical.tsv`` (key ``Tumor_Sample_Barcode``).

    Raises
    ------
    UsageError
        If there are no mutations.
    SchemaError
        If a mutation lacks what read.maf needs.
    """
    cohort, molecular = load_study_tables(files, settings)
    if molecular.mutations is None:
        raise UsageError("there are no mutations to write", hint="give them with --maf or --vcf")
    inside = rows_of_cohort(molecular.mutations, "Tumor_Sample_Barcode", cohort)
    maf, clinical = Path(folder) / "mutations.maf", Path(folder) / "clinical.tsv"
    write_maf(prepare_maf(inside), maf)
    write_table(cohort.samples.rename(columns={"sample_id": "Tumor_Sample_Barcode"}), clinical)
    return cohort, [maf, clinical]


def prepare_maf(mutations: pd.DataFrame) -> pd.DataFrame:
    """Return the mutations with the format's spelling of every class, and a type for every row.

    Raises
    ------
    SchemaError
        If a row lacks a gene, a position, an allele or a class.
    """
    kinds = mutations.get("Variant_Type", pd.Series(pd.NA, index=mutations.index, dtype="string"))
    for name in (name for name in REQUIRED if name != "Variant_Type"):
        if mutations[name].isna().any():
            row = mutations[mutations[name].isna()].iloc[0]
            raise SchemaError(
                f"{int(mutations[name].isna().sum())} mutations have no {name}, first in {row['Hugo_Symbol']}",
                sample=str(row["Tumor_Sample_Barcode"]),
                hint="a MAF needs the position and the alleles of every mutation",
            )
    alleles = zip(mutations["Reference_Allele"], mutations["Tumor_Seq_Allele2"], strict=True)
    derived = pd.Series([variant_type(ref, alt) for ref, alt in alleles], index=mutations.index, dtype="string")
    classes = mutations["Variant_Classification"].map(canonical_class)
    unknown = classes[~classes.isin(SILENT.union(NONSYNONYMOUS_CLASSES))]
    if len(unknown):
        listed = ", ".join(f"{name} {n}" for name, n in unknown.value_counts().items())
        warnings.warn(DataWarning(f"classes that read.maf takes for silent: {listed}"), stacklevel=2)
    return mutations.assign(Variant_Classification=classes, Variant_Type=kinds.fillna(derived))
