"""Copies of a gene from its ratio, and the study's rule that turns copies and p into a call.

The rule of the study (zhang2022) is p < 0.005 and at most 1.5 (deletion) or at least 2.75 copies (amplification), on
the copies as observed, impurity included. The text adds "and a ratio of > 0.5", which read literally suppresses every
deep deletion; so it is off by default, ``absdiff`` reads it as |CN - 2| > 0.5, ``literal`` as written. Copies are
compared at a precision of 0.001, so that a log2 of four digits does not fall off the boundary that it means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from her2genomics.exceptions import UsageError

FloatArray = npt.NDArray[np.float64]
RatioRule = Literal["off", "absdiff", "literal"]
Call = Literal["amplification", "deletion", "neutral"]

DIPLOID = 2.0
PRECISION = 3
DEEP_DELETION_COPIES = 0.5
"""A called deletion with at most this many copies (of the tumour cells, where purity is known) is a deep one."""


@dataclass(frozen=True)
class CopyRule:
    """When a gene is called.

    Parameters
    ----------
    p_below
        p has to be strictly below.
    deletion, amplification
        At most, at least so many copies.
    ratio
        How the study's "ratio of > 0.5" is read.

    Raises
    ------
    UsageError
        If the cut-offs do not embrace two copies, or the reading is unknown.
    """

    p_below: float = 0.005
    deletion: float = 1.5
    amplification: float = 2.75
    ratio: RatioRule = "off"

    def __post_init__(self) -> None:
        if not 0 <= self.deletion < DIPLOID < self.amplification or not 0 < self.p_below <= 1:
            raise UsageError("the rule needs deletion < 2 < amplification copies and 0 < p <= 1", hint=f"got {self}")
        if self.ratio not in get_args(RatioRule):
            raise UsageError(f"unknown ratio rule '{self.ratio}'", hint="use off, absdiff or literal")

    def call(self, cn: float, p_value: float | None) -> Call:
        """Return the call of one gene; without a p the copies alone decide.

        Parameters
        ----------
        cn
            Observed copies.
        p_value
            p against the normals; None when there is no null.

        Examples
        --------
        >>> CopyRule().call(2.75, 0.001), CopyRule().call(1.5, 0.001), CopyRule().call(3.0, 0.005)
        ('amplification', 'deletion', 'neutral')
        >>> CopyRule().call(0.8, 1e-6), CopyRule(ratio="literal").call(0.8, 1e-6)
        ('deletion', 'neutral')
        """
        copies = round(float(cn), PRECISION)
        if np.isnan(copies) or (p_value is not None and not p_value < self.p_below):
            return "neutral"
        if self.ratio == "literal" and not copies / DIPLOID > 0.5:
            return "neutral"
        if self.ratio == "absdiff" and not round(abs(copies - DIPLOID), PRECISION) > 0.5:
            return "neutral"
        if copies <= self.deletion:
            return "deletion"
        return "amplification" if copies >= self.amplification else "neutral"


def observed_copies(log2: FloatArray | float, normal_copies: FloatArray | float = DIPLOID) -> FloatArray:
    """Return copies in the sample as a whole: ``normal_copies * 2^log2``.

    Examples
    --------
    >>> observed_copies(1.0).tolist()
    4.0
    """
    return np.asarray(normal_copies, dtype=np.float64) * np.exp2(np.asarray(log2, dtype=np.float64))


def tumour_copies(
    log2: FloatArray | float, purity: float, *, ploidy: float = DIPLOID, normal_copies: FloatArray | float = DIPLOID
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the copies of the tumour cells, and where the purity cannot be right.

    Parameters
    ----------
    log2
        log2 ratio to the normals.
    purity
        Tumour cell fraction (0-1].
    ploidy
        Mean copies of the tumour genome: the level that log2 = 0 stands for.
    normal_copies
        Copies in the patient's normal cells (1 for X of a man).

    Returns
    -------
    copies, inconsistent
        ``(2^log2 (purity ploidy + 2 (1 - purity)) - 2 (1 - purity)) / purity`` for two normal copies, cut off at 0;
        True where it was below 0 by more than rounding: fewer normal cells than stated, or a higher purity.

    Raises
    ------
    UsageError
        If purity or ploidy are out of range.

    Examples
    --------
    >>> copies, flag = tumour_copies(np.log2([1.2, 0.6]), 0.2)
    >>> copies.round(2).tolist(), flag.tolist()
    ([4.0, 0.0], [False, True])
    """
    if not 0 < purity <= 1:
        raise UsageError(f"purity {purity:g} is not in (0, 1]", hint="give it as a fraction, such as 0.4")
    if not 0 < ploidy <= 12:
        raise UsageError(f"ploidy {ploidy:g} is not in (0, 12]")
    normal = np.asarray(normal_copies, dtype=np.float64)
    per_cell = np.exp2(np.asarray(log2, dtype=np.float64)) * (purity * ploidy + DIPLOID * (1 - purity)) / DIPLOID
    raw = (per_cell * normal - normal * (1 - purity)) / purity
    return np.maximum(raw, 0.0), raw < -(0.5 * 10.0**-PRECISION)
