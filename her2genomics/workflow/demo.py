"""The main job on the example cohort: classify, join, compare."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from her2genomics.compare import Comparison, compare_groups
from her2genomics.comparison.pathways import PathwaySettings
from her2genomics.workflow.inputs import StudyFiles, StudySettings, load_study, write_study
from her2genomics.workflow.report_files import ReportSettings, write_report
from her2genomics.workflow.stored_results import StoredResults

STATUS = ["sample_id", "her2_group", "her2_tier4", "her2_flags", "her2_reason", "hr_status", "subtype"]
FIXTURE = (
    "The example is a fixture: simulated patients whose margins were built to equal a published study's. Nothing in it "
    "was measured."
)


@dataclass(frozen=True)
class DemoResult:
    """Tables of the demo by file name, the comparison, and the files written."""

    tables: dict[str, pd.DataFrame]
    comparison: Comparison
    files: list[Path]


def example_folder() -> Path:
    """Return the example cohort, inside the installed package or in the checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "examples" / "gdph_like"
    return inside if inside.is_dir() else package.parent / "examples" / "gdph_like"


def run_demo(folder: str | os.PathLike[str]) -> DemoResult:
    """Run the main job on the example cohort and write every table, and the report, into ``folder``.

    The example is a fixture: its margins were built to equal a published study's.
    """
    example = example_folder()
    files = StudyFiles(
        clinical=example / "clinical.tsv",
        alterations=example / "alterations.tsv",
        tmb=example / "tmb.tsv",
        profiled=example / "profiled.txt",
    )
    settings = StudySettings(min_vaf=0.02)
    cohort = load_study(files, settings)
    comparison = compare_groups(cohort, pathways=PathwaySettings())
    out = Path(folder)
    tables = {
        "her2_status.tsv": cohort.samples[STATUS],
        "association.tsv": comparison.association,
        "contingency.tsv": comparison.contingency,
    }
    page = out / "report.html"
    report = ReportSettings(
        title="The example cohort",
        clusters=None,
        no_clusters="left out of the demo, as they take longest: her2g report cohort.tsv --out report.html",
    )
    write_report(
        cohort, page, report, inputs=files.listed(), stored=StoredResults(comparison=comparison), remarks=[FIXTURE]
    )
    written = write_study(cohort, out, files, settings, tables, already=[page])
    return DemoResult(tables, comparison, written)
