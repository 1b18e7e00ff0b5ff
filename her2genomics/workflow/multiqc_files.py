"""Results of a run as files that MultiQC picks up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from her2genomics import schema
from her2genomics.io.write import write_json
from her2genomics.report.multiqc import MultiqcTables, multiqc_contents
from her2genomics.workflow.result_tables import PathLike, read_cnv_folders, read_her2_groups, read_results


@dataclass(frozen=True)
class RunResults:
    """Result files of a run: quality tables, burden tables, folders of ``her2g cnv``, and HER2 groups."""

    coverage: Sequence[PathLike] = ()
    tmb: Sequence[PathLike] = ()
    cnv: Sequence[PathLike] = ()
    her2: PathLike | None = None


def export_multiqc(results: RunResults, folder: PathLike) -> list[Path]:
    """Write what MultiQC reads of these results into a folder.

    The sequencing quality that ``her2g cnv`` wrote for BAM and CRAM files is shown for samples that no coverage table
    names.

    Returns
    -------
    list of Path
        The files, in order.

    Raises
    ------
    FileFormatError, SchemaError
        If a file cannot be read or is not the table that it should be, or a sample comes twice.
    UsageError
        If no file is given.
    """
    cnv = read_cnv_folders(results.cnv) if results.cnv else None
    counted = None if cnv is None else cnv.sequencing_qc
    tables = MultiqcTables(
        coverage=_coverage(read_results(results.coverage, schema.SAMPLE_QC), counted),
        tmb=read_results(results.tmb, schema.TMB),
        cnv=None if cnv is None else cnv.qc,
        gene_cna=None if cnv is None else cnv.gene_cna,
        her2=None if results.her2 is None else read_her2_groups(results.her2),
    )
    written = []
    for name, content in multiqc_contents(tables).items():
        write_json(content, Path(folder) / name)
        written.append(Path(folder) / name)
    return written


def _coverage(named: pd.DataFrame | None, others: pd.DataFrame | None) -> pd.DataFrame | None:
    if named is None or others is None:
        return others if named is None else named
    return pd.concat([named, others[~others["sample_id"].isin(named["sample_id"])]], ignore_index=True)
