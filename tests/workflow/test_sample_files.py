"""The page of one tumour: what stands on it, what is not supplied or not evaluable, and how it prints."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.io.cnvkit import write_cnn
from her2genomics.io.write import write_table
from her2genomics.report.sample_page import altered_genes
from her2genomics.workflow.sample_files import SampleFiles, read_sample

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
MAF = (
    "Hugo_Symbol\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tReference_Allele\tTumor_Seq_Allele2"
    "\tTumor_Sample_Barcode\tHGVSp_Short\tt_vaf\n"
    "TP53\t17\t7578406\t7578406\tMissense_Mutation\tC\tT\tT1\tp.R175H\t0.31\n"
    "KMT2C\t7\t151900000\t151900000\tNonsense_Mutation\tC\tT\tT1\tp.Q100*\t0.45\n"
    "PIK3CA\t3\t178952085\t178952085\tSilent\tA\tG\tT1\tp.H1047H\t0.2\n"
    "TTN\t2\t179400000\t179400000\tMissense_Mutation\tA\tG\tT1\tp.A5T\t0.4\n"
    "TP53\t17\t7578406\t7578406\tMissense_Mutation\tC\tT\tT2\tp.R175H\t0.2\n"
)


def save(path: Path, declared: schema.TableSchema, **columns: list[object]) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_table(schema.conform(pd.DataFrame(columns), declared), path)
    return path


def copy_number_folder(folder: Path) -> Path:
    ids, n = ["T1", "T2"], 60
    save(folder / "cnv_qc.tsv", schema.CNV_QC, sample_id=ids, n_bins=[n] * 2, mapd=[0.1, 0.5], dlrs=[0.1, 0.5],
         failed=["", "MAPD 0.50 > 0.35"], warned=["", ""])  # fmt: skip
    genes = {"gene": ["ERBB2", "GRB7", "RB1"] * 2, "chromosome": ["chr17", "chr17", "chr13"] * 2, "start": [0, 900, 0] * 2,
             "end": [900, 1200, 900] * 2, "log2": [2.3, 1.0, -1.2] * 2, "cna": [2, 2, -1] * 2, "cn": [None] * 6}  # fmt: skip
    save(folder / "gene_cna.tsv", schema.GENE_CNA, sample_id=["T1"] * 3 + ["T2"] * 3, observed_cn=[9.8, 4.0, 0.9] * 2,
         call=["amplification", "amplification", "deletion"] * 2, event=["17q12", "17q12", None] * 2, **genes)  # fmt: skip
    bins = pd.DataFrame({"chromosome": "chr17", "start": np.arange(n) * 100, "end": np.arange(n) * 100 + 90,
                         "gene": "ERBB2", "log2": np.linspace(-0.5, 2.3, n)})  # fmt: skip
    for name in ids:
        write_cnn(bins, folder / f"{name}.cnr")
        write_cnn(bins.iloc[[0, 30]].assign(probes=30), folder / f"{name}.cns")
    return folder


@pytest.fixture
def files(tmp_path: Path) -> SampleFiles:
    maf, clinical = tmp_path / "m.maf", tmp_path / "clinical.tsv"
    maf.write_text(MAF)
    clinical.write_text("sample_id\tihc\tish_reported\nT1\t3+\t\nT2\t2+\t\n")
    tmb = save(tmp_path / "tmb.tsv", schema.TMB, sample_id=["T1", "T2"], n_counted=[8, 3], denominator_mb=[1.003] * 2,
               denominator_source=["panel"] * 2, tmb=[7.976, 2.99], garwood_lo=[3.44, 0.6], garwood_hi=[15.7, 8.7],
               status=["evaluable", "not evaluable: maxAF 3 % < 5 %"], preset=["zhang2022-tissue"] * 2)  # fmt: skip
    coverage = save(tmp_path / "qc.tsv", schema.SAMPLE_QC, sample_id=["T1", "T2"], mean_target_depth=[420.0, 8.0],
                    frac_targets_100x=[0.98, 0.0])  # fmt: skip
    return SampleFiles(tmb, copy_number_folder(tmp_path / "cnv"), maf, coverage, clinical)


def page_of(sample: str, files: SampleFiles, out: Path) -> str:
    given = [part for name, path in vars(files).items() if path is not None for part in (f"--{name}", str(path))]
    done = CliRunner().invoke(cli, ["sample-report", "--sample", sample, *given, "--out", str(out)])
    assert done.exit_code == 0, done.stderr
    return out.read_text(encoding="utf-8")


def test_hotspots_come_first_then_copies_then_other_variants(files: SampleFiles) -> None:
    results = read_sample("T1", files)
    table = altered_genes(results)
    assert table["gene"].tolist() == ["TP53", "ERBB2", "GRB7", "RB1", "KMT2C"]
    assert table["class"].tolist() == ["missense", "amplification", "amplification", "deletion", "truncating"]
    assert (table["hotspot"][0], table["copies"][1], table["amplicon"][1]) == (True, 9.8, "17q12")
    assert results.n_outside == 1
    assert read_sample("T1", files, panel="exome").n_outside == 0


def test_the_page_of_a_tumour_with_everything(files: SampleFiles, tmp_path: Path) -> None:
    page = page_of("T1", files, tmp_path / "T1.html")
    for text in ("8.0 mutations/Mb, 95 % interval 3.4 to 15.7 (exact Poisson): 8 mutations in 1.003 Mb", "p.R175H",
                 "HER2-positive: IHC 3+", "amplification, log2 2.3, event 17q12", "amplified if and only if HER2-positive: yes",
                 "mean depth 420x, 98.0 % of targets", "MAPD 0.10, DLRS 0.10", "1 more in genes outside the panel",
                 "Research use only"):  # fmt: skip
        assert text in page, text
    assert page == page_of("T1", files, tmp_path / "again.html")
    assert str(tmp_path) not in page


def test_what_is_not_evaluable_is_said_and_nothing_is_called(files: SampleFiles, tmp_path: Path) -> None:
    assert altered_genes(read_sample("T2", files))["gene"].tolist() == ["TP53"]
    page = page_of("T2", files, tmp_path / "T2.html")
    for text in ("not evaluable: maxAF 3 % &lt; 5 %; 3 counted variants are no burden of 0", "indeterminate",
                 "not evaluable: MAPD 0.50 &gt; 0.35", "copy number not evaluable: not shown here, not excluded"):  # fmt: skip
        assert text in page, text
    assert "3.0 mutations/Mb" not in page


def test_what_is_not_supplied_is_said(tmp_path: Path) -> None:
    page = page_of("T1", SampleFiles(), tmp_path / "empty.html")
    for name in ("tmb", "cnv", "clinical", "coverage", "mutations"):
        assert f"not supplied (--{name})" in page
    assert "No alteration" not in page


def test_an_unknown_sample_is_refused_with_those_there(files: SampleFiles, tmp_path: Path) -> None:
    for name, path in vars(files).items():
        done = CliRunner().invoke(
            cli, ["sample-report", "--sample", "X", f"--{name}", str(path), "--out", str(tmp_path / "x.html")]
        )
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "sample X: the sample is not in this file; there are: T1, T2" in done.stderr
        assert not (tmp_path / "x.html").exists()


@pytest.mark.xdist_group("browser")
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed: apt-get install chromium")
def test_it_prints_on_one_page_and_axe_finds_nothing(files: SampleFiles, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page_of("T1", files, tmp_path / "T1.html")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--disable-gpu", "--no-sandbox"])
        page = browser.new_page()
        page.goto((tmp_path / "T1.html").as_uri())
        found = axe.Axe().run(page).response["violations"]
        (tmp_path / "T1.pdf").write_bytes(page.pdf(prefer_css_page_size=True))
        browser.close()
    assert [violation["id"] for violation in found] == []
    assert (tmp_path / "T1.pdf").read_bytes().count(b"/Type /Page\n") == 1
