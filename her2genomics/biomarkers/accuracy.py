"""One marker, one contrast: direction and cut-off from the development set, then applied unchanged to every set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from her2genomics.biomarkers.markers import ALL_SAMPLES, BoolArray, Floats, MarkerContrast
from her2genomics.exceptions import UsageError
from her2genomics.stats.accuracy import (
    Accuracy,
    CutOffRule,
    accuracy_at,
    choose_cut_off,
    predictive_values,
    roc_table,
)
from her2genomics.stats.continuous import rank_sum
from her2genomics.stats.diagnostic import AucResult, auc_bootstrap, auc_delong, delong_test_unpaired

Direction = Literal["auto", "higher", "lower"]
FEW = 10
"""With fewer samples in a class than this the intervals are too short, and the row says so."""
_SHARES = ("sensitivity", "specificity", "ppv", "npv", "accuracy", "f1")


@dataclass(frozen=True)
class AccuracySettings:
    """How a marker is judged.

    Parameters
    ----------
    direction
        Whether a ``higher`` or ``lower`` value speaks for the positive class; ``auto`` takes the class with the
        higher median in the development set.
    rule, at_least
        Rule of the cut-off and, for ``specificity`` and ``sensitivity``, the share it has to reach.
    cut_off
        A cut-off that is given instead of chosen.
    prevalence
        Where PPV and NPV are wanted for; None leaves them out.
    n_bootstrap, seed
        Resamples of the bootstrap interval, and their seed.
    """

    direction: Direction = "auto"
    rule: CutOffRule = "youden"
    at_least: float = 1.0
    cut_off: float | None = None
    prevalence: float | None = None
    n_bootstrap: int = 1000
    seed: int = 123456

    def rule_text(self) -> str:
        """Return the rule as it stands in results: ``youden``, ``specificity=0.95``, ``given``."""
        if self.cut_off is not None:
            return "given"
        return f"{self.rule}={self.at_least:g}" if self.rule in ("specificity", "sensitivity") else self.rule


def parse_rule(text: str) -> tuple[CutOffRule, float, float | None]:
    """Return rule, share and given cut-off of ``youden``, ``closest``, ``specificity=0.95`` or a number.

    Raises
    ------
    UsageError
        If the text is none of these.

    Examples
    --------
    >>> parse_rule("specificity=0.95"), parse_rule("4.5")
    (('specificity', 0.95, None), ('youden', 1.0, 4.5))
    """
    name, _, share = text.partition("=")
    if name in ("youden", "closest") and not share:
        return ("youden" if name == "youden" else "closest"), 1.0, None
    if name in ("specificity", "sensitivity"):
        least = _number(share or "1")
        if least is not None and 0 < least <= 1:
            return ("specificity" if name == "specificity" else "sensitivity"), least, None
    elif (given := _number(text)) is not None and np.isfinite(given):
        return "youden", 1.0, given
    raise UsageError(
        f"unknown cut-off rule '{text}'", hint="use youden, closest, specificity=0.95, sensitivity=0.9, or a number"
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Judged:
    """Values and classes of one marker, contrast and set, without missing values."""

    values: Floats
    truth: BoolArray
    n_missing: int

    @property
    def both_classes(self) -> bool:
        """Whether either class has a sample."""
        return bool(self.truth.any() and not self.truth.all())


def take(values: Floats, contrast: MarkerContrast, inside: BoolArray) -> Judged:
    """Return the samples of a contrast that lie inside a set, those without a value counted."""
    belongs = (contrast.positive | contrast.negative) & inside
    known = belongs & ~np.isnan(values)
    return Judged(values[known], contrast.positive[known], int(belongs.sum() - known.sum()))


def points_up(development: Judged, direction: Direction) -> bool:
    """Return whether larger values speak for the positive class."""
    if direction != "auto":
        return direction == "higher"
    a, b = np.median(development.values[development.truth]), np.median(development.values[~development.truth])
    if a != b:
        return bool(a > b)
    return auc_delong(development.values, development.truth).auc >= 0.5


def judge_marker(
    marker: str, values: Floats, contrast: MarkerContrast, sets: dict[str, BoolArray], settings: AccuracySettings
) -> list[dict[str, Any]]:
    """Return one row per set: area with intervals, the development set's cut-off, and what it gives there.

    Parameters
    ----------
    marker, values
        Name, and numbers with NaN where missing, shape (samples,).
    contrast
        The two classes.
    sets
        Sets of samples, the development set first.
    settings
        Direction, cut-off rule, prevalence, bootstrap.
    """
    taken = {name: take(values, contrast, inside) for name, inside in sets.items()}
    development = next(iter(taken.values()))
    if not development.both_classes:
        return [
            _row(marker, name, contrast, judged, settings) | {"note": _absent(judged)} for name, judged in taken.items()
        ]
    higher = points_up(development, settings.direction)
    cut_off = settings.cut_off
    if cut_off is None:
        table = roc_table(development.values, development.truth, higher=higher)
        cut_off = choose_cut_off(table, settings.rule, settings.at_least)
    rows = []
    for position, (name, judged) in enumerate(taken.items()):
        row = _row(marker, name, contrast, judged, settings) | {"direction": "higher" if higher else "lower"}
        notes = []
        if judged.both_classes:
            area = auc_delong(judged.values, judged.truth, higher=higher)
            row |= _area_cells(judged, area, higher, settings)
            if position:
                row |= _drop(development, judged, higher)
            notes += _cautions(area, name, position, settings)
        else:
            notes.append(_absent(judged))
        if len(judged.values):
            row |= _accuracy_cells(accuracy_at(judged.values, judged.truth, cut_off, higher=higher), settings)
            row["cut_off"] = cut_off
        rows.append(row | {"note": "; ".join(notes)})
    return rows


def _row(
    marker: str, name: str, contrast: MarkerContrast, judged: Judged, settings: AccuracySettings
) -> dict[str, Any]:
    return {
        "marker": marker,
        "contrast": contrast.name,
        "set": name,
        "positive_class": contrast.positive_class,
        "negative_class": contrast.negative_class,
        "n_positive": int(judged.truth.sum()),
        "n_negative": int((~judged.truth).sum()),
        "n_missing": judged.n_missing,
        "cut_off_rule": settings.rule_text(),
    }


def _absent(judged: Judged) -> str:
    side = "positive" if not judged.truth.any() else "negative"
    return (
        f"not evaluable: no sample of the {side} class has a value"
        if not judged.both_classes
        else "not evaluable in the development set"
    )


def _area_cells(judged: Judged, area: AucResult, higher: bool, settings: AccuracySettings) -> dict[str, float]:
    low, high = auc_bootstrap(
        judged.values, judged.truth, higher=higher, n_bootstrap=settings.n_bootstrap, seed=settings.seed
    )
    if np.isnan(area.ci_low):
        low = high = float("nan")
    p = rank_sum(judged.values[judged.truth], judged.values[~judged.truth]).p_value
    return {
        "auc": area.auc,
        "auc_low": area.ci_low,
        "auc_high": area.ci_high,
        "boot_low": low,
        "boot_high": high,
        "p_value": p,
    }


def _drop(development: Judged, judged: Judged, higher: bool) -> dict[str, float]:
    test = delong_test_unpaired((development.values, development.truth), (judged.values, judged.truth), higher=higher)
    return {"auc_drop": test.difference, "auc_drop_p": test.p_value}


def _cautions(area: AucResult, name: str, position: int, settings: AccuracySettings) -> list[str]:
    notes = []
    if not position:
        where = "these samples" if name == ALL_SAMPLES else "this set"
        if settings.cut_off is None:
            notes.append(f"cut-off chosen in {where}: its shares are optimistic")
        if settings.direction == "auto":
            notes.append("direction by the medians")
    if area.auc in (0.0, 1.0):
        notes.append("complete separation: no interval")
    elif min(area.n_positive, area.n_negative) < FEW:
        notes.append(f"fewer than {FEW} samples in a class: interval too short")
    return notes


def _accuracy_cells(found: Accuracy, settings: AccuracySettings) -> dict[str, Any]:
    cells: dict[str, Any] = {name: getattr(found, name) for name in ("tp", "fp", "fn", "tn")}
    for name in _SHARES:
        cells[name], cells[f"{name}_low"], cells[f"{name}_high"] = getattr(found, name)
    if settings.prevalence is not None and found.tp + found.fn and found.fp + found.tn:
        cells["prevalence"] = settings.prevalence
        for name, triple in zip(("ppv", "npv"), predictive_values(found, settings.prevalence), strict=True):
            for ending, value in zip(("", "_low", "_high"), triple, strict=True):
                cells[f"{name}_at_prevalence{ending}"] = value
    return cells


def development_of(sets: dict[str, BoolArray]) -> npt.NDArray[np.bool_]:
    """Return the samples of the development set."""
    return next(iter(sets.values()))
