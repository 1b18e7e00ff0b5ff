"""Reference tables for the statistics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def r_table(repository) -> Callable[[str], pd.DataFrame]:
    """Return a reader of tests/reference/R_<name>.tsv; lists of numbers become arrays."""

    def numbers(cell: object) -> object:
        if isinstance(cell, str) and "," in cell and ";" not in cell:
            return np.array([np.nan if x == "NA" else float(x) for x in cell.split(",")])
        return cell

    def read(name: str) -> pd.DataFrame:
        table = pd.read_csv(repository / "tests" / "reference" / f"R_{name}.tsv", sep="\t")
        return table.map(numbers)

    return read
