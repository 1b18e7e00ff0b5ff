"""All that is said of the markers of a cohort, as tables: distribution, tests, ROC, cut-offs, pairs, correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.biomarkers.accuracy import AccuracySettings, Judged, development_of, judge_marker, points_up, take
from her2genomics.biomarkers.markers import (
    BoolArray,
    MarkerContrast,
    marker_contrasts,
    marker_values,
    sample_sets,
)
from her2genomics.comparison.design import Design
from her2genomics.comparison.groups import OVERALL, Grouping, find_groups
from her2genomics.comparison.numbers import compare_numbers
from her2genomics.comparison.result import finish_association
from her2genomics.exceptions import StatisticsError
from her2genomics.result_html import result_html
from her2genomics.stats.accuracy import roc_table
from her2genomics.stats.calibration import calibration, calibration_groups, decision_curve, fit_logistic
from her2genomics.stats.correlation import METHODS, correlate
from her2genomics.stats.diagnostic import delong_test
from her2genomics.stats.multiple_testing import holm


@dataclass(frozen=True)
class MarkerAnalysis:
    """Result of `analyse_markers`; the columns of every table stand in docs/tables.md.

    Parameters
    ----------
    accuracy
        One row per marker, contrast and set: the main table.
    distribution
        Marker by group: n, mean, median and spread.
    tests
        Rank-sum and Kruskal-Wallis tests between the groups (``association`` schema, family ``marker``).
    roc
        Points of every ROC curve.
    pairs
        DeLong tests between markers measured in the same samples, with Holm's adjustment.
    correlation
        Between the markers, and with the columns asked for.
    calibration, calibration_groups, decision
        Of the probability that a logistic regression fitted in the development set gives.
    """

    accuracy: pd.DataFrame
    distribution: pd.DataFrame
    tests: pd.DataFrame
    roc: pd.DataFrame
    pairs: pd.DataFrame
    correlation: pd.DataFrame
    calibration: pd.DataFrame
    calibration_groups: pd.DataFrame
    decision: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table that has a row, by the name of its file."""
        return {f"marker_{name}.tsv": table for name, table in vars(self).items() if len(table)}

    def _repr_html_(self) -> str:
        return result_html("Accuracy of markers", self.accuracy)


@dataclass(frozen=True)
class MarkerDesign:
    """What is compared: groups, contrasts, and sets of samples.

    Parameters
    ----------
    group
        Column that makes the groups.
    contrasts
        Names such as ``zero-low`` and ``positive-rest``; None for all.
    set_column, development
        Column of the sets, and which of them chooses direction and cut-off; None for one set.
    correlate_with
        Further numeric columns that the markers are correlated with.
    """

    group: str = "her2_group"
    contrasts: tuple[str, ...] | None = None
    set_column: str | None = None
    development: str | None = None
    correlate_with: tuple[str, ...] = field(default_factory=tuple)


def analyse_markers(
    samples: pd.DataFrame,
    markers: Sequence[str],
    *,
    design: MarkerDesign | None = None,
    settings: AccuracySettings | None = None,
) -> MarkerAnalysis:
    """Analyse quantitative markers of a group, HER2 status by default.

    Parameters
    ----------
    samples
        One row per sample, with ``sample_id``, the group column and the marker columns.
    markers
        Numeric columns.
    design
        Groups, contrasts, sets of samples, columns to correlate with.
    settings
        Direction, cut-off rule, prevalence, bootstrap.

    Raises
    ------
    SchemaError
        If a column is absent or a marker's value is no number.
    UsageError
        If a contrast or set is not known, or a marker is a follow-up time.
    CohortError
        If fewer than two groups have a sample.

    Notes
    -----
    Direction and cut-off come from the development set and are applied unchanged to the others. Without sets they are
    chosen and judged in the same samples, which is optimistic; the row says so.

    Examples
    --------
    >>> t = pd.DataFrame({"sample_id": list("abcdef"), "her2_group": ["zero"] * 3 + ["low"] * 3,
    ...                   "suvmax": [1.0, 2.0, 3.0, 2.5, 4.0, 5.0]})
    >>> result = analyse_markers(t, ["suvmax"])
    >>> result.accuracy[["contrast", "positive_class", "auc"]].round(3).values.tolist()
    [['low-zero', 'zero', 0.889]]
    """
    design, settings = design or MarkerDesign(), settings or AccuracySettings()
    samples = samples.reset_index(drop=True)
    grouping = find_groups(samples, design.group)
    values = marker_values(samples, markers)
    contrasts = marker_contrasts(grouping, design.contrasts)
    sets = sample_sets(samples, design.set_column, design.development)
    rows = [
        row
        for marker in values
        for contrast in contrasts
        for row in judge_marker(str(marker), values[marker].to_numpy(), contrast, sets, settings)
    ]
    calibrated = _calibrate(values, contrasts, sets)
    return MarkerAnalysis(
        accuracy=schema.conform(pd.DataFrame(rows), schema.MARKER_ACCURACY),
        distribution=_distribution(values, grouping),
        tests=_group_tests(values, grouping),
        roc=_roc(values, contrasts, sets, settings),
        pairs=_pairs(values, contrasts, sets, settings),
        correlation=_correlations(samples, values, design.correlate_with),
        calibration=calibrated[0],
        calibration_groups=calibrated[1],
        decision=calibrated[2],
    )


def _distribution(values: pd.DataFrame, grouping: Grouping) -> pd.DataFrame:
    rows = []
    for marker in map(str, values):
        for index, label in enumerate(grouping.labels):
            inside = values[marker][grouping.codes == index]
            known = inside.dropna()
            quantiles = known.quantile([0, 0.25, 0.5, 0.75, 1]).tolist() if len(known) else [np.nan] * 5
            rows.append(
                {
                    "marker": marker,
                    "group": label,
                    "n": len(known),
                    "n_missing": len(inside) - len(known),
                    "mean": known.mean(),
                    "sd": known.std(),
                    **dict(zip(("lowest", "q1", "median", "q3", "highest"), quantiles, strict=True)),
                }
            )
    return schema.conform(pd.DataFrame(rows), schema.MARKER_DISTRIBUTION)


def _group_tests(values: pd.DataFrame, grouping: Grouping) -> pd.DataFrame:
    """Return the tests between groups that have a sample, over all groups only where each has one."""
    pairs: dict[str, tuple[int, ...]] = dict(grouping.contrasts())
    if len(grouping.labels) > 2:
        pairs[OVERALL] = tuple(range(len(grouping.labels)))
    filled = {name: members for name, members in pairs.items() if (grouping.sizes[list(members)] > 0).all()}
    return finish_association([compare_numbers(values, list(map(str, values)), "marker", Design(grouping, filled))])


def _roc(
    values: pd.DataFrame, contrasts: Sequence[MarkerContrast], sets: dict[str, BoolArray], settings: AccuracySettings
) -> pd.DataFrame:
    parts = []
    for marker in map(str, values):
        for contrast in contrasts:
            taken = _taken(values, marker, contrast, sets)
            development = next(iter(taken.values()))
            if not development.both_classes:
                continue
            higher = points_up(development, settings.direction)
            for name, judged in taken.items():
                if judged.both_classes:
                    points = roc_table(judged.values, judged.truth, higher=higher)
                    parts.append(points.assign(marker=marker, contrast=contrast.name, set=name))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return schema.conform(table, schema.MARKER_ROC)


def _taken(
    values: pd.DataFrame, marker: str, contrast: MarkerContrast, sets: dict[str, BoolArray]
) -> dict[str, Judged]:
    numbers = values[marker].to_numpy()
    return {name: take(numbers, contrast, inside) for name, inside in sets.items()}


def _pairs(
    values: pd.DataFrame, contrasts: Sequence[MarkerContrast], sets: dict[str, BoolArray], settings: AccuracySettings
) -> pd.DataFrame:
    """Return DeLong's tests of each pair of markers in the samples that have both."""
    rows = []
    for contrast in contrasts:
        for name, inside in sets.items():
            tests = [
                _pair(
                    values, a, b, contrast, sets, name, inside & values[[a, b]].notna().all(axis=1).to_numpy(), settings
                )
                for a, b in combinations(map(str, values), 2)
            ]
            found = [test for test in tests if test is not None]
            adjusted = holm(pd.DataFrame(found, columns=["p_value"])["p_value"])
            rows += [test | {"p_holm": p} for test, p in zip(found, adjusted, strict=True)]
    return schema.conform(pd.DataFrame(rows), schema.MARKER_PAIRS)


def _pair(
    values: pd.DataFrame,
    a: str,
    b: str,
    contrast: MarkerContrast,
    sets: dict[str, BoolArray],
    name: str,
    inside: BoolArray,
    settings: AccuracySettings,
) -> dict[str, object] | None:
    one, two = (take(values[marker].to_numpy(), contrast, inside) for marker in (a, b))
    if not one.both_classes:
        return None
    up = []
    for marker in (a, b):
        development = take(values[marker].to_numpy(), contrast, development_of(sets))
        up.append(points_up(development if development.both_classes else one, settings.direction))
    test = delong_test(one.values, two.values, one.truth, higher=(up[0], up[1]))
    return {
        "marker_a": a,
        "marker_b": b,
        "contrast": contrast.name,
        "set": name,
        "n": len(one.values),
        "auc_difference": test.difference,
        "ci_low": test.ci_low,
        "ci_high": test.ci_high,
        "p_value": test.p_value,
    }


def _correlations(samples: pd.DataFrame, values: pd.DataFrame, others: Sequence[str]) -> pd.DataFrame:
    further = [name for name in others if name not in values]
    table = pd.concat([values, marker_values(samples, further)], axis=1) if further else values
    pairs = [(a, b) for a, b in combinations(table, 2) if a in values]
    rows = []
    for a, b in pairs:
        both = table[[a, b]].dropna()
        for method in METHODS:
            row: dict[str, object] = {"marker_a": a, "marker_b": b, "method": method, "n": len(both)}
            try:
                found = correlate(both[a], both[b], method)
            except StatisticsError as error:
                rows.append(row | {"note": f"not evaluable: {error.what}"})
                continue
            row |= {"coefficient": found.coefficient, "ci_low": found.ci_low, "ci_high": found.ci_high}
            rows.append(row | {"p_value": found.p_value, "note": ""})
    return schema.conform(pd.DataFrame(rows), schema.MARKER_CORRELATION)


def _calibrate(
    values: pd.DataFrame, contrasts: Sequence[MarkerContrast], sets: dict[str, BoolArray]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return calibration, its groups and the decision curve of a logistic model fitted in the development set."""
    summaries, groups, curves = [], [], []
    for marker in map(str, values):
        for contrast in contrasts:
            taken = _taken(values, marker, contrast, sets)
            development = next(iter(taken.values()))
            if not development.both_classes or len(np.unique(development.values)) < 2:
                continue
            fit = fit_logistic(development.values, development.truth)
            for name, judged in taken.items():
                if fit.separated or not judged.both_classes:
                    continue
                key = {"marker": marker, "contrast": contrast.name, "set": name}
                probability = fit.predict(judged.values)
                result = calibration(probability, judged.truth)
                summaries.append(key | vars(result))
                groups.append(calibration_groups(probability, judged.truth).assign(**key))
                curves.append(decision_curve(probability, judged.truth).assign(**key))
    return (
        schema.conform(pd.DataFrame(summaries), schema.MARKER_CALIBRATION),
        schema.conform(pd.concat(groups) if groups else pd.DataFrame(), schema.MARKER_CALIBRATION_GROUPS),
        schema.conform(pd.concat(curves) if curves else pd.DataFrame(), schema.MARKER_DECISION),
    )
