"""One tumour from the VCFs of several callers."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Sequence

from her2genomics.exceptions import AmbiguousInputError, DataWarning
from her2genomics.genome import require_same_build
from her2genomics.io.vcf import VcfReader
from her2genomics.io.vcf_samples import is_generic_name
from her2genomics.panel import Panel, load_panel
from her2genomics.tmb import TmbResult, collect
from her2genomics.tmb_rule import TmbRule
from her2genomics.tmb_sample import SampleBurden
from her2genomics.variant import Variant
from her2genomics.variant_filters import caller_filter
from her2genomics.variant_merge import merge_callers
from her2genomics.workflow.tmb_files import (
    FileResult,
    annotated_variants,
    describe_source,
    guarded,
    open_for,
)
from her2genomics.workflow.tmb_settings import TmbSettings, assume_build


def tmb_of_callers(paths: Sequence[str | os.PathLike[str]], settings: TmbSettings | None = None) -> FileResult:
    """Return the burden of one tumour from the VCFs of several callers, merged (see `variant_merge`)."""
    names = [os.fspath(path) for path in paths]
    return guarded("+".join(names), lambda: _of_callers(names, settings or TmbSettings()))


def _of_callers(paths: Sequence[str], settings: TmbSettings) -> tuple[TmbResult, dict[str, object]]:
    """Merge the calls of several callers inside the territory and count them once."""
    panel = load_panel(settings.panel)
    callsets: list[tuple[str, list[Variant]]] = []
    sources: list[dict[str, object]] = []
    dropped: Counter[str] = Counter()
    rule: TmbRule | None = None
    for path in paths:
        with open_for(path, settings, panel) as vcf:
            sample = _only_sample(vcf)
            if rule is None:
                first = sample
                rule = settings.rule(panel, vcf.build or assume_build(path), sample, settings.merge)
            require_same_build(vcf.build, rule.build, path=path)
            callsets.append((_caller_name(vcf, [name for name, _ in callsets]), _calls(vcf, rule, settings, panel)))
            sources.append(describe_source(vcf, rule.build, settings))
            dropped.update(vcf.dropped)
    _warn_of_names(paths, [str(source["tumour"]) for source in sources])
    if rule is None:
        raise AmbiguousInputError("no VCF to merge")
    accepted = caller_filter(settings.preset.accepted_filters)
    burden = SampleBurden(first, rule, settings.audit)
    for variant in merge_callers(callsets, lambda v: not accepted.fails(v)):
        burden.add(variant)
    for name, n in dropped.items():
        burden.drop(name, n)
    return collect([burden]), _joined(paths, sources)


def _warn_of_names(paths: Sequence[str], columns: Sequence[str]) -> None:
    """Say that files taken for one tumour name it differently, unless by words such as TUMOR."""
    names = list(dict.fromkeys(name for name in columns if name != "-" and not is_generic_name(name)))
    if len(names) > 1:
        message = f"{'+'.join(paths)}: the files name their tumours {' and '.join(names)}; taken as one tumour"
        warnings.warn(DataWarning(message), stacklevel=2)


def _only_sample(vcf: VcfReader) -> str:
    names = vcf.columns.sample_ids
    if len(names) != 1:
        raise AmbiguousInputError(f"several tumours: {', '.join(names)}", path=vcf.path, hint="--tumor-sample NAME")
    return names[0]


def _calls(vcf: VcfReader, rule: TmbRule, settings: TmbSettings, panel: Panel) -> list[Variant]:
    """Return the small variants of the territory, annotated; with an audit all variants."""
    early = [] if settings.audit else rule.site_filters[:2]
    return list(annotated_variants(vcf, vcf.variants(early), settings, panel, rule.build))


def _joined(paths: Sequence[str], sources: Sequence[dict[str, object]]) -> dict[str, object]:
    """Return one description of several files."""
    joined = {key: " + ".join(str(s[key]) for s in sources) for key in ("caller", "annotation", "tumour", "tumour_by")}
    n_records = sum(int(str(s["n_records"])) for s in sources)
    return {**sources[0], **joined, "file": "+".join(paths), "n_records": n_records}


def _caller_name(vcf: VcfReader, taken: Sequence[str]) -> str:
    name = vcf.header.caller if vcf.header.callers else os.path.basename(vcf.path)
    return name if name not in taken else f"{name} ({os.path.basename(vcf.path)})"
