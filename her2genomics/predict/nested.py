"""Nested cross-validation: settings and cut-off are chosen inside the training samples of every outer fold.

Outer folds are stratified by class and keep a patient's samples together.  Within the training samples of a fold an
inner cross-validation chooses the settings by the log loss of its own held-out predictions, and the cut-off by Youden's
index on those same predictions; then the model is fitted to all training samples and predicts the held-out ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from her2genomics.exceptions import StatisticsError
from her2genomics.predict.estimators import CANDIDATES, MODELS, Score, fit_score
from her2genomics.predict.features import Design
from her2genomics.predict.preparation import Preparation, PreparationRule
from her2genomics.stats.accuracy import choose_cut_off, roc_table
from her2genomics.stats.held_out import within_fold_auc

Floats = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
EDGE = 1e-9
LEAST_TRAINING = 2
LEAST_PATIENTS = 4


@dataclass(frozen=True)
class PredictSettings:
    """How models are fitted and judged.

    Parameters
    ----------
    models
        Kinds of model.
    folds, inner_folds, repeats
        Outer folds, inner folds, and repeats of the outer folds with new partitions.
    rule
        Missing values, rare columns, selection.
    n_bootstrap
        Resamples of the intervals.
    n_permutations
        Shuffles per feature and fold of the importance; 0 leaves it out.
    ablation
        Whether each block is also left out, and used alone.
    seed
        Seed of folds, boosting, shuffles and resamples.
    threads
        Folds fitted side by side; the results are the same.
    """

    models: tuple[str, ...] = MODELS
    folds: int = 5
    inner_folds: int = 4
    repeats: int = 1
    rule: PreparationRule = field(default_factory=PreparationRule)
    n_bootstrap: int = 1000
    n_permutations: int = 5
    ablation: bool = False
    seed: int = 123456
    threads: int = 1


@dataclass(frozen=True)
class Step:
    """A two-class question: name, classes in words, and which samples belong to each, shape (samples,)."""

    name: str
    positive_class: str
    negative_class: str
    positive: BoolArray
    negative: BoolArray

    @property
    def inside(self) -> BoolArray:
        """Samples of either class."""
        inside: BoolArray = self.positive | self.negative
        return inside


@dataclass(frozen=True)
class FittedStep:
    """One fitted question: preparation, model, cut-off and the settings that were chosen."""

    preparation: Preparation
    score: Score
    cut_off: float
    candidate: dict[str, float]

    def probability(self, matrix: Floats) -> Floats:
        """Return the probability of the positive class."""
        return self.score.probability(self.preparation.transform(matrix))


@dataclass(frozen=True)
class HeldOut:
    """Held-out predictions of one model: shape (repeats, steps, samples), folds (repeats, samples); -1 for none.

    ``called`` is whether the probability reached the cut-off of its fold; ``importance`` is the drop of the area
    within each fold, shape (steps, folds x repeats, features), with the pairs of each fold in ``pairs``.
    """

    probability: Floats
    called: BoolArray
    folds: IntArray
    importance: Floats
    pairs: IntArray


def make_folds(
    labels: IntArray, patients: IntArray, n_folds: int, seed: int
) -> list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Return (training, held-out) positions of each fold, stratified by label, no patient on both sides."""
    if len(np.unique(patients)) == len(patients):
        splitter = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        return list(splitter.split(np.zeros(len(labels)), labels))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        grouped = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        return list(grouped.split(np.zeros(len(labels)), labels, patients))


def check_sizes(labels: IntArray, patients: IntArray, names: Sequence[str], n_folds: int) -> None:
    """Refuse a class with fewer patients than folds, or too few to leave two for training and tuning.

    Raises
    ------
    StatisticsError
        If a class is too small; the message names it.
    """
    counts = [len(np.unique(patients[labels == code])) for code in range(len(names))]
    needed = max(n_folds, LEAST_PATIENTS)
    for n, name in sorted(zip(counts, names, strict=True)):
        if n < needed:
            least = f"cross-validation needs {LEAST_PATIENTS} patients per class or more"
            possible = f"say --folds {n}" if n >= LEAST_PATIENTS else least
            raise StatisticsError(
                f"class {name} has {n} {'patient' if n == 1 else 'patients'}, needs {needed} for {n_folds} folds",
                hint=possible,
            )


def fit_step(model: str, design: Design, truth: BoolArray, patients: IntArray, settings: PredictSettings) -> FittedStep:
    """Choose settings and cut-off by inner cross-validation, and fit to all the samples given.

    Parameters
    ----------
    model
        Kind of model.
    design
        Features of the training samples.
    truth
        Classes.
    patients
        Patient of each sample, as a number.
    settings
        Inner folds, preparation, seed.

    Raises
    ------
    StatisticsError
        If no feature is left or a class is too small.
    """
    candidates = CANDIDATES[model]
    counts = [len(np.unique(patients[truth == side])) for side in (True, False)]
    if min(counts) < LEAST_TRAINING:
        raise StatisticsError("a class has fewer than 2 patients among the training samples", hint="use fewer --folds")
    held = np.full((len(candidates), len(truth)), np.nan)
    for training, testing in make_folds(
        truth.astype(np.int64), patients, min(settings.inner_folds, *counts), settings.seed
    ):
        if truth[training].all() or not truth[training].any():
            continue
        preparation = Preparation(design.is_number, settings.rule).fit(design.matrix[training], truth[training])
        x, new = (preparation.transform(design.matrix[rows]) for rows in (training, testing))
        for place, candidate in enumerate(candidates):
            held[place, testing] = fit_score(model, candidate, x, truth[training], settings.seed).probability(new)
    done = ~np.isnan(held[0])
    chosen = int(np.argmin([_log_loss(row[done], truth[done]).round(9) for row in held]))
    cut_off = choose_cut_off(roc_table(held[chosen, done], truth[done]))
    preparation = Preparation(design.is_number, settings.rule).fit(design.matrix, truth)
    score = fit_score(model, candidates[chosen], preparation.transform(design.matrix), truth, settings.seed)
    return FittedStep(preparation, score, float(cut_off), candidates[chosen])


def _log_loss(probability: Floats, truth: BoolArray) -> np.float64:
    p = np.clip(probability, EDGE, 1 - EDGE)
    return np.float64(-np.where(truth, np.log(p), np.log(1 - p)).mean())


def fit_steps(
    model: str,
    design: Design,
    steps: Sequence[Step],
    patients: IntArray,
    training: BoolArray,
    settings: PredictSettings,
) -> list[FittedStep]:
    """Fit every step to its training samples, in one thread so that sums are added in one order."""
    with threadpool_limits(limits=1):
        return [
            fit_step(model, design.keep_samples(rows), step.positive[rows], patients[rows], settings)
            for step in steps
            for rows in [step.inside & training]
        ]


def cross_validate(
    model: str,
    design: Design,
    steps: Sequence[Step],
    labels: IntArray,
    patients: IntArray,
    settings: PredictSettings,
    *,
    importance: bool = False,
    progress: Progress | None = None,
) -> HeldOut:
    """Return the held-out predictions of one kind of model.

    Parameters
    ----------
    model
        Kind of model.
    design
        Features of the development samples.
    steps
        Questions; each is fitted to the training samples that belong to it.
    labels
        Class of each sample, which the outer folds are stratified by.
    patients
        Patient of each sample, as a number.
    settings
        Folds, repeats, seed, threads.
    importance
        Whether features are also shuffled in the held-out samples.
    progress
        Called with 1 when an outer fold has ended.
    """
    n, n_repeats = len(labels), settings.repeats
    folds = np.full((n_repeats, n), -1, dtype=np.int64)
    tasks = []
    for repeat in range(n_repeats):
        for number, (_, testing) in enumerate(make_folds(labels, patients, settings.folds, settings.seed + repeat)):
            folds[repeat, testing] = number
            tasks.append((repeat, number))
    shuffles = settings.n_permutations if importance else 0
    jobs = [(model, design, steps, patients, folds[r] == f, settings, shuffles, 1000 * r + f) for r, f in tasks]
    results = _run(jobs, settings.threads, progress)
    probability = np.full((n_repeats, len(steps), n), np.nan)
    called = np.zeros(probability.shape, dtype=bool)
    for (repeat, number), (found, above, _, _) in zip(tasks, results, strict=True):
        held = folds[repeat] == number
        probability[repeat][:, held], called[repeat][:, held] = found, above
    drops = np.stack([result[2] for result in results], axis=1)
    return HeldOut(probability, called, folds, drops, np.stack([result[3] for result in results], axis=1))


Progress = Callable[[int], None]
Job = tuple[str, Design, Sequence[Step], IntArray, BoolArray, PredictSettings, int, int]
FoldResult = tuple[Floats, BoolArray, Floats, IntArray]


def _run(jobs: list[Job], threads: int, progress: Progress | None) -> list[FoldResult]:
    if threads == 1 or len(jobs) == 1:
        results: Iterable[FoldResult] = (_one_fold(*job) for job in jobs)
    else:
        from joblib import Parallel, delayed

        pool = Parallel(n_jobs=min(threads, len(jobs)), return_as="generator")
        results = pool(delayed(_one_fold)(*job) for job in jobs)
    found = []
    for result in results:
        found.append(result)
        if progress is not None:
            progress(1)
    return found


def _one_fold(
    model: str,
    design: Design,
    steps: Sequence[Step],
    patients: IntArray,
    held: BoolArray,
    settings: PredictSettings,
    shuffles: int,
    number: int,
) -> FoldResult:
    """Return probabilities and calls of the held-out samples, and what shuffling each feature costs there."""
    fitted = fit_steps(model, design, steps, patients, ~held, settings)
    testing = design.matrix[held]
    probability = np.stack([fit.probability(testing) for fit in fitted])
    called = np.stack([p >= fit.cut_off for p, fit in zip(probability, fitted, strict=True)])
    drops = np.zeros((len(steps), len(design.features)))
    pairs = np.zeros(len(steps), dtype=np.int64)
    for place, (step, fit) in enumerate(zip(steps, fitted, strict=True)):
        rows, truth = held & step.inside, step.positive[held & step.inside]
        pairs[place] = int(truth.sum()) * int((~truth).sum())
        if shuffles and pairs[place]:
            generator = np.random.default_rng([settings.seed, number, place])
            drops[place] = _shuffle_drops(fit, design, design.matrix[rows], truth, shuffles, generator)
    return probability, called, drops, pairs


def _shuffle_drops(
    fit: FittedStep, design: Design, matrix: Floats, truth: BoolArray, shuffles: int, generator: np.random.Generator
) -> Floats:
    """Return the mean drop of the area when the columns of one feature are shuffled together; 0 for unused ones."""
    one = np.zeros(len(truth))
    whole = within_fold_auc(fit.probability(matrix), truth, one)
    drops = np.zeros(len(design.features))
    for feature in np.unique(design.owner[fit.preparation.kept_]):
        columns = design.owner == feature
        lost = 0.0
        for _ in range(shuffles):
            shuffled = matrix.copy()
            shuffled[:, columns] = matrix[generator.permutation(len(matrix))][:, columns]
            lost += whole - within_fold_auc(fit.probability(shuffled), truth, one)
        drops[feature] = lost / shuffles
    return drops
