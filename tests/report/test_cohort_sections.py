"""Blocks of the cohort report: the interactive oncoprint's data, association rows as text, methods that fit the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from her2genomics import schema
from her2genomics.cohort import Cohort, cohort_from_table
from her2genomics.report.association_table import association_table
from her2genomics.report.cohort_results import NotRun
from her2genomics.report.html import Bullets, Text
from her2genomics.report.html_figure import picture
from her2genomics.report.methods_text import REFERENCES, methods_section
from her2genomics.report.oncoprint_data import prepare_oncoprint
from her2genomics.report.oncoprint_view import oncoprint_view
from her2genomics.report.sections_cohort import findings_by_family, group_sizes, her2_section
from her2genomics.report.sections_genes import frequency_table
from her2genomics.report.style import HER2_COLOURS, new_figure
from her2genomics.workflow.report_files import ReportSettings, compute_results

GENES = ["TP53", "ERBB2"]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    table = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c", "d", "e"],
            "her2_group": ["HER2-positive", "HER2-zero", "HER2-low", None, "HER2-low"],
            "her2_reason": ["IHC 3+", "IHC 0", "IHC 1+", "nothing to decide by", "IHC 1+"],
            "her2_flags": ["", "ULTRALOW_UNKNOWN", "A;B", "B", ""],
            "tmb": [1.5, None, 30.0, 2.0, 0.0],
            "TP53": ["R175H;amplification", "WT", "R213*", pd.NA, "WT"],
            "ERBB2": ["amplification", "WT", "WT", "L755S", "WT"],
        }
    )
    return cohort_from_table(table)


def test_the_interactive_oncoprint_holds_the_cells_of_the_cohort(cohort: Cohort) -> None:
    data = prepare_oncoprint(cohort, GENES, split="her2_group")
    figure = picture(new_figure(1, 1), figure_id="f", title="t", description="d")
    found = oncoprint_view(data, cohort.alterations, figure, view_id="v", split="her2_group").data
    samples = found["samples"]
    assert samples == ["b", "c", "e", "a", "d"]
    assert [group["name"] for group in found["groups"]] == ["HER2-zero", "HER2-low", "HER2-positive", "unknown"]
    assert found["groups"][1]["colour"] == HER2_COLOURS["HER2-low"]
    cells = {
        (gene, kind["name"]): [samples[s] for s in kind["cells"][j]]
        for kind in found["classes"]
        for j, gene in enumerate(found["genes"])
    }
    assert cells[("TP53", "missense")] == ["a"]
    assert cells[("TP53", "amplification")] == ["a"]
    assert cells[("TP53", "truncating")] == ["c"]
    assert cells[("ERBB2", "amplification")] == ["a"]
    assert cells[("ERBB2", "missense")] == ["d"]
    assert [[samples[s] for s in absent] for absent in found["absent"]] == [["d"], []]
    assert [[samples[s], change] for s, change in found["changes"][1]] == [["d", "p.L755S"]]
    assert found["share"] == [0.5, 0.4]
    burden = next(track for track in found["tracks"] if track.get("tmb"))
    assert burden["numbers"] == [None, 30, 0, 1.5, 2]


def test_frequencies_are_of_the_profiled_and_unknown_groups_are_shown(cohort: Cohort) -> None:
    view = frequency_table(prepare_oncoprint(cohort, GENES, split="her2_group"))
    assert view.headers[:6] == ["Gene", "All", "HER2-zero", "HER2-low", "HER2-positive", "unknown"]  # type: ignore[attr-defined]
    assert view.rows[0][:6] == ["TP53", "50.0 %", "0.0 %", "50.0 %", "100.0 %", "–"]  # type: ignore[attr-defined]


def test_association_rows_say_counts_effect_and_the_exact_adjusted_p() -> None:
    row = {
        "stratum": "all", "family": "alteration_class", "feature": "TP53:loss", "contrast": "zero-low", "group_a": "HER2-zero",
        "altered_a": 0, "n_a": 9, "freq_a": 0.0, "group_b": "HER2-low", "altered_b": 3, "n_b": 9, "freq_b": 1 / 3, "effect": 0.0,
        "ci_low": 0.0, "ci_high": 2.5, "p_value": 0.2059, "q_value": 0.41, "adj_effect": np.inf, "adj_ci_low": 0.5,
        "adj_ci_high": np.inf, "adj_p": 0.01, "adj_p_exact": 0.02, "adj_q": 0.04,
    }  # fmt: skip
    clinical = {
        "stratum": "all",
        "family": "clinical",
        "feature": "age",
        "contrast": "zero-low",
        "n_a": 9,
        "n_b": 8,
        "effect": -2.5,
    }
    table = schema.conform(pd.DataFrame([row, clinical]), schema.ASSOCIATION)
    view = association_table(table, table_id="t", caption="c")
    first = dict(zip(view.headers, view.rows[0], strict=True))
    assert first["Family"] == "alteration class"
    assert first["First group"] == "0/9 (0.0 %)"
    assert first["Second group"] == "3/9 (33.3 %)"
    assert first["Effect [95 %]"] == "0 [0, 2.5]"
    assert first["Adjusted effect [95 %]"] == "∞ [0.5, ∞]"
    assert (first["p"], first["Adjusted p"], first["Adjusted q"]) == ("0.206", "0.02", "0.04")
    second = dict(zip(view.headers, view.rows[1], strict=True))
    assert (second["First group"], second["Effect [95 %]"], second["p"]) == ("n 9", "-2.5", "–")
    assert "Burden p" not in view.headers
    names = [column["name"] for column in view.data["columns"]]
    assert set(schema.ASSOCIATION.names) <= set(names)


def test_groups_reasons_and_flags_are_counted(cohort: Cohort) -> None:
    results = compute_results(cohort, ReportSettings(clusters=None))
    assert sorted(group_sizes(results)) == [
        ("HER2-low", 2), ("HER2-positive", 1), ("HER2-zero", 1), ("indeterminate", 1),
    ]  # fmt: skip
    tables = {block.table_id: block.rows for block in her2_section(results).blocks if hasattr(block, "table_id")}
    assert tables["her2-reasons"] == [
        ["HER2-zero", "IHC 0", "1"], ["HER2-low", "IHC 1+", "2"], ["HER2-positive", "IHC 3+", "1"],
        ["indeterminate", "nothing to decide by", "1"],
    ]  # fmt: skip
    assert tables["her2-flags"] == [
        ["her2_flags", "B", "2"], ["her2_flags", "ULTRALOW_UNKNOWN", "1"], ["her2_flags", "A", "1"],
    ]  # fmt: skip


def test_methods_cite_what_is_there_and_nothing_else(cohort: Cohort) -> None:
    results = compute_results(cohort, ReportSettings(clusters=None))
    blocks = methods_section(results).blocks
    text = " ".join(block.text for block in blocks if isinstance(block, Text))
    cited = next(block.items for block in blocks if isinstance(block, Bullets))
    assert "Kaplan-Meier" not in text
    assert "factorisation" not in text
    assert not any("Brunet" in line for line in cited)
    assert [line.split("]")[0] for line in cited] == [f"[{k + 1}" for k in range(len(cited))]
    assert all(f"{k + 1}" in text for k in range(len(cited)))
    assert all(line.split("] ")[1] in REFERENCES.values() for line in cited)
    study = compute_results(cohort, ReportSettings(clusters=None, her2_rule="zhang2022"))
    other = " ".join(block.text for block in methods_section(study).blocks if isinstance(block, Text))
    assert "differs from ASCO/CAP 2018" in other
    assert "differs from ASCO/CAP 2018" not in text


def test_findings_count_crude_and_adjusted_below_the_bound(cohort: Cohort) -> None:
    results = compute_results(cohort, ReportSettings(clusters=None))
    rows = [
        {"family": "gene", "contrast": "zero-low", "feature": f, "p_value": p, "q_value": q, "adj_q": a}
        for f, p, q, a in (
            ("A", 0.001, 0.01, 0.2),
            ("B", 0.01, 0.04, 0.01),
            ("C", 0.5, 0.5, 0.5),
            ("D", None, None, None),
        )
    ]
    table = schema.conform(pd.DataFrame(rows).assign(stratum="all"), schema.ASSOCIATION)
    assert not isinstance(results.comparison, NotRun)
    changed = replace(results, comparison=replace(results.comparison, association=table), pathways=NotRun("x"))
    found = findings_by_family(changed)
    assert found.to_numpy().tolist() == [["gene", "2 (1) of 3"]]
