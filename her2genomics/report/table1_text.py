"""Table 1 as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from her2genomics.table1.model import Table1

_INDENT = "&nbsp;&nbsp;"
_SPECIAL = "\\`*_|<>[]~"


def table1_markdown(table: Table1) -> str:
    r"""Return the table in Markdown, with its caption above and the footnotes below.

    Examples
    --------
    >>> import pandas as pd
    >>> from her2genomics.table1.build import make_table1
    >>> t = pd.DataFrame({"her2_group": ["HER2-zero"] * 3 + ["HER2-low"] * 3, "age": [41, 50, 62, 39, 55, 71]})
    >>> print(table1_markdown(make_table1(t)).splitlines()[4])
    | Age, years, median \[IQR\] | 52.5 \[43.3, 60.3\] | 50 \[45.5, 56\] | 55 \[47, 63\] | \>0.999 | 0.30 |
    """
    alignment = ":--" + "|--:" * (len(table.header) - 1)
    lines = [f"**{_escaped(table.caption)}**", "", _line(table.header), f"|{alignment}|"]
    lines += [_line([row.label, *table.cells_of(row)], indent=row.kind in ("level", "missing")) for row in table.rows]
    lines += ["", *(f"{_escaped(note)}  " for note in table.footnotes)]
    return "\n".join(lines).rstrip() + "\n"


def _line(cells: Sequence[str], *, indent: bool = False) -> str:
    first, *others = (_escaped(cell) for cell in cells)
    return f"| {_INDENT if indent else ''}{' | '.join([first, *others])} |"


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    one_line = " ".join(text.split())
    return "".join(f"\\{c}" if c in _SPECIAL else "&amp;" if c == "&" else c for c in one_line)
