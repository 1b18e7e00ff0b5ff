"""Tables of outcome: survival and response."""

from __future__ import annotations

from her2genomics.schema.tables import TableSchema, column

SURVIVAL = TableSchema("survival", "Survival by group: one row for all patients, one per group; what is not reached (NR) is missing.", (
    column("group", "string", "all, or the group", key=True),
    column("n", "int", "patients", low=0),
    column("n_events", "int", "of these, with the event", low=0),
    column("maturity", "float", "n_events / n", "0-1", low=0, high=1),
    column("immature", "bool", "events in under 20 % of the patients"),
    column("median", "float", "Kaplan-Meier median; missing = not reached", "months", low=0),
    column("median_low", "float", "95 % interval, lower (log-log)", "months", low=0),
    column("median_high", "float", "95 % interval, upper; missing = not reached", "months", low=0),
    column("median_text", "string", "the three as printed, NR for what is not reached"),
    column("followup_median", "float", "median follow-up, reverse Kaplan-Meier", "months", low=0),
    column("followup_low", "float", "95 % interval, lower", "months", low=0),
    column("followup_high", "float", "95 % interval, upper", "months", low=0),
    column("logrank_p", "float", "log-rank p against the first group; for all: of all groups", low=0, high=1),
    column("logrank_p_holm", "float", "adjusted over all pairs by Holm's method", low=0, high=1),
    column("stratified_p", "float", "log-rank p within the strata of the adjustment column", low=0, high=1),
    column("hazard_ratio", "float", "hazard of the group over that of the first group", low=0),
    column("ci_low", "float", "95 % interval, lower", low=0),
    column("ci_high", "float", "95 % interval, upper", low=0),
    column("p_value", "float", "Wald p (Firth: penalised likelihood ratio)", low=0, high=1),
    column("method", "string", "Cox or Firth, and how ties are treated"),
    column("adj_for", "string", "covariates of the multivariable model, ;-joined"),
    column("adj_hazard_ratio", "float", "hazard ratio in the multivariable model", low=0),
    column("adj_ci_low", "float", "95 % interval, lower", low=0),
    column("adj_ci_high", "float", "95 % interval, upper", low=0),
    column("adj_p", "float", "p in the multivariable model", low=0, high=1),
    column("adj_method", "string", "Cox or Firth, and how ties are treated"),
    column("ph_p", "float", "test of proportional hazards of the groups (score test)", low=0, high=1),
    column("rmst_tau", "float", "restricted mean up to", "months", low=0),
    column("rmst", "float", "restricted mean survival time", "months", low=0),
    column("rmst_difference", "float", "to the first group", "months"),
    column("rmst_low", "float", "95 % interval of the difference, lower", "months"),
    column("rmst_high", "float", "95 % interval of the difference, upper", "months"),
    column("rmst_p", "float", "p of the difference", low=0, high=1),
    column("note", "string", "why a value is missing"),
    column("definition", "string", "event, start and exclusions, in words"),
), files="survival.tsv")  # fmt: skip

KM_CURVES = TableSchema("km_curves", "Kaplan-Meier curves: one row per group and time.", (
    column("group", "string", "all, or the group", key=True),
    column("time", "float", "time of events or censoring", "months", low=0, key=True),
    column("survival", "float", "share without the event after this time", "0-1", low=0, high=1),
    column("ci_low", "float", "95 % interval, lower (log-log)", "0-1", low=0, high=1),
    column("ci_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
    column("n_at_risk", "int", "patients at risk just before", low=0),
    column("n_events", "int", "events at this time", low=0),
    column("n_censored", "int", "patients censored at this time", low=0),
), files="km_curves.tsv")  # fmt: skip

AT_RISK = TableSchema("at_risk", "The curves read at round times.", (
    column("group", "string", "all, or the group", key=True),
    column("time", "float", "time", "months", low=0, key=True),
    column("n_at_risk", "int", "patients whose time is not below", low=0),
    column("survival", "float", "share without the event; missing beyond the last time", "0-1", low=0, high=1),
    column("ci_low", "float", "95 % interval, lower (log-log)", "0-1", low=0, high=1),
    column("ci_high", "float", "95 % interval, upper", "0-1", low=0, high=1),
), files="at_risk.tsv")  # fmt: skip

LOGRANK = TableSchema("logrank", "Log-rank tests: overall and pairs, crude and in strata.", (
    column("comparison", "string", "overall, or a pair of groups", key=True),
    column("strata", "string", "column whose strata the test is within; empty = crude", key=True),
    column("label", "string", "empty, or why the test is descriptive only", key=True),
    column("group_a", "string", "first group"),
    column("group_b", "string", "second group"),
    column("n", "int", "patients of all groups that are known", low=0),
    column("n_events", "int", "events among them", low=0),
    column("statistic", "float", "chi-square", low=0),
    column("df", "int", "degrees of freedom", low=0),
    column("p_value", "float", "two-sided p", low=0, high=1),
    column("p_holm", "float", "adjusted over the pairs by Holm's method", low=0, high=1),
    column("note", "string", "why there is no test"),
), files="logrank.tsv")  # fmt: skip

COX = TableSchema("cox", "Cox models: each covariate alone, the groups in strata, all together.", (
    column("model", "string", "univariable, stratified or multivariable", key=True),
    column("covariate", "string", "column", key=True),
    column("level", "string", "level of a category; empty for a number (per unit)", key=True),
    column("reference", "string", "level it is compared with"),
    column("coef", "float", "log hazard ratio"),
    column("hazard_ratio", "float", "hazard of the level over that of the reference", low=0),
    column("ci_low", "float", "95 % interval, lower (Wald; Firth: profile likelihood)", low=0),
    column("ci_high", "float", "95 % interval, upper", low=0),
    column("se", "float", "standard error of coef", low=0),
    column("z", "float", "coef / se (Firth: signed root of the likelihood ratio)"),
    column("p_value", "float", "two-sided p", low=0, high=1),
    column("n", "int", "patients with all values", low=0),
    column("n_events", "int", "events among them", low=0),
    column("method", "string", "Cox (Efron), Cox (Breslow), Firth ..., or not fitted"),
    column("note", "string", "why Firth's penalty was used, or why nothing was fitted"),
), files="cox.tsv")  # fmt: skip

PH_TEST = TableSchema("ph_test", "Are hazards proportional: score test on Schoenfeld residuals against the Kaplan-Meier scale.", (
    column("model", "string", "univariable, stratified or multivariable", key=True),
    column("covariate", "string", "column, or GLOBAL", key=True),
    column("statistic", "float", "chi-square", low=0),
    column("df", "int", "degrees of freedom", low=0),
    column("p_value", "float", "small = not proportional", low=0, high=1),
    column("note", "string", "why there is no test"),
), files="ph_test.tsv")  # fmt: skip

RMST = TableSchema("rmst", "Restricted mean survival time: the mean within the first tau months.", (
    column("group", "string", "group", key=True),
    column("tau", "float", "limit, the same for all groups", "months", low=0),
    column("rmst", "float", "area under the curve up to tau", "months", low=0),
    column("se", "float", "standard error", "months", low=0),
    column("ci_low", "float", "95 % interval, lower", "months"),
    column("ci_high", "float", "95 % interval, upper", "months"),
    column("reference", "string", "first group"),
    column("difference", "float", "to the first group", "months"),
    column("difference_low", "float", "95 % interval, lower", "months"),
    column("difference_high", "float", "95 % interval, upper", "months"),
    column("p_value", "float", "p of the difference", low=0, high=1),
), files="rmst.tsv")  # fmt: skip

LEFT_OUT = TableSchema("left_out", "Patients who are not in an analysis.", (
    column("reason", "string", "rule that left them out, in its order", key=True),
    column("n", "int", "patients", low=0),
), files="left_out.tsv")  # fmt: skip

RELAPSE_RATIO = TableSchema("relapse_ratio", "The study's yearly relapse ratio (not a valid estimate: see relapse_ratio_test).", (
    column("year", "int", "years after the start", key=True),
    column("group", "string", "group", key=True),
    column("relapsed", "int", "relapsed by then", low=0),
    column("included", "int", "these and the disease-free with follow-up of at least so long", low=0),
    column("ratio", "float", "relapsed / included", "0-1", low=0, high=1),
), files="relapse_ratio.tsv")  # fmt: skip

RELAPSE_RATIO_TEST = TableSchema("relapse_ratio_test", "The study's signed-rank test of yearly ratios, reproduced and labelled invalid.", (
    column("group_a", "string", "first group", key=True),
    column("group_b", "string", "second group", key=True),
    column("n_years", "int", "pairs", low=0),
    column("n_a_higher", "int", "years in which the first group's ratio is higher", low=0),
    column("p_value", "float", "exact signed-rank p; 2/64 whenever one group is higher in all of six years", low=0, high=1),
    column("validity", "string", "why it does not hold"),
), files="relapse_ratio_test.tsv")  # fmt: skip

RESPONSE = TableSchema("response", "Response by group: one row per contrast, of all patients and within each stratum.", (
    column("stratum_by", "string", "all, or the column that is broken down by", key=True),
    column("stratum", "string", "level of that column", key=True),
    column("contrast", "string", "pair of groups, or overall", key=True),
    column("group_a", "string", "first group"),
    column("responders_a", "int", "responders in the first group", low=0),
    column("n_a", "int", "patients with a known response", low=0),
    column("rate_a", "float", "responders_a / n_a", "0-1", low=0, high=1),
    column("group_b", "string", "second group"),
    column("responders_b", "int", "responders in the second group", low=0),
    column("n_b", "int", "patients with a known response", low=0),
    column("rate_b", "float", "responders_b / n_b", "0-1", low=0, high=1),
    column("difference", "float", "rate_a - rate_b", low=-1, high=1),
    column("difference_low", "float", "95 % interval, lower (Newcombe)", low=-1, high=1),
    column("difference_high", "float", "95 % interval, upper", low=-1, high=1),
    column("odds_ratio", "float", "conditional odds ratio of response, a over b", low=0),
    column("ci_low", "float", "exact 95 % interval, lower", low=0),
    column("ci_high", "float", "exact 95 % interval, upper", low=0),
    column("test", "string", "test behind p_value"),
    column("p_value", "float", "two-sided p", low=0, high=1),
    column("p_holm", "float", "adjusted over the pairs of the stratum by Holm's method", low=0, high=1),
    column("adj_for", "string", "column held fixed"),
    column("adj_odds_ratio", "float", "Mantel-Haenszel odds ratio", low=0),
    column("adj_ci_low", "float", "95 % interval, lower", low=0),
    column("adj_ci_high", "float", "95 % interval, upper", low=0),
    column("adj_p", "float", "Cochran-Mantel-Haenszel p, without continuity correction", low=0, high=1),
    column("adj_p_exact", "float", "exact conditional p", low=0, high=1),
    column("interaction_p", "float", "Breslow-Day p: does the odds ratio differ between strata", low=0, high=1),
    column("note", "string", "why a value is missing, or what to beware of"),
    column("definition", "string", "how the response is defined"),
), files="response.tsv")  # fmt: skip

RESPONSE_RATES = TableSchema("response_rates", "Rate of response per group and stratum.", (
    column("stratum_by", "string", "all, or the column that is broken down by", key=True),
    column("stratum", "string", "level of that column", key=True),
    column("group", "string", "group", key=True),
    column("responders", "int", "responders", low=0),
    column("n", "int", "patients with a known response", low=0),
    column("rate", "float", "responders / n; missing without patients", "0-1", low=0, high=1),
    column("ci_low", "float", "exact 95 % interval, lower (Clopper-Pearson)", "0-1", low=0, high=1),
    column("ci_high", "float", "exact 95 % interval, upper", "0-1", low=0, high=1),
), files="response_rates.tsv")  # fmt: skip

RESPONSE_ADJUSTED = TableSchema("response_adjusted", "Response with one column held fixed: receptor status, chemotherapy, anti-HER2 agent.", (
    column("contrast", "string", "pair of groups", key=True),
    column("adj_for", "string", "column held fixed", key=True),
    column("n_informative_strata", "int", "strata with both groups and both outcomes", low=0),
    column("adj_odds_ratio", "float", "Mantel-Haenszel odds ratio, a over b", low=0),
    column("adj_ci_low", "float", "95 % interval, lower (Robins-Breslow-Greenland)", low=0),
    column("adj_ci_high", "float", "95 % interval, upper", low=0),
    column("adj_p", "float", "Cochran-Mantel-Haenszel p, without continuity correction", low=0, high=1),
    column("adj_p_exact", "float", "exact conditional p", low=0, high=1),
    column("adj_odds_ratio_exact", "float", "conditional odds ratio", low=0),
    column("adj_ci_low_exact", "float", "exact 95 % interval, lower", low=0),
    column("adj_ci_high_exact", "float", "exact 95 % interval, upper", low=0),
    column("interaction_p", "float", "Breslow-Day p", low=0, high=1),
    column("adj_note", "string", "why there is no result"),
), files="response_adjusted.tsv")  # fmt: skip

REGIMENS = TableSchema("regimens", "What regimen codes were read as.", (
    column("sample_id", "string", "sample", key=True),
    column("regimen", "string", "as written"),
    column("codes", "string", "codes of the vocabulary in order, ;-joined"),
    column("n_phases", "int", "phases", low=0),
    column("chemotherapy", "string", "classes joined by +, or none, other, unknown"),
    column("anti_her2", "string", "none, trastuzumab, trastuzumab+pertuzumab, pertuzumab, unknown"),
    column("unknown", "string", "what is in no vocabulary, ;-joined"),
    column("flags", "string", "UNKNOWN_CODE, C_OR_CARBOPLATIN, P_WITHOUT_H, X_OR_CYCLES; ;-joined"),
), files="regimens.tsv")  # fmt: skip
