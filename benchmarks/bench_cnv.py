"""Gene copy number beside CNVkit on simulated tumours with known truth: sensitivity, false calls, and nearness of log2.

Usage: python benchmarks/bench_cnv.py [--replicates 4] [--depths 100,300,1000] [--purities 0.1,...,1] [--record]

Seeded coverage of a panel of 160 genes: capture, GC slope, gene waves and FFPE noise of the sizes of a real targeted
panel. Each tumour has three genes each of 0, 1, 3, 4, 6, 10 and 20 copies among genes of 2; both tools get the same 20
normals and the same tumours, and share them out to ``--cores`` processes.  CNVkit (``reference``, ``fix``, ``segment``
by CBS, ``segmetrics``, ``call``, as ``batch`` runs them) is taken from a virtual environment of its own: ``python -m
venv benchmarks/work/cnvkit && benchmarks/work/cnvkit/bin/pip install cnvkit``, or ``--cnvkit PYTHON``; CBS needs R's
DNAcopy, else its HMM is not asked for: the Haar method is taken, and the table says so.  ``--record`` writes the tables
into docs/benchmarks.md and the plot beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
WORK = REPOSITORY / "benchmarks" / "work"
DOCS = REPOSITORY / "docs"
sys.path.insert(0, str(REPOSITORY))

from her2genomics.copy_rule import CopyRule  # noqa: E402
from her2genomics.gene_calls import call_copy_number  # noqa: E402
from her2genomics.io.cnvkit import write_cnn  # noqa: E402
from her2genomics.normals import Reference, build_reference  # noqa: E402
from her2genomics.segmentation import add_segments_to_genes, segment_ratios  # noqa: E402
from her2genomics.simulate_coverage import NoiseModel, simulate_coverage, simulate_targets  # noqa: E402

HEADING = "## Gene copy number"
COPIES = (0, 1, 3, 4, 6, 10, 20)
GENES_PER_COPIES = 3
GENES = 160
NORMALS, NORMAL_DEPTH = 20, 300.0
NOISE = NoiseModel(capture_sd=0.5, gc_slope_sd=1.0, wave_sd=0.05, bin_sd=0.12)
BINS = (4, 6, 8, 10, 14, 20, 28)

# Run inside CNVkit's own environment: what `cnvkit.py batch` does from target coverage on, tumour by tumour.
PEER = """
import json, sys, warnings, logging
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
import cnvlib, pandas as pd
from cnvlib import fix, reference, segmentation, segmetrics, call, reports
from cnvlib.cmdutil import read_cna
job = json.load(open(sys.argv[1]))
try:
    import subprocess
    cbs = subprocess.run(["Rscript", "-e", "library(DNAcopy)"], capture_output=True).returncode == 0
except OSError:
    cbs = False
method = "cbs" if cbs else "haar"
pool = reference.do_reference(job["normals"], female_samples=True)
from skgenome import tabio
tabio.write(pool, job["reference"])
empty = read_cna(job["empty"])
rows = []
for sample in job["tumours"]:
    raw = read_cna(job["tumours"][sample])
    ratios = fix.do_fix(raw, empty, read_cna(job["reference"]), do_gc=True, do_edge=True, do_rmask=True)
    segments = segmentation.do_segmentation(ratios, method)
    measured = segmetrics.do_segmetrics(ratios, segments, interval_stats=["ci"], alpha=0.5, smoothed=True)
    merged = call.do_call(measured, method="none", filters=["ci"], is_sample_female=True)
    merged.center_all("median")
    called = call.do_call(merged, method="threshold", is_sample_female=True)
    bins = ratios.data
    middle = (bins["start"] + bins["end"]) // 2
    for gene, own in bins.groupby("gene", sort=False):
        hit = called.data[(called.data["chromosome"] == own["chromosome"].iloc[0])]
        here = middle[own.index]
        share = [int(((here >= s) & (here < e)).sum()) for s, e in zip(hit["start"], hit["end"])]
        best = hit.iloc[share.index(max(share))] if len(hit) else None
        if best is not None:
            mean = float((own["log2"] * own["weight"]).sum() / own["weight"].sum())
            rows.append([sample, gene, mean, float(best["log2"]), int(best["cn"])])
    found = reports.do_genemetrics(ratios, segments, threshold=0.2, min_probes=3)
    names = set(found["gene"]) if len(found) else set()
    for row in rows:
        if row[0] == sample:
            row.append(int(row[1] in names))
json.dump({"method": method, "rows": rows}, open(sys.argv[2], "w"))
"""


@dataclass(frozen=True)
class Tumour:
    """One simulated tumour: where it stands in the grid, and the copies of its altered genes."""

    name: str
    depth: float
    purity: float
    copies: dict[str, float]
    table: pd.DataFrame


def simulated_panel() -> pd.DataFrame:
    """Return the bins of 160 genes of 4 to 28 bins."""
    targets = simulate_targets(n_genes=GENES, bins_per_gene=max(BINS), seed=11)
    number = targets.groupby("gene").cumcount()
    wanted = targets["gene"].map({f"G{i + 1}": BINS[i % len(BINS)] for i in range(GENES)})
    return targets[number < wanted].reset_index(drop=True)


def simulated_tumours(targets: pd.DataFrame, depths: list[float], purities: list[float], n: int) -> list[Tumour]:
    """Return the tumours of the grid."""
    genes = targets["gene"].unique()
    tumours = []
    for depth in depths:
        for purity in purities:
            for k in range(n):
                seed = 100_000 + 1000 * int(depth) + 10 * int(100 * purity) + k
                rng = np.random.default_rng([seed, 2])
                altered = rng.choice(genes, len(COPIES) * GENES_PER_COPIES, replace=False)
                copies = dict(zip(altered, np.repeat(COPIES, GENES_PER_COPIES).astype(float), strict=True))
                table = simulate_coverage(targets, seed=seed, depth=depth, purity=purity, copies=copies, noise=NOISE)
                tumours.append(Tumour(f"T{depth:g}_{100 * purity:.0f}_{k}", depth, purity, copies, table))
    return tumours


def our_calls(reference: Reference, tumours: list[Tumour]) -> pd.DataFrame:
    """Return ``sample, gene, log2, segment_log2, p, rule (the study's), test (q < 0.05)``."""
    parts = []
    for tumour in tumours:
        result = call_copy_number(tumour.table, reference, sample_id=tumour.name, rule=CopyRule(), purity=tumour.purity)
        genes = add_segments_to_genes(result.genes, segment_ratios(result.ratios, sample_id=tumour.name))
        parts.append(
            pd.DataFrame(
                {
                    "sample": tumour.name,
                    "gene": genes["gene"],
                    "log2": genes["log2"].astype(float),
                    "segment_log2": genes["segment_log2"].astype(float),
                    "p": genes["p_value"].astype(float),
                    "rule": genes["call"].isin(["amplification", "deletion"]),
                    "test": genes["q_value"].astype(float) < 0.05,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def peer_calls(paths: dict[str, str], normals: list[str], python: Path, tumours: list[str], part: int) -> str:
    """Run CNVkit on some of the tumours; return the file of its results."""
    folder = WORK / "cnv"
    job = {
        "normals": [paths[name] for name in normals],
        "tumours": {name: paths[name] for name in tumours},
        "empty": paths["empty"],
        "reference": str(folder / f"reference{part}.cnn"),
    }
    script, found = folder / f"peer{part}.py", folder / f"peer{part}.json"
    (folder / f"job{part}.json").write_text(json.dumps(job))
    script.write_text(PEER)
    subprocess.run([str(python), str(script), str(folder / f"job{part}.json"), str(found)], check=True)
    return str(found)


def files_of(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Write the coverage tables as CNVkit reads them, and an empty one; return their paths."""
    folder = WORK / "cnv"
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["chromosome", "start", "end", "gene", "log2", "depth"]
    paths = {name: str(folder / f"{name}.targetcoverage.cnn") for name in tables} | {"empty": str(folder / "empty.cnn")}
    for name, table in tables.items():
        write_cnn(table[[*columns, "gc"]], paths[name])
    (folder / "empty.cnn").write_text("\t".join(columns) + "\n")
    return paths


def both_tools(
    normals: dict[str, pd.DataFrame], tumours: list[Tumour], python: Path | None, cores: int
) -> tuple[pd.DataFrame, str]:
    """Return the genes of all tumours by her2g and, where it is there, CNVkit; and how CNVkit segmented."""
    parts = [tumours[k::cores] for k in range(min(cores, len(tumours)))]
    reference = build_reference(normals)
    with ProcessPoolExecutor(cores) as pool:
        ours = pd.concat(pool.map(partial(our_calls, reference), parts), ignore_index=True)
        if python is None:
            return ours, ""
        paths = files_of({**normals, **{t.name: t.table for t in tumours}})
        names = [[t.name for t in part] for part in parts]
        files = pool.map(partial(peer_calls, paths, list(normals), python), names, range(len(parts)))
        found = [json.loads(Path(file).read_text()) for file in files]
    columns = ["sample", "gene", "peer_mean", "peer_log2", "peer_cn", "peer_metrics"]
    theirs = pd.DataFrame([row for part in found for row in part["rows"]], columns=columns)
    return ours.merge(theirs, on=["sample", "gene"], how="left"), str(found[0]["method"])


def with_truth(calls: pd.DataFrame, tumours: list[Tumour]) -> pd.DataFrame:
    """Add ``depth, purity, copies, planted`` (log2 that copies and purity give; missing where no copy is left)."""
    truth = pd.DataFrame([(t.name, t.depth, t.purity) for t in tumours], columns=["sample", "depth", "purity"])
    table = calls.merge(truth, on="sample")
    planted = {(t.name, gene): copies for t in tumours for gene, copies in t.copies.items()}
    keys = zip(table["sample"], table["gene"], strict=True)
    table["copies"] = [planted.get(key, 2.0) for key in keys]
    ratio = 1 + table["purity"] * (table["copies"] / 2 - 1)
    table["planted"] = np.log2(ratio.where(ratio > 0))
    return table


def nearness(table: pd.DataFrame, column: str) -> pd.Series:
    """Return correlation with the planted log2 and root mean square of the distance from it, as text."""
    known = table.dropna(subset=["planted", column])
    distance = np.sqrt(((known[column] - known["planted"]) ** 2).mean())
    return pd.Series({"r": f"{known[column].corr(known['planted']):.3f}", "distance": f"{distance:.3f}"})


def at_the_peers_precision(table: pd.DataFrame) -> pd.Series:
    """Return our calls by the test alone, at the p that gives no more false calls than CNVkit in the same cell."""
    called = pd.Series(False, index=table.index)
    for _, cell in table.groupby(["depth", "purity"]):
        neutral = np.sort(cell.loc[cell["copies"] == 2, "p"].to_numpy())
        allowed = int(cell.loc[cell["copies"] == 2, "peer"].sum())
        called[cell.index] = cell["p"] < neutral[allowed]
    return called


def sensitivity(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return depth and purity x copies: share of the altered genes that were called."""
    altered = table[table["copies"] != 2]
    return altered.pivot_table(index=["depth", "purity"], columns="copies", values=column, aggfunc="mean")


def precision(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return per depth and purity: false calls of all neutral genes, and precision."""
    rows = []
    for key, cell in table.groupby(["depth", "purity"]):
        false = int(cell.loc[cell["copies"] == 2, column].sum())
        true = int(cell.loc[cell["copies"] != 2, column].sum())
        rows.append([*key, false, true / (true + false) if true + false else np.nan])
    return pd.DataFrame(rows, columns=["depth", "purity", "false", "precision"]).set_index(["depth", "purity"])


def nearness_markdown(table: pd.DataFrame, columns: dict[str, str]) -> str:
    """Return how near each tool's gene log2 is to the planted one, a row per depth and purity and one of all."""
    lines = [f"| depth | purity | r with the planted log2 | root mean square distance [log2] |\n|{'---|' * 4}"]
    cells = [(f"{depth:g}x", f"{purity:.0%}", cell) for (depth, purity), cell in table.groupby(["depth", "purity"])]
    for depth, purity, cell in [*cells, ("all", "all", table)]:
        found = [nearness(cell, name) for name in columns]
        values = " | ".join(" / ".join(row[name] for row in found) for name in ("r", "distance"))
        lines.append(f"| {depth} | {purity} | {values} |")
    return "\n".join(lines)


def markdown(table: pd.DataFrame, columns: dict[str, str]) -> str:
    """Return one table: a row per depth and purity, per number of copies the sensitivities side by side."""
    by_name = {name: sensitivity(table, name) for name in columns}
    false = {name: precision(table, name) for name in columns}
    first = next(iter(by_name.values()))
    head = "| depth | purity | " + " | ".join(f"{c:g} copies" for c in first.columns) + " | false calls |"
    lines = [head, "|" + "---|" * (len(first.columns) + 3)]
    for key in first.index:
        cells = [" / ".join(f"{100 * by_name[n].loc[key, c]:.0f}" for n in columns) for c in first.columns]
        wrong = " / ".join(str(int(false[n].loc[key, "false"])) for n in columns)
        lines.append(f"| {key[0]:g}x | {key[1]:.0%} | " + " | ".join(cells) + f" | {wrong} |")
    return "\n".join(lines)


def figure(table: pd.DataFrame, columns: dict[str, str]) -> object:
    """Return sensitivity by purity, a panel per depth and number of copies."""
    from her2genomics.report.style import LEVEL_COLOURS, PAGE_WIDTH, figure_style, new_figure

    with figure_style():
        drawn = new_figure(PAGE_WIDTH, 1.25 * table["depth"].nunique() + 0.6)
        depths = sorted(table["depth"].unique())
        grid = drawn.subplots(len(depths), len(COPIES), sharex=True, sharey=True, squeeze=False)
        for name, colour, style in zip(columns, LEVEL_COLOURS, ("-", "-", "--", ":"), strict=False):
            values = sensitivity(table, name)
            for row, depth in enumerate(depths):
                for place, copies in enumerate(COPIES):
                    line = values.loc[depth][float(copies)]
                    grid[row, place].plot(100 * line.index, 100 * line, style, color=colour, marker=".",
                                          markersize=3, label=columns[name])  # fmt: skip
        for place, copies in enumerate(COPIES):
            grid[0, place].set_title(f"{copies} copies")
            grid[-1, place].set_xlabel("purity [%]")
        for row, depth in enumerate(depths):
            grid[row, 0].set_ylabel(f"{depth:g}x\ncalled [%]")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="outside upper center", ncols=len(columns))
    return drawn


def peer_words(table: pd.DataFrame) -> str:
    """Return in how many cells her2g is ahead of CNVkit and behind, at the same number of false calls."""
    ours, peer = sensitivity(table, "matched").to_numpy(), sensitivity(table, "peer").to_numpy()
    return (
        f" At CNVkit's own number of false calls in each row, her2g is more sensitive in {int((ours > peer).sum())},"
        f" as sensitive in {int((ours == peer).sum())} and less in {int((ours < peer).sum())} of {ours.size} cells."
    )


def report(table: pd.DataFrame, method: str, command: str) -> tuple[str, dict[str, str]]:
    """Return the section of docs/benchmarks.md, and the columns of the figure with their labels."""
    columns, words = {"test": "her2g, q < 0.05", "rule": "her2g, the study's rule"}, ""
    near = {"log2": "her2g", "segment_log2": "her2g, segment"}
    if method:
        columns = {"matched": "her2g, CNVkit's number of false calls", "peer": f"CNVkit ({method})", **columns}
        near |= {"peer_mean": "CNVkit, mean of the gene's bins", "peer_log2": "CNVkit, segment"}
        words = peer_words(table)
    replicates = table["sample"].nunique() // table.groupby(["depth", "purity"]).ngroups
    neutral = table["copies"] == 2
    total = ", ".join(f"{label} {int(table.loc[neutral, name].sum())}" for name, label in columns.items())
    text = (
        f"`{command}`: {table['sample'].nunique()} tumours over {GENES} genes, {NORMALS} normals at"
        f" {NORMAL_DEPTH:g}x. Each cell is the share [%] of {replicates * GENES_PER_COPIES} genes that were called:"
        f" {' / '.join(columns.values())}. False calls are of"
        f" {replicates * (GENES - len(COPIES) * GENES_PER_COPIES)} neutral genes in each row.{words}\n\n"
        f"{markdown(table, columns)}\n\nFalse calls in all: {total}.\n\n"
        f"How near the log2 of the genes is to the planted one, {' / '.join(near.values())}:\n\n"
        f"{nearness_markdown(table, near)}"
    )
    return text, columns


def main() -> None:
    """Run both tools over the grid."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=4)
    parser.add_argument("--depths", default="100,300,1000")
    parser.add_argument("--purities", default="0.1,0.2,0.3,0.5,0.7,1")
    parser.add_argument("--cnvkit", type=Path, default=WORK / "cnvkit" / "bin" / "python", help="Python that has it")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    targets = simulated_panel()
    normals = {f"N{i}": simulate_coverage(targets, seed=i, depth=NORMAL_DEPTH, noise=NOISE) for i in range(NORMALS)}
    depths, purities = ([float(x) for x in text.split(",")] for text in (options.depths, options.purities))
    tumours = simulated_tumours(targets, depths, purities, options.replicates)
    python = options.cnvkit if options.cnvkit.exists() else None
    if python is None:
        print(f"CNVkit is not at {options.cnvkit}, skipped")
    calls, method = both_tools(normals, tumours, python, options.cores)
    table = with_truth(calls, tumours)
    if method:
        table["peer"] = (table["peer_cn"].fillna(2) != 2).astype(bool)
        table["matched"] = at_the_peers_precision(table)
    table.to_csv(WORK / "cnv_calls.tsv", sep="\t", index=False)
    command = (
        f"python benchmarks/bench_cnv.py --replicates {options.replicates} --depths {options.depths}"
        f" --purities {options.purities}"
    )
    text, columns = report(table, method, command)
    print(text)
    if options.record:
        from bench_coverage import record

        from her2genomics.io.figures import write_figure

        record(text + "\n\n![Sensitivity by copies, purity and depth](cnv_sensitivity.svg)", HEADING)
        write_figure(figure(table, columns), DOCS / "cnv_sensitivity.svg")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
