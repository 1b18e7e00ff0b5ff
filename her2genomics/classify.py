"""HER2 group, hormone-receptor status and surrogate subtype of a sample table, in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.cohort import ordered_groups
from her2genomics.exceptions import SchemaError
from her2genomics.her2 import Her2Rule, classify_her2, compare_rules, invalid_rows
from her2genomics.receptors import SubtypeRule, classify_hr, classify_subtype
from her2genomics.result_html import result_html

EVIDENCE: tuple[str, ...] = ("ihc", "ish_reported", "fish_ratio", "fish_her2_cn")
RECEPTORS: tuple[str, ...] = ("er_status", "pr_status", "er_pct", "pr_pct")
STATUS_COLUMNS: tuple[str, ...] = (
    *schema.HER2_STATUS.names[1:],
    "hr_status",
    "hr_flags",
    "subtype",
    "subtype_flags",
)
"""What is derived, in the order in which it is written."""


@dataclass(frozen=True)
class Classification:
    """Result of `classify_table`.

    Parameters
    ----------
    status
        One row per sample: ``her2_status`` columns, ``hr_status``, ``hr_flags``, ``subtype``, ``subtype_flags``.
    invalid
        Rows of ``status`` whose evidence holds a value that cannot be.
    differing
        Samples on which the ``ascocap2018`` and ``zhang2022`` rules differ.
    """

    status: pd.DataFrame
    invalid: pd.DataFrame
    differing: pd.DataFrame

    def _repr_html_(self) -> str:
        return result_html("HER2 groups", self.status, facts=self.summary())

    def summary(self) -> list[str]:
        """Return the group sizes, the number of rule differences and the invalid rows as sentences."""
        sizes = self.status["her2_group"].value_counts(sort=False)
        listed = ", ".join(f"{name} {sizes.get(name, 0)}" for name in schema.HER2_GROUPS)
        lines = [f"{listed}, indeterminate {int(self.status['her2_group'].isna().sum())}"]
        if len(self.differing):
            ids = ", ".join(self.differing["sample_id"].astype(str).head(10))
            more = ", ..." if len(self.differing) > 10 else ""
            lines.append(f"ascocap2018 and zhang2022 differ on {len(self.differing)} samples: {ids}{more}")
        lines += [
            f"sample {row.sample_id}: {row.her2_reason} (left without a group)"
            for row in self.invalid.itertuples(index=False)
        ]
        return lines


def classify_table(
    clinical: pd.DataFrame,
    *,
    her2_rule: Her2Rule = "ascocap2018",
    subtype_rule: SubtypeRule = "zhang2022",
    source: str | None = None,
) -> Classification:
    """Classify every sample of a clinical table.

    Parameters
    ----------
    clinical
        One row per sample with ``sample_id`` and HER2 evidence (``ihc``, ``fish_ratio`` ...), and ER, PR, Ki67 columns
        where known.
    her2_rule
        ``ascocap2018`` or ``zhang2022``.
    subtype_rule
        ``zhang2022``, ``stgallen2013`` or ``maisonneuve2014``.
    source
        File name for messages.

    Raises
    ------
    SchemaError
        If there is no column of HER2 evidence.

    Examples
    --------
    >>> table = pd.DataFrame({"sample_id": ["P1", "P2"], "ihc": ["1+", "2+"]})
    >>> classify_table(table).status["her2_group"].tolist()
    ['HER2-low', nan]
    """
    evidence = clinical.drop(columns=[c for c in STATUS_COLUMNS if c in clinical])
    table = add_status(evidence, her2_rule=her2_rule, subtype_rule=subtype_rule, source=source)
    status = table[["sample_id", *(c for c in STATUS_COLUMNS if c in table)]]
    return Classification(status, invalid_rows(status), compare_rules(evidence))


def add_status(
    samples: pd.DataFrame,
    *,
    her2_rule: Her2Rule = "ascocap2018",
    subtype_rule: SubtypeRule = "zhang2022",
    source: str | None = None,
) -> pd.DataFrame:
    """Return the sample table with HER2 status, hormone-receptor status and surrogate subtype beside what it has.

    A column ``her2_group``, ``hr_status`` or ``subtype`` that is there is taken as given, not derived anew.

    Raises
    ------
    SchemaError
        If there is neither a group nor evidence for one, or a given group is none of the three.
    """
    if "her2_group" in samples:
        status = samples.assign(her2_group=ordered_groups(samples, source))
    elif any(name in samples for name in EVIDENCE):
        status = _beside(samples, classify_her2(samples, rule=her2_rule))
    else:
        raise SchemaError(
            "no her2_group column and no column of HER2 evidence to derive it from",
            path=source,
            hint=f"name one of {', '.join(EVIDENCE)} (her2g check FILE shows what was recognised)",
        )
    if "hr_status" not in status and any(name in status for name in RECEPTORS):
        receptors = classify_hr(status)
        status = _beside(status.drop(columns=[c for c in receptors if c in status and c != "sample_id"]), receptors)
    if "subtype" not in status and "hr_status" in status:
        status = _beside(status, classify_subtype(status, rule=subtype_rule))
    return status


def _beside(samples: pd.DataFrame, result: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the result's columns appended; both have the same rows in the same order."""
    return pd.concat([samples, result.drop(columns="sample_id").set_axis(samples.index)], axis=1)
