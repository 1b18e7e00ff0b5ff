"""A fitted model as it is stored and applied: JSON with a checksum, and a door that refuses tables it was not made for.

The file holds numbers only.  Before it is applied every feature of the model is looked for in the new table: an absent
column or gene, another kind of value, a level the model has not seen, or numbers outside the range of the development
samples (a unit that differs) is refused, all of them named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from her2genomics.clinical_variables import category_text
from her2genomics.cohort import Cohort
from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.predict.estimators import Score, score_from_dict
from her2genomics.predict.evaluation import class_calls, class_probabilities
from her2genomics.predict.features import ALTERATION, CATEGORY, NUMBER, BoolArray, Design, Feature, Floats, encode
from her2genomics.predict.nested import FittedStep, Step

FORMAT = "her2genomics prediction model"
FORMAT_VERSION = 1
OUTSIDE_SHARE = 0.1
"""With a larger share of a column's values outside the development range, by half its width, the unit is in doubt."""
MARGIN = 0.5


@dataclass(frozen=True)
class StoredStep:
    """One question of a stored model; arrays of shape (columns,)."""

    name: str
    positive_class: str
    negative_class: str
    cut_off: float
    columns: tuple[str, ...]
    fill: Floats
    centre: Floats
    scale: Floats
    score: Score

    def probability(self, design: Design) -> Floats:
        """Return the probability of the positive class of each sample."""
        place = {name: j for j, name in enumerate(design.columns)}
        part = design.matrix[:, [place[name] for name in self.columns]]
        return self.score.probability((np.where(np.isnan(part), self.fill, part) - self.centre) / self.scale)


@dataclass(frozen=True)
class PredictionModel:
    """A model that can be applied: kind, target, classes, the features it needs, and its steps."""

    model: str
    group: str
    labels: tuple[str, ...]
    features: tuple[Feature, ...]
    steps: tuple[StoredStep, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the stored form, with its checksum."""
        steps = [
            {
                **{name: getattr(s, name) for name in ("name", "positive_class", "negative_class", "cut_off")},
                "columns": list(s.columns),
                **{name: getattr(s, name).tolist() for name in ("fill", "centre", "scale")},
                "score": s.score.to_dict(),
            }
            for s in self.steps
        ]
        content: dict[str, Any] = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "intended_use": "research only",
            "model": self.model,
            "group": self.group,
            "labels": list(self.labels),
            "features": [f.to_dict() for f in self.features],
            "steps": steps,
        }
        return content | {"sha256": _checksum(content)}


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def store_model(
    model: str, group: str, labels: Sequence[str], design: Design, steps: Sequence[Step], fitted: Sequence[FittedStep]
) -> PredictionModel:
    """Return the stored form of fitted steps, with the features that any of them uses."""
    stored = []
    for step, fit in zip(steps, fitted, strict=True):
        p = fit.preparation
        names = tuple(design.columns[j] for j in p.kept_)
        classes = (step.positive_class, step.negative_class)
        stored.append(StoredStep(step.name, *classes, fit.cut_off, names, p.fill_, p.centre_, p.scale_, fit.score))
    needed = {name for step in stored for name in step.columns}
    features = tuple(f for f in design.features if needed.intersection(f.columns))
    return PredictionModel(model, group, tuple(labels), features, tuple(stored))


def model_from_dict(content: dict[str, Any], source: str | None = None) -> PredictionModel:
    """Return a model from its stored form.

    Raises
    ------
    FileFormatError
        If it is no model of ours, of a newer format, or was changed after it was written.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise FileFormatError("not a her2genomics prediction model", path=source, hint="her2g predict ... --folder")
    if content.get("format_version") != FORMAT_VERSION:
        found = content.get("format_version")
        raise FileFormatError(f"model format {found}, this version reads {FORMAT_VERSION}", path=source)
    body = {key: value for key, value in content.items() if key != "sha256"}
    if content.get("sha256") != _checksum(body):
        raise FileFormatError("the model was changed after it was written: its checksum differs", path=source)
    features = tuple(Feature(**(f | {"levels": tuple(f.get("levels", ()))})) for f in body["features"])
    steps = tuple(_stored_step(s) for s in body["steps"])
    return PredictionModel(body["model"], body["group"], tuple(body["labels"]), features, steps)


def _stored_step(s: dict[str, Any]) -> StoredStep:
    fill, centre, scale = (np.array(s[name], dtype=float) for name in ("fill", "centre", "scale"))
    names = (s["name"], s["positive_class"], s["negative_class"])
    return StoredStep(
        *names, float(s["cut_off"]), tuple(s["columns"]), fill, centre, scale, score_from_dict(s["score"])
    )


def check_table(features: Sequence[Feature], cohort: Cohort, rows: BoolArray | None = None) -> None:
    """Refuse a table that differs from the one the features were taken from.

    Raises
    ------
    SchemaError
        If columns are absent, hold values of another kind, unseen levels, or numbers of another range; all are named.
    """
    inside = np.ones(len(cohort.samples), dtype=bool) if rows is None else rows
    problems = [text for feature in features if (text := _problem(feature, cohort, inside))]
    if problems:
        more = f"; and {len(problems) - 8} more" if len(problems) > 8 else ""
        raise SchemaError(
            f"the table differs from the model's in {len(problems)} of {len(features)} features: "
            f"{'; '.join(problems[:8])}{more}",
            hint="the model card lists columns, units, levels and ranges",
        )


def _problem(feature: Feature, cohort: Cohort, rows: BoolArray) -> str:
    """Return what is wrong with one feature of a table, or an empty text."""
    samples = cohort.samples
    if feature.kind == ALTERATION:
        absent = [g for g in _genes(feature.name) if g not in cohort.genes]
        return f"no gene {', '.join(absent)}" if absent else ""
    if feature.name not in samples:
        return f"no column {feature.name}"
    present = samples.loc[rows, feature.name].dropna()
    if not len(present):
        return f"{feature.name} has no value"
    if feature.kind == CATEGORY:
        unseen = sorted(set(category_text(present)) - set(feature.levels))
        shown = " / ".join(feature.levels)
        return f"{feature.name} has level {', '.join(unseen[:4])} (model: {shown})" if unseen else ""
    numbers = pd.to_numeric(present, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(numbers).all():
        return f"{feature.name} holds text (model: numbers)"
    reach = MARGIN * (feature.high - feature.low)
    outside = float(((numbers < feature.low - reach) | (numbers > feature.high + reach)).mean())
    if outside <= OUTSIDE_SHARE:
        return ""
    unit = f" {feature.unit}" if feature.unit else ""
    return (
        f"{feature.name} {numbers.min():.4g} to {numbers.max():.4g} "
        f"(model: {feature.low:.4g} to {feature.high:.4g}{unit}; another unit?)"
    )


def _genes(term: str) -> list[str]:
    return [part.partition(":")[0] for part in term.replace("+", "|").split("|")]


def apply_model(model: PredictionModel, cohort: Cohort) -> pd.DataFrame:
    """Return the prediction of each sample.

    Parameters
    ----------
    model
        A stored model.
    cohort
        Samples to predict; no HER2 group is needed.

    Returns
    -------
    pandas.DataFrame
        ``sample_id``, the probability and the call of each step, for a cascade the probability of each class and the
        class called, ``n_missing`` (features put in from the development samples) and ``note``.

    Raises
    ------
    SchemaError
        If the table differs from the model's.

    Notes
    -----
    Probabilities hold where the classes are as frequent as in the development samples.
    """
    check_table(model.features, cohort)
    design = encode(cohort, model.features)
    result = pd.DataFrame({"sample_id": cohort.samples["sample_id"].to_numpy()})
    found = [step.probability(design) for step in model.steps]
    for step, p in zip(model.steps, found, strict=True):
        result[f"p_{step.name}"] = p
        result[f"call_{step.name}"] = np.where(p >= step.cut_off, step.positive_class, step.negative_class)
    if len(model.labels) == 3 and len(found) == 2:
        for label, p in zip(model.labels, class_probabilities(found[0], found[1]).T, strict=True):
            result[f"p_{label}"] = p
        calls = class_calls(*(p >= step.cut_off for step, p in zip(model.steps, found, strict=True)))
        result["predicted"] = np.array(model.labels, dtype=object)[calls]
    missing = _missing(design)
    result["n_missing"] = missing
    outside = _outside(model.features, design)
    result["note"] = [
        "not evaluable: no feature has a value" if n == len(model.features) else text
        for n, text in zip(missing, outside, strict=True)
    ]
    blank = missing == len(model.features)
    for name in result.columns[1:-2]:
        result[name] = result[name].mask(blank)
    return result


def _missing(design: Design) -> np.ndarray:
    first = np.unique(design.owner, return_index=True)[1]
    missing: np.ndarray = np.isnan(design.matrix[:, first]).sum(axis=1)
    return missing


def _outside(features: Sequence[Feature], design: Design) -> list[str]:
    """Return which numbers of each sample lie outside the development range."""
    listed: list[list[str]] = [[] for _ in range(len(design.matrix))]
    for place, feature in enumerate(features):
        if feature.kind == NUMBER:
            values = design.matrix[:, design.owner == place][:, 0]
            for row in np.flatnonzero((values < feature.low) | (values > feature.high)):
                listed[row].append(feature.name)
    return [f"outside the development range: {', '.join(names)}" if names else "" for names in listed]
