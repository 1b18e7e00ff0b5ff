"""A preset made concrete for a panel and a build: ordered filters, territory, denominator, and the rule in words.

The order of the filters is part of the definition: those before `TmbRule.n_somatic` decide whether a variant is a
somatic variant of the territory at all (the highest allele fraction of a sample is taken over these, hot mutations
included), those behind it decide whether a somatic variant counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

from her2genomics.exceptions import UsageError
from her2genomics.genome import normalise_build
from her2genomics.intervals import Intervals
from her2genomics.panel import DEFAULT_PANEL, Panel, load_panel
from her2genomics.tmb_presets import DEFAULT_PRESET, TmbPreset, load_preset
from her2genomics.variant import Site, Variant
from her2genomics.variant_filters import (
    DUPLICATE,
    PART_OF_EVENT,
    Hotspots,
    VariantFilter,
    annotated,
    called_by_all,
    called_in_sample,
    caller_filter,
    caller_germline,
    counted_class,
    in_region,
    known_vaf,
    min_alt_reads,
    min_depth,
    min_vaf,
    no_mnv,
    not_driver,
    not_germline,
    not_hotspot,
    not_recurrent,
    one_call,
    one_event,
    outside_genes,
    small_variants,
)

MERGES: tuple[str | None, ...] = (None, "union", "intersection")


@dataclass(frozen=True)
class TmbRule:
    """What applies to every variant of a sample.

    Parameters
    ----------
    preset
        The rule set.
    build
        Genome build of the territory.
    filters
        All filters, in the order in which they are asked.
    n_somatic
        How many of them, from the start, decide whether a variant is somatic.
    territory
        Bases that the count is over, without padding.
    denominator_mb, denominator_source
        What is divided by [Mb], and where it comes from.
    definition
        The rule in words.
    """

    preset: TmbPreset
    build: str
    filters: tuple[VariantFilter, ...]
    n_somatic: int
    territory: Intervals
    denominator_mb: float
    denominator_source: str
    definition: str

    @cached_property
    def phases(self) -> tuple[tuple[VariantFilter, ...], ...]:
        """The filters in the four groups between which something happens.

        Behind the first the reads are looked at, behind the second the annotation is parsed, behind the third a variant
        is known to be somatic.
        """
        stages = [f.stage for f in self.filters]
        reads = stages.index("reads", max(i for i, stage in enumerate(stages) if stage == "site"))
        annotation = stages.index("annotation")
        cuts = (0, reads, annotation, self.n_somatic, len(self.filters))
        return tuple(self.filters[start:end] for start, end in pairwise(cuts))

    @property
    def site_filters(self) -> list[tuple[str, Callable[[Site], bool]]]:
        """Name and test of the filters that need the site only, for a reader to drop records early."""
        return [(f.name, f.fails) for f in self.filters if f.stage == "site"]

    @property
    def gap(self) -> tuple[str, Callable[[str, int], tuple[int, int]]] | None:
        """Name and gap finder of the positional filter, for a reader to skip what lies between the exons."""
        return next(((f.name, f.gap) for f in self.filters if f.gap is not None), None)

    @property
    def filter_names(self) -> list[str]:
        """Names of all filters, in order; the last two are decided over the whole sample."""
        return [*(f.name for f in self.filters if f.name != PART_OF_EVENT), PART_OF_EVENT, DUPLICATE]


def compile_rule(
    panel: Panel | str = DEFAULT_PANEL,
    preset: TmbPreset | str = DEFAULT_PRESET,
    *,
    build: str = "hg19",
    mb: float | None = None,
    territory: Intervals | None = None,
    callable_territory: Intervals | None = None,
    merge: str | None = None,
) -> TmbRule:
    """Make a preset concrete for a panel and a build.

    The denominator is, in this order: ``mb`` (explicit), the size of the callable part of the territory (callable), the
    size of a territory given instead of the panel's (bed), the preset's or the panel's published figure (panel), and,
    for a panel without one, the size of its own coding BED (bed).

    Parameters
    ----------
    panel
        Panel, its name, or its folder.
    preset
        Rule set, its name, or its file.
    build
        Genome build.
    mb
        Denominator [Mb] that overrides everything.
    territory
        Coding territory that replaces the panel's.
    callable_territory
        Bases with enough depth; variants elsewhere do not count.
    merge
        For merged callers, ``union`` or ``intersection``: the latter leaves out what only some of them call.

    Raises
    ------
    UsageError
        If ``mb`` is not positive, or no base of the territory is left.
    BuildMismatchError
        If the panel has no coding territory on the build.

    Examples
    --------
    >>> rule = compile_rule(preset="tso500-like")
    >>> rule.denominator_mb, rule.denominator_source
    (1.94, 'panel')
    """
    panel = panel if isinstance(panel, Panel) else load_panel(panel)
    chosen = load_preset(preset)
    build = normalise_build(build)
    if merge not in MERGES:
        raise UsageError(f"unknown merge '{merge}'", hint="use one of: union, intersection")
    if mb is not None and not 0 < mb < float("inf"):
        raise UsageError(f"the denominator has to be a positive number of Mb, not {mb}", hint="--mb 1.003")
    known = _knowledge(panel.folder, build)
    ground = known.coding if territory is None else territory
    if callable_territory is not None:
        ground = ground.intersect(callable_territory)
    if ground.total_bp == 0:
        raise UsageError(
            "no base of the coding territory is left", hint="is the BED of the panel's build and chromosomes?"
        )
    size, source = _denominator(panel, chosen, build, ground, mb, territory is not None, callable_territory is not None)
    own_ground = territory is not None or callable_territory is not None
    padding = chosen.padding_bp
    region = in_region(ground, padding) if own_ground else _panel_region(panel.folder, build, padding)
    somatic, counting = _somatic_filters(chosen, region, known), _counting_filters(chosen, known)
    if merge is not None:
        somatic[2:2] = [one_call(), *([called_by_all()] if merge == "intersection" else [])]
    words = define(chosen, panel.id, size, source)
    return TmbRule(chosen, build, (*somatic, *counting), len(somatic), ground, size, source, words)


def _denominator(
    panel: Panel, preset: TmbPreset, build: str, ground: Intervals, mb: float | None, own_bed: bool, own_callable: bool
) -> tuple[float, str]:
    if mb is not None:
        return float(mb), "explicit"
    if own_callable:
        return ground.total_bp / 1e6, "callable"
    if own_bed:
        return ground.total_bp / 1e6, "bed"
    figure = preset.denominator_mb or panel.coding_mb
    return (figure, "panel") if figure else (panel.coding_bed_mb(build), "bed")


@dataclass(frozen=True)
class _Knowledge:
    """What a panel knows on a build; read once per process."""

    coding: Intervals
    hotspot_rows: tuple[tuple[str, str, str, int], ...]
    hotspots: Hotspots
    somatic_sites: Intervals

    def is_somatic(self, variant: Variant) -> bool:
        """Return True for variants that are somatic whatever a population database says."""
        known_site = self.somatic_sites.overlaps(variant.chromosome, variant.start - 1, variant.end)
        return known_site or self.hotspots.has(variant)


@lru_cache(maxsize=16)
def _knowledge(folder: Path, build: str) -> _Knowledge:
    panel = load_panel(folder)
    rows = panel.hotspot_rows
    sites = panel.known_somatic_sites(build)
    return _Knowledge(panel.coding(build), rows, Hotspots.from_rows(rows), sites)


@lru_cache(maxsize=16)
def _panel_region(folder: Path, build: str, padding: int) -> VariantFilter:
    return in_region(_knowledge(folder, build).coding, padding)


def _somatic_filters(preset: TmbPreset, region: VariantFilter, known: _Knowledge) -> list[VariantFilter]:
    filters = [small_variants(), region, caller_filter(preset.accepted_filters)]
    filters += [caller_germline(), called_in_sample()]
    if preset.min_vaf is not None:
        filters += [known_vaf(), min_vaf(preset.min_vaf)]
    if preset.min_depth is not None:
        filters.append(min_depth(preset.min_depth))
    if preset.min_alt_reads is not None:
        filters.append(min_alt_reads(preset.min_alt_reads))
    filters.append(
        not_germline(
            preset.max_population_af,
            max_pop_ac=preset.max_population_ac,
            max_tumour_vaf=preset.max_tumour_vaf,
            rescue=known.is_somatic if preset.rescue_hotspots else _never,
        )
    )
    if preset.excluded_genes:
        filters.append(outside_genes(preset.excluded_genes))
    return filters


def _counting_filters(preset: TmbPreset, known: _Knowledge) -> list[VariantFilter]:
    filters = [one_event(), annotated(), counted_class(preset.classes)]
    if not preset.count_mnv:
        filters.append(no_mnv())
    if preset.hotspot_policy == "exclude":
        filters.append(not_hotspot(known.hotspots))
    if preset.drop_drivers:
        filters.append(not_driver(known.hotspots, preset.tumour_suppressors))
    if preset.max_cosmic_count is not None:
        frequent = Hotspots.from_rows(known.hotspot_rows, preset.max_cosmic_count)
        filters.append(not_recurrent(preset.max_cosmic_count, frequent))
    return filters


def _never(_: Variant) -> bool:
    return False


def define(preset: TmbPreset, panel_id: str, mb: float, source: str) -> str:
    """Return the rule in one line, as it is applied."""
    synonymous = " and synonymous" if "Silent" in preset.classes else ""
    splice = "" if "Splice_Site" in preset.classes else " (splice sites not counted)"
    parts = [f"non-synonymous{synonymous} SNV and indel{splice} in coding +-{preset.padding_bp} bp of panel {panel_id}"]
    parts.append("any allele fraction" if preset.min_vaf is None else f"AF >= {100 * preset.min_vaf:g} %")
    if preset.min_depth is not None:
        parts.append(f"depth >= {preset.min_depth}")
    if preset.min_alt_reads is not None:
        parts.append(f"variant reads >= {preset.min_alt_reads}")
    parts.append(f"FILTER {' or '.join(preset.accepted_filters)}")
    parts.append(_germline_words(preset))
    parts.append("hot mutations excluded" if preset.hotspot_policy == "exclude" else "hot mutations included")
    if preset.drop_drivers:
        parts.append("known and likely drivers excluded")
    if preset.max_cosmic_count is not None:
        parts.append(f"COSMIC count >= {preset.max_cosmic_count} excluded")
    if not preset.count_mnv:
        parts.append("MNV excluded")
    if preset.excluded_genes:
        parts.append(f"without {', '.join(preset.excluded_genes)}")
    if preset.min_max_vaf is not None:
        parts.append(f"evaluable from maxAF {100 * preset.min_max_vaf:g} %")
    return f"{preset.name}: {'; '.join(parts)}; / {mb:.6g} Mb ({source})"


def _germline_words(preset: TmbPreset) -> str:
    rules = [] if preset.max_population_af is None else [f"population AF >= {preset.max_population_af:g}"]
    if preset.max_population_ac is not None:
        rules.append(f"population AC >= {preset.max_population_ac} (where annotated, instead of AF)")
    if preset.max_tumour_vaf is not None:
        rules.append(f"AF > {100 * preset.max_tumour_vaf:g} %")
    rescued = " (hot mutations rescued)" if preset.rescue_hotspots else ""
    return f"germline by {' or '.join(rules)} excluded{rescued}" if rules else "no germline filter"
