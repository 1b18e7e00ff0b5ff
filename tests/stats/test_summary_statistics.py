"""Tests recomputed from what papers print, against R (tests/reference/R_audit.tsv) and against the data themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.agreement import cohen_kappa
from her2genomics.stats.confusion import Confusion, class_measures
from her2genomics.stats.continuous import rank_sum_ways
from her2genomics.stats.from_summary import (
    binormal_auc,
    correlation_p,
    hanley_mcneil_error,
    t_p_from_summary,
    wald_p_from_interval,
    welch_anova_p_from_summary,
)
from her2genomics.stats.table_tests import (
    fisher_mid_p,
    fisher_one_sided_p,
    likelihood_ratio_p,
    linear_by_linear_p,
    mcnemar_p,
    ordered_rank_p,
    rank_sum_p_from_u,
    signed_rank_p_from_w,
    signed_rank_sum,
)


def parts(text: str) -> list[list[float]]:
    return [[float(x) for x in part.split(",")] for part in text.split(";")]


FROM_R = {
    "likelihood_ratio": likelihood_ratio_p,
    "linear": linear_by_linear_p,
    "ordered_rank": ordered_rank_p,
    "one_sided": fisher_one_sided_p,
    "mid_p": fisher_mid_p,
    "mcnemar_exact": lambda m: mcnemar_p(m, "exact"),
    "mcnemar_asymptotic": lambda m: mcnemar_p(m, "asymptotic"),
    "mcnemar_corrected": lambda m: mcnemar_p(m, "corrected"),
    "student": lambda s: t_p_from_summary(*s, equal_variances=True),
    "welch": lambda s: t_p_from_summary(*s, equal_variances=False),
    "welch_anova": lambda s: welch_anova_p_from_summary(*s),
    "correlation": lambda s: correlation_p(s[0][0], int(s[1][0])),
}
for method in ("exact", "asymptotic", "corrected"):
    FROM_R[f"rank_sum_{method}"] = lambda s, m=method: rank_sum_p_from_u(s[0][0], int(s[1][0]), int(s[2][0]), m)
    FROM_R[f"signed_rank_{method}"] = lambda s, m=method: signed_rank_p_from_w(s[0][0], int(s[1][0]), m)


def test_every_test_equals_r(repository) -> None:
    lines = (repository / "tests" / "reference" / "R_audit.tsv").read_text().splitlines()[1:]
    seen = set()
    for line in lines:
        name, given_to_r, expected = line.split("\t")
        seen.add(name)
        # the summaries in the file carry 15 digits, p-values as small as 1e-6 lose some of them
        assert FROM_R[name](parts(given_to_r)) == pytest.approx(float(expected), rel=1e-9), line
    assert seen == set(FROM_R)


def test_wald_p_by_hand() -> None:
    """HR 2 (1 to 4): log 2 / ((log 4 - log 1) / 3.92) is 1.96, so p is 0.05; a difference of 1.96 with error 1 too."""
    assert wald_p_from_interval(2, 1, 4) == pytest.approx(0.05)
    z = norm.ppf(0.975)
    assert wald_p_from_interval(z, 0, 2 * z, logarithmic=False) == pytest.approx(0.05)
    assert wald_p_from_interval(0.5, 0.25, 1) == pytest.approx(wald_p_from_interval(2, 1, 4))


@given(st.floats(0.05, 20), st.floats(0.05, 2), st.sampled_from([0.9, 0.95, 0.99]))
def test_wald_p_comes_back_from_its_own_interval(ratio: float, error: float, level: float) -> None:
    reach = float(norm.ppf((1 + level) / 2)) * error
    p = wald_p_from_interval(ratio, ratio * math.exp(-reach), ratio * math.exp(reach), conf_level=level)
    assert p == pytest.approx(2 * norm.sf(abs(math.log(ratio)) / error), rel=1e-6, abs=1e-300)


def test_hanley_mcneil_against_the_definition() -> None:
    """With the exponential model Q1 and Q2 have these values; one pair has the variance of a coin."""
    assert hanley_mcneil_error(0.7, 1, 1) == pytest.approx(math.sqrt(0.21))
    assert hanley_mcneil_error(0.5, 10, 20) == pytest.approx(math.sqrt((0.25 + 9 / 12 + 19 / 12) / 200))
    assert hanley_mcneil_error(1.0, 5, 5) == 0
    assert hanley_mcneil_error(0.8, 30, 30) < hanley_mcneil_error(0.8, 10, 10)


def test_binormal_auc_is_the_share_of_correct_pairs() -> None:
    rng = np.random.default_rng(1)
    pairs = rng.normal(3, 2, 400_000) > rng.normal(2, 1, 400_000)
    assert binormal_auc([2, 3], [1, 2]) == pytest.approx(pairs.mean(), abs=0.003)


@given(st.integers(1, 9), st.integers(1, 9))
def test_arrangements_add_up_and_are_symmetric(a: int, b: int) -> None:
    ways = rank_sum_ways(a, b)
    assert len(ways) == a * b + 1
    assert ways.sum() == pytest.approx(math.comb(a + b, a))
    assert ways.tolist() == ways[::-1].tolist()


@given(st.integers(1, 8), st.integers(1, 8), st.data())
def test_u_of_either_group_gives_the_same_p(a: int, b: int, data: st.DataObject) -> None:
    u = data.draw(st.integers(0, 2 * a * b)) / 2
    for how in ("exact", "asymptotic", "corrected"):
        assert rank_sum_p_from_u(u, a, b, how) == pytest.approx(rank_sum_p_from_u(a * b - u, b, a, how))


def test_signed_rank_sum_leaves_zeros_out_and_shares_ties() -> None:
    assert signed_rank_sum([0, 1, -1, 3]) == (1.5 + 3, 3)
    assert signed_rank_p_from_w(0, 6) == 2 / 64


def test_confusion_by_hand() -> None:
    """41 of 48 and 29 of 42; kappa (70/90 - p_e) / (1 - p_e) with p_e = (54 * 48 + 36 * 42) / 90^2."""
    found = Confusion(tp=41, fn=7, tn=29, fp=13).measures()
    by_chance = (54 * 48 + 36 * 42) / 90**2
    assert found["sen"] == 41 / 48
    assert found["spe"] == 29 / 42
    assert found["kappa"] == pytest.approx((70 / 90 - by_chance) / (1 - by_chance))
    assert found["mcc"] == pytest.approx((41 * 29 - 13 * 7) / math.sqrt(54 * 48 * 42 * 36))
    assert found["f1"] == pytest.approx(2 * 41 / (2 * 41 + 13 + 7))
    assert found["lr_positive"] == pytest.approx((41 / 48) / (13 / 42))


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4))
def test_flipping_the_class_exchanges_the_measures(counts: list[int]) -> None:
    confusion = Confusion(*counts)
    a, b = confusion.measures() if confusion.n else {}, confusion.flipped().measures() if confusion.n else {}
    for one, other in (("sen", "spe"), ("ppv", "npv"), ("acc", "acc"), ("kappa", "kappa"), ("mcc", "mcc")):
        assert a.get(one) == pytest.approx(b.get(other), nan_ok=True) if a else True


def test_kappa_against_sklearn() -> None:
    from sklearn.metrics import cohen_kappa_score

    matrix = np.array([[8, 2, 1], [1, 7, 2], [3, 1, 9]])
    first, second = np.nonzero(np.ones_like(matrix))
    a, b = np.repeat(first, matrix.ravel()), np.repeat(second, matrix.ravel())
    for ours, theirs in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        assert cohen_kappa(matrix, ours).kappa == pytest.approx(cohen_kappa_score(a, b, weights=theirs))
    assert class_measures(matrix)["acc"] == pytest.approx(24 / 34)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: likelihood_ratio_p([[1, 0], [2, 0]]), "nothing to compare"),
        (lambda: linear_by_linear_p([1, 2]), "two dimensions"),
        (lambda: fisher_mid_p([[1, 2, 3], [4, 5, 6]]), "for 2x2 tables, this one is 2 x 3"),
        (lambda: rank_sum_p_from_u(7, 2, 3), "between 0 and 2 x 3 = 6"),
        (lambda: rank_sum_p_from_u(0, 0, 3), "groups of 0 and 3"),
        (lambda: signed_rank_p_from_w(22, 6), "between 0 and 21"),
        (lambda: wald_p_from_interval(0, 1, 2), "positive"),
        (lambda: wald_p_from_interval(1, 2, 2), "not in order"),
        (lambda: hanley_mcneil_error(1.2, 3, 3), "between 0 and 1"),
        (lambda: hanley_mcneil_error(0.7, 0, 3), "classes of 0 and 3"),
        (lambda: correlation_p(1.2, 10), "between -1 and 1"),
        (lambda: correlation_p(0.2, 3), "needs 4"),
        (lambda: t_p_from_summary([1, 2, 3], [1, 1, 1], [3, 3, 3], equal_variances=True), "two groups, these are 3"),
        (lambda: t_p_from_summary([1, 2], [1, 1], [3, 1], equal_variances=True), "two values or more"),
        (lambda: welch_anova_p_from_summary([1, 2], [1, 0], [3, 3]), "positive"),
        (lambda: welch_anova_p_from_summary([1, 2], [1], [3, 3]), "needs 2 or more"),
        (lambda: binormal_auc([1, 2], [0, 0]), "positive"),
        (lambda: cohen_kappa([[1, 2]]), "square"),
        (lambda: cohen_kappa([[1, 2], [3, 4]], "cubic"), "use none, linear or quadratic"),
    ],
)
def test_what_is_undefined_is_refused(call, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        call()
