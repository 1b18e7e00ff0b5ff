"""The report of a cohort: what it holds, why a section is not run, and the same bytes twice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.cohort import ATTRITION_COLUMNS, Cohort, cohort_from_table
from her2genomics.compare import compare_groups
from her2genomics.comparison.pathways import PathwaySettings
from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.provenance import sha256_of
from her2genomics.report.cohort_page import cohort_page
from her2genomics.report.cohort_results import NotRun
from her2genomics.report.html import NotMade, Section, Text, render_page
from her2genomics.workflow.report_files import (
    ReportSettings,
    RunTables,
    compute_results,
    read_attrition,
    read_run_tables,
    study_beside,
    work_units,
    write_report,
)
from her2genomics.workflow.stored_results import StoredResults

QUICK = ReportSettings(clusters=None)
N = 60


def wide_table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(N)],
            "her2_group": np.repeat(["HER2-zero", "HER2-low", "HER2-positive"], N // 3),
            "hr_status": rng.choice(["positive", "negative"], N),
            "age": rng.integers(30, 80, N),
        }
    )
    for gene in ("TP53", "PIK3CA", "ERBB2"):
        table[gene] = rng.choice(["WT", "WT", "missense", "amplification"], N)
    return table


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return cohort_from_table(wide_table())


def section(cohort: Cohort, name: str, settings: ReportSettings = QUICK, **more: object) -> Section:
    page = cohort_page(compute_results(cohort, settings, **more))  # type: ignore[arg-type]
    return next(found for found in page.sections if found.section_id == name)


def reasons(found: Section) -> list[str]:
    return [block.reason for block in found.blocks if isinstance(block, NotMade)]


def test_sections_that_cannot_be_made_say_why(cohort: Cohort) -> None:
    page = cohort_page(compute_results(cohort, QUICK))
    said = {found.section_id: reasons(found) for found in page.sections if found.not_made}
    assert said == {
        "quality": ["no result folder was given (--results)"],
        "clusters": ["switched off (--no-clusters)"],
        "survival": ["no survival columns (dfs_months and dfs_event or os_months and os_event)"],
        "response": ["no response column (pcr)"],
    }
    assert reasons(next(s for s in page.sections if s.section_id == "inclusion")) == [
        "no table of attrition: give --attrition attrition.tsv, which her2g cohort build writes"
    ]


def test_an_analysis_that_fails_leaves_its_reason_and_the_others_stand() -> None:
    table = wide_table().assign(her2_group="HER2-low", pcr=1)
    page = cohort_page(compute_results(cohort_from_table(table), QUICK))
    said = {found.section_id: reasons(found)[0] for found in page.sections if found.not_made}
    assert "group" in said["table1"]
    assert "group" in said["comparison"]
    assert "response" in said
    assert "landscape" not in said


def test_a_cohort_without_genes_has_its_clinical_results() -> None:
    table = wide_table().drop(columns=["TP53", "PIK3CA", "ERBB2"])
    results = compute_results(cohort_from_table(table), QUICK)
    assert isinstance(results.oncoprint, NotRun)
    assert isinstance(results.pathways, NotRun)
    assert not isinstance(results.table1, NotRun)
    assert not isinstance(results.comparison, NotRun)
    cohort_page(results)


def test_the_same_bytes_twice_and_no_date_unless_given(cohort: Cohort, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        write_report(cohort, tmp_path / name, QUICK)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert 'class="date"' not in text
    assert str(tmp_path) not in text
    write_report(cohort, tmp_path / "c.html", ReportSettings(clusters=None, date="2026-01-31"))
    assert '<p class="date">2026-01-31</p>' in (tmp_path / "c.html").read_text(encoding="utf-8")


def test_progress_reaches_what_was_announced(cohort: Cohort) -> None:
    done: list[int] = []
    compute_results(cohort, QUICK, progress=done.append)
    assert sum(done) == work_units(QUICK)


def test_a_comparison_that_is_there_is_not_made_again_and_pathways_stand_once(cohort: Cohort) -> None:
    made = compare_groups(cohort, pathways=PathwaySettings())
    results = compute_results(cohort, QUICK, stored=StoredResults(comparison=made))
    assert not isinstance(results.comparison, NotRun)
    families = set(results.comparison.association["family"])
    assert families == set(made.association["family"]) - {"pathway", "pathway_without_hubs"}
    again = compute_results(cohort, QUICK)
    assert render_page(cohort_page(again)) == render_page(cohort_page(results))


def test_the_tables_of_a_run_are_shown_and_checked(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "left_out.tsv").write_text("sample_id\tstep\treason\nS99\tcnv\tno reference for its kit\n")
    run = read_run_tables(tmp_path)
    assert run.sample_qc == NotRun("no sample_qc.tsv in the folder of results")
    found = section(cohort, "inclusion", run=run)
    assert any("S99" in row for block in found.blocks for row in getattr(block, "rows", []))
    (tmp_path / "tmb.tsv").write_text("sample_id\tn_counted\nS1\t3\n")
    with pytest.raises(SchemaError, match="denominator_mb"):
        read_run_tables(tmp_path)
    with pytest.raises(FileFormatError, match="no such folder"):
        read_run_tables(tmp_path / "nowhere")


def test_called_copy_number_is_shown_the_rest_is_counted(cohort: Cohort) -> None:
    calls = pd.DataFrame(
        {"sample_id": ["S1"] * 4, "gene": list("ABCD"), "cna": pd.array([2, 1, -2, pd.NA], dtype="Int64")}
    )
    found = section(cohort, "quality", run=RunTables(gene_cna=calls))
    table = next(block for block in found.blocks if getattr(block, "table_id", "") == "gene-cna")
    assert [row[1] for row in table.rows] == ["A", "C"]  # type: ignore[attr-defined]
    assert "(2 of 4 genes x samples)" in table.caption  # type: ignore[attr-defined]


def test_burden_keeps_the_digits_of_its_denominator_and_says_its_definition_once(cohort: Cohort) -> None:
    burden = schema.conform(
        pd.DataFrame(
            {"sample_id": ["S1", "S2"], "n_counted": [4, 0], "denominator_mb": 1.003, "denominator_source": "panel",
             "tmb": [3.98804, 0.0], "garwood_lo": [1.08661, 0.0], "garwood_hi": [10.2110, 3.67785], "status": "evaluable",
             "definition": "non-synonymous over the panel"}
        ), schema.TMB,
    )  # fmt: skip
    found = section(cohort, "quality", run=RunTables(tmb=burden))
    table = next(block for block in found.blocks if getattr(block, "table_id", "") == "tmb")
    assert table.rows[0][:5] == ["S1", "4", "1.003 (panel)", "3.99", "1.09 to 10.2"]  # type: ignore[attr-defined]
    said = [block.text for block in found.blocks if isinstance(block, Text)]
    assert said == ["Burden, as counted: non-synonymous over the panel"]


def test_provenance_has_the_checksums_of_what_was_read(cohort: Cohort, tmp_path: Path) -> None:
    file = tmp_path / "cohort.tsv"
    wide_table().to_csv(file, sep="\t", index=False)
    found = section(cohort, "run", inputs=[file])
    shown = [cell for block in found.blocks for row in getattr(block, "rows", []) for cell in row]
    assert sha256_of(file) in shown
    assert "cohort.tsv" in shown


def test_a_study_folder_brings_its_attrition_and_manifest(tmp_path: Path) -> None:
    assert study_beside(tmp_path / "cohort.tsv") == (None, None)
    rows = [("inclusion", "adults", 10, 2, 8, ""), ("reading MAF", "silent", pd.NA, 3, pd.NA, "")]
    pd.DataFrame(rows, columns=ATTRITION_COLUMNS).to_csv(tmp_path / "attrition.tsv", sep="\t", index=False, na_rep="NA")
    (tmp_path / "manifest.json").write_text(json.dumps({"command": "survival"}))
    attrition, built = study_beside(tmp_path / "cohort.tsv")
    assert built is None, "another command's manifest says nothing of the cohort"
    assert attrition is not None
    assert attrition["n_dropped"].tolist() == [2, 3]
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(FileFormatError, match="not a manifest"):
        study_beside(tmp_path / "cohort.tsv")
    (tmp_path / "other.tsv").write_text("a\n1\n")
    with pytest.raises(SchemaError, match="attrition"):
        read_attrition(tmp_path / "other.tsv")


def test_warnings_of_an_analysis_stand_in_its_section() -> None:
    table = wide_table().assign(dfs_months=np.linspace(1, 60, N), dfs_event=[1] * 5 + [0] * (N - 5))
    results = compute_results(cohort_from_table(table), QUICK)
    assert not isinstance(results.survival, NotRun)
    page = cohort_page(results)
    for name, told in results.warnings.items():
        assert told, name
    assert "survival" in [found.section_id for found in page.sections if not found.not_made]


def test_the_command_writes_one_file_and_warns_of_patients(tmp_path: Path) -> None:
    cohort_file = tmp_path / "cohort.tsv"
    wide_table().assign(patient_name="A. Nobody", mrn="123").to_csv(cohort_file, sep="\t", index=False)
    out = tmp_path / "page" / "report.html"
    out.parent.mkdir()
    result = CliRunner().invoke(
        cli, ["report", str(cohort_file), "--out", str(out), "--no-clusters", "--title", "<Ours>"]
    )
    assert result.exit_code == 0, result.output
    text = out.read_text(encoding="utf-8")
    assert "<title>&lt;Ours&gt;</title>" in text
    assert "patient_name" in result.output
    assert "mrn (looks like a record number)" in text
    assert "A. Nobody" not in text
    assert list(out.parent.iterdir()) == [out]


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    missing = CliRunner().invoke(cli, ["report", str(tmp_path / "none.tsv"), "--out", str(tmp_path / "r.html")])
    assert missing.exit_code == 1
    assert missing.output.count("\n") == 1
    assert not (tmp_path / "r.html").exists()
