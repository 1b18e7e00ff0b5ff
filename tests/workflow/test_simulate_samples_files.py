"""A simulated study: the commands find what was planted, the same seed gives the same bytes."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.exceptions import UsageError
from her2genomics.her2 import classify_her2
from her2genomics.io.clinical import read_clinical
from her2genomics.io.vcf import read_vcf
from her2genomics.panel import load_panel
from her2genomics.simulate_samples import StudySettings, plan_study
from her2genomics.simulate_variants import variant_sites
from her2genomics.workflow.simulate_samples_files import write_study_samples

SMALL = StudySettings(samples=4, normals=5, genes=20, depth=40, seed=3)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    assert len(list(write_study_samples(folder, SMALL))) == 9
    return folder


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t")


def her2g(*words: object) -> None:
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_the_sheet_names_files_that_are_there(study: Path) -> None:
    sheet = read(study / "samples.tsv")
    assert list(sheet)[:4] == ["sample_id", "role", "bam", "vcf"]
    assert sheet["role"].value_counts().to_dict() == {"tumour": 4, "normal": 5}
    assert all((study / name).is_file() and (study / f"{name}.bai").is_file() for name in sheet["bam"])
    tumours = sheet[sheet["role"] == "tumour"]
    assert all((study / name).is_file() for name in tumours["vcf"])
    assert sheet.loc[sheet["role"] == "normal", "vcf"].isna().all()


def test_planted_copies_are_called_and_nothing_else(study: Path, tmp_path: Path) -> None:
    sheet = read(study / "samples.tsv")
    tables = {}
    for sample, bam in zip(sheet["sample_id"], sheet["bam"], strict=True):
        tables[sample] = tmp_path / f"{sample}.cnn"
        her2g("coverage", study / bam, "--targets", study / "panel" / "targets_hg19.bed", "--out", tables[sample])
    names = sheet.set_index("sample_id")["role"]
    normals = [tables[name] for name in names.index[names == "normal"]]
    tumours = [tables[name] for name in names.index[names == "tumour"]]
    her2g("reference", "build", *normals, "--out", tmp_path / "pon.cnn")
    her2g("cnv", *tumours, "--reference", tmp_path / "pon.cnn", "--out", tmp_path / "cna.tsv")
    found = read(tmp_path / "cna.tsv")
    found = found[found["call"].isin(["amplification", "deletion"])]
    planted = read(study / "truth" / "copies.tsv")
    kind = planted["copies"].gt(2).map({True: "amplification", False: "deletion"})
    assert set(zip(planted["sample_id"], planted["gene"], kind, strict=True)) == set(
        zip(found["sample_id"], found["gene"], found["call"], strict=True)
    )
    samples = read(study / "truth" / "samples.tsv").set_index("sample_id")
    positive = set(samples.index[samples["her2_group"] == "HER2-positive"])
    assert positive
    assert set(planted.loc[planted["gene"] == "ERBB2", "sample_id"]) == positive
    both = planted.merge(found, on=["sample_id", "gene"])
    purity = both["sample_id"].map(samples["purity"])
    assert (both["observed_cn"] / (purity * both["copies"] + 2 * (1 - purity))).between(0.7, 1.4).all()


def test_the_planted_burden_is_computed(study: Path, tmp_path: Path) -> None:
    her2g(
        "tmb",
        study / "vcf",
        "--panel",
        study / "panel",
        "--out",
        tmp_path / "tmb.tsv",
        "--audit",
        tmp_path / "audit.tsv",
    )
    both = read(tmp_path / "tmb.tsv").merge(
        read(study / "truth" / "samples.tsv"), on="sample_id", suffixes=("", "_true")
    )
    assert len(both) == 4
    assert both["n_counted_true"].sum() > 5
    pd.testing.assert_series_equal(both["n_counted"], both["n_counted_true"], check_names=False)
    pd.testing.assert_series_equal(both["tmb"], both["tmb_true"], check_names=False)


def test_the_cohort_has_the_planted_groups_and_mutations(study: Path, tmp_path: Path) -> None:
    her2g(
        "cohort",
        "build",
        "--clinical",
        study / "clinical.tsv",
        "--vcf",
        study / "vcf",
        "--panel",
        study / "panel",
        "--out",
        tmp_path,
    )
    built = read(tmp_path / "cohort.tsv").set_index("sample_id")
    truth = read(study / "truth" / "samples.tsv").set_index("sample_id")
    assert built["her2_group"].to_dict() == truth["her2_group"].to_dict()
    variants = read(study / "truth" / "variants.tsv")
    planted = variants[variants["planted"].isin(["counted", "hotspot"])]
    altered = {
        (s, g) for g in set(built) & set(variants["gene"]) for s in built.index if built.loc[s, g] not in ("WT", "0", 0)
    }
    assert altered == set(zip(planted["sample_id"], planted["gene"], strict=True))


def test_the_clinical_table_is_read_whole(study: Path) -> None:
    table = read_clinical(study / "clinical.tsv").table
    assert {
        "ihc",
        "er_status",
        "grade",
        "stage",
        "purity",
        "os_months",
        "os_event",
        "dfs_months",
        "dfs_event",
        "pcr",
    } <= set(table)
    assert classify_her2(table)["her2_group"].notna().all()


def test_two_runs_give_the_same_bytes_with_one_process_or_two(tmp_path: Path) -> None:
    settings = StudySettings(samples=2, normals=1, genes=5, depth=20, seed=5)
    for threads in (1, 2):
        list(write_study_samples(tmp_path / str(threads), settings, threads=threads))
    files = sorted(p.relative_to(tmp_path / "1") for p in (tmp_path / "1").rglob("*") if p.is_file())
    assert len(files) > 15
    _, different, missing = filecmp.cmpfiles(tmp_path / "1", tmp_path / "2", [str(f) for f in files], shallow=False)
    assert (different, missing) == ([], [])


def test_codons_of_the_planted_variants_are_those_of_the_transcript() -> None:
    """TP53 p.R175H lies at chr17:7578406, PIK3CA p.H1047R at chr3:178952085, AKT1 p.E17K at chr14:105246551 of hg19."""
    panel = load_panel()
    sites = variant_sites(panel.targets("hg19"), panel.exons("hg19"), panel.hotspots)
    assert sites.hot["TP53", 175][:2] == ("chr17", 7578406)
    assert sites.hot["PIK3CA", 1047][:2] == ("chr3", 178952085)
    assert sites.hot["AKT1", 17][:2] == ("chr14", 105246551)


def test_a_large_plan_has_every_kind_of_call(study: Path) -> None:
    plan = plan_study(load_panel(study / "panel"), StudySettings(samples=200, genes=20, seed=8))
    kinds = plan.variants["planted"].value_counts()
    assert set(kinds.index) == {"counted", "hotspot", "silent", "intron", "weak_evidence", "low_vaf", "germline"}
    assert kinds["germline"] == 600
    events = plan.clinical.groupby(plan.samples["her2_group"])["dfs_event"].mean()
    assert events["HER2-positive"] > events["HER2-low"]
    treated = plan.clinical[plan.clinical["neoadjuvant"] == 1]
    rates = treated.groupby(plan.samples["her2_group"])["pcr"].mean()
    assert abs(rates["HER2-positive"] - 0.5) < 0.2
    assert rates["HER2-low"] < 0.3
    assert (plan.clinical["os_months"] >= plan.clinical["dfs_months"]).all()


def test_the_calls_are_mutations_of_the_schema(study: Path) -> None:
    sample = read(study / "samples.tsv")["sample_id"].iloc[0]
    table = read_vcf(study / "vcf" / f"{sample}.vcf")
    schema.check(table, schema.MUTATIONS, unique=False)
    truth = read(study / "truth" / "variants.tsv")
    truth = truth[truth["sample_id"] == sample]
    assert table["Variant_Classification"].tolist() == truth["classification"].tolist()
    assert table["t_vaf"].tolist() == truth["vaf"].tolist()


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"depth": 0}, {"genes": 2}, {"normals": -1}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="at least"):
        StudySettings(**wrong)


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    done = CliRunner().invoke(cli, ["simulate", "cohort", "--out", str(tmp_path)])
    assert done.exit_code != 0
    assert "is not empty" in str(done.exception or done.output) + done.output
