"""Files of arrays: NumPy's ``.npz`` without pickles, checked when read, the same bytes twice."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from her2genomics.exceptions import FileFormatError
from her2genomics.io.write import atomic_path
from her2genomics.schema.arrays import Array, check_arrays

_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of every member: the first that a ZIP file can name."""


def write_arrays(
    arrays: Mapping[str, npt.NDArray[Any]], declared: tuple[Array, ...], path: str | os.PathLike[str]
) -> None:
    """Write the declared arrays into one compressed file, in the order of their declaration.

    Parameters
    ----------
    arrays
        By name.
    declared
        What they are; see `check_arrays`.
    path
        File to write.

    Raises
    ------
    FileFormatError
        If the file cannot be written.
    SchemaError
        If an array is not as declared.
    """
    checked = check_arrays(arrays, declared, source=path)
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in checked.items():
            member = zipfile.ZipInfo(f"{name}.npy", _FIRST_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as handle:
                np.lib.format.write_array(handle, np.asarray(values), allow_pickle=False)


def read_arrays(path: str | os.PathLike[str], declared: tuple[Array, ...]) -> dict[str, npt.NDArray[Any]]:
    """Return the declared arrays of a file by name; those that are optional may be absent.

    Raises
    ------
    FileFormatError
        If the file is not there, or no file of arrays.
    SchemaError
        If an array is not as declared.
    """
    try:
        with Path(path).open("rb") as handle, np.load(handle, allow_pickle=False) as stored:
            names = [array.name for array in declared if array.name in stored.files]
            arrays = {name: stored[name] for name in names}
    except FileNotFoundError as error:
        raise FileFormatError("no such file", path=path) from error
    except (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise FileFormatError("cannot be read as a file of arrays (.npz)", path=path) from error
    return check_arrays(arrays, declared, source=path)
