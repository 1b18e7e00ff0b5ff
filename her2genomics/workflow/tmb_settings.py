"""What applies to every file of a burden run: panel, rule, territory, tumour column."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from her2genomics.exceptions import DataWarning, FileFormatError, UsageError
from her2genomics.genome import normalise_build
from her2genomics.intervals import Intervals
from her2genomics.io.vcf import VcfReader
from her2genomics.panel import DEFAULT_PANEL, Panel, load_panel
from her2genomics.tmb_presets import DEFAULT_PRESET, TmbPreset, load_preset
from her2genomics.tmb_rule import TmbRule, compile_rule

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
        return compile_rule(
            panel,
            self.preset,
            build=build,
            mb=self.mb,
            territory=self.territory(build),
            callable_territory=self.callable_for(sample),
            merge=merge,
        )

    def rules(self, panel: Panel, build: str, samples: Sequence[str]) -> dict[str, TmbRule]:
        """Return the rule of each sample; it is one and the same unless each has its own coverage file."""
        if self.callable_path is not None and "{sample}" in self.callable_path:
            return {sample: self.rule(panel, build, sample) for sample in samples}
        return dict.fromkeys(samples, self.rule(panel, build, ""))

    def territory(self, build: str | None) -> Intervals | None:
        """Return the coding territory that replaces the panel's, if any."""
        if self.bed is None:
            return None
        from her2genomics.io.panels import read_bed

        return Intervals.from_table(read_bed(self.bed, build=build))

    def annotates(self, vcf: VcfReader) -> bool:
        """Return whether a VCF without annotation is annotated here."""
        return self.fasta is not None and not vcf.annotators

    def callable_for(self, sample: str) -> Intervals | None:
        """Return the callable bases of a sample, None where no coverage file is given."""
        if self.callable_path is None:
            return None
        from her2genomics.io.callable_regions import read_callable

        return read_callable(self.callable_path.replace("{sample}", sample), self.min_coverage)


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
    samples_path: str | os.PathLike[str] | None = None,
    panel: str = DEFAULT_PANEL,
    build: str | None = None,
    mb: float | None = None,
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
    if mb is not None and not 0 < mb < float("inf"):
        raise UsageError(f"the denominator has to be a positive number of Mb, not {mb}", hint="--mb 1.003")
    load_panel(panel)
    if more.get("fasta") is not None and not os.path.isfile(more["fasta"]):
        raise FileFormatError("no such FASTA", path=more["fasta"])
    if samples_path is not None:
        from her2genomics.io.tables import read_sample_list

        more["samples"] = tuple(read_sample_list(samples_path))
    chosen = rule.without_vaf() if no_vaf_filter else rule
    return TmbSettings(panel, chosen, None if build is None else normalise_build(build), mb, **more)


def assume_build(path: str) -> str:
    """Return the build that a file without any is taken for, and say so."""
    warnings.warn(
        DataWarning(f"{path}: nothing names the genome build; {ASSUMED_BUILD} assumed (say it with --build)"),
        stacklevel=2,
    )
    return ASSUMED_BUILD
