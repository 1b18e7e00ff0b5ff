"""Clustered observations: by hand, and against the plain versions that they extend."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.exceptions import StatisticsError
from her2genomics.stats.clusters import cluster_bootstrap_difference, clustered_mcnemar, one_way_icc


def test_icc_by_hand():
    """Means 1.5, 5.5, 9.5: between 32, within 0.5; (32 - 0.5) / (32 + 0.5)."""
    assert one_way_icc([1, 2, 5, 6, 9, 10], list("aabbcc")) == pytest.approx(31.5 / 32.5)


def test_icc_recovers_the_share_of_variance():
    rng = np.random.default_rng(1)
    patient = np.repeat(np.arange(800), rng.integers(1, 5, 800))
    values = rng.normal(0, np.sqrt(0.6), 800)[patient] + rng.normal(0, np.sqrt(0.4), len(patient))
    assert one_way_icc(values, patient) == pytest.approx(0.6, abs=0.04)


def test_clusters_of_one_give_the_plain_mcnemar():
    """Single lesions: the variance under the null is (b + c) n / (n - 1) / n^2, McNemar's chi-square up to (n - 1) / n."""
    from scipy.stats import chi2

    a, b = np.array([1] * 12 + [0] * 4 + [1] * 10), np.array([0] * 12 + [1] * 4 + [1] * 10)
    result = clustered_mcnemar(a, b, np.arange(26))
    assert result.difference == pytest.approx(8 / 26)
    assert result.p_value == pytest.approx(chi2.sf((12 - 4) ** 2 / 16 * 25 / 26, 1))


def test_copies_of_every_lesion_add_no_evidence():
    rng = np.random.default_rng(2)
    a, b, patient = rng.integers(0, 2, 40), rng.integers(0, 2, 40), np.arange(40)
    once = clustered_mcnemar(a, b, patient)
    thrice = clustered_mcnemar(np.repeat(a, 3), np.repeat(b, 3), np.repeat(patient, 3))
    assert (thrice.p_value, thrice.ci_low) == pytest.approx((once.p_value, once.ci_low))


def test_bootstrap_keeps_clusters_together():
    """Copied lesions widen nothing and narrow nothing; the seed decides."""
    rng = np.random.default_rng(3)
    values, inside, patient = rng.normal(size=40), np.arange(40) < 20, np.arange(40)
    once = cluster_bootstrap_difference(values, inside, patient, seed=4)
    copied = cluster_bootstrap_difference(np.repeat(values, 5), np.repeat(inside, 5), np.repeat(patient, 5), seed=4)
    assert copied == pytest.approx(once)
    assert cluster_bootstrap_difference(values, inside, patient, seed=4) == once
    assert once[1] < once[0] < once[2]


def test_refusals():
    for call, message in (
        (lambda: one_way_icc([1, 2], ["a", "b"]), "two members"),
        (lambda: one_way_icc([1, 1, 1, 1], list("aabb")), "all values are equal"),
        (lambda: clustered_mcnemar([1, 0], [0, 1], ["a", "a"]), "a single cluster"),
        (lambda: clustered_mcnemar([1, 0], [0], ["a", "b"]), "a has 2 values"),
        (lambda: cluster_bootstrap_difference([1, 2], [1, 1], ["a", "b"]), "two groups"),
        (lambda: one_way_icc([1, 2, 3], ["a", "b"]), "3 values, 2 clusters"),
    ):
        with pytest.raises(StatisticsError, match=message):
            call()


@pytest.mark.verify
def test_the_level_of_the_clustered_test():
    """50 patients of four alike lesions, no difference: about 5 %, where the plain test errs far more often."""
    from her2genomics.stats.agreement import mcnemar

    rng, errors, runs = np.random.default_rng(5), np.zeros(2), 1500
    for _ in range(runs):
        shared = np.repeat(rng.normal(size=(50, 2)), 4, axis=0)
        seen = (1.5 * shared + rng.normal(size=(200, 2))) > 0
        patient = np.repeat(np.arange(50), 4)
        errors += [clustered_mcnemar(seen[:, 0], seen[:, 1], patient).p_value <= 0.05, mcnemar(*seen.T).p_exact <= 0.05]
    assert 0.035 <= errors[0] / runs <= 0.075
    assert errors[1] / runs > 0.1
