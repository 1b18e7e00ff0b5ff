"""The report of one tumour: one page with burden, ERBB2, altered genes, copy-number profile and quality.

What was not supplied and what is not evaluable stand as results of their own: silence about a gene is no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from her2genomics.gene_calls import describe_erbb2
from her2genomics.report.copy_number_figures import plot_profile
from her2genomics.report.html import Block, Facts, Notice, Numbers, Page, Section
from her2genomics.report.html_figure import picture
from her2genomics.report.html_table import data_table

NOT_SUPPLIED = "not supplied"
MOST_ROWS = 14
"""Rows of the table of genes that fit on the page; the others are counted."""
ALTERED_COLUMNS = ["gene", "class", "change", "vaf", "copies", "hotspot", "amplicon"]


@dataclass(frozen=True)
class SampleCopyNumber:
    """Copy number of the tumour: ``.cnr`` and ``.cns`` rows, `schema.GENE_CNA`, and its row of `schema.CNV_QC`."""

    ratios: pd.DataFrame
    segments: pd.DataFrame
    genes: pd.DataFrame
    qc: pd.Series

    @property
    def failed(self) -> str:
        """Why the profile is not evaluable; empty when it is."""
        return "" if pd.isna(self.qc["failed"]) else str(self.qc["failed"]).replace(";", "; ")


@dataclass(frozen=True)
class SampleResults:
    """What is known of one tumour; what is None was not supplied.

    Parameters
    ----------
    sample_id
        Tumour.
    tmb, coverage
        Its rows of `schema.TMB` and `schema.SAMPLE_QC`.
    copy_number
        Its copy number.
    mutations
        Its altered genes by small variants: ``gene, class, change, vaf, hotspot``; without rows when none was found.
    n_outside
        Alterations by small variants in genes outside the panel, which are counted but not listed.
    status
        Its row of HER2 status (`schema.HER2_STATUS`), and of `schema.ERBB2_STATUS` where there is copy number.
    software
        Name and version, for the last line.
    """

    sample_id: str
    tmb: pd.Series | None = None
    coverage: pd.Series | None = None
    copy_number: SampleCopyNumber | None = None
    mutations: pd.DataFrame | None = None
    n_outside: int = 0
    status: pd.Series | None = None
    software: str = "her2genomics"


def sample_page(results: SampleResults) -> Page:
    """Return the page of one tumour; printed, it is one page of A4.

    Examples
    --------
    >>> page = sample_page(SampleResults("T1"))
    >>> [section.title for section in page.sections]
    ['At a glance', 'Altered genes', 'Copy-number profile', 'Quality']
    """
    return Page(
        title=f"Sample {results.sample_id}",
        subtitle="Panel sequencing of one breast tumour",
        sections=[_glance(results), _genes(results), _profile(results), _quality(results)],
        footer=f"Made by {results.software}. Research use only.",
        contents=False,
        compact=True,
    )


def altered_genes(results: SampleResults) -> pd.DataFrame:
    """Return the altered genes: hotspots, then called copy numbers by distance from two, then others by their VAF."""
    small = results.mutations if results.mutations is not None else pd.DataFrame(columns=["vaf", "gene", "hotspot"])
    small = small.sort_values(["vaf", "gene"], ascending=[False, True], kind="stable")
    recurrent = small["hotspot"].astype(bool)
    parts = [small[recurrent], _called_genes(results.copy_number), small[~recurrent]]
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
    return table.reindex(columns=ALTERED_COLUMNS)


def _called_genes(found: SampleCopyNumber | None) -> pd.DataFrame:
    if found is None or found.failed:
        return pd.DataFrame()
    called = found.genes[found.genes["call"].isin(["amplification", "deletion"])]
    copies = called["cn"].fillna(called["observed_cn"])
    rows = pd.DataFrame(
        {"gene": called["gene"], "class": called["call"], "copies": copies, "amplicon": called["event"]}
    )
    return rows.loc[(copies - 2).abs().sort_values(ascending=False, kind="stable").index]


def _glance(results: SampleResults) -> Section:
    group = _known(results.status, "her2_group", "indeterminate")
    evidence = _known(results.status, "her2_reason", "as given").partition(",")[0]
    numbers = [
        ("TMB [mutations/Mb]", _tmb_number(results.tmb)),
        (group, evidence) if group.startswith("HER2-") else ("HER2 group", group),
        ("ERBB2 copies", _erbb2_number(results.copy_number)),
    ]
    facts = [
        ("Burden", _tmb_line(results.tmb)),
        ("HER2, IHC and ISH", _her2_line(results.status)),
        ("ERBB2, sequencing", _erbb2_line(results.copy_number)),
        ("Agreement", _agreement_line(results)),
    ]
    return Section("glance", "At a glance", [Numbers(numbers), Facts(facts)])


def _known(row: pd.Series | None, name: str, otherwise: str) -> str:
    if row is None:
        return NOT_SUPPLIED
    return otherwise if name not in row or pd.isna(row[name]) or row[name] == "" else str(row[name])


def _tmb_number(tmb: pd.Series | None) -> str:
    if tmb is None:
        return NOT_SUPPLIED
    return f"{tmb['tmb']:.1f}" if tmb["status"] == "evaluable" else "not evaluable"


def _tmb_line(tmb: pd.Series | None) -> str:
    if tmb is None:
        return f"{NOT_SUPPLIED} (--tmb)"
    if tmb["status"] != "evaluable":
        return f"{tmb['status']}; {tmb['n_counted']} counted variants are no burden of 0"
    flags = "" if pd.isna(tmb["flags"]) or not tmb["flags"] else f"; {tmb['flags'].replace(';', '; ')}"
    interval = f"95 % interval {tmb['garwood_lo']:.1f} to {tmb['garwood_hi']:.1f} (exact Poisson)"
    size = f"{tmb['n_counted']} mutations in {tmb['denominator_mb']:g} Mb ({tmb['denominator_source']})"
    return f"{tmb['tmb']:.1f} mutations/Mb, {interval}: {size}, {tmb['preset']}; evaluable{flags}"


def _her2_line(status: pd.Series | None) -> str:
    if status is None:
        return f"{NOT_SUPPLIED} (--clinical)"
    flags = _known(status, "her2_flags", "")
    line = f"{_known(status, 'her2_group', 'indeterminate')}: {_known(status, 'her2_reason', 'no reason given')}"
    return line + (f" ({flags.replace(';', '; ')})" if flags else "")


def _erbb2_number(found: SampleCopyNumber | None) -> str:
    if found is None:
        return NOT_SUPPLIED
    rows = found.genes[found.genes["gene"] == "ERBB2"]
    if found.failed or rows.empty:
        return "not evaluable"
    row = rows.iloc[0]
    copies = row["observed_cn"] if pd.isna(row["cn"]) else row["cn"]
    return "not evaluable" if pd.isna(copies) else f"{copies:.1f}"


def _erbb2_line(found: SampleCopyNumber | None) -> str:
    if found is None:
        return f"{NOT_SUPPLIED} (--cnv)"
    if found.failed:
        return f"not evaluable: {found.failed}"
    return describe_erbb2(found.genes.assign(flags=found.genes["flags"].fillna(""))).removeprefix("ERBB2: ")


def _agreement_line(results: SampleResults) -> str:
    if results.status is None or results.copy_number is None:
        return "not evaluable: needs --clinical and --cnv"
    if results.copy_number.failed:
        return "not evaluable: the copy-number profile is not"
    agrees = results.status.get("concordant")
    if agrees is None or pd.isna(agrees):
        return "not evaluable: HER2 group or ERBB2 is missing"
    return "amplified if and only if HER2-positive: " + ("yes" if agrees else "no, look at both again")


def _genes(results: SampleResults) -> Section:
    missing = [
        f"{what} {NOT_SUPPLIED} ({option})"
        for what, option, given in (
            ("small variants", "--mutations", results.mutations),
            ("copy number", "--cnv", results.copy_number),
        )
        if given is None
    ]
    if results.copy_number is not None and results.copy_number.failed:
        missing.append("copy number not evaluable")
    blocks: list[Block] = [Notice("; ".join(missing) + ": not shown here, not excluded.")] if missing else []
    table = altered_genes(results)
    if len(table):
        shown = table.assign(hotspot=table["hotspot"].map({True: "yes", False: "no"}, na_action="ignore"))
        filled = shown[[c for c in shown if shown[c].notna().any()]]
        caption = f"{len(table)} alterations"
        if len(table) > MOST_ROWS:
            caption += f"; the first {MOST_ROWS} stand here, all of them in the saved table"
        if results.n_outside:
            caption += f"; {results.n_outside} more in genes outside the panel"
        blocks.append(data_table(filled, table_id="altered", caption=caption, first_rows=MOST_ROWS))
    elif len(missing) < 2:
        outside = f"; {results.n_outside} in genes outside it" if results.n_outside else ""
        blocks.append(Notice(f"No alteration of the panel's genes was found{outside}."))
    return Section("genes", "Altered genes", blocks)


def _profile(results: SampleResults) -> Section:
    found = results.copy_number
    if found is None:
        return Section("profile", "Copy-number profile", [Notice(f"{NOT_SUPPLIED} (--cnv)")])
    state = f"; not evaluable: {found.failed}" if found.failed else ""
    figure = plot_profile(found.ratios, found.segments, found.genes, title=f"{results.sample_id}{state}")
    described = f"log2 ratios of {len(found.ratios):,} bins along the genome; the called genes stand in the table above"
    block = picture(figure, figure_id="profile-figure", title="Copy-number profile", description=described)
    return Section("profile", "Copy-number profile", [block])


def _quality(results: SampleResults) -> Section:
    return Section(
        "quality",
        "Quality",
        [
            Facts(
                [("Sequencing", _sequencing_line(results.coverage)), ("Copy number", _noise_line(results.copy_number))]
            )
        ],
    )


def _sequencing_line(coverage: pd.Series | None) -> str:
    if coverage is None:
        return f"{NOT_SUPPLIED} (--coverage)"
    parts: Sequence[tuple[str, str, Any]] = (
        ("mean_target_depth", "mean depth {:.0f}x", 1),
        ("frac_targets_100x", "{:.1f} % of targets at 100x or more", 100),
        ("frac_on_target", "{:.1f} % on target", 100),
        ("frac_duplicate", "{:.1f} % duplicates", 100),
        ("fold_80_penalty", "fold-80 {:.2f}", 1),
    )
    return ", ".join(text.format(coverage[name] * unit) for name, text, unit in parts if pd.notna(coverage[name]))


def _noise_line(found: SampleCopyNumber | None) -> str:
    if found is None:
        return f"{NOT_SUPPLIED} (--cnv)"
    numbers = f"MAPD {found.qc['mapd']:.2f}, DLRS {found.qc['dlrs']:.2f}, {found.qc['n_bins']:,} bins"
    state = f"not evaluable: {found.failed}" if found.failed else "evaluable"
    warned = "" if pd.isna(found.qc["warned"]) or not found.qc["warned"] else f"; {found.qc['warned']}"
    return f"{numbers}; {state}{warned}"
