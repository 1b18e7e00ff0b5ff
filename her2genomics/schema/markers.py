"""Tables of quantitative markers, agreement and prediction."""

from __future__ import annotations

from her2genomics.schema.tables import TableSchema, column

MARKER_ACCURACY = TableSchema("marker_accuracy", "How well a marker tells two classes apart, per contrast and set of samples.", (
    column("marker", "string", "column of the marker", key=True),
    column("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    column("set", "string", "set of samples, all where there is one", key=True),
    column("positive_class", "string", "what counts as positive"),
    column("negative_class", "string", "what counts as negative"),
    column("direction", "string", "which values speak for the positive class", choices=("higher", "lower")),
    column("n_positive", "int", "samples of the positive class with a value", low=0),
    column("n_negative", "int", "samples of the negative class with a value", low=0),
    column("n_missing", "int", "samples of both classes without a value", low=0),
    column("auc", "float", "area under the ROC curve", "0-1", low=0, high=1),
    column("auc_low", "float", "DeLong 95 % interval, lower", "0-1", low=0, high=1),
    column("auc_high", "float", "DeLong 95 % interval, upper", "0-1", low=0, high=1),
    column("boot_low", "float", "bootstrap 95 % interval (percentile, within class), lower", "0-1", low=0, high=1),
    column("boot_high", "float", "bootstrap 95 % interval, upper", "0-1", low=0, high=1),
    column("p_value", "float", "Wilcoxon rank-sum, two-sided", low=0, high=1),
    column("auc_drop", "float", "area in the development set less the area here"),
    column("auc_drop_p", "float", "DeLong test of that drop, two separate sets", low=0, high=1),
    column("cut_off_rule", "string", "youden, closest, specificity=..., sensitivity=..., given"),
    column("cut_off", "float", "cut-off, from the development set"),
    column("tp", "int", "true positives", low=0),
    column("fp", "int", "false positives", low=0),
    column("fn", "int", "false negatives", low=0),
    column("tn", "int", "true negatives", low=0),
    column("sensitivity", "float", "share of the positive class that is test-positive", "0-1", low=0, high=1),
    column("sensitivity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("sensitivity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("specificity", "float", "share of the negative class that is test-negative", "0-1", low=0, high=1),
    column("specificity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("specificity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("ppv", "float", "share of test-positives that are positive, in these samples", "0-1", low=0, high=1),
    column("ppv_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("ppv_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("npv", "float", "share of test-negatives that are negative, in these samples", "0-1", low=0, high=1),
    column("npv_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("npv_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("accuracy", "float", "share of samples that are right", "0-1", low=0, high=1),
    column("accuracy_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("accuracy_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("f1", "float", "2 tp / (2 tp + fp + fn)", "0-1", low=0, high=1),
    column("f1_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("f1_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("prevalence", "float", "prevalence that was asked for", "0-1", low=0, high=1),
    column("ppv_at_prevalence", "float", "PPV at that prevalence", "0-1", low=0, high=1),
    column("ppv_at_prevalence_low", "float", "95 % interval on the logit scale, lower", "0-1", low=0, high=1),
    column("ppv_at_prevalence_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
    column("npv_at_prevalence", "float", "NPV at that prevalence", "0-1", low=0, high=1),
    column("npv_at_prevalence_low", "float", "95 % interval on the logit scale, lower", "0-1", low=0, high=1),
    column("npv_at_prevalence_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
    column("note", "string", "why a value is missing, or what to beware of"),
), files="marker_accuracy.tsv")  # fmt: skip

MARKER_DISTRIBUTION = TableSchema("marker_distribution", "A marker within each group.", (
    column("marker", "string", "column of the marker", key=True),
    column("group", "string", "group", key=True),
    column("n", "int", "samples with a value", low=0),
    column("n_missing", "int", "samples without", low=0),
    column("mean", "float", "mean"),
    column("sd", "float", "standard deviation", low=0),
    column("lowest", "float", "smallest value"),
    column("q1", "float", "lower quartile"),
    column("median", "float", "median"),
    column("q3", "float", "upper quartile"),
    column("highest", "float", "largest value"),
), files="marker_distribution.tsv")  # fmt: skip

MARKER_ROC = TableSchema("marker_roc", "Points of the ROC curves: what each possible cut-off gives.", (
    column("marker", "string", "column of the marker", key=True),
    column("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    column("set", "string", "set of samples, all where there is one", key=True),
    column("cut_off", "float", "midway between two neighbouring values", key=True),
    column("tp", "int", "true positives", low=0),
    column("fp", "int", "false positives", low=0),
    column("fn", "int", "false negatives", low=0),
    column("tn", "int", "true negatives", low=0),
    column("sensitivity", "float", "sensitivity", "0-1", low=0, high=1),
    column("specificity", "float", "specificity", "0-1", low=0, high=1),
), files="marker_roc.tsv")  # fmt: skip

MARKER_PAIRS = TableSchema("marker_pairs", "Two markers measured in the same samples: DeLong's test of their areas.", (
    column("marker_a", "string", "first marker", key=True),
    column("marker_b", "string", "second marker", key=True),
    column("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    column("set", "string", "set of samples", key=True),
    column("n", "int", "samples that have both", low=0),
    column("auc_difference", "float", "first area less the second"),
    column("ci_low", "float", "95 % interval, lower"),
    column("ci_high", "float", "95 % interval, upper"),
    column("p_value", "float", "two-sided", low=0, high=1),
    column("p_holm", "float", "Holm over the pairs of one contrast and set", low=0, high=1),
), files="marker_pairs.tsv")  # fmt: skip

MARKER_CORRELATION = TableSchema("marker_correlation", "Correlation of markers with each other and with other columns.", (
    column("marker_a", "string", "marker", key=True),
    column("marker_b", "string", "the other column", key=True),
    column("method", "string", "coefficient", choices=("spearman", "kendall", "pearson"), key=True),
    column("n", "int", "samples that have both", low=0),
    column("coefficient", "float", "correlation", low=-1, high=1),
    column("ci_low", "float", "95 % interval, lower", low=-1, high=1),
    column("ci_high", "float", "95 % interval, upper", low=-1, high=1),
    column("p_value", "float", "two-sided", low=0, high=1),
    column("note", "string", "why a value is missing"),
), files="marker_correlation.tsv")  # fmt: skip

MARKER_CALIBRATION = TableSchema("marker_calibration", "Probabilities of a logistic model fitted in the development set, against what was.", (
    column("marker", "string", "column of the marker", key=True),
    column("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    column("set", "string", "set of samples, all where there is one", key=True),
    column("n", "int", "samples", low=0),
    column("intercept", "float", "calibration intercept, 0 is perfect"),
    column("slope", "float", "calibration slope, 1 is perfect (and 1 by construction in the development set)"),
    column("in_the_large", "float", "intercept at slope 1; above 0 the predictions are too low"),
    column("observed_expected", "float", "observed positives over the sum of predictions", low=0),
    column("brier", "float", "mean squared difference", "0-1", low=0, high=1),
), files="marker_calibration.tsv")  # fmt: skip

MARKER_CALIBRATION_GROUPS = TableSchema("marker_calibration_groups", "Observed shares in groups of similar predictions.", (
    column("marker", "string", "column of the marker", key=True),
    column("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    column("set", "string", "set of samples, all where there is one", key=True),
    column("predicted", "float", "mean prediction", "0-1", low=0, high=1, key=True),
    column("observed", "float", "observed share", "0-1", low=0, high=1),
    column("ci_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("ci_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("n", "int", "samples", low=0),
), files="marker_calibration_groups.tsv")  # fmt: skip

MARKER_DECISION = TableSchema("marker_decision", "Decision curve: net benefit of acting on the predicted probability.", (
    column("marker", "string", "column of the marker", key=True),
    column("contrast", "string", "zero-low, zero-rest, positive-rest ...", key=True),
    column("set", "string", "set of samples, all where there is one", key=True),
    column("threshold", "float", "threshold probability", "0-1", low=0, high=1, key=True),
    column("net_benefit", "float", "of acting above the threshold, true positives per sample"),
    column("net_benefit_all", "float", "of acting on all"),
), files="marker_decision.tsv")  # fmt: skip

MARKER_ASSOCIATION = TableSchema("marker_association", "A score between altered and unaltered samples, and with TMB.", (
    column("marker", "string", "column of the score", key=True),
    column("family", "string", "gene, pathway, tmb", key=True),
    column("feature", "string", "gene, pathway, or tmb", key=True),
    column("n_altered", "int", "profiled and altered samples with a score", low=0),
    column("n_unaltered", "int", "profiled and unaltered samples with a score", low=0),
    column("n_missing", "int", "samples without a score or not profiled", low=0),
    column("median_altered", "float", "median score of the altered"),
    column("median_unaltered", "float", "median score of the unaltered"),
    column("effect", "float", "altered minus unaltered; for TMB the correlation"),
    column("effect_name", "string", "Hodges-Lehmann shift, Spearman's rho"),
    column("ci_low", "float", "95 % interval, lower"),
    column("ci_high", "float", "95 % interval, upper"),
    column("auc", "float", "share of pairs in which the altered sample has the higher score", "0-1", low=0, high=1),
    column("test", "string", "test behind p_value"),
    column("p_value", "float", "two-sided", low=0, high=1),
    column("q_value", "float", "Benjamini-Hochberg over p_value within marker and family", low=0, high=1),
    column("n_tested", "int", "features tested for this marker and family", low=0),
    column("strata", "string", "columns whose combinations are the strata of the adjusted test"),
    column("adj_auc", "float", "the same share within strata, weighted as the test is", "0-1", low=0, high=1),
    column("adj_p", "float", "van Elteren, two-sided", low=0, high=1),
    column("adj_q", "float", "Benjamini-Hochberg over adj_p within marker and family", low=0, high=1),
    column("n_informative_strata", "int", "strata with altered and unaltered samples of unequal scores", low=0),
    column("adj_n_missing", "int", "samples without a stratum, left out of the adjusted test", low=0),
    column("note", "string", "why a value is missing"),
), files="marker_association.tsv")  # fmt: skip

PREDICTION = TableSchema("prediction", "How well a model tells two classes apart: nested cross-validation, and external sets.", (
    column("model", "string", "logistic (ridge) or boosting", key=True),
    column("features", "string", "all; without BLOCK or only BLOCK (ablation)", key=True),
    column("contrast", "string", "zero-rest, low-positive ...", key=True),
    column("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    column("positive_class", "string", "what counts as positive"),
    column("negative_class", "string", "what counts as negative"),
    column("n_positive", "int", "samples of the positive class", low=0),
    column("n_negative", "int", "samples of the negative class", low=0),
    column("auc", "float", "share of pairs within one held-out fold in the right order", "0-1", low=0, high=1),
    column("auc_low", "float", "bootstrap 95 % interval over the held-out predictions, lower", "0-1", low=0, high=1),
    column("auc_high", "float", "bootstrap 95 % interval, upper", "0-1", low=0, high=1),
    column("tp", "int", "true positives at the cut-off chosen in the training samples", low=0),
    column("fp", "int", "false positives", low=0),
    column("fn", "int", "false negatives", low=0),
    column("tn", "int", "true negatives", low=0),
    column("sensitivity", "float", "share of the positive class that is called positive", "0-1", low=0, high=1),
    column("sensitivity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("sensitivity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("specificity", "float", "share of the negative class that is called negative", "0-1", low=0, high=1),
    column("specificity_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("specificity_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("accuracy", "float", "share of samples that are right", "0-1", low=0, high=1),
    column("calibration_intercept", "float", "calibration intercept of the held-out probabilities, 0 is perfect"),
    column("calibration_slope", "float", "calibration slope, 1 is perfect; below 1 the probabilities are too extreme"),
    column("brier", "float", "mean squared difference of probability and class", "0-1", low=0, high=1),
    column("note", "string", "why a value is missing, or what to beware of"),
), files="prediction.tsv")  # fmt: skip

PREDICTION_CASCADE = TableSchema("prediction_cascade", "The two steps together: one of three classes per sample.", (
    column("model", "string", "logistic (ridge) or boosting", key=True),
    column("features", "string", "all; without BLOCK or only BLOCK (ablation)", key=True),
    column("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    column("n", "int", "samples", low=0),
    column("macro_auc", "float", "mean over classes of the area of each against the rest", "0-1", low=0, high=1),
    column("macro_auc_low", "float", "bootstrap 95 % interval, lower", "0-1", low=0, high=1),
    column("macro_auc_high", "float", "bootstrap 95 % interval, upper", "0-1", low=0, high=1),
    column("accuracy", "float", "share of samples that are right", "0-1", low=0, high=1),
    column("kappa", "float", "Cohen's kappa", low=-1, high=1),
    column("weighted_kappa", "float", "kappa with quadratic weights", low=-1, high=1),
    column("weighted_kappa_low", "float", "95 % interval (Fleiss), lower", low=-1, high=1),
    column("weighted_kappa_high", "float", "95 % interval, upper", low=-1, high=1),
), files="prediction_cascade.tsv")  # fmt: skip

PREDICTION_CONFUSION = TableSchema("prediction_confusion", "Counts of truth by prediction of the cascade.", (
    column("model", "string", "logistic (ridge) or boosting", key=True),
    column("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    column("truth", "string", "class", key=True),
    column("predicted", "string", "predicted class", key=True),
    column("n", "int", "samples", low=0),
), files="prediction_confusion.tsv")  # fmt: skip

PREDICTION_IMPORTANCE = TableSchema("prediction_importance", "What shuffling a feature in the held-out samples costs.", (
    column("model", "string", "logistic (ridge) or boosting", key=True),
    column("contrast", "string", "zero-rest, low-positive ...", key=True),
    column("feature", "string", "feature", key=True),
    column("block", "string", "block of the feature"),
    column("auc_drop", "float", "mean drop of the area within held-out folds"),
    column("sd", "float", "standard deviation over folds"),
), files="prediction_importance.tsv")  # fmt: skip

PREDICTION_ROC = TableSchema("prediction_roc", "ROC curves of the held-out predictions, averaged over folds.", (
    column("model", "string", "logistic (ridge) or boosting", key=True),
    column("contrast", "string", "zero-rest, low-positive ...", key=True),
    column("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    column("false_positive_share", "float", "1 - specificity", "0-1", low=0, high=1, key=True),
    column("sensitivity", "float", "mean sensitivity of the folds", "0-1", low=0, high=1),
), files="prediction_roc.tsv")  # fmt: skip

PREDICTION_CALIBRATION = TableSchema("prediction_calibration", "Observed shares in groups of similar held-out probabilities.", (
    column("model", "string", "logistic (ridge) or boosting", key=True),
    column("contrast", "string", "zero-rest, low-positive ...", key=True),
    column("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    column("predicted", "float", "mean probability", "0-1", low=0, high=1, key=True),
    column("observed", "float", "observed share", "0-1", low=0, high=1),
    column("ci_low", "float", "exact 95 % interval, lower", "0-1", low=0, high=1),
    column("ci_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
    column("n", "int", "samples", low=0),
), files="prediction_calibration.tsv")  # fmt: skip

PREDICTION_SAMPLES = TableSchema("prediction_samples", "Held-out probability of every sample.", (
    column("model", "string", "logistic (ridge) or boosting", key=True),
    column("set", "string", "cross-validation (development set, held out), or an external set", key=True),
    column("sample_id", "string", "sample", key=True),
    column("contrast", "string", "zero-rest, low-positive ...", key=True),
    column("truth", "string", "class of the sample"),
    column("fold", "int", "held-out fold it was predicted in (0 in an external set)", low=0),
    column("probability", "float", "of the contrast's positive class", "0-1", low=0, high=1),
    column("called", "bool", "probability at or above the cut-off of the training samples"),
), files="prediction_samples.tsv")  # fmt: skip

AGREEMENT = TableSchema("agreement", "Agreement of readers, tests, specimens or methods: one row per statistic.", (
    column("comparison", "string", "what is compared", key=True),
    column("statistic", "string", "kappa, ICC(2,1), bias, difference of sensitivity ...", key=True),
    column("value", "float", "its value"),
    column("ci_low", "float", "95 % interval, lower"),
    column("ci_high", "float", "95 % interval, upper"),
    column("p_value", "float", "two-sided", low=0, high=1),
    column("test", "string", "test behind p_value"),
    column("n", "int", "subjects, patients or lesions", low=0),
    column("note", "string", "why a value is missing, or what to beware of"),
), files="agreement.tsv")  # fmt: skip

AGREEMENT_COUNTS = TableSchema("agreement_counts", "Counts behind an analysis of agreement.", (
    column("comparison", "string", "what is compared", key=True),
    column("level_a", "string", "result of the first", key=True),
    column("level_b", "string", "result of the second", key=True),
    column("n", "int", "subjects", low=0),
), files="agreement_counts.tsv")  # fmt: skip
