"""Counts that are too small to print.

A count from 1 to one below the least cell is hidden. A single hidden count in a row could be worked out from the
overall column, and a single one in a column from the group's size; so another count of that row or column is hidden as
well, until no line has exactly one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
SHOWN, SMALL, BESIDE = 0, 1, 2


def hide_small_counts(counts: IntArray, least: int) -> npt.NDArray[np.int8]:
    """Return which cells are shown (0), too small (1), or hidden so that a small one cannot be worked out (2).

    Parameters
    ----------
    counts
        Shape (levels, 1 + groups): overall, then the groups; missing values as a level of their own.
    least
        Smallest count that is printed.

    Examples
    --------
    >>> hide_small_counts(np.array([[23, 3, 20], [70, 40, 30], [59, 50, 9]]), 5).tolist()
    [[0, 1, 2], [0, 2, 2], [0, 0, 0]]
    """
    hidden = np.where((counts > 0) & (counts < least), SMALL, SHOWN).astype(np.int8)
    changed = True
    while changed:
        rows = [_protect(counts, hidden, line) for line in range(len(counts))]
        columns = [_protect(counts.T, hidden.T, line) for line in range(counts.shape[1])]
        changed = any(rows) or any(columns)
    return hidden


def _protect(counts: IntArray, hidden: npt.NDArray[np.int8], line: int) -> bool:
    """Hide one more cell of a row that has exactly one hidden; return whether there was one to hide.

    A cell whose column has a hidden one already costs least; an empty cell is the last resort.
    """
    if np.count_nonzero(hidden[line]) != 1 or counts.shape[1] < 2:
        return False
    elsewhere = np.count_nonzero(hidden, axis=0)
    shown = np.flatnonzero(hidden[line] == SHOWN)
    chosen = min(shown, key=lambda i: (counts[line, i] == 0, elsewhere[i] == 0, counts[line, i], i))
    hidden[line, chosen] = BESIDE
    return True
