"""Strata of samples that are alike in burden, so that a difference between groups is not one of burden.

A tumour with many altered genes has more of any pathway altered, and HER2 groups differ in burden.  If the odds that a
gene is altered are the product of the gene's and the tumour's (the Rasch model, which is also the background of the
mutual exclusivity test), the number of altered genes holds all that a tumour's profile says about its burden.  Given
that number, *which* genes are altered does not depend on burden, and the group labels of tumours with the same number
can be exchanged.  The pathway's own genes have to be counted in it: matching on the others alone leaves the part of
the burden that they do not measure.  Mutations and copy-number events are two processes and count separately: in an
exome the one sum is nearly all mutations, and a pathway altered by amplification would stay confounded.

References
----------
.. [1] Holland PW, Thayer DT. Differential item performance and the Mantel-Haenszel procedure. In: Wainer H, Braun HI
   (eds), Test Validity. Erlbaum 1988:129-145. Matching on the sum score, the studied item included.
.. [2] Goeman JJ, Buehlmann P. Bioinformatics 2007;23:980-987: why samples, not genes, are permuted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from her2genomics.stats.inputs import Floats, Integers, as_floats

LEAST_IN_STRATUM = 10
MOST_STRATA = 400
LEAST_OF_A_PATTERN = 20


def burden_strata(
    burden: npt.ArrayLike, cells: Integers, *, least: int = LEAST_IN_STRATUM, most: int = MOST_STRATA
) -> tuple[Integers, int]:
    """Cut samples into strata of neighbouring burden within each cell, by one kind of burden after the other.

    Equal burdens of one kind are never parted by it: a stratum is one value where that has enough samples, else a run.

    Parameters
    ----------
    burden
        Events per sample, shape (samples,), or (samples, kinds) for several kinds; a kind that is constant is skipped.
    cells
        Level of what else is held fixed (assay, hormone-receptor status) per sample, -1 for none.
    least
        Least samples of a stratum, where the cell has so many.
    most
        A stratum has at least all samples / most.

    Returns
    -------
    codes, n_strata
        Stratum per sample (-1 where the cell is -1), and their number.

    Examples
    --------
    >>> burden_strata([0, 0, 1, 5, 5, 9], np.zeros(6, dtype=int), least=2)[0].tolist()
    [0, 0, 1, 1, 1, 1]
    >>> burden_strata([[1, 0], [1, 3], [9, 0], [9, 3]], np.zeros(4, dtype=int), least=1)[0].tolist()
    [0, 1, 2, 3]
    """
    kinds = as_floats(burden, "burden").reshape(len(cells), -1)
    used = cells >= 0
    kinds = kinds[:, [len(np.unique(column[used])) > 1 for column in kinds.T]]
    least = max(least, -(-int(used.sum()) // most))
    codes = _renumbered(cells)
    for done, column in enumerate(kinds.T):
        codes = _cut(column, codes, least, kinds.shape[1] - done)
    return codes, int(codes.max(initial=-1)) + 1


def _cut(values: Floats, cells: Integers, least: int, n_kinds: int) -> Integers:
    """Cut every cell by one kind of burden so that ``n_kinds - 1`` further cuts leave ``least`` samples each."""
    codes = np.full(len(values), -1, dtype=np.int64)
    n_strata = 0
    order = np.argsort(cells, kind="stable")
    order = order[np.searchsorted(cells[order], 0) :]
    for inside in np.split(order, np.flatnonzero(np.diff(cells[order])) + 1) if len(order) else []:
        parts = max(int((len(inside) / least) ** (1 / n_kinds)), 1)
        _, position, counts = np.unique(values[inside], return_inverse=True, return_counts=True)
        stratum = _runs(counts, -(-len(inside) // parts) if n_kinds > 1 else least)
        codes[inside] = n_strata + stratum[position]
        n_strata += int(stratum[-1]) + 1
    return codes


def _renumbered(cells: Integers) -> Integers:
    """Return the cells as 0, 1, 2 ..., -1 for none."""
    codes = np.full(len(cells), -1, dtype=np.int64)
    used = cells >= 0
    codes[used] = np.unique(cells[used], return_inverse=True)[1]
    return codes


def _runs(counts: Integers, least: int) -> Integers:
    """Return the run of each value, where a run ends as soon as it holds ``least``; a short last run joins its left."""
    run = np.zeros(len(counts), dtype=np.int64)
    current, held = 0, 0
    for i, count in enumerate(counts):
        run[i] = current
        held += count
        if held >= least:
            current, held = current + 1, 0
    if held and current:
        run[run == current] = current - 1
    return run


def assay_patterns(profiled: npt.NDArray[np.bool_], *, least: int = LEAST_OF_A_PATTERN) -> Integers:
    """Return which assay profiled each sample, told by the genes that were profiled.

    Sets of genes that at least ``least`` samples share are assays; every other sample goes to the assay from which it
    differs in the fewest genes. Samples without any profiled gene are -1.

    Examples
    --------
    >>> assay_patterns(np.array([[1, 1], [1, 1], [1, 0], [1, 0], [0, 0]], dtype=bool), least=2).tolist()
    [0, 0, 1, 1, -1]
    """
    packed = np.packbits(profiled, axis=1)
    rows = np.ascontiguousarray(packed).view(np.dtype((np.void, max(packed.shape[1], 1)))).ravel()
    _, first, position, counts = np.unique(rows, return_index=True, return_inverse=True, return_counts=True)
    patterns = profiled[first]
    usable = patterns.any(axis=1)
    common = np.flatnonzero(usable & (counts >= least))
    assay = np.where(usable, 0, -1)
    if len(common) > 1:
        common = common[np.argsort(first[common])]
        overlap = patterns.astype(np.float32)
        apart = overlap.sum(1)[:, None] + overlap[common].sum(1)[None, :] - 2 * overlap @ overlap[common].T
        assay = np.where(usable, np.argmin(apart, axis=1), -1)
    return assay[position].astype(np.int64)
