"""How a result shows itself in a notebook: its title, its size, and the first rows of its main table."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FIRST_ROWS = 10


def result_html(title: str, table: pd.DataFrame, *, facts: Sequence[str] = (), rows: int = FIRST_ROWS) -> str:
    """Return a result as a short piece of HTML; numbers have four digits, columns without a value are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"gene": ["<A>", "B"], "p": [0.0123456, 1.0], "x": [None, None]})
    >>> shown = result_html("Test", table, rows=1)
    >>> "<b>Test</b>: 2 rows, the first 1 shown" in shown, "&lt;A&gt;" in shown, "0.01235" in shown, "<th>x" in shown
    (True, True, True, False)
    """
    size = f"{len(table)} rows" + (f", the first {rows} shown" if len(table) > rows else "")
    words = "; ".join(html.escape(fact) for fact in (size, *facts))
    first = table.head(rows).dropna(axis="columns", how="all")
    shown = first.to_html(index=False, border=0, na_rep="", float_format=lambda value: f"{value:.4g}")
    return f"<p><b>{html.escape(title)}</b>: {words}</p>\n{shown}"
