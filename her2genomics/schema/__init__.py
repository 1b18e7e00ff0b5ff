"""Every table's columns, declared once: name, type, unit, range, vocabulary, meaning, key.

`check` stands at the door of every step that takes a table from outside; `empty` makes a table of the right types;
`render_markdown` writes the column tables of the documentation (a test compares them), so that a column is described
in one place only.

Types are the nullable ones of pandas, because missing is missing: ``string``, ``int``, ``float``, ``bool``.  pandas
itself is imported by the functions that make or check a table: a command that only names columns starts without it.
"""

from __future__ import annotations

from her2genomics.schema import clusters, cohort, comparison, manifest, markers, outcome, run, sequencing
from her2genomics.schema.clusters import (
    CLUSTER_FEATURES,
    CLUSTER_TESTS,
    NMF_ASSIGNMENTS,
    NMF_RANK_SELECTION,
)
from her2genomics.schema.cohort import (
    ALTERATIONS,
    CLINICAL,
    ERBB2_STATUS,
    GENE_PANEL_MATRIX,
    HER2_STATUS,
)
from her2genomics.schema.comparison import (
    ASSOCIATION,
    AUDIT,
    BALANCE,
    CONTINGENCY,
    EVENT_PAIRS,
    PATHWAY_ALTERATIONS,
    PATHWAY_COVERAGE,
    PATHWAY_GENES,
    TABLE1_TESTS,
    TABLE1_VALUES,
)
from her2genomics.schema.manifest import CHECK_STATUSES, MANIFEST_CHECK
from her2genomics.schema.markers import (
    AGREEMENT,
    AGREEMENT_COUNTS,
    MARKER_ACCURACY,
    MARKER_ASSOCIATION,
    MARKER_CALIBRATION,
    MARKER_CALIBRATION_GROUPS,
    MARKER_CORRELATION,
    MARKER_DECISION,
    MARKER_DISTRIBUTION,
    MARKER_PAIRS,
    MARKER_ROC,
    PREDICTION,
    PREDICTION_CALIBRATION,
    PREDICTION_CASCADE,
    PREDICTION_CONFUSION,
    PREDICTION_IMPORTANCE,
    PREDICTION_ROC,
    PREDICTION_SAMPLES,
)
from her2genomics.schema.outcome import (
    AT_RISK,
    COX,
    KM_CURVES,
    LEFT_OUT,
    LOGRANK,
    PH_TEST,
    REGIMENS,
    RELAPSE_RATIO,
    RELAPSE_RATIO_TEST,
    RESPONSE,
    RESPONSE_ADJUSTED,
    RESPONSE_RATES,
    RMST,
    SURVIVAL,
)
from her2genomics.schema.run import RUN_PLAN, RUN_SAMPLES, RUN_STEPS
from her2genomics.schema.sequencing import (
    CNV_QC,
    COVERAGE,
    FILTER_COUNTS,
    GENE_CNA,
    MUTATIONS,
    REFERENCE_BINS,
    REFERENCE_NORMALS,
    REFERENCE_NULL,
    SAMPLE_QC,
    SEGMENTS,
    TARGETS,
    TMB,
)
from her2genomics.schema.tables import (
    DTYPES,
    Column,
    TableSchema,
    check,
    conform,
    empty,
    render_markdown,
)
from her2genomics.schema.vocabulary import (
    ALTERATION_CLASSES,
    ASCO_CAP_CATEGORIES,
    AUDIT_VERDICTS,
    COPY_NUMBER_CLASSES,
    HER2_GROUPS,
    HER2_TIERS,
    IHC_SCORES,
    MUTATION_CLASSES,
    STRUCTURAL_CLASSES,
)

_FAMILIES = (sequencing, cohort, comparison, outcome, markers, clusters, manifest, run)
SCHEMAS: dict[str, TableSchema] = {
    found.name: found for family in _FAMILIES for found in vars(family).values() if isinstance(found, TableSchema)
}
"""Every declared table by name, family by family."""

__all__ = [
    "AGREEMENT",
    "AGREEMENT_COUNTS",
    "ALTERATIONS",
    "ALTERATION_CLASSES",
    "ASCO_CAP_CATEGORIES",
    "ASSOCIATION",
    "AT_RISK",
    "AUDIT",
    "AUDIT_VERDICTS",
    "BALANCE",
    "CHECK_STATUSES",
    "CLINICAL",
    "CLUSTER_FEATURES",
    "CLUSTER_TESTS",
    "CNV_QC",
    "CONTINGENCY",
    "COPY_NUMBER_CLASSES",
    "COVERAGE",
    "COX",
    "DTYPES",
    "ERBB2_STATUS",
    "EVENT_PAIRS",
    "FILTER_COUNTS",
    "GENE_CNA",
    "GENE_PANEL_MATRIX",
    "HER2_GROUPS",
    "HER2_STATUS",
    "HER2_TIERS",
    "IHC_SCORES",
    "KM_CURVES",
    "LEFT_OUT",
    "LOGRANK",
    "MANIFEST_CHECK",
    "MARKER_ACCURACY",
    "MARKER_ASSOCIATION",
    "MARKER_CALIBRATION",
    "MARKER_CALIBRATION_GROUPS",
    "MARKER_CORRELATION",
    "MARKER_DECISION",
    "MARKER_DISTRIBUTION",
    "MARKER_PAIRS",
    "MARKER_ROC",
    "MUTATIONS",
    "MUTATION_CLASSES",
    "NMF_ASSIGNMENTS",
    "NMF_RANK_SELECTION",
    "PATHWAY_ALTERATIONS",
    "PATHWAY_COVERAGE",
    "PATHWAY_GENES",
    "PH_TEST",
    "PREDICTION",
    "PREDICTION_CALIBRATION",
    "PREDICTION_CASCADE",
    "PREDICTION_CONFUSION",
    "PREDICTION_IMPORTANCE",
    "PREDICTION_ROC",
    "PREDICTION_SAMPLES",
    "REFERENCE_BINS",
    "REFERENCE_NORMALS",
    "REFERENCE_NULL",
    "REGIMENS",
    "RELAPSE_RATIO",
    "RELAPSE_RATIO_TEST",
    "RESPONSE",
    "RESPONSE_ADJUSTED",
    "RESPONSE_RATES",
    "RMST",
    "RUN_PLAN",
    "RUN_SAMPLES",
    "RUN_STEPS",
    "SAMPLE_QC",
    "SCHEMAS",
    "SEGMENTS",
    "STRUCTURAL_CLASSES",
    "SURVIVAL",
    "TABLE1_TESTS",
    "TABLE1_VALUES",
    "TARGETS",
    "TMB",
    "Column",
    "TableSchema",
    "check",
    "conform",
    "empty",
    "render_markdown",
]
