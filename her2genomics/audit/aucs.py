"""Rows of kind ``auc_ci`` and ``auc_binormal``: areas under the ROC curve against what the rest of the paper allows."""

from __future__ import annotations

from dataclasses import replace

from scipy.stats import norm

from her2genomics.audit.content import Content, Number, read_number
from her2genomics.audit.intervals import judge_interval, refuse_outside
from her2genomics.audit.printed import Printed, looks_like_interval, read_interval, read_printed
from her2genomics.audit.verdicts import (
    CONSISTENT,
    NOT_REPRODUCED,
    Candidate,
    Finding,
    ImpossibleError,
    figure,
    judge,
)
from her2genomics.exceptions import FileFormatError
from her2genomics.stats.from_summary import binormal_auc, hanley_mcneil_error

NEAR = 0.05
"""An AUC from ranks and the one from means and deviations differ by less, unless distributions are far from normal."""
CHANCE = 0.5
Z95 = float(norm.ppf(0.975))


def audit_auc(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the interval of an AUC (Hanley-McNeil, or from its standard error), or its p against 0.5.

    The paper's own method (DeLong, a bootstrap) needs the data; agreement is therefore "consistent" at best.

    Raises
    ------
    ImpossibleError
        If the AUC is not between 0 and 1, or outside its interval.
    Her2GenomicsError
        If a number cannot be read.
    """
    auc = content.number("auc", "c_index", "c")
    if not 0 <= auc.value <= 1:
        raise ImpossibleError(f"an AUC of {auc.value:g} does not exist")
    error, method = _error(content, auc)
    if printed is not None and not looks_like_interval(printed):
        return _against_chance(auc, error, method, read_printed(printed))
    limits = max(0.0, auc.value - Z95 * error), min(1.0, auc.value + Z95 * error)
    if printed is None:
        return Finding(f"{limits[0]:.{auc.decimals}f}-{limits[1]:.{auc.decimals}f}", "nothing printed")
    interval = read_interval(printed)
    refuse_outside(auc.value, interval, "AUC")
    return judge_interval(interval, {method: limits}, named=[method], other_method=True)


def _error(content: Content, auc: Number) -> tuple[float, str]:
    if content.has("se", "standard_error"):
        return content.number("se", "standard_error").value, "standard error"
    if content.has("lo", "low", "lower"):
        low, high = content.number("lo", "low", "lower"), content.number("hi", "high", "upper")
        if not low.value <= auc.value <= high.value:
            raise ImpossibleError(f"AUC {auc.value:g} does not lie in {low.value:g} to {high.value:g}")
        return (high.value - low.value) / (2 * Z95), "interval"
    n_positive, n_negative = content.count("n_pos", "n_positive", "n1"), content.count("n_neg", "n_negative", "n2")
    return hanley_mcneil_error(auc.value, n_positive, n_negative), "Hanley-McNeil"


def _against_chance(auc: Number, error: float, method: str, printed: Printed) -> Finding:
    """Return the finding for a p-value of an AUC against 0.5."""
    if error <= 0:
        raise FileFormatError("the AUC has no standard error, so that it has no p")

    def p(value: float) -> float:
        return float(2 * norm.sf(abs(value - CHANCE) / error))

    ends = [p(auc.value + s * auc.half_unit) for s in (-1, 0, 1)]
    if abs(auc.value - CHANCE) <= auc.half_unit:
        ends.append(1.0)
    candidate = Candidate(f"AUC against 0.5, {method}", p(auc.value), min(ends), max(ends), named=True)
    finding = judge(printed, [candidate])
    return replace(finding, messages=[*finding.messages, "approximate: the paper's own standard error is not known"])


def audit_binormal_auc(content: Content, printed: str | None, test: str) -> Finding:
    """Hold a printed AUC against the one that printed means and deviations give for normal distributions.

    Raises
    ------
    Her2GenomicsError
        If a number cannot be read.
    """
    means, deviations = _means_and_deviations(content)
    if any(d.value < 0 for d in deviations):
        raise ImpossibleError("a standard deviation is negative")
    expected = binormal_auc([m.value for m in means], [d.value for d in deviations])
    if printed is None:
        return Finding(figure(expected), "nothing printed")
    read = read_printed(printed)
    if not 0 <= read.value <= 1:
        raise ImpossibleError(f"an AUC of {read.value:g} does not exist")
    finding = judge(read, [Candidate("binormal AUC", expected, named=True)], quantity="AUC")
    if finding.verdict != NOT_REPRODUCED and read.relation == "=":
        return finding
    value = max(read.value, 1 - read.value)
    if abs(value - expected) <= NEAR:
        return Finding(figure(expected), CONSISTENT, ("binormal AUC",), [f"within {NEAR:g} of the print"])
    where = "above" if value > expected else "below"
    message = f"printed {read.value:g} lies far {where} the {expected:.3f} that the means and deviations support"
    return Finding(figure(expected), NOT_REPRODUCED, (), [message])


def _means_and_deviations(content: Content) -> tuple[list[Number], list[Number]]:
    pairs = content.get("mean_sd")
    if pairs is None:
        return content.numbers("mean", "means"), content.numbers("sd", "sds")
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise FileFormatError("mean_sd is not a list of pairs [mean, sd]")
    read = [[read_number(x, "mean_sd") for x in pair] for pair in pairs]
    return [mean for mean, _ in read], [sd for _, sd in read]
