"""Depth of BAM, CRAM and SAM files: against counting every base by itself, mosdepth and samtools, and bad input."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from her2genomics.exceptions import (
    BuildMismatchError,
    DataWarning,
    FileFormatError,
    Her2GenomicsError,
    SchemaError,
    UsageError,
)
from her2genomics.io.alignment_files import read_alignment_header
from her2genomics.io.alignment_writer import write_bam
from her2genomics.io.alignments import ReadFilter, read_target_depth
from her2genomics.simulate_bam import BamSettings, simulate_bam

CONTIGS = {"chr1": 249250621, "chr17": 81195210}
PROPER, LEFT, RIGHT = 3, 0x63, 0x93  # LEFT and RIGHT: the two reads of a proper pair
TARGETS = pd.DataFrame(
    {
        "chromosome": ["chr1", "chr1", "chr1", "chr17", "chr17", "chr17", "chrX"],
        "start": [10_000, 10_150, 10_100, 5_000, 5_000, 40_000, 70_000],
        "end": [10_200, 10_400, 10_120, 5_300, 5_300, 40_001, 70_250],
        "gene": ["A", "A", "A", "B", "B", "B", "C"],
    }
)  # overlapping, nested, repeated, and one base long
HARD = BamSettings(
    depth=60, purity=0.5, copy_number={"B": 8}, clips=0.2, insertions=0.2, deletions=0.2, insert_mean=120, insert_sd=40,
    secondary=0.05, supplementary=0.05, qc_fail=0.05, unmapped=0.05, improper=0.1, low_mapq=0.2, seed=7,
)  # fmt: skip


def bam_of(folder: Path, rows: list[tuple[int, int, int, str, int]], name: str = "x.bam", **more: object) -> Path:
    """Write reads of chr17: fragment, flag, position, CIGAR, mate position."""
    reads = pd.DataFrame(rows, columns=["fragment", "flag", "pos", "cigar", "mate_pos"])
    reads = reads.assign(mapq=60, template_length=0)
    path = folder / name
    write_bam(path, CONTIGS, [("chr17", reads)], sample="P1", read_length=50, **more)  # type: ignore[arg-type]
    return path


def depth_of(path: Path, start: int, end: int, **filters: object) -> float:
    target = pd.DataFrame({"chromosome": ["chr17"], "start": [start], "end": [end]})
    result = read_target_depth(path, target, read_filter=ReadFilter(**filters))  # type: ignore[arg-type]
    return float(result.targets["depth"].iloc[0])


@pytest.fixture(scope="module")
def hard_bam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bam") / "hard.bam"
    simulate_bam(TARGETS, path, HARD)
    return path


def depth_base_by_base(path: Path, read_filter: ReadFilter) -> list[float]:
    """Count every base of every read in a dictionary: slow, and plain to see."""
    depth: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    waiting: dict[tuple[str, str], pysam.AlignedSegment] = {}
    with pysam.AlignmentFile(str(path)) as handle:
        for read in handle.fetch(until_eof=True):
            if read.is_unmapped or read.flag & read_filter.exclude_flags or read.mapping_quality < read_filter.min_mapq:
                continue
            contig = str(read.reference_name)
            bases = {p for q, p in read.get_aligned_pairs(matches_only=True)}
            if read_filter.count_overlap_once and read.is_proper_pair and not read.is_supplementary:
                mate = waiting.pop((contig, read.query_name), None)
                if mate is None:
                    waiting[contig, read.query_name] = read
                else:
                    bases -= {p for q, p in mate.get_aligned_pairs(matches_only=True)}
            for position in bases:
                depth[contig][position] += 1
    rows = TARGETS[["chromosome", "start", "end"]].itertuples(index=False, name=None)
    return [sum(depth[c][p] for p in range(s, e)) / (e - s) for c, s, e in rows]


@pytest.mark.parametrize(
    "read_filter",
    [
        ReadFilter(),
        ReadFilter(min_mapq=20),
        ReadFilter(exclude_flags=0x304),
        ReadFilter(count_overlap_once=False),
        ReadFilter(exclude_flags=0xF04),
        ReadFilter(exclude_flags=0x104),
    ],
    ids=["default", "mapq", "with duplicates", "no overlap handling", "no supplementary", "duplicates and QC-fail"],
)
@pytest.mark.parametrize("route", ["whole", "index"])
def test_depth_equals_counting_base_by_base(hard_bam: Path, read_filter: ReadFilter, route: str) -> None:
    expected = depth_base_by_base(hard_bam, read_filter)
    result = read_target_depth(hard_bam, TARGETS, read_filter=read_filter, route=route)  # type: ignore[arg-type]
    np.testing.assert_allclose(result.targets["depth"].to_numpy(float), expected, rtol=0, atol=1e-9)
    assert min(expected) > 0


@pytest.mark.verify
def test_depth_equals_mosdepth(hard_bam: Path, tmp_path: Path) -> None:
    if shutil.which("mosdepth") is None:
        pytest.skip("mosdepth is not installed")
    bed = tmp_path / "t.bed"
    TARGETS.to_csv(bed, sep="\t", header=False, index=False)
    environment = dict(os.environ, MOSDEPTH_PRECISION="9")
    subprocess.run(["mosdepth", "-n", "-b", bed, tmp_path / "m", hard_bam], env=environment, check=True)
    theirs = pd.read_csv(tmp_path / "m.regions.bed.gz", sep="\t", header=None, usecols=[0, 1, 2, 4])
    key = theirs.set_index([0, 1, 2])[4]
    ours = read_target_depth(hard_bam, TARGETS).targets
    for row in ours.itertuples():
        values = np.atleast_1d(key.loc[(row.chromosome, row.start, row.end)])
        assert row.depth == pytest.approx(values[0], abs=1e-6)


def test_depth_equals_samtools_where_no_deletion_is_shared(tmp_path: Path) -> None:
    if shutil.which("samtools") is None:
        pytest.skip("samtools is not installed")
    bam, bed = tmp_path / "x.bam", tmp_path / "t.bed"
    simulate_bam(
        TARGETS, bam, BamSettings(depth=50, deletions=0, clips=0.2, insertions=0.1, insert_mean=120, supplementary=0)
    )
    TARGETS.to_csv(bed, sep="\t", header=False, index=False)
    text = subprocess.run(["samtools", "depth", "-s", "-b", bed, bam], check=True, capture_output=True, text=True)
    depth = {(c, int(p) - 1): int(d) for c, p, d in (line.split("\t") for line in text.stdout.splitlines())}
    for row in read_target_depth(bam, TARGETS).targets.itertuples():
        bases = [depth.get((row.chromosome, p), 0) for p in range(row.start, row.end)]
        assert row.depth == pytest.approx(np.mean(bases), abs=1e-6)


def test_routes_and_threads_give_the_same(hard_bam: Path) -> None:
    one = read_target_depth(hard_bam, TARGETS, min_depth=20)
    two = read_target_depth(hard_bam, TARGETS, min_depth=20, threads=2)
    index = read_target_depth(hard_bam, TARGETS, min_depth=20, route="index")
    for other in (two, index):
        pd.testing.assert_frame_equal(one.targets, other.targets)
        assert np.array_equal(one.summary.histogram, other.summary.histogram)
        pd.testing.assert_frame_equal(one.summary.callable_territory(), other.summary.callable_territory())
        assert one.counts.unique_on_target == other.counts.unique_on_target
    assert one.counts == two.counts
    assert index.by_region
    assert not one.by_region


def test_cram_and_sam_give_the_same_as_bam(hard_bam: Path, tmp_path: Path) -> None:
    cram, sam = tmp_path / "x.cram", tmp_path / "x.sam"
    pysam.view("-C", "--output-fmt-option", "no_ref=1", "-o", str(cram), str(hard_bam), catch_stdout=False)
    pysam.view("-h", "-o", str(sam), str(hard_bam), catch_stdout=False)
    pysam.index(str(cram))
    bam = read_target_depth(hard_bam, TARGETS)
    for path in (cram, sam):
        other = read_target_depth(path, TARGETS)
        pd.testing.assert_frame_equal(bam.targets, other.targets)
        assert bam.counts == other.counts
    by_index = read_target_depth(cram, TARGETS, route="index")
    pd.testing.assert_frame_equal(bam.targets, by_index.targets)


@pytest.mark.parametrize(("off_target", "by_region"), [(0.1, False), (0.95, True)])
def test_the_index_is_used_where_the_targets_are_a_small_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off_target: float, by_region: bool
) -> None:
    simulate_bam(TARGETS, tmp_path / "x.bam", BamSettings(depth=20, off_target=off_target))
    assert not read_target_depth(tmp_path / "x.bam", TARGETS).by_region
    monkeypatch.setattr("her2genomics.io.alignments._SMALL_FILE_BYTES", 0)
    assert read_target_depth(tmp_path / "x.bam", TARGETS).by_region == by_region
    (tmp_path / "x.bam.bai").unlink()
    assert not read_target_depth(tmp_path / "x.bam", TARGETS).by_region


def test_a_short_mate_inside_a_long_one_counts_once(tmp_path: Path) -> None:
    # mosdepth 0.3.3 says 30 bases here: it takes away up to the end of the longer read
    sam = tmp_path / "x.sam"
    sam.write_text(
        "@SQ\tSN:chr17\tLN:5000\n"
        f"r\t99\tchr17\t1001\t60\t50M\t=\t1011\t50\t{'A' * 50}\t*\nr\t147\tchr17\t1011\t60\t20M\t=\t1001\t-50\t{'A' * 20}\t*\n"
    )
    pysam.view("-b", "-o", str(tmp_path / "x.bam"), str(sam), catch_stdout=False)
    assert depth_of(tmp_path / "x.bam", 900, 1100) * 200 == pytest.approx(50)


def test_standard_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="not from standard input"):
        read_alignment_header("-")


def test_reads_are_counted_as_flagstat_does(hard_bam: Path) -> None:
    counts = read_target_depth(hard_bam, TARGETS).counts
    with pysam.AlignmentFile(str(hard_bam)) as handle:
        reads = [r for r in handle.fetch(until_eof=True) if not (r.is_secondary or r.is_supplementary or r.is_qcfail)]
    assert counts.total == len(reads)
    assert counts.mapped == sum(not r.is_unmapped for r in reads)
    assert counts.duplicate == sum(r.is_duplicate and not r.is_unmapped for r in reads)
    assert 0 < counts.unique_on_target < counts.unique


@pytest.mark.parametrize(
    ("cigar", "expected"),
    [
        ("50M", 50), ("10S40M", 40), ("40M10S", 40), ("20M5D30M", 50), ("20M5I25M", 45), ("20M30N30M", 50),
        ("5H20=1X29=", 50), ("10M1P40M", 50), ("50I", 0),
    ],
)  # fmt: skip
def test_aligned_bases_by_cigar(tmp_path: Path, cigar: str, expected: int) -> None:
    bam = bam_of(tmp_path, [(0, 0, 1000, cigar, -1)])
    assert depth_of(bam, 900, 1100) * 200 == pytest.approx(expected)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((1000, "50M"), (1030, "50M"), 80),
        ((1000, "50M"), (1000, "50M"), 50),
        ((1000, "50M"), (1050, "50M"), 100),
        ((1000, "40M10D10M"), (1030, "50M"), 80),
        ((1000, "50M"), (1020, "10M20D40M"), 90),
        ((1000, "30M20N20M"), (1020, "5M40D45M"), 90),
        ((1000, "50M"), (1010, "20M30S"), 50),
    ],
    ids=["overlap", "same place", "touching", "gap left", "gap right", "gaps in both", "contained"],
)
def test_bases_of_both_mates_count_once(
    tmp_path: Path, left: tuple[int, str], right: tuple[int, str], expected: int
) -> None:
    bam = bam_of(tmp_path, [(0, LEFT, *left, right[0]), (0, RIGHT, *right, left[0])])
    assert depth_of(bam, 900, 1200) * 300 == pytest.approx(expected)


def test_mates_are_found_across_batches_and_only_when_proper(tmp_path: Path) -> None:
    rows = [
        (0, LEFT, 1000, "50M", 1020),
        *((k, 0, 1010, "50M", -1) for k in range(1, 9000)),
        (0, RIGHT, 1020, "50M", 1000),
    ]
    assert depth_of(bam_of(tmp_path, rows), 1060, 1070) == 1
    assert depth_of(bam_of(tmp_path, rows), 1030, 1040) == 9000
    unproper = [(0, LEFT & ~2, 1000, "50M", 1020), (0, RIGHT & ~2, 1020, "50M", 1000)]
    assert depth_of(bam_of(tmp_path, unproper), 1030, 1040) == 2


def test_a_mate_that_is_filtered_leaves_the_other_counted(tmp_path: Path) -> None:
    bam = bam_of(tmp_path, [(0, LEFT | 0x400, 1000, "50M", 1020), (0, RIGHT, 1020, "50M", 1000)])
    assert depth_of(bam, 1030, 1040) == 1


def test_depth_beyond_a_pileup_limit_is_counted_fully(tmp_path: Path) -> None:
    bam = bam_of(tmp_path, [(k, 0, 1000, "50M", -1) for k in range(12_345)])
    assert depth_of(bam, 1000, 1050) == 12_345


def test_targets_without_reads_have_depth_zero(tmp_path: Path) -> None:
    bam = bam_of(tmp_path, [(0, 0, 1000, "50M", -1)])
    result = read_target_depth(bam, TARGETS.iloc[:4])
    assert result.targets["depth"].tolist() == [0, 0, 0, 0]
    assert result.summary.histogram.tolist() == [700]


def test_a_missing_contig_is_missing_depth(tmp_path: Path) -> None:
    bam = bam_of(tmp_path, [(0, 0, 5_000, "50M", -1)])
    with pytest.warns(DataWarning, match="1 targets have no depth, their contig is not there: chrX"):
        result = read_target_depth(bam, TARGETS)
    assert result.targets["depth"].isna().tolist() == [False] * 6 + [True]


def test_contigs_without_chr_are_matched(tmp_path: Path) -> None:
    settings = BamSettings(depth=20, chr_prefix=False, seed=3)
    simulate_bam(TARGETS, tmp_path / "x.bam", settings)
    assert read_target_depth(tmp_path / "x.bam", TARGETS).targets["depth"].min() > 5


def test_header(hard_bam: Path) -> None:
    header = read_alignment_header(hard_bam)
    assert (header.kind, header.sample, header.build, len(header.contigs)) == ("BAM", "SIM", "hg19", 24)


def refusal(error: type[Her2GenomicsError], path: Path, targets: pd.DataFrame = TARGETS, **more: object) -> str:
    with pytest.raises(error) as caught:
        read_target_depth(path, targets, **more)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_truncated_files(hard_bam: Path, tmp_path: Path) -> None:
    data = hard_bam.read_bytes()
    for name, size in (("marker", len(data) - 28), ("middle", len(data) * 2 // 3), ("header", 200)):
        path = tmp_path / f"{name}.bam"
        path.write_bytes(data[:size])
        assert "truncated" in refusal(FileFormatError, path)


def test_damaged_content(hard_bam: Path, tmp_path: Path) -> None:
    data = bytearray(hard_bam.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "x.bam"
    path.write_bytes(bytes(data))
    assert "damaged" in refusal(FileFormatError, path)


def test_what_is_no_alignment_file(tmp_path: Path) -> None:
    path = tmp_path / "x.bam"
    for content, message in (
        (b"", "empty"),
        (b"sample_id\n1\n", "not a BAM"),
        (b"\x1f\x8b\x08\x00" + bytes(40), "not a BAM"),
    ):
        path.write_bytes(content)
        assert message in refusal(FileFormatError, path)
    assert "nothing.bam" in refusal(FileFormatError, tmp_path / "nothing.bam")


def test_a_vcf_in_bgzf_is_no_bam(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf.gz"
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    assert "not a BAM file" in refusal(FileFormatError, path)


def test_unsorted_files(tmp_path: Path) -> None:
    rows = [(0, 0, 6_000, "50M", -1), (1, 0, 5_000, "50M", -1)]
    path = bam_of(tmp_path, rows, index=False)
    message = refusal(FileFormatError, path, TARGETS.iloc[:6])
    assert "not sorted by coordinate: a read at chr17:5001 comes after later ones; samtools sort -o" in message


def test_a_header_that_says_unsorted(hard_bam: Path, tmp_path: Path) -> None:
    path = tmp_path / "byname.bam"
    pysam.sort("-n", "-o", str(path), str(hard_bam))
    assert "the header says queryname" in refusal(FileFormatError, path)


def test_no_index_where_one_is_needed(tmp_path: Path) -> None:
    path = bam_of(tmp_path, [(0, 0, 5_000, "50M", -1)], index=False)
    assert f"needs an index; samtools index {path}" in refusal(FileFormatError, path, TARGETS.iloc[:6], route="index")


def test_targets_that_do_not_fit(hard_bam: Path) -> None:
    def one(chromosome: str, start: int, end: int) -> pd.DataFrame:
        return pd.DataFrame({"chromosome": [chromosome], "start": [start], "end": [end]})

    assert "no target lies on a contig of the file" in refusal(BuildMismatchError, hard_bam, one("GL000191.1", 1, 5))
    assert "another build?" in refusal(BuildMismatchError, hard_bam, one("chr17", 83_000_000, 83_000_100))
    assert "has no base" in refusal(SchemaError, hard_bam, one("chr17", 100, 100))
    assert "there is no target" in refusal(SchemaError, hard_bam, TARGETS.iloc[:0])


def test_a_cram_needs_no_reference_for_depth(tmp_path: Path) -> None:
    fasta = tmp_path / "ref.fa"
    fasta.write_text(">chr17\n" + "ACGT" * 500 + "\n")
    bam, cram = tmp_path / "x.bam", tmp_path / "x.cram"
    reads = pd.DataFrame({"fragment": [0], "flag": [0], "pos": [100], "mapq": [60], "cigar": ["50M"], "mate_pos": [-1],
                          "template_length": [0]})  # fmt: skip
    write_bam(bam, {"chr17": 2000}, [("chr17", reads)], sample="P1", read_length=50)
    pysam.view("-C", "-T", str(fasta), "-o", str(cram), str(bam), catch_stdout=False)
    fasta.unlink()
    target = pd.DataFrame({"chromosome": ["chr17"], "start": [100], "end": [200]})
    assert read_target_depth(cram, target).targets["depth"].tolist() == [0.5]  # positions and CIGARs need no bases


def test_truncated_cram(hard_bam: Path, tmp_path: Path) -> None:
    cram = tmp_path / "x.cram"
    pysam.view("-C", "--output-fmt-option", "no_ref=1", "-o", str(cram), str(hard_bam), catch_stdout=False)
    cram.write_bytes(cram.read_bytes()[:-3000])
    assert "truncated" in refusal(FileFormatError, cram)


def test_several_samples_are_warned_about(hard_bam: Path, tmp_path: Path) -> None:
    text = pysam.view("-H", str(hard_bam)) + "@RG\tID:b\tSM:OTHER\n"
    (tmp_path / "header.sam").write_text(text)
    path = tmp_path / "two.bam"
    pysam.view("-b", "-o", str(path), str(tmp_path / "header.sam"), catch_stdout=False)
    with pytest.warns(DataWarning, match="reads of 2 samples are counted together: OTHER, SIM"):
        assert read_alignment_header(path).sample == "two"


@pytest.mark.parametrize("wrong", [{"exclude_flags": -1}, {"exclude_flags": 4096}, {"min_mapq": 256}])
def test_filters_out_of_range(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        ReadFilter(**wrong)
