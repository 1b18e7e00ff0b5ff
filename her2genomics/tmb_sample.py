"""One sample's burden, variant by variant: counts, reasons, highest allele fraction, and what looks odd.

`SampleBurden.add` takes a variant whose annotation may still be open and asks the rule's filters in their order, so a
stream of any length needs little memory: kept are the counted variants only, for duplicates and phased neighbours.
Two reasons need the whole sample and are decided in an order-independent way: a repeated locus and allele is a
duplicate, and substitutions of neighbouring bases that the caller phased to one haplotype are one event.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from her2genomics.consequences import NONSYNONYMOUS_CLASSES
from her2genomics.tmb_interval import burden_category, burden_interval
from her2genomics.tmb_rule import TmbRule
from her2genomics.variant import Variant
from her2genomics.variant_filters import DUPLICATE, PART_OF_EVENT, Attrition, VariantFilter

EVALUABLE = "evaluable"
NO_VARIANT = "not evaluable: no somatic variant"
NO_TUMOUR_VAF = "not evaluable: no tumour AF"
DEAMINATION_VAF = (0.02, 0.10)
"""Allele fractions in which formalin damage shows, inclusive [0-1]."""
DEAMINATION_MIN_COUNT, DEAMINATION_SHARE = 5, 0.7
"""A sample is flagged when at least this share of at least so many such substitutions is C>T or G>A."""
SWAP_MIN_COUNT, SWAP_SHARE = 10, 0.5
"""A swap is flagged when at least this share of at least so many variants has the higher fraction in the normal."""
GERMLINE_LIKE_VAF = ((0.4, 0.6), (0.9, 1.0))
GERMLINE_LIKE_SHARE = 0.8
"""A sample looks germline when this share of its somatic variants has a heterozygous or homozygous allele fraction."""


@dataclass
class Looks:
    """What the reads of a sample look like, whatever counts in the end."""

    n_asked: int = 0
    n_with_vaf: int = 0
    n_paired: int = 0
    n_higher_in_normal: int = 0
    n_somatic: int = 0
    n_germline_like: int = 0
    max_vaf: float | None = None

    def see_reads(self, variant: Variant) -> None:
        """Look at a small variant of the territory before its allele fraction decides."""
        self.n_asked += 1
        if variant.vaf is None:
            return
        self.n_with_vaf += 1
        if variant.n_alt_count is not None and variant.n_depth:
            self.n_paired += 1
            self.n_higher_in_normal += variant.n_alt_count / variant.n_depth > max(variant.vaf, 0.1)

    def see_somatic(self, variant: Variant) -> None:
        """Look at a somatic variant, hot mutations included."""
        self.n_somatic += 1
        if variant.vaf is not None:
            self.max_vaf = variant.vaf if self.max_vaf is None else max(self.max_vaf, variant.vaf)
            self.n_germline_like += any(low <= variant.vaf <= high for low, high in GERMLINE_LIKE_VAF)

    def flags(self) -> list[str]:
        """Return flags of samples that look swapped or germline."""
        found = []
        if self.n_paired >= SWAP_MIN_COUNT and self.n_higher_in_normal >= SWAP_SHARE * self.n_paired:
            found.append("TUMOUR_NORMAL_SWAP")
        if self.n_somatic >= SWAP_MIN_COUNT and self.n_germline_like >= GERMLINE_LIKE_SHARE * self.n_somatic:
            found.append("GERMLINE_LIKE_AF")
        return found


@dataclass
class SampleBurden:
    """Counts the variants of one sample, one at a time.

    Parameters
    ----------
    sample_id
        Identifier in the result tables.
    rule
        The compiled rule.
    audit
        Keep every variant with its reasons, and ask every filter of every variant.
    has_vaf_source
        False for a file that cannot state a tumour allele fraction.
    """

    sample_id: str
    rule: TmbRule
    audit: bool = False
    has_vaf_source: bool = True
    n_input: int = 0
    looks: Looks = field(default_factory=Looks)
    attrition: Attrition = field(default_factory=Attrition.new)
    rows: list[tuple[Variant, list[str]]] = field(default_factory=list)
    _counted: dict[tuple[str, int, str, str], tuple[Variant, list[str]]] = field(default_factory=dict)
    _joined: bool = False

    def drop(self, name: str, n: int = 1) -> None:
        """Count variants that a reader has dropped by a site filter."""
        self.n_input += n
        self.attrition.removed[name] += n

    def add(self, variant: Variant, annotate: Callable[[Variant], None] | None = None) -> None:
        """Count or leave out one variant.

        Parameters
        ----------
        variant
            The variant; its annotation may still be open.
        annotate
            Fills the annotation in; called only when the filters before it leave the variant in, or with an audit.
        """
        self.n_input += 1
        reasons = self._reasons(variant, annotate)
        if not reasons and variant.key in self._counted:
            reasons.append(DUPLICATE)
        if reasons:
            self.attrition.add(reasons, complete=self.audit)
        else:
            self._counted[variant.key] = variant, reasons
        if self.audit:
            self.rows.append((variant, reasons))

    def _reasons(self, variant: Variant, annotate: Callable[[Variant], None] | None) -> list[str]:
        """Return why a variant is left out: every reason with an audit, else the first."""
        at_site, on_reads, on_origin, on_count = self.rule.phases
        reasons: list[str] = []
        if self._fails(at_site, variant, reasons):
            return reasons
        if not reasons:
            self.looks.see_reads(variant)
        if self._fails(on_reads, variant, reasons):
            return reasons
        if annotate is not None:
            annotate(variant)
        if self._fails(on_origin, variant, reasons):
            return reasons
        if not reasons:
            self.looks.see_somatic(variant)
        self._fails(on_count, variant, reasons)
        return reasons

    def _fails(self, phase: Sequence[VariantFilter], variant: Variant, reasons: list[str]) -> bool:
        """Add the failed filters of a phase to the reasons; True when no further question is needed."""
        for test in phase:
            if test.fails(variant):
                reasons.append(test.name)
                if not self.audit:
                    return True
        return False

    def counted(self) -> list[Variant]:
        """Return the counted variants, phased neighbours joined to one event."""
        if not self._joined:
            self._joined = True
            for variant in _event_partners([variant for variant, _ in self._counted.values()]):
                _, reasons = self._counted.pop(variant.key)
                reasons.append(PART_OF_EVENT)
                self.attrition.add(reasons)
        return [variant for variant, _ in self._counted.values()]

    def row(self) -> dict[str, Any]:
        """Return the sample's `schema.TMB` row."""
        counted, rule, mb = self.counted(), self.rule, self.rule.denominator_mb
        status = self._status()
        n = None if status == NO_TUMOUR_VAF else len(counted)
        numbers = dict.fromkeys(burden_interval(0, mb)) if n is None else burden_interval(n, mb)
        low_vaf, damaged = _deamination(counted)
        return {
            "sample_id": self.sample_id,
            "n_counted": n,
            "denominator_mb": mb,
            "denominator_source": rule.denominator_source,
            **numbers,
            "max_vaf": self.looks.max_vaf,
            "n_unknown_germline": sum(v.pop_af is None and v.pop_ac is None for v in counted),
            "frac_in_panel": self.frac_in_panel,
            "status": status,
            "category": self._category(n, status),
            "n_input": self.n_input,
            "n_nonsynonymous": None if n is None else sum(v.classification in NONSYNONYMOUS_CLASSES for v in counted),
            "n_deamination": damaged,
            "frac_deamination": damaged / low_vaf if low_vaf else None,
            "tmb_without_deamination": None if n is None else (n - damaged) / mb,
            "flags": ";".join(self._flags(counted, low_vaf, damaged)),
            "preset": rule.preset.name,
            "definition": rule.definition,
        }

    @property
    def frac_in_panel(self) -> float | None:
        """Share of the small variants that touch the territory [0-1]."""
        removed = self.attrition.removed
        small = self.n_input - removed["not_small_variant"]
        return (small - removed["region"]) / small if small else None

    def _status(self) -> str:
        preset, mb = self.rule.preset, self.rule.denominator_mb
        if self.rule.denominator_source == "callable" and mb < preset.min_callable_mb:
            return f"not evaluable: callable territory {mb:.3f} Mb < {preset.min_callable_mb:g} Mb"
        unknown = self.looks.n_asked > 0 and self.looks.n_with_vaf == 0
        if preset.min_vaf is not None and (unknown or not self.has_vaf_source):
            return NO_TUMOUR_VAF
        if self.looks.n_somatic == 0:
            return NO_VARIANT
        highest = self.looks.max_vaf or 0.0
        if preset.min_max_vaf is not None and highest < preset.min_max_vaf:
            return f"not evaluable: maxAF {100 * highest:.3g} % < {100 * preset.min_max_vaf:g} %"
        return EVALUABLE

    def _category(self, n: int | None, status: str) -> str | None:
        high_from = self.rule.preset.high_from
        if high_from is None or n is None or status != EVALUABLE:
            return None
        return burden_category(n, self.rule.denominator_mb, high_from)

    def _flags(self, counted: list[Variant], low_vaf: int, damaged: int) -> list[str]:
        flags = self.looks.flags()
        if low_vaf >= DEAMINATION_MIN_COUNT and damaged >= DEAMINATION_SHARE * low_vaf:
            flags.append("DEAMINATION")
        if counted and all(v.pop_af is None and v.pop_ac is None for v in counted):
            flags.append("GERMLINE_UNKNOWN")
        changes = [v for v in counted if v.classification == "Missense_Mutation"]
        if changes and not any(v.hgvsp for v in changes):
            flags.append("HOTSPOTS_UNKNOWN")
        if self.rule.denominator_mb < self.rule.preset.min_callable_mb:
            flags.append("SMALL_TERRITORY")
        return flags


def _deamination(counted: list[Variant]) -> tuple[int, int]:
    """Return the substitutions with a low allele fraction, and how many of them are C>T or G>A."""
    low, high = DEAMINATION_VAF
    changes = Counter(
        v.ref + v.alt
        for v in counted
        if len(v.ref) == len(v.alt) == 1 and "-" not in v.ref + v.alt and v.vaf is not None and low <= v.vaf <= high
    )
    return changes.total(), changes["CT"] + changes["GA"]


def _event_partners(counted: list[Variant]) -> list[Variant]:
    """Return all but the first of neighbouring substitutions on one phased haplotype."""
    haplotypes: dict[tuple[str, str], list[Variant]] = defaultdict(list)
    for v in counted:
        if v.phase_set is not None and len(v.ref) == len(v.alt) and "-" not in v.ref:
            haplotypes[v.chromosome, v.phase_set].append(v)
    partners = []
    for variants in haplotypes.values():
        variants.sort(key=lambda v: v.start)
        partners += [b for a, b in pairwise(variants) if b.start == a.end + 1]
    return partners
