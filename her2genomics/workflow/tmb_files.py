"""From VCF and MAF files to the burden: where reading and counting meet.

Each file is streamed through the rule's filters on its own; many files run in parallel and come back in the order
given. A file that cannot be used is reported with its error and does not lose the others.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from her2genomics.exceptions import (
    AmbiguousInputError,
    DataWarning,
    Her2GenomicsError,
    Her2GenomicsWarning,
    SchemaError,
    UsageError,
)
from her2genomics.genome import require_same_build
from her2genomics.intervals import Intervals
from her2genomics.io.callable_regions import read_callable
from her2genomics.io.maf import read_maf
from her2genomics.io.panels import read_bed
from her2genomics.io.tables import read_table
from her2genomics.io.vcf import VcfReader, open_vcf
from her2genomics.io.vcf_annotators import annotation_missing
from her2genomics.io.vcf_csq import ANNOTATOR_NAME, annotate_by_csq, build_of_fasta
from her2genomics.io.vcf_source import STANDARD_INPUT, open_source
from her2genomics.panel import DEFAULT_PANEL, Panel, load_panel
from her2genomics.tmb import TmbResult, collect, compute_tmb
from her2genomics.tmb_calibration import Calibration, fit_calibration
from her2genomics.tmb_presets import DEFAULT_PRESET, TmbPreset, load_preset
from her2genomics.tmb_rule import TmbRule, compile_rule
from her2genomics.tmb_sample import SampleBurden
from her2genomics.variant import Variant
from her2genomics.variant_filters import PASSING_FILTERS, caller_filter
from her2genomics.variant_merge import merge_callers
from her2genomics.workflow.build_watch import BuildWatch, warn_if_another_assay

ASSUMED_BUILD = "hg19"
"""Build taken, with a warning, for a file that names none."""


@dataclass(frozen=True)
class TmbSettings:
    """What applies to every file of a run.

    Parameters
    ----------
    panel
        Name or folder of the panel.
    preset
        Rule set.
    build
        Build that the files have to be of; None takes what each file says.
    mb
        Denominator [Mb] that overrides everything.
    bed
        BED of the coding territory that replaces the panel's.
    callable_path, min_coverage
        Coverage file (``{sample}`` stands for the sample) and the depth from which a base is callable.
    tumor_sample
        Tumour columns; empty finds them.
    transcript_choice
        See `vcf_effects.choose_effect`.
    fasta
        Reference sequence with which an un-annotated VCF is annotated here.
    merge
        How several callers of one tumour are joined: ``union`` or ``intersection``.
    samples
        Samples that were sequenced, for MAF files, which list only mutated ones.
    audit
        Keep every variant with its reasons.
    """

    panel: str = DEFAULT_PANEL
    preset: TmbPreset = field(default_factory=lambda: load_preset(DEFAULT_PRESET))
    build: str | None = None
    mb: float | None = None
    bed: str | None = None
    callable_path: str | None = None
    min_coverage: float | None = None
    tumor_sample: tuple[str, ...] = ()
    transcript_choice: str = "preferred"
    fasta: str | None = None
    merge: str = "union"
    samples: tuple[str, ...] = ()
    audit: bool = False

    def rule(self, panel: Panel, build: str, sample: str, merge: str | None = None) -> TmbRule:
        """Return the rule for one sample on a build."""
        territory = None if self.bed is None else Intervals.from_table(read_bed(self.bed, build=build))
        return compile_rule(
            panel,
            self.preset,
            build=build,
            mb=self.mb,
            territory=territory,
            callable_territory=self.callable_for(sample),
            merge=merge,
        )

    def rules(self, panel: Panel, build: str, samples: Sequence[str]) -> dict[str, TmbRule]:
        """Return the rule of each sample; it is one and the same unless each has its own coverage file."""
        if self.callable_path is not None and "{sample}" in self.callable_path:
            return {sample: self.rule(panel, build, sample) for sample in samples}
        return dict.fromkeys(samples, self.rule(panel, build, ""))

    def callable_for(self, sample: str) -> Intervals | None:
        """Return the callable bases of a sample, None where no coverage file is given."""
        if self.callable_path is None:
            return None
        return read_callable(self.callable_path.replace("{sample}", sample), self.min_coverage)


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
        rows = self.result.tmb.astype(object).to_dict("records")
        return f"{self.path}: {recognised}, {found['build']}; " + "; ".join(_row_summary(row) for row in rows)


def _row_summary(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["tmb"]):
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
    with ProcessPoolExecutor(max_workers=min(threads, len(names))) as pool:
        yield from _refuse_repeated_samples(pool.map(tmb_of_file, names, [chosen] * len(names)))


def tmb_of_file(path: str, settings: TmbSettings) -> FileResult:
    """Return the burden of one file, or its error; warnings are kept beside it."""
    return _guarded(path, lambda: _of_maf(path, settings) if _is_maf(path) else _of_vcf(path, settings))


def tmb_of_callers(paths: Sequence[str | os.PathLike[str]], settings: TmbSettings | None = None) -> FileResult:
    """Return the burden of one tumour from the VCFs of several callers, merged (see `variant_merge`)."""
    names = [os.fspath(path) for path in paths]
    return _guarded("+".join(names), lambda: _of_callers(names, settings or TmbSettings()))


def combine(results: Sequence[FileResult]) -> TmbResult:
    """Return the tables of all usable files as one."""
    done = [r.result for r in results if r.result is not None]
    if not done:
        return collect([])
    audits = [r.audit for r in done if r.audit is not None]
    return TmbResult(
        pd.concat([r.tmb for r in done], ignore_index=True),
        pd.concat([r.filter_counts for r in done], ignore_index=True),
        pd.concat(audits, ignore_index=True) if audits else None,
    )


def sources_table(results: Sequence[FileResult]) -> pd.DataFrame:
    """Return one row per file: what was recognised in it, or its error."""
    rows = [{"file": r.path, "error": None if r.error is None else str(r.error), **(r.source or {})} for r in results]
    return pd.DataFrame(rows)


def _guarded(path: str, work: Callable[[], tuple[TmbResult, dict[str, object]]]) -> FileResult:
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
        names = [] if outcome.result is None else outcome.result.tmb["sample_id"].tolist()
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
    return "Hugo_Symbol" in first.split("\t")


def _of_maf(path: str, settings: TmbSettings) -> tuple[TmbResult, dict[str, object]]:
    maf = read_maf(path)
    stated = "NCBI_Build" in maf.mutations and bool(maf.mutations["NCBI_Build"].notna().any())
    build = settings.build
    if build is None and not stated:
        build = _assume_build(path)
    names = maf.mutations["Tumor_Sample_Barcode"].dropna().unique()
    own = {str(name): settings.callable_for(str(name)) for name in names} if settings.callable_path else {}
    result = compute_tmb(
        maf.mutations,
        panel=settings.panel,
        preset=settings.preset,
        build=build,
        samples=settings.samples,
        mb=settings.mb,
        territory=None if settings.bed is None else Intervals.from_table(read_bed(settings.bed)),
        callable_territory={name: ground for name, ground in own.items() if ground is not None} or None,
        audit=settings.audit,
    )
    source = {
        "file": path, "caller": "MAF", "annotation": "MAF", "tumour": f"{len(result.tmb)} samples", "normal": None,
        "tumour_by": "Tumor_Sample_Barcode", "build": build or maf.mutations["NCBI_Build"].dropna().iloc[0],
        "n_records": len(maf.mutations),
    }  # fmt: skip
    return result, source


def _assume_build(path: str) -> str:
    warnings.warn(
        DataWarning(f"{path}: nothing names the genome build; {ASSUMED_BUILD} assumed (say it with --build)"),
        stacklevel=2,
    )
    return ASSUMED_BUILD


def _open(path: str, settings: TmbSettings, panel: Panel) -> AbstractContextManager[VcfReader]:
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
    with _open(path, settings, panel) as vcf:
        watch = BuildWatch(panel, vcf.build or _build_by_fasta(settings) or ASSUMED_BUILD, vcf.build is None)
        rules = settings.rules(panel, watch.build, vcf.columns.sample_ids)
        burdens = count_variants(vcf, rules, settings, panel, watch)
        watch.judge(vcf)
        check_annotation(vcf, burdens)
        warn_if_another_assay(path, burdens)
        return collect(burdens), describe_source(vcf, watch.build, settings)


def _build_by_fasta(settings: TmbSettings) -> str | None:
    return None if settings.fasta is None else build_of_fasta(settings.fasta)


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
    if settings.fasta is not None and not vcf.annotators:
        for variant in _annotated_here(vcf, vcf.variants(drop, gap), settings.fasta, panel.exons(watch.build)):
            burdens[variant.sample].add(variant)
    else:
        for variant in vcf.variants(drop, gap):
            burdens[variant.sample].add(variant, vcf.annotate)
    for burden in burdens.values():
        for name, n in vcf.dropped.items():
            burden.drop(name, n)
    return list(burdens.values())


def _annotated_here(vcf: VcfReader, variants: Iterator[Variant], fasta: str, exons: pd.DataFrame) -> list[Variant]:
    """Return the variants with consequences from the panel's gene models."""
    kept = []
    for variant in variants:
        vcf.annotate(variant)  # population frequencies that stand in INFO
        kept.append(variant)
    on_genes = Intervals.from_table(exons).padded(2).lookup()
    annotate_by_csq([v for v in kept if on_genes.overlaps(v.chromosome, v.start - 1, v.end)], fasta, exons)
    return kept


def _of_callers(paths: Sequence[str], settings: TmbSettings) -> tuple[TmbResult, dict[str, object]]:
    """Merge the calls of several callers inside the territory and count them once."""
    panel = load_panel(settings.panel)
    callsets: list[tuple[str, list[Variant]]] = []
    sources: list[dict[str, object]] = []
    dropped: dict[str, int] = {}
    rule: TmbRule | None = None
    sample = build = ""
    for path in paths:
        with _open(path, settings, panel) as vcf:
            if len(vcf.columns.sample_ids) != 1:
                names = ", ".join(vcf.columns.sample_ids)
                raise AmbiguousInputError(f"several tumours: {names}", path=path, hint="--tumor-sample NAME")
            if rule is None:
                build = vcf.build or _assume_build(path)
                sample = vcf.columns.sample_ids[0]
                rule = settings.rule(panel, build, sample, settings.merge)
            require_same_build(vcf.build, build, path=path)
            early = [] if settings.audit else rule.site_filters[:2]
            variants = list(_completed(vcf, early, settings, panel, build))
            callsets.append((_caller_name(vcf, [name for name, _ in callsets]), variants))
            sources.append(describe_source(vcf, build, settings))
            for name, n in vcf.dropped.items():
                dropped[name] = dropped.get(name, 0) + n
    if rule is None:
        raise AmbiguousInputError("no VCF to merge")
    accepted = caller_filter(settings.preset.accepted_filters or PASSING_FILTERS)
    burden = SampleBurden(sample, rule, settings.audit)
    for variant in merge_callers(callsets, lambda v: not accepted.fails(v)):
        burden.add(variant)
    for name, n in dropped.items():
        burden.drop(name, n)
    joined = {key: " + ".join(str(s[key]) for s in sources) for key in ("caller", "annotation", "tumour", "tumour_by")}
    n_records = sum(int(str(s["n_records"])) for s in sources)
    source = {"file": "+".join(paths), **joined, "normal": sources[0]["normal"], "build": build, "n_records": n_records}
    return collect([burden]), source


def _completed(
    vcf: VcfReader, drop: Sequence[tuple[str, Callable[..., bool]]], settings: TmbSettings, panel: Panel, build: str
) -> Iterator[Variant]:
    """Yield annotated variants under one sample name."""
    if settings.fasta is not None and not vcf.annotators:
        yield from _annotated_here(vcf, vcf.variants(drop), settings.fasta, panel.exons(build))
        return
    for variant in vcf.variants(drop):
        vcf.annotate(variant)
        yield variant


def _caller_name(vcf: VcfReader, taken: Sequence[str]) -> str:
    name = vcf.header.caller if vcf.header.callers else os.path.basename(vcf.path)
    return name if name not in taken else f"{name} ({os.path.basename(vcf.path)})"


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
    here = settings.fasta is not None and not vcf.annotators
    return {
        "file": vcf.path,
        "caller": vcf.header.caller,
        "annotation": ANNOTATOR_NAME if here else vcf.annotator,
        "tumour": ",".join(vcf.columns.tumours) or "-",
        "normal": ",".join(n for n in vcf.columns.normals if n) or None,
        "tumour_by": vcf.columns.evidence,
        "build": build,
        "build_stated": vcf.build is not None,
        "population_fields": len(vcf.population_fields),
        "n_records": vcf.n_records,
    }


def settings_from(
    *,
    preset: str = DEFAULT_PRESET,
    no_vaf_filter: bool = False,
    matched_wbc: bool = False,
    min_vaf: float | None = None,
    min_depth: int | None = None,
    min_alt_reads: int | None = None,
    hotspot_policy: str | None = None,
    max_population_af: float | None = None,
    accept_filter: Sequence[str] = (),
    **more: Any,
) -> TmbSettings:
    """Return settings with a preset that the given options change; options left at None keep the preset's.

    Raises
    ------
    UsageError
        If options contradict each other or are out of range.
    """
    if no_vaf_filter and min_vaf is not None:
        raise UsageError("--min-vaf and --no-vaf-filter contradict each other")
    rule = load_preset(preset).with_changes(
        min_vaf=min_vaf,
        min_depth=min_depth,
        min_alt_reads=min_alt_reads,
        hotspot_policy=hotspot_policy,
        max_population_af=max_population_af,
    )
    if accept_filter:
        rule = replace(rule, accepted_filters=tuple(dict.fromkeys((*rule.accepted_filters, *accept_filter))))
    if matched_wbc:
        rule = replace(rule, excluded_genes=())
    return TmbSettings(preset=rule.without_vaf() if no_vaf_filter else rule, **more)


def calibrate_tables(
    pairs: str | os.PathLike[str] | None,
    table: str | os.PathLike[str] | None,
    *,
    panel_column: str = "panel_tmb",
    exome_column: str = "wes_tmb",
    slope: float | None = None,
    intercept: float | None = None,
) -> pd.DataFrame:
    """Fit or take a calibration line; return it, or a burden table with calibrated values beside it.

    Parameters
    ----------
    pairs
        Table with one row per sample measured both ways; None takes ``slope`` and ``intercept``.
    table
        Table with a ``tmb`` column; None returns the line itself.
    panel_column, exome_column
        Columns of ``pairs``.
    slope, intercept
        A known line.

    Raises
    ------
    SchemaError
        If a column is absent or a value is no number.
    StatisticsError
        If no line can be fitted.
    """
    if pairs is not None:
        rows = _numbers(read_table(pairs), (panel_column, exome_column), pairs)
        line = fit_calibration(rows[panel_column], rows[exome_column])
    else:
        line = Calibration(float(slope or 0.0), float(intercept or 0.0))
    if table is None:
        return line.table()
    burdens = read_table(table)
    predicted = line.predict(_numbers(burdens, ("tmb",), table)["tmb"]).set_index(burdens.index)
    return pd.concat([burdens, predicted], axis=1)


def _numbers(table: pd.DataFrame, names: Sequence[str], path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return columns as numbers; a text that is no number is refused with its row."""
    columns = {}
    for name in names:
        if name not in table.columns:
            raise SchemaError(f"no column {name} (columns: {', '.join(map(str, table.columns))})", path=path)
        columns[name] = pd.to_numeric(table[name], errors="coerce").astype("Float64")
        wrong = (columns[name].isna() & table[name].notna()).to_numpy(dtype=bool).nonzero()[0]
        if len(wrong):
            value = table[name].iloc[int(wrong[0])]
            raise SchemaError(f"'{value}' is no number", path=path, line=int(wrong[0]) + 2, column=name)
    return pd.DataFrame(columns)
