"""Whether the files of a results folder are still those of its manifest: the same, changed, missing, new."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from her2genomics.exceptions import FileFormatError, PanelError
from her2genomics.panel import Panel, load_panel
from her2genomics.provenance import MANIFEST, STAMP, describe_panel_files, read_manifest, sha256_of, shipped_file

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
    manifest = _recorded(root)
    for entry in manifest["outputs"]:
        yield _row("output", entry["path"], entry, root / entry["path"], absent="missing")
    yield from _new_files(root, manifest)
    for entry in manifest["inputs"]:
        yield _row("input", entry["path"], entry, _find_input(entry, root, inputs), absent="not there")
    if manifest["panel"] is not None:
        yield _panel_row(manifest["panel"], root, inputs)


def _recorded(root: Path) -> dict[str, Any]:
    """Return the manifest; in a step's folder of a run the outputs are its `STAMP`'s, without a panel (the run's)."""
    stamp = root / STAMP
    if not stamp.is_file():
        return read_manifest(root)
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
        outputs = [{"path": f["name"], "bytes": f["bytes"], "sha256": f["sha256"]} for f in content["outputs"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError("is no record of a step", path=stamp, hint="give the same her2g run again") from error
    inputs = read_manifest(root)["inputs"] if (root / MANIFEST).is_file() else []
    return {"outputs": outputs, "inputs": inputs, "unrecorded": [], "panel": None}


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
    recorded = {MANIFEST, STAMP, *(entry["path"] for entry in manifest["outputs"])}
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        hidden = any(part.startswith(".") for part in inside.parts)
        left_out = any(fnmatch(inside.as_posix(), pattern) for pattern in manifest["unrecorded"])
        if file.is_file() and not hidden and not left_out and inside.as_posix() not in recorded:
            yield {"kind": "output", "path": inside.as_posix(), "status": "new", "found_bytes": file.stat().st_size,
                   "found_sha256": sha256_of(file)}  # fmt: skip


def _find_input(entry: dict[str, Any], root: Path, inputs: PathLike | None) -> Path | None:
    return shipped_file(entry["path"]) or next(
        (place for place in _places(entry["path"], entry["name"], root, inputs) if place.is_file()), None
    )


def _places(path: str, name: str, root: Path, inputs: PathLike | None) -> list[Path]:
    """Return where a file or folder that was typed as ``path`` may be now, the likeliest first."""
    typed = Path(path)
    if inputs is not None:
        return [Path(inputs) / name] if typed.is_absolute() else [Path(inputs) / typed, Path(inputs) / name]
    return [typed] if typed.is_absolute() else [typed, root / typed, root.resolve().parent / typed]


def _panel_row(panel: dict[str, Any], root: Path, inputs: PathLike | None) -> dict[str, Any]:
    row = {"kind": "panel", "path": panel.get("path", panel["id"]), "recorded_sha256": panel["sha256"]}
    try:
        found = describe_panel_files(_find_panel(panel, root, inputs))["sha256"]
    except PanelError:
        return {**row, "status": "not there"}
    return {**row, "found_sha256": found, "status": "same" if found == panel["sha256"] else "changed"}


def _find_panel(panel: dict[str, Any], root: Path, inputs: PathLike | None) -> Panel:
    if "path" not in panel:
        return load_panel(panel["id"])
    places = _places(panel["path"], Path(panel["path"]).name, root, inputs)
    return load_panel(next((p for p in places if (p / "panel.toml").is_file()), places[0]).resolve())


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
