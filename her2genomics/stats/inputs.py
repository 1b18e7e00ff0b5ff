"""What the statistics accept: counts are whole and not negative, measurements are finite numbers.

Every public function of `her2genomics.stats` passes its input through one of these doors, so that a missing value, text
or an infinite measurement is refused with one line instead of turning into a number.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from her2genomics.exceptions import StatisticsError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LARGEST_COUNT = 2**53


def as_counts(values: npt.ArrayLike, name: str) -> Integers:
    """Return counts as integers, in the shape they came in.

    Raises
    ------
    StatisticsError
        If a count is missing, negative, not whole, or not a number; the message carries `name`.

    Examples
    --------
    >>> as_counts([3.0, 4], "altered")
    array([3, 4])
    """
    numbers = as_floats(values, name)
    if np.isnan(numbers).any():
        raise StatisticsError(f"{name}: a count is missing", hint="drop the row, or count it as a category of its own")
    if (numbers < 0).any():
        raise StatisticsError(f"{name}: count {numbers[numbers < 0][0]:g} is negative")
    if (numbers > LARGEST_COUNT).any():
        raise StatisticsError(f"{name}: count {numbers[numbers > LARGEST_COUNT][0]:g} is too large")
    fractional = numbers != np.floor(numbers)
    if fractional.any():
        raise StatisticsError(
            f"{name}: {numbers[fractional][0]:g} is not a whole number", hint="pass counts, not shares or percentages"
        )
    return numbers.astype(np.int64)


def as_altered_and_total(altered: npt.ArrayLike, n: npt.ArrayLike, name: str) -> tuple[Integers, Integers]:
    """Return counts of altered and of all samples of a group, broadcast against each other.

    Raises
    ------
    StatisticsError
        If either is no count, their shapes do not fit, or more samples are altered than there are.
    """
    some, total = as_counts(altered, f"altered_{name}"), as_counts(n, f"n_{name}")
    try:
        some, total = np.broadcast_arrays(some, total)
    except ValueError:
        raise StatisticsError(f"altered_{name} has shape {some.shape}, n_{name} has {total.shape}") from None
    if (some > total).any():
        first = np.argmax(some > total)
        raise StatisticsError(f"{some.flat[first]} altered of {total.flat[first]} samples (altered_{name} > n_{name})")
    return some, total


def as_measurements(values: npt.ArrayLike, name: str, *, least: int = 1) -> Floats:
    """Return measurements as a flat array of finite floats.

    Raises
    ------
    StatisticsError
        If a value is missing, infinite or not a number, or there are fewer than `least`.
    """
    numbers = as_floats(values, name).ravel()
    if not np.isfinite(numbers).all():
        what = "missing" if np.isnan(numbers).any() else "infinite"
        raise StatisticsError(f"{name}: a value is {what}", hint="drop such samples and say how many")
    if len(numbers) < least:
        raise StatisticsError(f"{name}: {len(numbers)} value{'s' if len(numbers) != 1 else ''}, needs {least} or more")
    return numbers


def as_share(value: float, name: str) -> float:
    """Return a number that lies strictly between 0 and 1.

    Raises
    ------
    StatisticsError
        If it does not.
    """
    if not 0 < value < 1:
        raise StatisticsError(f"{name} is {value:g}, has to lie between 0 and 1")
    return float(value)


def as_floats(values: npt.ArrayLike, name: str) -> Floats:
    """Return numbers as a new array of floats in the shape they came in, NaN where one is missing.

    Raises
    ------
    StatisticsError
        If a value is not a number.
    """
    array = values.to_numpy(dtype=object) if isinstance(values, (pd.Series, pd.DataFrame)) else np.asarray(values)
    if array.dtype == object:
        array = np.where(pd.isna(array), np.nan, array)
    try:
        return np.array(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(f"{name}: not all values are numbers") from None
