"""Numbers between groups: rank-sum test with the Hodges-Lehmann shift for pairs, Kruskal-Wallis over all groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.comparison.design import Design
from her2genomics.comparison.groups import OVERALL
from her2genomics.stats.continuous import kruskal_wallis, rank_sum


def burden_columns(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the TMB of all samples and, where a status is known, of the evaluable ones alone."""
    if "tmb" not in samples:
        return pd.DataFrame(index=samples.index)
    burden = pd.DataFrame({"tmb": samples["tmb"]})
    if "tmb_status" in samples:
        burden["tmb_evaluable"] = samples["tmb"].where(samples["tmb_status"] == "evaluable")
    return burden


def compare_numbers(table: pd.DataFrame, columns: Sequence[str], family: str, design: Design) -> pd.DataFrame:
    """Return one association row per numeric column and contrast."""
    grouping = design.grouping
    rows = []
    for name in columns:
        if name not in table:
            continue
        numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        groups = [numbers[(grouping.codes == i) & np.isfinite(numbers)] for i in range(len(grouping.labels))]
        for contrast, members in design.contrasts.items():
            row: dict[str, Any] = {"family": family, "feature": name, "contrast": contrast}
            missing = int(grouping.sizes[list(members)].sum()) - sum(len(groups[i]) for i in members)
            test = _rank_test([groups[i] for i in members], contrast)
            if contrast != OVERALL:
                a, b = members
                row |= {"group_a": grouping.labels[a], "group_b": grouping.labels[b]}
                row |= {"n_a": len(groups[a]), "n_b": len(groups[b])}
            rows.append({**row, "n_missing": missing, **test})
    return pd.DataFrame(rows)


def _rank_test(groups: Sequence[npt.NDArray[np.float64]], contrast: str) -> dict[str, object]:
    filled = [g for g in groups if len(g)]
    name = "Kruskal-Wallis" if contrast == OVERALL else "Wilcoxon rank-sum"
    if len(filled) < len(groups):
        return {"test": name, "note": "a group has no value"}
    if len(np.unique(np.concatenate(filled))) < 2:
        return {"test": name, "note": "all values are equal"}
    if contrast == OVERALL:
        return {"test": name, "p_value": kruskal_wallis(filled).p_value}
    result = rank_sum(filled[0], filled[1])
    medians = " against ".join(f"{np.median(g):.4g}" for g in filled)
    return {
        "test": f"{name} ({result.method})",
        "p_value": result.p_value,
        "effect": result.shift,
        "ci_low": result.ci_low,
        "ci_high": result.ci_high,
        "effect_name": "Hodges-Lehmann shift",
        "note": f"medians {medians}",
    }
