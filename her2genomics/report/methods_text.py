"""Methods in words, with the works they rest on, and the limits: only for what the report holds."""

from __future__ import annotations

from her2genomics.report.cohort_results import CohortResults, NotRun
from her2genomics.report.html import Block, Bullets, Heading, Section, Text

REFERENCES: dict[str, str] = {
    "wolff2018": "Wolff AC et al. J Clin Oncol 2018;36:2105-2122 (ASCO/CAP HER2 testing).",
    "wolff2023": "Wolff AC et al. J Clin Oncol 2023;41:3867-3872 (ASCO/CAP HER2 testing, affirmed).",
    "bardia2024": "Bardia A et al. N Engl J Med 2024;391:2110-2122 (HER2-low and HER2-ultralow as therapeutic tiers).",
    "allison2020": "Allison KH et al. J Clin Oncol 2020;38:1346-1366 (hormone-receptor testing).",
    "zhang2022": "Zhang et al. BMC Medicine 2022 (rules of the study, and of the surrogate subtype).",
    "austin2009": "Austin PC. Stat Med 2009;28:3083-3107 (standardised differences).",
    "bh1995": "Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300 (false discovery rate).",
    "mantel1959": "Mantel N, Haenszel W. J Natl Cancer Inst 1959;22:719-748 (strata).",
    "firth1993": "Firth D. Biometrika 1993;80:27-38 (penalised likelihood).",
    "sanchez2018": "Sanchez-Vega F et al. Cell 2018;173:321-337 (membership of pathways).",
    "brunet2004": "Brunet JP et al. Proc Natl Acad Sci USA 2004;101:4164-4169 (consensus and rank).",
    "kim2007": "Kim H, Park H. Bioinformatics 2007;23:1495-1502 (features of a component).",
    "kaplan1958": "Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481 (survival curves).",
    "cox1972": "Cox DR. J R Stat Soc B 1972;34:187-220 (hazard ratios).",
    "merino2020": "Merino DM et al. J Immunother Cancer 2020;8:e000147 (burden across panels).",
}
"""Works that the methods rest on."""


def methods_section(results: CohortResults) -> Section:
    """Return how the results were made, in sentences that can be adapted for a paper, and the works cited."""
    paragraphs = [part for part in (text(results) for text in _PARAGRAPHS) if part is not None]
    cited = list(dict.fromkeys(key for _, keys in paragraphs for key in keys))
    numbers = {key: k for k, key in enumerate(cited, start=1)}
    blocks: list[Block] = [
        Text(f"{text} [{', '.join(str(numbers[key]) for key in keys)}]." if keys else f"{text}.")
        for text, keys in paragraphs
    ]
    blocks.append(Heading("Works cited", "works-cited"))
    blocks.append(Bullets([f"[{numbers[key]}] {REFERENCES[key]}" for key in cited]))
    return Section("methods", "Methods", blocks)


Paragraph = tuple[str, tuple[str, ...]]


def _her2(results: CohortResults) -> Paragraph | None:
    if "her2_group" not in results.cohort.samples:
        return None
    if results.manifest["parameters"].get("her2_rule") == "zhang2022":
        return (
            "HER2 groups that the table did not give were derived from IHC and ISH by the study's own rule (ISH "
            "read for "
            "IHC 2+ only, positive from a ratio of 2.0 and more than 6.0 signals), which differs from ASCO/CAP 2018",
            ("zhang2022", "wolff2018"),
        )
    return (
        "HER2 groups that the table did not give were derived from IHC and ISH by ASCO/CAP 2018 as affirmed in "
        "2023; IHC "
        "0 is HER2-zero, IHC 1+ or 2+ with negative ISH is HER2-low, and IHC 2+ without ISH is indeterminate. Hormone "
        "receptors are positive from 1 % of stained nuclei",
        ("wolff2018", "wolff2023", "bardia2024", "allison2020"),
    )


def _denominators(results: CohortResults) -> Paragraph | None:
    del results
    return (
        "A gene counts as altered in a tumour by any class of alteration named in the parameters (shallow gains and "
        "losses are not among them unless named); denominators are the tumours that were profiled for the gene, and a "
        "tumour that was not is in none",
        (),
    )


def _table1(results: CohortResults) -> Paragraph | None:
    if isinstance(results.table1, NotRun):
        return None
    return (
        "Table 1 gives numbers and percentages of the known values, medians with quartiles, exact and rank tests "
        "over all "
        "groups, and the largest standardised difference between two groups",
        ("austin2009",),
    )


def _comparison(results: CohortResults) -> Paragraph | None:
    if isinstance(results.comparison, NotRun):
        return None
    return (
        "Two groups were compared by Fisher's exact test with the conditional odds ratio and its exact 95 % interval, "
        "several groups by the Fisher-Freeman-Halton test, ordered groups by a trend test with a test of "
        "departure from "
        "it, and measurements by rank tests. Genes below the least frequency over all compared tumours together "
        "were not "
        "tested. False discovery rates are by Benjamini and Hochberg within family and contrast. Adjusted results hold "
        "the named covariates fixed, by strata (Cochran-Mantel-Haenszel, with an exact p) or by logistic regression, "
        "penalised where data are sparse",
        ("bh1995", "mantel1959", "firth1993"),
    )


def _pathways(results: CohortResults) -> Paragraph | None:
    if isinstance(results.pathways, NotRun):
        return None
    return (
        "A pathway is altered where one of its profiled genes is; beside the crude test stand the one within "
        "strata and "
        "the one among tumours with an equal number of altered genes, and all of them again without hub genes",
        ("sanchez2018",),
    )


def _clusters(results: CohortResults) -> Paragraph | None:
    if isinstance(results.clusters, NotRun):
        return None
    return (
        "Clusters are from non-negative matrix factorisation with consensus over random starts; the number of "
        "clusters is "
        "the last rank before the cophenetic correlation falls, if the step to it explains more than in matrices of "
        "permuted genes, and otherwise none is assigned",
        ("brunet2004", "kim2007"),
    )


def _survival(results: CohortResults) -> Paragraph | None:
    if isinstance(results.survival, NotRun):
        return None
    return (
        "Survival is by Kaplan-Meier with log-log intervals, compared by the log-rank test, with hazard ratios of Cox "
        "models (Efron ties; Firth's penalty where a group has no event or events are few). Median follow-up is by "
        "reverse Kaplan-Meier",
        ("kaplan1958", "cox1972", "firth1993"),
    )


def _response(results: CohortResults) -> Paragraph | None:
    if isinstance(results.response, NotRun):
        return None
    return (
        "Response rates have exact intervals and are compared by Fisher's exact test; adjusted odds ratios are "
        "those of "
        "Mantel and Haenszel",
        ("mantel1959",),
    )


def _burden(results: CohortResults) -> Paragraph | None:
    if "tmb" not in results.cohort.samples and isinstance(results.tmb, NotRun):
        return None
    return (
        "Tumour mutational burden is as its own table defines it; burdens of different panels, filters and "
        "denominators "
        "are not interchangeable without calibration",
        ("merino2020",),
    )


_PARAGRAPHS = (_her2, _denominators, _table1, _comparison, _burden, _pathways, _clusters, _survival, _response)


def limits_section(results: CohortResults) -> Section:
    """Return what the report cannot say."""
    limits = [
        "Research use only: nothing here is validated for diagnosis or for choosing a treatment.",
        "HER2-low and HER2-ultralow are therapeutic tiers. IHC 0 and 1+ are hard to tell apart, and scores "
        "depend on the "
        "assay and the reader; differences between HER2-zero and HER2-low share that uncertainty.",
        "HER2 groups differ in hormone-receptor status; a crude difference can be that of the receptors. Read "
        "the adjusted "
        "columns, and remember what they do not hold fixed.",
        "Associations are not causes, and a large p is no proof of equality: the column detectable_difference of "
        "the saved "
        "tables says what a cohort of this size could have found.",
        "A gene that was not profiled says nothing; panels differ, and genes outside them are not in this report.",
    ]
    if not isinstance(results.comparison, NotRun):
        limits.append(
            "Many features were tested. The false discovery rate is controlled within family and contrast, not "
            "over the "
            "whole report."
        )
    if not isinstance(results.clusters, NotRun):
        limits.append("Clusters describe this cohort; they have not been validated in another one.")
    if not isinstance(results.survival, NotRun) or not isinstance(results.response, NotRun):
        limits.append("Outcome was not randomised by HER2 group; treatment differs between the groups by intention.")
    if results.manifest["parameters"].get("panel") == "surrogate520":
        limits.append("The panel surrogate520 is a public surrogate of a commercial design; it is not that design.")
    return Section("limits", "Limits", [Bullets(limits)])
