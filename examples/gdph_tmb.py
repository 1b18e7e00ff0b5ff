"""Make tmb.tsv of the example cohort from its alterations, by the study's rule, with library calls.

The long alterations table has no positions, so the counting is written out here; the interval is the library's.
Run from the root of the checkout: python examples/gdph_tmb.py
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import her2genomics as h2g
from her2genomics import schema
from her2genomics.tmb import burden_interval

FOLDER = Path(__file__).parent / "gdph_like"
MIN_VAF, MIN_MAX_VAF = 0.02, 0.05


def burden_table(folder: Path = FOLDER) -> pd.DataFrame:
    """Return one row per sample of the example cohort."""
    panel = h2g.load_panel()
    mb = float(panel.coding_mb)
    rows = pd.read_csv(folder / "alterations.tsv", sep="\t")
    samples = pd.read_csv(folder / "clinical.tsv", sep="\t")["sample_id"]
    small = rows[rows["alteration_class"] == "SNV_INDEL"]
    somatic = small[(small["is_germline_snp"] == 0) & (small["af"] >= MIN_VAF)]
    changes_protein = (somatic["region"] == "coding") & (somatic["consequence"] != "synonymous_variant")
    counted = somatic[(somatic["is_hotspot"] == 0) & changes_protein]
    table = pd.DataFrame({"sample_id": samples})
    table["n_counted"] = samples.map(counted["sample_id"].value_counts()).fillna(0).astype(int)
    table["max_vaf"] = samples.map(somatic.groupby("sample_id")["af"].max())
    table["denominator_mb"], table["denominator_source"], table["preset"] = mb, "panel", "zhang2022-tissue"
    table["tmb"] = table["n_counted"] / mb
    for name, values in pd.DataFrame([burden_interval(n, mb) for n in table["n_counted"]]).items():
        table[name] = values.to_numpy()
    table["status"] = "evaluable"
    table.loc[table["max_vaf"] < MIN_MAX_VAF, "status"] = "not evaluable: maxAF below 5 %"
    table.loc[table["max_vaf"].isna(), "status"] = "not evaluable: no variant"
    what = "non-synonymous SNV and indel in coding +-2 bp; AF >= 2 %; not germline; hot mutations excluded"
    table["definition"] = f"{what}; / {mb} Mb"
    columns = [c for c in schema.TMB.names if c in table]
    return table[columns]


if __name__ == "__main__":
    h2g.write_table(burden_table(), FOLDER / "tmb.tsv")
