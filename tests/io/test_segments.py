"""Segments and gene copy number: coordinates, builds, matrices, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.exceptions import (
    AmbiguousInputError,
    BuildMismatchError,
    DataWarning,
    Her2GenomicsError,
    SchemaError,
)
from her2genomics.genome import CONTIG_LENGTHS
from her2genomics.io.segments import read_cns, read_gene_cna, read_seg

HEADERS = [
    "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean",
    "Sample\tChromosome\tStart\tEnd\tNum_Probes\tSegment_Mean",
    "GDC_Aliquot\tChromosome\tStart\tEnd\tNum_Probes\tSegment_Mean",
    '"ID"\t"chrom"\t"loc.start"\t"loc.end"\t"num.mark"\t"seg.mean"',
]


def seg(*rows, header=HEADERS[0]):
    return header + "\n" + "".join("\t".join(map(str, row)) + "\n" for row in rows)


@pytest.mark.parametrize("header", HEADERS)
def test_one_based_inclusive_becomes_zero_based_half_open(put, header):
    result = read_seg(put(seg(["P1", "17", 1, 1000, 12, -0.4], ["P1", "chr23", 5, 5, 1, "0.1"], header=header)))
    assert result.segments.to_numpy().tolist() == [["P1", "chr17", 0, 1000, 12, -0.4], ["P1", "chrX", 4, 5, 1, 0.1]]
    assert result.build is None
    assert list(result.segments.columns) == schema.SEGMENTS.names


def test_probes_may_be_absent(put):
    result = read_seg(put("sample\tchr\tstart\tend\tlog2\nP1\t1\t1\t10\t0.2\n"))
    assert list(result.segments.columns) == ["sample_id", "chromosome", "start", "end", "log2"]


def test_cnvkit_segments_are_zero_based_already(put):
    text = "chromosome\tstart\tend\tgene\tlog2\tdepth\tprobes\tweight\nchr17\t0\t1000\tERBB2\t3.1\t900\t28\t20\n"
    result = read_cns(put(text, "TR_01_T.call.cns"), build="GRCh37")
    assert result.segments.to_numpy().tolist() == [["TR_01_T", "chr17", 0, 1000, 28, 3.1]]
    assert result.build == "hg19"
    assert read_cns(put(text, "x.cns"), sample="P1").segments["sample_id"].tolist() == ["P1"]


def test_segments_without_a_mean_and_a_start_of_zero_are_counted(put):
    with pytest.warns(
        DataWarning, match=r"without a mean dropped 1; segments that start at 0 in a 1-based file: taken as 1 1"
    ):
        result = read_seg(put(seg(["P1", "1", 0, 10, 1, 0.1], ["P1", "1", 11, 20, 1, "NA"])))
    assert result.segments[["start", "end"]].to_numpy().tolist() == [[0, 10]]


@pytest.mark.parametrize(("build", "other"), [("hg19", "hg38"), ("hg38", "hg19")])
def test_positions_beyond_the_chromosome_are_another_build(put, build, other):
    name = next(c for c, n in CONTIG_LENGTHS[other].items() if n > CONTIG_LENGTHS[build][c])
    end = CONTIG_LENGTHS[other][name]
    file = put(seg(["P1", name, 1, end, 9, 0.1]))
    assert read_seg(file, build=other).build == other
    with pytest.raises(
        BuildMismatchError, match=f"sample P1: 1 segments end beyond .* on {build} .*use --build {other}"
    ):
        read_seg(file, build=build)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("a\tb\n1\tx\n", SchemaError, "missing columns sample_id, chromosome, start, end, log2; the file has a, b"),
        (seg(["P1", "1", 10, 5, 1, 0.1]), SchemaError, "sample P1: a segment on chr1 ends at 5, before it starts"),
        (seg(["P1", "1", 1, 5, 1, "high"]), SchemaError, "sample P1: column log2: value 'high' is not a number"),
        (seg(["P1", "1", "1.5", 5, 1, 0.1]), SchemaError, "value '1.5' is not a whole number"),
        (seg(["P1", "1", -4, 5, 1, 0.1]), SchemaError, "value '-4' is below 0"),
        (seg(["P1", "1", 1, 5, 1, 0.1], ["P1", "1", 1, 9, 1, 0.1]), SchemaError, "1 repeated row, first: sample_id=P1"),
        (seg(["", "1", 1, 5, 1, 0.1]), SchemaError, "sample_id is empty in data row 1"),
        (seg(["P1", "", 1, 5, 1, 0.1]), SchemaError, "chromosome is empty in data row 1"),
        (
            seg(["P1", "1", 1, 5, 1, 0.1], ["P1", "1", "", "", 1, 0.1]),
            SchemaError,
            "column loc.start: start is empty in data row 2",
        ),
        (seg(["P1", "1", 1, "", 1, 0.1]), SchemaError, "column loc.end: end is empty in data row 1"),
        (seg(["P1", "1", 1, 10**20, 1, 0.1]), SchemaError, "sample P1: column end: value '1.*' is too large"),
        (seg(["P1", "1", 1, 5, 1, "-inf"]), SchemaError, "sample P1: column log2: log2 is not finite"),
        (
            seg(*[["P1", "1", i * 10 + 1, i * 10 + 5, 1, 2.1] for i in range(25)]),
            AmbiguousInputError,
            "copies or ratios",
        ),
    ],
)
def test_segments_that_are_refused(put, content, error, message):
    with pytest.raises(error, match=message) as caught:
        read_seg(put(content))
    assert "\n" not in str(caught.value)


# --- gene copy number ------------------------------------------------------------------------------------------------


def found(result):
    column = {"calls": "cna", "log2": "log2", "copies": "cn"}[result.measure]
    return {(s, g): v for s, g, v in result.gene_cna[["sample_id", "gene", column]].to_numpy().tolist()}


def test_cbioportal_discrete(put):
    text = "Hugo_Symbol\tEntrez_Gene_Id\tP1\tP2\nERBB2\t2064\t2\t0\nPTEN\t5728\t-2\tNA\n"
    result = read_gene_cna(put(text))
    assert result.measure == "calls"
    assert found(result) == {("P1", "ERBB2"): 2, ("P1", "PTEN"): -2, ("P2", "ERBB2"): 0}
    assert result.gene_cna["cna"].dtype == "Int64"
    schema.check(result.gene_cna, schema.GENE_CNA)
    assert found(read_gene_cna(put(text), genes=["PTEN", "TP53"])) == {("P1", "PTEN"): -2}


def test_partial_deletions_are_deep_deletions_and_counted(put):
    with pytest.warns(DataWarning, match=r"partial deletions \(-1.5\) taken as -2 1"):
        assert found(read_gene_cna(put("Hugo_Symbol\tP1\nA\t-1.5\nB\t0\n"))) == {("P1", "A"): -2, ("P1", "B"): 0}


def test_log2_matrix_has_no_calls(put):
    result = read_gene_cna(put("Hugo_Symbol\tCytoband\tP1\tP2\nERBB2\t17q12\t2.31\t-0.1\nPTEN\t10q23\t-1.2\t0\n"))
    assert result.measure == "log2"
    assert found(result)["P1", "ERBB2"] == 2.31
    assert result.gene_cna["cna"].isna().all()


def test_samples_in_rows(put):
    text = "sample_id,ERBB2,PTEN\nP1,2,-1\nP2,0,0\n"
    assert found(read_gene_cna(put(text))) == {
        ("P1", "ERBB2"): 2, ("P1", "PTEN"): -1, ("P2", "ERBB2"): 0, ("P2", "PTEN"): 0
    }  # fmt: skip
    assert set(found(read_gene_cna(put(text), genes={"PTEN"}))) == {("P1", "PTEN"), ("P2", "PTEN")}


def test_long_table(put):
    result = read_gene_cna(put("Sample\tHugo_Symbol\tcn\tlog2_ratio\nP1\tERBB2\t8.4\t2.07\n"))
    assert result.gene_cna[["sample_id", "gene", "cn", "log2"]].to_numpy().tolist() == [["P1", "ERBB2", 8.4, 2.07]]
    calls = read_gene_cna(put("sample_id\tgene\tcna\nP1\tERBB2\t2\nP1\tPTEN\t-1\n"), genes=["PTEN"])
    assert found(calls) == {("P1", "PTEN"): -1}


def test_copies_have_to_be_said(put):
    file = put("Hugo_Symbol\tP1\tP2\nERBB2\t14\t2\nPTEN\t1\t2\n")
    with pytest.raises(AmbiguousInputError, match="values from 1 to 14: discrete calls, log2 ratios or copies"):
        read_gene_cna(file)
    assert found(read_gene_cna(file, measure="copies"))["P1", "ERBB2"] == 14.0
    with pytest.raises(AmbiguousInputError, match="values from 1 to 2"):
        read_gene_cna(put("Hugo_Symbol\tP1\tP2\nERBB2\t2\t2\nPTEN\t1\t2\n"))


def test_gene_rows_that_repeat(put):
    same = put("Hugo_Symbol\tP1\nA\t1\nA\t1\n")
    with pytest.warns(DataWarning, match="rows that repeat another one dropped 1"):
        assert found(read_gene_cna(same)) == {("P1", "A"): 1}
    differ = put("Hugo_Symbol\tP1\nA\t1\nA\t2\nB\t0\n")
    with pytest.raises(AmbiguousInputError, match="A has several rows that differ"):
        read_gene_cna(differ)
    assert found(read_gene_cna(differ, genes=["B"])) == {("P1", "B"): 0}


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        (
            "name\tP1\nA\t1\n",
            {},
            "first column, 'name', holds neither genes nor samples; name it|neither genes nor samples",
        ),
        ("Hugo_Symbol\tP1\nA\tgain\n", {}, "sample P1: column A: value 'gain' is not a number"),
        ("sample_id\tA\nP1\tgain\n", {}, "sample P1: column A: value 'gain' is not a number"),
        ("Hugo_Symbol\tP1\nA\t3\n", {"measure": "calls"}, "sample P1: column A: value '3' is no call from -2 to 2"),
        ("Hugo_Symbol\tP1\nA\t-3\n", {"measure": "copies"}, "value '-3' is below 0"),
        ("Hugo_Symbol\tEntrez_Gene_Id\nA\t1\n", {}, "no column with values"),
        ("sample_id\tgene\nP1\tA\n", {}, "no column with calls"),
        ("sample_id\tgene\tcna\nP1\tA\t3\n", {}, "value '3' is above 2"),
        ("sample_id\tgene\tlog2\nP1\tA\tinf\n", {}, "sample P1: column log2: log2 is not finite"),
        ("Hugo_Symbol\tP1\tP2\nA\tinf\t0\nB\t-0.2\t0\n", {}, "sample P1: column A: value 'inf' is not finite"),
        ("sample_id\tgene\tcna\nP1\tA\t1\nP1\tA\t2\n", {}, "1 repeated row"),
    ],
)
def test_gene_tables_that_are_refused(put, content, more, message):
    with pytest.raises(SchemaError, match=message):
        read_gene_cna(put(content), **more)


@given(data=st.data(), n_genes=st.integers(1, 6), n_samples=st.integers(1, 6), genes_in_rows=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_both_orientations_hold_the_same_values(tmp_path, data, n_genes, n_samples, genes_in_rows):
    cell = st.sampled_from([-2, -1, 0, 0, 1, None])
    values = data.draw(
        st.lists(st.lists(cell, min_size=n_samples, max_size=n_samples), min_size=n_genes, max_size=n_genes)
    )
    frame = pd.DataFrame(values, index=[f"G{i}" for i in range(n_genes)], columns=[f"P{i}" for i in range(n_samples)])
    expected = {(s, g): v for g, row in frame.astype("Int64").iterrows() for s, v in row.items() if not pd.isna(v)}
    table = frame.astype("Int64") if genes_in_rows else frame.astype("Int64").T
    file = tmp_path / "m.tsv"
    table.rename_axis("Hugo_Symbol" if genes_in_rows else "sample_id").to_csv(file, sep="\t", na_rep="NA")
    assert found(read_gene_cna(file)) == expected


names = st.sampled_from(["ID", "chrom", "loc.start", "loc.end", "num.mark", "seg.mean", "Hugo_Symbol", "sample_id", "gene",
                         "cna", "log2", "P1", "chromosome", "start", "end"])  # fmt: skip
cell = st.sampled_from(
    ["", "1", "0", "-1", "2.5", "inf", "1e400", "99999999999999999999", "x", "chrX", "23", "NaN", "17"]
)


@given(header=st.lists(names, min_size=1, max_size=8, unique=True), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
def test_any_cells_are_read_or_refused_in_one_line(tmp_path, header, data):
    rows = data.draw(st.lists(st.lists(cell, min_size=len(header), max_size=len(header)), min_size=1, max_size=3))
    file = tmp_path / "x.seg"
    file.write_text("\n".join("\t".join(row) for row in [header, *rows]) + "\n")
    for reader in (read_seg, read_cns, read_gene_cna):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            result = outcome(reader, file)
        if isinstance(result, Her2GenomicsError):
            assert "\n" not in str(result)
        elif reader is not read_gene_cna:
            assert (result.segments["end"] > result.segments["start"]).all()
            assert np.isfinite(result.segments["log2"].astype(float)).all()


def outcome(reader, file):
    try:
        return reader(file)
    except Her2GenomicsError as error:
        return error


@pytest.mark.real_data
def test_tcga_segments(shared_data):
    path = shared_data / "tcga_brca" / "BRCA.cnv.seg.gz"
    table = read_seg(path, build="hg19").segments
    raw = pd.read_csv(path, sep="\t", dtype={"Chromosome": str})
    assert len(table) == len(raw) == 284510
    assert (table["start"].to_numpy(int) == raw["Start"] - 1).all()
    assert (table["end"].to_numpy(int) == raw["End"]).all()
    assert (table["log2"].to_numpy(float) == raw["Segment_Mean"]).all()
    assert set(table.loc[raw["Chromosome"] == "23", "chromosome"]) == {"chrX"}
    kinds = pd.Series(table["sample_id"].unique()).str[13:15].value_counts()
    assert kinds["01"] == 1080
    assert kinds["06"] == 7
    with pytest.raises(BuildMismatchError, match="use --build hg19"):
        read_seg(path, build="hg38")
