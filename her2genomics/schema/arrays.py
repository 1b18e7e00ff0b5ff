"""What a file of arrays is: each array with its kind, dimensions and range, and the check of all of them together.

Dimensions have names; arrays that share a name have to have the same length along it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from her2genomics.exceptions import SchemaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KINDS: dict[str, str] = {"float": "f", "string": "U"}
"""Kinds of arrays, and NumPy's letters for them."""


@dataclass(frozen=True)
class Array:
    """One array of a file.

    Parameters
    ----------
    name, kind
        Name in the file; one of the keys of `KINDS`.
    dims
        Names of its dimensions; none for a single number.
    meaning
        One phrase for the documentation.
    low, high
        Inclusive range of allowed values.
    unique
        Whether no value may come twice.
    required
        Whether it has to be there.
    """

    name: str
    kind: str
    dims: tuple[str, ...]
    meaning: str
    low: float | None = None
    high: float | None = None
    unique: bool = False
    required: bool = True


def check_arrays(
    arrays: Mapping[str, npt.NDArray[Any]], declared: tuple[Array, ...], *, source: str | os.PathLike[str] | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Return the declared arrays among those of a file; an optional one may be absent.

    Parameters
    ----------
    arrays
        As read.
    declared
        What they have to be.
    source
        File name for messages.

    Raises
    ------
    SchemaError
        If a required array is absent, or one is of another kind or shape, or has a value that is missing, repeated or
        out of range.
    """
    lengths: dict[str, int] = {}
    found = {}
    for array in declared:
        if array.name not in arrays:
            if array.required:
                raise SchemaError(f"missing array {array.name}", path=source)
            continue
        values = found[array.name] = arrays[array.name]
        if problem := _shape_problem(values, array, lengths) or _value_problem(values, array):
            raise SchemaError(f"array {array.name} {problem}", path=source)
    return found


def _shape_problem(values: npt.NDArray[Any], array: Array, lengths: dict[str, int]) -> str:
    """Return what is wrong with kind and shape; learn the lengths of dimensions that come for the first time."""
    if values.dtype.kind != KINDS[array.kind]:
        return f"is of type {values.dtype}, not {array.kind}"
    if values.ndim != len(array.dims):
        return f"has {values.ndim} dimensions, not {len(array.dims)}"
    for name, length in zip(array.dims, values.shape, strict=True):
        if lengths.setdefault(name, length) != length:
            return f"has {length} {name}, not {lengths[name]}"
    return ""


def _value_problem(values: npt.NDArray[Any], array: Array) -> str:
    import numpy as np

    if array.unique and len(np.unique(values)) < values.size:
        return "has a value twice"
    if array.kind != "float" or not values.size:
        return ""
    numbers: npt.NDArray[np.float64] = values
    if not np.isfinite(numbers).all():
        return "has a value that is no finite number"
    if array.low is not None and numbers.min() < array.low:
        return f"has a value below {array.low:g}"
    if array.high is not None and numbers.max() > array.high:
        return f"has a value above {array.high:g}"
    return ""
