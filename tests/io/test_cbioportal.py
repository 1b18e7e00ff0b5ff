"""cBioPortal study folders."""

from __future__ import annotations

import pytest

from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.io.cbioportal import find_study_files, read_gene_panel_matrix, read_portal_clinical

SAMPLE = "#S\tP\tI\n#s\tp\ti\n#STRING\tSTRING\tSTRING\n#1\t1\t1\nSAMPLE_ID\tPATIENT_ID\tHER2_IHC_SCORE\nP1-T1\tP1\t1+\nP1-T2\tP1\t0\n"
PATIENT = (
    "#P\tA\tI\n#p\ta\ti\n#STRING\tNUMBER\tSTRING\n#1\t1\t1\nPATIENT_ID\tAGE\tHER2_IHC_SCORE\nP1\t50\t3+\nP9\t60\t0\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "meta_study.txt").write_text("cancer_study_identifier: x\nreference_genome: hg38\n")
    (tmp_path / "meta_mutations.txt").write_text(
        "genetic_alteration_type: MUTATION_EXTENDED\ndatatype: MAF\ndata_filename: my_mutations.maf\n"
    )
    (tmp_path / "meta_gone.txt").write_text(
        "genetic_alteration_type: COPY_NUMBER_ALTERATION\ndatatype: DISCRETE\ndata_filename: gone.txt\n"
    )
    (tmp_path / "my_mutations.maf").write_text("x")
    (tmp_path / "data_clinical_sample.txt").write_text(SAMPLE)
    (tmp_path / "data_clinical_patient.txt").write_text(PATIENT)
    (tmp_path / "data_mutations.txt").write_text("x")
    (tmp_path / "case_lists").mkdir()
    (tmp_path / "case_lists" / "cases_sequenced.txt").write_text(
        "stable_id: x_sequenced\ncase_list_ids: P1-T1\tP1-T2\n"
    )
    return tmp_path


def test_files_are_found_by_meta_files_then_by_name(folder):
    study = find_study_files(folder)
    assert {content: file.name for content, file in study.files.items()} == {
        "mutations": "my_mutations.maf",
        "clinical_sample": "data_clinical_sample.txt",
        "clinical_patient": "data_clinical_patient.txt",
    }
    assert study.build == "hg38"
    assert study.sequenced == ["P1-T1", "P1-T2"]


def test_a_folder_that_is_no_study(tmp_path):
    with pytest.raises(FileFormatError, match="no file of a cBioPortal study"):
        find_study_files(tmp_path)
    with pytest.raises(FileFormatError, match="no such folder"):
        find_study_files(tmp_path / "x")


def test_patients_are_joined_to_samples_and_the_sample_goes_first(folder):
    study = find_study_files(folder)
    result = read_portal_clinical(study.files["clinical_sample"], study.files["clinical_patient"])
    assert result.kind == "cBioPortal clinical file"
    assert result.table[["sample_id", "patient_id", "age", "ihc"]].to_numpy().tolist() == [
        ["P1-T1", "P1", 50.0, "1+"], ["P1-T2", "P1", 50.0, "0"]
    ]  # fmt: skip
    assert read_portal_clinical(study.files["clinical_sample"]).table["ihc"].tolist() == ["1+", "0"]


def test_a_repeated_patient_is_refused(put):
    sample, patient = put(SAMPLE, "s.txt"), put(PATIENT + "P1\t51\t3+\n", "p.txt")
    with pytest.raises(SchemaError, match=r"p\.txt: column PATIENT_ID: patient P1 is repeated"):
        read_portal_clinical(sample, patient)
    with pytest.raises(SchemaError, match="missing column PATIENT_ID"):
        read_portal_clinical(sample, put("x\ty\n1\ta\n", "q.txt"))


def test_gene_panel_matrix(put):
    text = "SAMPLE_ID\tmutations\tcna\tstructural_variants\nP1\tIMPACT468\tIMPACT468\tx\nP2\tNA\tIMPACT468\tx\n"
    table = read_gene_panel_matrix(put(text))
    assert table.columns.tolist() == ["sample_id", "mutations", "cna"]
    assert table["mutations"].isna().tolist() == [False, True]
    with pytest.raises(SchemaError, match="1 repeated row"):
        read_gene_panel_matrix(put("SAMPLE_ID\tmutations\nP1\tx\nP1\ty\n"))
