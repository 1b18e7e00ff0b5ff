"""A small simulated study: six tumours and three normals over the targets of a dozen genes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from her2genomics.io.write import write_table
from her2genomics.panel import load_panel
from her2genomics.simulate_bam import BamSettings
from her2genomics.workflow.simulate_files import SampleSettings, simulate_bam_file

GENES = ("ERBB2", "TP53", "PIK3CA", "PTEN", "MYC", "GATA3")
SHEET = """\
sample_id	role	bam	vcf	ihc	ish_reported	er_status	age	dfs_months	dfs_event	pcr
T1	tumour	bam/T1.bam	vcf/T1.vcf	3+		negative	44	12	1	yes
T2	tumour	bam/T2.bam	vcf/T2.vcf	3+		positive	51	40	0	no
T3	tumour	bam/T3.bam	vcf/T3.vcf	1+		positive	62	33	1	no
T4	tumour		vcf/T4.vcf	2+	negative	positive	38	50	0	no
T5	tumour	bam/T5.bam	vcf/T5.vcf	0		negative	57	8	1	yes
T6	tumour		vcf/T6.vcf	0		positive	70	61	0	no
N1	normal	bam/N1.bam
N2	normal	bam/N2.bam
N3	normal	bam/N3.bam
"""
CONFIG = "coverage:\n  targets: targets.bed\n  callable_depth: 10\ncluster:\n  ranks: [2]\n  runs: 2\n"
MUTATED = {"T1": ("TP53",), "T2": ("PIK3CA", "TP53"), "T3": ("PIK3CA",), "T4": ("GATA3",), "T5": ("TP53",), "T6": ()}


class SmallStudy(NamedTuple):
    """Folder of a study, its sheet, and a configuration that is quick to run."""

    folder: Path
    sheet: Path
    config: Path


@pytest.fixture(scope="session")
def small_study(
    tmp_path_factory: pytest.TempPathFactory,
    make_vcf_lines: Callable[..., list[str]],
    coding_sites: Callable[[str], list[tuple[str, int]]],
    call: type,
) -> SmallStudy:
    """Return a study with BAM files of four tumours and three normals, VCFs of six tumours, and clinical columns."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "vcf").mkdir()
    (folder / "bam").mkdir()
    targets = load_panel().targets("hg19")
    small = targets[targets["gene"].isin(GENES)].groupby("gene").head(8)
    write_table(small[["chromosome", "start", "end", "gene"]], folder / "targets.bed", "tsv", header=False)
    for number, name in enumerate(("T1", "T2", "T3", "T5", "N1", "N2", "N3")):
        copies = {"ERBB2": 12.0} if name in ("T1", "T2") else {}
        settings = SampleSettings(bed=str(folder / "targets.bed"), depth=40, copies=copies, seed=number)
        simulate_bam_file(folder / "bam" / f"{name}.bam", settings, BamSettings(seed=number, sample=name))
    sites = iter(coding_sites("hg19"))
    for name, genes in MUTATED.items():
        calls = [call(*next(sites), gene=gene) for gene in genes]
        lines = make_vcf_lines(calls, samples=(f"{name}_blood", name))
        (folder / "vcf" / f"{name}.vcf").write_text("\n".join(lines) + "\n")
    width = len(SHEET.splitlines()[0].split("\t"))
    rows = [line + "\t" * (width - 1 - line.count("\t")) for line in SHEET.splitlines()]
    (folder / "samples.tsv").write_text("\n".join(rows) + "\n")
    (folder / "config.yaml").write_text(CONFIG)
    return SmallStudy(folder, folder / "samples.tsv", folder / "config.yaml")
