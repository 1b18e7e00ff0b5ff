"""What a run leaves about itself: the manifest, and results that name no folder of the machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from her2genomics.panel import panel_knowledge
from her2genomics.provenance import STAMP, build_manifest, check_manifest, sha256_of
from her2genomics.workflow.run_execute import Run
from her2genomics.workflow.run_log import LOG_FILE
from her2genomics.workflow.run_task import DONE, Status

PathLike = str | os.PathLike[str]


def run_manifest(run: Run, statuses: Mapping[str, Status], inputs: Sequence[PathLike] = ()) -> dict[str, Any]:
    """Return the manifest of a run: every input and every result with its checksum.

    Parameters
    ----------
    run
        The run.
    statuses
        What became of its tasks.
    inputs
        Further files that were read: the sheet and the configuration.

    Raises
    ------
    FileFormatError
        If an input cannot be read.
    """
    manifest = build_manifest(
        "run",
        parameters={**run.config.as_parameters(), "panel": run.panel["id"]},
        unrecorded=[LOG_FILE],
        panel=panel_knowledge(run.config.panel),
        build=run.config.build,
        seed=run.config.seed,
    )
    if os.sep in run.config.panel:
        manifest["panel"]["path"] = _from(_folders(run), run.config.panel)
    manifest["inputs"] = _inputs(run, inputs)
    manifest["outputs"] = _outputs(run, [name for name, status in statuses.items() if status.state == DONE])
    check_manifest(manifest)
    return manifest


def _inputs(run: Run, inputs: Sequence[PathLike]) -> list[dict[str, Any]]:
    """Return every input by its path from the folder around the results, or else from the sheet's.

    There ``her2g verify`` looks for it; checksums are those that the tasks have remembered.
    """
    used = [path for task in run.plan.values() if task.missing is None for path in task.inputs.values()]
    paths = dict.fromkeys([*(str(Path(path).resolve()) for path in inputs), *used])
    described = []
    for path in paths:
        if Path(path).is_file():
            known = run.folder.checksum(path)
            described.append({"name": known["name"], "path": _from(_folders(run), path),
                              "bytes": known["bytes"], "sha256": known["sha256"]})  # fmt: skip
    return described


def _folders(run: Run) -> list[str]:
    return [str(run.folder.path.parent), run.sheet.folder]


def _from(folders: Sequence[str], path: str) -> str:
    inside = [Path(path).relative_to(folder).as_posix() for folder in folders if Path(path).is_relative_to(folder)]
    return inside[0] if inside else path


def _outputs(run: Run, done: list[str]) -> list[dict[str, Any]]:
    found = []
    for name in done:
        stamp = run.folder.of(name) / STAMP
        listed = (run.folder.read_stamp(name) or {"outputs": []})["outputs"]
        found += [{**_sums(file), "path": f"{name}/{file['name']}"} for file in listed]
        found.append({"path": f"{name}/{STAMP}", "bytes": stamp.stat().st_size, "sha256": sha256_of(stamp)})
    return sorted(found, key=lambda entry: str(entry["path"]))


def _sums(file: Mapping[str, Any]) -> dict[str, Any]:
    return {"bytes": file["bytes"], "sha256": file["sha256"]}
