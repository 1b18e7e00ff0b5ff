"""Whether the files of a results folder are still those of its manifest: the same, changed, missing, new."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from her2genomics.exceptions import FileFormatError, PanelError
from her2genomics.panel import find_panel_folder
from her2genomics.provenance import MANIFEST, STAMP, read_manifest, sha256_of, sha256_of_panel, shipped_file

PathLike = str | os.PathLike[str]
DIFFERENCES = ("changed", "missing", "new")
"""Statuses that say that a folder is not what its manifest says."""


def check_results(folder: PathLike, inputs: PathLike | None = None) -> Iterator[dict[str, Any]]:
    """Yield one row per file, `schema.MANIFEST_CHECK`: outputs, files that are new, inputs, panel.

    An input is looked for under ``inputs`` (by its path as typed, then by its name), else where it was typed: from the
    working folder, from the folder around the results and from theirs, so that a study that moved as a whole is found.
    Where several of these hold a file of that name, the one with the recorded content counts.  A run records its paths
    from the folder around the results: what is there is not looked for in the working folder.  Hidden files are the
    run's own and are not looked at.

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
    here = manifest["command"] != "run"
    for entry in manifest["outputs"]:
        yield _row("output", entry["path"], entry, root / entry["path"], absent="missing")
    yield from _new_files(root, manifest)
    for entry in manifest["inputs"]:
        places = _places(entry["path"], entry["name"], root, inputs, here)
        yield _row("input", entry["path"], entry, _find_input(entry, places), absent="not there")
    if manifest["panel"] is not None:
        yield _panel_row(manifest["panel"], root, inputs, here)


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
    return {"command": "run", "outputs": outputs, "inputs": inputs, "unrecorded": [], "panel": None}


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


def _find_input(entry: dict[str, Any], places: list[Path]) -> Path | None:
    """Return the input's file: of several, the one with the recorded content, or else the likeliest."""
    if shipped := shipped_file(entry["path"]):
        return shipped
    found = [place for place in places if place.is_file()]
    if len(found) < 2 or "sha256" not in entry:
        return found[0] if found else None
    alike = (file for file in found if file.stat().st_size == entry["bytes"] and sha256_of(file) == entry["sha256"])
    return next(alike, found[0])


def _places(path: str, name: str, root: Path, inputs: PathLike | None, here: bool) -> list[Path]:
    """Return where a file or folder recorded as ``path`` may be now, each once, the likeliest first.

    ``here`` says whether paths were recorded from the working folder.
    """
    typed = Path(path)
    if inputs is not None:
        places = [Path(inputs) / name] if typed.is_absolute() else [Path(inputs) / typed, Path(inputs) / name]
    elif typed.is_absolute():
        places = [typed]
    else:
        near = [root.resolve().parent / typed, root.resolve() / typed]
        places = [typed.absolute(), *near] if here or not any(place.exists() for place in near) else near
    return list(dict.fromkeys(places))


def _panel_row(panel: dict[str, Any], root: Path, inputs: PathLike | None, here: bool) -> dict[str, Any]:
    row = {"kind": "panel", "path": panel.get("path", panel["id"]), "recorded_sha256": panel["sha256"]}
    sums = [sha256_of_panel(folder) for folder in _panel_folders(panel, root, inputs, here)]
    if not sums:
        return {**row, "status": "not there"}
    same = panel["sha256"] in sums
    return {**row, "found_sha256": panel["sha256"] if same else sums[0], "status": "same" if same else "changed"}


def _panel_folders(panel: dict[str, Any], root: Path, inputs: PathLike | None, here: bool) -> list[Path]:
    """Return the folders that may be the panel's: the one of its name, or those where it was given by its folder."""
    if "path" in panel:
        places = _places(panel["path"], Path(panel["path"]).name, root, inputs, here)
        return [place for place in places if place.is_dir()]
    try:
        return [find_panel_folder(panel["id"])]
    except PanelError:
        return []


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
