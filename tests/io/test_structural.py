"""Structural variants and fusions of cBioPortal."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import DataWarning, Her2GenomicsError, SchemaError
from her2genomics.io.structural import fusion_partners, read_structural

SV = "Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\tClass\n"


def rows(result):
    table = result.alterations
    schema.check(table, schema.ALTERATIONS)
    assert set(table["alteration"]) <= {"fusion"}
    return table[["sample_id", "gene", "detail"]].to_numpy().tolist()


def test_both_partners_count(put):
    text = SV + "P1\tSOMATIC\tERBB2\tGRB7\tINVERSION\nP2\tSOMATIC\tFGFR3\tTACC3\t\n"
    assert rows(read_structural(put(text))) == [
        ["P1", "ERBB2", "ERBB2::GRB7"], ["P1", "GRB7", "ERBB2::GRB7"],
        ["P2", "FGFR3", "FGFR3::TACC3"], ["P2", "TACC3", "FGFR3::TACC3"],
    ]  # fmt: skip


def test_breaks_within_a_gene_and_into_no_gene(put):
    text = SV + "P1\tSOMATIC\tRB1\tRB1\tDELETION\nP1\tSOMATIC\t\tMAP3K1\tTRANSLOCATION\nP1\tSOMATIC\tCDH1\tCDH1\t\n"
    assert rows(read_structural(put(text))) == [
        ["P1", "RB1", "deletion within the gene"], ["P1", "MAP3K1", "no gene::MAP3K1"], ["P1", "CDH1", "within the gene"]
    ]  # fmt: skip


def test_germline_repeated_and_gene_less_events_are_counted(put):
    text = SV + "P1\tGERMLINE\tA\tB\t\nP1\tSOMATIC\tA\tB\t\nP1\tSOMATIC\tA\tB\t\nP1\tSOMATIC\t\t\t\n"
    with pytest.warns(
        DataWarning, match="germline events dropped 1; events without a gene dropped 1; repeated fusions .* 2"
    ):
        assert len(rows(read_structural(put(text)))) == 2


def test_older_fusion_table_gives_each_pair_once(put):
    text = (
        "Hugo_Symbol\tEntrez_Gene_Id\tTumor_Sample_Barcode\tFusion\tFrame\n"
        "ERBB2\t2064\tP1\tERBB2-GRB7 fusion\tin frame\nGRB7\t2886\tP1\tERBB2-GRB7 fusion\tin frame\n"
        "NKX2-1\t7080\tP2\tHLA-A-NKX2-1\t\nTP53\t7157\tP3\tTP53-intragenic\t\nMYC\t1\tP4\t\t\n"
    )
    with pytest.warns(DataWarning, match="repeated fusions of a sample dropped 2"):
        found = rows(read_structural(put(text)))
    assert found == [
        ["P1", "ERBB2", "ERBB2::GRB7"], ["P1", "GRB7", "ERBB2::GRB7"],
        ["P2", "HLA-A", "HLA-A::NKX2-1"], ["P2", "NKX2-1", "HLA-A::NKX2-1"],
        ["P3", "TP53", "within the gene"], ["P4", "MYC", "MYC::no gene"],
    ]  # fmt: skip


def test_one_site_alone_is_not_used_when_the_gene_is_named(put):
    text = "Sample_Id\tHugo_Symbol\tSite1_Hugo_Symbol\nP1\tERBB2\tX\n"
    assert rows(read_structural(put(text))) == [["P1", "ERBB2", "ERBB2::no gene"]]


def test_a_header_without_rows_is_a_study_without_fusions(put):
    assert len(read_structural(put(SV)).alterations) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("gene\tFusion\nA\tA-B\n", "missing column Sample_Id"),
        ("Sample_Id\tx\nP1\t1\n", "no partner genes; name them Site1_Hugo_Symbol"),
        (SV + "\tSOMATIC\tA\tB\t\n", "the sample is empty in data row 1"),
    ],
)
def test_refused(put, content, message):
    with pytest.raises(SchemaError, match=message):
        read_structural(put(content))


symbols = st.sampled_from(["ERBB2", "HLA-A", "NKX2-1", "A", "GRB7"])


@given(symbols, symbols, st.sampled_from(["-", "--", "::", "/"]), st.sampled_from(["", " fusion", " Fusion - Archer"]))
def test_partners_are_told_from_either_gene(left, right, mark, words):
    expected = (left, right)
    if left == right:
        assert fusion_partners(left, f"{left}-{right}{words}") == expected
        return
    assert fusion_partners(left, f"{left}{mark}{right}{words}") == expected
    assert fusion_partners(right, f"{left}{mark}{right}{words}") == expected


columns = st.sampled_from(["SV_Status", "Site1_Hugo_Symbol", "Site2_Hugo_Symbol", "Class", "Hugo_Symbol", "Fusion"])
cell = st.sampled_from(["", "A", "HLA-A", "A-B fusion", "-", "A-intragenic", "GERMLINE", "\u0130", "(", "Fusion"])


@given(header=st.lists(columns, min_size=1, max_size=6, unique=True), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_any_cells_are_read_or_refused_in_one_line(tmp_path, header, data):
    cells = data.draw(st.lists(st.lists(cell, min_size=len(header), max_size=len(header)), min_size=1, max_size=3))
    file = tmp_path / "x.txt"
    file.write_text("\n".join("\t".join(row) for row in [["Sample_Id", *header], *(["P1", *c] for c in cells)]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        result = outcome(file)
    if isinstance(result, Her2GenomicsError):
        assert "\n" not in str(result)
    else:
        schema.check(result.alterations, schema.ALTERATIONS)
        assert result.alterations["gene"].notna().all()


def outcome(file):
    try:
        return read_structural(file)
    except Her2GenomicsError as error:
        return error


def test_a_text_without_the_gene_names_no_partner():
    assert fusion_partners("ERBB2", "something else") == ("ERBB2", None)
    assert pd.isna(fusion_partners("ERBB2", None)[1])
