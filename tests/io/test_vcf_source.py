"""Lines of a VCF from any container, whole or refused."""

from __future__ import annotations

import gzip
import io
import sys

import cyvcf2
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2genomics.exceptions import FileFormatError
from her2genomics.io.vcf_source import BGZF_END, open_source

TEXT = "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(
    f"chr1\t{i}\t.\tA\tT\t.\tPASS\tDP={i}\n" for i in range(1, 4000)
)


def read(path) -> list[str]:
    with open_source(path) as source:
        return list(source.lines())


@pytest.fixture
def containers(tmp_path):
    """Return the same text plain, gzipped (one and two members), bgzipped."""
    plain = tmp_path / "a.vcf"
    plain.write_text(TEXT)
    (tmp_path / "gzip.vcf.gz").write_bytes(gzip.compress(TEXT.encode()))
    half = len(TEXT) // 2
    (tmp_path / "members.vcf.gz").write_bytes(gzip.compress(TEXT[:half].encode()) + gzip.compress(TEXT[half:].encode()))
    pysam.tabix_compress(str(plain), str(tmp_path / "bgzip.vcf.gz"))
    return sorted(tmp_path.iterdir())


def test_every_container_gives_the_same_lines(containers):
    assert len(containers) == 4
    for path in containers:
        assert read(path) == TEXT.split("\n")[:-1]


def test_bcf_comes_back_as_text(tmp_path):
    plain = tmp_path / "a.vcf"
    plain.write_text(TEXT.replace("##contig", '##INFO=<ID=DP,Number=1,Type=Integer,Description="d">\n##contig'))
    reader = cyvcf2.VCF(str(plain))
    writer = cyvcf2.Writer(str(tmp_path / "a.bcf"), reader, "wb")
    for record in reader:
        writer.write_record(record)
    writer.close()
    records = [line for line in read(tmp_path / "a.bcf") if not line.startswith("#")]
    assert records == [line for line in TEXT.split("\n")[:-1] if not line.startswith("#")]


def test_standard_input(containers, monkeypatch):
    for path in containers:
        fake = io.TextIOWrapper(io.BytesIO(path.read_bytes()))
        monkeypatch.setattr(sys, "stdin", fake)
        assert read("-") == TEXT.split("\n")[:-1]


def test_a_missing_newline_is_noticed(tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text("##x\n#CHROM")
    with open_source(path) as source:
        assert list(source.lines()) == ["##x", "#CHROM"]
        assert source.unfinished


@pytest.mark.parametrize("name", ["bgzip.vcf.gz", "gzip.vcf.gz", "members.vcf.gz"])
def test_every_cut_of_a_compressed_file_is_an_error(containers, tmp_path, name):
    data = (tmp_path / name).read_bytes()
    member_end = len(gzip.compress(TEXT[: len(TEXT) // 2].encode())) if name.startswith("members") else -1
    for cut in {*range(2, len(data), max(len(data) // 60, 1)), len(data) - 1, len(data) - len(BGZF_END)}:
        if cut == member_end:
            continue  # a cut between two complete gzip members cannot be seen
        (tmp_path / "cut.vcf.gz").write_bytes(data[:cut])
        with pytest.raises(FileFormatError, match=r"truncated|corrupt"):
            read(tmp_path / "cut.vcf.gz")


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_byte_of_a_compressed_file_never_goes_unseen(tmp_path_factory, where, change):
    folder = tmp_path_factory.getbasetemp()
    source = folder / "flip_source.vcf"
    if not source.exists():
        source.write_text(TEXT)
        pysam.tabix_compress(str(source), f"{source}.gz")
    data = bytearray((folder / "flip_source.vcf.gz").read_bytes())
    data[where % len(data)] ^= change
    (folder / "flip.vcf.gz").write_bytes(bytes(data))
    try:
        lines = read(folder / "flip.vcf.gz")
    except FileFormatError:
        return
    assert lines == TEXT.split("\n")[:-1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"BAM\x01" + b"x" * 40, "alignment file"),
        (b"CRAM" + b"x" * 40, "alignment file"),
        (b"##x\n\x00\x01\x02\n", "no text"),
        (b"\x1f\x8b\x08\x00garbage", "corrupt|truncated"),
        (gzip.compress(b"##x\n", mtime=0) + b"trailing", "corrupt"),
    ],
)
def test_what_is_no_vcf_is_refused(put, content, words):
    with pytest.raises(FileFormatError, match=words):
        read(put(content, "a.vcf"))


def test_a_bad_byte_names_its_line(put):
    with pytest.raises(FileFormatError, match=r"a\.vcf:3: .*no text"):
        read(put(b"##x\n#CHROM\nchr1\t\xff\xfe\n", "a.vcf"))


def test_old_encodings_in_the_header_are_read(put):
    assert len(read(put("##author=Müller\n#CHROM\n".encode("latin-1"), "a.vcf"))) == 2


def test_absent_files_and_folders(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        read(tmp_path / "none.vcf")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read(tmp_path)


def test_a_bcf_without_its_end_is_refused(tmp_path):
    path = tmp_path / "a.bcf"
    pysam.tabix_compress(str(_bcf_like(tmp_path)), str(path))
    path.write_bytes(path.read_bytes()[: -len(BGZF_END)])
    with pytest.raises(FileFormatError, match=r"truncated|cannot be read"):
        read(path)


def _bcf_like(tmp_path):
    path = tmp_path / "raw"
    path.write_bytes(b"BCF\x02\x02" + b"\0" * 100)
    return path
