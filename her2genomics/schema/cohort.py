"""Tables of a cohort: clinical data, HER2 status, alterations, what was profiled."""

from __future__ import annotations

from her2genomics.schema.tables import TableSchema, column
from her2genomics.schema.vocabulary import ALTERATION_CLASSES, ASCO_CAP_CATEGORIES, HER2_GROUPS, HER2_TIERS

CLINICAL = TableSchema("clinical", "One row per sample: what the pathologist and the clinic recorded.", (
    column("sample_id", "string", "sample", key=True),
    column("patient_id", "string", "patient", required=False),
    column("panel_id", "string", "assay that profiled the sample: a panel's name, or exome for all genes", required=False),
    column("sample_type", "string", "primary, metastasis, plasma, normal", required=False),
    column("sex", "string", "female or male", choices=("female", "male"), required=False),
    column("age", "float", "age at diagnosis", "years", low=0, high=120, required=False),
    column("ihc", "string", "HER2 immunohistochemistry score as written (0, 1+, 2+, 3+)", required=False),
    column("ihc_membrane_pct", "float", "tumour cells with membrane staining", "%", low=0, high=100, required=False),
    column("ihc_assay", "string", "antibody or kit of the HER2 IHC", required=False),
    column("ish_assay", "string", "dual, single, reported (text only), none", required=False),
    column("fish_ratio", "float", "HER2/CEP17 ratio", required=False),
    column("fish_her2_cn", "float", "mean HER2 signals", "per cell", required=False),
    column("fish_cep17_cn", "float", "mean CEP17 signals", "per cell", required=False),
    column("fish_cells", "float", "nuclei counted", low=0, required=False),
    column("ish_reported", "string", "ISH result as reported: positive, negative, equivocal", required=False),
    column("recount", "string", "blinded recount: confirmed, or changed_to_groupN", required=False),
    column("er_pct", "float", "ER-positive tumour cells", "%", low=0, high=100, required=False),
    column("pr_pct", "float", "PR-positive tumour cells", "%", low=0, high=100, required=False),
    column("ki67_pct", "float", "Ki67-positive tumour cells", "%", low=0, high=100, required=False),
    column("er_status", "string", "positive or negative", choices=("positive", "negative"), required=False),
    column("pr_status", "string", "positive or negative", choices=("positive", "negative"), required=False),
    column("grade", "string", "histological grade", required=False),
    column("stage", "string", "pathological stage", required=False),
    column("histology", "string", "histological type", required=False),
    column("menopause", "string", "menopausal status", required=False),
    column("purity", "float", "tumour cell fraction", "0-1", low=0, high=1, required=False),
    column("tmb", "float", "tumour mutational burden", "mut/Mb", low=0, required=False),
    column("os_months", "float", "overall survival time", "months", low=0, required=False),
    column("os_event", "bool", "death", required=False),
    column("dfs_months", "float", "disease-free survival time", "months", low=0, required=False),
    column("dfs_event", "bool", "relapse or progression", required=False),
    column("pcr", "bool", "pathological complete response", required=False),
), files="clinical.tsv, data_clinical_sample.txt")  # fmt: skip

HER2_STATUS = TableSchema("her2_status", "HER2 result per sample, with the reason.", (
    column("sample_id", "string", "sample", key=True),
    column("asco_cap_2018", "string", "ASCO/CAP 2018 result", choices=ASCO_CAP_CATEGORIES),
    column("her2_group", "string", "HER2-zero < HER2-low < HER2-positive; missing = indeterminate", choices=HER2_GROUPS),
    column("her2_tier4", "string", "therapeutic tier with HER2-ultralow", choices=HER2_TIERS),
    column("her2_flags", "string", "things to look at, ;-joined"),
    column("her2_reason", "string", "what decided, e.g. IHC 2+, ISH group 5"),
))  # fmt: skip

ERBB2_STATUS = TableSchema("erbb2_status", "ERBB2 by sequencing or array beside the pathologist's result (columns of cohort.tsv).", (
    column("sample_id", "string", "sample", key=True),
    column("erbb2_log2", "float", "log2 ratio of ERBB2", "log2", required=False),
    column("erbb2_cna", "int", "discrete copy number of ERBB2", low=-2, high=2),
    column("concordant", "bool", "ERBB2 amplified if and only if HER2-positive; missing where either is"),
))  # fmt: skip

ALTERATIONS = TableSchema("alterations", "Long table of altered genes, one row per event.", (
    column("sample_id", "string", "sample"),
    column("gene", "string", "gene symbol"),
    column("alteration", "string", "class of alteration", choices=ALTERATION_CLASSES),
    column("detail", "string", "protein change, log2, partner gene", required=False),
    column("exon", "int", "coding exon number", low=1, required=False),
    column("vaf", "float", "variant allele fraction", "0-1", low=0, high=1, required=False),
    column("is_hotspot", "bool", "recurrent residue", required=False),
    column("event", "string", "amplicon that the copy-number change belongs to", required=False),
), files="alterations.tsv")  # fmt: skip

GENE_PANEL_MATRIX = TableSchema("gene_panel_matrix", "Which assay profiled a sample.", (
    column("sample_id", "string", "sample", key=True),
    column("mutations", "string", "panel id, exome, or missing = not profiled", required=False),
    column("cna", "string", "panel id, exome, or missing = not profiled", required=False),
), files="data_gene_panel_matrix.txt")  # fmt: skip

SAMPLES_LEFT_OUT = TableSchema("samples_left_out", "Samples of a run that are missing from its cohort.", (
    column("sample_id", "string", "sample", key=True),
    column("step", "string", "step at which it was lost", key=True),
    column("reason", "string", "why"),
), files="left_out.tsv")  # fmt: skip
