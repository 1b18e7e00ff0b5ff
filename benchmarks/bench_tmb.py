"""`her2g tmb` beside `bcftools query` writing the same fields: time, memory, ratios.

Usage: python benchmarks/bench_tmb.py [--records 1000000] [--repeat 3] [--record]

The VCFs are made here (seeded): one of a million records over the whole genome with SnpEff annotation, two in a
hundred of them in the panel's coding exons, and one of 2,000 records as a panel gives them, every one in a target.
Both tools run as processes of their own, in turns, so that a busy machine slows both; the fastest run of each counts.
A process of ours has to start Python and read the panel whatever the size of the file, so the start alone is timed
too, and the panel file as one of a hundred: `her2g tmb *.vcf` against a shell loop of `bcftools query`.  ``--record``
writes the table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pysam

REPOSITORY = Path(__file__).resolve().parent.parent
WORK = REPOSITORY / "benchmarks" / "work"
DOCS = REPOSITORY / "docs" / "benchmarks.md"
sys.path.insert(0, str(REPOSITORY))

from her2genomics.genome import AUTOSOMES, CONTIG_LENGTHS  # noqa: E402
from her2genomics.panel import load_panel  # noqa: E402

HEADING = "## Tumour mutational burden"
QUERY = "%CHROM\t%POS\t%REF\t%ALT\t%FILTER\t%INFO/ANN[\t%AD\t%AF\t%DP]\n"
SHARE_IN_PANEL = 0.02
EFFECTS = ("missense_variant|MODERATE", "synonymous_variant|LOW", "intron_variant|MODIFIER")
LAUNCHER = """
import os, sys, time
out, command = sys.argv[1], sys.argv[2:]
started = time.perf_counter()
pid = os.fork()
if pid == 0:
    os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os.execvp(command[0], command)
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(1 if status else 0)
"""
NOTE = """
`her2g tmb` reads a VCF without numpy, pandas and scipy, which alone take longer to load than a panel VCF to count; they
are imported for MAF files, audits, JSON and Parquet. Memory does not grow with the file. A Python process cannot be as
quick as bcftools on one small file: most of its time is the start (interpreter, command line, our modules, the panel),
and a panel VCF, of which every record has to be looked at and most have to be annotated, costs about 70 us a
variant beyond it.
""".strip()
Place = tuple[str, int]


@dataclass(frozen=True)
class Run:
    """Fastest wall and processor time [s] and highest memory [MB] of some runs."""

    wall: float
    cpu: float
    memory: float


def header() -> list[str]:
    """Return the header of a made VCF."""
    lengths = CONTIG_LENGTHS["hg19"]
    ann = "Functional annotations: 'Allele | Annotation | Annotation_Impact | Gene_Name | Gene_ID | Feature_Type'"
    return [
        "##fileformat=VCFv4.2",
        *(f"##contig=<ID={name},length={length}>" for name, length in lengths.items()),
        '##FILTER=<ID=weak,Description="w">',
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="d">',
        f'##INFO=<ID=ANN,Number=.,Type=String,Description="{ann}">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="g">',
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="a">',
        '##FORMAT=<ID=AF,Number=A,Type=Float,Description="a">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="d">',
        "##tumor_sample=T",
        "##normal_sample=N",
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tN\tT",
    ]


def record(rng: random.Random, place: Place) -> str:
    """Return one made record: a substitution on three transcripts."""
    chromosome, position = place
    ref = rng.choice("ACGT")
    alt = rng.choice([base for base in "ACGT" if base != ref])
    entry = f"{alt}|{rng.choice(EFFECTS)}|GENE{position % 500}|ENSG{position % 500:011d}|transcript"
    change = (
        f"protein_coding|3/12|c.{position % 1000}{ref}>{alt}|p.Arg{position % 300}Gly|{position % 1000}/2000|1/9|1/5||"
    )
    ann = ",".join(f"{entry}|ENST{k:011d}|{change}" for k in range(3))
    reads = rng.randrange(1, 100)
    depth = reads + rng.randrange(50, 200)
    filters = "PASS" if rng.random() < 0.8 else "weak"
    tumour = f"0/1:{depth - reads},{reads}:{reads / depth:.3f}:{depth}"
    fixed = f"{chromosome}\t{position}\t.\t{ref}\t{alt}\t.\t{filters}\tDP={depth};ANN={ann}"
    return f"{fixed}\tGT:AD:AF:DP\t0/0:{depth},0:0.00:{depth}\t{tumour}\n"


def sorted_places(places: list[Place]) -> list[Place]:
    """Return places in the order of the header's contigs."""
    order = {name: i for i, name in enumerate(CONTIG_LENGTHS["hg19"])}
    return sorted(places, key=lambda place: (order[place[0]], place[1]))


def genome_places(rng: random.Random, n: int) -> list[Place]:
    """Return places over the autosomes, a few of them in coding exons."""
    exons = load_panel().coding("hg19").to_table()
    exons = exons[exons["chromosome"].isin(AUTOSOMES)]
    spans = list(exons.itertuples(index=False, name=None))
    n_inside = round(n * SHARE_IN_PANEL)
    inside = [(c, rng.randrange(s, e) + 1) for c, s, e in rng.choices(spans, k=n_inside)]
    lengths = CONTIG_LENGTHS["hg19"]
    chosen = rng.choices(AUTOSOMES, weights=[lengths[c] for c in AUTOSOMES], k=n - n_inside)
    return sorted_places(inside + [(c, rng.randrange(10_000, lengths[c])) for c in chosen])


def panel_places(rng: random.Random, n: int) -> list[Place]:
    """Return places in the panel's targets."""
    targets = load_panel().targets("hg19")
    spans = list(targets[["chromosome", "start", "end"]].itertuples(index=False, name=None))
    return sorted_places([(c, rng.randrange(s, e) + 1) for c, s, e in rng.choices(spans, k=n)])


def make_vcf(name: str, places: list[Place], rng: random.Random) -> Path:
    """Write a VCF and its bgzipped copy once; return the plain one."""
    path = WORK / f"{name}.vcf"
    if not path.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        with path.open("w") as handle:
            handle.write("\n".join(header()) + "\n")
            handle.writelines(record(rng, place) for place in places)
        pysam.tabix_compress(str(path), f"{path}.gz", force=True)
    return path


def run_process(command: Sequence[str], output: Path) -> Run:
    """Run a command into a file and measure its process; a small one starts it, as a child inherits a peak."""
    done = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, str(output), *command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"failed: {' '.join(command)}: {done.stderr}")
    wall, cpu, memory = map(float, done.stdout.split())
    return Run(wall, cpu, memory)


def fastest(runs: Sequence[Run]) -> Run:
    """Return the fastest times and the highest memory."""
    return Run(min(r.wall for r in runs), min(r.cpu for r in runs), max(r.memory for r in runs))


def query(path: Path) -> list[str]:
    """Return bcftools' command line."""
    return ["bcftools", "query", "-f", QUERY, str(path)]


def ours(path: Path) -> list[str]:
    """Return our command line."""
    return [sys.executable, "-m", "her2genomics", "-q", "tmb", str(path)]


def copies(path: Path, n: int) -> list[Path]:
    """Return copies of a VCF, each with a tumour of its own."""
    folder = WORK / f"{path.stem}_x{n}"
    folder.mkdir(parents=True, exist_ok=True)
    text = path.read_text()
    made = []
    for i in range(n):
        copy = folder / f"T{i:03d}.vcf"
        if not copy.exists():
            copy.write_text(
                text.replace("##tumor_sample=T\n", f"##tumor_sample=T{i}\n").replace("\tN\tT\n", f"\tN\tT{i}\n")
            )
        made.append(copy)
    return made


LOOP = 'fields=$1; shift; for file in "$@"; do bcftools query -f "$fields" "$file"; done'


def many_files(path: Path, n: int, repeat: int) -> list[str]:
    """Return the rows of many panel files: a shell loop of bcftools, and ours in one process and in two."""
    files = [str(copy) for copy in copies(path, n)]
    loop = ["sh", "-c", LOOP, "sh", QUERY, *files]
    base = [sys.executable, "-m", "her2genomics", "-q", "tmb", *files]
    commands = {"shell loop of bcftools query": loop} if shutil.which("bcftools") else {}
    commands |= {"her2g tmb": base, "her2g tmb --threads 2": [*base, "--threads", "2"]}
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            runs[name].append(run_process(command, WORK / "out.txt"))
    reference = fastest(runs["shell loop of bcftools query"]) if "shell loop of bcftools query" in runs else None
    return [line(f"{n} files of 2,000 records: {name}", fastest(found), reference) for name, found in runs.items()]


def starts(repeat: int) -> list[str]:
    """Return the rows of a start: Python alone, with numpy, and our help."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import numpy'": [sys.executable, "-c", "import numpy"],
        "her2g tmb --help": [sys.executable, "-m", "her2genomics", "tmb", "--help"],
    }
    found = {name: fastest([run_process(c, WORK / "out.txt") for _ in range(repeat)]) for name, c in commands.items()}
    return [line(f"start: {name}", run, None) for name, run in found.items()]


def line(name: str, run: Run, reference: Run | None) -> str:
    """Return one row of the table."""
    ratios = " | " if reference is None else f"{run.wall / reference.wall:.2f} | {run.cpu / reference.cpu:.2f}"
    return f"| {name} | {run.wall:.3f} | {run.cpu:.3f} | {run.memory:.0f} | {ratios} |"


def compare(path: Path, repeat: int, label: str) -> list[str]:
    """Return the rows of one file: bcftools and ours in turns."""
    output = WORK / "out.txt"
    theirs, own = [], []
    for _ in range(repeat):
        if shutil.which("bcftools"):
            theirs.append(run_process(query(path), output))
        own.append(run_process(ours(path), output))
    reference = fastest(theirs) if theirs else None
    rows = [] if reference is None else [line(f"{label}: bcftools query", reference, reference)]
    rows.append(line(f"{label}: her2g tmb", fastest(own), reference))
    return rows


def main() -> None:
    """Make the files, run, print, record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=100, help="copies of the panel VCF")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    if not shutil.which("bcftools"):
        print("bcftools is not installed: no ratios")
    genome = make_vcf(f"genome_{options.records}", genome_places(random.Random(1), options.records), random.Random(2))
    panel = make_vcf("panel_2000", panel_places(random.Random(3), 2000), random.Random(4))
    load = f"load average {os.getloadavg()[0]:.1f} before the runs" if hasattr(os, "getloadavg") else ""
    rows = starts(options.repeat)
    for path, label in ((genome, f"{options.records:,} records"), (panel, "2,000 records")):
        rows += compare(path, options.repeat, label)
        rows += compare(path.with_suffix(".vcf.gz"), options.repeat, f"{label}, bgzip")
    rows += many_files(panel, options.files, options.repeat)
    table = [
        f"`python benchmarks/bench_tmb.py --records {options.records}`: {os.cpu_count()} cores ({platform.machine()}),"
        f" {load}, fastest of {options.repeat}.",
        "",
        "| file and tool | wall [s] | processor [s] | peak memory [MB] | wall, ours / theirs |"
        " processor, ours / theirs |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        NOTE,
    ]
    print("\n".join(table))
    if options.record:
        write_section("\n".join(table))


def write_section(text: str) -> None:
    """Replace this benchmark's section of the page."""
    page = DOCS.read_text(encoding="utf-8") if DOCS.exists() else "# Benchmarks\n"
    page = re.sub(rf"\n*{re.escape(HEADING)}\n.*?(?=\n## |\Z)", "", page, flags=re.DOTALL).rstrip()
    DOCS.write_text(f"{page}\n\n{HEADING}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
