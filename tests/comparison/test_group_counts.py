"""Counting samples by group, 64 at a time, against counting them one by one."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.comparison.features import group_counts


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 523])
def test_equal_to_counting_one_by_one(n: int) -> None:
    generator = np.random.default_rng(n)
    matrix, codes = generator.random((n, 3)) < 0.4, generator.integers(-1, 4, n)
    expected = [[sum(bool(matrix[i, j]) for i in range(n) if codes[i] == g) for j in range(3)] for g in range(4)]
    assert group_counts(matrix, codes, 4).tolist() == expected
    assert group_counts(np.asfortranarray(matrix), codes, 4).tolist() == expected
