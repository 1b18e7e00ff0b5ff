"""Radiogenomics: which genes, pathways and what burden a score goes with, and whether it does so within HER2 groups.

The score is compared between altered and unaltered samples among the profiled ones, by ranks.  Scores differ between
HER2 groups and so do genes; beside each crude result stands van Elteren's test, which compares within the strata.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.biomarkers.markers import BoolArray, Floats, marker_values
from her2genomics.clinical_variables import category_text
from her2genomics.cohort import COUNTED_CLASSES, Cohort
from her2genomics.comparison.features import complete_samples
from her2genomics.comparison.pathways import PathwaySettings, pathway_features
from her2genomics.exceptions import SchemaError
from her2genomics.stats.adjusted_numbers import van_elteren
from her2genomics.stats.continuous import rank_sum
from her2genomics.stats.correlation import correlate
from her2genomics.stats.multiple_testing import benjamini_hochberg

DEFAULT_STRATA = ("her2_group", "hr_status")
LEAST_SIDE = 3
"""With fewer altered or unaltered samples than this a feature is listed but not tested."""


@dataclass(frozen=True)
class _Feature:
    """A yes/no feature: family, name, shape (samples,) each; ``altered`` is False where not ``known``."""

    family: str
    name: str
    altered: BoolArray
    known: BoolArray


def associate_markers(
    cohort: Cohort,
    markers: Sequence[str],
    *,
    strata: Sequence[str] | None = None,
    min_frequency: float = 0.02,
) -> pd.DataFrame:
    """Relate numeric scores to genes, pathways and TMB.

    Parameters
    ----------
    cohort
        Cohort with the scores as columns of its samples.
    markers
        Numeric columns.
    strata
        Columns whose combinations are the strata of the adjusted test; None for HER2 group and hormone-receptor
        status, those of them that the cohort has; empty for no adjustment.
    min_frequency
        Least share of altered among the profiled samples with a value of any marker for a gene to be tested [0-1].

    Returns
    -------
    pandas.DataFrame
        ``marker_association`` table: one row per marker and feature, by p within marker and family.

    Raises
    ------
    SchemaError
        If a column is absent or a value is no number.
    UsageError
        If a marker is a follow-up time.

    Notes
    -----
    Wilcoxon rank-sum with the Hodges-Lehmann shift (altered minus unaltered) and the AUC (share of pairs in which the
    altered sample has the higher score); TMB by Spearman's rho, crude only. Benjamini-Hochberg within marker and
    family.

    References
    ----------
    .. [1] van Elteren PH. Bull Int Stat Inst 1960;37:351-361.

    Examples
    --------
    >>> from her2genomics.cohort import cohort_from_table
    >>> t = pd.DataFrame({"sample_id": list("abcdefgh"), "suvmax": [1, 2, 3, 4, 5, 6, 7, 8],
    ...                   "TP53": ["WT"] * 4 + ["missense"] * 4}).astype("string")
    >>> found = associate_markers(cohort_from_table(t), ["suvmax"])
    >>> found[["feature", "effect", "auc"]].head(1).values.tolist()
    [['TP53', 4.0, 1.0]]
    """
    values = marker_values(cohort.samples, markers)
    names, codes = _strata(cohort.samples, strata)
    measured = values.notna().any(axis=1).to_numpy()
    features = [*_genes(cohort, measured, min_frequency), *_pathways(cohort)]
    rows = []
    for marker in map(str, values):
        numbers = values[marker].to_numpy()
        rows += [
            {"marker": marker, **_compared(numbers, feature), **_within(numbers, feature, names, codes)}
            for feature in features
        ]
        if "tmb" in cohort.samples and marker != "tmb":
            rows.append({"marker": marker, **_burden(numbers, cohort.samples)})
    return _finished(pd.DataFrame(rows))


def _strata(samples: pd.DataFrame, strata: Sequence[str] | None) -> tuple[list[str], np.ndarray]:
    """Return the columns used, and the stratum of each sample: -1 where a column has no value."""
    if strata is None:
        names = [name for name in DEFAULT_STRATA if name in samples and samples[name].notna().any()]
    else:
        names = list(dict.fromkeys(strata))
        if absent := [name for name in names if name not in samples]:
            raise SchemaError(f"no column named {', '.join(absent)} to make strata of")
    codes = np.zeros(len(samples), dtype=np.int64)
    missing = np.zeros(len(samples), dtype=bool)
    for name in names:
        level, _ = pd.factorize(category_text(samples[name]), sort=True)
        missing |= level < 0
        codes = codes * (int(level.max()) + 2) + level
    return names, np.where(missing, -1, codes)


def _genes(cohort: Cohort, measured: BoolArray, least: float) -> Iterator[_Feature]:
    known = cohort.profiled & complete_samples(cohort, [])[:, None]
    altered = cohort.altered(COUNTED_CLASSES) & known
    share = altered[measured].sum(axis=0) / np.maximum(known[measured].sum(axis=0), 1)
    for j, gene in enumerate(cohort.genes):
        if share[j] > 0 and share[j] >= least:
            yield _Feature("gene", gene, altered[:, j], known[:, j])


def _pathways(cohort: Cohort) -> Iterator[_Feature]:
    if not len(cohort.genes):
        return
    found = pathway_features(cohort, PathwaySettings(), COUNTED_CLASSES)
    for j, name in enumerate(found.names):
        if found.value[:, j].any():
            yield _Feature("pathway", name, found.value[:, j], found.known[:, j])


def _compared(numbers: Floats, feature: _Feature) -> dict[str, Any]:
    """Return the crude comparison of one feature."""
    inside = feature.known & ~np.isnan(numbers)
    a, b = numbers[inside & feature.altered], numbers[inside & ~feature.altered]
    row: dict[str, Any] = {
        "family": feature.family,
        "feature": feature.name,
        "n_altered": len(a),
        "n_unaltered": len(b),
        "n_missing": int((~inside).sum()),
        "median_altered": float(np.median(a)) if len(a) else np.nan,
        "median_unaltered": float(np.median(b)) if len(b) else np.nan,
    }
    if min(len(a), len(b)) < LEAST_SIDE:
        return row | {"note": f"not tested: fewer than {LEAST_SIDE} altered or unaltered samples"}
    if np.ptp(numbers[inside]) == 0:
        return row | {"note": "not evaluable: all values are equal"}
    found = rank_sum(a, b)
    row |= {"effect": found.shift, "effect_name": "Hodges-Lehmann shift", "auc": found.auc}
    row |= {"ci_low": found.ci_low, "ci_high": found.ci_high, "p_value": found.p_value}
    return row | {"test": f"Wilcoxon rank-sum ({found.method})"}


def _within(numbers: Floats, feature: _Feature, names: Sequence[str], codes: np.ndarray) -> dict[str, Any]:
    """Return the comparison within strata of one feature."""
    inside = feature.known & ~np.isnan(numbers)
    rows = inside & (codes >= 0)
    sides = (int((inside & feature.altered).sum()), int((inside & ~feature.altered).sum()))
    if not names or min(sides) < LEAST_SIDE or not rows.any():
        return {}
    found = van_elteren(numbers[rows], feature.altered[rows], codes[rows])
    cells = {"adj_p": found.p_value, "adj_auc": found.auc, "n_informative_strata": found.n_informative_strata}
    return {"strata": ", ".join(names), "adj_n_missing": int(inside.sum() - rows.sum()), **cells}


def _burden(numbers: Floats, samples: pd.DataFrame) -> dict[str, Any]:
    tmb = marker_values(samples, ["tmb"])["tmb"].to_numpy()
    both = ~np.isnan(numbers) & ~np.isnan(tmb)
    row: dict[str, Any] = {"family": "tmb", "feature": "tmb", "n_missing": int((~both).sum())}
    if both.sum() < 4 or np.ptp(numbers[both]) == 0 or np.ptp(tmb[both]) == 0:
        return row | {"note": "not evaluable: fewer than 4 samples with both, or all values are equal"}
    found = correlate(numbers[both], tmb[both], "spearman")
    row |= {"test": "Spearman", "effect": found.coefficient, "effect_name": "Spearman's rho", "p_value": found.p_value}
    return row | {"ci_low": found.ci_low, "ci_high": found.ci_high, "note": f"{int(both.sum())} samples with both"}


def _finished(rows: pd.DataFrame) -> pd.DataFrame:
    table = schema.conform(rows, schema.MARKER_ASSOCIATION)
    for index in table.groupby(["marker", "family"], sort=False).groups.values():
        for p, q in (("p_value", "q_value"), ("adj_p", "adj_q")):
            numbers = table.loc[index, p].to_numpy(dtype=float, na_value=np.nan)
            table.loc[index, q] = benjamini_hochberg(numbers)
        table.loc[index, "n_tested"] = int(table.loc[index, "p_value"].notna().sum())
    for p, q in (("p_value", "q_value"), ("adj_p", "adj_q")):
        table[q] = table[q].mask(table[p].isna())
    place = {name: i for i, name in enumerate(dict.fromkeys(table["family"]))}
    lead = {name: i for i, name in enumerate(dict.fromkeys(table["marker"]))}
    order = table.assign(_m=table["marker"].map(lead), _f=table["family"].map(place))
    return table.loc[order.sort_values(["_m", "_f", "p_value", "feature"], kind="stable").index].reset_index(drop=True)
