"""The rule that chooses the test of a table: by margins, with agreement on both sides of each border."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.comparison import exact_table as module
from her2genomics.comparison.exact_table import EXACT, TOO_MANY, exact_table
from her2genomics.stats.contingency import chi_square
from her2genomics.stats.exact_rxc import RxCResult, fisher_freeman_halton, possible_tables


def drawn(rows: list[int], shares: list[float], seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.array([generator.multinomial(n, shares) for n in rows])


def test_by_hand() -> None:
    # Rows 2, 2 and columns 2, 1, 1: see tests/stats/test_exact_rxc.py.
    assert exact_table(np.array([[2, 0, 0], [0, 1, 1]])) == (pytest.approx(1 / 3), EXACT)
    assert exact_table(np.array([[2, 0], [3, 0]])) == (None, EXACT)
    assert possible_tables([[2, 0], [0, 1]]) == 2  # the free cell is 0 or 1


@pytest.mark.parametrize("seed", range(4))
def test_two_rows_are_exact_at_any_size_and_equal_to_the_network(seed: int) -> None:
    small = drawn([60, 90], [0.5, 0.3, 0.2], seed)
    assert exact_table(small)[0] == pytest.approx(fisher_freeman_halton(small).p_value, rel=1e-9)
    assert exact_table(small.T)[0] == pytest.approx(exact_table(small)[0], rel=1e-12)
    large = drawn([34_000, 89_000], [0.5, 0.3, 0.2], seed)
    p, test = exact_table(large)
    assert test == EXACT
    assert p == pytest.approx(chi_square(large).p_value, rel=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_chi_square_agrees_with_the_exact_test_where_it_takes_over(seed: int) -> None:
    """Just beyond the border: little more than 2,000 samples, the smallest expected count about 54."""
    table = drawn([270, 900, 870], [0.2, 0.5, 0.3], seed)
    p, test = exact_table(table)
    assert (test, p) == (TOO_MANY, chi_square(table).p_value)
    assert chi_square(table).min_expected == pytest.approx(54, abs=5)
    simulated = fisher_freeman_halton(table, work_limit=0, n_permutations=50_000)
    assert abs(p - simulated.p_value) < 0.02 * p + 4 * simulated.standard_error
    two_columns = np.column_stack([table[:, :2].sum(axis=1), table[:, 2]])
    p, test = exact_table(two_columns)
    assert test == EXACT
    assert chi_square(two_columns).p_value == pytest.approx(p, rel=0.05)


def test_sparse_and_large_is_monte_carlo_and_says_so() -> None:
    table = drawn([3_400, 8_900, 7_700], [0.001, 0.5, 0.3, 0.199], 1)
    assert chi_square(table).min_expected < module.AMPLE_EXPECTED
    p, test = exact_table(table)
    assert test.startswith("Fisher-Freeman-Halton Monte Carlo (SE ")
    assert p == fisher_freeman_halton(table, work_limit=0).p_value


def test_the_rule_looks_at_margins_only() -> None:
    """Tables with the same margins, one without and one with a strong association, take the same test."""
    even = np.full((3, 3), 300)
    strong = even + np.array([[200, -200, 0], [-200, 200, 0], [0, 0, 0]])
    assert exact_table(even)[1] == exact_table(strong)[1] == TOO_MANY
    assert possible_tables(even) == possible_tables(strong)


@pytest.mark.verify
def test_chi_square_keeps_its_size_where_it_takes_over() -> None:
    """2,000 null tables with the smallest expected count near 50: 0.05 within three Monte Carlo errors."""
    p = []
    for seed in range(2000):
        value, test = exact_table(drawn([270, 900, 870], [0.2, 0.5, 0.3], seed))
        if test == TOO_MANY:
            p.append(value)
    share = np.mean(np.array(p, dtype=float) <= 0.05)
    assert len(p) > 1000
    assert abs(share - 0.05) < 3 * np.sqrt(0.05 * 0.95 / len(p))


SUBTYPES = np.array([[0, 9, 61, 0, 18], [0, 34, 179, 0, 33], [70, 0, 0, 119, 0]])  # made by the groups in part


def test_a_table_beyond_doubt_gets_little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(table: np.ndarray, *, work_limit: int) -> RxCResult:
        asked.append(work_limit)
        return fisher_freeman_halton(table, work_limit=work_limit)

    monkeypatch.setattr(module, "fisher_freeman_halton", counted)
    p, method = exact_table(SUBTYPES)
    assert asked == [module.EXACT_WORK // 10]
    assert p == pytest.approx(1 / 100_001)
    assert "Monte Carlo" in method
    p, method = exact_table(SUBTYPES // 20)  # a small one ends within that
    assert method == EXACT
    assert 0 < p < 1e-4
    exact_table(np.array([[12, 35, 37], [38, 110, 91], [29, 80, 73]]))
    assert asked[-1] == module.EXACT_WORK
