"""A whole prediction: features, held-out performance, external sets, ablation, the final models and their card."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.biomarkers.markers import marker_contrasts, sample_sets
from her2genomics.cohort import Cohort
from her2genomics.comparison.groups import Grouping, find_groups
from her2genomics.exceptions import UsageError
from her2genomics.predict.choice import choose_features
from her2genomics.predict.evaluation import (
    CROSS_VALIDATION,
    Judged,
    calibration_rows,
    draws,
    importance_rows,
    judge_cascade,
    judge_step,
    roc_rows,
)
from her2genomics.predict.features import BoolArray, Design, default_blocks, encode
from her2genomics.predict.model import PredictionModel, check_table, store_model
from her2genomics.predict.nested import (
    FittedStep,
    HeldOut,
    IntArray,
    PredictSettings,
    Progress,
    Step,
    check_sizes,
    cross_validate,
    fit_steps,
)
from her2genomics.result_html import result_html

ALL_FEATURES = "all"


@dataclass(frozen=True)
class PredictQuestion:
    """What is predicted from what.

    Parameters
    ----------
    group
        Column of the target, of two or three classes.
    contrasts
        Two-class questions (``zero-rest``); None for the pair of two classes, or the cascade of three.
    blocks
        Names of the features by block; None for genes and TMB.
    set_column, development
        Column of the sets, and the one that models are made in; the others are predicted as they stand.
    allow_leak
        Whether columns that define the target may be features.
    """

    group: str = "her2_group"
    contrasts: tuple[str, ...] | None = None
    blocks: dict[str, list[str]] | None = None
    set_column: str | None = None
    development: str | None = None
    allow_leak: bool = False


@dataclass(frozen=True)
class Prediction:
    """Result of `fit_predictor`; the columns of every table stand in docs/tables.md."""

    performance: pd.DataFrame
    cascade: pd.DataFrame
    confusion: pd.DataFrame
    importance: pd.DataFrame
    roc: pd.DataFrame
    calibration: pd.DataFrame
    samples: pd.DataFrame
    models: tuple[PredictionModel, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table that has a row, by the name of its file."""
        names = ("cascade", "confusion", "importance", "roc", "calibration", "samples")
        found = {"prediction.tsv": self.performance}
        found |= {f"prediction_{name}.tsv": getattr(self, name) for name in names}
        return {name: table for name, table in found.items() if len(table)}

    def _repr_html_(self) -> str:
        return result_html("Prediction, cross-validated", self.performance)


@dataclass(frozen=True)
class _Task:
    """All that the models of one question share; samples are those with a class and a known feature."""

    question: PredictQuestion
    settings: PredictSettings
    labels: IntArray
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    patients: IntArray
    sets: dict[str, BoolArray]
    design: Design
    sample_ids: np.ndarray

    @property
    def development(self) -> BoolArray:
        return next(iter(self.sets.values()))

    @property
    def is_cascade(self) -> bool:
        return len(self.names) == 3 and self.question.contrasts is None

    def steps_of(self, rows: BoolArray) -> tuple[Step, ...]:
        return tuple(
            Step(s.name, s.positive_class, s.negative_class, s.positive[rows], s.negative[rows]) for s in self.steps
        )


def fit_predictor(
    cohort: Cohort,
    question: PredictQuestion | None = None,
    settings: PredictSettings | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Prediction:
    """Fit and judge models that predict the groups of a cohort.

    Parameters
    ----------
    cohort
        Cohort with the target column in its samples.
    question
        Target, features, sets.
    settings
        Models, folds, preparation, intervals, seed.
    progress
        Called with the outer folds that have ended and with their number, after each.

    Raises
    ------
    UsageError
        If a feature would give the answer away, or a name is not known.
    StatisticsError
        If a class has too few samples, or no feature is left.

    Warnings
    --------
    Intervals are of the held-out predictions as they are; that other training samples would have given other models is
    not in them, so they are somewhat short.

    Notes
    -----
    Of three classes the first step tells the first from the rest, the second step the other two apart; both are judged
    in the same held-out folds, as is the class that they give together.

    References
    ----------
    .. [1] Varma S, Simon R. BMC Bioinformatics 2006;7:91 (nested cross-validation).
    .. [2] Ambroise C, McLachlan GJ. PNAS 2002;99:6562-6566 (selection inside the fold).
    """
    question, settings = question or PredictQuestion(), settings or PredictSettings()
    task, notes = _prepare(cohort, question, settings)
    parts: dict[str, list[dict[str, Any]]] = {name: [] for name in ("performance", "cascade", "confusion")}
    parts |= {name: [] for name in ("importance", "roc", "calibration", "samples")}
    models = []
    count = _counter(task, progress)
    for model in settings.models:
        fitted = fit_steps(model, task.design, task.steps, task.patients, task.development, settings)
        models.append(store_model(model, question.group, task.names, task.design, task.steps, fitted))
        for judged in _judged(model, task, task.design, fitted, count, importance=settings.n_permutations > 0):
            _add(parts, model, ALL_FEATURES, judged, task, full=True)
        for name, design in _ablations(task):
            reduced = fit_steps(model, design, task.steps, task.patients, task.development, settings)
            for judged in _judged(model, task, design, reduced, count, importance=False):
                _add(parts, model, name, judged, task, full=False)
    schemas = {
        "performance": schema.PREDICTION,
        "cascade": schema.PREDICTION_CASCADE,
        "confusion": schema.PREDICTION_CONFUSION,
        "importance": schema.PREDICTION_IMPORTANCE,
        "roc": schema.PREDICTION_ROC,
        "calibration": schema.PREDICTION_CALIBRATION,
        "samples": schema.PREDICTION_SAMPLES,
    }
    tables = {name: schema.conform(pd.DataFrame(rows), schemas[name]) for name, rows in parts.items()}
    return Prediction(**tables, models=tuple(models), facts=_facts(task, notes))


def _prepare(cohort: Cohort, question: PredictQuestion, settings: PredictSettings) -> tuple[_Task, list[str]]:
    grouping = find_groups(cohort.samples, question.group)
    grouping = _filled(grouping)
    sets = sample_sets(cohort.samples, question.set_column, question.development)
    development = next(iter(sets.values())) & (grouping.codes >= 0)
    reserved = [question.set_column] if question.set_column else []
    choice = choose_features(
        cohort,
        question.blocks or default_blocks(cohort),
        question.group,
        development,
        allow_leak=question.allow_leak,
        reserved=reserved,
    )
    design = encode(cohort, choice.features)
    known = ~np.isnan(design.matrix).all(axis=1)
    usable = (grouping.codes >= 0) & known & np.logical_or.reduce(list(sets.values()))
    notes = list(choice.notes)
    if (lost := int(((grouping.codes >= 0) & ~known).sum())) > 0:
        notes.append(f"{lost} samples left out: no feature has a value")
    if (unset := int((grouping.codes < 0).sum())) > 0:
        notes.append(f"{unset} samples left out: no {question.group}")
    for name, rows in list(sets.items())[1:]:
        if (rows & usable).any():
            check_table(choice.features, cohort, rows & usable)
        else:
            raise UsageError(f"no sample of the set '{name}' has a class and a feature")
    steps = _steps(grouping, question)
    in_steps = np.logical_or.reduce([step.inside for step in steps])
    usable &= in_steps
    part = grouping.codes[usable]
    task = _Task(
        question,
        settings,
        part,
        grouping.labels,
        tuple(Step(s.name, s.positive_class, s.negative_class, s.positive[usable], s.negative[usable]) for s in steps),
        _patients(cohort.samples)[usable],
        {name: rows[usable] for name, rows in sets.items()},
        design.keep_samples(usable),
        cohort.samples["sample_id"].to_numpy(dtype=object)[usable],
    )
    inside = task.development
    for step in task.steps:
        classes = np.where(step.positive, 1, 0)[inside & step.inside]
        names = (step.negative_class, step.positive_class)
        check_sizes(classes, task.patients[inside & step.inside], names, settings.folds)
    return task, notes


def _filled(grouping: Grouping) -> Grouping:
    """Return the grouping without groups that have no sample."""
    keep = np.flatnonzero(grouping.sizes > 0)
    place = np.full(len(grouping.labels) + 1, -1, dtype=np.int64)
    place[keep] = np.arange(len(keep))
    labels = tuple(grouping.labels[i] for i in keep)
    return Grouping(grouping.column, labels, place[grouping.codes], grouping.ordered)


def _steps(grouping: Grouping, question: PredictQuestion) -> list[Step]:
    wanted = question.contrasts
    if wanted is None:
        short = [grouping.short(i) for i in range(len(grouping.labels))]
        if len(short) not in (2, 3):
            raise UsageError(f"{question.group} has {len(short)} groups", hint="say which to tell apart: --contrast")
        wanted = (f"{short[0]}-{short[1]}",) if len(short) == 2 else (f"{short[0]}-rest", f"{short[1]}-{short[2]}")
    found = marker_contrasts(grouping, wanted)
    return [Step(c.name, c.positive_class, c.negative_class, c.positive, c.negative) for c in found]


def _patients(samples: pd.DataFrame) -> IntArray:
    """Return a number per patient; a sample without a patient is one of its own."""
    own = samples["sample_id"].astype("string")
    patient = samples["patient_id"].astype("string").fillna("sample " + own) if "patient_id" in samples else own
    return pd.factorize(patient)[0].astype(np.int64)


def _counter(task: _Task, progress: Callable[[int, int], None] | None) -> Progress | None:
    """Return what is called after every outer fold of every model and set of features."""
    if progress is None:
        return None
    settings, done = task.settings, 0
    total = len(settings.models) * settings.folds * settings.repeats * (1 + sum(1 for _ in _ablations(task)))

    def count(n: int) -> None:
        nonlocal done
        done += n
        progress(done, total)

    return count


def _judged(
    model: str,
    task: _Task,
    design: Design,
    fitted: Sequence[FittedStep],
    count: Progress | None,
    *,
    importance: bool,
) -> Iterator[Judged]:
    """Yield the cross-validated development set, then each external set under the final model."""
    inside = task.development
    steps = task.steps_of(inside)
    held = cross_validate(
        model,
        design.keep_samples(inside),
        steps,
        task.labels[inside],
        task.patients[inside],
        task.settings,
        importance=importance,
        progress=count,
    )
    yield Judged(held, steps, task.labels[inside], task.patients[inside], CROSS_VALIDATION)
    for name, rows in list(task.sets.items())[1:]:
        probability = np.stack([fit.probability(design.matrix[rows]) for fit in fitted])
        called = np.stack([p >= fit.cut_off for p, fit in zip(probability, fitted, strict=True)])
        none = np.zeros((len(fitted), 0, len(design.features)))
        folds = np.zeros((1, int(rows.sum())), dtype=np.int64)
        held = HeldOut(probability[None], called[None], folds, none, np.zeros((len(fitted), 0), dtype=np.int64))
        yield Judged(held, task.steps_of(rows), task.labels[rows], task.patients[rows], name)


def _ablations(task: _Task) -> Iterator[tuple[str, Design]]:
    blocks = [f.block for f in task.design.features]
    names = list(dict.fromkeys(blocks))
    if not task.settings.ablation or len(names) < 2:
        return
    for name in names:
        inside = np.array([block == name for block in blocks])
        yield f"without {name}", task.design.keep_features(~inside)
        if len(names) > 2:
            yield f"only {name}", task.design.keep_features(inside)


def _add(
    parts: dict[str, list[dict[str, Any]]], model: str, features: str, judged: Judged, task: _Task, *, full: bool
) -> None:
    weights = draws(judged, task.settings)
    key = {"model": model, "features": features}
    for step in judged.steps:
        parts["performance"].append(key | judge_step(judged, step, weights))
        if full:
            parts["roc"] += [{"model": model, **row} for row in roc_rows(judged, step)]
            parts["calibration"] += [{"model": model, **row} for row in calibration_rows(judged, step)]
    if task.is_cascade:
        row, matrix = judge_cascade(judged, weights)
        parts["cascade"].append(key | row)
        if full:
            parts["confusion"] += [
                {"model": model, "set": judged.set_name, "truth": t, "predicted": p, "n": int(matrix[i, j])}
                for i, t in enumerate(task.names)
                for j, p in enumerate(task.names)
            ]
    if full:
        parts["importance"] += [{"model": model, **row} for row in importance_rows(judged, task.design.features)]
        parts["samples"] += _sample_rows(model, judged, task)


def _sample_rows(model: str, judged: Judged, task: _Task) -> Iterator[dict[str, Any]]:
    rows = task.development if judged.set_name == CROSS_VALIDATION else task.sets[judged.set_name]
    held = judged.held
    for place, step in enumerate(judged.steps):
        for i, sample in enumerate(task.sample_ids[rows]):
            if step.inside[i] or task.is_cascade:
                yield {
                    "model": model,
                    "set": judged.set_name,
                    "sample_id": sample,
                    "contrast": step.name,
                    "truth": task.names[judged.labels[i]],
                    "fold": int(held.folds[0, i]),
                    "probability": float(held.probability[0, place, i]),
                    "called": bool(held.called[0, place, i]),
                }


def _facts(task: _Task, notes: list[str]) -> dict[str, Any]:
    """Return what the model card says of the data."""
    sizes = {
        name: {label: int((task.labels[rows] == code).sum()) for code, label in enumerate(task.names)}
        for name, rows in task.sets.items()
    }
    matrix = task.design.matrix[task.development]
    return {
        "group": task.question.group,
        "sets": sizes,
        "n_patients": len(np.unique(task.patients[task.development])),
        "grouped_by_patient": len(np.unique(task.patients)) < len(task.patients),
        "n_features_offered": len(task.design.features),
        "missing_share": float(np.isnan(matrix).mean()),
        "notes": notes,
    }
