from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def table() -> pd.DataFrame:
    """Sixty samples of three groups: suvmax rises with the group, TP53 and age say nothing."""
    rng = np.random.default_rng(1)
    code = np.arange(60) % 3
    altered = rng.random(60) < 0.4
    return pd.DataFrame(
        {
            "sample_id": [f"s{i}" for i in range(60)],
            "her2_group": np.array(["zero", "low", "positive"])[code],
            "fish_ratio": 1.0 + code,
            "suvmax": (3 + 2 * code + rng.normal(size=60)).round(2),
            "age": rng.integers(30, 80, 60),
            "grade": rng.integers(1, 4, 60),
            "os_months": 12.0,
            "tmb": rng.gamma(2, 2, 60).round(2),
            "TP53": np.where(altered, "missense", "WT"),
            "ERBB2": np.where(code == 2, "amplification", "WT"),
            "CDK12": np.where(code == 2, "amplification", "WT"),
            "site": np.where(np.arange(60) < 42, "A", "B"),
        }
    )
