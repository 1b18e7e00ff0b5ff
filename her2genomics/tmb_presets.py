"""Rule sets for the tumour mutational burden: one readable TOML file each, in ``her2genomics/presets``.

A preset says which consequence classes count, from which allele fraction, what is germline, what is left out, and over
how many megabases.  A file of one's own works like a shipped one: ``--preset my_rule.toml``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from her2genomics.consequences import MAF_CLASSES
from her2genomics.exceptions import FileFormatError, UsageError

DEFAULT_PRESET = "zhang2022-tissue"
_FOLDER = Path(__file__).resolve().parent / "presets"
_SECTIONS = ("region", "count", "reads", "germline", "denominator", "category")
_RENAMED = {"hotspots": "hotspot_policy", "mb": "denominator_mb"}


@dataclass(frozen=True)
class TmbPreset:
    """One rule set.

    Parameters
    ----------
    name, title, source
        Short name, one line for readers, where the rule comes from.
    classes
        MAF classes that count.
    padding_bp
        Bases beside the coding territory that still belong to it.
    hotspot_policy
        ``exclude`` or ``include`` hot mutations.
    excluded_genes
        Genes left out whole (clonal haematopoiesis).
    drop_drivers, tumour_suppressors
        Leave out hot mutations and truncations of these genes.
    max_cosmic_count
        COSMIC count from which a variant is left out, inclusive.
    count_mnv
        Whether substitutions of several bases count (each as one event).
    min_vaf, min_max_vaf
        Lowest allele fraction of a counted variant; lowest maximum of an evaluable sample [0-1, inclusive].
    min_depth, min_alt_reads
        Lowest tumour depth and number of variant reads (None = not asked).
    accepted_filters
        FILTER values that pass.
    max_population_af, max_population_ac, max_tumour_vaf, rescue_hotspots
        See `variant_filters.not_germline`.
    denominator_mb
        The assay's own size [Mb]; None takes the panel's figure.
    min_callable_mb
        Smallest callable territory of an evaluable sample [Mb].
    high_from
        TMB from which the assay says high [mut/Mb]; None = no category.
    """

    name: str
    title: str
    source: str
    classes: tuple[str, ...]
    padding_bp: int = 2
    hotspot_policy: str = "exclude"
    excluded_genes: tuple[str, ...] = ()
    drop_drivers: bool = False
    tumour_suppressors: tuple[str, ...] = ()
    max_cosmic_count: int | None = None
    count_mnv: bool = True
    min_vaf: float | None = None
    min_max_vaf: float | None = None
    min_depth: int | None = None
    min_alt_reads: int | None = None
    accepted_filters: tuple[str, ...] = ("PASS", ".")
    max_population_af: float | None = 0.001
    max_population_ac: int | None = None
    max_tumour_vaf: float | None = None
    rescue_hotspots: bool = True
    denominator_mb: float | None = None
    min_callable_mb: float = 0.667
    high_from: float | None = None

    def with_changes(self, **changes: Any) -> TmbPreset:
        """Return the preset with some settings replaced; settings given as None stay as they are.

        Raises
        ------
        UsageError
            If a setting is out of its range.
        """
        changed = replace(self, **{name: value for name, value in changes.items() if value is not None})
        problem = _problem(changed)
        if problem:
            raise UsageError(problem)
        return changed

    def without_vaf(self) -> TmbPreset:
        """Return the preset without any rule on allele fractions (``--no-vaf-filter``)."""
        return replace(self, min_vaf=None, min_max_vaf=None, max_tumour_vaf=None)


def list_presets() -> list[str]:
    """Return the names of the shipped presets, the default first.

    Examples
    --------
    >>> list_presets()[0]
    'zhang2022-tissue'
    """
    names = sorted(file.stem for file in _FOLDER.glob("*.toml"))
    return sorted(names, key=lambda name: name != DEFAULT_PRESET)


def load_preset(name: str | os.PathLike[str] | TmbPreset = DEFAULT_PRESET) -> TmbPreset:
    """Load a preset by name, or from a TOML file.

    Raises
    ------
    UsageError
        If there is no such preset.
    FileFormatError
        If the file is no TOML, or a setting is unknown or out of range.

    Examples
    --------
    >>> load_preset("zhang2022-plasma").min_vaf
    0.002
    """
    if isinstance(name, TmbPreset):
        return name
    text = os.fspath(name)
    path = Path(text) if text.endswith(".toml") else _FOLDER / f"{text}.toml"
    if not path.is_file():
        raise UsageError(f"no preset '{text}'", hint=f"use one of: {', '.join(list_presets())}, or a .toml file")
    try:
        return _from_settings(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"not a TMB preset: {error}", path=path, hint="copy one from her2genomics/presets"
        ) from error


def _from_settings(settings: Mapping[str, Any]) -> TmbPreset:
    flat: dict[str, Any] = {k: v for k, v in settings.items() if k not in _SECTIONS}
    for section in _SECTIONS:
        flat |= {_RENAMED.get(k, k): v for k, v in settings.get(section, {}).items()}
    known = {f.name for f in fields(TmbPreset)}
    unknown = sorted(set(flat) - known)
    if unknown:
        raise ValueError(f"unknown setting {unknown[0]}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in flat.items()}
    preset = TmbPreset(**values)
    problem = _problem(preset)
    if problem:
        raise ValueError(problem)
    return preset


def _problem(preset: TmbPreset) -> str:
    """Return what is wrong with a preset, or nothing."""
    foreign = sorted(set(preset.classes) - MAF_CLASSES)
    if foreign:
        return f"{foreign[0]} is no Variant_Classification"
    if preset.hotspot_policy not in ("exclude", "include"):
        return f"hotspots is 'exclude' or 'include', not '{preset.hotspot_policy}'"
    for name in ("min_vaf", "min_max_vaf", "max_population_af", "max_tumour_vaf"):
        value = getattr(preset, name)
        if value is not None and not 0 <= value <= 1:
            return f"{name} is a fraction from 0 to 1, not {value}"
    if preset.denominator_mb is not None and not preset.denominator_mb > 0:
        return f"mb is a positive number of megabases, not {preset.denominator_mb}"
    return ""
