"""Tables of comparisons: associations, pathways, pairs of genes, Table 1, audit."""

from __future__ import annotations

from her2genomics.schema.tables import TableSchema, column
from her2genomics.schema.vocabulary import AUDIT_VERDICTS

ASSOCIATION = TableSchema("association", "Every comparison: one row per stratum, feature and contrast.", (
    column("stratum", "string", "all, or the level of the --by column the row is about", key=True),
    column("family", "string", "gene, alteration_class, her_family, exon, hotspot, codon, feature, clinical, tmb, pathway ...", key=True),
    column("feature", "string", "gene, pathway, or clinical variable", key=True),
    column("contrast", "string", "zero-low, zero-positive, low-positive, overall, trend", key=True),
    column("group_a", "string", "first group"),
    column("altered_a", "int", "altered (or, for a two-level variable, of the named level) in the first group", low=0),
    column("n_a", "int", "profiled (non-missing) in the first group", low=0),
    column("group_b", "string", "second group"),
    column("altered_b", "int", "altered in the second group", low=0),
    column("n_b", "int", "profiled in the second group", low=0),
    column("freq_a", "float", "altered_a / n_a", "0-1", low=0, high=1),
    column("freq_b", "float", "altered_b / n_b", "0-1", low=0, high=1),
    column("effect", "float", "effect of a relative to b; for a trend, along the order of the groups"),
    column("effect_name", "string", "conditional odds ratio, Hodges-Lehmann shift, difference of means, slope of the proportion, Spearman's rho"),
    column("ci_low", "float", "95 % interval, lower"),
    column("ci_high", "float", "95 % interval, upper"),
    column("test", "string", "test behind p_value"),
    column("p_value", "float", "two-sided p", low=0, high=1),
    column("q_value", "float", "Benjamini-Hochberg over p_value within stratum, family and contrast", low=0, high=1),
    column("n_tested", "int", "features tested in this stratum, family and contrast", low=0),
    column("other_test", "string", "second test, for the reader: chi-square, Dunn-Holm, departure from the trend, Spearman"),
    column("other_p", "float", "p of other_test", low=0, high=1),
    column("n_missing", "int", "samples of the contrast without a value", low=0),
    column("adj_for", "string", "covariates the adjusted columns hold fixed"),
    column("adj_test", "string", "Cochran-Mantel-Haenszel (generalised for overall), Mantel trend, logistic, Firth logistic, McNemar of matched pairs, overlap weights, van Elteren, linear"),
    column("adj_effect", "float", "adjusted odds ratio (numbers: difference of means) of a relative to b"),
    column("adj_ci_low", "float", "95 % interval, lower"),
    column("adj_ci_high", "float", "95 % interval, upper"),
    column("adj_p", "float", "adjusted p; Cochran-Mantel-Haenszel without continuity correction", low=0, high=1),
    column("adj_p_exact", "float", "exact conditional p of the Cochran-Mantel-Haenszel test", low=0, high=1),
    column("adj_q", "float", "Benjamini-Hochberg over adj_p_exact where there is one, else adj_p", low=0, high=1),
    column("adj_n_missing", "int", "samples with a value but without a covariate, left out of the adjusted columns", low=0),
    column("interaction_p", "float", "does the odds ratio differ between levels of the covariates: Breslow-Day, or likelihood ratio", low=0, high=1),
    column("burden_effect", "float", "Mantel-Haenszel odds ratio over strata of the number of altered genes (and of a single adj_for)"),
    column("burden_p", "float", "p of all permutations of the group labels within these strata; pathways only", low=0, high=1),
    column("burden_q", "float", "Benjamini-Hochberg over burden_p", low=0, high=1),
    column("smd", "float", "standardised mean difference of a clinical variable"),
    column("detectable_difference", "float", "smallest difference of two proportions that groups of this size detect (80 % power, alpha 0.05) from the pooled frequency", "0-1", low=0, high=1),
    column("note", "string", "why a value is missing, or what to beware of"),
), files="association.tsv")  # fmt: skip

CONTINGENCY = TableSchema("contingency", "Counts behind every categorical comparison.", (
    column("stratum", "string", "all, or the level of the --by column", key=True),
    column("family", "string", "gene, clinical ...", key=True),
    column("feature", "string", "gene, or clinical variable", key=True),
    column("group", "string", "group", key=True),
    column("level", "string", "level of the variable", key=True),
    column("n", "int", "samples", low=0),
), files="contingency.tsv")  # fmt: skip

COMPARED_GROUPS = TableSchema("compared_groups", "Sizes of the groups of a comparison.", (
    column("stratum", "string", "all, or the level of the --by column", key=True),
    column("group", "string", "group", key=True),
    column("n", "int", "samples", low=0),
), files="groups.tsv")  # fmt: skip

AUDIT = TableSchema("audit", "Printed results, recomputed: the first seven columns are the input.", (
    column("id", "string", "row of the audit", key=True),
    column("study", "string", "paper", required=False),
    column("kind", "string", "table, summary, hr_ci, diagnostic, percent, auc_ci, mann_whitney ...; see docs/audit.md"),
    column("comparison", "string", "what is compared, in the paper's words", required=False),
    column("table_json", "string", "the printed counts, means, interval ... as JSON"),
    column("test", "string", "test that the paper names", required=False),
    column("printed_p", "string", "the printed p-value, percentage, interval or metrics, as printed"),
    column("recomputed_p", "string", "the same quantity recomputed by the named test"),
    column("matching_test", "string", "tests that give the print, ;-joined, the named one first"),
    column("verdict", "string", "about the named test", choices=AUDIT_VERDICTS),
    column("message", "string", "why, and what else was noticed"),
), files="audit.tsv")  # fmt: skip

BALANCE = TableSchema("balance", "How alike two groups are in the covariates, before and after adjustment.", (
    column("stratum", "string", "all, or the level of the --by column", key=True),
    column("contrast", "string", "pair of groups", key=True),
    column("covariate", "string", "covariate", key=True),
    column("level", "string", "level of a category, or mean of a number", key=True),
    column("value_a", "float", "share or mean in the first group"),
    column("value_b", "float", "share or mean in the second group"),
    column("smd", "float", "standardised difference before adjustment"),
    column("adj_value_a", "float", "share or mean in the first group, matched or weighted"),
    column("adj_value_b", "float", "the same in the second group"),
    column("adj_smd", "float", "standardised difference after adjustment; 0.1 is the usual bound"),
    column("method", "string", "matching or overlap"),
    column("n_a", "float", "samples of the first group after adjustment (effective number where weighted)", low=0),
    column("n_b", "float", "the same in the second group", low=0),
), files="balance.tsv")  # fmt: skip

TABLE1_VALUES = TableSchema("table1_values", "What Table 1 prints, before rounding: one row per variable, level and group.", (
    column("variable", "string", "column of the sample table", key=True),
    column("level", "string", "level, or missing; empty for a measurement"),
    column("group", "string", "group, or Overall", key=True),
    column("n", "int", "samples of the level, or with a value", low=0),
    column("n_known", "int", "samples of the group with a known value", low=0),
    column("share", "float", "n / n_known", "0-1", low=0, high=1),
    column("n_missing", "int", "samples of the group without a value (measurements)", low=0),
    column("minimum", "float", "smallest value"),
    column("q1", "float", "lower quartile (linear interpolation)"),
    column("median", "float", "median"),
    column("q3", "float", "upper quartile"),
    column("maximum", "float", "largest value"),
    column("mean", "float", "mean"),
    column("sd", "float", "standard deviation", low=0),
), files="table1_values.tsv")  # fmt: skip

TABLE1_TESTS = TableSchema("table1_tests", "Tests and standardised differences of Table 1.", (
    column("variable", "string", "column of the sample table", key=True),
    column("contrast", "string", "overall, or a pair of groups", key=True),
    column("test", "string", "test behind p_value (overall only)"),
    column("p_value", "float", "two-sided p over all groups", low=0, high=1),
    column("smd", "float", "absolute standardised difference; overall: the largest of the pairs", low=0),
), files="table1_tests.tsv")  # fmt: skip

PATHWAY_GENES = TableSchema("pathway_genes", "Gene sets, one row per set and gene.", (
    column("pathway", "string", "pathway", key=True),
    column("source", "string", "database and version of the set; empty where the file does not say", key=True),
    column("default", "bool", "whether this source is used unless another is asked for"),
    column("licence", "string", "licence or description, as in the file"),
    column("gene", "string", "gene symbol", key=True),
), files="*.gmt")  # fmt: skip

PATHWAY_COVERAGE = TableSchema("pathway_coverage", "How much of each pathway the cohort's assays cover, and what carries it.", (
    column("pathway", "string", "pathway, with its source where several are used", key=True),
    column("source", "string", "database and version of the gene set"),
    column("n_genes_total", "int", "genes of the pathway", low=1),
    column("n_genes_covered", "int", "of these, genes that an assay of the cohort covers", low=0),
    column("share_covered", "float", "n_genes_covered / n_genes_total", "0-1", low=0, high=1),
    column("n_altered", "int", "samples with an alteration of a covered gene", low=0),
    column("n_not_altered", "int", "samples without, of which enough was profiled", low=0),
    column("n_not_profiled", "int", "samples without, of which too little was profiled", low=0),
    column("genes", "string", "altered genes with the number of altered samples, most frequent first (at most 12)"),
    column("genes_not_covered", "string", "genes that no assay of the cohort covers"),
), files="coverage.tsv")  # fmt: skip

PATHWAY_ALTERATIONS = TableSchema("pathway_alterations", "Each pathway in each sample.", (
    column("sample_id", "string", "sample", key=True),
    column("pathway", "string", "pathway, with its source where several are used", key=True),
    column("altered", "bool", "True: a profiled gene is altered; False: none is, and enough was profiled; NA: not profiled"),
    column("genes", "string", "altered genes, ;-joined"),
    column("n_genes_profiled", "int", "genes of the pathway that were profiled in the sample", low=0),
    column("n_genes_covered", "int", "genes of the pathway that an assay of the cohort covers", low=0),
    column("n_genes_total", "int", "genes of the pathway", low=1),
), files="pathway_alterations.tsv")  # fmt: skip

EVENT_PAIRS = TableSchema("event_pairs", "Pairs of events: mutual exclusivity and co-occurrence at given burden.", (
    column("stratum", "string", "all (groups in the background), or the group", key=True),
    column("event_a", "string", "gene, or amplification of an amplicon", key=True),
    column("event_b", "string", "the other event", key=True),
    column("n", "int", "samples profiled for both", low=0),
    column("n_a", "int", "of these, altered in event_a", low=0),
    column("n_b", "int", "altered in event_b", low=0),
    column("n_both", "int", "altered in both", low=0),
    column("expected", "float", "expected number altered in both, given burden and totals", low=0),
    column("direction", "string", "more or fewer than expected", choices=("exclusivity", "co-occurrence")),
    column("p_exclusivity", "float", "p of so few in both", low=0, high=1),
    column("p_cooccurrence", "float", "p of so many in both", low=0, high=1),
    column("p_value", "float", "two-sided p: numbers not more probable than the observed one", low=0, high=1),
    column("q_value", "float", "Benjamini-Hochberg over p_value within stratum", low=0, high=1),
    column("fisher_p", "float", "two-sided Fisher p, for comparison only: anti-conservative where burdens differ", low=0, high=1),
    column("note", "string", "why a pair was not tested; what an event stands for"),
), files="event_pairs.tsv")  # fmt: skip
