"""The audit of a table of printed results: every row by its kind, each failing alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from her2genomics import schema
from her2genomics.audit.aucs import audit_auc, audit_binormal_auc
from her2genomics.audit.content import Content, field_key, read_content
from her2genomics.audit.counts import audit_counts
from her2genomics.audit.diagnostics import audit_diagnostic
from her2genomics.audit.means import audit_means
from her2genomics.audit.ranks import audit_correlation, audit_rank_sum, audit_signed_rank, audit_statistic
from her2genomics.audit.ratios import audit_ratio
from her2genomics.audit.shares import audit_burden, audit_median, audit_percent, audit_share_interval
from her2genomics.audit.verdicts import IMPOSSIBLE, NOT_EVALUABLE, NOT_REPRODUCED, ROUNDING, Finding, ImpossibleError
from her2genomics.exceptions import FileFormatError, Her2GenomicsError, SchemaError
from her2genomics.result_html import result_html

Auditor = Callable[[Content, str | None, str], Finding]
KINDS: dict[str, Auditor] = {
    "table": audit_counts,
    "summary": audit_means,
    "hr_ci": audit_ratio,
    "diagnostic": audit_diagnostic,
    "percent": audit_percent,
    "percent_ci": audit_share_interval,
    "auc_ci": audit_auc,
    "auc_binormal": audit_binormal_auc,
    "mann_whitney": audit_rank_sum,
    "signed_rank": audit_signed_rank,
    "correlation": audit_correlation,
    "statistic": audit_statistic,
    "tmb": audit_burden,
    "median": audit_median,
}
"""What a row's ``kind`` can be."""
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "table": ("counts", "contingency", "2x2", "rxc"),
    "summary": ("means", "meansd", "anova", "ttest"),
    "hr_ci": ("hr", "or", "orci", "rrci", "ratio", "oddsratio", "hazardratio", "cox"),
    "diagnostic": ("confusion", "confusionmatrix", "kappa", "agreement"),
    "percent": ("percentage", "proportion"),
    "percent_ci": ("proportionci",),
    "auc_ci": ("auc", "roc"),
    "mann_whitney": ("ranksum", "mannwhitneyu"),
    "signed_rank": ("wilcoxonsignedrank",),
    "correlation": ("pearson", "spearman", "kendall"),
    "statistic": ("teststatistic", "chi2", "logrank"),
    "tmb": ("burden",),
}
_KEYS = {field_key(word): kind for kind in KINDS for word in (kind, *_SYNONYMS.get(kind, ()))}


@dataclass(frozen=True)
class Audit:
    """Result of `audit_tables`.

    Parameters
    ----------
    rows
        One row per printed result, in the order of the input (``audit`` schema).
    """

    rows: pd.DataFrame

    @property
    def n_not_evaluable(self) -> int:
        """Rows that could not be read or recomputed."""
        return int((self.rows["verdict"] == NOT_EVALUABLE).sum())

    def summary(self) -> list[str]:
        """Return the number of rows per verdict, then a line for each row that asks for a look."""
        counts = self.rows["verdict"].value_counts()
        lines = [
            f"{len(self.rows)} printed results: "
            + ", ".join(f"{v} {counts[v]}" for v in schema.AUDIT_VERDICTS if v in counts)
        ]
        asking = self.rows[self.rows["verdict"].isin((ROUNDING, NOT_REPRODUCED, IMPOSSIBLE))]
        return lines + [
            f"{row['id']}: {row['verdict']}: printed {row['printed_p']}, {row['message']}"
            for row in asking.to_dict("records")
        ]

    def _repr_html_(self) -> str:
        return result_html("Audit of printed results", self.rows)


def audit_tables(table: pd.DataFrame) -> Audit:
    """Recompute printed results and say which of them hold.

    Parameters
    ----------
    table
        One row per printed result: ``kind``, ``table_json``, ``printed_p``; ``id``, ``study``, ``comparison`` and
        ``test`` where known. Other columns are not looked at.

    Returns
    -------
    Audit

    Raises
    ------
    SchemaError
        If a needed column is absent. A row that cannot be read does not stop the others: its verdict is "not
        evaluable", with the reason.

    Notes
    -----
    The verdict is about the test that the row names; a test that it does not name is mentioned, and does not make a
    result reproduced. A print stands for every value that rounds to it.

    Examples
    --------
    >>> rows = pd.DataFrame({"kind": ["table"], "table_json": ['[[77, 4, 9], [214, 10, 7]]'], "printed_p": ["0.043"],
    ...                      "test": ["Fisher-Freeman-Halton exact"]})
    >>> audit_tables(rows).rows[["recomputed_p", "verdict"]].values.tolist()
    [['0.0428288', 'reproduced']]
    """
    absent = [name for name in ("kind", "table_json", "printed_p") if name not in table]
    if absent:
        raise SchemaError(
            f"missing column{'s' if len(absent) > 1 else ''} {', '.join(absent)} (table audit)",
            hint=f"a row needs: {', '.join(schema.AUDIT.names[:7])}",
        )
    rows = [_audit_row(row, number) for number, row in enumerate(table.to_dict("records"), start=1)]
    return Audit(schema.conform(pd.DataFrame(rows, columns=schema.AUDIT.names), schema.AUDIT))


def _audit_row(row: dict[object, object], number: int) -> dict[str, object]:
    cells = {name: _text(row.get(name)) for name in schema.AUDIT.names[:7]}
    cells["id"] = cells["id"] or f"row {number}"
    finding = audit_result(cells["kind"] or "", cells["table_json"], cells["printed_p"], cells["test"] or "")
    return {
        **cells,
        "recomputed_p": finding.recomputed or None,
        "matching_test": "; ".join(finding.matching) or None,
        "verdict": finding.verdict,
        "message": "; ".join(finding.messages) or None,
    }


def _text(value: object) -> str | None:
    if value is None or value is pd.NA or value != value:
        return None
    return str(value).strip() or None


def audit_result(kind: str, table_json: str | None, printed: str | None, test: str = "") -> Finding:
    """Audit one printed result; what cannot be read is a finding too.

    Examples
    --------
    >>> audit_result("hr_ci", '{"hr": 1.92, "lo": 0.99, "hi": 3.72}', "0.052").verdict
    'reproduced within rounding'
    """
    try:
        auditor = KINDS.get(_KEYS.get(field_key(kind), ""))
        if auditor is None:
            raise FileFormatError(f"kind '{kind}' is not known", hint=f"use: {', '.join(KINDS)}")
        return auditor(read_content(table_json), printed, test)
    except ImpossibleError as error:
        return Finding("", IMPOSSIBLE, (), [str(error)])
    except Her2GenomicsError as error:
        return Finding("", NOT_EVALUABLE, (), [str(error)])
