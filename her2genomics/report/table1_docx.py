"""Table 1 as a Word document: an editable table with three lines, as journals ask for.

The same table gives the same bytes: dates and author of the document are fixed, and so are those of the files in it.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

from her2genomics.exceptions import UsageError
from her2genomics.table1.model import Table1, Table1Row

FIXED_DATE = datetime(2000, 1, 1, tzinfo=UTC)
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
FONT = "Times New Roman"
BODY_POINTS = 9
NOTE_POINTS = 8
WIDE_COLUMNS = 6
"""More columns than this need the page on its side."""
_THICK, _THIN = "12", "6"
"""Widths of lines, in eighths of a point."""


def table1_docx(table: Table1) -> bytes:
    """Return the table as the bytes of a .docx file.

    Raises
    ------
    UsageError
        If python-docx is not installed.
    """
    try:
        import docx
        from docx.enum.section import WD_ORIENT
        from docx.shared import Cm, Pt
    except ImportError as error:
        raise UsageError(
            "writing .docx needs python-docx, which is not installed", hint="pip install 'her2genomics[docx]'"
        ) from error
    document = docx.Document()
    _fix_properties(document, table.caption)
    section = document.sections[0]
    short, long = Cm(21.0), Cm(29.7)
    wide = len(table.header) > WIDE_COLUMNS
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if wide else (short, long)
    section.left_margin = section.right_margin = Cm(1.8)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(BODY_POINTS)
    style.paragraph_format.space_after = Pt(0)
    caption = document.add_paragraph()
    caption.add_run(table.caption).bold = True
    caption.paragraph_format.keep_with_next = True
    _add_table(document, table)
    for note in table.footnotes:
        document.add_paragraph().add_run(note).font.size = Pt(NOTE_POINTS)
    return _with_fixed_dates(document)


def _fix_properties(document: Any, title: str) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = title, "her2genomics", "her2genomics"
    properties.comments, properties.revision = "", 1
    properties.created = properties.modified = FIXED_DATE


def _add_table(document: Any, table: Table1) -> None:
    from docx.enum.table import WD_TABLE_ALIGNMENT

    grid = document.add_table(rows=0, cols=len(table.header))
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, True
    header = grid.add_row()
    _fill(header, table.header, bold=True)
    _repeat_on_every_page(header)
    _draw_line(header, top=_THICK, bottom=_THIN)
    for row in table.rows:
        added = grid.add_row()
        _fill(added, [row.label, *table.cells_of(row)], indent=row.kind in ("level", "missing"))
        _keep_together(added, row)
    _draw_line(grid.rows[-1], bottom=_THICK)


def _fill(row: Any, cells: list[str], *, bold: bool = False, indent: bool = False) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm

    for number, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
        paragraph = cell.paragraphs[0]
        paragraph.add_run(_printable(text)).bold = bold
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if number else WD_ALIGN_PARAGRAPH.LEFT
        if indent and number == 0:
            paragraph.paragraph_format.left_indent = Cm(0.4)


def _printable(text: str) -> str:
    """Return text without the control characters that XML does not allow."""
    return "".join(c for c in text if c >= " " or c in "\t\n")


def _repeat_on_every_page(row: Any) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _keep_together(row: Any, printed: Table1Row) -> None:
    """Keep a heading with its first level on one page."""
    for cell in row.cells:
        cell.paragraphs[0].paragraph_format.keep_with_next = printed.kind == "variable"


def _draw_line(row: Any, **lines: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for cell in row.cells:
        borders = OxmlElement("w:tcBorders")
        for edge, width in lines.items():
            line = OxmlElement(f"w:{edge}")
            for name, value in (("val", "single"), ("sz", width), ("space", "0"), ("color", "000000")):
                line.set(qn(f"w:{name}"), value)
            borders.append(line)
        cell._tc.get_or_add_tcPr().append(borders)


def _with_fixed_dates(document: Any) -> bytes:
    made, fixed = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, ZIP_DATE)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(info, source.read(name))
    return fixed.getvalue()
