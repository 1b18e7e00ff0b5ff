"""Whether the files of a results folder are still those of its manifest: the same, changed, missing, new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from her2genomics.exceptions import PanelError
from her2genomics.panel import load_panel
from her2genomics.provenance import MANIFEST, describe_panel_files, read_manifest, sha256_of, shipped_file

PathLike = str | os.PathLike[str]
DIFFERENCES = ("changed", "missing", "new")
"""Statuses that say that a folder is not what its manifest says."""


def check_results(folder: PathLike, inputs: PathLike | None = None) -> Iterator[dict[str, Any]]:
    """Yield one row per file, `schema.MANIFEST_CHECK`: outputs, files that are new, inputs, panel.

    An input is looked for under ``inputs`` (by its path as typed, then by its name), else where it was typed: from the
    working folder, then from the results folder and the one around it, so that a study that moved as a whole is found.
    Hidden files are the run's own and are not looked at.

    Parameters
    ----------
    folder
        Results folder with a ``manifest.json``.
    inputs
        Folder in which the inputs are now.

    Raises
    ------
    FileFormatError
        If there is no valid manifest, or a file cannot be read.
    """
    root = Path(folder)
    manifest = read_manifest(root)
    for entry in manifest["outputs"]:
        yield _row("output", entry["path"], entry, root / entry["path"], absent="missing")
    yield from _new_files(root, manifest)
    for entry in manifest["inputs"]:
        yield _row("input", entry["path"], entry, _find_input(entry, root, inputs), absent="not there")
    if manifest["panel"] is not None:
        yield _panel_row(manifest["panel"])


def _row(kind: str, path: str, recorded: dict[str, Any], file: Path | None, *, absent: str) -> dict[str, Any]:
    row = {"kind": kind, "path": path, "recorded_bytes": recorded.get("bytes"),
           "recorded_sha256": recorded.get("sha256")}  # fmt: skip
    if row["recorded_sha256"] is None:
        return {**row, "status": "no checksum"}
    if file is None or not file.is_file():
        return {**row, "status": absent}
    found = {"found_bytes": file.stat().st_size, "found_sha256": sha256_of(file)}
    status = "same" if found["found_sha256"] == row["recorded_sha256"] else "changed"
    return {**row, **found, "status": status}


def _new_files(root: Path, manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    recorded = {MANIFEST, *(entry["path"] for entry in manifest["outputs"])}
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        hidden = any(part.startswith(".") for part in inside.parts)
        left_out = any(fnmatch(inside.as_posix(), pattern) for pattern in manifest["unrecorded"])
        if file.is_file() and not hidden and not left_out and inside.as_posix() not in recorded:
            yield {"kind": "output", "path": inside.as_posix(), "status": "new", "found_bytes": file.stat().st_size,
                   "found_sha256": sha256_of(file)}  # fmt: skip


def _find_input(entry: dict[str, Any], root: Path, inputs: PathLike | None) -> Path | None:
    typed = Path(entry["path"])
    if inputs is not None:
        places = [Path(inputs) / entry["name"]]
        places = places if typed.is_absolute() else [Path(inputs) / typed, *places]
    elif typed.is_absolute():
        places = [typed]
    else:
        places = [typed, root / typed, root.resolve().parent / typed]
    shipped = shipped_file(entry["path"])
    return shipped or next((place for place in places if place.is_file()), None)


def _panel_row(panel: dict[str, Any]) -> dict[str, Any]:
    row = {"kind": "panel", "path": panel["id"], "recorded_sha256": panel["sha256"]}
    try:
        found = describe_panel_files(load_panel(panel["id"]))["sha256"]
    except PanelError:
        return {**row, "status": "not there"}
    return {**row, "found_sha256": found, "status": "same" if found == panel["sha256"] else "changed"}


def summarise(rows: list[dict[str, Any]]) -> str:
    """Return how many files are what, in one line.

    Examples
    --------
    >>> summarise([{"kind": "output", "status": "same"}, {"kind": "input", "status": "not there"}])
    '1 output: 1 same; 1 input: 1 not there'
    """
    parts = []
    for kind in ("output", "input", "panel"):
        own = [row["status"] for row in rows if row["kind"] == kind]
        if own:
            counts = ", ".join(f"{own.count(status)} {status}" for status in dict.fromkeys(sorted(own)))
            parts.append(f"{len(own)} {kind}{'s' if len(own) > 1 else ''}: {counts}")
    return "; ".join(parts)
