"""Tables of sequencing: targets, coverage, copy number, variants, tumour mutational burden."""

from __future__ import annotations

from her2genomics.schema.tables import TableSchema, column

TARGETS = TableSchema("targets", "Regions that a panel captures.", (
    column("chromosome", "string", "chromosome, chr-prefixed", key=True),
    column("start", "int", "0-based start", "bp", low=0, key=True),
    column("end", "int", "half-open end", "bp", low=1, key=True),
    column("gene", "string", "gene symbol, or - for a backbone target"),
), files="panels/*/targets_*.bed")  # fmt: skip

COVERAGE = TableSchema("coverage", "Bins of one sample or reference, in CNVkit's columns: depth, log2 and what is known of the bin.", (
    column("chromosome", "string", "chromosome, chr-prefixed", key=True),
    column("start", "int", "0-based start", "bp", low=0, key=True),
    column("end", "int", "half-open end", "bp", low=1, key=True),
    column("gene", "string", "gene symbol, or - for none", key=True),
    column("log2", "float", "log2 of the depth (-20 at depth 0), or a log2 ratio in .cnr and .cns", "log2", low=-100, high=100),
    column("depth", "float", "mean depth over the bin", "x", low=0, required=False),
    column("gc", "float", "GC fraction", "0-1", low=0, high=1, required=False),
    column("rmask", "float", "repeat-masked fraction", "0-1", low=0, high=1, required=False),
    column("spread", "float", "robust standard deviation among the normals", "log2", low=0, required=False),
    column("weight", "float", "reliability of the bin (.cns: sum over its bins)", low=0, required=False),
    column("probes", "int", "bins in the segment (.cns)", low=0, required=False),
), files=".cnn, .cnr, .cns")  # fmt: skip

REFERENCE_BINS = TableSchema("reference_bins", "A reference made of normals: CNVkit's reference columns, and why a bin is left out.", (
    column("chromosome", "string", "chromosome, chr-prefixed", key=True),
    column("start", "int", "0-based start", "bp", low=0, key=True),
    column("end", "int", "half-open end", "bp", low=1, key=True),
    column("gene", "string", "gene symbol, or - for none", key=True),
    column("log2", "float", "log2 depth to the level of the autosomes, at two copies (X of men raised by 1)", "log2"),
    column("gc", "float", "GC fraction", "0-1", low=0, high=1, required=False),
    column("spread", "float", "robust standard deviation among the normals, at the noise of the median one", "log2", low=0),
    column("n_normals", "int", "normals behind the row", low=0),
    column("masked", "string", "why the bin is left out; empty = used"),
    column("build", "string", "genome build of the positions, the same in every row; missing when it is not known", choices=("hg19", "hg38"), required=False),
), files="pon.cnn")  # fmt: skip

REFERENCE_NORMALS = TableSchema("reference_normals", "Quality of each normal of a reference, and whether it is part of the null.", (
    column("sample_id", "string", "normal sample", key=True),
    column("sex", "string", "by the depth of X and Y", choices=("female", "male")),
    column("median_depth", "float", "median depth over the autosomal bins", "x", low=0),
    column("mapd", "float", "median absolute difference of neighbouring log2 ratios", "log2", low=0),
    column("bin_noise", "float", "SD of bins within genes, in units of their spread", low=0),
    column("wave", "float", "SD of whole genes beyond the noise of their bins", "log2", low=0),
    column("used", "bool", "whether it is part of centre, spread and null"),
    column("reasons", "string", "why it is not, ;-joined"),
    column("loo_share", "float", "share of its genes with p < 0.005 against the other normals", "0-1", low=0, high=1),
    column("loo_events", "string", "genes with q < 0.05 against the other normals and their copies"),
    column("loo_calls", "int", "of these, genes beyond the study's cut-offs (at most 1.5, at least 2.75 copies)", low=0),
), files="pon.cnn.normals.tsv")  # fmt: skip

REFERENCE_NULL = TableSchema("reference_null", "Gene log2 of every normal in use, and its t against all others (leave one out).", (
    column("sample_id", "string", "normal sample", key=True),
    column("gene", "string", "gene symbol", key=True),
    column("log2", "float", "weighted mean over the gene's bins, to the reference", "log2"),
    column("loo_t", "float", "moderated t against the other normals"),
), files="pon.cnn.null.tsv")  # fmt: skip

SAMPLE_QC = TableSchema("sample_qc", "Sequencing quality of one sample over its targets.", (
    column("sample_id", "string", "sample", key=True),
    column("n_reads", "int", "reads: primary records, mapped or not, QC-fail left out", "reads", low=0),
    column("n_mapped", "int", "of these, mapped", "reads", low=0),
    column("frac_duplicate", "float", "duplicates among the mapped reads", "0-1", low=0, high=1),
    column("frac_on_target", "float", "reads with an aligned base on a target, among the mapped non-duplicate reads", "0-1", low=0, high=1),
    column("n_targets", "int", "rows of the target table", low=0),
    column("target_bp", "int", "bases of the targets, each counted once", "bp", low=0),
    column("mean_target_depth", "float", "mean depth over the target bases", "x", low=0),
    column("median_target_depth", "float", "median depth over the target bases", "x", low=0),
    column("frac_targets_zero", "float", "targets without any depth", "0-1", low=0, high=1),
    column("frac_targets_100x", "float", "targets with a mean depth of at least 100x", "0-1", low=0, high=1),
    column("frac_targets_500x", "float", "targets with a mean depth of at least 500x", "0-1", low=0, high=1),
    column("frac_bases_100x", "float", "target bases with a depth of at least 100x", "0-1", low=0, high=1),
    column("frac_bases_500x", "float", "target bases with a depth of at least 500x", "0-1", low=0, high=1),
    column("fold_80_penalty", "float", "mean depth over the depth that 80 % of the bases reach, zero-depth targets left out", low=0),
    column("min_callable_depth", "int", "depth from which a base is callable", "x", low=0, required=False),
    column("callable_bp", "int", "target bases with at least that depth", "bp", low=0, required=False),
    column("ratio_spread", "float", "median absolute difference of neighbouring log2 ratios (MAPD)", "log2", low=0, required=False),
    column("her2g_pass", "bool", "whether the sample passes the quality gate", required=False),
    column("reasons", "string", "why it does not, ;-joined", required=False),
), files="sample_qc.tsv")  # fmt: skip

CNV_QC = TableSchema("cnv_qc", "Quality of one copy-number profile.", (
    column("sample_id", "string", "sample", key=True),
    column("n_bins", "int", "autosomal bins with a ratio", low=0),
    column("median_depth", "float", "median depth over them; missing when the file does not say", "x", low=0),
    column("mapd", "float", "median absolute difference of neighbouring log2 ratios", "log2", low=0),
    column("dlrs", "float", "derivative log ratio spread: IQR of the differences / (1.349 sqrt 2)", "log2", low=0),
    column("gc_slope", "float", "trend of the uncorrected log2 ratio with the GC fraction; missing when GC is unknown", "log2"),
    column("failed", "string", "why the profile is not evaluable, ;-joined; empty = evaluable"),
    column("warned", "string", "what to look at, ;-joined"),
), files="cnv_qc.tsv")  # fmt: skip

SEGMENTS = TableSchema("segments", "Segmented log2 ratios of one or many samples (SEG is 1-based inclusive on disk).", (
    column("sample_id", "string", "sample", key=True),
    column("chromosome", "string", "chromosome, chr-prefixed", key=True),
    column("start", "int", "0-based start", "bp", low=0, key=True),
    column("end", "int", "half-open end", "bp", low=1),
    column("probes", "int", "targets or markers in the segment", low=0, required=False),
    column("log2", "float", "log2 ratio to a diploid normal", "log2"),
), files=".seg, .cns")  # fmt: skip

GENE_CNA = TableSchema("gene_cna", "Copy number per sample and gene.", (
    column("sample_id", "string", "sample", key=True),
    column("gene", "string", "gene symbol", key=True),
    column("chromosome", "string", "chromosome", required=False),
    column("start", "int", "0-based start of the gene's targets", "bp", low=0, required=False),
    column("end", "int", "half-open end", "bp", low=1, required=False),
    column("log2", "float", "log2 ratio, probe-weighted mean over the gene", "log2", required=False),
    column("probes", "int", "targets or markers behind the value", low=0, required=False),
    column("segment_log2", "float", "log2 ratio of the segment over the gene", "log2", required=False),
    column("segment_probes", "int", "targets in that segment", low=0, required=False),
    column("cn", "float", "absolute copies, purity-corrected where purity is known", "copies", low=0, required=False),
    column("cna", "int", "deep deletion -2, loss -1, neutral 0, gain 1, amplification 2", low=-2, high=2),
    column("p_value", "float", "p against the normals; missing when there is no null", low=0, high=1, required=False),
    column("q_value", "float", "Benjamini-Hochberg over the genes of the sample", low=0, high=1, required=False),
    column("observed_cn", "float", "copies in the sample as a whole, purity not corrected", "copies", low=0, required=False),
    column("ci_low", "float", "95 % interval of log2, lower", "log2", required=False),
    column("ci_high", "float", "95 % interval of log2, upper", "log2", required=False),
    column("lod_gain", "float", "fewest copies in tumour cells that would be called a gain with 90 % probability", "copies", low=0, required=False),
    column("lod_loss", "float", "most copies in tumour cells that would be called a loss; missing = none would", "copies", low=0, required=False),
    column("call", "string", "amplification, deletion, neutral, or not evaluable", required=False),
    column("event", "string", "amplicon or run of neighbours that the call belongs to", required=False),
    column("flags", "string", "NO_P (called by copies alone), FEW_BINS (under three), PURITY_INCONSISTENT; ;-joined", required=False),
), files="data_cna.txt, data_log2_cna.txt")  # fmt: skip

MUTATIONS = TableSchema("mutations", "Small variants, one row per variant and tumour, with the names of the MAF format.", (
    column("Hugo_Symbol", "string", "gene symbol, current"),
    column("NCBI_Build", "string", "genome build", choices=("hg19", "hg38"), required=False),
    column("Chromosome", "string", "chromosome, chr-prefixed", key=True),
    column("Start_Position", "int", "1-based first base", "bp", low=1, key=True),
    column("End_Position", "int", "1-based last base, inclusive", "bp", low=1),
    column("Variant_Classification", "string", "MAF class (Missense_Mutation ...)"),
    column("Variant_Type", "string", "SNP, DNP, TNP, ONP, INS, DEL", required=False),
    column("Reference_Allele", "string", "reference bases, - for an insertion", key=True),
    column("Tumor_Seq_Allele1", "string", "other tumour allele", required=False),
    column("Tumor_Seq_Allele2", "string", "variant allele, - for a deletion", key=True),
    column("Tumor_Sample_Barcode", "string", "tumour sample", key=True),
    column("Matched_Norm_Sample_Barcode", "string", "matched normal", required=False),
    column("HGVSc", "string", "coding change", required=False),
    column("HGVSp_Short", "string", "protein change, one-letter (p.H1047R)", required=False),
    column("Transcript_ID", "string", "transcript the change is stated on", required=False),
    column("Consequence", "string", "Sequence Ontology terms, &-joined", required=False),
    column("dbSNP_RS", "string", "dbSNP identifier", required=False),
    column("gnomADe_AF", "float", "highest population allele frequency in the annotation", "0-1", low=0, high=1, required=False),
    column("t_depth", "int", "tumour depth", "reads", low=0, required=False),
    column("t_ref_count", "int", "tumour reads with the reference allele", "reads", low=0, required=False),
    column("t_alt_count", "int", "tumour reads with the variant", "reads", low=0, required=False),
    column("n_depth", "int", "normal depth", "reads", low=0, required=False),
    column("n_ref_count", "int", "normal reads with the reference allele", "reads", low=0, required=False),
    column("n_alt_count", "int", "normal reads with the variant", "reads", low=0, required=False),
    column("FILTER", "string", "the caller's FILTER", required=False),
    column("t_vaf", "float", "tumour variant allele fraction", "0-1", low=0, high=1, required=False),
    column("filters_failed", "string", "names of failed filters, ;-joined; empty = counted", required=False),
    column("is_driver", "bool", "known hotspot or driver", required=False),
), files=".maf")  # fmt: skip

FILTER_COUNTS = TableSchema("filter_counts", "How many variants each named filter removed.", (
    column("sample_id", "string", "sample", key=True),
    column("filter", "string", "name of the filter", key=True),
    column("n_removed", "int", "variants of which it is the first failed filter, in this order; sums to all left out", low=0),
    column("n_failed", "int", "variants that fail it (missing unless every filter was asked)", low=0),
    column("n_failed_only_this", "int", "variants that fail nothing else", low=0),
))  # fmt: skip

TMB = TableSchema("tmb", "Tumour mutational burden with its interval and definition.", (
    column("sample_id", "string", "sample", key=True),
    column("n_counted", "int", "variants counted", low=0),
    column("denominator_mb", "float", "territory divided by", "Mb", low=0),
    column("denominator_source", "string", "where the denominator comes from", choices=("explicit", "callable", "bed", "panel")),
    column("tmb", "float", "n_counted / denominator_mb", "mut/Mb", low=0),
    column("garwood_lo", "float", "exact Poisson 95 % interval, lower", "mut/Mb", low=0),
    column("garwood_hi", "float", "exact Poisson 95 % interval, upper", "mut/Mb", low=0),
    column("jeffreys_lo", "float", "Jeffreys 95 % interval, lower", "mut/Mb", low=0),
    column("jeffreys_hi", "float", "Jeffreys 95 % interval, upper", "mut/Mb", low=0),
    column("p_ge_10", "float", "posterior probability that the true TMB is at least 10 mut/Mb (Jeffreys)", low=0, high=1),
    column("max_vaf", "float", "highest allele fraction among somatic variants, hotspots included", "0-1", low=0, high=1),
    column("n_unknown_germline", "int", "counted variants without population annotation", low=0),
    column("frac_in_panel", "float", "share of the input's variants inside the panel", "0-1", low=0, high=1),
    column("status", "string", "evaluable, or not evaluable: reason"),
    column("category", "string", "high / low / borderline, only where the preset defines a cut-off", required=False),
    column("n_input", "int", "variants read: alternate alleles, counted and left out", low=0, required=False),
    column("n_nonsynonymous", "int", "counted variants that change the protein", low=0, required=False),
    column("n_deamination", "int", "counted C>T or G>A with allele fraction 2-10 %", low=0, required=False),
    column("frac_deamination", "float", "their share of the counted substitutions with allele fraction 2-10 %", low=0, high=1, required=False),
    column("tmb_without_deamination", "float", "TMB without them", "mut/Mb", low=0, required=False),
    column("flags", "string", "things to look at, ;-joined", required=False),
    column("preset", "string", "name of the rule set"),
    column("definition", "string", "what was counted, over what, in words"),
))  # fmt: skip
