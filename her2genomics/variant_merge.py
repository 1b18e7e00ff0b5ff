"""One tumour, several callers: calls of the same variant become one.

Variants are the same when locus and trimmed alleles are.  A substitution of several bases in one caller also stands
for the single substitutions of its bases in another (Mutect2 writes AG>CT where Strelka writes two records).  The
call that is kept is the first, in the order of the callers, that passes its caller's filters; the others stay in the
list, marked as merged, so that every input row is accounted for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from her2genomics.variant import Variant

Key = tuple[str, int, str, str]


def merge_callers(
    callsets: Sequence[tuple[str, Sequence[Variant]]], passes: Callable[[Variant], bool]
) -> list[Variant]:
    """Merge the calls of several callers for one tumour.

    Parameters
    ----------
    callsets
        Caller's name and its variants.
    passes
        Whether a call passes its caller's filters.

    Returns
    -------
    list of Variant
        All calls; of each group of same calls one is not ``merged``, with ``callers`` naming every caller that passes
        it (or that has it, when none passes it) and ``all_callers`` telling whether all of them do.

    Examples
    --------
    >>> first = Variant("chr1", 5, 5, "A", "T", "PASS", vaf=0.2)
    >>> second = Variant("chr1", 5, 5, "A", "T", "PASS", vaf=0.3)
    >>> merged = merge_callers([("Mutect2", [first]), ("Strelka", [second])], lambda v: v.filters == "PASS")
    >>> [(v.callers, v.all_callers, v.merged) for v in merged]
    [('Mutect2+Strelka', True, False), ('Strelka', True, True)]
    """
    calls = [(name, variant) for name, variants in callsets for variant in variants]
    names = [name for name, _ in callsets]
    for name, variant in calls:
        variant.callers = name
    groups: dict[Key, list[tuple[str, Variant]]] = defaultdict(list)
    home = _homes([variant for _, variant in calls])
    for name, variant in calls:
        groups[home.get((name, variant.key), variant.key)].append((name, variant))
    for key, members in groups.items():
        _merge(key, members, names, passes)
    return [variant for _, variant in calls]


def _homes(variants: Sequence[Variant]) -> dict[tuple[str, Key], Key]:
    """Return, per caller and single substitution, the key of the longer one of another caller that has it."""
    longer = [v for v in variants if len(v.ref) == len(v.alt) > 1]
    parts: dict[Key, Variant] = {part: v for v in longer for part in single_changes(v)}
    own = {(v.callers or "", part) for v in longer for part in single_changes(v)}
    homes = {}
    for v in variants:
        whole = parts.get(v.key)
        if whole is not None and (v.callers or "", v.key) not in own:
            homes[v.callers or "", v.key] = whole.key
    return homes


def single_changes(variant: Variant) -> list[Key]:
    """Return the single-base substitutions that a substitution of several bases consists of.

    Examples
    --------
    >>> single_changes(Variant("chr1", 5, 7, "ACG", "TCC"))
    [('chr1', 5, 'A', 'T'), ('chr1', 7, 'G', 'C')]
    """
    bases = enumerate(zip(variant.ref, variant.alt, strict=True))
    return [(variant.chromosome, variant.start + i, ref, alt) for i, (ref, alt) in bases if ref != alt]


def _merge(
    key: Key, members: list[tuple[str, Variant]], names: Sequence[str], passes: Callable[[Variant], bool]
) -> None:
    """Choose the call that is kept, name its callers and mark the others."""
    passing = [(name, v) for name, v in members if passes(v)]
    whole = [v for _, v in passing or members if v.key == key]
    kept = (whole or [v for _, v in passing or members])[0]
    support = {
        name for name, v in passing or members if _supports(v, key, [m for n, m in passing or members if n == name])
    }
    kept.callers = "+".join(name for name in names if name in support)
    kept.all_callers = bool(passing) and all(name in support for name in names)
    for _, variant in members:
        variant.merged = variant is not kept
        if variant is not kept:
            kept.pop_af = variant.pop_af if kept.pop_af is None else kept.pop_af
            kept.pop_ac = variant.pop_ac if kept.pop_ac is None else kept.pop_ac
            kept.vaf = variant.vaf if kept.vaf is None else kept.vaf


def _supports(variant: Variant, key: Key, own: Sequence[Variant]) -> bool:
    """Return whether a caller's calls amount to the whole event: the event itself, or all of its single changes."""
    if variant.key == key or any(v.key == key for v in own):
        return True
    chromosome, start, ref, alt = key
    needed = set(single_changes(Variant(chromosome, start, start + len(ref) - 1, ref, alt)))
    return needed <= {v.key for v in own}
