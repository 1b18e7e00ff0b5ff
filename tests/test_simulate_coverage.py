"""Simulated coverage has the depth, copies and noise that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from her2genomics.simulate_coverage import NoiseModel, simulate_coverage, simulate_targets

TARGETS = simulate_targets(n_genes=22, bins_per_gene=40)
CALM = NoiseModel(0, 0, 0, 0)


def test_depth_and_planted_copies() -> None:
    table = simulate_coverage(TARGETS, seed=1, depth=400, purity=0.5, copies={"G3": 6.0, "G4": 0.0}, noise=CALM)
    mean = table.groupby("gene")["depth"].mean()
    assert mean["G1"] == pytest.approx(400, rel=0.03)
    assert mean["G3"] == pytest.approx(800, rel=0.03)
    assert mean["G4"] == pytest.approx(200, rel=0.03)


def test_no_copies_give_no_depth_and_the_null_log2() -> None:
    table = simulate_coverage(TARGETS, seed=1, copies={"G1": 0.0}, noise=CALM)
    assert (table.loc[table["gene"] == "G1", "log2"] == -20).all()


def test_the_noise_is_of_the_stated_size() -> None:
    table = simulate_coverage(TARGETS, seed=2, depth=1e6, noise=NoiseModel(0, 0, 0, 0.2))
    assert float(np.std(table["log2"])) == pytest.approx(0.2, rel=0.08)


def test_the_seed_decides() -> None:
    first, second, third = (simulate_coverage(TARGETS, seed=s) for s in (1, 1, 2))
    assert first.equals(second)
    assert not first.equals(third)
