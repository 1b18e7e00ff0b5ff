"""``her2g predict``: HER2 status from other columns of the cohort, and ``her2g predict apply``: a stored model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from her2genomics.cli.options import INPUT_FILE, examples, output_options, seed_option, threads_option
from her2genomics.cli.tmb import FilesCommand, FilesOrCommand


@contextmanager
def _fold_bar() -> Iterator[Callable[[int, int], None] | None]:
    """Return what is called with the folds done and their number; the bar is drawn on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label="her2g predict", file=sys.stderr, show_pos=True) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show


class CohortOrCommand(FilesOrCommand):
    """A first word that is no subcommand is the cohort."""

    default = "cohort"


@click.group(cls=CohortOrCommand)
def predict() -> None:
    """HER2 status from gene alterations, TMB, imaging scores and clinical columns."""


@predict.command(
    "cohort",
    cls=FilesCommand,
    epilog=examples(
        "her2g predict cohort.tsv --folder prediction/",
        "her2g predict cohort.tsv --contrast positive-rest --features genes --features tmb --ablation",
        "her2g predict cohort.tsv --features imaging=t2_ms,adc --features clinical=age,grade --model logistic",
        "her2g predict cohort.tsv --set-column hospital --development A --folder prediction/",
        "her2g predict apply prediction/model_logistic.json new_cohort.tsv",
    ),
)
@click.argument("cohort", type=INPUT_FILE)
@click.option("--target", "group", default="her2_group", show_default=True, help="Column to predict.")
@click.option(
    "--contrast",
    "contrasts",
    multiple=True,
    help="Two-class question (zero-rest, low-positive, positive-rest); repeatable.  [default: the cascade]",
)
@click.option(
    "--features",
    "features",
    multiple=True,
    help="genes, tmb, clinical, columns or gene terms (age,ERBB2:amp), or a named block (imaging=t2_ms,adc); "
    "repeatable.  [default: genes, tmb]",
)
@click.option("--genes", "gene_columns", default=None, help="Columns to take as genes, joined by commas.")
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Choice(["logistic", "boosting"]),
    help="Kind of model; repeatable.  [default: both]",
)
@click.option("--folds", type=click.IntRange(min=2), default=5, show_default=True, help="Outer folds.")
@click.option("--inner-folds", type=click.IntRange(min=2), default=4, show_default=True, help="Folds of the tuning.")
@click.option("--repeats", type=click.IntRange(min=1), default=1, show_default=True, help="New partitions.")
@click.option(
    "--max-missing",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Leave out a feature missing in more training samples; 0: any not profiled in all.",
)
@click.option(
    "--min-frequency",
    type=click.FloatRange(0, 0.5),
    default=0.02,
    show_default=True,
    help="Leave out a yes/no feature rarer than this in the training samples.",
)
@click.option(
    "--select",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="At most so many features, chosen by ranks in the training samples.",
)
@click.option("--set-column", default=None, help="Column that says which set a sample belongs to.")
@click.option("--development", default=None, help="The set that models are made in; others are predicted unchanged.")
@click.option("--ablation", is_flag=True, help="Also without each block of features, and with it alone.")
@click.option("--allow-leak", is_flag=True, help="Use columns that define the target, with a warning.")
@click.option(
    "--bootstrap", type=click.IntRange(min=2), default=1000, show_default=True, help="Resamples of intervals."
)
@click.option(
    "--permutations", type=click.IntRange(min=0), default=5, show_default=True, help="Shuffles of the importance."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, writable=True),
    default=None,
    help="Write tables, figures (SVG), the model card and the models into this folder.",
)
@threads_option
@seed_option
@output_options
def fit(
    cohort: str,
    group: str,
    contrasts: tuple[str, ...],
    features: tuple[str, ...],
    gene_columns: str | None,
    models: tuple[str, ...],
    folds: int,
    inner_folds: int,
    repeats: int,
    max_missing: float,
    min_frequency: float,
    select: int,
    set_column: str | None,
    development: str | None,
    ablation: bool,
    allow_leak: bool,
    bootstrap: int,
    permutations: int,
    folder: str | None,
    threads: int,
    seed: int,
    out: str | None,
    fmt: str | None,
) -> None:
    """Predict HER2 status by penalised logistic regression and boosting, judged by nested cross-validation.

    COHORT is one row per sample. Of three groups a cascade is made: zero against the rest, then low against positive.
    Imputation, selection, scaling, settings and cut-offs are fitted inside each training fold. Columns that define the
    status are refused, and genes of the ERBB2 amplicon count by their mutations alone; ERBB2:amp can be named. The
    result has one row per model, contrast and set.
    """
    from her2genomics.cli.options import split_list
    from her2genomics.io.write import write_table
    from her2genomics.predict.analysis import PredictQuestion, fit_predictor
    from her2genomics.predict.estimators import MODELS
    from her2genomics.predict.features import parse_blocks
    from her2genomics.predict.nested import PredictSettings
    from her2genomics.predict.preparation import PreparationRule
    from her2genomics.workflow.inputs import load_cohort
    from her2genomics.workflow.predict_files import write_prediction_folder

    question = PredictQuestion(
        group, contrasts or None, parse_blocks(features) or None, set_column, development, allow_leak
    )
    settings = PredictSettings(
        models=tuple(dict.fromkeys(models)) or MODELS,
        folds=folds,
        inner_folds=inner_folds,
        repeats=repeats,
        rule=PreparationRule(max_missing, min_frequency, select),
        n_bootstrap=bootstrap,
        n_permutations=permutations,
        ablation=ablation,
        seed=seed,
        threads=threads,
    )
    loaded = load_cohort(cohort, group=group, genes=split_list(gene_columns))
    with _fold_bar() as bar:
        result = fit_predictor(loaded, question, settings, progress=bar)
    for note in result.facts["notes"]:
        click.echo(f"her2g: {note}", err=True)
    if folder is not None:
        write_prediction_folder(result, question, settings, Path(folder), cohort=cohort)
    if out is not None or folder is None:
        write_table(result.performance, out, fmt)


@predict.command(
    "apply",
    epilog=examples(
        "her2g predict apply prediction/model_logistic.json new_cohort.tsv",
        "her2g predict apply prediction/model_boosting.json new_cohort.tsv --out predicted.tsv",
    ),
)
@click.argument("model", type=INPUT_FILE)
@click.argument("cohort", type=INPUT_FILE)
@output_options
def apply(model: str, cohort: str, out: str | None, fmt: str | None) -> None:
    """Predict the samples of COHORT by a stored MODEL, without changing it.

    A table whose columns, levels or ranges differ from those the model was made with is refused, each named.
    """
    from her2genomics.io.write import write_table
    from her2genomics.workflow.predict_files import predict_cohort

    write_table(predict_cohort(model, cohort), out, fmt)
