from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from her2genomics import schema
from her2genomics.exceptions import FileFormatError
from her2genomics.io.gmt import read_gmt
from her2genomics.panel import load_panel


def test_own_and_msigdb_style(tmp_path: Path) -> None:
    file = tmp_path / "a.gmt"
    file.write_text("# comment\r\nHALLMARK_X\thttp://x\tTP53\tMDM2\tTP53\t\r\n\r\nWNT__mine\tdefault; CC0\tAPC\r\n")
    table = schema.check(read_gmt(file), schema.PATHWAY_GENES)
    assert table[["pathway", "source", "default", "gene"]].values.tolist() == [
        ["HALLMARK_X", "", False, "TP53"],
        ["HALLMARK_X", "", False, "MDM2"],
        ["WNT", "mine", True, "APC"],
    ]
    assert table["licence"].tolist() == ["http://x", "http://x", "CC0"]


def test_the_panel_file_reads_as_the_panel_does(tmp_path: Path) -> None:
    panel = load_panel()
    packed = tmp_path / "p.gmt.gz"
    packed.write_bytes(gzip.compress((panel.folder / panel.files["pathways"]).read_bytes()))
    assert read_gmt(packed).astype(object).values.tolist() == panel.pathways.astype(object).values.tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n# only a comment\n", "no gene set in the file"),
        ("A\tx\tTP53\nB\tx\n", ":2: gene set 'B' has no gene"),
        ("TP53\nPIK3CA\n", ":1: gene set 'TP53' has no gene"),
        ("\tx\tTP53\n", ":1: a gene set has no name"),
        ("A\tx\tTP53\nA\ty\tMYC\n", ":2: gene set 'A' is there twice"),
    ],
)
def test_what_is_no_gmt_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.gmt"
    file.write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_gmt(file)
