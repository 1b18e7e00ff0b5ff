"""Reading back what the commands wrote: result tables of one or many samples, checked against their schema."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.cohort import ordered_groups
from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.io.tables import read_table

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class CnvResults:
    """What ``her2g cnv --folder`` wrote: quality, genes, and the sequencing quality of samples that came as BAM."""

    qc: pd.DataFrame
    gene_cna: pd.DataFrame
    sequencing_qc: pd.DataFrame | None


def read_results(paths: Sequence[PathLike], declared: schema.TableSchema) -> pd.DataFrame | None:
    """Read tables of one kind and put them under each other; None when there are no paths.

    Raises
    ------
    FileFormatError
        If a file cannot be read.
    SchemaError
        If a column is absent, a value is not what it should be, or a key comes twice, also in two files.
    """
    tables = [read_table(path) for path in paths]
    if not tables:
        return None
    for path, table in zip(paths, tables, strict=True):
        schema.require_columns(table, declared, source=path)
    names = ", ".join(os.fspath(path) for path in paths)
    try:
        return schema.check(pd.concat(tables, ignore_index=True), declared, source=names)
    except SchemaError:
        for path, table in zip(paths, tables, strict=True):
            schema.check(table, declared, source=path)  # names the one file at fault, if it is one
        raise


def read_cnv_folders(folders: Sequence[PathLike]) -> CnvResults:
    """Read the tables of folders that ``her2g cnv --folder`` wrote, each kind as one table.

    Parameters
    ----------
    folders
        At least one.

    Raises
    ------
    FileFormatError
        If there is no ``cnv_qc.tsv`` or ``gene_cna.tsv`` in one of them.
    SchemaError
        As `read_results`.
    """
    roots = [Path(folder) for folder in folders]
    for root in roots:
        for name in ("cnv_qc.tsv", "gene_cna.tsv"):
            if not (root / name).is_file():
                hint = "make it: her2g cnv ... --folder DIR"
                raise FileFormatError(f"no {name} in this folder", path=root, hint=hint)
    qc = read_results([root / "cnv_qc.tsv" for root in roots], schema.CNV_QC)
    genes = read_results([root / "gene_cna.tsv" for root in roots], schema.GENE_CNA)
    assert qc is not None
    assert genes is not None
    sequencing = [root / "sample_qc.tsv" for root in roots if (root / "sample_qc.tsv").is_file()]
    return CnvResults(qc, genes, read_results(sequencing, schema.SAMPLE_QC))


def read_her2_groups(path: PathLike) -> pd.DataFrame:
    """Read ``sample_id``, ``her2_group`` and the other columns of HER2 status from a status table or a cohort.

    Raises
    ------
    SchemaError
        If a column is absent, a sample comes twice, or a group is none of the three.
    """
    wanted = set(schema.HER2_STATUS.names)
    table = read_table(path, columns=lambda names: [name for name in names if name in wanted])
    for name in ("sample_id", "her2_group"):
        if name not in table:
            raise SchemaError(f"missing column {name}", path=path, hint="make it: her2g classify clinical.tsv")
    return table.assign(her2_group=ordered_groups(table, os.fspath(path)))
