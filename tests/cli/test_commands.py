"""The commands in process: what they write, their exit codes, and their one-line errors."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import her2genomics as h2g
from her2genomics import schema
from her2genomics.cli.main import cli

COHORT = """sample_id\tihc\tish_reported\ter_status\tgrade\ttmb\tTP53\tPIK3CA\tERBB2
P1\t0\t\tpositive\t2\t3.0\tWT\tH1047R\tloss
P2\t0\t\tnegative\t3\t1.0\tR175H\tWT\tWT
P3\t2+\tnegative\tpositive\t3\t5.0\tmissense\tWT\tWT
P4\t1+\t\tpositive\t2\t2.0\tWT\tE545K\tWT
P5\t3+\t\tnegative\t3\t4.0\t1\t0\tmissense;amplification
P6\t3+\t\tpositive\t3\t7.0\tWT\t\tamplification
"""


def run(*arguments: str | Path, text: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], input=text)


def table(result: Result) -> pd.DataFrame:
    from io import StringIO

    return pd.read_csv(StringIO(result.stdout), sep="\t")


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    file = tmp_path / "cohort.tsv"
    file.write_text(COHORT)
    return file


def test_compare_with_no_option_needed(cohort: Path) -> None:
    result = run("compare", cohort)
    assert result.exit_code == 0, result.stderr
    found = table(result)
    assert found.columns.tolist() == schema.ASSOCIATION.names
    row = found[(found["feature"] == "TP53") & (found["contrast"] == "zero-low")].iloc[0]
    assert row[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [1, 2, 1, 2]
    pik3ca = found[(found["feature"] == "PIK3CA") & (found["contrast"] == "low-positive")].iloc[0]
    assert pik3ca["n_b"] == 1, "an empty cell is not profiled"
    assert "HER2-zero 2, HER2-low 2, HER2-positive 2" in result.stderr


def test_compare_is_the_library_call(cohort: Path, tmp_path: Path) -> None:
    by_command = run("compare", cohort, "--out", tmp_path / "a.tsv", "--counts", tmp_path / "c.tsv")
    assert by_command.exit_code == 0, by_command.stderr
    assert by_command.stdout == ""
    result = h2g.compare_groups(h2g.load_cohort(cohort), pathways=h2g.PathwaySettings())
    h2g.write_table(result.association, tmp_path / "b.tsv")
    h2g.write_table(result.contingency, tmp_path / "d.tsv")
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    assert (tmp_path / "c.tsv").read_bytes() == (tmp_path / "d.tsv").read_bytes()


def test_classify_is_the_library_call(cohort: Path, tmp_path: Path) -> None:
    result = run("classify", cohort, "--out", tmp_path / "a.tsv")
    assert result.exit_code == 0, result.stderr
    h2g.write_table(h2g.classify_table(h2g.read_clinical(cohort).table).status, tmp_path / "b.tsv")
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    assert "HER2-zero 2, HER2-low 2, HER2-positive 2, indeterminate 0" in result.stderr


def test_compare_reads_standard_input_gzip_and_csv(cohort: Path, tmp_path: Path) -> None:
    plain = run("compare", cohort).stdout
    packed = tmp_path / "c.tsv.gz"
    packed.write_bytes(gzip.compress(COHORT.encode()))
    comma = tmp_path / "c.csv"
    comma.write_text(COHORT.replace("\t", ","))
    assert run("compare", packed).stdout == plain
    assert run("compare", comma).stdout == plain
    assert run("compare", "-", text=COHORT).stdout == plain


def test_the_same_bytes_twice_and_every_format(cohort: Path, tmp_path: Path) -> None:
    assert run("compare", cohort).stdout_bytes == run("compare", cohort).stdout_bytes
    for fmt in ("csv", "json", "parquet"):
        result = run("compare", cohort, "--out", tmp_path / f"x.{fmt}")
        assert result.exit_code == 0, result.stderr
        assert (tmp_path / f"x.{fmt}").stat().st_size > 100
    assert len(json.loads((tmp_path / "x.json").read_text())) == len(pd.read_parquet(tmp_path / "x.parquet"))


def test_compare_with_tables_beside(tmp_path: Path) -> None:
    clinical = tmp_path / "clinical.tsv"
    clinical.write_text("\n".join("\t".join(line.split("\t")[:4]) for line in COHORT.splitlines()))
    long = tmp_path / "alterations.tsv"
    long.write_text("sample_id\tgene\talteration\nP2\tTP53\tmissense\nP3\tTP53\tmissense\nP5\tTP53\ttruncating\n")
    sequenced = tmp_path / "sequenced.txt"
    sequenced.write_text("P1\nP2\nP3\nP4\nP5\nP6\n")
    result = run("compare", clinical, "--alterations", long, "--profiled", sequenced)
    assert result.exit_code == 0, result.stderr
    found = table(result).set_index(["feature", "contrast"]).loc[("TP53", "zero-low")]
    assert found[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [1, 2, 1, 2]
    refused = run("compare", tmp_path / "c.tsv", "--alterations", long)
    assert refused.exit_code == 1


def test_cohort_build_then_compare(tmp_path: Path) -> None:
    clinical = tmp_path / "clinical.tsv"
    clinical.write_text("\n".join("\t".join(line.split("\t")[:5]) for line in COHORT.splitlines()))
    maf = tmp_path / "m.maf"
    maf.write_text(
        "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tHGVSp_Short\tChromosome\tStart_Position\t"
        "End_Position\tReference_Allele\tTumor_Seq_Allele2\n"
        "TP53\tP2\tMissense_Mutation\tp.R175H\t17\t7578406\t7578406\tC\tT\n"
        "MLL3\tP3\tNonsense_Mutation\tp.R100*\t7\t151874147\t151874147\tG\tA\n"
        "TP53\tP9\tSilent\tp.V10=\t17\t7578407\t7578407\tC\tT\n"
    )
    seg = tmp_path / "x.seg"
    rows = "".join(f"P{i}\t17\t1\t81000000\t900\t{v}\n" for i, v in enumerate((0, -0.4, 0, 0, 2.1, 1.5), start=1))
    seg.write_text("ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\n" + rows)
    sequenced = tmp_path / "s.txt"
    sequenced.write_text("".join(f"P{i}\n" for i in range(1, 7)))
    out = tmp_path / "study"
    built = run(
        "cohort", "build", "--clinical", clinical, "--maf", maf, "--seg", seg, "--profiled", sequenced, "--out", out
    )
    assert built.exit_code == 0, built.stderr
    assert "MLL3->KMT2C" in built.stderr
    assert "not in the clinical table: 1 of 3 dropped (P9)" in built.stderr
    assert sorted(p.name for p in out.iterdir()) == [
        "alterations.tsv", "attrition.tsv", "cohort.tsv", "gene_panel_matrix.tsv", "manifest.json",
    ]  # fmt: skip
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["panel"]["id"] == "surrogate520"
    assert {i["name"] for i in manifest["inputs"]} == {"clinical.tsv", "m.maf", "x.seg", "s.txt"}
    wide = pd.read_csv(out / "cohort.tsv", sep="\t", dtype=str, keep_default_na=False).set_index("sample_id")
    assert wide.loc[["P2", "P3", "P5"], "ERBB2"].tolist() == ["loss", "WT", "amplification"]
    assert wide.loc["P3", "KMT2C"] == "R100*"
    assert wide.loc["P1", "TP53"] == "WT"
    compared = run("compare", out / "cohort.tsv")
    assert compared.exit_code == 0, compared.stderr
    found = table(compared).set_index(["feature", "contrast"])
    assert found.loc[("ERBB2", "low-positive"), ["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [0, 2, 2, 2]


def test_demo_writes_and_shows_everything(tmp_path: Path) -> None:
    result = run("demo", "--out", tmp_path / "demo")
    assert result.exit_code == 0, result.stderr
    assert "association.tsv" in result.stdout
    files = {p.name for p in (tmp_path / "demo").iterdir()}
    assert {"cohort.tsv", "association.tsv", "her2_status.tsv", "manifest.json", "report.html"} <= files
    assert "HER2-zero 90, HER2-low 231, HER2-positive 202" in result.stderr
    found = pd.read_csv(tmp_path / "demo" / "association.tsv", sep="\t").set_index(["family", "feature", "contrast"])
    row = found.loc[("gene", "TP53", "zero-low")]
    assert row[["altered_a", "n_a", "altered_b", "n_b"]].tolist() == [46, 90, 74, 231]
    assert row["p_value"] == pytest.approx(0.001998, abs=1e-6)
    assert row["adj_p"] == pytest.approx(0.116464, abs=1e-4), "crude 0.002 becomes 0.12 within hormone-receptor strata"
    for gene, sign in (("PIK3CA", -1), ("CBFB", -1), ("ARID1A", -1), ("MAP3K1", -1), ("TP53", 1)):
        row = found.loc[("gene", gene, "zero-low")]
        assert (row["freq_a"] - row["freq_b"]) * sign > 0, gene
        assert row["p_value"] < 0.05, gene
    for gene in ("ERBB2", "CDK12", "RARA", "TP53"):
        row = found.loc[("gene", gene, "low-positive")]
        assert row["freq_a"] < row["freq_b"], gene
        assert row["q_value"] < 0.05, gene


def test_check_says_what_a_file_is(cohort: Path) -> None:
    result = run("check", cohort)
    assert result.exit_code == 0, result.stderr
    assert "taken as cohort" in result.stderr
    found = table(result).set_index("item")
    assert found.loc["TP53", "taken_as"] == "gene"
    assert found.loc["ihc", "taken_as"] == "ihc"


def test_panels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HER2G_PANELS", str(tmp_path / "panels"))
    listed = table(run("panels"))
    assert listed["panel"].tolist() == ["surrogate520"]
    assert table(run("panels", "list")).equals(listed)
    shown = table(run("panels", "show", "surrogate520")).set_index("property")["value"]
    assert shown["coding_mb"] == "1.003"
    assert shown["coding_bed_bp_hg19"] == "1002999"
    assert "NOT the vendor" in shown["notice"]
    bed = tmp_path / "v.bed"
    bed.write_text("chr17\t37855800\t37856600\tERBB2\n")
    assert run("panels", "import", bed, "--name", "mylab").exit_code == 0
    assert table(run("panels"))["panel"].tolist() == ["surrogate520", "mylab"]
    again = run("panels", "import", bed, "--name", "mylab")
    assert again.exit_code == 1
    assert "--replace" in again.stderr


BAD = {
    "empty": (b"", "the file is empty"),
    "header only": (b"sample_id\tihc\n", "no data row"),
    "no header": (b"1\t2\t3\n4\t5\t6\n", "header"),
    "binary": (bytes(range(256)) * 20, "binary"),
    "duplicate sample": (b"sample_id\tihc\nA\t0\nA\t1+\n", "repeated row, first: sample_id=A"),
    "duplicate column": (b"sample_id\tihc\tihc\nA\t0\t1\n", "ihc"),
    "text in a number": (b"sample_id\tihc\tage\nA\t0\told\nB\t1+\t50\n", "column age"),
    "no sample column": (b"name_of_dog\tihc\nrex\t0\n", "sample_id"),
    "nothing to group by": (b"sample_id\tage\nA\t50\nB\t60\n", "no her2_group column"),
    "one group": (b"sample_id\tihc\tTP53\nA\t0\tWT\nB\t0\tR175H\n", "fewer than two groups have a sample"),
    "unknown group": (b"sample_id\ther2_group\nA\tmedium\n", "column her2_group"),
    "gene or stain": (b"sample_id\tihc\tAR\nA\t0\t0\nB\t1+\t1\n", "--genes AR or --clinical-columns AR"),
    "ragged": (b"sample_id\tihc\tage\nA\t0\t5\nB\t1+\n", "c.tsv:3: this line has 2 cells"),
    "a VCF": (b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", "VCF"),
    "truncated gzip": (gzip.compress(COHORT.encode() * 50)[:-40], "truncated"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_cohorts_get_one_line_and_exit_code_1(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    file, out = tmp_path / "c.tsv", tmp_path / "out.tsv"
    file.write_bytes(content)
    result = run("compare", file, "--out", out)
    assert result.exit_code == 1, (result.exit_code, result.stderr)
    errors = [line for line in result.stderr.splitlines() if "error" in line]
    assert len(errors) == 1, result.stderr
    assert message.lower() in errors[0].lower()
    assert "Traceback" not in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["c.tsv"], "nothing half-written"
    assert result.stdout == ""


def test_a_missing_file_names_a_near_one(cohort: Path) -> None:
    result = run("compare", cohort.with_name("chort.tsv"))
    assert result.exit_code == 1
    assert "no such file" in result.stderr
    assert "cohort.tsv" in result.stderr


def test_wrong_command_lines_exit_2(cohort: Path) -> None:
    for arguments in (["compre"], ["compare"], ["compare", str(cohort), "--contrast", "a-b"],
                      ["compare", str(cohort), "--min-frequency", "2"], ["compare", str(cohort), "--nope"]):  # fmt: skip
        result = run(*arguments)
        assert result.exit_code == 2, (arguments, result.output)
    assert "did you mean 'compare'" in run("compre").stderr


def test_an_invalid_score_is_written_without_a_group_and_exits_1(tmp_path: Path) -> None:
    file, out = tmp_path / "c.tsv", tmp_path / "o.tsv"
    file.write_text("sample_id\tihc\nA\t4+\nB\t1+\n")
    result = run("classify", file, "--out", out)
    assert result.exit_code == 1
    assert "sample A" in result.stderr
    written = pd.read_csv(out, sep="\t", keep_default_na=False)
    assert written["her2_group"].tolist() == ["NA", "HER2-low"]
    assert written["her2_flags"].tolist()[0] == "INVALID_VALUE"


def test_the_rules_truth_table_through_the_command(repository: Path, tmp_path: Path) -> None:
    truth = repository / "tests" / "reference" / "her2_truth_table.tsv"
    cases = pd.read_csv(truth, sep="\t", dtype=str, keep_default_na=False)
    inputs = ["case_id", "ihc", "ihc_membrane_pct", "ish_assay", "fish_ratio", "fish_her2_cn", "fish_cep17_cn",
              "ish_reported", "recount"]  # fmt: skip
    file = tmp_path / "cases.tsv"
    cases[inputs].rename(columns={"case_id": "sample_id"}).to_csv(file, sep="\t", index=False)
    for rule, column in (("ascocap2018", "group3"), ("zhang2022", "zhang2022_rule")):
        result = run("classify", file, "--her2-rule", rule, "--out", tmp_path / "o.tsv")
        assert result.exit_code == 1, "one row holds IHC 4+"
        found = pd.read_csv(tmp_path / "o.tsv", sep="\t", dtype=str, keep_default_na=False)
        expected = cases[column].map(lambda g: f"HER2-{g}" if g in ("zero", "low", "positive") else "NA")
        assert found["her2_group"].tolist() == expected.tolist()
        assert found["asco_cap_2018"].tolist() == cases["asco_cap_2018"].tolist()
