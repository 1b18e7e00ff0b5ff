"""Notes of association rows: what to know about a row, joined by semicolons."""

from __future__ import annotations

import pandas as pd

NOTHING_LEFT = "no adjusted p: the covariates leave nothing to compare between the groups"
"""Of a row that was to be adjusted: groups and covariates go together, or a fit has no result."""


def append_note(notes: pd.Series, where: pd.Series, text: str | pd.Series) -> pd.Series:
    """Return the notes with ``text`` added to the rows ``where`` is True (missing counts as False).

    Examples
    --------
    >>> append_note(pd.Series(["", "a", "a"]), pd.Series([True, True, pd.NA]), "b").tolist()
    ['b', 'a; b', 'a']
    """
    chosen = where.astype("boolean").fillna(False).astype(bool)
    joined = notes.where(notes == "", notes + "; ") + text
    return notes.mask(chosen, joined)


_SIZES = (
    (
        r"^overlap weights",
        "adj_p",
        "overlap weights: conservative, some 4 % of adj_p lie below 0.05 without any difference",
    ),
    (r"^McNemar", "adj_p", "matching: exact, so conservative, 2 to 4 % of adj_p lie below 0.05 without any difference"),
    (
        r"^logistic$",
        "interaction_p",
        "interaction_p of logistic regression: 6 % lie below 0.05 without any interaction, a hint only",
    ),
)
"""Tests by name whose p at the study's group sizes lie outside 0.045 to 0.055 at 0.05: column, and what to say."""


def size_notes(association: pd.DataFrame) -> list[str]:
    """Return a warning for each adjusted test in a table that does not keep its size (docs/statistics.md).

    Exact tests beside the asymptotic ones are conservative by construction and are not listed.

    Examples
    --------
    >>> table = pd.DataFrame({"adj_test": ["overlap weights, robust"], "adj_p": [0.2], "interaction_p": [pd.NA]})
    >>> size_notes(table)
    ['overlap weights: conservative, some 4 % of adj_p lie below 0.05 without any difference']
    """
    tests = association["adj_test"].astype("string").fillna("")
    return [text for pattern, p, text in _SIZES if (tests.str.contains(pattern) & association[p].notna()).any()]
