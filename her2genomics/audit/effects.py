"""An odds or risk ratio with its interval, printed for a 2x2 table."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
from statsmodels.stats.contingency_tables import Table2x2

from her2genomics.audit.intervals import judge_interval
from her2genomics.audit.printed import read_interval
from her2genomics.audit.verdicts import Finding
from her2genomics.exceptions import StatisticsError
from her2genomics.stats.contingency import fisher_exact_2x2

Effects = dict[str, tuple[float, float, float]]
WOOLF, EXACT, KATZ = "odds ratio, Woolf", "odds ratio, conditional exact", "risk ratio, Katz"
TURNED = ", groups exchanged"


def audit_effect(counts: npt.NDArray[np.int64], printed: str, test: str) -> Finding:
    """Hold a printed odds or risk ratio with its interval against the table, in both directions.

    Raises
    ------
    StatisticsError
        If the table is not 2x2, or holds a 0 that leaves no interval.
    FileFormatError
        If the print is no interval.
    """
    if counts.shape != (2, 2):
        raise StatisticsError("a ratio with an interval needs a 2x2 table")
    effects = _effects(counts)
    effects |= {f"{name}{TURNED}": e for name, e in _effects(counts[::-1]).items()}
    finite = {name: e for name, e in effects.items() if np.isfinite(e).all()}
    if not finite:
        raise StatisticsError("the table holds a 0, so that no ratio has a finite interval")
    return judge_interval(
        read_interval(printed),
        {name: (low, high) for name, (_, low, high) in finite.items()},
        named=[name for name in finite if name.removesuffix(TURNED) in _named(test)],
        estimates={name: estimate for name, (estimate, _, _) in finite.items()},
    )


def _named(test: str) -> set[str]:
    if re.search(r"\bRR\b|risk|relative", test, re.IGNORECASE):
        return {KATZ}
    if re.search(r"exact|conditional|fisher", test, re.IGNORECASE):
        return {EXACT}
    return {WOOLF, EXACT} if re.search(r"\bOR\b|odds", test, re.IGNORECASE) else set()


def _effects(counts: npt.NDArray[np.int64]) -> Effects:
    (a, b), (c, d) = counts.tolist()
    found: Effects = {}
    if counts.all():
        table = Table2x2(counts, shift_zeros=False)
        found[WOOLF] = (table.oddsratio, *table.oddsratio_confint())
        found[KATZ] = (table.riskratio, *table.riskratio_confint())
    exact = fisher_exact_2x2(a, b, c, d)
    found[EXACT] = (exact.odds_ratio, exact.ci_low, exact.ci_high)
    return found
