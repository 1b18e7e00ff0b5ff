"""Several callers of one tumour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from her2genomics.variant import Variant
from her2genomics.variant_merge import merge_callers


def snv(pos, filters="PASS", ref="C", alt="T", **more) -> Variant:
    return Variant("chr1", pos, pos + len(ref) - 1, ref, alt, filters, **more)


def passes(v: Variant) -> bool:
    return v.filters == "PASS"


def kept(merged) -> list[tuple[int, str, str, bool]]:
    return sorted((v.start, v.alt, v.callers, v.all_callers) for v in merged if not v.merged)


def test_the_same_variant_is_kept_once_from_the_first_caller_that_passes_it():
    a, b = snv(5, "weak", vaf=0.1), snv(5, vaf=0.3)
    merged = merge_callers([("A", [a]), ("B", [b])], passes)
    assert len(merged) == 2
    assert kept(merged) == [(5, "T", "B", False)]
    assert b.merged is False
    assert b.vaf == 0.3


def test_all_callers_only_when_every_one_passes_it():
    merged = merge_callers([("A", [snv(5), snv(9)]), ("B", [snv(5)])], passes)
    assert kept(merged) == [(5, "T", "A+B", True), (9, "T", "A", False)]


def test_a_variant_that_no_caller_passes_keeps_its_names_and_is_of_no_full_agreement():
    merged = merge_callers([("A", [snv(5, "x")]), ("B", [snv(5, "y")])], passes)
    assert kept(merged) == [(5, "T", "A+B", False)]


def test_single_substitutions_are_part_of_another_callers_longer_one():
    merged = merge_callers(
        [("M", [snv(5, ref="AG", alt="CT")]), ("S", [snv(5, ref="A", alt="C"), snv(6, ref="G", alt="T")])], passes
    )
    assert kept(merged) == [(5, "CT", "M+S", True)]


def test_half_of_a_longer_substitution_is_no_agreement():
    merged = merge_callers([("M", [snv(5, ref="AG", alt="CT")]), ("S", [snv(5, ref="A", alt="C")])], passes)
    assert kept(merged) == [(5, "CT", "M", False)]


def test_other_alleles_and_places_stay_apart():
    merged = merge_callers([("A", [snv(5), snv(6)]), ("B", [snv(5, alt="G")])], passes)
    assert [(start, alt) for start, alt, _, _ in kept(merged)] == [(5, "G"), (5, "T"), (6, "T")]


def test_a_repeated_call_of_one_caller_is_merged_too():
    assert kept(merge_callers([("A", [snv(5), snv(5)]), ("B", [])], passes)) == [(5, "T", "A", False)]


def test_population_annotation_is_taken_from_whoever_has_it():
    merged = merge_callers([("A", [snv(5)]), ("B", [snv(5, pop_af=0.2)])], passes)
    assert next(v for v in merged if not v.merged).pop_af == 0.2


SITES = st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["PASS", "weak"])), max_size=8)


@given(SITES, SITES)
def test_union_is_the_set_union_and_intersection_the_set_intersection(first, second):
    merged = merge_callers([("A", [snv(p, f) for p, f in first]), ("B", [snv(p, f) for p, f in second])], passes)
    in_a, in_b = ({p for p, f in calls if f == "PASS"} for calls in (first, second))
    assert {v.start for v in merged if not v.merged and passes(v)} == in_a | in_b
    assert {v.start for v in merged if not v.merged and v.all_callers} == in_a & in_b
    assert len(merged) == len(first) + len(second)
