import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics.stats.hypergeometric import log_probability, stirling_error, two_sided_p


def exact_probability(a, n_a, b, n_b):
    return math.comb(n_a, a) * math.comb(n_b, b) / math.comb(n_a + n_b, a + b)


def exact_two_sided_p(a, n_a, b, n_b):
    """All tables with these margins, in exact fractions."""
    k = a + b
    weights = [math.comb(n_a, x) * math.comb(n_b, k - x) for x in range(max(0, k - n_b), min(k, n_a) + 1)]
    limit = Fraction(math.comb(n_a, a) * math.comb(n_b, b)) * (1 + Fraction(1, 10**7))
    return float(Fraction(sum(w for w in weights if w <= limit), sum(weights)))


def arrays(*values):
    return [np.array([value]) for value in values]


@pytest.mark.parametrize("n", [1, 2, 10, 15, 16, 17, 50, 170])
def test_stirling_error_completes_the_factorial(n):
    log_factorial = (n + 0.5) * math.log(n) - n + 0.5 * math.log(2 * math.pi) + float(stirling_error(n))
    assert math.exp(log_factorial - math.log(math.factorial(n))) == pytest.approx(1, rel=1e-12)


def test_stirling_error_is_0_for_0():
    assert float(stirling_error(0)) == 0


@pytest.mark.parametrize(
    ("a", "n_a", "b", "n_b"),
    [(0, 5, 0, 7), (5, 5, 7, 7), (0, 5, 7, 7), (3, 8, 0, 2), (46, 90, 166, 202), (150, 2000, 90, 3000), (0, 1, 1, 1)],
)
def test_probability_of_a_table_equals_exact_fractions(a, n_a, b, n_b):
    got = math.exp(log_probability(*arrays(a, n_a, b, n_b))[0])
    assert got == pytest.approx(exact_probability(a, n_a, b, n_b), rel=1e-12)


def test_probability_keeps_its_digits_in_groups_of_100000():
    a, n_a, b, n_b = 50_100, 100_000, 49_900, 100_000
    exact = exact_probability(a, n_a, b, n_b)
    assert math.exp(log_probability(*arrays(a, n_a, b, n_b))[0]) == pytest.approx(exact, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_two_sided_p_equals_all_tables_in_exact_fractions(a, rest_a, b, rest_b):
    got = two_sided_p(*arrays(a, a + rest_a, b, b + rest_b))[0]
    assert got == pytest.approx(exact_two_sided_p(a, a + rest_a, b, b + rest_b), rel=1e-12)


@pytest.mark.parametrize(
    ("a", "n_a", "b", "n_b"), [(113, 113, 0, 410), (300, 900, 700, 1100), (2, 2000, 31, 3000), (4, 40, 1200, 3000)]
)
def test_two_sided_p_keeps_its_digits_however_small(a, n_a, b, n_b):
    exact = exact_two_sided_p(a, n_a, b, n_b)
    assert two_sided_p(*arrays(a, n_a, b, n_b))[0] == pytest.approx(exact, rel=1e-12)


def test_a_p_below_the_smallest_float_is_0_and_ends():
    assert two_sided_p(*arrays(0, 100_000, 100_000, 100_000))[0] == 0
