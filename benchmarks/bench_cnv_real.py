"""Gene log2 of real samples by her2g and by CNVkit on the same files: correlation, where they part, and who is nearer.

Usage: python benchmarks/bench_cnv_real.py [--cnvkit PYTHON] [--record]

Needs the real data folder beside the checkout, and a Python that has CNVkit (see bench_cnv.py); says so and ends when
either is absent.  Tumours have no known truth, so two things are asked beside the correlation: how far the genes of
the normals lie from two copies (their own reference's, in both tools), and how well the two halves of a gene's bins
agree. ``--record`` writes the tables into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from her2genomics.gene_calls import call_copy_number  # noqa: E402
from her2genomics.io.cnvkit import read_cnn  # noqa: E402
from her2genomics.normals import Reference, build_reference  # noqa: E402
from her2genomics.workflow.copy_number import read_reference  # noqa: E402

HEADING = "## Gene copy number on real samples"
DATA = REPOSITORY.parent / "shared" / "data" / "cnv"
PYTHON = REPOSITORY / "benchmarks" / "work" / "cnvkit" / "bin" / "python"
NO_DEPTH = -10.0
"""CNVkit writes log2 near -20 for a bin without depth; such bins are left out of its gene means."""
MIN_BINS, MIN_BINS_HALVES = 3, 6

# Run inside CNVkit's own environment: what `cnvkit.py fix` does with an empty antitarget, sample by sample.
PEER = """
import json, sys, warnings, logging
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
from cnvlib import fix
from cnvlib.cmdutil import read_cna
job = json.load(open(sys.argv[1]))
pool, empty = read_cna(job["reference"]), read_cna(job["empty"])
for sample, path in job["samples"].items():
    fixed = fix.do_fix(read_cna(path), empty, pool, do_gc=True, do_edge=True, do_rmask=True)
    fixed.data.to_csv(job["folder"] + "/" + sample + ".cnr", sep="\\t", index=False)
"""


def cnvkit_bins(files: dict[str, Path], reference: Path, python: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Return CNVkit's corrected bins of each sample."""
    job = {"reference": str(reference), "empty": str(folder / "empty.cnn"), "folder": str(folder), "samples": {}}
    for sample, file in files.items():
        target = folder / f"{sample}.targetcoverage.cnn"
        target.write_bytes(gzip.decompress(file.read_bytes()))
        job["samples"][sample] = str(target)  # type: ignore[index]
    header = target.read_text().splitlines()[0]
    (folder / "empty.cnn").write_text(header + "\n")
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "peer.py").write_text(PEER)
    subprocess.run([str(python), str(folder / "peer.py"), str(folder / "job.json")], check=True)
    return {sample: pd.read_csv(folder / f"{sample}.cnr", sep="\t") for sample in files}


def our_bins(files: dict[str, Path], reference: Reference) -> tuple[dict[str, pd.DataFrame], set[str]]:
    """Return her2g's corrected bins of each sample, and the samples that its gate passes."""
    results = {s: call_copy_number(read_cnn(file), reference, sample_id=s) for s, file in files.items()}
    return {s: r.ratios for s, r in results.items()}, {s for s, r in results.items() if r.qc.evaluable}


def gene_means(bins: pd.DataFrame, gc: pd.Series) -> pd.DataFrame:
    """Return per autosomal gene the weighted mean of its bins, of every second one and of the others, bins and GC."""
    kept = ~bins["chromosome"].isin(["chrX", "chrY"]) & (bins["gene"] != "CGH") & (bins["log2"] > NO_DEPTH)
    own = bins[kept].astype({"log2": float, "weight": float}).reset_index(drop=True)
    own["gc"] = gc.reindex(pd.MultiIndex.from_frame(own[["chromosome", "start"]])).to_numpy(dtype=float)
    odd = (own.groupby("gene").cumcount() % 2).to_numpy(dtype=bool)
    own["weighted"] = own["log2"] * own["weight"]
    sums = [part.groupby("gene")[["weighted", "weight"]].sum() for part in (own, own[odd], own[~odd])]
    means = {name: s["weighted"] / s["weight"] for name, s in zip(("log2", "odd", "even"), sums, strict=True)}
    genes = own.groupby("gene")
    table = pd.DataFrame({**means, "bins": genes.size(), "gc": genes["gc"].mean()})
    return table[table["bins"] >= MIN_BINS]


def joined(tools: dict[str, dict[str, pd.DataFrame]], gc: pd.Series, samples: list[str]) -> pd.DataFrame:
    """Return ``sample, gene`` and each tool's gene table side by side (columns ``log2 own`` and so on)."""
    parts = []
    for sample in samples:
        tables = [gene_means(bins[sample], gc).add_suffix(f" {tool}") for tool, bins in tools.items()]
        parts.append(pd.concat(tables, axis=1, join="inner").assign(sample=sample))
    return pd.concat(parts).rename_axis("gene").reset_index()


def correlations(table: pd.DataFrame, name: str) -> dict[str, str]:
    """Return how well one reference in her2g correlates with CNVkit, and once two definitions are set aside."""
    peer, own = table["log2 cnvkit"], table[f"log2 {name}"]
    level = (own - peer).groupby(table["sample"]).transform("median")
    aligned = own - level
    constant = (aligned - peer).groupby(table["gene"]).transform("median")
    altered = peer.groupby(table["sample"]).transform("std") > 0.2
    each = pd.Series({s: peer[rows].corr(own[rows]) for s, rows in table.groupby("sample").groups.items()})
    values = {
        "all genes of all tumours": peer.corr(own),
        "each tumour's level aligned": peer.corr(aligned),
        f"the same, {table.loc[altered, 'sample'].nunique()} tumours with SD > 0.2": peer[altered].corr(
            aligned[altered]
        ),
        "without one constant per gene": peer.corr(aligned - constant),
    }
    shown = {key: f"{value:.3f}" for key, value in values.items()}
    return shown | {"lowest / median / highest tumour": f"{each.min():.2f} / {each.median():.2f} / {each.max():.2f}"}


def nearness(tumours: pd.DataFrame, normals: pd.DataFrame, name: str) -> dict[str, str]:
    """Return how far one tool's genes lie from two copies in normals, and how well halves of a gene agree."""
    log2 = normals[f"log2 {name}"]
    centred = log2 - log2.groupby(normals["sample"]).transform("median")
    gc = normals[f"gc {name}"]
    slopes = [np.polyfit(gc[rows], centred[rows], 1)[0] for rows in normals.groupby("sample").groups.values()]
    many = tumours[tumours[f"bins {name}"] >= MIN_BINS_HALVES]
    odd, even = many[f"odd {name}"], many[f"even {name}"]
    return {
        "normals: root mean square distance of a gene from two copies [log2]": f"{np.sqrt((centred**2).mean()):.3f}",
        "normals: genes further than 0.2 [%]": f"{100 * (centred.abs() > 0.2).mean():.2f}",
        "normals: trend with GC, root mean square [log2 per 0.1]": f"{np.sqrt(np.mean(np.square(slopes))) / 10:.3f}",
        "tumours: correlation of the halves of a gene's bins": f"{odd.corr(even):.3f}",
        "tumours: root mean square difference of the halves [log2]": f"{np.sqrt(((odd - even) ** 2).mean()):.3f}",
    }


def markdown(columns: dict[str, dict[str, str]]) -> str:
    """Return one table: a row per measure, a column per tool."""
    lines = ["| | " + " | ".join(columns) + " |", "|" + "---|" * (len(columns) + 1)]
    lines += [f"| {row} | {' | '.join(c[row] for c in columns.values())} |" for row in next(iter(columns.values()))]
    return "\n".join(lines)


def main() -> None:
    """Run both tools over the tumours and the normals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cnvkit", type=Path, default=PYTHON, help="Python that has CNVkit")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if not DATA.is_dir() or not options.cnvkit.exists():
        print("skipped: " + ("the real data folder is not here" if not DATA.is_dir() else "CNVkit is not installed"))
        return
    kinds = [{f.name.partition(".")[0]: f for f in sorted((DATA / "targeted").glob(f"*_{k}.*.gz"))} for k in "TN"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pooled = folder / "reference.cnn"
        pooled.write_bytes(gzip.decompress((DATA / "reference-tr.cnn.gz").read_bytes()))
        gc = read_cnn(pooled).drop_duplicates(["chromosome", "start"]).set_index(["chromosome", "start"])["gc"]
        own = build_reference({s: read_cnn(f) for s, f in kinds[1].items()}, gc=read_cnn(pooled))
        kept = own.normals.loc[own.normals["used"], "sample_id"].tolist()
        files = {**kinds[0], **{name: kinds[1][name] for name in kept}}
        ours, evaluable = our_bins(files, own)
        tools = {"own": ours, "pooled": our_bins(kinds[0], read_reference(pooled))[0]}
        peer = cnvkit_bins(files, pooled, options.cnvkit, folder)
    tumours = joined({**tools, "cnvkit": peer}, gc, [s for s in kinds[0] if s in evaluable])
    normals = joined({"own": ours, "cnvkit": peer}, gc, kept)
    first = {"reference of the normals, ours": correlations(tumours, "own"),
             "CNVkit's `reference.cnn` in her2g": correlations(tumours, "pooled")}  # fmt: skip
    second = {"her2g": nearness(tumours, normals, "own"), "CNVkit": nearness(tumours, normals, "cnvkit")}
    text = (
        f"`python benchmarks/bench_cnv_real.py`: {tumours['sample'].nunique()} tumours that are evaluable and"
        f" {len(kept)} normals in use of 41 pairs of a targeted panel, {tumours['gene'].nunique()} autosomal genes of"
        f" {MIN_BINS} or more bins; weighted means of their bins. Correlation with CNVkit:\n\n{markdown(first)}\n\n"
        f"Who is nearer to the truth, where something of it is known (both references contain these normals):\n\n"
        f"{markdown(second)}"
    )
    print(text)
    if options.record:
        from bench_coverage import record

        record(text, HEADING)


if __name__ == "__main__":
    main()
