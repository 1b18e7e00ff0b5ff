"""Which names of clinical columns, and which words in them, are understood: the whole list, nothing else is guessed.

Names are compared by :func:`her2genomics.io.column_names.name_key` (no case, blanks or punctuation; ``%`` = percent).
Deliberately absent: ``her2`` and ``her2_status`` (score, call or group?), ``her2_status_by_ihc`` (positive and negative
cannot be split into scores), ``ki67_status``, ``pfs_*`` and ``rfs_*`` (other endpoints than DFS), ``survival`` and
``os_time`` (no unit), ``pgr`` and ``esr1`` (genes in a cohort table).
"""

from __future__ import annotations

from her2genomics.io.column_names import Synonyms

CLINICAL_SYNONYMS: Synonyms = {
    "sample_id": ("sample", "sample_barcode", "tumor_sample_barcode", "tumour_sample_barcode", "sample_name",
                  "tumor_sample_id", "bcr_sample_barcode", "specimen_id", "sample_identifier"),
    "patient_id": ("patient", "bcr_patient_barcode", "patient_identifier", "case_id", "case_submitter_id", "subject_id",
                   "participant_id", "cases.submitter_id", "submitter_id", "patient_barcode"),
    "panel_id": ("panel", "gene_panel", "seq_assay_id", "sequencing_panel"),
    "sample_type": ("specimen_type", "tissue_type", "tumor_sample_type"),
    "sex": ("gender",),
    "age": ("age_years", "age_at_diagnosis", "age_at_diagnosis_years", "diagnosis_age", "age_dx", "age_at_dx",
            "age_at_initial_pathologic_diagnosis", "patient_age"),
    "ihc": ("her2_ihc", "her2_ihc_score", "ihc_her2_score", "her2_ihc_result", "her2_score", "ihc_score_her2",
            "her2_immunohistochemistry_score", "her2_immunohistochemistry_level_result", "ihc_score"),
    "ihc_membrane_pct": ("her2_ihc_membrane_pct", "her2_membrane_pct", "her2_ihc_pct", "ihc_pct",
                         "her2_membrane_staining_pct"),
    "ihc_assay": ("her2_ihc_assay", "her2_antibody", "ihc_antibody", "her2_ihc_antibody", "her2_ihc_clone",
                  "her2_clone"),
    "ish_assay": ("fish_assay", "her2_ish_assay", "her2_fish_assay", "ish_probe", "fish_probe", "ish_probes"),
    "fish_ratio": ("her2_fish_ratio", "ish_ratio", "her2_ish_ratio", "her2_cent17_ratio", "her2_cen17_ratio",
                   "her2_cep17_ratio", "her2_chr17_ratio", "her2/cep17", "her2/cen17", "her2/chr17", "her2/cent17",
                   "erbb2/cep17", "erbb2/cep17 ratio", "fish_her2_cep17_ratio", "fish her2/cep17"),
    "fish_her2_cn": ("her2_fish_cn", "her2_copy_number", "fish_her2", "her2_signals", "her2_signals_per_cell",
                     "her2_ish_cn", "fish_her2_copy_number", "her2_fish_copy_number", "average_her2_copy_number",
                     "average_her2_signals_per_cell", "her2_signal_number", "fish_her2_signals"),
    "fish_cep17_cn": ("her2_fish_cep17_cn", "cep17_copy_number", "cent17_copy_number", "cen17_copy_number",
                      "cep17_signals", "cep17_signals_per_cell", "cep17_cn", "fish_cep17", "chr17_copy_number",
                      "average_cep17_copy_number", "average_cep17_signals_per_cell", "fish_cep17_signals"),
    "fish_cells": ("her2_and_cent17_cells_count", "fish_cells_counted", "cells_counted", "nuclei_counted",
                   "fish_nuclei", "her2_cells_counted"),
    "ish_reported": ("fish_status", "her2_fish_status", "her2_ish_status", "ish_status", "ish_result", "fish_result",
                     "her2_ish_result", "her2_fish_result", "her2_fish", "her2_ish", "fish_reported"),
    "recount": ("blinded_recount", "fish_recount", "ish_recount"),
    "er_pct": ("er_positive_pct", "er_ihc_pct", "er_pct_positive", "er_status_ihc_percent_positive",
               "estrogen_receptor_pct", "oestrogen_receptor_pct", "er_staining_pct"),
    "pr_pct": ("pr_positive_pct", "pr_ihc_pct", "pr_pct_positive", "pr_status_ihc_percent_positive", "pgr_pct",
               "progesterone_receptor_pct", "pr_staining_pct"),
    "ki67_pct": ("ki67", "ki67_index", "ki67_labeling_index", "ki67_labelling_index", "ki67_li",
                 "ki67_percent_positive", "ki67_proliferation_index", "ki67_score_pct"),
    "er_status": ("er", "er_ihc", "er_status_by_ihc", "er_status_ihc", "er_ihc_status", "er_result",
                  "estrogen_receptor", "estrogen_receptor_status", "oestrogen_receptor", "oestrogen_receptor_status",
                  "breast_carcinoma_estrogen_receptor_status"),
    "pr_status": ("pr", "pr_ihc", "pr_status_by_ihc", "pr_status_ihc", "pr_ihc_status", "pr_result", "pgr_status",
                  "progesterone_receptor", "progesterone_receptor_status",
                  "breast_carcinoma_progesterone_receptor_status"),
    "grade": ("histological_grade", "histologic_grade", "tumor_grade", "tumour_grade", "nottingham_grade",
              "neoplasm_histologic_grade", "neoplasm_histologic_grade_id"),
    "stage": ("pathologic_stage", "pathological_stage", "ajcc_pathologic_stage", "ajcc_pathologic_tumor_stage",
              "ajcc_stage", "tumor_stage", "tumour_stage", "tnm_stage"),
    "histology": ("histological_type", "histologic_type", "histological_diagnosis", "histologic_diagnosis",
                  "histological_subtype"),
    "menopause": ("menopause_status", "menopausal_status", "inferred_menopausal_state", "menopausal_state"),
    "purity": ("tumor_purity", "tumour_purity", "tumor_cellularity", "tumour_cellularity", "cellularity"),
    "tmb": ("tmb_mut_mb", "tmb_muts_per_mb", "tmb_per_mb", "tmb_nonsynonymous", "tumor_mutational_burden",
            "tumour_mutational_burden", "tumor_mutation_burden"),
    "os_months": ("overall_survival_months", "os_time_months", "overall survival (months)"),
    "os_event": ("os_status", "overall_survival_status", "os_censor_status", "death_event"),
    "dfs_months": ("disease_free_survival_months", "disease_free_months", "dfs_time_months", "disease free (months)"),
    "dfs_event": ("dfs_status", "disease_free_status", "disease_free_survival_status"),
    "pcr": ("pathological_complete_response", "pathologic_complete_response", "pcr_status"),
}  # fmt: skip
"""The package's clinical columns and the names that stand for them."""

UNIT_SYNONYMS: Synonyms = {
    "age_days": ("age_at_diagnosis_days",),
    "os_days": ("overall_survival_days", "os_time_days"),
    "os_years": ("overall_survival_years", "os_time_years"),
    "dfs_days": ("disease_free_survival_days", "disease_free_days", "dfs_time_days"),
    "dfs_years": ("disease_free_survival_years", "disease_free_years", "dfs_time_years"),
}
"""Columns in another unit; converted where the package's own column is absent."""

FOLLOWUP_SYNONYMS: Synonyms = {
    "vital_status": ("patient_vital_status",),
    "days_to_death": ("death_days_to",),
    "days_to_last_followup": ("days_to_last_follow_up", "last_contact_days_to", "days_to_last_known_alive"),
    "days_to_new_tumor_event": ("days_to_new_tumor_event_after_initial_treatment", "new_tumor_event_dx_days_to",
                                "days_to_recurrence", "days_to_relapse"),
}  # fmt: skip
"""Dates of the follow-up forms, in days from diagnosis."""

HER2_AS_WRITTEN: tuple[str, ...] = (
    "ihc", "ihc_membrane_pct", "ish_assay", "fish_ratio", "fish_her2_cn", "fish_cep17_cn", "fish_cells", "ish_reported",
    "recount",
)  # fmt: skip
"""HER2 evidence stays text, with its printed precision and invalid values: the classifier reads it."""

DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25
YEARS_PER_MONTH = 1 / 12

_POSITIVE = ("positive", "pos", "pos.", "+", "1", "yes", "low positive", "low-positive", "weakly positive",
             "strongly positive", "positive (+)", "(+)")  # fmt: skip
_NEGATIVE = ("negative", "neg", "neg.", "-", "0", "no", "negative (-)", "(-)")
_UNDECIDED = (
    "indeterminate",
    "equivocal",
    "borderline",
    "inconclusive",
    "not evaluable",
    "performed but not available",
)
_RECEPTOR = {**dict.fromkeys(_POSITIVE, "positive"), **dict.fromkeys(_NEGATIVE, "negative"),
             **dict.fromkeys(_UNDECIDED, None)}  # fmt: skip

VOCABULARIES: dict[str, dict[str, str | None]] = {
    "er_status": _RECEPTOR,
    "pr_status": _RECEPTOR,
    "sex": {
        **dict.fromkeys(("female", "f", "woman", "women", "w"), "female"),
        **dict.fromkeys(("male", "m", "man", "men"), "male"),
        **dict.fromkeys(("unspecified", "other", "undifferentiated"), None),
    },
}
"""Columns with a closed vocabulary: what is written to what it stands for; None = said, but neither."""

FREE_VOCABULARIES: dict[str, dict[str, str]] = {
    "sample_type": {
        **dict.fromkeys(("primary", "primary tumor", "primary tumour", "primary solid tumor", "01", "primary breast",
                         "breast primary", "primary site"), "primary"),
        **dict.fromkeys(("metastasis", "metastatic", "met", "metastatic site", "distant metastasis", "06"),
                        "metastasis"),
        **dict.fromkeys(("plasma", "ctdna", "cfdna", "liquid biopsy", "blood plasma"), "plasma"),
        **dict.fromkeys(("normal", "solid tissue normal", "blood derived normal", "10", "11"), "normal"),
        **dict.fromkeys(("recurrence", "local recurrence", "recurrent tumor", "recurrent solid tumor", "02"),
                        "recurrence"),
    },
    "menopause": {
        **dict.fromkeys(("pre", "premenopausal", "pre-menopausal", "premenopause", "pre-menopause"), "pre"),
        **dict.fromkeys(("post", "postmenopausal", "post-menopausal", "postmenopause", "post-menopause"), "post"),
        "indeterminate": "indeterminate",
        **dict.fromkeys(("peri", "perimenopausal", "peri-menopausal", "perimenopause", "peri-menopause"), "peri"),
    },
    "grade": {
        **dict.fromkeys(("1", "1.0", "g1", "grade 1", "i", "grade i", "gi"), "1"),
        **dict.fromkeys(("2", "2.0", "g2", "grade 2", "ii", "grade ii", "gii"), "2"),
        **dict.fromkeys(("3", "3.0", "g3", "grade 3", "iii", "grade iii", "giii"), "3"),
    },
}  # fmt: skip
"""Columns in which known words are unified and any other text stays as written."""

EVENTS: dict[str, dict[str, bool]] = {
    "os_event": {
        **dict.fromkeys(("1", "true", "yes", "dead", "deceased", "died", "1:deceased", "death", "event",
                         "died of disease", "died of other causes"), True),
        **dict.fromkeys(("0", "false", "no", "alive", "living", "0:living", "censored"), False),
    },
    "dfs_event": {
        **dict.fromkeys(("1", "true", "yes", "1:recurred/progressed", "recurred/progressed", "recurred", "relapsed",
                         "relapse", "recurrence", "progressed", "progression", "1:recurred", "1:progressed", "event",
                         "1:event"), True),
        **dict.fromkeys(("0", "false", "no", "0:diseasefree", "diseasefree", "disease free", "disease-free", "censored",
                         "0:censored", "0:disease free", "0:not recurred", "not recurred"), False),
    },
    "pcr": {
        **dict.fromkeys(("1", "true", "yes", "pcr", "complete", "complete response"), True),
        **dict.fromkeys(("0", "false", "no", "non-pcr", "no pcr", "not pcr", "rd", "residual disease"), False),
    },
}  # fmt: skip
"""Two-state columns."""
