"""Sections of the cohort report about outcome: survival, and response to treatment."""

from __future__ import annotations

import pandas as pd

from her2genomics import schema
from her2genomics.report.cohort_results import CohortResults, NotRun
from her2genomics.report.drawings import response_drawings, survival_drawings
from her2genomics.report.html import Block, Bullets, NotMade, Section, TableView, Text
from her2genomics.report.html_table import ABSENT, TableColumn, data_table, number_text
from her2genomics.report.sections_cohort import warned
from her2genomics.report.sections_genes import drawn


def survival_section(results: CohortResults) -> Section:
    """Return curves, the table by group, log-rank tests and Cox models."""
    found = results.survival
    if isinstance(found, NotRun):
        return Section("survival", "Survival", [NotMade(found.reason)])
    blocks: list[Block] = [
        Text(f"{found.data.definition}."),
        drawn(
            results,
            survival_drawings(found),
            "km",
            title="Kaplan-Meier curves",
            description="Survival by group with 95 % intervals and patients at risk; the table below has the numbers.",
        ),
        _survival_table(found.survival),
        drawn(
            results,
            survival_drawings(found),
            "cox-forest",
            title="Hazard ratios",
            description="Hazard ratios with 95 % intervals of every Cox model; the table below has the numbers.",
        ),
    ]
    listed = (
        ("cox", found.cox, "Cox models", schema.COX),
        ("logrank", found.logrank, "Log-rank tests", schema.LOGRANK),
        ("ph-test", found.ph_test, "Tests of proportional hazards", schema.PH_TEST),
        ("left-out-survival", found.left_out, "Patients that are not in the analysis", schema.LEFT_OUT),
    )
    for table_id, table, caption, declared in listed:
        if len(table):
            blocks.append(data_table(table, table_id=table_id, caption=caption, schema=declared))
    blocks += [*([Bullets(found.notes)] if found.notes else []), *warned(results, "survival")]
    return Section("survival", "Survival", blocks)


def _survival_table(table: pd.DataFrame) -> TableView:
    columns = [
        TableColumn("Group", "group"),
        TableColumn("n", "n"),
        TableColumn("Events", "n_events"),
        TableColumn("Median [95 %], months", "median", [str(text) for text in table["median_text"]]),
        TableColumn("Follow-up, months", "followup_median"),
        TableColumn("Log-rank p", "logrank_p"),
        TableColumn("Hazard ratio [95 %]", "hazard_ratio", _ratios(table, "hazard_ratio", "")),
        TableColumn("p", "p_value"),
        TableColumn("Adjusted hazard ratio [95 %]", "adj_hazard_ratio", _ratios(table, "adj_hazard_ratio", "adj_")),
        TableColumn("Adjusted p", "adj_p"),
        TableColumn("Held fixed", "adj_for"),
    ]
    return data_table(
        table,
        table_id="survival-table",
        caption="Survival by group; ratios against the first group",
        columns=columns,
        file_name="survival.tsv",
        schema=schema.SURVIVAL,
    )


def _ratios(table: pd.DataFrame, value: str, prefix: str) -> list[str]:
    """Return ratios with their intervals as text."""
    texts = []
    for ratio, low, high in zip(table[value], table[f"{prefix}ci_low"], table[f"{prefix}ci_high"], strict=True):
        interval = "" if pd.isna(low) or pd.isna(high) else f" [{number_text(float(low))}, {number_text(float(high))}]"
        texts.append(ABSENT if pd.isna(ratio) else f"{number_text(float(ratio))}{interval}")
    return texts


def response_section(results: CohortResults) -> Section:
    """Return rates by group, and tests between them."""
    found = results.response
    if isinstance(found, NotRun):
        return Section("response", "Response to treatment", [NotMade(found.reason)])
    definition = str(found.response["definition"].iloc[0]) if len(found.response) else ""
    rates = found.response_rates
    interval = [
        ABSENT if pd.isna(rate) else f"{100 * rate:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
        for rate, low, high in zip(rates["rate"], rates["ci_low"], rates["ci_high"], strict=True)
    ]
    tests = found.response
    blocks: list[Block] = [
        Text(f"{definition}. Patients without a known response are in no denominator."),
        drawn(
            results,
            response_drawings(found),
            "response-rates-figure",
            title="Response rates",
            description="Rate with exact 95 % interval per group and stratum; the table below has the numbers.",
        ),
        data_table(
            rates,
            table_id="response-rates",
            caption="Response rates with exact 95 % intervals",
            columns=[
                TableColumn("Group", "group"),
                TableColumn("Broken down by", "stratum_by"),
                TableColumn("Level", "stratum"),
                TableColumn("Responders", "responders"),
                TableColumn("n", "n"),
                TableColumn("Rate [95 %]", "rate", interval),
            ],
            file_name="response_rates.tsv",
            schema=schema.RESPONSE_RATES,
        ),
        data_table(
            tests,
            table_id="response-tests",
            caption="Response between the groups, crude and adjusted",
            columns=[
                TableColumn("Contrast", "contrast"),
                TableColumn("Broken down by", "stratum_by"),
                TableColumn("Level", "stratum"),
                TableColumn("Odds ratio [95 %]", "odds_ratio", _ratios(tests, "odds_ratio", "")),
                TableColumn("p", "p_value"),
                TableColumn("Holm", "p_holm"),
                TableColumn("Adjusted odds ratio [95 %]", "adj_odds_ratio", _ratios(tests, "adj_odds_ratio", "adj_")),
                TableColumn("Adjusted p", "adj_p"),
                TableColumn("Exact", "adj_p_exact"),
                TableColumn("Held fixed", "adj_for"),
                TableColumn("Note", "note"),
            ],
            file_name="response.tsv",
            schema=schema.RESPONSE,
        ),
        *([Bullets(found.notes)] if found.notes else []),
        *warned(results, "response"),
    ]
    return Section("response", "Response to treatment", blocks)
