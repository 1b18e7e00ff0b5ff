"""Writing Table 1 in the format that a file's ending or the user asks for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from her2genomics.exceptions import UsageError
from her2genomics.io.write import write_bytes, write_table, write_text
from her2genomics.report.table1_docx import table1_docx
from her2genomics.report.table1_html import table1_html
from her2genomics.report.table1_text import table1_markdown
from her2genomics.table1.model import Table1

ENDINGS: dict[str, str] = {
    ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".docx": "docx", ".csv": "csv",
    ".tsv": "tsv", ".txt": "tsv",
}  # fmt: skip
FORMATS: tuple[str, ...] = ("tsv", "csv", "markdown", "html", "docx")


def write_table1(table: Table1, path: str | os.PathLike[str] | None = None, fmt: str | None = None) -> None:
    """Write Table 1 to a file, or to standard output when ``path`` is None or ``-``.

    Parameters
    ----------
    table
        Table 1.
    path
        Output; its ending gives the format where `fmt` does not.
    fmt
        One of `FORMATS`.

    Raises
    ------
    UsageError
        If the format is not known, python-docx is not installed, or a .docx has no file to go to.
    FileFormatError
        If the file cannot be written.
    """
    to_stdout = path is None or os.fspath(path) == "-"
    kind = table1_format(None if to_stdout else path, fmt)
    if kind == "docx":
        if path is None or to_stdout:
            raise UsageError("a .docx is no text and needs a file", hint="add --out table1.docx")
        write_bytes(table1_docx(table), path)
    elif kind in ("tsv", "csv"):
        write_table(table.to_table(), path, kind)
    else:
        text = table1_html(table) if kind == "html" else table1_markdown(table)
        if path is None or to_stdout:
            sys.stdout.write(text)
        else:
            write_text(text, path)


def table1_format(path: str | os.PathLike[str] | None, fmt: str | None) -> str:
    """Return the format: as asked, else by the file's ending, else TSV.

    Raises
    ------
    UsageError
        If it is none of `FORMATS`.
    """
    if fmt is not None:
        if fmt not in FORMATS:
            raise UsageError(f"unknown format '{fmt}'", hint=f"use one of: {', '.join(FORMATS)}")
        return fmt
    if path is None:
        return "tsv"
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"cannot tell the format of {os.fspath(path)}", hint=f"end it in {', '.join(ENDINGS)}")
    return ENDINGS[ending]
