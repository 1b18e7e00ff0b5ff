"""From VCF and MAF files to the burden: where reading and counting meet.

Each file is streamed through the rule's filters on its own; many files run in parallel and come back in the order
given. A file that cannot be used is reported with its error and does not lose the others.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from her2genomics.exceptions import AmbiguousInputError, DataWarning, Her2GenomicsError, Her2GenomicsWarning
from her2genomics.intervals import Intervals
from her2genomics.io.vcf import VcfReader, open_vcf
from her2genomics.io.vcf_annotators import annotation_missing
from her2genomics.io.vcf_source import STANDARD_INPUT, open_source
from her2genomics.panel import Panel, load_panel
from her2genomics.tmb import TmbResult, collect, combine
from her2genomics.tmb_rule import TmbRule
from her2genomics.tmb_sample import SampleBurden
from her2genomics.variant import SMALL, Variant
from her2genomics.workflow.build_watch import BuildWatch, warn_if_another_assay
from her2genomics.workflow.tmb_settings import ASSUMED_BUILD, TmbSettings

ANNOTATED_HERE = "bcftools csq, here"
SOURCE_COLUMNS: dict[str, str] = {
    **dict.fromkeys(("file", "error", "caller", "annotation", "tumour", "normal", "tumour_by", "build"), "string"),
    "build_stated": "boolean", "population_fields": "Int64", "n_records": "Int64",
}  # fmt: skip
"""Columns of the table of sources and their types."""


@dataclass(frozen=True)
class FileResult:
    """What came of one file: its tables, or its error.

    Parameters
    ----------
    path
        The file (several callers of one tumour: joined by ``+``).
    result
        Tables, or None when the file could not be used.
    source
        What was recognised: caller, annotation, tumour column, build, number of records.
    error
        The error of a file that could not be used.
    messages
        Warnings, in order.
    """

    path: str
    result: TmbResult | None = None
    source: Mapping[str, object] | None = None
    error: Her2GenomicsError | None = None
    messages: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return one line on what was recognised and what came out."""
        if self.result is None or self.source is None:
            return f"{self.path}: not used"
        found = self.source
        recognised = f"{found['caller']}, {found['annotation']}, tumour {found['tumour']} ({found['tumour_by']})"
        return f"{self.path}: {recognised}, {found['build']}; " + "; ".join(map(_row_summary, self.result.rows))


def _row_summary(row: Mapping[str, Any]) -> str:
    if row["tmb"] is None:
        return f"{row['sample_id']}: {row['status']}"
    numbers = f"TMB {row['tmb']:.2f} [{row['garwood_lo']:.2f}, {row['garwood_hi']:.2f}]"
    flags = f", {row['flags']}" if row["flags"] else ""
    return f"{row['sample_id']}: {numbers} = {row['n_counted']} / {row['denominator_mb']:g} Mb, {row['status']}{flags}"


def tmb_of_files(
    paths: Sequence[str | os.PathLike[str]], settings: TmbSettings | None = None, *, threads: int = 1
) -> Iterator[FileResult]:
    """Yield the burden of each file, in the order given.

    Parameters
    ----------
    paths
        VCF (plain, gzip, bgzip, BCF, ``-``) or MAF files.
    settings
        What applies to all.
    threads
        Files read at a time; the results do not depend on it.
    """
    chosen = settings or TmbSettings()
    names = [os.fspath(path) for path in paths]
    if threads <= 1 or len(names) <= 1:
        results: Iterator[FileResult] = (tmb_of_file(name, chosen) for name in names)
        yield from _refuse_repeated_samples(results)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(max_workers=min(threads, len(names))) as pool:
        yield from _refuse_repeated_samples(pool.map(tmb_of_file, names, [chosen] * len(names)))


def tmb_of_file(path: str, settings: TmbSettings) -> FileResult:
    """Return the burden of one file, or its error; warnings are kept beside it."""
    return guarded(path, lambda: _of_maf(path, settings) if _is_maf(path) else _of_vcf(path, settings))


def combined(results: Sequence[FileResult]) -> TmbResult:
    """Return the rows of all usable files as one result."""
    return combine([r.result for r in results if r.result is not None])


def source_rows(results: Sequence[FileResult]) -> list[dict[str, object]]:
    """Return one row per file: what was recognised in it, or its error (columns: `SOURCE_COLUMNS`)."""
    rows = [{"file": r.path, "error": None if r.error is None else str(r.error), **(r.source or {})} for r in results]
    return [{name: row.get(name) for name in SOURCE_COLUMNS} for row in rows]


def guarded(path: str, work: Callable[[], tuple[TmbResult, dict[str, object]]]) -> FileResult:
    """Do the work on one file; keep its warnings, and its error if it is one of ours."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Her2GenomicsWarning)
        try:
            result, source = work()
            outcome = FileResult(path, result, source)
        except Her2GenomicsError as error:
            outcome = FileResult(path, error=error)
    messages = [str(w.message) for w in caught if issubclass(w.category, Her2GenomicsWarning)]
    return replace(outcome, messages=tuple(dict.fromkeys(messages)))


def _refuse_repeated_samples(results: Iterator[FileResult]) -> Iterator[FileResult]:
    """Turn a file whose sample another file has already given into an error."""
    seen: dict[str, str] = {}
    for outcome in results:
        names = [] if outcome.result is None else [row["sample_id"] for row in outcome.result.rows]
        twice = [name for name in names if name in seen]
        if twice:
            error = AmbiguousInputError(
                f"sample {twice[0]} is also in {seen[twice[0]]}",
                path=outcome.path,
                hint="two callers of one tumour are merged by: her2g tmb --vcf A.vcf --vcf B.vcf",
            )
            yield FileResult(outcome.path, error=error, messages=outcome.messages)
            continue
        seen |= dict.fromkeys(names, outcome.path)
        yield outcome


def _is_maf(path: str) -> bool:
    """Return whether a file's first line that is no comment is a MAF header."""
    if path == STANDARD_INPUT:
        return False
    with open_source(path) as source:
        first = next((line for line in source.lines() if not line.startswith("#")), "")
    return "hugo_symbol" in re.split(r"[\t,;]", first.lower())


def _of_maf(path: str, settings: TmbSettings) -> tuple[TmbResult, dict[str, object]]:
    from her2genomics.workflow.tmb_maf import tmb_of_maf  # late: tables need pandas, which a VCF does without

    return tmb_of_maf(path, settings)


def open_for(path: str, settings: TmbSettings, panel: Panel) -> AbstractContextManager[VcfReader]:
    """Open a VCF as the settings ask."""
    return open_vcf(
        path,
        build=settings.build,
        panel=panel,
        tumor_sample=settings.tumor_sample or None,
        transcript_choice=settings.transcript_choice,
        require_annotation=settings.fasta is None,
    )


def _of_vcf(path: str, settings: TmbSettings) -> tuple[TmbResult, dict[str, object]]:
    panel = load_panel(settings.panel)
    with open_for(path, settings, panel) as vcf:
        watch = BuildWatch(panel, vcf.build or _build_by_fasta(settings) or ASSUMED_BUILD, vcf.build is None)
        rules = settings.rules(panel, watch.build, vcf.columns.sample_ids)
        burdens = count_variants(vcf, rules, settings, panel, watch)
        watch.judge(vcf)
        check_annotation(vcf, burdens)
        result = collect(burdens)
        warn_if_another_assay(path, result.rows)
        return result, describe_source(vcf, watch.build, settings)


def _build_by_fasta(settings: TmbSettings) -> str | None:
    if settings.fasta is None:
        return None
    from her2genomics.io.vcf_csq import build_of_fasta

    return build_of_fasta(settings.fasta)


def count_variants(
    vcf: VcfReader, rules: Mapping[str, TmbRule], settings: TmbSettings, panel: Panel, watch: BuildWatch
) -> list[SampleBurden]:
    """Stream a VCF through its samples' rules and return one burden per tumour.

    Without an audit, records are dropped by the rule's site filters before their reads are parsed, and the annotation
    is parsed only of what passes every filter on reads; the numbers are the same.
    """
    burdens = {s: SampleBurden(s, rule, settings.audit, vcf.states_vaf) for s, rule in rules.items()}
    shared = next(iter(rules.values())) if len({id(rule) for rule in rules.values()}) == 1 else None
    drop = [] if settings.audit or shared is None else shared.site_filters
    if watch.active:
        drop = [("", watch.see), *drop]
    gap = None if settings.audit or shared is None or watch.active else shared.gap
    stream = vcf.variants(drop, gap)
    if settings.annotates(vcf):
        for variant in annotated_variants(vcf, stream, settings, panel, watch.build):
            burdens[variant.sample].add(variant)
    else:
        for variant in stream:
            burdens[variant.sample].add(variant, vcf.annotate)
    for burden in burdens.values():
        for name, n in vcf.dropped.items():
            burden.drop(name, n)
    return list(burdens.values())


def annotated_variants(
    vcf: VcfReader, variants: Iterator[Variant], settings: TmbSettings, panel: Panel, build: str
) -> Iterator[Variant]:
    """Yield variants with their annotation: the file's own, or, where it has none, from the panel's gene models."""
    if not settings.annotates(vcf):
        for variant in variants:
            vcf.annotate(variant)
            yield variant
        return
    from her2genomics.io.vcf_csq import annotate_by_csq

    kept = []
    for variant in variants:
        vcf.annotate(variant)  # population frequencies that stand in INFO
        kept.append(variant)
    exons = panel.exons(build)
    on_genes = Intervals.from_table(exons).padded(2)
    near = [v for v in kept if v.kind == SMALL and on_genes.overlaps(v.chromosome, v.start - 1, v.end)]
    annotate_by_csq(near, str(settings.fasta), exons)
    yield from kept


def check_annotation(vcf: VcfReader, burdens: Sequence[SampleBurden]) -> None:
    """Refuse a file whose header declares an annotation that no variant inside the panel carries; warn about some.

    Raises
    ------
    AnnotationMissingError
        If there are such variants and none is annotated.
    """
    for burden in burdens:
        lacking = burden.attrition.removed["not_annotated"]
        others = burden.looks.n_somatic - lacking - burden.attrition.removed["part_of_event"]
        if lacking and others <= 0 and vcf.annotator != "none":
            raise annotation_missing(vcf.path)
        if lacking and vcf.annotator != "none":
            message = f"{vcf.path}: {lacking} variants inside the panel carry no annotation and are not counted"
            warnings.warn(DataWarning(message), stacklevel=2)


def describe_source(vcf: VcfReader, build: str, settings: TmbSettings) -> dict[str, object]:
    """Return what was recognised in a VCF, for the log and the sources table."""
    return {
        "file": vcf.path,
        "caller": vcf.header.caller,
        "annotation": ANNOTATED_HERE if settings.annotates(vcf) else vcf.annotator,
        "tumour": ",".join(vcf.columns.tumours) or "-",
        "normal": ",".join(n for n in vcf.columns.normals if n) or None,
        "tumour_by": vcf.columns.evidence,
        "build": build,
        "build_stated": vcf.build is not None,
        "population_fields": len(vcf.population_fields),
        "n_records": vcf.n_records,
    }
