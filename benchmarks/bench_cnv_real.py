"""Gene log2 of real tumours by her2g and by CNVkit on the same files: correlation, and where they part.

Needs the real data folder beside the checkout and CNVkit (``cnvkit.py`` on the path, or ``--cnvkit PATH``); says so and
ends when either is absent.  Prints one table; nothing is written.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from her2genomics.gene_calls import call_copy_number
from her2genomics.io.cnvkit import read_cnn
from her2genomics.normals import Reference, build_reference
from her2genomics.workflow.copy_number import read_reference

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "cnv"
NO_DEPTH = -10.0
"""CNVkit writes log2 near -20 for a bin without depth; such bins are left out of its gene means."""


def cnvkit_genes(tumour: Path, reference: Path, cnvkit: str, folder: Path) -> pd.DataFrame:
    sample = tumour.name.partition(".")[0]
    target = folder / f"{sample}.targetcoverage.cnn"
    target.write_bytes(gzip.decompress(tumour.read_bytes()))
    empty = folder / "empty.antitargetcoverage.cnn"
    empty.write_text(target.read_text().splitlines()[0] + "\n")
    fixed = folder / f"{sample}.cnr"
    subprocess.run([cnvkit, "fix", target, empty, reference, "-o", fixed], check=True, capture_output=True)
    bins = pd.read_csv(fixed, sep="\t")
    bins = bins[~bins["chromosome"].isin(["chrX", "chrY"]) & (bins["gene"] != "CGH") & (bins["log2"] > NO_DEPTH)]
    bins["weighted"] = bins["log2"] * bins["weight"]
    genes = bins.groupby("gene").agg(total=("weighted", "sum"), weight=("weight", "sum"), bins=("log2", "size"))
    return pd.DataFrame({"cnvkit": genes["total"] / genes["weight"], "bins": genes["bins"]})


def gene_log2(tumour: Path, reference: Reference) -> tuple[pd.Series, bool]:
    result = call_copy_number(read_cnn(tumour), reference, sample_id=tumour.name.partition(".")[0])
    return result.genes.set_index("gene")["log2"].astype(float), result.qc.evaluable


def compare(table: pd.DataFrame, name: str) -> dict[str, float | str]:
    difference = table[name] - table["cnvkit"]
    level = difference.groupby(table["sample"]).transform("median")
    constant = (difference - level).groupby(table["gene"]).transform("median")
    per_tumour = table.groupby("sample")[["cnvkit", name]].apply(lambda t: t["cnvkit"].corr(t[name]))
    altered = table.groupby("sample")["cnvkit"].transform("std") > 0.2
    aligned = table[name] - level
    return {
        "reference": name,
        "tumours": table["sample"].nunique(),
        "pooled r": table["cnvkit"].corr(table[name]),
        "tumour levels aligned": table["cnvkit"].corr(aligned),
        "the same, tumours with SD > 0.2": table["cnvkit"][altered].corr(aligned[altered]),
        "and one constant per gene": table["cnvkit"].corr(aligned - constant),
        "lowest tumour": per_tumour.min(),
        "median tumour": per_tumour.median(),
        "highest tumour": per_tumour.max(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cnvkit", default=shutil.which("cnvkit.py"), help="path of cnvkit.py")
    arguments = parser.parse_args()
    if not DATA.is_dir() or arguments.cnvkit is None:
        print("skipped: " + ("the real data folder is not here" if not DATA.is_dir() else "CNVkit is not installed"))
        return
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pooled = folder / "reference.cnn"
        pooled.write_bytes(gzip.decompress((DATA / "reference-tr.cnn.gz").read_bytes()))
        normals = {f.name.partition(".")[0]: read_cnn(f) for f in sorted((DATA / "targeted").glob("*_N.*.gz"))}
        references = {"own": build_reference(normals, gc=read_cnn(pooled)), "cnvkit_reference": read_reference(pooled)}
        for tumour in sorted((DATA / "targeted").glob("*_T.*.gz")):
            genes = cnvkit_genes(tumour, pooled, arguments.cnvkit, folder)
            found = {name: gene_log2(tumour, reference) for name, reference in references.items()}
            if not found["own"][1]:
                continue
            joined = genes.join(pd.DataFrame({name: log2 for name, (log2, _) in found.items()}), how="inner").dropna()
            rows.append(joined[joined["bins"] >= 3].assign(sample=tumour.name.partition(".")[0]))
    table = pd.concat(rows).rename_axis("gene").reset_index()
    result = pd.DataFrame([compare(table, name) for name in references])
    print(result.round(3).T.to_string(header=False))
    print(
        f"own against cnvkit_reference, both by her2g: {np.corrcoef(table['own'], table['cnvkit_reference'])[0, 1]:.3f}"
    )


if __name__ == "__main__":
    main()
