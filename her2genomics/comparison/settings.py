"""The choices of a comparison, checked once: everything is fixed before the data are looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from her2genomics import schema
from her2genomics.cohort import COUNTED_CLASSES
from her2genomics.comparison.adjustment import METHODS
from her2genomics.comparison.covariates import AUTO, BURDENS
from her2genomics.comparison.design import NUMBERS
from her2genomics.comparison.fine_features import LEVELS
from her2genomics.comparison.pathways import PathwaySettings
from her2genomics.exceptions import UsageError
from her2genomics.stats.propensity import SEED

DEFAULT_MIN_FREQUENCY = 0.02
TESTS: tuple[str, ...] = ("best", "paper")


@dataclass(frozen=True)
class Settings:
    """Choices of `compare.compare_groups`, where they are explained."""

    group: str = "her2_group"
    contrasts: tuple[str, ...] | None = None
    classes: tuple[str, ...] = COUNTED_CLASSES
    clinical: tuple[str, ...] | None = None
    min_frequency: float = DEFAULT_MIN_FREQUENCY
    unknown_as_category: bool = False
    adjust: str | tuple[str, ...] | None = AUTO
    adjust_by: str = "auto"
    seed: int = SEED
    burden: str = "none"
    numbers: str = "rank"
    level: str = "gene"
    features: tuple[str, ...] = ()
    pathways: PathwaySettings | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(f"{name} is {getattr(self, name)}", hint=f"use: {', '.join(choices)}")
        if unknown := sorted(set(self.classes) - set(schema.ALTERATION_CLASSES)):
            raise UsageError(
                f"unknown alteration class {', '.join(unknown)}", hint=f"use: {', '.join(schema.ALTERATION_CLASSES)}"
            )
        if not 0 <= self.min_frequency <= 1:
            raise UsageError(f"least frequency {self.min_frequency:g} is no share", hint="between 0 and 1")

    def as_paper(self) -> Settings:
        """Return the study's choices: a missing value is a category, ranks for numbers, nothing held fixed."""
        return replace(self, unknown_as_category=True, numbers="rank", adjust=None, burden="none")


_CHOICES: dict[str, Collection[str]] = {
    "adjust_by": METHODS,
    "burden": BURDENS,
    "numbers": NUMBERS,
    "level": LEVELS,
}


def as_names(names: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
    """Return names as a tuple; one name, or none, as it is."""
    return names if names is None or isinstance(names, str) else tuple(names)
