"""The model card: what a model was made from, what it needs, how well it did, what it is for and what it is not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from her2genomics.predict.analysis import Prediction
from her2genomics.predict.estimators import CANDIDATES
from her2genomics.predict.nested import PredictSettings

INTENDED_USE = "Research: how much of HER2 status the named features carry. Not for diagnosis or choice of treatment."
LIMITS = (
    "HER2 status is defined by IHC and ISH; a prediction does not replace them.",
    "Probabilities hold where the classes are as frequent as in the development set; elsewhere only the order counts.",
    "Intervals take the fitted models as given; the spread from other training samples is not in them.",
    "Cross-validation judges the way of making a model in samples like these; only an external set judges the model.",
    "A gene that was not profiled is missing, and is put in as the training samples' frequency.",
)
METHOD = (
    "Imputation (median of a number, frequency of a 0/1 column), rarity, selection, centring and scaling are fitted to "
    "the training samples of each fold; settings (log loss) and cut-off (Youden) come from an inner cross-validation."
)


def model_card(result: Prediction, settings: PredictSettings, manifest: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the card as a mapping that can be written as JSON.

    Parameters
    ----------
    result, settings
        The prediction, and how it was made.
    manifest
        Versions and checksums of the inputs.
    """
    rule = asdict(settings.rule)
    asked = {k: v for k, v in asdict(settings).items() if k not in ("threads", "rule")} | rule
    return {
        "intended_use": INTENDED_USE,
        "data": result.facts,
        "method": METHOD,
        "settings": asked,
        "candidates": {model: list(CANDIDATES[model]) for model in settings.models},
        "models": {
            model.model: {
                "features": [feature.to_dict() for feature in model.features],
                "cut_offs": {step.name: step.cut_off for step in model.steps},
            }
            for model in result.models
        },
        "performance": _records(result.performance),
        "cascade": _records(result.cascade),
        "confusion": _records(result.confusion),
        "limits": list(LIMITS),
        "manifest": manifest or {},
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    whole = table.astype(object).where(table.notna(), None)
    return [{str(k): v for k, v in row.items() if v is not None} for row in whole.to_dict("records")]


def render_card(card: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    data = card["data"]
    lines = [f"# Model card: {data['group']}", "", f"**Intended use.** {card['intended_use']}", "", "## Data", ""]
    for name, sizes in data["sets"].items():
        lines.append(f"- set {name}: " + ", ".join(f"{label} {n}" for label, n in sizes.items()))
    kept = "kept on one side of every split" if data["grouped_by_patient"] else "one sample each"
    lines.append(f"- {data['n_patients']} patients in the development set, {kept}")
    lines.append(
        f"- {data['n_features_offered']} features offered, {data['missing_share']:.1%} of their values missing"
    )
    lines += [f"- {note}" for note in data["notes"]]
    lines += ["", "## Method", "", card["method"], ""]
    lines += [f"- {name}: {value}" for name, value in card["settings"].items()]
    lines += [
        "",
        "## Performance",
        "",
        "| model | features | contrast (positive class) | set | AUC [95 %] | Brier | slope |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    lines += [_performance_line(row) for row in card["performance"]]
    for row in card["cascade"]:
        lines.append(
            f"\nCascade, {row['model']}, {row['features']}, {row['set']}: macro-AUC {_number(row, 'macro_auc')}, "
            f"weighted kappa {_number(row, 'weighted_kappa')}, accuracy {_number(row, 'accuracy')}."
        )
    for name, model in card["models"].items():
        lines += ["", f"## Features of the {name} model", "", "| feature | block | kind | unit | levels or range |"]
        lines.append("|---|---|---|---|---|")
        lines += [_feature_line(feature) for feature in model["features"]]
    lines += ["", "## Limits", "", *(f"- {text}" for text in card["limits"]), ""]
    return "\n".join(lines)


def _number(row: dict[str, Any], name: str) -> str:
    return f"{row[name]:.3f}" if name in row else "not evaluable"


def _performance_line(row: dict[str, Any]) -> str:
    interval = f" [{row['auc_low']:.3f}, {row['auc_high']:.3f}]" if "auc_low" in row else ""
    classes = (
        f"{row['contrast']} ({row['positive_class']}: {row['n_positive']} of {row['n_positive'] + row['n_negative']})"
    )
    cells = [row["model"], row["features"], classes, row["set"], _number(row, "auc") + interval]
    return "| " + " | ".join([*cells, _number(row, "brier"), _number(row, "calibration_slope")]) + " |"


def _feature_line(feature: dict[str, Any]) -> str:
    if feature["kind"] == "number":
        span = f"{feature['low']:.4g} to {feature['high']:.4g}"
    else:
        span = " / ".join(feature.get("levels", ())) or "0 / 1, NA not profiled"
    return f"| {feature['name']} | {feature['block']} | {feature['kind']} | {feature.get('unit', '')} | {span} |"
