"""Quality of a copy-number profile."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2genomics.cnv_qc import assess_profile, dlrs, mapd, median_depth, neighbour_differences, slope_with


def profile(sd: float, n: int = 4000) -> pd.DataFrame:
    log2 = np.random.default_rng(1).normal(0, sd, n)
    return pd.DataFrame({"chromosome": np.repeat(["chr1", "chr2"], n // 2), "log2": log2})


def test_hand_worked_differences_do_not_cross_chromosomes() -> None:
    differences = neighbour_differences(
        np.array(["chr1", "chr1", "chr2", "chr2"], dtype=object), np.array([0, 1, 9, 7.0])
    )
    assert differences.tolist() == [1.0, -2.0]
    assert mapd(differences) == 1.5


def test_gaussian_noise_gives_the_known_mapd_and_dlrs() -> None:
    qc = assess_profile(profile(0.2), sample_id="S")
    assert qc.dlrs == pytest.approx(0.2, rel=0.05)
    assert qc.mapd == pytest.approx(0.6745 * 0.2 * np.sqrt(2), rel=0.05)


def test_copy_number_changes_do_not_raise_the_noise() -> None:
    quiet = profile(0.1)
    altered = quiet.assign(log2=quiet["log2"] + np.where(np.arange(len(quiet)) > 1500, 1.5, 0))
    assert assess_profile(altered, sample_id="S").mapd == pytest.approx(
        assess_profile(quiet, sample_id="S").mapd, abs=1e-3
    )


@pytest.mark.parametrize(("sd", "failed", "warned"), [(0.1, False, False), (0.3, False, True), (0.5, True, False)])
def test_the_gate_warns_then_fails(sd: float, failed: bool, warned: bool) -> None:
    qc = assess_profile(profile(sd), sample_id="S")
    assert qc.evaluable is not failed
    assert bool(qc.warned) is warned


def test_too_little_depth_and_a_steep_gc_trend_are_named() -> None:
    qc = assess_profile(profile(0.1), sample_id="S", depth=10, gc_slope=-4)
    assert qc.failed == ("median depth 10x < 15x",)
    assert qc.warned == ("GC slope -4.0 log2 per unit, before correction",)


def test_a_profile_whose_noise_cannot_be_measured_is_not_evaluable() -> None:
    one = pd.DataFrame({"chromosome": ["chr17"], "log2": [0.1]})
    qc = assess_profile(one, sample_id="S")
    assert not qc.evaluable
    assert qc.failed == ("no neighbouring bins, so the noise is not known",)


def test_the_depth_of_a_centred_file_is_not_known() -> None:
    assert np.isnan(median_depth(None, np.array([-0.2, 0.0, 0.1])))
    assert median_depth(None, np.array([7.0, 8.0, 9.0])) == 256
    assert median_depth(np.array([10.0, 30.0]), np.array([0.0, 0.0])) == 20


def test_the_slope_with_gc_is_the_least_squares_one() -> None:
    gc = np.linspace(0.3, 0.7, 100)
    assert slope_with(gc, 2 * gc + 1) == pytest.approx(2)
    assert np.isnan(slope_with(gc[:10], gc[:10]))
    assert np.isnan(dlrs(np.array([])))
