"""Named predicates over variants: what a rule leaves out, and why.

A `VariantFilter` has a name, a test, and the stage at which it can be asked: from the site alone, once reads are known,
or once the annotation is.  A rule is a tuple of filters in the order in which they are asked.  The first one that a
variant fails is the reason it is counted under, so reasons add up to the variants left out; with a full audit every
failing filter is listed.  The same predicates serve a streaming reader and a table, so both give the same numbers.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from her2genomics.consequences import TRUNCATING_CLASSES
from her2genomics.intervals import Intervals
from her2genomics.variant import SMALL, Site, Variant

if TYPE_CHECKING:
    import pandas as pd

Stage = Literal["site", "reads", "annotation"]
PASSING_FILTERS: frozenset[str] = frozenset({"PASS", "."})
PART_OF_EVENT = "part_of_event"
"""Filter name of a substitution that is counted with its neighbour on the same haplotype."""
DUPLICATE = "duplicate"
"""Filter name of a repeated locus and allele; only a whole sample can tell, so it is asked last."""


@dataclass(frozen=True)
class VariantFilter:
    """One named reason to leave a variant out.

    Parameters
    ----------
    name
        Name in tables and audits.
    stage
        What has to be known: ``site``, ``reads`` or ``annotation``.
    fails
        True for a variant that is left out.  At stage ``site`` it takes a `Site`.
    meaning
        One phrase for readers.
    gap
        For a positional filter: the range around a position (first and last base, 1-based) in which every single-base
        substitution fails; ``(1, 0)`` where there is none.
    """

    name: str
    stage: Stage
    fails: Callable[..., bool]
    meaning: str
    gap: Callable[[str, int], tuple[int, int]] | None = None


@dataclass(frozen=True)
class Hotspots:
    """Recurrent residues, looked up by gene and protein change.

    Parameters
    ----------
    residues
        ``(gene, H1047)`` for substitutions and ``(gene, X187)`` for splice sites.
    ranges
        Gene to ``(first, last)`` residues of recurrent in-frame insertions and deletions.
    """

    residues: frozenset[tuple[str, str]]
    ranges: dict[str, tuple[tuple[int, int], ...]]

    @classmethod
    def from_table(cls, table: pd.DataFrame, min_tumours: int = 0) -> Hotspots:
        """Make the look-up from ``gene, residue, type`` and, where present, ``tumor_count``; see `from_rows`."""
        counts = table["tumor_count"] if "tumor_count" in table.columns else [min_tumours] * len(table)
        return cls.from_rows(zip(table["gene"], table["residue"], table["type"], counts, strict=True), min_tumours)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, str, str, int]], min_tumours: int = 0) -> Hotspots:
        """Make the look-up from gene, residue, type and number of tumours, optionally from a number on."""
        residues: set[tuple[str, str]] = set()
        ranges: dict[str, list[tuple[int, int]]] = {}
        for gene, residue, kind, n_tumours in rows:
            if n_tumours < min_tumours:
                continue
            if kind == "in-frame indel":
                first, _, last = str(residue).partition("-")
                ranges.setdefault(str(gene), []).append((int(first), int(last or first)))
            else:
                residues.add((str(gene), str(residue)))
        return cls(frozenset(residues), {gene: tuple(spans) for gene, spans in ranges.items()})

    def has(self, variant: Variant) -> bool:
        """Return True when the variant changes a recurrent residue in the way that recurs there."""
        gene, change = variant.gene, variant.hgvsp
        if not gene or not change:
            return False
        residue = _first_residue(change)
        if variant.classification in ("In_Frame_Del", "In_Frame_Ins"):
            span = _residue_span(change)
            return span is not None and any(
                span[0] <= last and span[1] >= first for first, last in self.ranges.get(gene, ())
            )
        if variant.classification in (
            "Missense_Mutation",
            "Nonsense_Mutation",
            "Translation_Start_Site",
            "Splice_Site",
            "Nonstop_Mutation",
        ):
            return (gene, residue) in self.residues
        return False


def _first_residue(change: str) -> str:
    """Return ``H1047`` of ``p.H1047R``, ``X187`` of ``p.X187_splice``.

    Examples
    --------
    >>> _first_residue("p.H1047R"), _first_residue("p.X187_splice"), _first_residue("p.?")
    ('H1047', 'X187', '')
    """
    text = change.removeprefix("p.").lstrip("(")
    digits = 1
    while digits < len(text) and text[digits].isdigit():
        digits += 1
    return text[:digits] if digits > 1 else ""


def _residue_span(change: str) -> tuple[int, int] | None:
    """Return first and last residue of an in-frame change.

    Examples
    --------
    >>> _residue_span("p.L755_T759del"), _residue_span("p.E746del"), _residue_span("p.?")
    ((755, 759), (746, 746), None)
    """
    places = [int(n) for n in re.findall(r"[A-Z*](\d+)", change.removeprefix("p.").split("ins")[0].split("del")[0])]
    return (min(places), max(places)) if places else None


def small_variants() -> VariantFilter:
    """Leave out structural alleles, ``*``, ``.`` and ``<NON_REF>``."""
    return VariantFilter("not_small_variant", "site", _not_small, "structural, or no alternate allele")


def _not_small(site: Site) -> bool:
    return site.kind != SMALL


def in_region(territory: Intervals, padding: int = 0) -> VariantFilter:
    """Leave out what does not touch the territory widened by ``padding`` bases."""
    table = territory.padded(padding).spans

    def outside(site: Site) -> bool:
        pair = table.get(site.chromosome)
        if pair is None:
            return True
        index = bisect_right(pair[0], site.end - 1) - 1
        return index < 0 or pair[1][index] < site.start

    def gap(chromosome: str, position: int) -> tuple[int, int]:
        starts, ends = table.get(chromosome, ([], []))
        index = bisect_right(starts, position - 1) - 1
        if index >= 0 and ends[index] >= position:
            return 1, 0
        first = ends[index] + 1 if index >= 0 else 1
        return first, starts[index + 1] if index + 1 < len(starts) else sys.maxsize

    return VariantFilter("region", "site", outside, f"outside the coding territory +-{padding} bp", gap)


def caller_filter(accepted: Iterable[str] = PASSING_FILTERS) -> VariantFilter:
    """Leave out variants whose FILTER has an entry that is not accepted."""
    names = frozenset(accepted)

    def fails(site: Site) -> bool:
        text = site.filters
        return text not in names and not all(name in names for name in text.split(";"))

    return VariantFilter("caller_filter", "site", fails, f"FILTER is not {' or '.join(sorted(names))}")


def caller_germline() -> VariantFilter:
    """Leave out what the caller itself calls germline or loss of heterozygosity (VarScan2 SS, VarDict STATUS)."""
    return VariantFilter(
        "caller_germline", "reads", lambda v: v.caller_status in ("germline", "loh"), "the caller says germline or LOH"
    )


def called_in_sample() -> VariantFilter:
    """Leave out variants of other samples of the file."""
    return VariantFilter("not_in_sample", "reads", lambda v: not v.called, "this sample's genotype lacks the allele")


def known_vaf() -> VariantFilter:
    """Leave out variants without a tumour allele fraction."""
    return VariantFilter("no_tumour_vaf", "reads", lambda v: v.vaf is None, "no tumour allele fraction")


def min_vaf(threshold: float) -> VariantFilter:
    """Leave out allele fractions below the threshold (which itself is kept)."""
    return VariantFilter(
        "low_vaf", "reads", lambda v: v.vaf is not None and v.vaf < threshold, f"allele fraction below {threshold:g}"
    )


def min_depth(reads: int) -> VariantFilter:
    """Leave out positions with fewer reads; an unknown depth is kept."""
    return VariantFilter(
        "low_depth", "reads", lambda v: v.depth is not None and v.depth < reads, f"depth below {reads}"
    )


def min_alt_reads(reads: int) -> VariantFilter:
    """Leave out variants on fewer reads; an unknown count is kept."""
    return VariantFilter(
        "low_alt_reads",
        "reads",
        lambda v: v.alt_count is not None and v.alt_count < reads,
        f"variant on fewer than {reads} reads",
    )


def one_call() -> VariantFilter:
    """Leave out calls that another caller's call of the same variant stands for."""
    return VariantFilter("merged_call", "reads", lambda v: v.merged, "the same call by another caller")


def called_by_all() -> VariantFilter:
    """Leave out variants that some of the merged callers lack."""
    return VariantFilter("not_all_callers", "reads", lambda v: not v.all_callers, "some of the callers lack it")


def one_event() -> VariantFilter:
    """Leave out the partners of a compound event that another record carries (bcftools csq ``@POS``)."""
    return VariantFilter(
        PART_OF_EVENT, "annotation", lambda v: v.part_of is not None, "counted with its compound event"
    )


def annotated() -> VariantFilter:
    """Leave out variants without a consequence."""
    return VariantFilter("not_annotated", "annotation", lambda v: not v.classification, "no consequence annotation")


def counted_class(classes: Iterable[str]) -> VariantFilter:
    """Leave out consequence classes that the rule does not count."""
    names = frozenset(classes)
    return VariantFilter(
        "consequence",
        "annotation",
        lambda v: bool(v.classification) and v.classification not in names,
        "consequence not counted",
    )


def not_germline(
    max_pop_af: float | None, *, max_pop_ac: int | None = None, max_tumour_vaf: float | None = None,
    rescue: Callable[[Variant], bool] = lambda _: False,
) -> VariantFilter:  # fmt: skip
    """Leave out likely germline variants; without population annotation a variant is unknown, and kept.

    Parameters
    ----------
    max_pop_af
        Population allele frequency from which a variant is germline [0-1], inclusive.
    max_pop_ac
        Population allele count from which it is germline; where a count is annotated it decides instead of the
        frequency.
    max_tumour_vaf
        Tumour allele fraction above which a variant is taken for germline.
    rescue
        True for variants that are somatic whatever the population says (hotspots, known somatic sites).
    """

    def fails(v: Variant) -> bool:
        common = v.pop_af is not None and max_pop_af is not None and v.pop_af >= max_pop_af
        if max_pop_ac is not None and v.pop_ac is not None:
            common = v.pop_ac >= max_pop_ac
        homozygous = max_tumour_vaf is not None and v.vaf is not None and v.vaf > max_tumour_vaf
        return (common or homozygous) and not rescue(v)

    return VariantFilter("germline", "annotation", fails, "common in a population database")


def outside_genes(genes: Iterable[str]) -> VariantFilter:
    """Leave out clonal-haematopoiesis genes (plasma without matched blood)."""
    names = frozenset(genes)
    return VariantFilter(
        "ch_gene", "annotation", lambda v: v.gene in names, f"clonal haematopoiesis: {', '.join(sorted(names))}"
    )


def not_hotspot(hotspots: Hotspots) -> VariantFilter:
    """Leave out recurrent hot mutations."""
    return VariantFilter("hotspot", "annotation", hotspots.has, "hot mutation (recurrent residue)")


def not_driver(hotspots: Hotspots, suppressors: Iterable[str]) -> VariantFilter:
    """Leave out known or likely drivers: hot mutations, and truncations of tumour suppressors."""
    genes = frozenset(suppressors)

    def fails(v: Variant) -> bool:
        truncating = v.classification in TRUNCATING_CLASSES or v.classification == "Splice_Site"
        return hotspots.has(v) or (truncating and v.gene in genes)

    return VariantFilter("driver", "annotation", fails, "known or likely driver")


def no_mnv() -> VariantFilter:
    """Leave out substitutions of several neighbouring bases."""
    return VariantFilter("mnv", "annotation", lambda v: len(v.ref) == len(v.alt) > 1, "substitution of several bases")


def not_recurrent(max_cosmic: int, frequent: Hotspots) -> VariantFilter:
    """Leave out variants with this COSMIC count or more; without a count, residues as recurrent in cancerhotspots."""

    def fails(v: Variant) -> bool:
        return v.cosmic_count >= max_cosmic if v.cosmic_count is not None else frequent.has(v)

    return VariantFilter("recurrent", "annotation", fails, f"COSMIC count of {max_cosmic} or more")


def failed_filters(variant: Variant, filters: Sequence[VariantFilter]) -> list[str]:
    """Return the names of all filters that the variant fails, in order."""
    return [f.name for f in filters if f.fails(variant)]


def first_failed(variant: Variant, filters: Sequence[VariantFilter]) -> str | None:
    """Return the first filter that the variant fails, or None."""
    for f in filters:
        if f.fails(variant):
            return f.name
    return None


@dataclass
class Attrition:
    """Counts per filter of one sample.

    Parameters
    ----------
    removed
        First failed filter to number of variants; sums to the variants left out.
    failed, only
        Filter to number that fail it, and that fail nothing else (filled with a full audit).
    """

    removed: Counter[str]
    failed: Counter[str]
    only: Counter[str]

    @classmethod
    def new(cls) -> Attrition:
        """Return zero counts."""
        return cls(Counter(), Counter(), Counter())

    def add(self, reasons: Sequence[str], *, complete: bool = True) -> None:
        """Count one variant that fails all of these; without ``complete`` only the first one is known."""
        self.removed[reasons[0]] += 1
        if not complete:
            return
        self.failed.update(reasons)
        if len(reasons) == 1:
            self.only[reasons[0]] += 1

    def rows(self, sample_id: str, names: Sequence[str], *, complete: bool) -> list[dict[str, object]]:
        """Return the counts as ``filter_counts`` rows; ``n_failed`` is missing unless every filter was asked."""
        return [
            {
                "sample_id": sample_id,
                "filter": name,
                "n_removed": self.removed[name],
                "n_failed": self.failed[name] if complete else None,
                "n_failed_only_this": self.only[name] if complete else None,
            }
            for name in names
        ]
