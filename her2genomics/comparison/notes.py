"""Notes of association rows: what to know about a row, joined by semicolons."""

from __future__ import annotations

import pandas as pd


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
