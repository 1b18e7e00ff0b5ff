"""Rows of kind ``diagnostic``: sensitivity, specificity and the others, from a confusion matrix.

Every metric is judged by its own print; the row's verdict is the worst.  PPV and NPV printed in each other's place, and
a positive class that silently changed sides, are recognised and said.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from her2genomics.audit.content import Content, Number, read_count
from her2genomics.audit.printed import Printed, read_metrics
from her2genomics.audit.shares import achievable
from her2genomics.audit.verdicts import (
    IMPOSSIBLE,
    NOT_REPRODUCED,
    NOTHING_PRINTED,
    REPRODUCED,
    ROUNDING,
    Candidate,
    Finding,
    grade,
)
from her2genomics.exceptions import FileFormatError
from her2genomics.stats.confusion import Confusion, class_measures

_NAMES: dict[str, str] = {
    "sen": r"sens?(itivity)?|recall|tpr|se",
    "spe": r"spec?(ificity)?|tnr|sp",
    "ppv": r"ppv|precision|prec",
    "npv": r"npv",
    "acc": r"acc(uracy)?|agreement",
    "f1": r"f1([\s-]?score)?|macro[\s-]?f1",
    "youden": r"youden('?s)?([\s-]?(index|j))?|j",
    "balanced": r"ba|bacc|balanced[\s-]?acc(uracy)?",
    "kappa": r"(cohen'?s?\s*)?(kappa|κ)|k",
    "kappa_linear": r"linear[\s-]?(weighted[\s-]?)?kappa",
    "kappa_quadratic": r"quadratic[\s-]?(weighted[\s-]?)?kappa",
    "mcc": r"mcc|phi",
    "lr_positive": r"p?lr\s?\+|plr",
    "lr_negative": r"n?lr\s?-|nlr",
    "dor": r"dor",
    "fpr": r"fpr",
    "fnr": r"fnr",
    "prevalence": r"prev(alence)?",
}
_NEVER_PERCENT = frozenset({"kappa", "kappa_linear", "kappa_quadratic", "mcc", "lr_positive", "lr_negative", "dor"})
_WORST_FIRST = (IMPOSSIBLE, NOT_REPRODUCED, ROUNDING, REPRODUCED)
_DEFAULT = ("sen", "spe", "ppv", "npv", "acc", "f1", "youden")
_MIRROR = {"sen": "spe", "spe": "sen", "ppv": "npv", "npv": "ppv"}


@dataclass(frozen=True)
class _Metric:
    """One printed metric: our name for it, the print, the scale, and what it should be on that scale."""

    name: str
    label: str
    printed: Printed
    scale: float
    value: float
    verdict: str


def audit_diagnostic(content: Content, printed: str | None, test: str) -> Finding:
    """Recompute the metrics of a confusion matrix.

    Raises
    ------
    Her2GenomicsError
        If the matrix or the print cannot be read.
    """
    confusion, values = _measures(content)
    if printed is None:
        chosen = {name: values[name] for name in _DEFAULT if name in values}
        return Finding(_json(chosen), NOTHING_PRINTED)
    prints, unknown = _named_metrics(read_metrics(printed))
    scale = 100.0 if _in_percent(prints) else 1.0
    metrics = [_judge(name, label, p, values, confusion, scale) for name, (label, p) in prints.items()]
    places = [] if confusion is None else _places_changed(metrics, values, confusion)
    explained = {name for names, _ in places for name in names}
    metrics = [replace(m, verdict=NOT_REPRODUCED) if m.name in explained else m for m in metrics]
    verdict = min((m.verdict for m in metrics), key=_WORST_FIRST.index)
    messages = [*(text for m in metrics if (text := _about(m, confusion))), *(text for _, text in places)]
    messages += [f"{', '.join(unknown)} not looked at: no confusion matrix gives it"] if unknown else []
    shown = {m.name: m.value for m in metrics}
    if {"sen", "spe"} <= set(shown):
        shown["youden"] = values["youden"] * scale
    matching = ("confusion matrix",) if verdict == REPRODUCED else ()
    return Finding(_json(shown, percent=scale > 1), verdict, matching, messages)


def _measures(content: Content) -> tuple[Confusion | None, Mapping[str, float]]:
    if content.has("matrix", "counts", "table"):
        matrix = content.get("matrix", "counts", "table")
        if not isinstance(matrix, list) or not all(isinstance(row, list) for row in matrix):
            raise FileFormatError("the confusion matrix is not a list of rows")
        counts = [[read_count(cell, "confusion matrix") for cell in row] for row in matrix]
        if [len(row) for row in counts] != [2, 2]:
            return None, class_measures(counts)
        (tp, fn), (fp, tn) = counts
        confusion = Confusion(tp=tp, fn=fn, tn=tn, fp=fp)
    else:
        tp, fn, tn, fp = (content.count(name) for name in ("tp", "fn", "tn", "fp"))
        confusion = Confusion(tp=tp, fn=fn, tn=tn, fp=fp)
    if confusion.n == 0:
        raise FileFormatError("the confusion matrix is all zero")
    return confusion, confusion.measures()


def _named_metrics(prints: Mapping[str, Printed]) -> tuple[dict[str, tuple[str, Printed]], list[str]]:
    """Return the metrics by our names, and the labels of those that are not known."""
    found: dict[str, tuple[str, Printed]] = {}
    unknown: list[str] = []
    for label, printed in prints.items():
        name = next((n for n, words in _NAMES.items() if re.fullmatch(words, label.strip(), re.IGNORECASE)), None)
        if name is None:
            unknown.append(label)
            continue
        if name in found:
            raise FileFormatError(f"'{label}' and '{found[name][0]}' are the same metric")
        found[name] = (label, printed)
    if not found:
        raise FileFormatError(f"metric '{unknown[0]}' is not known", hint=f"use: {', '.join(_NAMES)}")
    return found, unknown


def _in_percent(prints: Mapping[str, tuple[str, Printed]]) -> bool:
    shares = [p for name, (_, p) in prints.items() if name not in _NEVER_PERCENT]
    return any(p.percent or abs(p.value) > 1 for p in shares)


def _judge(
    name: str, label: str, printed: Printed, values: Mapping[str, float], confusion: Confusion | None, scale: float
) -> _Metric:
    if name not in values:
        raise FileFormatError(f"{label} cannot be computed from this matrix", hint=f"it gives: {', '.join(values)}")
    scale = 1.0 if name in _NEVER_PERCENT else scale
    value = values[name] * scale
    if not math.isfinite(value):
        raise FileFormatError(f"{label} is not defined for this matrix: its denominator is 0")
    verdict = grade(printed, Candidate(name, value)) or NOT_REPRODUCED
    shares = confusion.shares() if confusion is not None else {}
    if verdict == NOT_REPRODUCED and name in shares and not achievable(printed.number, shares[name][1], scale):
        verdict = IMPOSSIBLE
    return _Metric(name, label, printed, scale, value, verdict)


def _about(metric: _Metric, confusion: Confusion | None) -> str:
    """Say what a metric should be, and whether any count of its denominator could give the print."""
    if metric.verdict == REPRODUCED:
        return ""
    decimals = metric.printed.number.decimals
    printed, value = f"{metric.printed.value:.{decimals}f}", f"{metric.value:.{decimals}f}"
    share = confusion.shares().get(metric.name) if confusion is not None else None
    source = f" ({share[0]}/{share[1]})" if share is not None else ""
    if metric.verdict == ROUNDING:
        return f"{metric.label} {printed} is cut off, not rounded: {metric.value:.{decimals + 2}f}{source}"
    text = f"{metric.label} is {value}{source}, printed {printed}"
    if metric.verdict == IMPOSSIBLE and share is not None:
        return f"{text}, which no count of {share[1]} gives"
    return text


def _places_changed(
    metrics: list[_Metric], values: Mapping[str, float], confusion: Confusion
) -> list[tuple[set[str], str]]:
    """Return metrics that stand in each other's place, or are those of the other class, and how to say it."""
    by_name = {m.name: m for m in metrics}
    wrong = {m.name for m in metrics if m.verdict != REPRODUCED}
    flipped = confusion.flipped().measures()
    pairs = [pair for pair in (("ppv", "npv"), ("sen", "spe")) if set(pair) <= set(by_name) and wrong & set(pair)]
    exchanged = [pair for pair in pairs if all(_gives(by_name[x], values[_MIRROR[x]]) for x in pair)]
    if len(exchanged) == 1:
        a, b = exchanged[0]
        return [({a, b}, f"{by_name[a].label} and {by_name[b].label} are exchanged")]
    if wrong and all(_gives(by_name[name], flipped[name]) for name in wrong):
        listed = ", ".join(m.label for m in metrics if m.name in wrong)
        return [(wrong, f"{listed} fit with the other class as positive")]
    return []


def _gives(metric: _Metric, value: float) -> bool:
    number: Number = metric.printed.number
    return abs(number.value - value * metric.scale) <= number.half_unit * (1 + 1e-9)


def _json(values: Mapping[str, float], *, percent: bool = False) -> str:
    shown = {name: round(v, 1 if percent and name not in _NEVER_PERCENT else 3) for name, v in values.items()}
    return json.dumps({name: v if math.isfinite(v) else None for name, v in shown.items()})
