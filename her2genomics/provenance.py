"""What made a result: versions, parameters, seed and the checksums of inputs, as one JSON manifest beside the results.

The manifest holds nothing that differs between two runs on the same inputs: no time, host, user, thread count or
absolute path.  ``schema_version`` names its layout.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from her2genomics.panel import Panel

SCHEMA_VERSION = "1.0"
LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels", "scikit-learn", "pysam", "cyvcf2")


def software_version() -> str:
    """Return the version of her2genomics that is running."""
    return metadata.version("her2genomics")


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file as hexadecimal text, read in blocks."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def describe_inputs(paths: Iterable[str | os.PathLike[str]]) -> list[dict[str, Any]]:
    """Return name, size and checksum of each input file; standard input has only a name."""
    described: list[dict[str, Any]] = []
    for path in paths:
        file = Path(path)
        if not file.is_file():
            described.append({"name": os.fspath(path)})
            continue
        described.append({"name": file.name, "bytes": file.stat().st_size, "sha256": sha256_of(file)})
    return described


def describe_panel_files(panel: Panel, build: str | None = None) -> dict[str, Any]:
    """Return the panel's name and one checksum over all of its files."""
    digest = hashlib.sha256()
    for file in sorted(panel.folder.iterdir()):
        if file.is_file():
            digest.update(f"{file.name} {sha256_of(file)}\n".encode())
    return {"id": panel.id, "build": build, "sha256": digest.hexdigest()}


def build_manifest(
    command: str,
    *,
    parameters: Mapping[str, Any],
    inputs: Iterable[str | os.PathLike[str]] = (),
    panel: Panel | None = None,
    build: str | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Return the manifest of one run.

    Parameters
    ----------
    command
        Name of the command or library call (``cohort build``).
    parameters
        Every setting that can change the result, defaults included.
    inputs
        Files that were read.
    panel, build
        Panel and genome build used, if any.
    seed
        Seed of the run, if it drew random numbers.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "software": {"name": "her2genomics", "version": software_version()},
        "command": command,
        "parameters": dict(parameters),
        "seed": seed,
        "inputs": describe_inputs(inputs),
        "panel": None if panel is None else describe_panel_files(panel, build),
        "environment": {
            "python": platform.python_version(),
            "os": sys.platform,
            "libraries": {name: metadata.version(name) for name in LIBRARIES},
        },
    }
