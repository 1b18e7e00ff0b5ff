"""What variables and levels are called in print, and the order in which they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from her2genomics import schema


@dataclass(frozen=True)
class Label:
    """Name of a variable in print, with its unit."""

    name: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.unit}" if self.unit else self.name


KNOWN: dict[str, Label] = {
    "age": Label("Age", "years"),
    "sex": Label("Sex"),
    "menopause": Label("Menopausal status"),
    "histology": Label("Histological type"),
    "grade": Label("Histological grade"),
    "t_stage": Label("T stage"),
    "n_stage": Label("N stage"),
    "m_stage": Label("M stage"),
    "stage": Label("Stage"),
    "er_status": Label("ER status"),
    "pr_status": Label("PR status"),
    "hr_status": Label("HR status"),
    "her2_group": Label("HER2 group"),
    "ki67_status": Label("Ki67 status"),
    "ki67_pct": Label("Ki67-positive cells", "%"),
    "subtype": Label("Surrogate subtype"),
    "neoadjuvant": Label("Neoadjuvant treatment"),
    "pcr": Label("Pathological complete response"),
    "tmb": Label("TMB", "mut/Mb"),
    "er_pct": Label("ER-positive cells", "%"),
    "pr_pct": Label("PR-positive cells", "%"),
    "ihc": Label("HER2 IHC score"),
    "purity": Label("Tumour cell fraction"),
}
"""Labels of variables that studies of HER2 groups have, in the order of the table."""
INSTEAD: dict[str, str] = {"er_pct": "er_status", "pr_pct": "pr_status"}
"""Variables that are left out by default where a second one says it."""
NOT_BY_DEFAULT = frozenset({"ihc", "purity"})

_UNITS = {"pct": "%", "months": "months", "days": "days", "years": "years", "mm": "mm", "cm": "cm", "ms": "ms"}
_SPELLED = {
    word.lower(): word
    for word in (
        "ER", "PR", "HR", "HER2", "IHC", "FISH", "ISH", "TMB", "Ki67", "BMI", "DFS", "OS", "pCR", "ADC", "SUV",
        "SUVmax",
        "AJCC", "DCIS", "LVI", "TNM", "CN", "TIL", "TILs", "T2", "MRI", "LDH", "ECOG", "QC",
    )
}  # fmt: skip
_LEVELS: dict[str, dict[str, str]] = {
    "subtype": {
        "LumA": "Luminal A",
        "LumB_HER2neg": "Luminal B, HER2-negative",
        "LumB_HER2pos": "Luminal B, HER2-positive",
        "HER2_enriched": "HER2-enriched",
        "luminal, unresolved": "Luminal, unresolved",
        "indeterminate": "Indeterminate",
    },
    "menopause": {"pre": "premenopausal", "peri": "perimenopausal", "post": "postmenopausal"},
    "neoadjuvant": {"0": "no", "1": "yes"},
}
_ORDER: tuple[tuple[str, ...], ...] = (
    ("positive", "negative"),
    ("yes", "no"),
    ("female", "male"),
    ("pre", "peri", "post"),
    ("low", "intermediate", "moderate", "high"),
    ("LumA", "LumB_HER2neg", "luminal, unresolved", "LumB_HER2pos", "HER2_enriched", "TNBC"),
    ("0", "1+", "2+", "3+"),
    schema.HER2_TIERS,
)
_LAST = ("other", "others", "other  specify", "other specify", "mixed", "indeterminate", "x", "unknown", "missing")


def variable_label(name: str) -> Label:
    """Return a variable's name in print, made from the column name where it is not known.

    Examples
    --------
    >>> str(variable_label("er_status")), str(variable_label("tumour_size_mm")), str(variable_label("lvi"))
    ('ER status', 'Tumour size, mm', 'LVI')
    """
    if name in KNOWN:
        return KNOWN[name]
    words = [word for word in name.replace(".", "_").replace(" ", "_").split("_") if word]
    unit = _UNITS.get(words[-1].lower(), "") if len(words) > 1 else ""
    declared = schema.CLINICAL.by_name.get(name)
    text = " ".join(_SPELLED.get(word.lower(), word) for word in (words[:-1] if unit else words)) or name
    return Label(text[:1].upper() + text[1:], unit or (declared.unit if declared is not None else ""))


def level_label(variable: str, level: str) -> str:
    """Return a level's name in print.

    Examples
    --------
    >>> level_label("subtype", "LumA"), level_label("procedure", "breast_conserving")
    ('Luminal A', 'breast conserving')
    """
    return " ".join(_LEVELS.get(variable, {}).get(level, level.replace("_", " ")).split())


def order_levels(levels: Iterable[str]) -> list[str]:
    """Return levels in the order of print: a known order, else numbers, then text; other and unknown ones last.

    Examples
    --------
    >>> order_levels(["negative", "positive"]), order_levels(["3", "10", "2"]), order_levels(["other", "lobular"])
    (['positive', 'negative'], ['2', '3', '10'], ['lobular', 'other'])
    """
    found = list(levels)
    lower = {level.lower() for level in found if level.lower() not in _LAST}
    for known in _ORDER:
        rank = {level.lower(): i for i, level in enumerate(known)}
        if lower and lower <= rank.keys():
            return sorted(found, key=lambda level: (_last(level), rank.get(level.lower(), 0), level))
    return sorted(found, key=lambda level: (_last(level), *_number_first(level)))


def _last(level: str) -> int:
    return _LAST.index(level.lower()) + 1 if level.lower() in _LAST else 0


def _number_first(level: str) -> tuple[int, float, str]:
    try:
        return (0, float(level), "")
    except ValueError:
        return (1, 0.0, level)


def default_variables(columns: Sequence[str]) -> list[str]:
    """Return the variables of a table that are shown when none is named, in the order of the table.

    Examples
    --------
    >>> default_variables(["sample_id", "er_pct", "er_status", "age", "tissue_source_site"])
    ['age', 'er_status']
    """
    present = set(columns)
    return [name for name in KNOWN if name in present - NOT_BY_DEFAULT and INSTEAD.get(name) not in present]
