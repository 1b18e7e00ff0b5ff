"""Configuration of a run: a YAML file, checked against the schema that also holds every default and its meaning."""

from __future__ import annotations

import difflib
import functools
import json
import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from her2genomics.exceptions import FileFormatError, UsageError

PathLike = str | os.PathLike[str]
SCHEMA_FILE = "config.schema.json"
_SECTIONS = ("coverage", "normals", "cnv", "tmb", "cohort", "compare", "pathways", "cluster", "survival", "response")
_TYPES: dict[str, str] = {
    "null": "null", "array": "a list", "object": "a section", "string": "a text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false",
}  # fmt: skip
_YAML_WORDS: dict[bool, str] = {False: "no, off", True: "yes, on"}


@dataclass(frozen=True)
class RunConfig:
    """What decides the results of a run; the fields are the keys of ``config.schema.json``.

    Parameters
    ----------
    panel
        Name or folder of the panel.
    build
        Genome build of every file.
    seed
        Seed of all random numbers.
    reference
        Copy-number reference; None builds one from the sheet's normals, or a flat one.
    fasta
        Indexed genome.
    her2_rule, subtype_rule
        Rules of HER2 group and surrogate subtype.
    skip
        Steps to leave out.
    coverage, normals, cnv, tmb, cohort, compare, pathways, cluster, survival, response
        Settings of one step each, by name.
    """

    panel: str
    build: str
    seed: int
    reference: str | None
    fasta: str | None
    her2_rule: str
    subtype_rule: str
    skip: tuple[str, ...]
    coverage: Mapping[str, Any]
    normals: Mapping[str, Any]
    cnv: Mapping[str, Any]
    tmb: Mapping[str, Any]
    cohort: Mapping[str, Any]
    compare: Mapping[str, Any]
    pathways: Mapping[str, Any]
    cluster: Mapping[str, Any]
    survival: Mapping[str, Any]
    response: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values, as it would stand in a file with absolute paths."""
        return {**vars(self), "skip": list(self.skip), **{name: dict(getattr(self, name)) for name in _SECTIONS}}

    def as_parameters(self) -> dict[str, Any]:
        """Return the configuration for a manifest: files by their names, without folders; the panel as it was given."""
        values = self.as_dict()
        for section, key in path_keys():
            place = values if section is None else values[section]
            if place[key] is not None:
                place[key] = Path(place[key]).name
        return values


@functools.cache
def config_schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration."""
    text = resources.files("her2genomics.workflow").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@functools.cache
def path_keys() -> tuple[tuple[str | None, str], ...]:
    """Return section (None at the top) and key of every setting that names a file."""
    found: list[tuple[str | None, str]] = []
    for name, entry in config_schema()["properties"].items():
        keys = {None: {name: entry}} if "properties" not in entry else {name: entry["properties"]}
        for section, entries in keys.items():
            found += [(section, key) for key, value in entries.items() if value.get("format") == "path"]
    return tuple(found)


def default_values() -> dict[str, Any]:
    """Return every default, section by section."""
    values: dict[str, Any] = {}
    for name, entry in config_schema()["properties"].items():
        inner = entry.get("properties")
        values[name] = entry["default"] if inner is None else {key: value["default"] for key, value in inner.items()}
    return deepcopy(values)


def read_config(path: PathLike | None = None, **overrides: Any) -> RunConfig:
    """Return the configuration of a file over the defaults, and ``overrides`` (None: not given) over both.

    Paths in the file are relative to it, overriding ones to the working folder.

    Raises
    ------
    FileFormatError
        If the file is absent or no YAML mapping, a key is unknown, or a value is of the wrong type or out of range.
    UsageError
        If an overriding value is.
    """
    values = default_values()
    if path is not None:
        given = _parse(path)
        _check(given, path)
        for name, value in given.items():
            values[name] = {**values[name], **(value or {})} if name in _SECTIONS else value
        _resolve(values, Path(path).resolve().parent)
    changed = {name: value for name, value in overrides.items() if value is not None}
    try:
        _check(changed, None)
    except FileFormatError as error:
        raise UsageError(error.what, hint=error.hint) from None
    values |= changed
    _resolve(values, Path.cwd())
    return config_from(values)


def config_from(values: Mapping[str, Any]) -> RunConfig:
    """Return the configuration of `RunConfig.as_dict`."""
    return RunConfig(**{**values, "skip": tuple(values["skip"])})


def _parse(path: PathLike) -> dict[str, Any]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileFormatError("no such file", path=path, hint="her2g run --init config.yaml writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(f"cannot be read: {error}", path=path) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "no YAML"
        line = None if mark is None else mark.line + 1
        raise FileFormatError(f"is no YAML: {what}", path=path, line=line) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise FileFormatError("is no list of 'key: value' lines", path=path, hint="see: her2g run --init")
    return {str(key): value for key, value in content.items()}


def _check(values: Mapping[str, Any], path: PathLike | None) -> None:
    """Refuse unknown keys (naming the nearest), wrong types and values out of range."""
    properties = config_schema()["properties"]
    _refuse_unknown(values, properties, "", path)
    for name in _SECTIONS:
        if isinstance(values.get(name), dict):
            _refuse_unknown(values[name], properties[name]["properties"], f"{name}.", path)
    from jsonschema import Draft202012Validator

    present = {name: value for name, value in values.items() if not (name in _SECTIONS and value is None)}
    errors = sorted(Draft202012Validator(config_schema()).iter_errors(present), key=lambda e: [*map(str, e.path)])
    if errors:
        error = errors[0]
        key = ".".join(str(part) for part in error.absolute_path)
        raise FileFormatError(f"{key}: {_says(error.validator, error.instance, error.schema)}", path=path)


def _refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Any], where: str, path: PathLike | None) -> None:
    for key in given:
        if key in known:
            continue
        near = difflib.get_close_matches(str(key), list(known), n=1, cutoff=0.5) or _elsewhere(str(key))
        hint = f"did you mean {where if near[0] in known else ''}{near[0]}?" if near else f"keys: {', '.join(known)}"
        raise FileFormatError(f"unknown key {where}{key}", path=path, hint=hint)


def _elsewhere(key: str) -> list[str]:
    """Return where a key of that name stands, for one that was put into the wrong section."""
    properties = config_schema()["properties"]
    return [f"{section}.{key}" for section in _SECTIONS if key in properties[section]["properties"]]


def _says(rule: str, value: Any, schema: Mapping[str, Any]) -> str:
    """Return in words what a value breaks."""
    if rule == "enum":
        text = f"{json.dumps(value)} is not one of {', '.join(schema['enum'])}"
        words = _YAML_WORDS.get(value, "") if isinstance(value, bool) else ""
        return f"{text} (YAML reads {words} as {str(value).lower()}: write it in quotes)" if words else text
    if rule == "type":
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return f"{json.dumps(value, default=str)} is not {' or '.join(_TYPES[kind] for kind in kinds)}"
    limits = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
    if rule in limits:
        return f"{json.dumps(value)} has to be {limits[rule]} {schema[rule]}"
    return f"{json.dumps(value, default=str)} breaks {rule}: {json.dumps(schema[rule])}"


def _resolve(values: dict[str, Any], folder: Path) -> None:
    """Make the paths in ``values`` absolute."""
    for section, key in path_keys():
        place = values if section is None else values[section]
        if place[key] is not None:
            place[key] = str((folder / place[key]).resolve())
    if os.sep in values["panel"] or (folder / values["panel"]).is_dir():
        values["panel"] = str((folder / values["panel"]).resolve())


def commented_config() -> str:
    """Return the default configuration as YAML, every key with its meaning above it.

    Examples
    --------
    >>> print(commented_config().splitlines()[3])
    panel: surrogate520
    """
    schema = config_schema()
    lines = [f"# {schema['title']}. {schema['description']}"]
    for name, entry in schema["properties"].items():
        lines += ["", f"# {entry['description']}"]
        inner = entry.get("properties")
        if inner is None:
            lines += [*_allowed(entry, ""), _line(name, entry["default"])]
            continue
        lines.append(f"{name}:")
        for key, value in inner.items():
            lines += [f"  # {value['description']}", *_allowed(value, "  "), f"  {_line(key, value['default'])}"]
    return "\n".join(lines) + "\n"


def _allowed(entry: Mapping[str, Any], indent: str) -> list[str]:
    choices = entry.get("enum") or entry.get("items", {}).get("enum")
    if choices is None:
        return []
    return [f"{indent}# {'One of' if 'enum' in entry else 'Any of'}: {', '.join(choices)}"]


def _line(key: str, value: Any) -> str:
    text = yaml.safe_dump([value], default_flow_style=True, width=1000).strip()
    return f"{key}: {text[1:-1]}"
