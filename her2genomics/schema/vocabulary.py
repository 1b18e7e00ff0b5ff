"""The closed vocabularies of the tables: HER2 groups, IHC scores, classes of alteration ..."""

from __future__ import annotations

HER2_GROUPS: tuple[str, ...] = ("HER2-zero", "HER2-low", "HER2-positive")
HER2_TIERS: tuple[str, ...] = ("HER2-zero", "HER2-ultralow", "HER2-low", "HER2-positive")
ASCO_CAP_CATEGORIES: tuple[str, ...] = ("positive", "negative", "indeterminate", "equivocal", "unknown", "error")
IHC_SCORES: tuple[str, ...] = ("0", "1+", "2+", "3+")
ALTERATION_CLASSES: tuple[str, ...] = (
    "missense", "truncating", "inframe", "splice", "promoter", "other", "fusion", "amplification", "gain", "loss",
    "deep_deletion",
)  # fmt: skip
MUTATION_CLASSES: frozenset[str] = frozenset({"missense", "truncating", "inframe", "splice", "promoter", "other"})
COPY_NUMBER_CLASSES: frozenset[str] = frozenset({"amplification", "gain", "loss", "deep_deletion"})
AUDIT_VERDICTS: tuple[str, ...] = (
    "reproduced", "reproduced within rounding", "consistent", "rounding", "not reproduced", "impossible",
    "nothing printed", "not evaluable",
)  # fmt: skip
STRUCTURAL_CLASSES: frozenset[str] = frozenset({"fusion"})
