"""The report of a cohort as one page."""

from __future__ import annotations

from her2genomics.report.cohort_results import CohortResults
from her2genomics.report.html import Page
from her2genomics.report.methods_text import limits_section, methods_section
from her2genomics.report.sections_cohort import (
    glance_section,
    her2_section,
    inclusion_section,
    run_section,
    table1_section,
)
from her2genomics.report.sections_genes import (
    clusters_section,
    comparison_section,
    landscape_section,
    pathways_section,
)
from her2genomics.report.sections_outcome import response_section, survival_section
from her2genomics.report.sections_quality import quality_section

_SECTIONS = (
    glance_section,
    run_section,
    inclusion_section,
    quality_section,
    her2_section,
    table1_section,
    landscape_section,
    comparison_section,
    pathways_section,
    clusters_section,
    survival_section,
    response_section,
    methods_section,
    limits_section,
)


def cohort_page(results: CohortResults) -> Page:
    """Return the page of a cohort: what was run, who is in it, and every result, or the reason why there is none.

    Parameters
    ----------
    results
        As `workflow.report_files.compute_results` makes them.
    """
    software = results.manifest["software"]
    n = len(results.cohort.samples)
    return Page(
        title=results.title,
        subtitle=f"{n:,} samples, {len(results.cohort.genes):,} genes; groups by {results.group}",
        sections=[section(results) for section in _SECTIONS],
        date=results.date,
        footer=f"Made by {software['name']} {software['version']}. Research use only.",
    )
