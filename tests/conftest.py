"""Fixtures shared by the whole suite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from her2genomics.panel import load_panel

settings.register_profile("her2g", deadline=None, derandomize=True)
settings.load_profile("her2g")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the checkout, or skip."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data folder (../shared/data) is not here")
    return folder


@dataclass(frozen=True)
class Call:
    """One record of a made VCF: a missense C>T in 20 of 100 tumour reads unless said otherwise."""

    chrom: str
    pos: int
    ref: str = "C"
    alt: str = "T"
    term: str = "missense_variant"
    gene: str = "GENE"
    protein: str = ""
    af: float | str | None = 0.2
    depth: int = 100
    filter: str = "PASS"
    pop: str = ""
    info: str = ""


VCF_HEADERS = {
    "VEP": '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: '
    'Allele|Consequence|SYMBOL|Feature_type|Feature|BIOTYPE|HGVSp|CANONICAL|gnomADe_AF|gnomADe_NFE_AF">',
    "SnpEff": "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation | "
    "Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | Transcript_BioType | Rank | HGVS.c | HGVS.p'\">",
    "": "",
}
CONTIGS = {"hg19": {"chr17": 81195210, "chr3": 198022430}, "hg38": {"chr17": 83257441, "chr3": 198295559}}


def vcf_lines(
    calls: Sequence[Call],
    annotator: str = "VEP",
    build: str | None = "hg19",
    samples: Sequence[str] = ("NORMAL", "TUMOR"),
    meta: Sequence[str] = (),
    prefix: bool = True,
) -> list[str]:
    """Return the lines of a VCF; the last sample is the tumour, the first (of two) the normal."""

    def contig(name: str) -> str:
        return name if prefix else name.removeprefix("chr")

    lines = ["##fileformat=VCFv4.2"]
    if build is not None:
        lines += [f"##contig=<ID={contig(c)},length={n}>" for c, n in CONTIGS[build].items()]
    lines += [line for line in (VCF_HEADERS[annotator], *meta) if line]
    lines.append(
        "\t".join(
            ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", *(["FORMAT"] if samples else []), *samples]
        )
    )
    for c in calls:
        n_alts = c.alt.count(",") + 1
        info = [c.info] if c.info else []
        if annotator == "VEP":
            csq = [
                f"{a}|{c.term}|{c.gene}|Transcript|T1|protein_coding|{c.protein}|YES||{c.pop}" for a in c.alt.split(",")
            ]
            info.append("CSQ=" + ",".join(csq))
        elif annotator == "SnpEff":
            ann = [
                f"{a}|{c.term}|MODERATE|{c.gene}|G|transcript|T1|protein_coding|1/2|c.1A>G|{c.protein}"
                for a in c.alt.split(",")
            ]
            info.append("ANN=" + ",".join(ann))
        row = [contig(c.chrom), str(c.pos), ".", c.ref, c.alt, ".", c.filter, ";".join(info) or "."]
        if samples:
            fraction = 0.0 if c.af is None or isinstance(c.af, str) else c.af
            reads = round(fraction * c.depth)
            tumour = (
                f"0/1:{c.depth - reads},{','.join([str(reads)] * n_alts)}:{','.join([str(c.af)] * n_alts)}:{c.depth}"
            )
            if c.af is None:
                tumour = "0/1:.:.:."
            normal = f"0/0:80,{','.join(['0'] * n_alts)}:{','.join(['0.0'] * n_alts)}:80"
            row += ["GT:AD:AF:DP", *[normal] * (len(samples) - 1), tumour]
        lines.append("\t".join(row))
    return lines


@pytest.fixture
def make_vcf(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes calls to a VCF in the test's folder and returns its path."""

    def make(calls: Sequence[Call], name: str = "sample.vcf", **how: Any) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(vcf_lines(calls, **how)) + "\n")
        return path

    return make


@pytest.fixture(scope="session")
def make_vcf_lines() -> Callable[..., list[str]]:
    """Return the function that makes the lines of a VCF."""
    return vcf_lines


@pytest.fixture(scope="session")
def call() -> type[Call]:
    """Return the type of a made VCF's records."""
    return Call


@pytest.fixture(scope="session")
def coding_sites() -> Callable[[str], list[tuple[str, int]]]:
    """Return a function from build to one position in the middle of each coding exon of chr17 and chr3 (1-based)."""

    def sites(build: str) -> list[tuple[str, int]]:
        table = load_panel().coding(build).to_table()
        table = table[table["chromosome"].isin(["chr17", "chr3"])]
        middle = ((table["start"] + table["end"]) // 2 + 1).tolist()
        return list(zip(table["chromosome"].tolist(), middle, strict=True))

    return sites
