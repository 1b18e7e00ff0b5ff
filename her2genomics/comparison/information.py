"""What the data can say: the difference that groups of this size detect, and the bound that an interval excludes.

Both are properties of the design or of the interval; power is never computed from the observed difference.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from her2genomics.comparison.notes import append_note
from her2genomics.stats.means import standardised_mean_difference
from her2genomics.stats.proportions import detectable_difference

CLINICAL = "clinical"


def add_information(part: pd.DataFrame) -> None:
    """Add to the rows of one pair of groups: detectable difference, bound, and SMD of clinical variables."""
    part["detectable_difference"] = _detectable(part)
    p = part["p_value"].astype("Float64")
    bounds = [_bound(low, high) for low, high in part[["ci_low", "ci_high"]].to_numpy(dtype=float, na_value=np.nan)]
    worded = pd.Series(bounds, index=part.index)
    part["note"] = append_note(part["note"], (p >= 0.05) & (worded != ""), worded)
    clinical = part["family"] == CLINICAL
    if clinical.any():
        part["smd"] = pd.array([_binary_smd(row) for row in part.itertuples(index=False)], dtype="Float64")


def _detectable(part: pd.DataFrame) -> pd.Series:
    result = pd.Series(pd.NA, index=part.index, dtype="Float64")
    for n_a, n_b in part[["n_a", "n_b"]].drop_duplicates().to_numpy(dtype=int):
        if n_a and n_b:
            rows = part[(part["n_a"] == n_a) & (part["n_b"] == n_b)]
            pooled = ((rows["altered_a"] + rows["altered_b"]) / (n_a + n_b)).to_numpy(dtype=float)
            result[rows.index] = detectable_difference(n_a, n_b, pooled)["difference"].array
    return result


def _bound(low: float, high: float) -> str:
    """Return what a 95 % interval of an odds ratio excludes."""
    parts = [f"below {low:.2g}"] if low > 0 else []
    parts += [f"above {high:.2g}"] if np.isfinite(high) else []
    return f"excluded: odds ratios {' and '.join(parts)}" if parts else ""


def _binary_smd(row: object) -> float:
    a, n_a, b, n_b = (int(getattr(row, name)) for name in ("altered_a", "n_a", "altered_b", "n_b"))
    if not (n_a and n_b):
        return np.nan
    size = standardised_mean_difference([a, n_a - a], [b, n_b - b], kind="categorical")
    return size if a / n_a >= b / n_b else -size
