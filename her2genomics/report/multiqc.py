"""Results as MultiQC's custom content: one table per kind of result, and its main columns in General Statistics.

MultiQC reads every ``*_mqc.json`` below the folder that it is given.  For each table there are two contents: a section
with all its columns, whose explanations are those of `schema`, and a few columns of the General Statistics, which stand
beside those of the other tools of a run.  Fractions are shown in percent; what is missing has no cell, and the burden
of a tumour that is not evaluable has none in the General Statistics.

References
----------
.. [1] MultiQC documentation, Custom Content, https://docs.seqera.io/multiqc/custom_content
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import UsageError
from her2genomics.report.style import HER2_COLOURS, INDETERMINATE_COLOUR

INDETERMINATE = "indeterminate"
_PARENT = {"parent_id": "her2genomics", "parent_name": "her2genomics",
           "parent_description": "Panel sequencing of breast cancer by HER2 status. Research use only."}  # fmt: skip
_COLOURS = HER2_COLOURS | {INDETERMINATE: INDETERMINATE_COLOUR}
_COUNTS = {
    "n_amplified": "genes called amplified",
    "n_deleted": "genes called deleted",
    "erbb2_cn": "copies of ERBB2 in the sample as a whole, purity not corrected",
}


@dataclass(frozen=True)
class MultiqcTables:
    """What is shown; what is None has no section.

    Parameters
    ----------
    coverage
        `schema.SAMPLE_QC`, of ``her2g coverage``.
    tmb
        `schema.TMB`, of ``her2g tmb``.
    cnv
        `schema.CNV_QC`, of ``her2g cnv``.
    gene_cna
        `schema.GENE_CNA` of the same samples: ERBB2 and the number of calls go beside the quality.
    her2
        ``sample_id, her2_group`` and what else of `schema.HER2_STATUS` is known.
    """

    coverage: pd.DataFrame | None = None
    tmb: pd.DataFrame | None = None
    cnv: pd.DataFrame | None = None
    gene_cna: pd.DataFrame | None = None
    her2: pd.DataFrame | None = None


def multiqc_contents(tables: MultiqcTables) -> dict[str, dict[str, Any]]:
    """Return the content of every file, by its name.

    Returns
    -------
    dict
        ``her2g_coverage_mqc.json`` (a section) and ``her2g_coverage_general_mqc.json`` (General Statistics), and the
        same for ``tmb``, ``cnv`` and ``her2``, as far as there are tables.

    Raises
    ------
    UsageError
        If there is no table.

    Examples
    --------
    >>> groups = pd.DataFrame({"sample_id": ["P1", "P2"], "her2_group": ["HER2-low", None]})
    >>> contents = multiqc_contents(MultiqcTables(her2=groups))
    >>> contents["her2g_her2_general_mqc.json"]["data"]
    {'P1': {'her2_group': 'HER2-low'}, 'P2': {'her2_group': 'indeterminate'}}
    """
    contents: dict[str, dict[str, Any]] = {}
    if tables.coverage is not None:
        _add(contents, "coverage", "Coverage", schema.SAMPLE_QC, tables.coverage, _COVERAGE_GENERAL)
    if tables.tmb is not None:
        evaluable = tables.tmb["status"] == "evaluable"
        general = tables.tmb.assign(tmb=tables.tmb["tmb"].where(evaluable))
        _add(contents, "tmb", "Tumour mutational burden", schema.TMB, tables.tmb, _TMB_GENERAL, general=general)
    if tables.cnv is not None:
        table = tables.cnv if tables.gene_cna is None else _with_calls(tables.cnv, tables.gene_cna)
        _add(contents, "cnv", "Copy-number quality", schema.CNV_QC, table, _CNV_GENERAL)
    if tables.her2 is not None:
        table = tables.her2.assign(her2_group=tables.her2["her2_group"].astype("string").fillna(INDETERMINATE))
        _add(contents, "her2", "HER2 group", schema.HER2_STATUS, table, _HER2_GENERAL)
    if not contents:
        raise UsageError("nothing to show", hint="give at least one of --coverage, --tmb, --cnv, --her2")
    return contents


@dataclass(frozen=True)
class _Shown:
    """How a column of the General Statistics looks."""

    title: str
    scale: str | bool = False
    hidden: bool = False


_COVERAGE_GENERAL = {
    "mean_target_depth": _Shown("Depth", "Blues"),
    "frac_targets_100x": _Shown("Targets ≥ 100x", "Greens"),
    "frac_on_target": _Shown("On target", "Greens"),
    "frac_duplicate": _Shown("Duplicates", "Oranges", hidden=True),
    "fold_80_penalty": _Shown("Fold-80", "Oranges", hidden=True),
}
_TMB_GENERAL = {
    "tmb": _Shown("TMB", "Purples"),
    "garwood_lo": _Shown("TMB 95 % low", hidden=True),
    "garwood_hi": _Shown("TMB 95 % high", hidden=True),
    "status": _Shown("TMB status"),
}
_CNV_GENERAL = {
    "mapd": _Shown("MAPD", "Oranges"),
    "failed": _Shown("CNV not evaluable"),
    "erbb2_cn": _Shown("ERBB2 copies", "Reds"),
    "n_amplified": _Shown("Amplified genes", hidden=True),
    "n_deleted": _Shown("Deleted genes", hidden=True),
}
_HER2_GENERAL = {"her2_group": _Shown("HER2 group"), "her2_reason": _Shown("HER2 reason", hidden=True)}


def _with_calls(cnv: pd.DataFrame, gene_cna: pd.DataFrame) -> pd.DataFrame:
    """Return the quality table with ERBB2's copies and the numbers of calls; missing where a sample has no genes."""
    erbb2 = gene_cna[gene_cna["gene"] == "ERBB2"].set_index("sample_id")["observed_cn"]
    called = pd.crosstab(gene_cna["sample_id"], gene_cna["call"])
    calls = {"n_amplified": "amplification", "n_deleted": "deletion"}
    counts = called.reindex(columns=list(calls.values()), fill_value=0).set_axis(list(calls), axis=1)
    beside = counts.assign(erbb2_cn=erbb2.reindex(counts.index))
    return cnv.merge(beside, left_on="sample_id", right_index=True, how="left")


def _add(
    contents: dict[str, dict[str, Any]],
    key: str,
    title: str,
    declared: schema.TableSchema,
    table: pd.DataFrame,
    shown: Mapping[str, _Shown],
    *,
    general: pd.DataFrame | None = None,
) -> None:
    """Add the section of a table, and its columns of the General Statistics."""
    names = [str(name) for name in table if name != "sample_id" and table[name].notna().any()]
    contents[f"her2g_{key}_mqc.json"] = {
        **_PARENT,
        "id": f"her2g_{key}",
        "section_name": title,
        "description": declared.meaning,
        "plot_type": "table",
        "pconfig": {"id": f"her2g_{key}_table", "title": f"her2genomics: {title}", "namespace": "her2genomics"},
        "headers": {name: _header(declared, name, _Shown(name)) for name in names},
        "data": _cells(table, names, declared),
    }
    chosen = [name for name in shown if name in names]
    contents[f"her2g_{key}_general_mqc.json"] = {
        "id": f"her2g_{key}_general",
        "plot_type": "generalstats",
        "headers": {name: {"namespace": "her2genomics", **_header(declared, name, shown[name])} for name in chosen},
        "data": _cells(table if general is None else general, chosen, declared),
    }


def _header(declared: schema.TableSchema, name: str, shown: _Shown) -> dict[str, Any]:
    column = declared.by_name.get(name)
    meaning = _COUNTS.get(name, name) if column is None else column.meaning
    header: dict[str, Any] = {"title": shown.title, "description": meaning, "scale": shown.scale}
    if shown.hidden:
        header["hidden"] = True
    if name == "her2_group":
        header["bgcols"] = _COLOURS
    if column is None or column.dtype not in ("int", "float"):
        return header
    unit = "%" if column.unit == "0-1" else column.unit
    header["suffix"] = f" {unit}" if unit else ""
    header["format"] = "{:,.0f}" if column.dtype == "int" else "{:,.1f}" if unit in ("%", "x") else "{:,.2f}"
    return header | ({"min": 0, "max": 100} if unit == "%" else {})


def _cells(table: pd.DataFrame, names: Sequence[str], declared: schema.TableSchema) -> dict[str, dict[str, Any]]:
    """Return the cells of each sample; a missing value has none."""
    percent = {name for name in names if name in declared.by_name and declared[name].unit == "0-1"}
    cells = {}
    for sample, *values in table[["sample_id", *names]].astype(object).itertuples(index=False, name=None):
        known = {name: value for name, value in zip(names, values, strict=True) if not pd.isna(value) and value != ""}
        cells[str(sample)] = {name: 100 * value if name in percent else value for name, value in known.items()}
    return cells
