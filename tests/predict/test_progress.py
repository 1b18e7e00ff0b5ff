"""Progress of the cross-validation: every outer fold is counted once, on one thread or two, and changes nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from her2genomics.cohort import cohort_from_table
from her2genomics.predict.analysis import fit_predictor
from her2genomics.predict.nested import PredictSettings


def test_every_outer_fold_is_counted_once() -> None:
    rng = np.random.default_rng(3)
    n = 60
    table = pd.DataFrame({"sample_id": [f"S{i}" for i in range(n)], "tmb": rng.gamma(2, 2, n).round(2).astype(str),
                          "her2_group": np.where(np.arange(n) < n // 2, "HER2-low", "HER2-positive")})  # fmt: skip
    for gene, share in (("TP53", 0.5), ("PIK3CA", 0.4), ("GATA3", 0.3)):
        table[gene] = np.where(rng.random(n) < share, "R175H", "WT")
    cohort = cohort_from_table(table)
    seen: dict[int, list[tuple[int, int]]] = {1: [], 2: []}
    results = {}
    for threads, calls in seen.items():
        settings = PredictSettings(models=("logistic",), folds=3, inner_folds=2, repeats=2, n_bootstrap=20,
                                   n_permutations=0, ablation=True, threads=threads)  # fmt: skip
        results[threads] = fit_predictor(cohort, settings=settings, progress=lambda *c, calls=calls: calls.append(c))
    total = 3 * 2 * 3  # folds x repeats x (all features, without genes, without tmb)
    assert seen[1] == seen[2] == [(i, total) for i in range(1, total + 1)]
    pd.testing.assert_frame_equal(results[1].performance, results[2].performance)
