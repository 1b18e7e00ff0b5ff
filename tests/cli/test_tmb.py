"""``her2g tmb`` in process: output, messages, exit codes; and that it is nothing but the library."""

from __future__ import annotations

import io

import pandas as pd
import pysam
import pytest
from click.testing import CliRunner, Result

from her2genomics import schema
from her2genomics.cli.main import cli
from her2genomics.io.vcf import read_vcf
from her2genomics.panel import load_panel
from her2genomics.tmb import compute_tmb


def run(*args: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["tmb", *map(str, args)], input=stdin)


def table(result: Result) -> pd.DataFrame:
    assert result.exit_code == 0, result.stderr
    return pd.read_csv(io.StringIO(result.stdout), sep="\t")


@pytest.fixture
def sample(make_vcf, call, coding_sites):
    """Return a VCF with three countable variants, a hot one, a silent one and one outside the panel."""
    a, b, c, d, e = coding_sites("hg19")[:5]
    calls = [
        call(*a),
        call(*b),
        call(*c),
        call(*d, gene="PIK3CA", protein="p.His1047Arg"),
        call(*e, term="synonymous_variant"),
    ]
    return make_vcf([*calls, call("chr17", 1_000_000)], name="S1.vcf")


def test_no_other_option_is_needed(sample):
    result = run(sample)
    (row,) = table(result).to_dict("records")
    assert (row["sample_id"], row["n_counted"], row["n_input"], row["status"]) == ("S1", 3, 6, "evaluable")
    assert row["tmb"] == pytest.approx(2.99103)
    assert "VEP" in result.stderr
    assert "tumour TUMOR (column names)" in result.stderr
    assert list(table(result).columns) == schema.TMB.names


def test_the_command_is_the_library(sample, tmp_path):
    """The same table by two library calls."""
    run(sample, "--out", tmp_path / "cli.tsv")
    library = compute_tmb(read_vcf(sample, panel=load_panel())).tmb
    library.loc[0, ["sample_id", "n_input"]] = ["S1", 6]
    written = pd.read_csv(tmp_path / "cli.tsv", sep="\t")
    for name in (
        "sample_id",
        "n_counted",
        "status",
        "preset",
        "definition",
        "denominator_source",
        "n_unknown_germline",
    ):
        assert written[name].tolist() == library[name].tolist()
    for name in (
        "tmb",
        "garwood_lo",
        "garwood_hi",
        "jeffreys_lo",
        "jeffreys_hi",
        "p_ge_10",
        "max_vaf",
        "denominator_mb",
    ):
        assert written[name].tolist() == pytest.approx(library[name].tolist(), rel=1e-5)


def test_same_bytes_twice_and_with_two_workers(sample, make_vcf, call, coding_sites, tmp_path):
    other = make_vcf([call(*coding_sites("hg19")[7])], name="S2.vcf")
    outputs = []
    for threads in (1, 1, 2):
        run(sample, other, "--threads", threads, "--out", tmp_path / "t.tsv", "--audit", tmp_path / "a.tsv")
        outputs.append((tmp_path / "t.tsv").read_bytes() + (tmp_path / "a.tsv").read_bytes())
    assert outputs[0] == outputs[1] == outputs[2]


def test_standard_input(sample):
    assert table(run("-", stdin=sample.read_bytes()))["n_counted"].tolist() == [3]


def test_compressed_standard_input(sample, tmp_path):
    pysam.tabix_compress(str(sample), str(tmp_path / "s.vcf.gz"))
    assert table(run("-", stdin=(tmp_path / "s.vcf.gz").read_bytes()))["n_counted"].tolist() == [3]


def test_the_audit_lists_every_variant(sample, tmp_path):
    run(
        sample,
        "--audit",
        tmp_path / "audit.tsv",
        "--filter-counts",
        tmp_path / "counts.tsv",
        "--sources",
        tmp_path / "sources.tsv",
    )
    audit = pd.read_csv(tmp_path / "audit.tsv", sep="\t", keep_default_na=False)
    assert audit["outcome"].tolist().count("counted") == 3
    assert sorted(audit.loc[audit["outcome"] == "excluded", "filters_failed"]) == ["consequence", "hotspot", "region"]
    counts = pd.read_csv(tmp_path / "counts.tsv", sep="\t")
    assert counts["n_removed"].sum() == 3
    sources = pd.read_csv(tmp_path / "sources.tsv", sep="\t")
    assert sources.loc[0, ["annotation", "tumour", "build"]].tolist() == ["VEP", "TUMOR", "hg19"]


@pytest.mark.parametrize(
    ("options", "counted"),
    [
        (["--hotspot-policy", "include"], 4),
        (["--preset", "all-nonsynonymous"], 4),
        (["--preset", "f1cdx-like"], 4),
        (["--min-vaf", "0.21"], 0),
        (["--min-depth", "101"], 0),
        (["--min-alt-reads", "20"], 3),
        (["--no-vaf-filter"], 3),
        (["--max-population-af", "0.5"], 3),
        (["--transcript", "most-severe"], 3),
        (["--tumor-sample", "TUMOR"], 3),
        (["--build", "GRCh37"], 3),
    ],
)
def test_options(sample, options, counted):
    assert table(run(sample, *options))["n_counted"].tolist() == [counted]


def test_the_denominator(sample):
    found = table(run(sample, "--mb", "1.09")).iloc[0]
    assert (found["denominator_mb"], found["denominator_source"]) == (1.09, "explicit")
    assert found["tmb"] == pytest.approx(2.75229, rel=1e-5)


def test_one_bad_file_does_not_lose_the_others(sample, tmp_path):
    (tmp_path / "bad.vcf").write_text("nothing\n")
    result = run(tmp_path / "bad.vcf", sample)
    assert result.exit_code == 1
    assert "bad.vcf" in result.stderr
    assert pd.read_csv(io.StringIO(result.stdout), sep="\t")["sample_id"].tolist() == ["S1"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\x03" * 50, "no text"),
        (b"\x1f\x8b\x08\x00\x00", "truncated"),
        (b"##fileformat=VCFv4.2\n", "truncated or not a VCF"),
        (b"chr1\t1\t2\n", "no #CHROM"),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t5\n", "2 columns"),
        (b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t5\t.\tA\tT\t.\t.\t.\n", "vep -i"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, content, words):
    path = tmp_path / "x.vcf"
    path.write_bytes(content)
    result = run(path)
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert words in errors[0]
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_no_half_written_output(tmp_path, sample):
    out = tmp_path / "t.tsv"
    assert run(tmp_path / "absent.vcf", "--out", out).exit_code == 1
    assert not out.exists()
    assert run(sample, "--out", tmp_path / "none" / "t.tsv").exit_code == 2
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([], 2, "give VCF or MAF files"),
        (["a.vcf", "--vcf", "b.vcf"], 2, "give VCF or MAF files"),
        (["a.vcf", "--preset", "nope"], 2, "no preset"),
        (["a.vcf", "--min-vaf", "0.1", "--no-vaf-filter"], 2, "contradict"),
        (["a.vcf", "--min-vaf", "7"], 2, "0<=x<=1"),
        (["a.vcf", "--what"], 2, "No such option"),
        (["a.vcf", "--build", "hg17"], 2, "unknown genome build"),
        (["a.vcf", "--mb", "0"], 2, "positive number of Mb"),
        (["a.vcf", "--panel", "nope"], 1, "no panel named"),
        (["calibrate"], 2, "PAIRS"),
        (["calibrate", "p.tsv", "--slope", "1", "--intercept", "0"], 2, "PAIRS"),
        (["absent.vcf"], 1, "no such file"),
    ],
)
def test_exit_codes(args, code, words):
    result = run(*args)
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr


def test_merged_callers(sample, make_vcf, call, coding_sites):
    other = make_vcf(
        [call(*coding_sites("hg19")[0]), call(*coding_sites("hg19")[9])], name="other.vcf", annotator="SnpEff"
    )
    assert table(run("--vcf", sample, "--vcf", other))["n_counted"].tolist() == [4]
    assert table(run("--vcf", sample, "--vcf", other, "--merge", "intersection"))["n_counted"].tolist() == [1]


def test_maf_input(sample, tmp_path):
    from her2genomics.io.maf import write_maf

    write_maf(read_vcf(sample), tmp_path / "S.maf.gz")
    (tmp_path / "samples.txt").write_text("S1\nS9\n")
    found = table(run(tmp_path / "S.maf.gz", "--samples", tmp_path / "samples.txt"))
    assert found[["sample_id", "n_counted"]].to_numpy().tolist() == [["S1", 3], ["S9", 0]]


def test_calibrate(tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("panel_tmb\twes_tmb\n" + "".join(f"{i}\t{0.5 * i + 1}\n" for i in range(25)))
    found = table(run("calibrate", pairs)).set_index("term")["estimate"]
    assert found["slope"] == pytest.approx(0.5)
    burdens = tmp_path / "tmb.tsv"
    burdens.write_text("sample_id\ttmb\nA\t30\n")
    applied = table(run("calibrate", pairs, "--apply", burdens)).iloc[0]
    assert (applied["sample_id"], applied["tmb_calibrated"], applied["extrapolated"]) == ("A", 16.0, True)


def test_help_shows_examples():
    for args in (["--help"], ["calibrate", "--help"]):
        result = run(*args)
        assert result.exit_code == 0
        assert "Examples:" in result.stdout
        assert "her2g tmb" in result.stdout


def test_a_folder_stands_for_its_vcfs(make_vcf, call, coding_sites, tmp_path):
    site = coding_sites("hg19")[0]
    (tmp_path / "calls").mkdir()
    for name in ("B", "A"):
        make_vcf([call(*site)], f"calls/{name}.vcf", samples=(f"{name}_T",))
    (tmp_path / "calls" / "notes.txt").write_text("x")
    assert table(run(tmp_path / "calls"))["sample_id"].tolist() == ["A_T", "B_T"]
    (tmp_path / "none").mkdir()
    refused = run(tmp_path / "none")
    assert refused.exit_code == 1
    assert "no VCF there" in refused.stderr


def test_a_reference_that_is_not_there_is_refused_before_any_file(make_vcf, call, tmp_path):
    refused = run(make_vcf([call("chr1", 5)]), "--fasta", tmp_path / "no.fa")
    assert refused.exit_code == 1
    assert "no.fa: no such FASTA" in refused.stderr


def test_callers_that_name_the_tumour_differently_are_pointed_out(make_vcf, call, coding_sites):
    site = coding_sites("hg19")[0]
    one = make_vcf([call(*site)], "one.vcf", samples=("P1_N", "P1_T"))
    two = make_vcf([call(*site)], "two.vcf", samples=("P2_N", "P2_T"))
    generic = make_vcf([call(*site)], "generic.vcf", samples=("NORMAL", "TUMOR"))
    assert "name their tumours P1_T and P2_T; taken as one tumour" in run("--vcf", one, "--vcf", two).stderr
    assert "taken as one tumour" not in run("--vcf", one, "--vcf", generic).stderr


def test_usage_lines_name_the_command_once():
    assert run("--help").stdout.splitlines()[0].endswith(" tmb [OPTIONS] [FILES]...")
