"""The result of a comparison: the association table in its final order, and what can be read of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2genomics import schema
from her2genomics.exceptions import DataWarning
from her2genomics.result_html import result_html
from her2genomics.stats.multiple_testing import benjamini_hochberg

ALL = "all"
"""Stratum of rows that are about the whole cohort."""
KEYS = ["stratum", "family", "contrast"]


@dataclass(frozen=True)
class Comparison:
    """Result of `compare_groups`.

    Parameters
    ----------
    association
        One row per feature and contrast, sorted by family, contrast and p (``association`` schema).
    contingency
        Counts per feature, group and level behind every categorical test (``contingency`` schema).
    groups
        ``stratum, group, n``.
    notes
        What was left out and why, one sentence each.
    carriers
        Who carries the features that were asked for by name: ``feature, sample_id, group, detail``.
    balance
        Covariates before and after matching or weighting (``balance`` schema); empty for other adjustments.
    """

    association: pd.DataFrame
    contingency: pd.DataFrame
    groups: pd.DataFrame
    notes: tuple[str, ...]
    carriers: pd.DataFrame
    balance: pd.DataFrame

    def summary(self, top: int = 8) -> list[str]:
        """Return a readable summary: group sizes, notes, and the ``top`` smallest p of every family and contrast."""
        lines = []
        for level, sizes in self.groups.groupby("stratum", sort=False):
            listed = ", ".join(f"{row.group} {row.n}" for row in sizes.itertuples(index=False))
            lines.append(listed if level == ALL else f"{level}: {listed}")
        lines += list(self.notes)
        for key, rows in self.association.groupby(KEYS, sort=False):
            stratum, family, contrast = (str(part) for part in key)
            tested = rows[rows["p_value"].notna()]
            if tested.empty:
                continue
            found = int((tested["q_value"] < 0.05).sum())
            where = "" if stratum == ALL else f"{stratum}: "
            lines += ["", f"{where}{family}, {contrast}: {len(tested)} tested, {found} with q < 0.05"]
            lines += [_summary_line(row) for _, row in tested.head(top).iterrows()]
        return lines

    def top(self, contrast: str, family: str = "gene", n: int = 10, stratum: str = ALL) -> pd.DataFrame:
        """Return the ``n`` rows with the smallest p of one contrast, family and stratum."""
        rows = self.association
        chosen = (rows["contrast"] == contrast) & (rows["family"] == family) & (rows["stratum"] == stratum)
        return rows[chosen].head(n)

    def _repr_html_(self) -> str:
        return result_html("Comparison of groups", self.association, facts=self.summary(0)[:1])


_SHORT_EFFECTS = {
    "conditional odds ratio": "OR",
    "Hodges-Lehmann shift": "shift",
    "difference of means": "difference",
    "slope of the proportion per step": "slope",
    "Spearman's rho": "rho",
}


def _summary_line(row: pd.Series) -> str:
    """Return one association row as text of fixed columns."""
    counts = ""
    if not pd.isna(row["altered_a"]):
        a, b = (f"{row['altered_' + g]}/{row['n_' + g]} ({row['freq_' + g]:.1%})" for g in "ab")
        counts = f"{a} against {b}"
    effect = ""
    if not pd.isna(row["effect"]):
        interval = "" if pd.isna(row["ci_low"]) else f" [{row['ci_low']:.3g}, {row['ci_high']:.3g}]"
        effect = f"{_SHORT_EFFECTS.get(row['effect_name'], row['effect_name'])} {row['effect']:.3g}{interval}"
    p = row["adj_p"] if pd.isna(row["adj_p_exact"]) else row["adj_p_exact"]
    adjusted = "" if pd.isna(p) else f"adjusted p {p:.2g}"
    if not pd.isna(row["burden_p"]):
        adjusted += f"  at equal burden p {row['burden_p']:.2g}"
    figures = f"p {row['p_value']:.2g}  q {row['q_value']:.2g}"
    if not counts and not effect:
        return f"  {row['feature']:<24} {figures}"
    return f"  {row['feature']:<24} {counts:<38} {effect:<28} {figures:<24} {adjusted}".rstrip()


def finish_association(parts: list[pd.DataFrame], stratum: str = ALL) -> pd.DataFrame:
    """Return the rows of all families as one table: frequencies, q-values and the number tested added, in order."""
    if not parts:
        warnings.warn("nothing to compare: no gene, clinical variable or TMB", DataWarning, stacklevel=3)
        return schema.empty(schema.ASSOCIATION)
    table = schema.conform(pd.concat(parts, ignore_index=True).assign(stratum=stratum), schema.ASSOCIATION)
    for side in "ab":
        share = table[f"altered_{side}"] / table[f"n_{side}"].mask(table[f"n_{side}"] == 0)
        table[f"freq_{side}"] = share.astype("Float64")
    adjusted = table["adj_p_exact"].fillna(table["adj_p"])
    for index in table.groupby(KEYS, sort=False).groups.values():
        for p, q in ((table["p_value"], "q_value"), (adjusted, "adj_q"), (table["burden_p"], "burden_q")):
            table.loc[index, q] = benjamini_hochberg(p.loc[index].to_numpy(dtype=float, na_value=np.nan))
        table.loc[index, "n_tested"] = int(table.loc[index, "p_value"].notna().sum())
    table["q_value"] = table["q_value"].mask(table["p_value"].isna())
    table["adj_q"] = table["adj_q"].mask(adjusted.isna())
    table["burden_q"] = table["burden_q"].mask(table["burden_p"].isna())
    family_rank = {f: i for i, f in enumerate(dict.fromkeys(table["family"]))}
    contrast_rank = {c: i for i, c in enumerate(dict.fromkeys(table["contrast"]))}
    order = pd.DataFrame(
        {
            "f": table["family"].map(family_rank),
            "c": table["contrast"].map(contrast_rank),
            "p": table["p_value"],
            "n": table["feature"],
        }
    )
    return table.loc[order.sort_values(["f", "c", "p", "n"], kind="stable").index].reset_index(drop=True)
