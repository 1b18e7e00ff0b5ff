"""Cohorts from 523 to 200,000 samples: time and memory of `her2g cohort build` and `her2g compare`, and of maftools.

Usage: python benchmarks/bench_cohort.py [--samples 10000,50000,200000] [--threads 2] [--repeat 1] [--record]

The studies are simulated once (seeded; 520 genes, three panels, about ten MAF rows per sample in the 52 columns of an
AACR GENIE release) into benchmarks/work.  523 samples are always among the sizes: there the start-up shows.  maftools
reads the same MAF and compares the same two groups where R has it.  ``--record`` writes the table into
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
WORK = REPOSITORY / "benchmarks" / "work"
DOCS = REPOSITORY / "docs" / "benchmarks.md"
sys.path.insert(0, str(REPOSITORY))

HEADING = "## Cohorts"
# An installed package keeps its bytecode; a shell that forbids to write it would have it compiled in every run.
_AS_INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
SMALL = 523
MAFTOOLS_ROW = "maftools read.maf, mafCompare"
GENIE_COLUMNS = [
    "Hugo_Symbol",
    "Entrez_Gene_Id",
    "Center",
    "NCBI_Build",
    "Chromosome",
    "Start_Position",
    "End_Position",
    "Strand",
    "Consequence",
    "Variant_Classification",
    "Variant_Type",
    "Reference_Allele",
    "Tumor_Seq_Allele1",
    "Tumor_Seq_Allele2",
    "dbSNP_RS",
    "dbSNP_Val_Status",
    "Tumor_Sample_Barcode",
    "Matched_Norm_Sample_Barcode",
    "Match_Norm_Seq_Allele1",
    "Match_Norm_Seq_Allele2",
    "Tumor_Validation_Allele1",
    "Tumor_Validation_Allele2",
    "Match_Norm_Validation_Allele1",
    "Match_Norm_Validation_Allele2",
    "Verification_Status",
    "Validation_Status",
    "Mutation_Status",
    "Sequencing_Phase",
    "Sequence_Source",
    "Validation_Method",
    "Score",
    "BAM_File",
    "Sequencer",
    "t_ref_count",
    "t_alt_count",
    "n_ref_count",
    "n_alt_count",
    "HGVSc",
    "HGVSp",
    "HGVSp_Short",
    "Transcript_ID",
    "RefSeq",
    "Protein_position",
    "Codons",
    "Exon_Number",
    "gnomAD_AF",
    "gnomAD_AFR_AF",
    "gnomAD_NFE_AF",
    "FILTER",
    "SWISSPROT",
    "Polyphen_Prediction",
    "mutationInCis_Flag",
]
CONSTANTS = {
    "Entrez_Gene_Id": "7157", "Center": "SIM", "Strand": "+", "Matched_Norm_Sample_Barcode": "",
    "Transcript_ID": "ENST00000269305", "RefSeq": "NM_000546.5", "FILTER": "PASS", "mutationInCis_Flag": "FALSE",
    "Sequence_Source": "Targeted", "Mutation_Status": "", "Exon_Number": "5/11", "Codons": "cGc/cAc",
    "Consequence": "missense_variant", "SWISSPROT": "P04637", "Polyphen_Prediction": "probably_damaging",
}  # fmt: skip
MAFTOOLS = """
suppressMessages(library(maftools)); a <- commandArgs(TRUE); t <- proc.time()
clinical <- read.delim(a[2], na.strings = "NA"); maf <- read.maf(a[1], verbose = FALSE)
positive <- subset(clinical, ihc == "3+")$sample_id; zero <- subset(clinical, ihc == "0")$sample_id
x <- mafCompare(subsetMaf(maf, tsb = positive), subsetMaf(maf, tsb = zero), minMut = 5)
"""


@dataclass(frozen=True)
class Run:
    """What a run took: wall and processor time [s], peak memory [MB]."""

    wall: float
    cpu: float
    memory: float


def simulate(samples: int) -> Path:
    """Write the study of a size unless it is there, and return its folder."""
    folder = WORK / f"cohort_{samples}"
    if not (folder / "genie.maf").exists():
        from her2genomics.simulate_cohort import CohortSettings
        from her2genomics.workflow.simulate_study import write_simulated_study

        print(f"simulating {samples:,} samples (once)", flush=True)
        cohort = write_simulated_study(folder, CohortSettings(samples=samples))
        write_genie_maf(cohort.mutations, folder / "genie.maf")
        (folder / "mutations.maf").unlink()
    return folder


def write_genie_maf(mutations: pd.DataFrame, path: Path, rows: int = 100_000) -> None:
    """Write the mutations in the columns of a GENIE release, some with values, some without, as there."""
    rng = np.random.default_rng(7)
    part_path = path.with_suffix(".part")
    with part_path.open("w", encoding="utf-8", newline="") as handle:
        for start in range(0, len(mutations), rows):
            part = mutations.iloc[start : start + rows]
            frequency = np.where(rng.random(len(part)) < 0.05, rng.random(len(part)) * 1e-4, np.nan)
            more = {"Tumor_Seq_Allele1": part["Reference_Allele"], "gnomAD_AF": frequency, "gnomAD_NFE_AF": frequency}
            more["HGVSp"] = part["HGVSp_Short"]
            more["HGVSc"] = "ENST00000269305.4:c." + part["Start_Position"].astype("string") + "G>A"
            wide = part.assign(**more, **CONSTANTS).reindex(columns=GENIE_COLUMNS)
            wide.to_csv(handle, sep="\t", index=False, header=start == 0, float_format="%.4g")
    part_path.rename(path)


def timed(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run | None:
    """Run a command once; None when it fails, with the end of its messages on the terminal."""
    start = time.perf_counter()
    log = WORK / "bench_cohort.log"
    with log.open("wb") as messages:
        process = subprocess.Popen(
            list(command), env={**_AS_INSTALLED, **(environment or {})}, stderr=messages, stdout=subprocess.DEVNULL,
            cwd=REPOSITORY,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
    if status:
        print("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]), flush=True)
        return None
    return Run(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def fastest(command: Sequence[str], repeat: int, environment: Mapping[str, str] | None = None) -> Run | None:
    """Return the fastest of several runs."""
    runs = [run for run in (timed(command, environment) for _ in range(repeat)) if run is not None]
    return min(runs, key=lambda run: run.wall, default=None)


def environment(folder: Path, threads: int) -> dict[str, str]:
    """Return what the runs of a study are told: its panels, and how many threads libraries may take."""
    counts = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS")}
    return {"HER2G_PANELS": str(folder / "panels"), **counts}


def bench(samples: int, threads: int, repeat: int) -> list[tuple[str, int, Run | None]]:
    """Run build and compare on a study of one size, and maftools where it is."""
    folder = simulate(samples)
    her2g = [sys.executable, "-m", "her2genomics", "-q"]
    files = ["--clinical", str(folder / "clinical.tsv"), "--maf", str(folder / "genie.maf"),
             "--gene-panel-matrix", str(folder / "gene_panel_matrix.tsv")]  # fmt: skip
    build = [*her2g, "cohort", "build", *files, "--out", str(folder / "out")]
    compare = [*her2g, "compare", str(folder / "out" / "cohort.tsv"), "--out", str(folder / "association.tsv")]
    told = environment(folder, threads)
    runs = [("her2g cohort build", samples, fastest(build, repeat, told)),
            ("her2g compare", samples, fastest(compare, repeat, told))]  # fmt: skip
    if has_maftools():
        script = ["Rscript", "-e", MAFTOOLS, str(folder / "genie.maf"), str(folder / "clinical.tsv")]
        runs.append((MAFTOOLS_ROW, samples, fastest(script, repeat)))
    for name, size, run in runs:
        took = "failed" if run is None else f"{run.wall:.1f} s, processor {run.cpu:.1f} s, {run.memory:.0f} MB"
        print(f"{size:,} samples, {name}: {took}", flush=True)
    return runs


def has_maftools() -> bool:
    """Return True when R and maftools are there."""
    if shutil.which("Rscript") is None:
        return False
    asked = subprocess.run(["Rscript", "-e", "library(maftools)"], capture_output=True, check=False)
    return asked.returncode == 0


def table(runs: Sequence[tuple[str, int, Run | None]]) -> str:
    """Return the runs as Markdown, build and compare together, and growth: processor time per sample."""
    lines = [
        "| samples | command | wall [s] | processor [s] | peak memory [MB] | processor per 1,000 samples [ms] |",
        "|---|---|---|---|---|---|",
    ]
    for samples in dict.fromkeys(size for _, size, _ in runs):
        named = [(name, run) for name, size, run in runs if size == samples]
        ours = [run for name, run in named if run is not None and name.startswith("her2g")]
        named.insert(2, ("both", _together(ours) if len(ours) == 2 else None))
        for name, run in named:
            cells = ["failed", "", "", ""]
            if run is not None:
                cells = [f"{run.wall:.1f}", f"{run.cpu:.1f}", f"{run.memory:.0f}", f"{run.cpu / samples * 1e6:.0f}"]
            lines.append(f"| {samples:,} | {name} | {' | '.join(cells)} |")
        theirs = next((run for name, run in named if name == MAFTOOLS_ROW), None)
        if theirs is not None and len(ours) == 2:
            both = _together(ours)
            ratios = [both.wall / theirs.wall, both.cpu / theirs.cpu, both.memory / theirs.memory]
            lines.append(f"| {samples:,} | both / maftools | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} | |")
    if not has_maftools():
        lines.append("| | maftools | not installed here, not measured | | | |")
    return "\n".join(lines)


def _together(runs: Sequence[Run]) -> Run:
    """Return runs one after the other as one."""
    return Run(sum(run.wall for run in runs), sum(run.cpu for run in runs), max(run.memory for run in runs))


def fisher_line() -> str:
    """Return what 523 Fisher tests take one by one and at once, and the largest difference of p."""
    from her2genomics.stats.contingency import fisher_exact_2x2, fisher_many

    rng = np.random.default_rng(1)
    n_a, n_b = np.full(SMALL, 90), np.full(SMALL, 231)
    a, b = rng.binomial(n_a, 0.1), rng.binomial(n_b, 0.1)
    fisher_many(a, n_a, b, n_b)
    at_once = min(_seconds(lambda: fisher_many(a, n_a, b, n_b)) for _ in range(20))
    from her2genomics.stats.hypergeometric import two_sided_p

    p_alone = min(_seconds(lambda: two_sided_p(a, n_a, b, n_b)) for _ in range(20))
    start = time.perf_counter()
    single = [fisher_exact_2x2(*map(int, (x, m - x, y, n - y))) for x, m, y, n in zip(a, n_a, b, n_b, strict=True)]
    one_by_one = time.perf_counter() - start
    many = fisher_many(a, n_a, b, n_b)["p_value"].to_numpy(dtype=float)
    difference = float(np.abs(many - np.array([s.p_value for s in single])).max())
    return (
        f"{SMALL} Fisher tests with odds ratios and intervals: {one_by_one:.2f} s one by one,"
        f" {at_once * 1e3:.0f} ms at once (p alone {p_alone * 1e3:.1f} ms), largest difference of p {difference:.1e}."
    )


def _seconds(run: object) -> float:
    start = time.perf_counter()
    run()  # type: ignore[operator]
    return time.perf_counter() - start


def record(text: str) -> None:
    """Put the section into docs/benchmarks.md, in place of the one that is there."""
    page = DOCS.read_text(encoding="utf-8") if DOCS.exists() else "# Benchmarks\n"
    page = re.sub(rf"{HEADING}\n.*?(?=^## |\Z)", "", page, flags=re.MULTILINE | re.DOTALL).rstrip()
    DOCS.write_text(f"{page}\n\n{HEADING}\n\n{text}\n", encoding="utf-8")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", default="10000,50000,200000", help="comma list of sizes; 523 is always there")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each command; the fastest counts")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    load = os.getloadavg()[0]
    sizes = sorted({SMALL, *(int(size) for size in options.samples.split(","))})
    start_up = fastest([sys.executable, "-m", "her2genomics", "compare", "--help"], 3)
    runs = [run for size in sizes for run in bench(size, options.threads, options.repeat)]
    text = (
        f"`python benchmarks/bench_cohort.py --samples {options.samples}`: 520 genes, three panels,"
        f" {len(GENIE_COLUMNS)} MAF columns, {os.cpu_count()} cores ({platform.machine()}), load average {load:.1f}"
        f" before the runs, fastest of {options.repeat}.\n\n{table(runs)}\n\n"
        f"Start-up (`her2g compare --help`): {start_up.wall if start_up else float('nan'):.2f} s. {fisher_line()}"
    )
    print(text)
    if options.record:
        record(text)


if __name__ == "__main__":
    main()
