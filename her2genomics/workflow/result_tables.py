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
class CnvFolder:
    """What ``her2g cnv --folder`` wrote: quality, genes, and the sequencing quality of samples that came as BAM."""

    root: Path
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
    tables = [schema.check(read_table(path), declared, source=path) for path in paths]
    if not tables:
        return None
    together = pd.concat(tables, ignore_index=True)
    names = ", ".join(os.fspath(path) for path in paths)
    return together if len(tables) == 1 else schema.check(together, declared, source=names)


def read_cnv_folder(folder: PathLike) -> CnvFolder:
    """Read the tables of a folder that ``her2g cnv --folder`` wrote.

    Raises
    ------
    FileFormatError
        If there is no ``cnv_qc.tsv`` or ``gene_cna.tsv`` in it.
    """
    root = Path(folder)
    for name in ("cnv_qc.tsv", "gene_cna.tsv"):
        if not (root / name).is_file():
            raise FileFormatError(f"no {name} in this folder", path=root, hint="make it: her2g cnv ... --folder DIR")
    qc, genes = (
        schema.check(read_table(root / name), declared, source=root / name)
        for name, declared in (("cnv_qc.tsv", schema.CNV_QC), ("gene_cna.tsv", schema.GENE_CNA))
    )
    sequencing = root / "sample_qc.tsv"
    return CnvFolder(root, qc, genes, read_results([sequencing] if sequencing.is_file() else [], schema.SAMPLE_QC))


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
