"""The sheet of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from her2genomics.exceptions import FileFormatError, SchemaError
from her2genomics.workflow.run_sheet import read_sheet


def sheet(folder: Path, *lines: str, files: tuple[str, ...] = ()) -> Path:
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    path = folder / "samples.tsv"
    path.write_text("".join(line.replace(" ", "\t") + "\n" for line in lines))
    return path


def test_files_are_relative_to_the_sheet_and_the_rest_is_clinical(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    path = sheet(
        tmp_path, "Sample type bam vcf IHC", "A Tumor b/a.bam NA 3+", "B T NA NA NA", "N normal b/n.bam NA NA",
        files=("b/a.bam", "b/n.bam"),
    )  # fmt: skip
    found = read_sheet(path)
    a, b = found.tumours
    assert (a.sample_id, a.bam, a.vcf, a.clinical) == ("A", str(tmp_path / "b/a.bam"), None, {"IHC": "3+"})
    assert (b.bam, b.clinical) == (None, {})
    assert [row.sample_id for row in found.normals] == ["N"]
    assert found.clinical()["IHC"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["sample_id ihc", "A 0", "B 0", "A 1+"],
            r"samples\.tsv:4: column sample_id: sample A stands in row 2 already",
        ),
        (["sample_id ihc", "A 0", "a 1+"], "sample a stands in row 2 already"),
        (["sample_id ihc", "A/B 0"], r":2: column sample_id: 'A/B' cannot be a folder's name"),
        (["sample_id ihc", "NA 0"], r":2: column sample_id: is empty"),
        (["sample_id role", "A lung"], r":2: sample A: column role: 'lung' is neither tumour nor normal"),
        (["sample_id role", "A normal"], "every row is a normal"),
        (["patient ihc", "A 0"], "no column sample_id"),
        (["sample_id role type", "A T T"], "columns role and type both are the role"),
        (["sample_id ihc"], "there is a header but no data row"),
    ],
)
def test_wrong_rows_are_named(tmp_path, lines, message):
    with pytest.raises((SchemaError, FileFormatError), match=message):
        read_sheet(sheet(tmp_path, *lines))


def test_all_missing_files_are_listed_at_once(tmp_path):
    path = sheet(tmp_path, "sample_id bam vcf", "A a.bam a.vcf", "B b.bam b.vcf", files=("a.bam", "b.vcf"))
    with pytest.raises(
        FileFormatError, match=r"2 files not found: row 2 \(A\), column vcf: a\.vcf; row 3 \(B\), column bam"
    ):
        read_sheet(path)


def test_one_source_of_variants(tmp_path):
    path = sheet(tmp_path, "sample_id vcf maf", "A a.vcf a.maf", files=("a.vcf", "a.maf"))
    with pytest.raises(SchemaError, match="sample A: has both a VCF and a MAF"):
        read_sheet(path)
