"""cBioPortal study folders: what is written, and that a round trip loses nothing."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from her2genomics.cli.main import cli
from her2genomics.exceptions import FileFormatError, UsageError
from her2genomics.workflow.inputs import StudyFiles, StudySettings, load_study
from her2genomics.workflow.portal import export_portal_study, portal_study

CLINICAL = """sample_id\tpatient_id\tihc\tish_reported\ter_status\tage\tos_months\tos_event\tdfs_months\tdfs_event\tcentre_note\tki67_pct
P1-T\tP1\t0\t\tpositive\t51\t12.5\t0\t10\t1\tleft,  upper\t12
P2-T\tP2\t2+\tnegative\tnegative\t64\t30\t1\t30\t0\t\t35.5
P3-T\tP3\t3+\t\tpositive\t47\t\t\t\t\tright\t
P4-T\tP4\t1+\t\tpositive\t70\t8\t0\t8\t0\t\t8
"""
MAF = """Hugo_Symbol\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tVariant_Type\tReference_Allele\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tHGVSp_Short\tt_depth\tt_ref_count\tt_alt_count\tFILTER
TP53\thg19\tchr17\t7578406\t7578406\tMissense_Mutation\tSNP\tC\tT\tP1-T\tp.R175H\t200\t150\t50\tPASS
PIK3CA\thg19\tchr3\t178952085\t178952085\tMissense_Mutation\tSNP\tA\tG\tP2-T\tp.H1047R\t300\t240\t60\tPASS
GATA3\thg19\tchr10\t8111513\t8111514\tFrame_Shift_Ins\tINS\t-\tG\tP4-T\tp.S408fs\t100\t80\t20\tPASS
"""
CNA = "sample_id\tgene\tcna\tlog2\n" + "".join(
    f"{sample}\t{gene}\t{cna}\t{log2}\n"
    for sample, gene, cna, log2 in [
        ("P1-T", "ERBB2", -1, -0.4), ("P2-T", "ERBB2", 0, 0.02), ("P3-T", "ERBB2", 2, 2.51), ("P1-T", "MYC", 1, 0.4),
        ("P2-T", "MYC", 0, 0.0), ("P3-T", "MYC", 0, -0.1),
    ]
)  # fmt: skip
SV = "Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\nP3-T\tSOMATIC\tERBB2\tRARA\nP1-T\tSOMATIC\tNF1\t\nP2-T\tSOMATIC\tRB1\tRB1\n"


@pytest.fixture
def study(tmp_path):
    paths = {}
    for name, text in (("clinical", CLINICAL), ("maf", MAF), ("cna", CNA), ("structural", SV)):
        paths[name] = tmp_path / f"{name}.txt"
        paths[name].write_text(text)
    (tmp_path / "profiled.txt").write_text("P1-T\nP2-T\nP3-T\nP4-T\n")
    structural = [paths.pop("structural")]
    return StudyFiles(**paths, structural=structural, profiled=tmp_path / "profiled.txt")


def facts(path) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in path.read_text().splitlines())


def test_a_round_trip_loses_nothing(study, tmp_path):
    before, written = export_portal_study(study, StudySettings(), tmp_path / "portal", identifier="my_study")
    assert len(written) == len(set(written)) == len([p for p in (tmp_path / "portal").rglob("*") if p.is_file()])
    files, settings = portal_study(tmp_path / "portal")
    after = load_study(files, settings)
    assert settings.build == "hg19"
    assert after.genes == before.genes
    assert (after.profiled == before.profiled).all()
    key = ["sample_id", "gene", "alteration", "detail"]
    pd.testing.assert_frame_equal(
        after.alterations[key].sort_values(key, ignore_index=True),
        before.alterations[key].sort_values(key, ignore_index=True),
    )
    a, b = before.samples.set_index("sample_id"), after.samples.set_index("sample_id")
    for name in ("ihc", "er_status", "age", "os_months", "os_event", "dfs_event", "her2_group", "ki67_pct", "centre_note",
                 "erbb2_log2", "erbb2_cna", "her2_reason", "subtype", "hr_status"):  # fmt: skip
        pd.testing.assert_series_equal(a[name].astype("string"), b.loc[a.index, name].astype("string"))
    pd.testing.assert_frame_equal(before.gene_panel_matrix, after.gene_panel_matrix, check_dtype=False)


def test_the_layout_is_the_portals(study, tmp_path):
    export_portal_study(study, StudySettings(), tmp_path / "portal", identifier="my_study", name="My study")
    root = tmp_path / "portal"
    assert facts(root / "meta_study.txt")["reference_genome"] == "hg19"
    for meta in root.glob("meta_*.txt"):
        held = facts(meta)
        assert held["cancer_study_identifier"] == "my_study"
        if meta.name != "meta_study.txt":
            assert (root / held["data_filename"]).is_file()
    lines = (root / "data_clinical_sample.txt").read_text().splitlines()
    assert [line[0] for line in lines[:4]] == ["#"] * 4
    assert len({line.count("\t") for line in lines}) == 1
    assert lines[4].startswith("PATIENT_ID\tSAMPLE_ID\t")
    patient = (root / "data_clinical_patient.txt").read_text()
    assert "OS_STATUS" in patient
    assert "1:DECEASED" in patient
    assert "0:DiseaseFree" in patient
    maf = pd.read_csv(root / "data_mutations.txt", sep="\t", dtype=str)
    assert maf["Chromosome"].tolist() == ["17", "3", "10"]
    assert set(maf["NCBI_Build"]) == {"hg19"}
    cna = pd.read_csv(root / "data_cna.txt", sep="\t", index_col=0)
    assert cna.loc["ERBB2"].to_dict() == {"P1-T": -1, "P2-T": 0, "P3-T": 2}
    lists = {p.name: facts(p)["case_list_ids"].split("\t") for p in (root / "case_lists").iterdir()}
    assert lists["cases_sequenced.txt"] == ["P1-T", "P2-T", "P3-T", "P4-T"]
    assert lists["cases_cnaseq.txt"] == ["P1-T", "P2-T", "P3-T"]
    panel = facts(root / "gene_panels" / "data_gene_panel_surrogate520.txt")
    assert len(panel["gene_list"].split("\t")) == 520


def test_the_same_bytes_twice(study, tmp_path):
    for name in ("a", "b"):
        export_portal_study(study, StudySettings(), tmp_path / name, identifier="s")
    files = [p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()]
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)


def test_clinical_alone_is_a_study(study, tmp_path):
    _, written = export_portal_study(
        StudyFiles(clinical=study.clinical), StudySettings(), tmp_path / "p", identifier="s"
    )
    assert {p.name for p in written} == {
        "meta_study.txt", "meta_clinical_patient.txt", "data_clinical_patient.txt", "meta_clinical_sample.txt", "data_clinical_sample.txt",
    }  # fmt: skip


def test_refusals(study, tmp_path):
    with pytest.raises(UsageError, match="is no study identifier"):
        export_portal_study(study, StudySettings(), tmp_path / "p", identifier="my study")
    with pytest.raises(FileFormatError, match="no such folder"):
        portal_study(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="no file of a cBioPortal study"):
        portal_study(tmp_path / "empty")
    (tmp_path / "empty" / "data_mutations.txt").write_text(MAF)
    with pytest.raises(FileFormatError, match="no sample attributes"):
        portal_study(tmp_path / "empty")


def test_the_commands(study, tmp_path):
    run = CliRunner().invoke
    arguments = [
        "export",
        "cbioportal",
        "--clinical",
        str(study.clinical),
        "--maf",
        str(study.maf),
        "--cna",
        str(study.cna),
    ]
    done = run(cli, [*arguments, "--profiled", str(study.profiled), "--id", "s", "--out", str(tmp_path / "portal")])
    assert done.exit_code == 0, done.stderr
    built = run(cli, ["cohort", "build", "--cbioportal", str(tmp_path / "portal"), "--out", str(tmp_path / "study")])
    assert built.exit_code == 0, built.stderr
    assert pd.read_csv(tmp_path / "study" / "cohort.tsv", sep="\t")["her2_group"].notna().all()
    for broken, code, message in (
        (["cohort", "build", "--out", str(tmp_path / "x")], 2, "--clinical"),
        (["cohort", "build", "--cbioportal", str(tmp_path / "no"), "--out", str(tmp_path / "x")], 1, "no such folder"),
        ([*arguments, "--id", "a b", "--out", str(tmp_path / "x")], 2, "study identifier"),
    ):
        result = run(cli, broken)
        assert (result.exit_code, "Traceback" in result.stderr) == (code, False)
        assert message in result.stderr
