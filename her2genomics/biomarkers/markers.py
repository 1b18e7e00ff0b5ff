"""What is analysed: the markers as numbers, the two classes of each contrast, and the sets of samples.

Every contrast states which class counts as positive: of two groups the one with the higher HER2 status, and in
``zero-rest`` and ``positive-rest`` the group that is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.clinical_variables import category_text, is_followup
from her2genomics.comparison.groups import Grouping
from her2genomics.exceptions import CohortError, SchemaError, UsageError

BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

REST = "rest"
ALL_SAMPLES = "all"
DEVELOPMENT_NAMES = ("development", "dev", "training", "train", "discovery")


@dataclass(frozen=True)
class MarkerContrast:
    """Two classes to tell apart.

    Parameters
    ----------
    name
        ``zero-low``, ``zero-rest`` ...
    positive_class, negative_class
        Groups of each class, in words.
    positive, negative
        Which samples belong to each class, shape (samples,).
    """

    name: str
    positive_class: str
    negative_class: str
    positive: BoolArray
    negative: BoolArray


def marker_contrasts(grouping: Grouping, wanted: Sequence[str] | None = None) -> list[MarkerContrast]:
    """Return the contrasts: all pairs of groups, then the first and the last group against the rest.

    Raises
    ------
    UsageError
        If a name that was asked for is not known.
    """
    labels, codes = grouping.labels, grouping.codes
    known: dict[str, MarkerContrast] = {}
    for name, (a, b) in grouping.contrasts().items():
        known[name] = MarkerContrast(name, labels[b], labels[a], codes == b, codes == a)
    if len(labels) > 2:
        for index in (0, len(labels) - 1):
            name = f"{grouping.short(index)}-{REST}"
            others = " or ".join(label for i, label in enumerate(labels) if i != index)
            known[name] = MarkerContrast(name, labels[index], others, codes == index, (codes >= 0) & (codes != index))
    unknown = [name for name in wanted or () if name not in known]
    if unknown:
        raise UsageError(f"unknown contrast {', '.join(unknown)}", hint=f"use: {', '.join(known)}")
    return [known[name] for name in (wanted or known)]


def marker_values(samples: pd.DataFrame, markers: Sequence[str]) -> pd.DataFrame:
    """Return the markers as floats, NaN where missing, index as in ``samples``.

    Raises
    ------
    UsageError
        If no marker is named, or one is a follow-up time (censored, so no measurement).
    SchemaError
        If a column is absent or a value is no number; the message names the sample.
    """
    if not markers:
        raise UsageError("no marker is named", hint="say --marker COLUMN for a numeric column of the cohort")
    absent = [name for name in markers if name not in samples]
    if absent:
        raise SchemaError(f"no column named {', '.join(absent)}", hint=f"there are: {', '.join(samples.columns[:40])}")
    return pd.DataFrame({name: _numbers(samples, name) for name in dict.fromkeys(markers)}, index=samples.index)


def _numbers(samples: pd.DataFrame, name: str) -> Floats:
    if is_followup(name):
        raise UsageError(
            f"{name} is a follow-up time or event: a censored time is no measurement",
            hint="her2g survival relates a marker to it by Cox regression",
        )
    values = samples[name]
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    broken = np.flatnonzero(~np.isfinite(numbers) & values.notna().to_numpy())
    if len(broken):
        first = broken[0]
        raise SchemaError(
            f"'{values.iloc[first]}' is not a finite number", column=name, sample=str(samples["sample_id"].iloc[first])
        )
    return numbers


def sample_sets(samples: pd.DataFrame, column: str | None, development: str | None = None) -> dict[str, BoolArray]:
    """Return the sets of samples by name, the development set first.

    Parameters
    ----------
    samples
        Sample table.
    column
        Column that says which set a sample belongs to; None for one set of all samples.
    development
        Value of the set in which cut-offs are chosen; by default one named ``development``, ``training`` or alike.

    Raises
    ------
    SchemaError
        If there is no such column.
    UsageError
        If the development set is not said, or no sample is in it.
    """
    if column is None:
        return {ALL_SAMPLES: np.ones(len(samples), dtype=bool)}
    if column not in samples:
        raise SchemaError(f"no column named {column} to make sets of")
    text = category_text(samples[column])
    names = sorted(text.dropna().unique())
    if not names:
        raise CohortError("no sample belongs to a set", column=column)
    guesses = [name for name in names if name.lower() in DEVELOPMENT_NAMES]
    chosen = development if development is not None else (guesses[0] if len(guesses) == 1 else None)
    if chosen is None or chosen not in names:
        said = f"no sample is in the set '{chosen}'" if chosen else f"which value of {column} is the development set?"
        raise UsageError(said, hint=f"say --development with one of: {', '.join(names)}")
    order = [chosen, *(name for name in names if name != chosen)]
    return {name: (text == name).to_numpy(dtype=bool, na_value=False) for name in order}
