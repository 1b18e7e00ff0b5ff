"""The section of the cohort report about single samples of a run: sequencing quality, burden, called copy number."""

from __future__ import annotations

import pandas as pd

from her2genomics import schema
from her2genomics.report.cohort_results import CohortResults, NotRun
from her2genomics.report.html import Block, Bullets, NotMade, Section, Text
from her2genomics.report.html_table import ABSENT, TableColumn, data_table, number_text

MOST_CALLS = 5_000
"""Called genes that the page holds."""
QC_COLUMNS: tuple[str, ...] = (
    "sample_id", "her2g_pass", "reasons", "mean_target_depth", "median_target_depth", "frac_targets_100x",
    "frac_bases_100x", "fold_80_penalty", "frac_on_target", "frac_duplicate", "ratio_spread", "n_reads",
)  # fmt: skip


def quality_section(results: CohortResults) -> Section:
    """Return the tables per sample of a run: sequencing quality, burden, and called copy number."""
    tables = (results.sample_qc, results.tmb, results.gene_cna)
    if all(isinstance(table, NotRun) for table in tables):
        reasons = dict.fromkeys(table.reason for table in tables if isinstance(table, NotRun))
        return Section("quality", "Quality of the samples", [NotMade("; ".join(reasons))])
    made = (
        (results.sample_qc, "sequencing quality", _quality),
        (results.tmb, "burden", _burden),
        (results.gene_cna, "copy number", _copy_number),
    )
    blocks: list[Block] = []
    for table, name, show in made:
        blocks += [NotMade(f"{name}: {table.reason}")] if isinstance(table, NotRun) else show(table)
    return Section("quality", "Quality of the samples", blocks)


def _quality(table: pd.DataFrame) -> list[Block]:
    view = data_table(
        table,
        table_id="sample-qc",
        caption="Sequencing quality of every sample",
        columns=[name for name in QC_COLUMNS if name in table],
        filters=[name for name in ("her2g_pass",) if name in table],
        file_name="sample_qc.tsv",
        schema=schema.SAMPLE_QC,
    )
    return [view]


def _burden(table: pd.DataFrame) -> list[Block]:
    """Return the burden of every sample; what was counted over what is said once."""
    table = table.reset_index(drop=True)
    interval = [
        f"{number_text(float(low))} to {number_text(float(high))}" if pd.notna(low) and pd.notna(high) else ABSENT
        for low, high in zip(table["garwood_lo"], table["garwood_hi"], strict=True)
    ]
    territory = [
        ABSENT if pd.isna(mb) else f"{float(mb):.4g} ({source})"
        for mb, source in zip(table["denominator_mb"], table["denominator_source"], strict=True)
    ]
    columns = [
        TableColumn("Sample", "sample_id"),
        TableColumn("Counted", "n_counted"),
        TableColumn("Over, Mb", "denominator_mb", territory),
        TableColumn("TMB, per Mb", "tmb"),
        TableColumn("95 % (exact Poisson)", "garwood_lo", interval),
        TableColumn("P(TMB >= 10)", "p_ge_10"),
        TableColumn("Highest VAF", "max_vaf"),
        TableColumn("Status", "status"),
        *(TableColumn(name.capitalize(), name) for name in ("category", "flags") if name in table),
    ]
    definitions = [str(text) for text in table["definition"].dropna().drop_duplicates()]
    said: list[Block] = [Text(f"Burden, as counted: {definitions[0]}")] if len(definitions) == 1 else []
    if len(definitions) > 1:
        said = [Bullets(definitions, summary=f"Definitions of burden ({len(definitions)}; the saved file says whose)")]
    view = data_table(
        table,
        table_id="tmb",
        caption="Tumour mutational burden of every sample",
        columns=columns,
        filters=["status"],
        file_name="tmb.tsv",
        schema=schema.TMB,
    )
    return [*said, view]


def _copy_number(table: pd.DataFrame) -> list[Block]:
    """Return the amplified and deeply deleted genes."""
    large = table[table["cna"].abs() >= 2]
    caption = f"Amplified and deeply deleted genes ({len(large):,} of {len(table):,} genes x samples)"
    if len(large) > MOST_CALLS:
        caption += f"; the first {MOST_CALLS:,} are here"
    return [
        data_table(
            large.head(MOST_CALLS),
            table_id="gene-cna",
            caption=caption,
            file_name="gene_cna.tsv",
            schema=schema.GENE_CNA,
        )
    ]
