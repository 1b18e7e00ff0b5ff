"""Which tests a paper's own words name."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NOT_CORRECTED = re.compile(r"\b(no|not|without|un)[\s-]*(continuity|yates|correct)|uncorrected", re.IGNORECASE)
_CORRECTED = re.compile(r"yates|continuity|correct", re.IGNORECASE)

TABLE_TESTS: dict[str, str] = {
    "mid_p": r"mid[\s-]?p",
    "one_sided": r"\b(one|1)[\s-]?(sided|tailed)",
    "fisher": r"fisher|freeman|halton|\bexact\b",
    "mcnemar": r"mc\s?nemar",
    "likelihood_ratio": r"likelihood|\bg[\s-]test",
    "linear": r"linear[\s-]by[\s-]linear|trend|armitage|mantel",
    "ranks": r"mann|whitney|wilcoxon|rank[\s-]?sum|kruskal",
    "chi_square": r"chi|χ|\bx2\b|x²|pearson|two[\s-]proportion|\bz[\s-]?test",
}
MEAN_TESTS: dict[str, str] = {
    "welch": r"welch|unequal",
    "anova": r"anova|analysis of variance|\bf[\s-]?test",
    "t": r"\bt[\s-]?test|student|\bt\b",
    "ranks": r"mann|whitney|wilcoxon|rank|kruskal|median test",
}
RANK_TESTS: dict[str, str] = {
    "exact": r"\bexact\b",
    "asymptotic": r"asymp|normal|approx",
    "any": r"mann|whitney|wilcoxon|rank",
}
CORRELATION_TESTS: dict[str, str] = {
    "fisher_z": r"fisher|\bz\b",
    "kendall": r"kendall|tau",
    "t": r"pearson|spearman|\bt[\s-]?test|rho",
}
INTERVAL_METHODS: dict[str, str] = {
    "wilson": r"wilson|\bscore\b",
    "beta": r"clopper|pearson|exact",
    "normal": r"wald|normal|asymp",
    "agresti_coull": r"agresti|coull",
    "jeffreys": r"jeffreys|bayes",
}


def named_tests(text: str, vocabulary: Mapping[str, str]) -> frozenset[str]:
    """Return the keys of a vocabulary whose words occur in a test's name.

    Examples
    --------
    >>> sorted(named_tests("Pearson chi2 (no continuity)", TABLE_TESTS))
    ['chi_square']
    >>> sorted(named_tests("chi-square or Fisher's exact test", TABLE_TESTS))
    ['chi_square', 'fisher']
    """
    return frozenset(key for key, words in vocabulary.items() if re.search(words, text, re.IGNORECASE))


def continuity(text: str) -> bool | None:
    """Return whether a test's name says with (True) or without (False) continuity correction; None if it does not say.

    Examples
    --------
    >>> continuity("Yates chi-square"), continuity("normal approx without continuity"), continuity("chi-square")
    (True, False, None)
    """
    if _NOT_CORRECTED.search(text):
        return False
    return True if _CORRECTED.search(text) else None
