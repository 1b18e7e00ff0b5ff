"""BED files of users, and panel folders on disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from her2genomics.exceptions import BuildMismatchError, FileFormatError, PanelError
from her2genomics.genome import CONTIG_LENGTHS, normalise_contigs
from her2genomics.io.sources import find_source
from her2genomics.io.write import write_table, write_text


def read_bed(path: str | os.PathLike[str], *, build: str | None = None) -> pd.DataFrame:
    """Read a BED (3 or more columns, plain or gzipped, with or without ``chr``, track lines skipped).

    Parameters
    ----------
    path
        BED file.
    build
        When given, every end must lie within that build's chromosome.

    Returns
    -------
    DataFrame
        ``chromosome`` (chr-prefixed), ``start``, ``end`` [bp, 0-based half-open], ``name`` (``.`` where absent), in
        the order of the file.

    Raises
    ------
    FileFormatError
        If a line has no valid interval (the message names it), or there is none at all.
    BuildMismatchError
        If an interval ends beyond its chromosome on ``build``.
    """
    rows: list[tuple[str, int, int, str]] = []
    with find_source(path).open() as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.decode("utf-8", errors="replace")
            if line.strip() and not line.startswith(("#", "track", "browser")):
                rows.append(_parse_line(line, number, path))
    if not rows:
        raise FileFormatError("no interval in the BED", path=path)
    table = pd.DataFrame(rows, columns=["chromosome", "start", "end", "name"])
    table["chromosome"] = normalise_contigs(table["chromosome"])
    if build is not None:
        _check_within_chromosomes(table, build, path)
    return table


def _parse_line(line: str, number: int, path: str | os.PathLike[str]) -> tuple[str, int, int, str]:
    fields = line.rstrip("\r\n").split("\t" if "\t" in line else None)
    try:
        chromosome, start, end = fields[0], int(fields[1]), int(fields[2])
    except (IndexError, ValueError):
        raise FileFormatError(
            "not a BED line (chromosome, start, end)", path=path, line=number, hint="separate columns by tabs"
        ) from None
    if start < 0 or end < start:
        raise FileFormatError(f"interval {start}-{end} is not 0-based half-open", path=path, line=number)
    return chromosome, start, end, fields[3] if len(fields) > 3 else "."


def _check_within_chromosomes(table: pd.DataFrame, build: str, path: str | os.PathLike[str]) -> None:
    lengths = table["chromosome"].map(CONTIG_LENGTHS[build])
    beyond = (table["end"] > lengths).to_numpy(dtype=bool)
    if beyond.any():
        row = table.iloc[int(beyond.nonzero()[0][0])]
        raise BuildMismatchError(
            f"{row['chromosome']}:{row['start']}-{row['end']} lies beyond the chromosome on {build}",
            path=path,
            hint="is the BED of another build? see --build",
        )


def write_panel(
    settings: dict[str, Any], tables: dict[str, pd.DataFrame], folder: str | os.PathLike[str], *, replace: bool = False
) -> Path:
    """Write a panel folder as made by ``panel_import.panel_from_targets``, whole or not at all.

    Raises
    ------
    PanelError
        If the folder exists and ``replace`` is False.
    FileFormatError
        If it cannot be written.
    """
    final = Path(folder)
    if final.exists() and not replace:
        raise PanelError(f"panel '{settings['id']}' exists already", path=final, hint="add --replace, or choose a name")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    except OSError as error:
        raise FileFormatError(f"cannot write: {error.strerror}", path=final) from error
    try:
        for name, table in tables.items():
            if name.endswith(".gmt"):
                write_text(_gmt(table), temporary / name)
            else:
                write_table(table, temporary / name, "tsv", header=not name.endswith(".bed"))
        write_text(_toml(settings), temporary / "panel.toml")
        temporary.chmod(0o755)
        if final.exists():
            shutil.rmtree(final)
        temporary.replace(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return final


def _gmt(pathways: pd.DataFrame) -> str:
    lines = []
    for (pathway, source, default, licence), rows in pathways.groupby(
        ["pathway", "source", "default", "licence"], sort=False
    ):
        note = f"default; {licence}" if default else str(licence)
        lines.append("\t".join([f"{pathway}__{source}", note, *rows["gene"]]))
    return "\n".join(lines) + "\n"


def _toml(settings: dict[str, Any]) -> str:
    """Return the few value kinds of panel.toml as TOML (the standard library only reads it)."""
    plain = {k: v for k, v in settings.items() if not isinstance(v, dict)}
    lines = [f"{key} = {_toml_value(value)}" for key, value in plain.items()]
    for key, value in settings.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", *(f"{k} = {_toml_value(v)}" for k, v in value.items())]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
