"""her2genomics: somatic panel sequencing of breast cancer by HER2 status (research use only).

Everything a command does is a call on tables that can be imported from here::

    import her2genomics as h2g

    status = h2g.classify_her2(h2g.read_clinical("clinical.tsv").table)
    cohort = h2g.cohort_from_table(h2g.read_table("cohort.tsv"))
    result = h2g.compare_groups(cohort)

The import is light: a name loads its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES: dict[str, str] = {
    "compare_erbb2": "agreement.erbb2",
    "compare_specimens": "agreement.specimens",
    "compare_readers": "agreement.readers",
    "MarkerAnalysis": "biomarkers.analysis",
    "analyse_markers": "biomarkers.analysis",
    "associate_markers": "biomarkers.associations",
    "audit_tables": "audit.rows",
    "Classification": "classify",
    "classify_table": "classify",
    "ClusterSettings": "cluster",
    "Clusters": "cluster",
    "cluster_cohort": "cluster",
    "Cohort": "cohort",
    "cohort_from_table": "cohort",
    "MolecularTables": "cohort_build",
    "build_cohort": "cohort_build",
    "Comparison": "compare",
    "compare_groups": "compare",
    "comparison_figure": "report.comparison_figures",
    "pathway_dots": "report.pathway_dots",
    "Her2GenomicsError": "exceptions",
    "Her2GenomicsWarning": "exceptions",
    "map_segments_to_genes": "copynumber",
    "classify_her2": "her2",
    "compare_rules": "her2",
    "classify_hr": "receptors",
    "classify_subtype": "receptors",
    "ResponseQuestion": "outcome.response_result",
    "analyse_response": "outcome.response",
    "parse_regimen": "outcome.regimen",
    "SurvivalAnalysis": "outcome.survival_result",
    "SurvivalSettings": "outcome.survival",
    "analyse_survival": "outcome.survival",
    "SurvivalQuestion": "outcome.survival_question",
    "prepare_survival": "outcome.survival_data",
    "fit_cox": "stats.survival_cox",
    "kaplan_meier": "stats.survival_curves",
    "log_rank": "stats.survival_tests",
    "survival_of_cohort": "workflow.outcome_files",
    "read_clinical": "io.clinical",
    "read_followup": "io.clinical",
    "read_alterations": "io.alterations",
    "read_maf": "io.maf",
    "read_bed": "io.panels",
    "read_seg": "io.segments",
    "read_gene_cna": "io.segments",
    "read_structural": "io.structural",
    "read_table": "io.tables",
    "read_vcf": "io.vcf",
    "write_table": "io.write",
    "Panel": "panel",
    "list_panels": "panel",
    "load_panel": "panel",
    "PathwayComparison": "pathway_comparison",
    "PathwaySettings": "comparison.pathways",
    "choose_pathways": "pathways",
    "compare_pathways": "pathway_comparison",
    "find_pairs": "exclusivity",
    "read_gmt": "io.gmt",
    "score_pathways": "pathways",
    "Table1": "table1.model",
    "make_table1": "table1.build",
    "draw_coamplification": "report.coamplification",
    "draw_flow": "report.flow",
    "draw_lollipop": "report.lollipop",
    "draw_oncoprint": "report.oncoprint",
    "PredictQuestion": "predict.analysis",
    "Prediction": "predict.analysis",
    "fit_predictor": "predict.analysis",
    "apply_model": "predict.model",
    "PredictSettings": "predict.nested",
    "compute_tmb": "tmb",
    "fit_nmf": "stats.nmf",
    "load_cohort": "workflow.inputs",
    "load_study": "workflow.inputs",
    "call_copy_number": "gene_calls",
    "build_reference": "normals",
    "segment_ratios": "segmentation",
    "plot_profile": "report.copy_number_figures",
    "plot_gene": "report.copy_number_figures",
    "coverage_of_file": "workflow.coverage_files",
}

__all__ = sorted([*_HOMES, "__version__"])

if TYPE_CHECKING:
    from her2genomics.agreement.erbb2 import compare_erbb2 as compare_erbb2
    from her2genomics.agreement.readers import compare_readers as compare_readers
    from her2genomics.agreement.specimens import compare_specimens as compare_specimens
    from her2genomics.audit.rows import audit_tables as audit_tables
    from her2genomics.biomarkers.analysis import MarkerAnalysis as MarkerAnalysis
    from her2genomics.biomarkers.analysis import analyse_markers as analyse_markers
    from her2genomics.biomarkers.associations import associate_markers as associate_markers
    from her2genomics.classify import Classification as Classification
    from her2genomics.classify import classify_table as classify_table
    from her2genomics.cluster import Clusters as Clusters
    from her2genomics.cluster import ClusterSettings as ClusterSettings
    from her2genomics.cluster import cluster_cohort as cluster_cohort
    from her2genomics.cohort import Cohort as Cohort
    from her2genomics.cohort import cohort_from_table as cohort_from_table
    from her2genomics.cohort_build import MolecularTables as MolecularTables
    from her2genomics.cohort_build import build_cohort as build_cohort
    from her2genomics.compare import Comparison as Comparison
    from her2genomics.compare import compare_groups as compare_groups
    from her2genomics.comparison.pathways import PathwaySettings as PathwaySettings
    from her2genomics.copynumber import map_segments_to_genes as map_segments_to_genes
    from her2genomics.exceptions import Her2GenomicsError as Her2GenomicsError
    from her2genomics.exceptions import Her2GenomicsWarning as Her2GenomicsWarning
    from her2genomics.exclusivity import find_pairs as find_pairs
    from her2genomics.gene_calls import call_copy_number as call_copy_number
    from her2genomics.her2 import classify_her2 as classify_her2
    from her2genomics.her2 import compare_rules as compare_rules
    from her2genomics.io.alterations import read_alterations as read_alterations
    from her2genomics.io.clinical import read_clinical as read_clinical
    from her2genomics.io.clinical import read_followup as read_followup
    from her2genomics.io.gmt import read_gmt as read_gmt
    from her2genomics.io.maf import read_maf as read_maf
    from her2genomics.io.panels import read_bed as read_bed
    from her2genomics.io.segments import read_gene_cna as read_gene_cna
    from her2genomics.io.segments import read_seg as read_seg
    from her2genomics.io.structural import read_structural as read_structural
    from her2genomics.io.tables import read_table as read_table
    from her2genomics.io.vcf import read_vcf as read_vcf
    from her2genomics.io.write import write_table as write_table
    from her2genomics.normals import build_reference as build_reference
    from her2genomics.outcome.regimen import parse_regimen as parse_regimen
    from her2genomics.outcome.response import analyse_response as analyse_response
    from her2genomics.outcome.response_result import ResponseQuestion as ResponseQuestion
    from her2genomics.outcome.survival import SurvivalSettings as SurvivalSettings
    from her2genomics.outcome.survival import analyse_survival as analyse_survival
    from her2genomics.outcome.survival_data import prepare_survival as prepare_survival
    from her2genomics.outcome.survival_question import SurvivalQuestion as SurvivalQuestion
    from her2genomics.outcome.survival_result import SurvivalAnalysis as SurvivalAnalysis
    from her2genomics.panel import Panel as Panel
    from her2genomics.panel import list_panels as list_panels
    from her2genomics.panel import load_panel as load_panel
    from her2genomics.pathway_comparison import PathwayComparison as PathwayComparison
    from her2genomics.pathway_comparison import compare_pathways as compare_pathways
    from her2genomics.pathways import choose_pathways as choose_pathways
    from her2genomics.pathways import score_pathways as score_pathways
    from her2genomics.predict.analysis import Prediction as Prediction
    from her2genomics.predict.analysis import PredictQuestion as PredictQuestion
    from her2genomics.predict.analysis import fit_predictor as fit_predictor
    from her2genomics.predict.model import apply_model as apply_model
    from her2genomics.predict.nested import PredictSettings as PredictSettings
    from her2genomics.receptors import classify_hr as classify_hr
    from her2genomics.receptors import classify_subtype as classify_subtype
    from her2genomics.report.coamplification import draw_coamplification as draw_coamplification
    from her2genomics.report.comparison_figures import comparison_figure as comparison_figure
    from her2genomics.report.copy_number_figures import plot_gene as plot_gene
    from her2genomics.report.copy_number_figures import plot_profile as plot_profile
    from her2genomics.report.flow import draw_flow as draw_flow
    from her2genomics.report.lollipop import draw_lollipop as draw_lollipop
    from her2genomics.report.oncoprint import draw_oncoprint as draw_oncoprint
    from her2genomics.report.pathway_dots import pathway_dots as pathway_dots
    from her2genomics.segmentation import segment_ratios as segment_ratios
    from her2genomics.stats.nmf import fit_nmf as fit_nmf
    from her2genomics.stats.survival_cox import fit_cox as fit_cox
    from her2genomics.stats.survival_curves import kaplan_meier as kaplan_meier
    from her2genomics.stats.survival_tests import log_rank as log_rank
    from her2genomics.table1.build import make_table1 as make_table1
    from her2genomics.table1.model import Table1 as Table1
    from her2genomics.tmb import compute_tmb as compute_tmb
    from her2genomics.workflow.coverage_files import coverage_of_file as coverage_of_file
    from her2genomics.workflow.inputs import load_cohort as load_cohort
    from her2genomics.workflow.inputs import load_study as load_study
    from her2genomics.workflow.outcome_files import survival_of_cohort as survival_of_cohort


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("her2genomics")
    if name not in _HOMES:
        raise AttributeError(f"module 'her2genomics' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"her2genomics.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
