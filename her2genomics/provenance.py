"""What made a result: versions, parameters, seed, checksums of inputs and outputs; a JSON manifest beside the results.

The manifest holds nothing that differs between two runs on the same inputs: no time, host, user or thread count, and no
paths but those of inputs as they were typed and of outputs within the folder.  ``schema_version`` names its layout,
``schema/manifest.schema.json`` declares it, and every manifest made or read here is valid by it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from her2genomics.exceptions import FileFormatError
from her2genomics.panel import Panel, is_named

SCHEMA_VERSION = "1.1"
MANIFEST = "manifest.json"
"""Name of the manifest in a results folder."""
STAMP = "task.json"
"""Name of the record that `her2g run` leaves in the folder of each step."""
SHIPPED = "her2genomics:"
"""Stands for the package's own folder in the path of an input that ships with it."""
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


def describe_inputs(paths: Iterable[str | os.PathLike[str] | dict[str, Any]]) -> list[dict[str, Any]]:
    """Return name, path as typed, size and checksum of each input file; standard input has no checksum.

    What has been described before stays as it is.
    """
    described: list[dict[str, Any]] = []
    for path in paths:
        if isinstance(path, dict):
            described.append(path)
            continue
        file = Path(path)
        entry: dict[str, Any] = {"name": file.name or os.fspath(path), "path": _as_typed(file)}
        if file.is_file():
            entry |= {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
        described.append(entry)
    return described


def _as_typed(file: Path) -> str:
    """Return the path; one of the shipped examples, which nobody typed, from the package's folder."""
    for root in _shipped_roots():
        if file.is_absolute() and file.is_relative_to(root / "examples"):
            return f"{SHIPPED}{file.relative_to(root).as_posix()}"
    return os.fspath(file)


def _shipped_roots() -> tuple[Path, Path]:
    """Return where shipped files are: in the installed package, or in the checkout around it."""
    package = Path(__file__).resolve().parent
    return package, package.parent


def shipped_file(path: str) -> Path | None:
    """Return the file of a path that starts with `SHIPPED`; None for other paths, or where it is not there."""
    if not path.startswith(SHIPPED):
        return None
    files = (root / path.removeprefix(SHIPPED) for root in _shipped_roots())
    return next((file for file in files if file.is_file()), None)


def describe_outputs(paths: Iterable[str | os.PathLike[str]], folder: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return path within the folder, size and checksum of each output file, by path.

    Raises
    ------
    ValueError
        If a file does not lie in the folder.
    """
    root = Path(folder).resolve()
    files = {Path(path).resolve().relative_to(root).as_posix(): Path(path) for path in paths}
    return [
        {"path": name, "bytes": file.stat().st_size, "sha256": sha256_of(file)} for name, file in sorted(files.items())
    ]


def describe_panel_files(panel: Panel, build: str | None = None) -> dict[str, Any]:
    """Return the panel's name and one checksum over all of its files."""
    return {"id": panel.id, "build": build, "sha256": sha256_of_panel(panel.folder)}


def sha256_of_panel(folder: Path) -> str:
    """Return one checksum over the names and contents of the files of a panel's folder, without hidden ones."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            digest.update(f"{file.name} {sha256_of(file)}\n".encode())
    return digest.hexdigest()


def _describe_panel(panel: Panel, build: str | None, folder: Path) -> dict[str, Any]:
    """Return the panel's identity; with its folder, as typed or within the results, where that is how it was given."""
    described = describe_panel_files(panel, build)
    if is_named(panel):
        return described
    inside = panel.folder.resolve().is_relative_to(folder.resolve())
    path = panel.folder.resolve().relative_to(folder.resolve()) if inside else panel.folder
    return {**described, "path": path.as_posix()}


def build_manifest(
    command: str,
    *,
    parameters: Mapping[str, Any],
    inputs: Iterable[str | os.PathLike[str] | dict[str, Any]] = (),
    outputs: Iterable[str | os.PathLike[str]] = (),
    folder: str | os.PathLike[str] = ".",
    unrecorded: Iterable[str] = (),
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
        Files that were read, or what `describe_inputs` has said of them.
    outputs, folder
        Files that were written, and the results folder that they lie in.
    unrecorded
        Names of files in the folder that differ from run to run (logs), which get no checksum.
    panel, build
        Panel and genome build used, if any.
    seed
        Seed of the run, if it drew random numbers.

    Raises
    ------
    FileFormatError
        If the manifest would not be valid, which is a bug.
    """
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "software": {"name": "her2genomics", "version": software_version()},
        "command": command,
        "parameters": dict(parameters),
        "seed": seed,
        "inputs": describe_inputs(inputs),
        "outputs": describe_outputs(outputs, folder),
        "unrecorded": sorted(unrecorded),
        "panel": None if panel is None else _describe_panel(panel, build, Path(folder)),
        "environment": {
            "python": platform.python_version(),
            "os": sys.platform,
            "libraries": {name: metadata.version(name) for name in LIBRARIES},
        },
    }
    check_manifest(manifest)
    return manifest


@functools.cache
def manifest_schema() -> dict[str, Any]:
    """Return the JSON schema of manifests."""
    text = resources.files("her2genomics.schema").joinpath("manifest.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def check_manifest(manifest: Mapping[str, Any], path: str | os.PathLike[str] | None = None) -> None:
    """Refuse a manifest that its JSON schema does not allow.

    Raises
    ------
    FileFormatError
        Which says where in the manifest, and what.
    """
    import jsonschema

    plain = json.loads(json.dumps(manifest, default=str))
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(manifest_schema()).iter_errors(plain))
    if error is not None:
        where = "/".join(str(part) for part in error.absolute_path) or "the whole"
        raise FileFormatError(f"not a valid manifest: {where}: {error.message[:200]}", path=path)


def read_manifest(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the manifest of a results folder.

    Raises
    ------
    FileFormatError
        If there is none, or it is not a valid one of this version.
    """
    file = Path(folder) / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        hint = "name a results folder, such as that of: her2g cohort build --out"
        raise FileFormatError("there is no manifest", path=file, hint=hint) from None
    except (OSError, ValueError) as error:
        raise FileFormatError(f"cannot be read as JSON: {error}", path=file) from error
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version != SCHEMA_VERSION:
        what = f"the manifest's layout is {version}, not {SCHEMA_VERSION}"
        raise FileFormatError(what, path=file, hint="make the results anew with this version")
    check_manifest(manifest, file)
    found: dict[str, Any] = manifest
    return found
