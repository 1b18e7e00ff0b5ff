"""What Table 1 consists of: printed rows, and the numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Table1Row:
    """One printed row.

    Parameters
    ----------
    variable
        Column of the sample table.
    label
        What stands in the first cell.
    kind
        ``variable`` (heads the levels below), ``number``, ``level`` or ``missing``.
    cells
        Overall, then one per group; all empty for a heading.
    p, smd
        As printed; empty where the row carries none.
    differences
        Standardised difference per pair of groups, as printed.
    mark
        Footnote mark of the p-value.
    """

    variable: str
    label: str
    kind: str
    cells: tuple[str, ...]
    p: str = ""
    smd: str = ""
    differences: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Table1:
    """Result of `make_table1`.

    Parameters
    ----------
    caption
        Title.
    columns
        ``Overall (n = 523)`` and one per group.
    pairs
        Names of the pairs of groups with a column of their own; empty without.
    rows
        Printed rows, in order.
    footnotes
        What the numbers are, one sentence each; a mark (``a``) stands before its text.
    values
        What was counted and summarised, before rounding (``table1_values`` schema).
    tests
        Test and standardised differences per variable (``table1_tests`` schema).
    notes
        What was left out and why.
    """

    caption: str
    columns: tuple[str, ...]
    pairs: tuple[str, ...]
    rows: tuple[Table1Row, ...]
    footnotes: tuple[str, ...]
    values: pd.DataFrame = field(repr=False)
    tests: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> list[str]:
        """Return the column names as printed."""
        return ["Characteristic", *self.columns, "p", "SMD", *(f"SMD {pair}" for pair in self.pairs)]

    def cells_of(self, row: Table1Row) -> list[str]:
        """Return a row's cells behind its label; the mark of a footnote stands behind the p-value."""
        pairs = row.differences if self.pairs else ()
        padded = (*pairs, *([""] * (len(self.pairs) - len(pairs))))
        return [*row.cells, f"{row.p} {row.mark}".strip(), row.smd, *padded]

    def to_table(self) -> pd.DataFrame:
        """Return the printed table as text, levels set in by two blanks."""
        rows = [["  " * (row.kind in ("level", "missing")) + row.label, *self.cells_of(row)] for row in self.rows]
        return pd.DataFrame(rows, columns=self.header, dtype="string")

    def _repr_html_(self) -> str:
        return str(self.to_table().to_html(index=False))
