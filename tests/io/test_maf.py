"""MAFs of many makes, what is dropped, and the way back to a file."""

from __future__ import annotations

import gzip
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from her2genomics import schema
from her2genomics.consequences import alteration_classes
from her2genomics.exceptions import (
    AmbiguousInputError,
    BuildMismatchError,
    DataWarning,
    Her2GenomicsError,
    SchemaError,
)
from her2genomics.io.maf import EXTRA, KEY, MAF_SYNONYMS, read_maf, write_maf

GDC = (
    "#version gdc-1.0.0\n#filedate 20200101\n"
    "Hugo_Symbol\tGene\tNCBI_Build\tChromosome\tStart_Position\tEnd_Position\tVariant_Classification\tVariant_Type\t"
    "Reference_Allele\tTumor_Seq_Allele1\tTumor_Seq_Allele2\tTumor_Sample_Barcode\tHGVSc\tHGVSp\tHGVSp_Short\t"
    "t_depth\tt_ref_count\tt_alt_count\tn_depth\tConsequence\tFILTER\tgnomAD_AF\tgnomAD_AFR_AF\tMAX_AF_POPS\n"
    "PIK3CA\tENSG1\tGRCh38\tchr3\t179234297\t179234297\tMissense_Mutation\tSNP\tA\tA\tG\tP1\tc.3140A>G\tp.His1047Arg\t"
    "p.H1047R\t102\t60\t40\t50\tmissense_variant\tPASS\t0.0001\t0.002\tgnomAD_AFR\n"
)


def first(result, *names):
    return [None if pd.isna(v) else v for v in result.mutations.loc[0, list(names)]]


def lines(*rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def test_gdc(put):
    result = read_maf(put(GDC))
    assert list(result.mutations.columns) == schema.MUTATIONS.names
    assert result.has_positions
    assert first(result, "Hugo_Symbol", "NCBI_Build", "Chromosome", "Start_Position", "HGVSp_Short", "t_depth") == [
        "PIK3CA", "hg38", "chr3", 179234297, "p.H1047R", 102
    ]  # fmt: skip
    assert first(result, "t_vaf", "gnomADe_AF", "n_depth", "FILTER") == [0.4, 0.002, 50, "PASS"]
    assert result.report.iloc[-1]["how"] == "highest of gnomAD_AF, gnomAD_AFR_AF"


def test_cbioportal_download(put):
    text = lines(
        ["Sample ID", "Gene", "Protein Change", "Mutation Type", "Chromosome", "Start Pos", "End Pos", "Ref", "Var",
         "Allele Freq (T)", "Variant Reads", "Ref Reads"],
        ["P1", "TP53", "R213*", "Nonsense_Mutation", "17", "7578212", "7578212", "G", "A", "0.25", "", ""],
        ["P2", "TP53", "X125_splice", "Splice_Site", "17", "7579310", "7579310", "A", "C", "0.25", "30", "30"],
    )  # fmt: skip
    table = read_maf(put(text)).mutations
    assert table["HGVSp_Short"].tolist() == ["p.R213*", "p.X125_splice"]
    assert table["t_vaf"].tolist() == [0.25, 0.5]
    assert table["Chromosome"].tolist() == ["chr17", "chr17"]
    assert alteration_classes(table).tolist() == ["truncating", "splice"]


def test_genie_without_alternate_columns_and_with_germline_rows(put):
    text = lines(
        ["Hugo_Symbol", "Chromosome", "Start_Position", "Reference_Allele", "Tumor_Seq_Allele2", "Tumor_Sample_Barcode",
         "Variant_Classification", "Mutation_Status", "t_alt_count", "t_depth"],
        ["ERBB2", "17", "37880220", "T", "C", "G1", "Missense_Mutation", "SOMATIC", "5", "20"],
        ["BRCA1", "17", "41197700", "G", "A", "G1", "Missense_Mutation", "GERMLINE", "9", "20"],
        ["MYC", "8", "128750000", "G", "A", "G1", "Missense_Mutation", "LOH", "9", "20"],
    )  # fmt: skip
    with pytest.warns(DataWarning, match="rows of status germline dropped 1; rows of status LOH dropped 1"):
        result = read_maf(put(text))
    assert result.mutations["Hugo_Symbol"].tolist() == ["ERBB2"]
    assert first(result, "t_vaf", "End_Position", "Mutation_Status") == [0.25, 37880220, "SOMATIC"]
    kept = read_maf(put(text), drop_germline=False).mutations
    assert kept["Mutation_Status"].tolist() == ["SOMATIC", "GERMLINE", "LOH"]


def test_funcotator(put):
    text = "#version 2.4\n##\n## Funcotator 4.1\n" + lines(
        ["Hugo_Symbol", "NCBI_Build", "Chromosome", "Start_Position", "End_Position", "Variant_Classification",
         "Reference_Allele", "Tumor_Seq_Allele2", "Tumor_Sample_Barcode", "Annotation_Transcript", "cDNA_Change",
         "Protein_Change", "tumor_f", "t_alt_count", "t_ref_count", "AF", "dbSNP_CAF"],
        ["PIK3CA", "hg19", "chr3", "178952085", "178952085", "MISSENSE", "A", "G", "__UNKNOWN__", "ENST1",
         "c.3140A>G", "p.H1047R", "0.10", "", "", "0.5", "0.99,0.01"],
        ["Unknown", "hg19", "chr3", "5", "5", "IGR", "A", "G", "__UNKNOWN__", "", "", "", "", "1", "3", "0.5", ""],
    )  # fmt: skip
    with pytest.raises(SchemaError, match="no row names its tumour sample; give the sample's name"):
        read_maf(put(text))
    result = read_maf(put(text), sample="T1")
    assert result.mutations["Tumor_Sample_Barcode"].tolist() == ["T1", "T1"]
    assert result.mutations["Variant_Classification"].tolist() == ["Missense_Mutation", "IGR"]
    assert result.mutations["Hugo_Symbol"].tolist() == ["PIK3CA", pd.NA]
    assert result.mutations["t_vaf"].tolist() == [0.1, 0.25]
    assert result.mutations["gnomADe_AF"].tolist() == [0.01, pd.NA], "the caller's AF is no population frequency"


def test_washington_university_dialect_with_repeated_headers(put):
    header = ["Hugo_Symbol", "Entrez_Gene_Id", "NCBI_Build", "Chromosome", "Start_Position", "Variant_Classification",
              "Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2", "Tumor_Sample_Barcode",
              "amino_acid_change_WU", "tumor_ref_reads", "tumors_var_reads", "tumor_vaf"]  # fmt: skip
    row = ["ABL1", "25", "37", "X", "100", "Missense_Mutation", "T", "T", "C", "TCGA-A1-A0SB-01A", "p.H333R"]
    text = lines(header, [*row, 36, 13, 26.53], header, [*row[:4], "101", *row[5:10], "NULL", "", "", 0.9], header)
    with pytest.warns(DataWarning, match="header lines repeated inside dropped 2"):
        result = read_maf(put(gzip.compress(text.encode()), "wu.maf.gz"))
    table = result.mutations
    assert table["t_vaf"].tolist() == [pytest.approx(13 / 49), pytest.approx(0.009)]
    assert table["NCBI_Build"].tolist() == ["hg19", "hg19"]
    assert table["HGVSp_Short"].tolist() == ["p.H333R", pd.NA]
    assert table["Chromosome"].tolist() == ["chrX", "chrX"]


def test_three_columns_are_enough(put):
    text = lines(["sample", "gene", "classification"], ["P1", "TP53", "Silent"], ["P1", "TP53", "Silent"])
    result = read_maf(put(text))
    assert not result.has_positions
    assert len(result.mutations) == 2
    assert result.mutations[["Chromosome", "Start_Position", "Reference_Allele"]].isna().all(axis=None)
    assert schema.check(result.mutations, schema.MUTATIONS, unique=False).shape == result.mutations.shape


def test_a_header_without_rows_is_a_file_without_mutations(put):
    result = read_maf(put(lines(["Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification"])))
    assert len(result.mutations) == 0
    assert list(result.mutations.columns) == schema.MUTATIONS.names


def test_further_columns_are_carried_along(put):
    text = lines(["Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification", "note"], ["A", "P1", "Silent", "x"])
    assert first(read_maf(put(text), columns=["note"]), "note") == ["x"]


BASIC = ["Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification", "Chromosome", "Start_Position",
         "Reference_Allele", "Tumor_Seq_Allele2"]  # fmt: skip
ROW = ["A", "P1", "Missense_Mutation", "1", "100", "A", "G"]


def with_columns(names, *rows):
    return lines([*BASIC, *names], *[[*ROW[:4], 100 + i, *ROW[5:], *row] for i, row in enumerate(rows)])


@pytest.mark.parametrize(
    ("names", "row", "expected"),
    [
        (["t_ref_count", "t_alt_count", "t_depth"], [60, 40, 200], 0.4),
        (["t_alt_count", "t_depth"], [40, 200], 0.2),
        (["t_ref_count", "t_alt_count", "t_vaf"], ["", "", 0.3], 0.3),
        (["t_ref_count", "t_alt_count", "t_vaf"], [0, 0, 0.3], 0.3),
        (["t_ref_count", "t_alt_count"], [0, 0], None),
        (["VAF"], ["12.5%"], 0.125),
        (["vaf_pct"], ["0.5"], 0.005),
        (["t_vaf"], [45], 0.45),
        (["AF"], [0.3], None),
        (["tumor_f"], [0.02], 0.02),
        (["vaf"], ["2%"], 0.02),
        (["vaf_pct"], ["0.2"], 0.002),
    ],
)
def test_allele_fraction(put, names, row, expected):
    found = first(read_maf(put(with_columns(names, row))), "t_vaf")
    assert found == [expected], "exact, so that a fraction at a threshold stays at it"


def test_more_variant_reads_than_depth(put):
    with pytest.warns(DataWarning, match="more variant reads than reads: allele fraction missing 1"):
        result = read_maf(put(with_columns(["t_alt_count", "t_depth", "t_vaf"], [30, 20, 0.5])))
    assert first(result, "t_vaf", "t_alt_count") == [None, 30]


def test_a_few_fractions_above_one_are_asked_about(put):
    with pytest.raises(AmbiguousInputError, match=r"sample P1: column t_vaf: 1 of 3 allele fractions are above 1"):
        read_maf(put(with_columns(["t_vaf"], [0.2], [0.3], [1.2])))


def test_variant_allele_in_the_first_allele_column(put):
    text = lines([*BASIC, "Tumor_Seq_Allele1"], [*ROW[:6], "A", "T"])
    with pytest.warns(DataWarning, match="variant allele taken from Tumor_Seq_Allele1 1"):
        assert first(read_maf(put(text)), "Reference_Allele", "Tumor_Seq_Allele2") == ["A", "T"]


def test_repeated_variants_are_counted_and_kept(put):
    text = lines([*BASIC, "Matched_Norm_Sample_Barcode"], [*ROW, "N1"], [*ROW, "N2"])
    with pytest.warns(DataWarning, match=r"listed again for the same tumour \(kept\) 1 \(1 tumours\)"):
        assert len(read_maf(put(text)).mutations) == 2


def test_genes_that_a_spreadsheet_turned_into_dates(put):
    with pytest.warns(DataWarning, match="gene symbols turned into dates by a spreadsheet 2 .2-Sep, Mar-01"):
        read_maf(put(lines(BASIC, ["2-Sep", *ROW[1:]], ["Mar-01", *ROW[1:4], 105, *ROW[5:]])))


@pytest.mark.parametrize(
    ("written", "expected"),
    [("p.H1047R", "p.H1047R"), ("H1047R", "p.H1047R"), ("p.(H1047R)", "p.H1047R"), ("p.His1047Arg", "p.H1047R"),
     ("ENSP1:p.Arg213Ter", "p.R213*"), ("*394Q", "p.*394Q"), ("X125_splice", "p.X125_splice"), ("e2-1", None),
     ("NULL", None), ("ERBB2-GRB7 fusion", None), ("MUTATED", None), (".", None), ("p.?", "p.?"),
     ("p.IY162in_frame_delN", "p.I162_Y163delinsN"), ("p.I255in_frame_del", "p.I255del"),
     ("p.IGG288in_frame_del", "p.I288_G290del"), ("p.126in_frame_insQ", "p.126in_frame_insQ")],
)  # fmt: skip
def test_protein_changes(put, written, expected):
    assert first(read_maf(put(with_columns(["Protein_Change"], [written]))), "HGVSp_Short") == [expected]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (lines(["Hugo_Symbol", "Tumor_Sample_Barcode"], ["A", "P1"]), SchemaError,
         "missing column Variant_Classification .a MAF has at least"),
        (lines(["a", "b"], [1, "x"]), SchemaError, "missing columns Hugo_Symbol, Tumor_Sample_Barcode, Variant"),
        (lines(BASIC, ["A", "", *ROW[2:]], ROW), SchemaError, "the sample is empty in data row 1"),
        (lines(BASIC, [*ROW[:4], "ten", "A", "G"]), SchemaError, "sample P1: column Start_Position: value 'ten' is not a number"),
        (lines(BASIC, [*ROW[:4], "0", "A", "G"]), SchemaError, "value '0' is below 1"),
        (with_columns(["t_depth"], [10**20]), SchemaError, "column t_depth: value '1.*' is too large"),
        (with_columns(["t_alt_count"], ["-2"]), SchemaError, "column t_alt_count: value '-2' is below 0"),
        (with_columns(["t_vaf"], ["high"]), SchemaError, "sample P1: column t_vaf: value 'high' is not a number"),
        (with_columns(["t_vaf"], ["-0.1"]), SchemaError, "value '-0.1' is no allele fraction"),
        (with_columns(["NCBI_Build"], ["37"], ["38"]), BuildMismatchError, "rows belong to several builds: hg19, hg38"),
        (with_columns(["NCBI_Build"], ["mm10"]), SchemaError, "unknown genome build 'mm10'; use one of: hg19, hg38"),
        (lines([*BASIC[:1], "gene", *BASIC[1:]], ["A", "B", *ROW[1:]]), None, ""),
        (lines(["gene", "symbol", *BASIC[1:]], ["A", "B", *ROW[1:]]), AmbiguousInputError, "can both be Hugo_Symbol"),
    ],
)  # fmt: skip
def test_what_is_refused(put, content, error, message):
    if error is None:
        assert first(read_maf(put(content)), "Hugo_Symbol") == ["A"]
        return
    with pytest.raises(error, match=message) as caught:
        read_maf(put(content))
    assert "\n" not in str(caught.value)


def test_alteration_classes_of_every_maf_class():
    classes = {
        "Missense_Mutation": "missense", "Nonsense_Mutation": "truncating", "Frame_Shift_Del": "truncating",
        "Frame_Shift_Ins": "truncating", "In_Frame_Del": "inframe", "In_Frame_Ins": "inframe", "Splice_Site": "splice",
        "Nonstop_Mutation": "other", "Silent": None, "Intron": None, "3'UTR": None, "5'UTR": None, "RNA": None,
        "IGR": None, "5'Flank": None, "Splice_Region": None, "Targeted_Region": None,
    }  # fmt: skip
    table = pd.DataFrame({"Hugo_Symbol": "A", "Variant_Classification": list(classes)})
    assert [None if pd.isna(v) else v for v in alteration_classes(table)] == list(classes.values())
    tert = pd.DataFrame({"Hugo_Symbol": ["TERT", "TERT"], "Variant_Classification": ["5'Flank", "Intron"]})
    assert alteration_classes(tert).tolist() == ["promoter", pd.NA]


# --- round trip ------------------------------------------------------------------------------------------------------

bases = st.text("ACGT", min_size=1, max_size=4)
counts = st.one_of(st.none(), st.integers(0, 500))
variant = st.fixed_dictionaries(
    {
        "Hugo_Symbol": st.one_of(st.none(), st.sampled_from(["TP53", "HLA-A", "NKX2-1"])),
        "Chromosome": st.sampled_from(["chr1", "chrX", "chrM", "GL000191.1"]),
        "Start_Position": st.integers(1, 10**8),
        "Variant_Classification": st.sampled_from(["Missense_Mutation", "Silent", "5'Flank"]),
        "Reference_Allele": st.one_of(bases, st.just("-")),
        "Tumor_Seq_Allele2": st.one_of(bases, st.just("-")),
        "Tumor_Sample_Barcode": st.sampled_from(["P1", "TCGA-A1-A0SB-01"]),
        "HGVSp_Short": st.one_of(st.none(), st.just("p.H1047R")),
        "t_ref_count": counts,
        "t_alt_count": counts,
        "FILTER": st.one_of(st.none(), st.just("PASS;x")),
        "is_driver": st.one_of(st.none(), st.booleans()),
    }
)


@given(
    rows=st.lists(variant, min_size=1, max_size=8, unique_by=lambda r: tuple(r[k] for k in KEY)), packed=st.booleans()
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
def test_what_is_written_is_read_back(tmp_path, rows, packed):
    raw = pd.DataFrame(rows)
    raw["End_Position"] = raw["Start_Position"] + raw["Reference_Allele"].str.len() - 1
    table = schema.conform(raw, schema.MUTATIONS)
    first_file, second_file = (tmp_path / f"{n}.maf{'.gz' if packed else ''}" for n in "ab")
    write_maf(table, first_file)
    once = read_maf(first_file).mutations
    shared = [c for c in raw if c in schema.MUTATIONS.names]
    pd.testing.assert_frame_equal(once[shared], table[shared])
    write_maf(once, second_file)
    twice = read_maf(second_file).mutations
    pd.testing.assert_frame_equal(twice, once, rtol=1e-5)
    write_maf(once, first_file)
    assert first_file.read_bytes() == second_file.read_bytes(), "same bytes twice, whatever the file's name"


names = st.sampled_from(
    sorted({w for c, ws in MAF_SYNONYMS.items() for w in (c, *ws)} | {"gnomAD_AF", "AF", "ExAC_AC"})
)
cell = st.sampled_from(["", "1", "0", "-1", "A", "-", "chr1", "23", "hg19", "37", "0.5", "120", "50%", "1e400", "inf", "x",
                        "0.1&0.2", "A:0.01", "TRUE", "Germline", "Hugo_Symbol", "__UNKNOWN__", "p.H1R", "Silent"])  # fmt: skip


@given(header=st.lists(names, min_size=1, max_size=8, unique_by=str.lower), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_any_cells_are_read_or_refused_in_one_line(tmp_path, header, data):
    header = [*(n for n in BASIC[:3] if n not in header), *header]
    rows = data.draw(st.lists(st.lists(cell, min_size=len(header), max_size=len(header)), max_size=4))
    file = tmp_path / "x.maf"
    file.write_text(lines(header, *rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        result = outcome(file)
    if isinstance(result, Her2GenomicsError):
        assert "\n" not in str(result)
    else:
        schema.check(result.mutations, schema.MUTATIONS, unique=False)
        assert list(result.mutations.columns)[: len(schema.MUTATIONS.names)] == schema.MUTATIONS.names
        assert set(result.mutations.columns) <= {*schema.MUTATIONS.names, *EXTRA}


def outcome(file):
    try:
        return read_maf(file, sample="S")
    except Her2GenomicsError as error:
        return error


# --- real files ------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_tcga_brca(shared_data):
    path = shared_data / "tcga_brca" / "BRCA.mutations.maf.gz"
    with pytest.warns(DataWarning, match=r"repeated inside dropped 981; .*\(kept\) 3,138 \(72 tumours\)"):
        result = read_maf(path)
    table = result.mutations
    raw = pd.read_csv(path, sep="\t", dtype=str, quoting=3, keep_default_na=False)
    raw = raw[raw["Hugo_Symbol"] != "Hugo_Symbol"].reset_index(drop=True)
    assert len(table) == len(raw) == 90490
    assert table["Tumor_Sample_Barcode"].nunique() == 993
    alt, ref, printed = (raw[c].astype(float) for c in ("tumors_var_reads", "tumor_ref_reads", "tumor_vaf"))
    pd.testing.assert_series_equal(table["t_vaf"].astype(float), alt / (alt + ref), check_names=False)
    close = (table["t_vaf"].astype(float) - printed / 100).abs() <= 0.006
    assert close.mean() > 0.97, "the printed percentage also counts reads with other bases"
    assert (table["Start_Position"] == raw["Start_Position"].astype(int)).all()
    assert (table["Hugo_Symbol"] == raw["Hugo_Symbol"]).all()
    assert set(table["NCBI_Build"]) == {"hg19"}
    assert alteration_classes(table).value_counts().to_dict() == {
        "missense": 55063, "truncating": 10570, "splice": 1561, "inframe": 788, "other": 133
    }  # fmt: skip


@pytest.mark.real_data
def test_funcotator_files(shared_data):
    folder = shared_data / "vcf" / "hg19_funcotator"
    with pytest.warns(DataWarning, match=r"kept\) 68"):
        large = read_maf(folder / "regressionTestHg19Large.maf.gz", sample="T").mutations
    assert len(large) == 1507
    assert large["Hugo_Symbol"].isna().sum() == (large["Variant_Classification"] == "IGR").sum() == 85
    small = read_maf(folder / "regressionTestVariantSetHG38.maf.gz", sample="T").mutations
    assert small["t_vaf"].round(4).tolist()[:3] == [0.1111, 0.069, 0.3333]
    assert set(small["NCBI_Build"]) == {"hg38"}
