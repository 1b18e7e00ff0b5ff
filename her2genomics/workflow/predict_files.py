"""The folder of a prediction (tables, figures, card, models), and models read back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd

from her2genomics.exceptions import FileFormatError
from her2genomics.io.figures import write_figure
from her2genomics.io.write import write_json, write_table, write_text
from her2genomics.predict.analysis import Prediction, PredictQuestion
from her2genomics.predict.card import model_card, render_card
from her2genomics.predict.model import PredictionModel, apply_model, model_from_dict
from her2genomics.predict.nested import PredictSettings
from her2genomics.provenance import MANIFEST, build_manifest, describe_outputs
from her2genomics.report.predict_figures import (
    draw_confusion,
    draw_importance,
    draw_prediction_calibration,
    draw_prediction_roc,
)
from her2genomics.workflow.inputs import load_cohort

PathLike = str | os.PathLike[str]


def write_prediction_folder(
    result: Prediction,
    question: PredictQuestion,
    settings: PredictSettings,
    folder: Path,
    *,
    cohort: PathLike,
    fmt: str = "svg",
) -> None:
    """Write tables, figures, ``model_card.json`` and ``.md``, one ``model_NAME.json`` per model, and the manifest."""
    for name, table in result.tables().items():
        write_table(table, folder / name)
    for model in result.models:
        write_json(model.to_dict(), folder / f"model_{model.model}.json")
    manifest = build_manifest("predict", parameters=vars(question), inputs=[cohort], seed=settings.seed)
    card = model_card(result, settings, manifest)
    write_json(card, folder / "model_card.json")
    write_text(render_card(card), folder / "model_card.md")
    figures = {}
    if len(result.roc):
        figures["prediction_roc"] = draw_prediction_roc(result.roc, result.performance)
        figures["prediction_calibration"] = draw_prediction_calibration(result.calibration)
    if len(result.confusion):
        figures["prediction_confusion"] = draw_confusion(result.confusion)
    if len(result.importance):
        figures["prediction_importance"] = draw_importance(result.importance)
    for name, figure in figures.items():
        write_figure(figure, folder / f"{name}.{fmt}")
    names = [*result.tables(), *(f"model_{model.model}.json" for model in result.models), "model_card.json",
             "model_card.md", *(f"{name}.{fmt}" for name in figures)]  # fmt: skip
    written = {"outputs": describe_outputs([folder / name for name in names], folder)}
    write_json(manifest | written, folder / MANIFEST)


def read_model(path: PathLike) -> PredictionModel:
    """Read a stored model.

    Raises
    ------
    FileFormatError
        If the file is absent, no model of ours, or was changed after it was written.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(f"cannot read: {error.strerror}", path=path) from error
    except ValueError as error:
        raise FileFormatError("not a her2genomics prediction model (no JSON)", path=path) from error
    return model_from_dict(content, os.fspath(path))


def predict_cohort(model: PathLike, cohort: PathLike) -> pd.DataFrame:
    """Return the predictions of a stored model for a cohort table.

    Raises
    ------
    Her2GenomicsError
        If a file cannot be read, or the table differs from the model's.
    """
    return apply_model(read_model(model), load_cohort(cohort, group="sample_id"))
