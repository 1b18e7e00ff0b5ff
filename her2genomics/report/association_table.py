"""The association table as people read it in a page: counts, effects with intervals, crude and adjusted p."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from her2genomics import schema
from her2genomics.report.html import TableView
from her2genomics.report.html_table import ABSENT, TableColumn, data_table, number_text


def association_table(table: pd.DataFrame, *, table_id: str, caption: str) -> TableView:
    """Return rows of an association table as a block; the saved file holds every column.

    Parameters
    ----------
    table
        ``association`` schema.
    table_id, caption
        See `html_table.data_table`.

    Examples
    --------
    >>> rows = schema.conform(pd.DataFrame({"stratum": ["all"], "family": ["gene"], "feature": ["TP53"],
    ...     "contrast": ["zero-low"], "group_a": ["HER2-zero"], "altered_a": [3], "n_a": [4], "freq_a": [0.75]}),
    ...     schema.ASSOCIATION)
    >>> association_table(rows, table_id="t", caption="T").rows[0][:4]
    ['TP53', 'gene', 'zero-low', '3/4 (75.0 %)']
    """
    table = table.reset_index(drop=True).assign(adj_p_shown=table["adj_p_exact"].fillna(table["adj_p"]).to_numpy())
    columns = [
        TableColumn("Feature", "feature"),
        TableColumn("Family", "family", [str(family).replace("_", " ") for family in table["family"]]),
        TableColumn("Contrast", "contrast"),
        TableColumn("First group", "freq_a", _row_texts(table, lambda row: _share(row, "a"))),
        TableColumn("Second group", "freq_b", _row_texts(table, lambda row: _share(row, "b"))),
        TableColumn("Effect [95 %]", "effect", _row_texts(table, lambda row: _effect(row, ""))),
        TableColumn("p", "p_value"),
        TableColumn("q", "q_value"),
        TableColumn("Adjusted effect [95 %]", "adj_effect", _row_texts(table, lambda row: _effect(row, "adj_"))),
        TableColumn("Adjusted p", "adj_p_shown"),
        TableColumn("Adjusted q", "adj_q"),
    ]
    if table["burden_p"].notna().any():
        columns.append(TableColumn("Burden p", "burden_p"))
    columns += [TableColumn("Held fixed", "adj_for"), TableColumn("Test", "test"), TableColumn("Note", "note")]
    return data_table(
        table,
        table_id=table_id,
        caption=caption,
        columns=columns,
        filters=["family", "contrast"],
        file_name=f"{table_id}.tsv",
        schema=schema.ASSOCIATION,
        meanings={"adj_p_shown": "adj_p_exact where there is one, else adj_p"},
    )


def _row_texts(table: pd.DataFrame, text: Callable[[pd.Series], str]) -> list[str]:
    return [text(row) for _, row in table.iterrows()]


def _share(row: pd.Series, side: str) -> str:
    if pd.isna(row[f"altered_{side}"]) or pd.isna(row[f"n_{side}"]):
        return ABSENT if pd.isna(row[f"n_{side}"]) else f"n {row[f'n_{side}']}"
    share = "" if pd.isna(row[f"freq_{side}"]) else f" ({100 * row[f'freq_{side}']:.1f} %)"
    return f"{row[f'altered_{side}']}/{row[f'n_{side}']}{share}"


def _effect(row: pd.Series, prefix: str) -> str:
    value = row[f"{prefix}effect"]
    if pd.isna(value):
        return ABSENT
    low, high = row[f"{prefix}ci_low"], row[f"{prefix}ci_high"]
    interval = "" if pd.isna(low) or pd.isna(high) else f" [{_number(low)}, {_number(high)}]"
    return f"{_number(value)}{interval}"


def _number(value: float) -> str:
    return number_text(float(value)).replace("inf", "∞")
