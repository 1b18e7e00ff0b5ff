"""Sections of the cohort report about the cohort itself: what was run, who is in it, quality, HER2 groups, Table 1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import Her2GenomicsError
from her2genomics.report.cohort_results import CohortResults, NotRun
from her2genomics.report.flow import draw_flow
from her2genomics.report.html import (
    Block,
    Bullets,
    Facts,
    Heading,
    Markup,
    Notice,
    NotMade,
    Numbers,
    Section,
    Text,
)
from her2genomics.report.html_figure import picture
from her2genomics.report.html_table import TableColumn, data_table
from her2genomics.report.table1_html import table1_html

Q_BOUND = 0.05
STATUS_COLUMNS: tuple[str, ...] = (
    "ihc", "fish_ratio", "fish_her2_cn", "ish_reported", "her2_group", "her2_tier4", "asco_cap_2018", "her2_reason",
    "her2_flags", "hr_status", "subtype", "erbb2_log2", "erbb2_cna", "concordant",
)  # fmt: skip


def warned(results: CohortResults, name: str) -> list[Block]:
    """Return what an analysis warned of as a block, or nothing."""
    found = results.warnings_of(name)
    return [Bullets(found, summary=f"Warnings ({len(found)})")] if found else []


def group_sizes(results: CohortResults) -> list[tuple[str, int]]:
    """Return the groups with their sizes in order; samples without a group come last."""
    samples = results.cohort.samples
    if results.group not in samples:
        return []
    values = samples[results.group]
    sizes = values.value_counts(sort=False)
    if not isinstance(values.dtype, pd.CategoricalDtype):
        sizes = sizes.sort_index()
    listed = [(str(name), int(n)) for name, n in sizes.items() if n]
    unknown = int(values.isna().sum())
    label = "indeterminate" if results.group == "her2_group" else "unknown"
    return [*listed, *([(label, unknown)] if unknown else [])]


def glance_section(results: CohortResults) -> Section:
    """Return the head of the report: sizes, what was tested and found, and what to beware of."""
    numbers = [("samples", f"{len(results.cohort.samples):,}")]
    numbers += [(name, f"{n:,}") for name, n in group_sizes(results)]
    numbers.append(("genes profiled", f"{int(results.cohort.profiled.any(axis=0).sum()):,}"))
    blocks: list[Block] = [Numbers(numbers)]
    blocks += [Notice(remark) for remark in results.remarks]
    if results.personal_columns:
        listed = "; ".join(f"{name} ({reason})" for name, reason in results.personal_columns.items())
        blocks.append(
            Notice(
                "Columns of the cohort look like identifiers of patients: "
                f"{listed}. Their values are not in this page; sample identifiers are. Check before passing it on.",
                "warning",
            )
        )
    found = findings_by_family(results)
    if len(found):
        blocks.append(
            data_table(
                found,
                table_id="findings",
                caption=f"Features with q below {Q_BOUND:g} (adjusted in brackets), of those tested",
                columns=[TableColumn("Family" if name == "family" else name, name) for name in found.columns],
            )
        )
    return Section("glance", "At a glance", blocks)


def findings_by_family(results: CohortResults) -> pd.DataFrame:
    """Return one row per family and one column per contrast: features with q below the bound, crude and adjusted."""
    parts = [part.association for part in (results.comparison, results.pathways) if not isinstance(part, NotRun)]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    contrasts = list(dict.fromkeys(table["contrast"]))
    rows = []
    for family, part in table.groupby("family", sort=False):
        cells = {name: _found(part[part["contrast"] == name]) for name in contrasts}
        rows.append({"family": str(family).replace("_", " "), **cells})
    return pd.DataFrame(rows)


def _found(rows: pd.DataFrame) -> str | None:
    n = int(rows["p_value"].notna().sum())
    if not n:
        return None
    adjusted = f" ({int((rows['adj_q'] < Q_BOUND).sum())})" if rows["adj_q"].notna().any() else ""
    return f"{int((rows['q_value'] < Q_BOUND).sum())}{adjusted} of {n}"


def run_section(results: CohortResults) -> Section:
    """Return provenance: versions, parameters, and the checksums of what was read."""
    blocks: list[Block] = [Facts(_software(results.manifest)), *_inputs(results.manifest, "inputs", "Files read")]
    blocks += [Heading("Parameters of this report", "parameters"), Facts(_parameters(results.manifest))]
    if results.built is not None:
        blocks += [
            Heading("How the cohort was built", "built"),
            Text("From manifest.json beside the cohort table."),
            Facts([*_software(results.built), *_parameters(results.built)]),
            *_inputs(results.built, "built-inputs", "Files that the cohort was built from"),
        ]
    return Section("run", "What was run", blocks)


def _software(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    environment = manifest["environment"]
    facts = [
        ("Software", f"{manifest['software']['name']} {manifest['software']['version']}"),
        ("Command", f"her2g {manifest['command']}"),
        ("Python", f"{environment['python']} on {environment['os']}"),
        ("Libraries", ", ".join(f"{name} {version}" for name, version in environment["libraries"].items())),
    ]
    panel = manifest.get("panel")
    if panel:
        build = f" on {panel['build']}" if panel.get("build") else ""
        facts.append(("Panel", f"{panel['id']}{build}, SHA-256 {panel['sha256']}"))
    return [*facts, *([("Seed", str(manifest["seed"]))] if manifest.get("seed") is not None else [])]


def _parameters(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _parameter(value)) for name, value in manifest["parameters"].items()]


def _parameter(value: Any) -> str:
    if value is None:
        return "default"
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _inputs(manifest: Mapping[str, Any], table_id: str, caption: str) -> list[Block]:
    inputs = pd.DataFrame(manifest["inputs"])
    if inputs.empty:
        return []
    names = [c for c in ("name", "bytes", "sha256") if c in inputs]
    heads = {"name": "File", "bytes": "Bytes", "sha256": "SHA-256"}
    table = inputs[names].astype({"bytes": "Int64"} if "bytes" in names else {})
    shown = [TableColumn(heads[name], name) for name in names]
    return [data_table(table, table_id=table_id, caption=caption, columns=shown)]


def inclusion_section(results: CohortResults) -> Section:
    """Return who was left out at which step: the flow diagram, its table, and samples named with their reason."""
    attrition = results.cohort.attrition
    blocks: list[Block] = []
    if attrition.empty:
        blocks.append(NotMade("no table of attrition: give --attrition attrition.tsv, which her2g cohort build writes"))
    else:
        try:
            figure = draw_flow(attrition, results.cohort)
            blocks.append(
                picture(
                    figure,
                    figure_id="flow",
                    title="Flow of inclusion",
                    description="Boxes from what was read to the cohort; the table below has every number.",
                    caption="Flow of inclusion, from what was read to the cohort and its groups.",
                )
            )
        except Her2GenomicsError as error:
            blocks.append(NotMade(error.what))
        blocks.append(
            data_table(
                attrition,
                table_id="attrition",
                caption="Attrition: what was left out or changed, and why",
                file_name="attrition.tsv",
            )
        )
    if isinstance(results.left_out, NotRun):
        blocks.append(Text(f"Samples missing from the cohort are not listed: {results.left_out.reason}."))
    elif results.left_out.empty:
        blocks.append(Text("No sample of the run is missing from the cohort."))
    else:
        blocks.append(
            data_table(
                results.left_out,
                table_id="left-out",
                caption="Samples that are not in the cohort, and the reason",
                file_name="left_out.tsv",
            )
        )
    return Section("inclusion", "Inclusion", blocks)


def her2_section(results: CohortResults) -> Section:
    """Return the HER2 group of every sample with its reason, the reasons counted, and the flags counted."""
    samples = results.cohort.samples
    if "her2_group" not in samples:
        return Section("her2", "HER2 groups", [NotMade("no HER2 group and no IHC or ISH column in the table")])
    blocks: list[Block] = [
        Text(
            "HER2-low and HER2-ultralow are therapeutic tiers; the ASCO/CAP result is in asco_cap_2018. Every status "
            "comes with its reason; what is odd about its evidence is flagged."
        )
    ]
    if "her2_reason" in samples:
        blocks.append(_reasons(samples))
    flags = _flag_counts(samples)
    if len(flags):
        blocks.append(data_table(flags, table_id="her2-flags", caption="Flags, and how many samples carry them"))
    names = ["sample_id", *(name for name in STATUS_COLUMNS if name in samples and samples[name].notna().any())]
    filters = [name for name in ("her2_group", "hr_status") if name in names]
    blocks.append(
        data_table(
            samples[names],
            table_id="her2-status",
            caption="HER2 status of every sample, with the reason",
            filters=filters,
            file_name="her2_status.tsv",
            schema=schema.HER2_STATUS,
        )
    )
    return Section("her2", "HER2 groups", blocks)


def _reasons(samples: pd.DataFrame) -> Block:
    """Return the reasons of every group, most frequent first within it."""
    group = samples["her2_group"].astype("string").fillna("indeterminate")
    order = {name: k for k, name in enumerate((*schema.HER2_GROUPS, "indeterminate"))}
    reason = samples["her2_reason"].astype("string").fillna("group as given in the table")
    counts = pd.DataFrame({"her2_group": group, "reason": reason}).value_counts(sort=False).rename("n").reset_index()
    counts = counts.assign(rank=counts["her2_group"].map(order), fewer=-counts["n"])
    counts = counts.sort_values(["rank", "fewer", "reason"], kind="stable")[["her2_group", "reason", "n"]]
    columns = [TableColumn("HER2 group", "her2_group"), TableColumn("Reason", "reason"), TableColumn("Samples", "n")]
    return data_table(counts, table_id="her2-reasons", caption="Why samples are in their HER2 group", columns=columns)


def _flag_counts(samples: pd.DataFrame) -> pd.DataFrame:
    columns = [name for name in ("her2_flags", "hr_flags", "subtype_flags") if name in samples]
    parts = []
    for name in columns:
        listed = samples[name].astype("string").dropna().str.split(";").explode().str.strip()
        counts = listed[listed != ""].value_counts().rename_axis("flag").rename("samples").reset_index()
        parts.append(counts.assign(column=name)[["column", "flag", "samples"]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def table1_section(results: CohortResults) -> Section:
    """Return the clinicopathological table."""
    table = results.table1
    if isinstance(table, NotRun):
        return Section("table1", "Table 1", [NotMade(table.reason)])
    region = '<div class="scroll" role="region" aria-label="Characteristics by group" tabindex="0">'
    blocks: list[Block] = [Markup(f"{region}\n{table1_html(table, page=False)}</div>"), *warned(results, "table1")]
    if table.notes:
        blocks.append(Bullets(table.notes, summary="What is not in the table"))
    return Section("table1", "Table 1", blocks)
