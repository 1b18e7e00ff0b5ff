"""Every table's columns, declared once: name, type, unit, range, vocabulary, meaning, key.

`check` stands at the door of every step that takes a table from outside; `empty` makes a table of the right types;
`render_markdown` writes the column tables of the documentation (a test compares them), so that a column is described
in one place only.

Types are the nullable ones of pandas, because missing is missing: ``string``, ``int``, ``float``, ``bool``.  pandas
itself is imported by the functions that make or check a table: a command that only names columns starts without it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from her2genomics.exceptions import SchemaError

if TYPE_CHECKING:
    import pandas as pd

DTYPES: dict[str, Any] = {"string": "string", "int": "Int64", "float": "Float64", "bool": "boolean"}

HER2_GROUPS: tuple[str, ...] = ("HER2-zero", "HER2-low", "HER2-positive")
HER2_TIERS: tuple[str, ...] = ("HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive")
ASCO_CAP_CATEGORIES: tuple[str, ...] = ("positive", "negative", "indeterminate", "equivocal", "unknown", "error")
IHC_SCORES: tuple[str, ...] = ("0", "1+", "2+", "3+")
ALTERATION_CLASSES: tuple[str, ...] = (
    "missense", "truncating", "inframe", "splice", "promoter", "other", "fusion", "amplification", "gain", "loss",
    "deep_deletion",
)  # fmt: skip
MUTATION_CLASSES: frozenset[str] = frozenset({"missense", "truncating", "inframe", "splice", "promoter", "other"})
COPY_NUMBER_CLASSES: frozenset[str] = frozenset({"amplification", "gain", "loss", "deep_deletion"})
AUDIT_VERDICTS: tuple[str, ...] = (
    "reproduced", "reproduced within rounding", "consistent", "rounding", "not reproduced", "impossible",
    "nothing printed", "not evaluable",
)  # fmt: skip
STRUCTURAL_CLASSES: frozenset[str] = frozenset({"fusion"})


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name, dtype
        Column name; one of the keys of `DTYPES`.
    meaning
        One phrase for the documentation.
    unit
        Unit as printed (``bp``, ``Mb``, ``x``, ``log2``, ``months`` ...).
    low, high
        Inclusive range of allowed values.
    choices
        Closed vocabulary.
    key
        Whether the column belongs to the table's key (unique together, never missing).
    required
        Whether the column has to be present; optional columns are checked when they are there.
    """

    name: str
    dtype: str
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    key: bool = False
    required: bool = True


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table, in the order in which they are written."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    files: str = ""
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def dtypes(self) -> dict[str, Any]:
        """Type of each declared column, in order."""
        return {column.name: DTYPES[column.dtype] for column in self.columns}

    @property
    def names(self) -> list[str]:
        """Names of all declared columns, in order."""
        return [column.name for column in self.columns]

    @property
    def key(self) -> list[str]:
        """Names of the key columns."""
        return [column.name for column in self.columns if column.key]

    def __getitem__(self, name: str) -> Column:
        return self.by_name[name]


def _c(name: str, dtype: str, meaning: str, unit: str = "", **more: object) -> Column:
    return Column(name, dtype, meaning, unit, **more)  # type: ignore[arg-type]


TARGETS = TableSchema("targets", "Regions that a panel captures.", (
    _c("chromosome", "string", "chromosome, chr-prefixed", key=True),
    _c("start", "int", "0-based start", "bp", low=0, key=True),
    _c("end", "int", "half-open end", "bp", low=1, key=True),
    _c("gene", "string", "gene symbol, or - for a backbone target"),
), files="panels/*/targets_*.bed")  # fmt: skip

COVERAGE = TableSchema("coverage", "Bins of one sample or reference, in CNVkit's columns: depth, log2 and what is known of the bin.", (
    _c("chromosome", "string", "chromosome, chr-prefixed", key=True),
    _c("start", "int", "0-based start", "bp", low=0, key=True),
    _c("end", "int", "half-open end", "bp", low=1, key=True),
    _c("gene", "string", "gene symbol, or - for none", key=True),
    _c("log2", "float", "log2 of the depth (-20 at depth 0), or a log2 ratio in .cnr and .cns", "log2", low=-100, high=100),
    _c("depth", "float", "mean depth over the bin", "x", low=0, required=False),
    _c("gc", "float", "GC fraction", "0-1", low=0, high=1, required=False),
    _c("rmask", "float", "repeat-masked fraction", "0-1", low=0, high=1, required=False),
    _c("spread", "float", "robust standard deviation among the normals", "log2", low=0, required=False),
    _c("weight", "float", "reliability of the bin (.cns: sum over its bins)", low=0, required=False),
    _c("probes", "int", "bins in the segment (.cns)", low=0, required=False),
), files=".cnn, .cnr, .cns")  # fmt: skip

REFERENCE_BINS = TableSchema("reference_bins", "A reference made of normals: CNVkit's reference columns, and why a bin is left out.", (
    _c("chromosome", "string", "chromosome, chr-prefixed", key=True),
    _c("start", "int", "0-based start", "bp", low=0, key=True),
    _c("end", "int", "half-open end", "bp", low=1, key=True),
    _c("gene", "string", "gene symbol, or - for none", key=True),
    _c("log2", "float", "log2 depth to the level of the autosomes, at two copies (X of men raised by 1)", "log2"),
    _c("gc", "float", "GC fraction", "0-1", low=0, high=1, required=False),
    _c("spread", "float", "robust standard deviation among the normals, at the noise of the median one", "log2", low=0),
    _c("n_normals", "int", "normals behind the row", low=0),
    _c("masked", "string", "why the bin is left out; empty = used"),
), files="pon.cnn")  # fmt: skip

REFERENCE_NORMALS = TableSchema("reference_normals", "Quality of each normal of a reference, and whether it is part of the null.", (
    _c("sample_id", "string", "normal sample", key=True),
    _c("sex", "string", "by the depth of X and Y", choices=("female", "male")),
    _c("median_depth", "float", "median depth over the autosomal bins", "x", low=0),
    _c("mapd", "float", "median absolute difference of neighbouring log2 ratios", "log2", low=0),
    _c("bin_noise", "float", "SD of bins within genes, in units of their spread", low=0),
    _c("wave", "float", "SD of whole genes beyond the noise of their bins", "log2", low=0),
    _c("used", "bool", "whether it is part of centre, spread and null"),
    _c("reasons", "string", "why it is not, ;-joined"),
    _c("loo_share", "float", "share of its genes with p < 0.005 against the other normals", "0-1", low=0, high=1),
    _c("loo_events", "string", "genes with q < 0.05 against the other normals and their copies"),
    _c("loo_calls", "int", "of these, genes beyond the study's cut-offs (at most 1.5, at least 2.75 copies)", low=0),
), files="pon.cnn.normals.tsv")  # fmt: skip

REFERENCE_NULL = TableSchema("reference_null", "Gene log2 of every normal in use, and its t against all others (leave one out).", (
    _c("sample_id", "string", "normal sample", key=True),
    _c("gene", "string", "gene symbol", key=True),
    _c("log2", "float", "weighted mean over the gene's bins, to the reference", "log2"),
    _c("loo_t", "float", "moderated t against the other normals"),
), files="pon.cnn.null.tsv")  # fmt: skip

SAMPLE_QC = TableSchema("sample_qc", "Sequencing quality of one sample over its targets.", (
    _c("sample_id", "string", "sample", key=True),
    _c("n_reads", "int", "reads: primary records, mapped or not, QC-fail left out", "reads", low=0),
    _c("n_mapped", "int", "of these, mapped", "reads", low=0),
    _c("frac_duplicate", "float", "duplicates among the mapped reads", "0-1", low=0, high=1),
    _c("frac_on_target", "float", "reads with an aligned base on a target, among the mapped non-duplicate reads", "0-1", low=0, high=1),
    _c("n_targets", "int", "rows of the target table", low=0),
    _c("target_bp", "int", "bases of the targets, each counted once", "bp", low=0),
    _c("mean_target_depth", "float", "mean depth over the target bases", "x", low=0),
    _c("median_target_depth", "float", "median depth over the target bases", "x", low=0),
    _c("frac_targets_zero", "float", "targets without any depth", "0-1", low=0, high=1),
    _c("frac_targets_100x", "float", "targets with a mean depth of at least 100x", "0-1", low=0, high=1),
    _c("frac_targets_500x", "float", "targets with a mean depth of at least 500x", "0-1", low=0, high=1),
    _c("frac_bases_100x", "float", "target bases with a depth of at least 100x", "0-1", low=0, high=1),
    _c("frac_bases_500x", "float", "target bases with a depth of at least 500x", "0-1", low=0, high=1),
    _c("fold_80_penalty", "float", "mean depth over the depth that 80 % of the bases reach, zero-depth targets left out", low=0),
    _c("min_callable_depth", "int", "depth from which a base is callable", "x", low=0, required=False),
    _c("callable_bp", "int", "target bases with at least that depth", "bp", low=0, required=False),
    _c("ratio_spread", "float", "median absolute difference of neighbouring log2 ratios (MAPD)", "log2", low=0, required=False),
    _c("her2g_pass", "bool", "whether the sample passes the quality gate", required=False),
    _c("reasons", "string", "why it does not, ;-joined", required=False),
), files="sample_qc.tsv")  # fmt: skip

SEGMENTS = TableSchema("segments", "Segmented log2 ratios of one or many samples (SEG is 1-based inclusive on disk).", (
    _c("sample_id", "string", "sample", key=True),
    _c("chromosome", "string", "chromosome, chr-prefixed", key=True),
    _c("start", "int", "0-based start", "bp", low=0, key=True),
    _c("end", "int", "half-open end", "bp", low=1),
    _c("probes", "int", "targets or markers in the segment", low=0, required=False),
    _c("log2", "float", "log2 ratio to a diploid normal", "log2"),
), files=".seg, .cns")  # fmt: skip

GENE_CNA = TableSchema("gene_cna", "Copy number per sample and gene.", (
    _c("sample_id", "string", "sample", key=True),
    _c("gene", "string", "gene symbol", key=True),
    _c("chromosome", "string", "chromosome", required=False),
    _c("start", "int", "0-based start of the gene's targets", "bp", low=0, required=False),
    _c("end", "int", "half-open end", "bp", low=1, required=False),
    _c("log2", "float", "log2 ratio, probe-weighted mean over the gene", "log2", required=False),
    _c("probes", "int", "targets or markers behind the value", low=0, required=False),
    _c("segment_log2", "float", "log2 ratio of the segment over the gene", "log2", required=False),
    _c("segment_probes", "int", "targets in that segment", low=0, required=False),
    _c("cn", "float", "absolute copies, purity-corrected where purity is known", "copies", low=0, required=False),
    _c("cna", "int", "deep deletion -2, loss -1, neutral 0, gain 1, amplification 2", low=-2, high=2),
    _c("p_value", "float", "p against the normals; missing when there is no null", low=0, high=1, required=False),
    _c("q_value", "float", "Benjamini-Hochberg over the genes of the sample", low=0, high=1, required=False),
    _c("observed_cn", "float", "copies in the sample as a whole, purity not corrected", "copies", low=0, required=False),
    _c("ci_low", "float", "95 % interval of log2, lower", "log2", required=False),
    _c("ci_high", "float", "95 % interval of log2, upper", "log2", required=False),
    _c("lod_gain", "float", "fewest copies in tumour cells that would be called a gain with 90 % probability", "copies", low=0, required=False),
    _c("lod_loss", "float", "most copies in tumour cells that would be called a loss; missing = none would", "copies", low=0, required=False),
    _c("call", "string", "amplification, deletion, neutral, or not evaluable", required=False),
    _c("event", "string", "amplicon or run of neighbours that the call belongs to", required=False),
    _c("flags", "string", "NO_P (called by copies alone), FEW_BINS (under three), PURITY_INCONSISTENT; ;-joined", required=False),
), files="data_cna.txt, data_log2_cna.txt")  # fmt: skip

MUTATIONS = TableSchema("mutations", "Small variants, one row per variant and tumour, with the names of the MAF format.", (
    _c("Hugo_Symbol", "string", "gene symbol, current"),
    _c("NCBI_Build", "string", "genome build", choices=("hg19", "hg38"), required=False),
    _c("Chromosome", "string", "chromosome, chr-prefixed", key=True),
    _c("Start_Position", "int", "1-based first base", "bp", low=1, key=True),
    _c("End_Position", "int", "1-based last base, inclusive", "bp", low=1),
    _c("Variant_Classification", "string", "MAF class (Missense_Mutation ...)"),
    _c("Variant_Type", "string", "SNP, DNP, TNP, ONP, INS, DEL", required=False),
    _c("Reference_Allele", "string", "reference bases, - for an insertion", key=True),
    _c("Tumor_Seq_Allele1", "string", "other tumour allele", required=False),
    _c("Tumor_Seq_Allele2", "string", "variant allele, - for a deletion", key=True),
    _c("Tumor_Sample_Barcode", "string", "tumour sample", key=True),
    _c("Matched_Norm_Sample_Barcode", "string", "matched normal", required=False),
    _c("HGVSc", "string", "coding change", required=False),
    _c("HGVSp_Short", "string", "protein change, one-letter (p.H1047R)", required=False),
    _c("Transcript_ID", "string", "transcript the change is stated on", required=False),
    _c("Consequence", "string", "Sequence Ontology terms, &-joined", required=False),
    _c("dbSNP_RS", "string", "dbSNP identifier", required=False),
    _c("gnomADe_AF", "float", "highest population allele frequency in the annotation", "0-1", low=0, high=1, required=False),
    _c("t_depth", "int", "tumour depth", "reads", low=0, required=False),
    _c("t_ref_count", "int", "tumour reads with the reference allele", "reads", low=0, required=False),
    _c("t_alt_count", "int", "tumour reads with the variant", "reads", low=0, required=False),
    _c("n_depth", "int", "normal depth", "reads", low=0, required=False),
    _c("n_ref_count", "int", "normal reads with the reference allele", "reads", low=0, required=False),
    _c("n_alt_count", "int", "normal reads with the variant", "reads", low=0, required=False),
    _c("FILTER", "string", "the caller's FILTER", required=False),
    _c("t_vaf", "float", "tumour variant allele fraction", "0-1", low=0, high=1, required=False),
    _c("filters_failed", "string", "names of failed filters, ;-joined; empty = counted", required=False),
    _c("is_driver", "bool", "known hotspot or driver", required=False),
), files=".maf")  # fmt: skip

FILTER_COUNTS = TableSchema("filter_counts", "How many variants each named filter removed.", (
    _c("sample_id", "string", "sample", key=True),
    _c("filter", "string", "name of the filter", key=True),
    _c("n_removed", "int", "variants of which it is the first failed filter, in this order; sums to all left out", low=0),
    _c("n_failed", "int", "variants that fail it (missing unless every filter was asked)", low=0),
    _c("n_failed_only_this", "int", "variants that fail nothing else", low=0),
))  # fmt: skip

TMB = TableSchema("tmb", "Tumour mutational burden with its interval and definition.", (
    _c("sample_id", "string", "sample", key=True),
    _c("n_counted", "int", "variants counted", low=0),
    _c("denominator_mb", "float", "territory divided by", "Mb", low=0),
    _c("denominator_source", "string", "where the denominator comes from", choices=("explicit", "callable", "bed", "panel")),
    _c("tmb", "float", "n_counted / denominator_mb", "mut/Mb", low=0),
    _c("garwood_lo", "float", "exact Poisson 95 % interval, lower", "mut/Mb", low=0),
    _c("garwood_hi", "float", "exact Poisson 95 % interval, upper", "mut/Mb", low=0),
    _c("jeffreys_lo", "float", "Jeffreys 95 % interval, lower", "mut/Mb", low=0),
    _c("jeffreys_hi", "float", "Jeffreys 95 % interval, upper", "mut/Mb", low=0),
    _c("p_ge_10", "float", "posterior probability that the true TMB is at least 10 mut/Mb (Jeffreys)", low=0, high=1),
    _c("max_vaf", "float", "highest allele fraction among somatic variants, hotspots included", "0-1", low=0, high=1),
    _c("n_unknown_germline", "int", "counted variants without population annotation", low=0),
    _c("frac_in_panel", "float", "share of the input's variants inside the panel", "0-1", low=0, high=1),
    _c("status", "string", "evaluable, or not evaluable: reason"),
    _c("category", "string", "high / low / borderline, only where the preset defines a cut-off", required=False),
    _c("n_input", "int", "variants read: alternate alleles, counted and left out", low=0, required=False),
    _c("n_nonsynonymous", "int", "counted variants that change the protein", low=0, required=False),
    _c("n_deamination", "int", "counted C>T or G>A with allele fraction 2-10 %", low=0, required=False),
    _c("frac_deamination", "float", "their share of the counted substitutions with allele fraction 2-10 %", low=0, high=1, required=False),
    _c("tmb_without_deamination", "float", "TMB without them", "mut/Mb", low=0, required=False),
    _c("flags", "string", "things to look at, ;-joined", required=False),
    _c("preset", "string", "name of the rule set"),
    _c("definition", "string", "what was counted, over what, in words"),
))  # fmt: skip

CLINICAL = TableSchema("clinical", "One row per sample: what the pathologist and the clinic recorded.", (
    _c("sample_id", "string", "sample", key=True),
    _c("patient_id", "string", "patient", required=False),
    _c("panel_id", "string", "assay that profiled the sample: a panel's name, or exome for all genes", required=False),
    _c("sample_type", "string", "primary, metastasis, plasma, normal", required=False),
    _c("sex", "string", "female or male", choices=("female", "male"), required=False),
    _c("age", "float", "age at diagnosis", "years", low=0, high=120, required=False),
    _c("ihc", "string", "HER2 immunohistochemistry score as written (0, 1+, 2+, 3+)", required=False),
    _c("ihc_membrane_pct", "float", "tumour cells with membrane staining", "%", low=0, high=100, required=False),
    _c("ihc_assay", "string", "antibody or kit of the HER2 IHC", required=False),
    _c("ish_assay", "string", "dual, single, reported (text only), none", required=False),
    _c("fish_ratio", "float", "HER2/CEP17 ratio", required=False),
    _c("fish_her2_cn", "float", "mean HER2 signals", "per cell", required=False),
    _c("fish_cep17_cn", "float", "mean CEP17 signals", "per cell", required=False),
    _c("fish_cells", "float", "nuclei counted", low=0, required=False),
    _c("ish_reported", "string", "ISH result as reported: positive, negative, equivocal", required=False),
    _c("recount", "string", "blinded recount: confirmed, or changed_to_groupN", required=False),
    _c("er_pct", "float", "ER-positive tumour cells", "%", low=0, high=100, required=False),
    _c("pr_pct", "float", "PR-positive tumour cells", "%", low=0, high=100, required=False),
    _c("ki67_pct", "float", "Ki67-positive tumour cells", "%", low=0, high=100, required=False),
    _c("er_status", "string", "positive or negative", choices=("positive", "negative"), required=False),
    _c("pr_status", "string", "positive or negative", choices=("positive", "negative"), required=False),
    _c("grade", "string", "histological grade", required=False),
    _c("stage", "string", "pathological stage", required=False),
    _c("histology", "string", "histological type", required=False),
    _c("menopause", "string", "menopausal status", required=False),
    _c("purity", "float", "tumour cell fraction", "0-1", low=0, high=1, required=False),
    _c("tmb", "float", "tumour mutational burden", "mut/Mb", low=0, required=False),
    _c("os_months", "float", "overall survival time", "months", low=0, required=False),
    _c("os_event", "bool", "death", required=False),
    _c("dfs_months", "float", "disease-free survival time", "months", low=0, required=False),
    _c("dfs_event", "bool", "relapse or progression", required=False),
    _c("pcr", "bool", "pathological complete response", required=False),
), files="clinical.tsv, data_clinical_sample.txt")  # fmt: skip

HER2_STATUS = TableSchema("her2_status", "HER2 result per sample, with the reason.", (
    _c("sample_id", "string", "sample", key=True),
    _c("asco_cap_2018", "string", "ASCO/CAP 2018 result", choices=ASCO_CAP_CATEGORIES),
    _c("her2_group", "string", "HER2-zero < HER2-low < HER2-positive; missing = indeterminate", choices=HER2_GROUPS),
    _c("her2_tier4", "string", "therapeutic tier with HER2-ultralow", choices=HER2_TIERS),
    _c("her2_flags", "string", "things to look at, ;-joined"),
    _c("her2_reason", "string", "what decided, e.g. IHC 2+, ISH group 5"),
))  # fmt: skip

ERBB2_STATUS = TableSchema("erbb2_status", "ERBB2 by sequencing or array beside the pathologist's result (columns of cohort.tsv).", (
    _c("sample_id", "string", "sample", key=True),
    _c("erbb2_log2", "float", "log2 ratio of ERBB2", "log2", required=False),
    _c("erbb2_cna", "int", "discrete copy number of ERBB2", low=-2, high=2),
    _c("concordant", "bool", "ERBB2 amplified if and only if HER2-positive; missing where either is"),
))  # fmt: skip

ALTERATIONS = TableSchema("alterations", "Long table of altered genes, one row per event.", (
    _c("sample_id", "string", "sample"),
    _c("gene", "string", "gene symbol"),
    _c("alteration", "string", "class of alteration", choices=ALTERATION_CLASSES),
    _c("detail", "string", "protein change, log2, partner gene", required=False),
    _c("exon", "int", "coding exon number", low=1, required=False),
    _c("vaf", "float", "variant allele fraction", "0-1", low=0, high=1, required=False),
    _c("is_hotspot", "bool", "recurrent residue", required=False),
    _c("event", "string", "amplicon that the copy-number change belongs to", required=False),
), files="alterations.tsv")  # fmt: skip

GENE_PANEL_MATRIX = TableSchema("gene_panel_matrix", "Which assay profiled a sample.", (
    _c("sample_id", "string", "sample", key=True),
    _c("mutations", "string", "panel id, exome, or missing = not profiled", required=False),
    _c("cna", "string", "panel id, exome, or missing = not profiled", required=False),
), files="data_gene_panel_matrix.txt")  # fmt: skip

ASSOCIATION = TableSchema("association", "Every comparison: one row per stratum, feature and contrast.", (
    _c("stratum", "string", "all, or the level of the --by column the row is about", key=True),
    _c("family", "string", "gene, alteration_class, her_family, exon, hotspot, codon, feature, clinical, tmb, pathway ...", key=True),
    _c("feature", "string", "gene, pathway, or clinical variable", key=True),
    _c("contrast", "string", "zero-low, zero-positive, low-positive, overall, trend", key=True),
    _c("group_a", "string", "first group"),
    _c("altered_a", "int", "altered (or, for a two-level variable, of the named level) in the first group", low=0),
    _c("n_a", "int", "profiled (non-missing) in the first group", low=0),
    _c("group_b", "string", "second group"),
    _c("altered_b", "int", "altered in the second group", low=0),
    _c("n_b", "int", "profiled in the second group", low=0),
    _c("freq_a", "float", "altered_a / n_a", "0-1", low=0, high=1),
    _c("freq_b", "float", "altered_b / n_b", "0-1", low=0, high=1),
    _c("effect", "float", "effect of a relative to b; for a trend, along the order of the groups"),
    _c("effect_name", "string", "conditional odds ratio, Hodges-Lehmann shift, difference of means, slope of the proportion, Spearman's rho"),
    _c("ci_low", "float", "95 % interval, lower"),
    _c("ci_high", "float", "95 % interval, upper"),
    _c("test", "string", "test behind p_value"),
    _c("p_value", "float", "two-sided p", low=0, high=1),
    _c("q_value", "float", "Benjamini-Hochberg over p_value within stratum, family and contrast", low=0, high=1),
    _c("n_tested", "int", "features tested in this stratum, family and contrast", low=0),
    _c("other_test", "string", "second test, for the reader: chi-square, Dunn-Holm, departure from the trend, Spearman"),
    _c("other_p", "float", "p of other_test", low=0, high=1),
    _c("n_missing", "int", "samples of the contrast without a value", low=0),
    _c("adj_for", "string", "covariates the adjusted columns hold fixed"),
    _c("adj_test", "string", "Cochran-Mantel-Haenszel (generalised for overall), Mantel trend, logistic, Firth logistic, McNemar of matched pairs, overlap weights, van Elteren, linear"),
    _c("adj_effect", "float", "adjusted odds ratio (numbers: difference of means) of a relative to b"),
    _c("adj_ci_low", "float", "95 % interval, lower"),
    _c("adj_ci_high", "float", "95 % interval, upper"),
    _c("adj_p", "float", "adjusted p; Cochran-Mantel-Haenszel without continuity correction", low=0, high=1),
    _c("adj_p_exact", "float", "exact conditional p of the Cochran-Mantel-Haenszel test", low=0, high=1),
    _c("adj_q", "float", "Benjamini-Hochberg over adj_p_exact where there is one, else adj_p", low=0, high=1),
    _c("adj_n_missing", "int", "samples with a value but without a covariate, left out of the adjusted columns", low=0),
    _c("interaction_p", "float", "does the odds ratio differ between levels of the covariates: Breslow-Day, or likelihood ratio", low=0, high=1),
    _c("burden_effect", "float", "Mantel-Haenszel odds ratio over strata of the number of altered genes (and of a single adj_for)"),
    _c("burden_p", "float", "p of all permutations of the group labels within these strata; pathways only", low=0, high=1),
    _c("burden_q", "float", "Benjamini-Hochberg over burden_p", low=0, high=1),
    _c("smd", "float", "standardised mean difference of a clinical variable"),
    _c("detectable_difference", "float", "smallest difference of two proportions that groups of this size detect (80 % power, alpha 0.05) from the pooled frequency", "0-1", low=0, high=1),
    _c("note", "string", "why a value is missing, or what to beware of"),
), files="association.tsv")  # fmt: skip

CONTINGENCY = TableSchema("contingency", "Counts behind every categorical comparison.", (
    _c("stratum", "string", "all, or the level of the --by column", key=True),
    _c("family", "string", "gene, clinical ...", key=True),
    _c("feature", "string", "gene, or clinical variable", key=True),
    _c("group", "string", "group", key=True),
    _c("level", "string", "level of the variable", key=True),
    _c("n", "int", "samples", low=0),
), files="contingency.tsv")  # fmt: skip

MARKER_ACCURACY = TableSchema("marker_accuracy", "How well a marker tells two classes apart, per contrast and set of samples.", (
    _c("marker", "string", "column of the marker", key=True),
    _c("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    _c("set", "string", "set of samples, all where there is one", key=True),
    _c("positive_class", "string", "what counts as positive"),
    _c("negative_class", "string", "what counts as negative"),
    _c("direction", "string", "which values speak for the positive class", choices=("higher", "lower")),
    _c("n_positive", "int", "samples of the positive class with a value", low=0),
    _c("n_negative", "int", "samples of the negative class with a value", low=0),
    _c("n_missing", "int", "samples of both classes without a value", low=0),
    _c("auc", "float", "area under the ROC curve", "0-1", low=0, high=1),
    _c("auc_low", "float", "DeLong 95 % interval, lower", "0-1", low=0, high=1),
    _c("auc_high", "float", "DeLong 95 % interval, upper", "0-1", low=0, high=1),
    _c("boot_low", "float", "bootstrap 95 % interval (percentile, within class), lower", "0-1", low=0, high=1),
    _c("boot_high", "float", "bootstrap 95 % interval, upper", "0-1", low=0, high=1),
    _c("p_value", "float", "Wilcoxon rank-sum, two-sided", low=0, high=1),
    _c("auc_drop", "float", "area in the development set less the area here"),
    _c("auc_drop_p", "float", "DeLong test of that drop, two separate sets", low=0, high=1),
    _c("cut_off_rule", "string", "youden, closest, specificity=..., sensitivity=..., given"),
    _c("cut_off", "float", "cut-off, from the development set"),
    _c("tp", "int", "true positives", low=0),
    _c("fp", "int", "false positives", low=0),
    _c("fn", "int", "false negatives", low=0),
    _c("tn", "int", "true negatives", low=0),
    _c("sensitivity", "float", "share of the positive class that is test-positive", "0-1", low=0, high=1),
    _c("sensitivity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("sensitivity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("specificity", "float", "share of the negative class that is test-negative", "0-1", low=0, high=1),
    _c("specificity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("specificity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("ppv", "float", "share of test-positives that are positive, in these samples", "0-1", low=0, high=1),
    _c("ppv_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("ppv_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("npv", "float", "share of test-negatives that are negative, in these samples", "0-1", low=0, high=1),
    _c("npv_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("npv_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("accuracy", "float", "share of samples that are right", "0-1", low=0, high=1),
    _c("accuracy_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("accuracy_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("f1", "float", "2 tp / (2 tp + fp + fn)", "0-1", low=0, high=1),
    _c("f1_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("f1_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("prevalence", "float", "prevalence that was asked for", "0-1", low=0, high=1),
    _c("ppv_at_prevalence", "float", "PPV at that prevalence", "0-1", low=0, high=1),
    _c("ppv_at_prevalence_low", "float", "95 % interval on the logit scale, lower", "0-1", low=0, high=1),
    _c("ppv_at_prevalence_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
    _c("npv_at_prevalence", "float", "NPV at that prevalence", "0-1", low=0, high=1),
    _c("npv_at_prevalence_low", "float", "95 % interval on the logit scale, lower", "0-1", low=0, high=1),
    _c("npv_at_prevalence_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
    _c("note", "string", "why a value is missing, or what to beware of"),
), files="marker_accuracy.tsv")  # fmt: skip

MARKER_DISTRIBUTION = TableSchema("marker_distribution", "A marker within each group.", (
    _c("marker", "string", "column of the marker", key=True),
    _c("group", "string", "group", key=True),
    _c("n", "int", "samples with a value", low=0),
    _c("n_missing", "int", "samples without", low=0),
    _c("mean", "float", "mean"),
    _c("sd", "float", "standard deviation", low=0),
    _c("lowest", "float", "smallest value"),
    _c("q1", "float", "lower quartile"),
    _c("median", "float", "median"),
    _c("q3", "float", "upper quartile"),
    _c("highest", "float", "largest value"),
), files="marker_distribution.tsv")  # fmt: skip

MARKER_ROC = TableSchema("marker_roc", "Points of the ROC curves: what each possible cut-off gives.", (
    _c("marker", "string", "column of the marker", key=True),
    _c("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    _c("set", "string", "set of samples, all where there is one", key=True),
    _c("cut_off", "float", "midway between two neighbouring values", key=True),
    _c("tp", "int", "true positives", low=0),
    _c("fp", "int", "false positives", low=0),
    _c("fn", "int", "false negatives", low=0),
    _c("tn", "int", "true negatives", low=0),
    _c("sensitivity", "float", "sensitivity", "0-1", low=0, high=1),
    _c("specificity", "float", "specificity", "0-1", low=0, high=1),
), files="marker_roc.tsv")  # fmt: skip

MARKER_PAIRS = TableSchema("marker_pairs", "Two markers measured in the same samples: DeLong's test of their areas.", (
    _c("marker_a", "string", "first marker", key=True),
    _c("marker_b", "string", "second marker", key=True),
    _c("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    _c("set", "string", "set of samples", key=True),
    _c("n", "int", "samples that have both", low=0),
    _c("auc_difference", "float", "first area less the second"),
    _c("ci_low", "float", "95 % interval, lower"),
    _c("ci_high", "float", "95 % interval, upper"),
    _c("p_value", "float", "two-sided", low=0, high=1),
    _c("p_holm", "float", "Holm over the pairs of one contrast and set", low=0, high=1),
), files="marker_pairs.tsv")  # fmt: skip

MARKER_CORRELATION = TableSchema("marker_correlation", "Correlation of markers with each other and with other columns.", (
    _c("marker_a", "string", "marker", key=True),
    _c("marker_b", "string", "the other column", key=True),
    _c("method", "string", "coefficient", choices=("spearman", "kendall", "pearson"), key=True),
    _c("n", "int", "samples that have both", low=0),
    _c("coefficient", "float", "correlation", low=-1, high=1),
    _c("ci_low", "float", "95 % interval, lower", low=-1, high=1),
    _c("ci_high", "float", "95 % interval, upper", low=-1, high=1),
    _c("p_value", "float", "two-sided", low=0, high=1),
    _c("note", "string", "why a value is missing"),
), files="marker_correlation.tsv")  # fmt: skip

MARKER_CALIBRATION = TableSchema("marker_calibration", "Probabilities of a logistic model fitted in the development set, against what was.", (
    _c("marker", "string", "column of the marker", key=True),
    _c("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    _c("set", "string", "set of samples, all where there is one", key=True),
    _c("n", "int", "samples", low=0),
    _c("intercept", "float", "calibration intercept, 0 is perfect"),
    _c("slope", "float", "calibration slope, 1 is perfect (and 1 by construction in the development set)"),
    _c("in_the_large", "float", "intercept at slope 1; above 0 the predictions are too low"),
    _c("observed_expected", "float", "observed positives over the sum of predictions", low=0),
    _c("brier", "float", "mean squared difference", "0-1", low=0, high=1),
), files="marker_calibration.tsv")  # fmt: skip

MARKER_CALIBRATION_GROUPS = TableSchema("marker_calibration_groups", "Observed shares in groups of similar predictions.", (
    _c("marker", "string", "column of the marker", key=True),
    _c("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    _c("set", "string", "set of samples, all where there is one", key=True),
    _c("predicted", "float", "mean prediction", "0-1", low=0, high=1, key=True),
    _c("observed", "float", "observed share", "0-1", low=0, high=1),
    _c("ci_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("ci_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("n", "int", "samples", low=0),
), files="marker_calibration_groups.tsv")  # fmt: skip

MARKER_DECISION = TableSchema("marker_decision", "Decision curve: net benefit of acting on the predicted probability.", (
    _c("marker", "string", "column of the marker", key=True),
    _c("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    _c("set", "string", "set of samples, all where there is one", key=True),
    _c("threshold", "float", "threshold probability", "0-1", low=0, high=1, key=True),
    _c("net_benefit", "float", "of acting above the threshold, true positives per sample"),
    _c("net_benefit_all", "float", "of acting on all"),
), files="marker_decision.tsv")  # fmt: skip
MARKER_ASSOCIATION = TableSchema("marker_association", "A score between altered and unaltered samples, and with TMB.", (
    _c("marker", "string", "column of the score", key=True),
    _c("family", "string", "gene, pathway, tmb", key=True),
    _c("feature", "string", "gene, pathway, or tmb", key=True),
    _c("n_altered", "int", "profiled and altered samples with a score", low=0),
    _c("n_unaltered", "int", "profiled and unaltered samples with a score", low=0),
    _c("n_missing", "int", "samples without a score or not profiled", low=0),
    _c("median_altered", "float", "median score of the altered"),
    _c("median_unaltered", "float", "median score of the unaltered"),
    _c("effect", "float", "altered minus unaltered; for TMB the correlation"),
    _c("effect_name", "string", "Hodges-Lehmann shift, Spearman's rho"),
    _c("ci_low", "float", "95 % interval, lower"),
    _c("ci_high", "float", "95 % interval, upper"),
    _c("auc", "float", "share of pairs in which the altered sample has the higher score", "0-1", low=0, high=1),
    _c("test", "string", "test behind p_value"),
    _c("p_value", "float", "two-sided", low=0, high=1),
    _c("q_value", "float", "Benjamini-Hochberg over p_value within marker and family", low=0, high=1),
    _c("n_tested", "int", "features tested for this marker and family", low=0),
    _c("strata", "string", "columns whose combinations are the strata of the adjusted test"),
    _c("adj_auc", "float", "the same share within strata, weighted as the test is", "0-1", low=0, high=1),
    _c("adj_p", "float", "van Elteren, two-sided", low=0, high=1),
    _c("adj_q", "float", "Benjamini-Hochberg over adj_p within marker and family", low=0, high=1),
    _c("n_informative_strata", "int", "strata with altered and unaltered samples of unequal scores", low=0),
    _c("adj_n_missing", "int", "samples without a stratum, left out of the adjusted test", low=0),
    _c("note", "string", "why a value is missing"),
), files="marker_association.tsv")  # fmt: skip

PREDICTION = TableSchema("prediction", "How well a model tells two classes apart: nested cross-validation, and external sets.", (
    _c("model", "string", "logistic (ridge) or boosting", key=True),
    _c("features", "string", "all; without BLOCK or only BLOCK (ablation)", key=True),
    _c("contrast", "string", "zero-rest, low-positive ...", key=True),
    _c("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    _c("positive_class", "string", "what counts as positive"),
    _c("negative_class", "string", "what counts as negative"),
    _c("n_positive", "int", "samples of the positive class", low=0),
    _c("n_negative", "int", "samples of the negative class", low=0),
    _c("auc", "float", "share of pairs within one held-out fold in the right order", "0-1", low=0, high=1),
    _c("auc_low", "float", "bootstrap 95 % interval over the held-out predictions, lower", "0-1", low=0, high=1),
    _c("auc_high", "float", "bootstrap 95 % interval, upper", "0-1", low=0, high=1),
    _c("tp", "int", "true positives at the cut-off chosen in the training samples", low=0),
    _c("fp", "int", "false positives", low=0),
    _c("fn", "int", "false negatives", low=0),
    _c("tn", "int", "true negatives", low=0),
    _c("sensitivity", "float", "share of the positive class that is called positive", "0-1", low=0, high=1),
    _c("sensitivity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("sensitivity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("specificity", "float", "share of the negative class that is called negative", "0-1", low=0, high=1),
    _c("specificity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("specificity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("accuracy", "float", "share of samples that are right", "0-1", low=0, high=1),
    _c("calibration_intercept", "float", "calibration intercept of the held-out probabilities, 0 is perfect"),
    _c("calibration_slope", "float", "calibration slope, 1 is perfect; below 1 the probabilities are too extreme"),
    _c("brier", "float", "mean squared difference of probability and class", "0-1", low=0, high=1),
    _c("note", "string", "why a value is missing, or what to beware of"),
), files="prediction.tsv")  # fmt: skip

PREDICTION_CASCADE = TableSchema("prediction_cascade", "The two steps together: one of three classes per sample.", (
    _c("model", "string", "logistic (ridge) or boosting", key=True),
    _c("features", "string", "all; without BLOCK or only BLOCK (ablation)", key=True),
    _c("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    _c("n", "int", "samples", low=0),
    _c("macro_auc", "float", "mean over classes of the area of each against the rest", "0-1", low=0, high=1),
    _c("macro_auc_low", "float", "bootstrap 95 % interval, lower", "0-1", low=0, high=1),
    _c("macro_auc_high", "float", "bootstrap 95 % interval, upper", "0-1", low=0, high=1),
    _c("accuracy", "float", "share of samples that are right", "0-1", low=0, high=1),
    _c("kappa", "float", "Cohen's kappa", low=-1, high=1),
    _c("weighted_kappa", "float", "kappa with quadratic weights", low=-1, high=1),
    _c("weighted_kappa_low", "float", "95 % interval (Fleiss), lower", low=-1, high=1),
    _c("weighted_kappa_high", "float", "95 % interval, upper", low=-1, high=1),
), files="prediction_cascade.tsv")  # fmt: skip

PREDICTION_CONFUSION = TableSchema("prediction_confusion", "Counts of truth by prediction of the cascade.", (
    _c("model", "string", "logistic (ridge) or boosting", key=True),
    _c("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    _c("truth", "string", "class", key=True),
    _c("predicted", "string", "predicted class", key=True),
    _c("n", "int", "samples", low=0),
), files="prediction_confusion.tsv")  # fmt: skip

PREDICTION_IMPORTANCE = TableSchema("prediction_importance", "What shuffling a feature in the held-out samples costs.", (
    _c("model", "string", "logistic (ridge) or boosting", key=True),
    _c("contrast", "string", "zero-rest, low-positive ...", key=True),
    _c("feature", "string", "feature", key=True),
    _c("block", "string", "block of the feature"),
    _c("auc_drop", "float", "mean drop of the area within held-out folds"),
    _c("sd", "float", "standard deviation over folds"),
), files="prediction_importance.tsv")  # fmt: skip

PREDICTION_ROC = TableSchema("prediction_roc", "ROC curves of the held-out predictions, averaged over folds.", (
    _c("model", "string", "logistic (ridge) or boosting", key=True),
    _c("contrast", "string", "zero-rest, low-positive ...", key=True),
    _c("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    _c("false_positive_share", "float", "1 - specificity", "0-1", low=0, high=1, key=True),
    _c("sensitivity", "float", "mean sensitivity of the folds", "0-1", low=0, high=1),
), files="prediction_roc.tsv")  # fmt: skip

PREDICTION_CALIBRATION = TableSchema("prediction_calibration", "Observed shares in groups of similar held-out probabilities.", (
    _c("model", "string", "logistic (ridge) or boosting", key=True),
    _c("contrast", "string", "zero-rest, low-positive ...", key=True),
    _c("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    _c("predicted", "float", "mean probability", "0-1", low=0, high=1, key=True),
    _c("observed", "float", "observed share", "0-1", low=0, high=1),
    _c("ci_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    _c("ci_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    _c("n", "int", "samples", low=0),
), files="prediction_calibration.tsv")  # fmt: skip

PREDICTION_SAMPLES = TableSchema("prediction_samples", "Held-out probability of every sample.", (
    _c("model", "string", "logistic (ridge) or boosting", key=True),
    _c("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    _c("sample_id", "string", "sample", key=True),
    _c("contrast", "string", "zero-rest, low-positive ...", key=True),
    _c("truth", "string", "class of the sample"),
    _c("fold", "int", "held-out fold it was predicted in (0 in an external set)", low=0),
    _c("probability", "float", "of the contrast's positive class", "0-1", low=0, high=1),
    _c("called", "bool", "probability at or above the cut-off of the training samples"),
), files="prediction_samples.tsv")  # fmt: skip

AUDIT = TableSchema("audit", "Printed results, recomputed: the first seven columns are the input.", (
    _c("id", "string", "row of the audit", key=True),
    _c("study", "string", "paper", required=False),
    _c("kind", "string", "table, summary, hr_ci, diagnostic, percent, auc_ci, mann_whitney ...; see docs/audit.md"),
    _c("comparison", "string", "what is compared, in the paper's words", required=False),
    _c("table_json", "string", "the printed counts, means, interval ... as JSON"),
    _c("test", "string", "test that the paper names", required=False),
    _c("printed_p", "string", "the printed p-value, percentage, interval or metrics, as printed"),
    _c("recomputed_p", "string", "the same quantity recomputed by the named test"),
    _c("matching_test", "string", "tests that give the print, ;-joined, the named one first"),
    _c("verdict", "string", "about the named test", choices=AUDIT_VERDICTS),
    _c("message", "string", "why, and what else was noticed"),
), files="audit.tsv")  # fmt: skip

BALANCE = TableSchema("balance", "How alike two groups are in the covariates, before and after adjustment.", (
    _c("stratum", "string", "all, or the level of the --by column", key=True),
    _c("contrast", "string", "pair of groups", key=True),
    _c("covariate", "string", "covariate", key=True),
    _c("level", "string", "level of a category, or mean of a number", key=True),
    _c("value_a", "float", "share or mean in the first group"),
    _c("value_b", "float", "share or mean in the second group"),
    _c("smd", "float", "standardised difference before adjustment"),
    _c("adj_value_a", "float", "share or mean in the first group, matched or weighted"),
    _c("adj_value_b", "float", "the same in the second group"),
    _c("adj_smd", "float", "standardised difference after adjustment; 0.1 is the usual bound"),
    _c("method", "string", "matching or overlap"),
    _c("n_a", "float", "samples of the first group after adjustment (effective number where weighted)", low=0),
    _c("n_b", "float", "the same in the second group", low=0),
), files="balance.tsv")  # fmt: skip
SURVIVAL = TableSchema("survival", "Survival by group: one row for all patients, one per group; what is not reached (NR) is missing.", (
    _c("group", "string", "all, or the group", key=True),
    _c("n", "int", "patients", low=0),
    _c("n_events", "int", "of these, with the event", low=0),
    _c("maturity", "float", "n_events / n", "0-1", low=0, high=1),
    _c("immature", "bool", "events in under 20 % of the patients"),
    _c("median", "float", "Kaplan-Meier median; missing = not reached", "months", low=0),
    _c("median_low", "float", "95 % interval, lower (log-log)", "months", low=0),
    _c("median_high", "float", "95 % interval, upper; missing = not reached", "months", low=0),
    _c("median_text", "string", "the three as printed, NR for what is not reached"),
    _c("followup_median", "float", "median follow-up, reverse Kaplan-Meier", "months", low=0),
    _c("followup_low", "float", "95 % interval, lower", "months", low=0),
    _c("followup_high", "float", "95 % interval, upper", "months", low=0),
    _c("logrank_p", "float", "log-rank p against the first group; for all: of all groups", low=0, high=1),
    _c("logrank_p_holm", "float", "adjusted over all pairs by Holm's method", low=0, high=1),
    _c("stratified_p", "float", "log-rank p within the strata of the adjustment column", low=0, high=1),
    _c("hazard_ratio", "float", "hazard of the group over that of the first group", low=0),
    _c("ci_low", "float", "95 % interval, lower", low=0),
    _c("ci_high", "float", "95 % interval, upper", low=0),
    _c("p_value", "float", "Wald p (Firth: penalised likelihood ratio)", low=0, high=1),
    _c("method", "string", "Cox or Firth, and how ties are treated"),
    _c("adj_for", "string", "covariates of the multivariable model, ;-joined"),
    _c("adj_hazard_ratio", "float", "hazard ratio in the multivariable model", low=0),
    _c("adj_ci_low", "float", "95 % interval, lower", low=0),
    _c("adj_ci_high", "float", "95 % interval, upper", low=0),
    _c("adj_p", "float", "p in the multivariable model", low=0, high=1),
    _c("adj_method", "string", "Cox or Firth, and how ties are treated"),
    _c("ph_p", "float", "test of proportional hazards of the groups (score test)", low=0, high=1),
    _c("rmst_tau", "float", "restricted mean up to", "months", low=0),
    _c("rmst", "float", "restricted mean survival time", "months", low=0),
    _c("rmst_difference", "float", "to the first group", "months"),
    _c("rmst_low", "float", "95 % interval of the difference, lower", "months"),
    _c("rmst_high", "float", "95 % interval of the difference, upper", "months"),
    _c("rmst_p", "float", "p of the difference", low=0, high=1),
    _c("note", "string", "why a value is missing"),
    _c("definition", "string", "event, start and exclusions, in words"),
), files="survival.tsv")  # fmt: skip

KM_CURVES = TableSchema("km_curves", "Kaplan-Meier curves: one row per group and time.", (
    _c("group", "string", "all, or the group", key=True),
    _c("time", "float", "time of events or censoring", "months", low=0, key=True),
    _c("survival", "float", "share without the event after this time", "0-1", low=0, high=1),
    _c("ci_low", "float", "95 % interval, lower (log-log)", "0-1", low=0, high=1),
    _c("ci_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
    _c("n_at_risk", "int", "patients at risk just before", low=0),
    _c("n_events", "int", "events at this time", low=0),
    _c("n_censored", "int", "patients censored at this time", low=0),
), files="km_curves.tsv")  # fmt: skip

AT_RISK = TableSchema("at_risk", "The curves read at round times.", (
    _c("group", "string", "all, or the group", key=True),
    _c("time", "float", "time", "months", low=0, key=True),
    _c("n_at_risk", "int", "patients whose time is not below", low=0),
    _c("survival", "float", "share without the event; missing beyond the last time", "0-1", low=0, high=1),
    _c("ci_low", "float", "95 % interval, lower (log-log)", "0-1", low=0, high=1),
    _c("ci_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
), files="at_risk.tsv")  # fmt: skip

LOGRANK = TableSchema("logrank", "Log-rank tests: overall and pairs, crude and in strata.", (
    _c("comparison", "string", "overall, or a pair of groups", key=True),
    _c("strata", "string", "column whose strata the test is within; empty = crude", key=True),
    _c("label", "string", "empty, or why the test is descriptive only", key=True),
    _c("group_a", "string", "first group"),
    _c("group_b", "string", "second group"),
    _c("n", "int", "patients of all groups that are known", low=0),
    _c("n_events", "int", "events among them", low=0),
    _c("statistic", "float", "chi-square", low=0),
    _c("df", "int", "degrees of freedom", low=0),
    _c("p_value", "float", "two-sided p", low=0, high=1),
    _c("p_holm", "float", "adjusted over the pairs by Holm's method", low=0, high=1),
    _c("note", "string", "why there is no test"),
), files="logrank.tsv")  # fmt: skip

COX = TableSchema("cox", "Cox models: each covariate alone, the groups in strata, all together.", (
    _c("model", "string", "univariable, stratified or multivariable", key=True),
    _c("covariate", "string", "column", key=True),
    _c("level", "string", "level of a category; empty for a number (per unit)", key=True),
    _c("reference", "string", "level it is compared with"),
    _c("coef", "float", "log hazard ratio"),
    _c("hazard_ratio", "float", "hazard of the level over that of the reference", low=0),
    _c("ci_low", "float", "95 % interval, lower (Wald; Firth: profile likelihood)", low=0),
    _c("ci_high", "float", "95 % interval, upper", low=0),
    _c("se", "float", "standard error of coef", low=0),
    _c("z", "float", "coef / se (Firth: signed root of the likelihood ratio)"),
    _c("p_value", "float", "two-sided p", low=0, high=1),
    _c("n", "int", "patients with all values", low=0),
    _c("n_events", "int", "events among them", low=0),
    _c("method", "string", "Cox (Efron), Cox (Breslow), Firth ..., or not fitted"),
    _c("note", "string", "why Firth's penalty was used, or why nothing was fitted"),
), files="cox.tsv")  # fmt: skip

PH_TEST = TableSchema("ph_test", "Are hazards proportional: score test on Schoenfeld residuals against the Kaplan-Meier scale.", (
    _c("model", "string", "univariable, stratified or multivariable", key=True),
    _c("covariate", "string", "column, or GLOBAL", key=True),
    _c("statistic", "float", "chi-square", low=0),
    _c("df", "int", "degrees of freedom", low=0),
    _c("p_value", "float", "small = not proportional", low=0, high=1),
    _c("note", "string", "why there is no test"),
), files="ph_test.tsv")  # fmt: skip

RMST = TableSchema("rmst", "Restricted mean survival time: the mean within the first tau months.", (
    _c("group", "string", "group", key=True),
    _c("tau", "float", "limit, the same for all groups", "months", low=0),
    _c("rmst", "float", "area under the curve up to tau", "months", low=0),
    _c("se", "float", "standard error", "months", low=0),
    _c("ci_low", "float", "95 % interval, lower", "months"),
    _c("ci_high", "float", "95 % interval, upper", "months"),
    _c("reference", "string", "first group"),
    _c("difference", "float", "to the first group", "months"),
    _c("difference_low", "float", "95 % interval, lower", "months"),
    _c("difference_high", "float", "95 % interval, upper", "months"),
    _c("p_value", "float", "p of the difference", low=0, high=1),
), files="rmst.tsv")  # fmt: skip

LEFT_OUT = TableSchema("left_out", "Patients who are not in an analysis.", (
    _c("reason", "string", "rule that left them out, in its order", key=True),
    _c("n", "int", "patients", low=0),
), files="left_out.tsv")  # fmt: skip

RELAPSE_RATIO = TableSchema("relapse_ratio", "The study's yearly relapse ratio (not a valid estimate: see relapse_ratio_test).", (
    _c("year", "int", "years after the start", key=True),
    _c("group", "string", "group", key=True),
    _c("relapsed", "int", "relapsed by then", low=0),
    _c("included", "int", "these and the disease-free with follow-up of at least so long", low=0),
    _c("ratio", "float", "relapsed / included", "0-1", low=0, high=1),
), files="relapse_ratio.tsv")  # fmt: skip

RELAPSE_RATIO_TEST = TableSchema("relapse_ratio_test", "The study's signed-rank test of yearly ratios, reproduced and labelled invalid.", (
    _c("group_a", "string", "first group", key=True),
    _c("group_b", "string", "second group", key=True),
    _c("n_years", "int", "pairs", low=0),
    _c("n_a_higher", "int", "years in which the first group's ratio is higher", low=0),
    _c("p_value", "float", "exact signed-rank p; 2/64 whenever one group is higher in all of six years", low=0, high=1),
    _c("validity", "string", "why it does not hold"),
), files="relapse_ratio_test.tsv")  # fmt: skip

RESPONSE = TableSchema("response", "Response by group: one row per contrast, of all patients and within each stratum.", (
    _c("stratum_by", "string", "all, or the column that is broken down by", key=True),
    _c("stratum", "string", "level of that column", key=True),
    _c("contrast", "string", "pair of groups, or overall", key=True),
    _c("group_a", "string", "first group"),
    _c("responders_a", "int", "responders in the first group", low=0),
    _c("n_a", "int", "patients with a known response", low=0),
    _c("rate_a", "float", "responders_a / n_a", "0-1", low=0, high=1),
    _c("group_b", "string", "second group"),
    _c("responders_b", "int", "responders in the second group", low=0),
    _c("n_b", "int", "patients with a known response", low=0),
    _c("rate_b", "float", "responders_b / n_b", "0-1", low=0, high=1),
    _c("difference", "float", "rate_a - rate_b", low=-1, high=1),
    _c("difference_low", "float", "95 % interval, lower (Newcombe)", low=-1, high=1),
    _c("difference_high", "float", "95 % interval, upper", low=-1, high=1),
    _c("odds_ratio", "float", "conditional odds ratio of response, a over b", low=0),
    _c("ci_low", "float", "exact 95 % interval, lower", low=0),
    _c("ci_high", "float", "exact 95 % interval, upper", low=0),
    _c("test", "string", "test behind p_value"),
    _c("p_value", "float", "two-sided p", low=0, high=1),
    _c("p_holm", "float", "adjusted over the pairs of the stratum by Holm's method", low=0, high=1),
    _c("adj_for", "string", "column held fixed"),
    _c("adj_odds_ratio", "float", "Mantel-Haenszel odds ratio", low=0),
    _c("adj_ci_low", "float", "95 % interval, lower", low=0),
    _c("adj_ci_high", "float", "95 % interval, upper", low=0),
    _c("adj_p", "float", "Cochran-Mantel-Haenszel p, without continuity correction", low=0, high=1),
    _c("adj_p_exact", "float", "exact conditional p", low=0, high=1),
    _c("interaction_p", "float", "Breslow-Day p: does the odds ratio differ between strata", low=0, high=1),
    _c("note", "string", "why a value is missing, or what to beware of"),
    _c("definition", "string", "how the response is defined"),
), files="response.tsv")  # fmt: skip

RESPONSE_RATES = TableSchema("response_rates", "Rate of response per group and stratum.", (
    _c("stratum_by", "string", "all, or the column that is broken down by", key=True),
    _c("stratum", "string", "level of that column", key=True),
    _c("group", "string", "group", key=True),
    _c("responders", "int", "responders", low=0),
    _c("n", "int", "patients with a known response", low=0),
    _c("rate", "float", "responders / n; missing without patients", "0-1", low=0, high=1),
    _c("ci_low", "float", "exact 95 % interval, lower (Clopper-Pearson)", "0-1", low=0, high=1),
    _c("ci_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
), files="response_rates.tsv")  # fmt: skip

RESPONSE_ADJUSTED = TableSchema("response_adjusted", "Response with one column held fixed: receptor status, chemotherapy, anti-HER2 agent.", (
    _c("contrast", "string", "pair of groups", key=True),
    _c("adj_for", "string", "column held fixed", key=True),
    _c("n_informative_strata", "int", "strata with both groups and both outcomes", low=0),
    _c("adj_odds_ratio", "float", "Mantel-Haenszel odds ratio, a over b", low=0),
    _c("adj_ci_low", "float", "95 % interval, lower (Robins-Breslow-Greenland)", low=0),
    _c("adj_ci_high", "float", "95 % interval, upper", low=0),
    _c("adj_p", "float", "Cochran-Mantel-Haenszel p, without continuity correction", low=0, high=1),
    _c("adj_p_exact", "float", "exact conditional p", low=0, high=1),
    _c("adj_odds_ratio_exact", "float", "conditional odds ratio", low=0),
    _c("adj_ci_low_exact", "float", "exact 95 % interval, lower", low=0),
    _c("adj_ci_high_exact", "float", "exact 95 % interval, upper", low=0),
    _c("interaction_p", "float", "Breslow-Day p", low=0, high=1),
    _c("adj_note", "string", "why there is no result"),
), files="response_adjusted.tsv")  # fmt: skip

REGIMENS = TableSchema("regimens", "What regimen codes were read as.", (
    _c("sample_id", "string", "sample", key=True),
    _c("regimen", "string", "as written"),
    _c("codes", "string", "codes of the vocabulary in order, ;-joined"),
    _c("n_phases", "int", "phases", low=0),
    _c("chemotherapy", "string", "classes joined by +, or none, other, unknown"),
    _c("anti_her2", "string", "none, trastuzumab, trastuzumab+pertuzumab, pertuzumab, unknown"),
    _c("unknown", "string", "what is in no vocabulary, ;-joined"),
    _c("flags", "string", "UNKNOWN_CODE, C_OR_CARBOPLATIN, P_WITHOUT_H, X_OR_CYCLES; ;-joined"),
), files="regimens.tsv")  # fmt: skip

TABLE1_VALUES = TableSchema("table1_values", "What Table 1 prints, before rounding: one row per variable, level and group.", (
    _c("variable", "string", "column of the sample table", key=True),
    _c("level", "string", "level, or missing; empty for a measurement"),
    _c("group", "string", "group, or Overall", key=True),
    _c("n", "int", "samples of the level, or with a value", low=0),
    _c("n_known", "int", "samples of the group with a known value", low=0),
    _c("share", "float", "n / n_known", "0-1", low=0, high=1),
    _c("n_missing", "int", "samples of the group without a value (measurements)", low=0),
    _c("minimum", "float", "smallest value"),
    _c("q1", "float", "lower quartile (linear interpolation)"),
    _c("median", "float", "median"),
    _c("q3", "float", "upper quartile"),
    _c("maximum", "float", "largest value"),
    _c("mean", "float", "mean"),
    _c("sd", "float", "standard deviation", low=0),
), files="table1_values.tsv")  # fmt: skip

TABLE1_TESTS = TableSchema("table1_tests", "Tests and standardised differences of Table 1.", (
    _c("variable", "string", "column of the sample table", key=True),
    _c("contrast", "string", "overall, or a pair of groups", key=True),
    _c("test", "string", "test behind p_value (overall only)"),
    _c("p_value", "float", "two-sided p over all groups", low=0, high=1),
    _c("smd", "float", "absolute standardised difference; overall: the largest of the pairs", low=0),
), files="table1_tests.tsv")  # fmt: skip

AGREEMENT = TableSchema("agreement", "Agreement of readers, tests, specimens or methods: one row per statistic.", (
    _c("comparison", "string", "what is compared", key=True),
    _c("statistic", "string", "kappa, ICC(2,1), bias, difference of sensitivity ...", key=True),
    _c("value", "float", "its value"),
    _c("ci_low", "float", "95 % interval, lower"),
    _c("ci_high", "float", "95 % interval, upper"),
    _c("p_value", "float", "two-sided", low=0, high=1),
    _c("test", "string", "test behind p_value"),
    _c("n", "int", "subjects, patients or lesions", low=0),
    _c("note", "string", "why a value is missing, or what to beware of"),
), files="agreement.tsv")  # fmt: skip

AGREEMENT_COUNTS = TableSchema("agreement_counts", "Counts behind an analysis of agreement.", (
    _c("comparison", "string", "what is compared", key=True),
    _c("level_a", "string", "result of the first", key=True),
    _c("level_b", "string", "result of the second", key=True),
    _c("n", "int", "subjects", low=0),
), files="agreement_counts.tsv")  # fmt: skip

PATHWAY_GENES = TableSchema("pathway_genes", "Gene sets, one row per set and gene.", (
    _c("pathway", "string", "pathway", key=True),
    _c("source", "string", "database and version of the set; empty where the file does not say", key=True),
    _c("default", "bool", "whether this source is used unless another is asked for"),
    _c("licence", "string", "licence or description, as in the file"),
    _c("gene", "string", "gene symbol", key=True),
), files="*.gmt")  # fmt: skip

PATHWAY_COVERAGE = TableSchema("pathway_coverage", "How much of each pathway the cohort's assays cover, and what carries it.", (
    _c("pathway", "string", "pathway, with its source where several are used", key=True),
    _c("source", "string", "database and version of the gene set"),
    _c("n_genes_total", "int", "genes of the pathway", low=1),
    _c("n_genes_covered", "int", "of these, genes that an assay of the cohort covers", low=0),
    _c("share_covered", "float", "n_genes_covered / n_genes_total", "0-1", low=0, high=1),
    _c("n_altered", "int", "samples with an alteration of a covered gene", low=0),
    _c("n_not_altered", "int", "samples without, of which enough was profiled", low=0),
    _c("n_not_profiled", "int", "samples without, of which too little was profiled", low=0),
    _c("genes", "string", "altered genes with the number of altered samples, most frequent first (at most 12)"),
    _c("genes_not_covered", "string", "genes that no assay of the cohort covers"),
), files="coverage.tsv")  # fmt: skip

PATHWAY_ALTERATIONS = TableSchema("pathway_alterations", "Each pathway in each sample.", (
    _c("sample_id", "string", "sample", key=True),
    _c("pathway", "string", "pathway, with its source where several are used", key=True),
    _c("altered", "bool", "True: a profiled gene is altered; False: none is, and enough was profiled; NA: not profiled"),
    _c("genes", "string", "altered genes, ;-joined"),
    _c("n_genes_profiled", "int", "genes of the pathway that were profiled in the sample", low=0),
    _c("n_genes_covered", "int", "genes of the pathway that an assay of the cohort covers", low=0),
    _c("n_genes_total", "int", "genes of the pathway", low=1),
), files="pathway_alterations.tsv")  # fmt: skip

EVENT_PAIRS = TableSchema("event_pairs", "Pairs of events: mutual exclusivity and co-occurrence at given burden.", (
    _c("stratum", "string", "all (background within groups), or the group", key=True),
    _c("event_a", "string", "gene, or amplification of an amplicon", key=True),
    _c("event_b", "string", "the other event", key=True),
    _c("n", "int", "samples profiled for both", low=0),
    _c("n_a", "int", "of these, altered in event_a", low=0),
    _c("n_b", "int", "altered in event_b", low=0),
    _c("n_both", "int", "altered in both", low=0),
    _c("expected", "float", "expected number altered in both, given burden and totals", low=0),
    _c("direction", "string", "more or fewer than expected", choices=("exclusivity", "co-occurrence")),
    _c("p_exclusivity", "float", "p of so few in both", low=0, high=1),
    _c("p_cooccurrence", "float", "p of so many in both", low=0, high=1),
    _c("p_value", "float", "two-sided p: numbers not more probable than the observed one", low=0, high=1),
    _c("q_value", "float", "Benjamini-Hochberg over p_value within stratum", low=0, high=1),
    _c("fisher_p", "float", "two-sided Fisher p, for comparison only: anti-conservative where burdens differ", low=0, high=1),
    _c("note", "string", "why a pair was not tested"),
), files="event_pairs.tsv")  # fmt: skip
NMF_RANK_SELECTION = TableSchema("nmf_rank_selection", "One row per rank: how stable its clusters are, beside a matrix of permuted features.", (
    _c("k", "int", "rank: number of components", low=2, key=True),
    _c("cophenetic", "float", "cophenetic correlation of the consensus tree", low=-1, high=1),
    _c("dispersion", "float", "4 (consensus - 1/2)^2, mean", low=0, high=1),
    _c("silhouette", "float", "mean silhouette of the consensus clusters", low=-1, high=1),
    _c("pac", "float", "pairs with a consensus between 0.1 and 0.9", "0-1", low=0, high=1),
    _c("residual", "float", "loss of the best run: residual sum of squares, or Kullback-Leibler divergence", low=0),
    _c("rss", "float", "residual sum of squares of the best run", low=0),
    _c("explained_variance", "float", "1 - rss / sum of squares", high=1),
    _c("n_runs", "int", "runs", low=1),
    _c("n_converged", "int", "runs that ended by convergence", low=0),
    _c("median_iterations", "float", "iterations of a run, median", low=0),
    _c("random_cophenetic", "float", "the same for the permuted matrix", low=-1, high=1),
    _c("random_dispersion", "float", "the same for the permuted matrix", low=0, high=1),
    _c("random_silhouette", "float", "the same for the permuted matrix", low=-1, high=1),
    _c("random_pac", "float", "the same for the permuted matrix", "0-1", low=0, high=1),
    _c("random_residual", "float", "the same for the permuted matrix", low=0),
), files="rank_selection.tsv")  # fmt: skip

NMF_ASSIGNMENTS = TableSchema("nmf_assignments", "Cluster of every sample of the cohort.", (
    _c("sample_id", "string", "sample", key=True),
    _c("cluster", "string", "1 to k by size, 0 = no alteration; missing where status says why"),
    _c("status", "string", "clustered, no alteration, not profiled, incompletely profiled, or no rank supported"),
    _c("membership", "float", "share of the largest coefficient among all of the sample (hierarchical: missing)", "0-1", low=0, high=1),
    _c("consensus_cluster", "string", "cluster cut from the consensus tree, numbered by the cluster that it shares most samples with"),
    _c("silhouette", "float", "of the sample in the consensus, for the clusters of column cluster", low=-1, high=1),
    _c("n_altered", "int", "altered features of the matrix", low=0),
), files="assignments.tsv")  # fmt: skip

CLUSTER_FEATURES = TableSchema("cluster_features", "Features of the matrix in each cluster against the others: descriptive, as they made the clusters.", (
    _c("cluster", "string", "cluster", key=True),
    _c("family", "string", "feature (of the matrix) or pathway (of its genes)", key=True),
    _c("feature", "string", "gene, amplicon or pathway", key=True),
    _c("altered_in", "int", "altered samples in the cluster", low=0),
    _c("n_in", "int", "samples in the cluster", low=0),
    _c("altered_out", "int", "altered samples in all other clusters", low=0),
    _c("n_out", "int", "samples in all other clusters", low=0),
    _c("freq_in", "float", "altered_in / n_in", "0-1", low=0, high=1),
    _c("freq_out", "float", "altered_out / n_out", "0-1", low=0, high=1),
    _c("difference", "float", "freq_in - freq_out", low=-1, high=1),
    _c("odds_ratio", "float", "sample odds ratio, 1/2 added to every count", low=0),
    _c("weight", "float", "weight in the cluster's basis vector, which sums to 1", low=0),
    _c("score", "float", "Kim and Park's score over all components", "0-1", low=0, high=1),
    _c("basis_feature", "bool", "chosen by Kim and Park's rule for this cluster"),
    _c("note", "string", "why there is no p-value"),
), files="features.tsv")  # fmt: skip

CLUSTER_TESTS = TableSchema("cluster_tests", "Variables that were no input of the clustering, between the clusters.", (
    _c("family", "string", "clinical, or held out", key=True),
    _c("variable", "string", "column, or gene", key=True),
    _c("test", "string", "Fisher-Freeman-Halton, or Kruskal-Wallis"),
    _c("n", "int", "samples with a value", low=0),
    _c("p_value", "float", "two-sided p", low=0, high=1),
    _c("q_value", "float", "Benjamini-Hochberg over all rows", low=0, high=1),
), files="tests.tsv")  # fmt: skip

SCHEMAS: dict[str, TableSchema] = {
    found.name: found for found in list(globals().values()) if isinstance(found, TableSchema)
}
"""Every table declared above, by name, in that order."""


def empty(schema: TableSchema) -> pd.DataFrame:
    """Return a table without rows that has every declared column in its declared type."""
    import pandas as pd

    return pd.DataFrame({c.name: pd.Series(dtype=DTYPES[c.dtype]) for c in schema.columns})


def conform(table: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Return our own result table with exactly the declared columns, in order and typed; absent ones are missing.

    For tables that the package has made; a table from outside goes through `check`.
    """
    import pandas as pd

    columns = {}
    for column in schema.columns:
        values = table.get(column.name)
        if values is None:
            values = pd.Series(pd.NA, index=table.index)
        columns[column.name] = values.astype(DTYPES[column.dtype])
    return pd.DataFrame(columns, index=table.index)


def check(
    table: pd.DataFrame, schema: TableSchema, *, source: str | os.PathLike[str] | None = None, unique: bool = True
) -> pd.DataFrame:
    """Check a table against its schema and return it with the declared types.

    Declared columns come first, in their order; others are kept behind them untouched.

    Parameters
    ----------
    table
        Table as read; values may still be text.
    schema
        What it has to be.
    source
        File name for messages.
    unique
        Whether the key columns have to be unique together.

    Raises
    ------
    SchemaError
        If a required column is absent, a value is not of the column's type, out of range or not in its vocabulary, or
        a key is missing or repeated. The message names the first offending row (its ``sample_id`` where there is one).
    """
    import pandas as pd

    missing = [c.name for c in schema.columns if c.required and c.name not in table.columns]
    if missing:
        raise SchemaError(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)} (table {schema.name})", path=source
        )
    present = [c for c in schema.columns if c.name in table.columns]
    typed = {c.name: _typed(table, c, source) for c in present}
    rest = {name: table[name] for name in table.columns if name not in typed}
    result = pd.DataFrame({**typed, **rest}, index=table.index)
    if unique and schema.key:
        _check_key(result, schema, source)
    return result


def _typed(table: pd.DataFrame, column: Column, source: str | os.PathLike[str] | None) -> pd.Series:
    import pandas as pd

    values: pd.Series = table[column.name]
    if column.dtype in ("int", "float"):
        numbers = pd.to_numeric(values, errors="coerce")
        _refuse(numbers.isna() & values.notna(), table, column, "is not a number", source)
        if column.dtype == "int":
            _refuse(numbers.notna() & (numbers % 1 != 0), table, column, "is not a whole number", source)
            _refuse(numbers.notna() & (numbers.abs() > _LARGEST_INT), table, column, "is too large", source)
        if column.low is not None:
            _refuse(numbers.notna() & (numbers < column.low), table, column, f"is below {column.low:g}", source)
        if column.high is not None:
            _refuse(numbers.notna() & (numbers > column.high), table, column, f"is above {column.high:g}", source)
        typed: pd.Series = numbers.astype(DTYPES[column.dtype])
        return typed
    if column.dtype == "bool":
        mapped = values.map(_BOOLEANS, na_action="ignore") if values.dtype != "boolean" else values
        _refuse(mapped.isna() & values.notna(), table, column, "is not true or false", source)
        return mapped.astype("boolean")
    text = values.astype("string")
    if column.choices:
        allowed = " / ".join(column.choices)
        _refuse(text.notna() & ~text.isin(column.choices), table, column, f"is not one of {allowed}", source)
    return text


_LARGEST_INT = 2**53 - 1  # whole numbers up to here are exact however they were read

_BOOLEANS: dict[object, bool] = {
    True: True, False: False, "True": True, "False": False, "TRUE": True, "FALSE": False, "true": True, "false": False,
    "1": True, "0": False, "1.0": True, "0.0": False, "yes": True, "no": False, "Yes": True, "No": False,
    "YES": True, "NO": False, "1:DECEASED": True, "0:LIVING": False,
}  # fmt: skip


def _refuse(
    bad: pd.Series, table: pd.DataFrame, column: Column, problem: str, source: str | os.PathLike[str] | None
) -> None:
    positions = bad.to_numpy(dtype=bool, na_value=False).nonzero()[0]
    if not len(positions):
        return
    row = table.iloc[int(positions[0])]
    more = f" (and {len(positions) - 1} more rows)" if len(positions) > 1 else ""
    sample = row.get("sample_id", row.get("Tumor_Sample_Barcode"))
    raise SchemaError(
        f"value '{row[column.name]}' {problem}{more}",
        path=source,
        sample=_text_of(sample),
        line=None if sample is not None else int(positions[0]) + 2,
        column=column.name,
    )


def _text_of(sample: Any) -> str | None:
    import pandas as pd

    return None if sample is None or pd.isna(sample) else str(sample)


def _check_key(table: pd.DataFrame, schema: TableSchema, source: str | os.PathLike[str] | None) -> None:
    key = [name for name in schema.key if name in table.columns]
    for name in key:
        if table[name].isna().any():
            row = int(table[name].isna().to_numpy().nonzero()[0][0])
            raise SchemaError(f"{name} is empty in data row {row + 1}", path=source, column=name)
    repeated = table.duplicated(key)
    if repeated.any():
        first = table.loc[repeated, key].iloc[0]
        values = ", ".join(f"{name}={first[name]}" for name in key)
        count = int(repeated.sum())
        raise SchemaError(
            f"{count} repeated row{'s' if count > 1 else ''}, first: {values}",
            path=source,
            hint="keep one row per " + ", ".join(key),
        )


def render_markdown(schema: TableSchema) -> str:
    """Return the Markdown column table of a schema, as shown in docs/tables.md."""
    lines = [
        f"### {schema.name}",
        "",
        schema.meaning,
        "",
        "| column | type | unit | range | meaning |",
        "|---|---|---|---|---|",
    ]
    for c in schema.columns:
        name = f"*{c.name}*" if c.key else c.name
        name += "" if c.required else " †"
        span = " / ".join(c.choices) if c.choices else _span(c.low, c.high)
        lines.append(f"| {name} | {c.dtype} | {c.unit} | {span} | {c.meaning} |")
    return "\n".join(lines) + "\n"


def _span(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    return f"{'' if low is None else format(low, 'g')} to {'' if high is None else format(high, 'g')}".strip()
