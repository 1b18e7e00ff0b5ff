"""Table 1 as one self-contained HTML page, readable by screen readers and pasted into Word as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from her2genomics.table1.model import Table1, Table1Row

STYLE = """
  body { margin: 1.5rem; color: #1a1a1a; background: #fff; font: 14px/1.35 "Helvetica Neue", Arial, sans-serif; }
  .table1 { overflow-x: auto; }
  table { border-collapse: collapse; border-top: 2px solid #1a1a1a; border-bottom: 2px solid #1a1a1a; }
  caption { text-align: left; font-weight: bold; padding: 0 0 .5rem; }
  th, td { padding: .18rem .8rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
  th { font-weight: normal; }
  thead th { font-weight: bold; border-bottom: 1px solid #1a1a1a; vertical-align: bottom; }
  thead .n { display: block; font-weight: normal; }
  th[scope="row"], th[scope="rowgroup"], thead th:first-child { text-align: left; }
  tbody tr:first-child > * { border-top: 1px solid #d8d8d8; }
  tbody:first-of-type tr:first-child > * { border-top: 0; }
  .level th[scope="row"] { padding-left: 2rem; }
  .missing { color: #555; }
  sup { line-height: 0; margin-left: .1em; }
  .notes { margin: .6rem 0 0; padding: 0; list-style: none; font-size: 12px; color: #333; max-width: 60rem; }
"""


def table1_html(table: Table1, *, page: bool = True) -> str:
    """Return the table as an HTML page, or as a snippet for another page.

    Parameters
    ----------
    table
        Table 1.
    page
        Whether head and style are around it.

    Examples
    --------
    >>> import pandas as pd
    >>> from her2genomics.table1.build import make_table1
    >>> t = pd.DataFrame({"her2_group": ["HER2-zero"] * 3 + ["HER2-low"] * 3, "age": [41, 50, 62, 39, 55, 71]})
    >>> table1_html(make_table1(t), page=False).splitlines()[2]
    '<caption>Characteristics by HER2 group</caption>'
    """
    lines = ['<div class="table1">', "<table>", f"<caption>{escape(table.caption)}</caption>", "<thead>", "<tr>"]
    lines += [f'<th scope="col">{_header(name)}</th>' for name in table.header]
    lines += ["</tr>", "</thead>"]
    for rows in _by_variable(table.rows):
        lines += ["<tbody>", *(_row(table, row) for row in rows), "</tbody>"]
    notes = [f"<li>{_note(note)}</li>" for note in table.footnotes]
    lines += ["</table>", '<ul class="notes">', *notes, "</ul>", "</div>"]
    content = "\n".join(lines) + "\n"
    if not page:
        return content
    title = f"<title>{escape(table.caption)}</title>"
    head = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{title}\n'
    return f"{head}<style>{STYLE}</style>\n</head>\n<body>\n{content}</body>\n</html>\n"


def _by_variable(rows: Sequence[Table1Row]) -> list[list[Table1Row]]:
    """Return the rows in groups of one variable each."""
    grouped: list[list[Table1Row]] = []
    for row in rows:
        if row.kind in ("variable", "number"):
            grouped.append([])
        grouped[-1].append(row)
    return grouped


def _header(name: str) -> str:
    """Return a column name, with the group's size on a line of its own."""
    group, mark, n = name.rpartition(" (n = ")
    if not mark:
        return escape(name) if name != "p" else "<i>p</i>"
    return f'{escape(group)} <span class="n">(n = {escape(n)}</span>'


def _row(table: Table1, row: Table1Row) -> str:
    classes = {"level": "level", "missing": "level missing"}.get(row.kind, "")
    scope = "rowgroup" if row.kind == "variable" else "row"
    start = f'<tr class="{classes}">' if classes else "<tr>"
    cells = "".join(f"<td>{_cell(cell, row)}</td>" for cell in table.cells_of(row))
    return f'{start}<th scope="{scope}">{escape(row.label)}</th>{cells}</tr>'


def _cell(cell: str, row: Table1Row) -> str:
    if row.mark and cell == f"{row.p} {row.mark}":
        return f"{escape(row.p)}<sup>{escape(row.mark)}</sup>"
    return escape(cell)


def _note(note: str) -> str:
    mark, blank, text = note.partition(" ")
    if blank and len(mark) == 1 and mark.islower():
        return f"<sup>{escape(mark)}</sup> {escape(text)}"
    return escape(note)
