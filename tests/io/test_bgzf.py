"""BGZF: the content, whatever the number of threads, and what is damaged."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pysam
import pytest

from her2genomics.exceptions import FileFormatError
from her2genomics.io import bgzf
from her2genomics.io.bgzf import END_MARKER, read_bgzf

CONTENT = np.random.default_rng(1).integers(0, 40, 3_000_000, dtype=np.uint8).tobytes()


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bgzf") / "x.gz"
    with pysam.BGZFile(str(path), "wb") as out:
        out.write(CONTENT)
    return path


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_content_is_the_same_with_any_number_of_threads(packed: Path, threads: int) -> None:
    runs = list(read_bgzf(packed, threads=threads))
    assert len(runs) > 3
    assert b"".join(runs) == CONTENT


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("cut", [1, len(END_MARKER), 1000, 1_000_000])
def test_truncation_is_said(packed: Path, tmp_path: Path, cut: int, threads: int) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(packed.read_bytes()[:-cut])
    with pytest.raises(FileFormatError, match="truncated"):
        list(read_bgzf(path, threads=threads))


@pytest.mark.parametrize("threads", [1, 2])
def test_one_wrong_byte_is_noticed(packed: Path, tmp_path: Path, threads: int) -> None:
    data = bytearray(packed.read_bytes())
    data[len(data) // 3] ^= 1
    path = tmp_path / "x.gz"
    path.write_bytes(bytes(data))
    with pytest.raises(FileFormatError, match="damaged"):
        list(read_bgzf(path, threads=threads))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(b"chromosome\tstart\tend\tgene\n" * 3)
    with pytest.raises(FileFormatError, match="not block-gzipped"):
        list(read_bgzf(path))


def test_reading_can_stop_early(packed: Path) -> None:
    runs = read_bgzf(packed, threads=2)
    assert CONTENT.startswith(next(runs))
    runs.close()


def test_without_isal_zlib_does_the_same(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = b"".join(read_bgzf(packed))
    monkeypatch.setattr(bgzf, "decompress", zlib.decompress)
    monkeypatch.setattr(bgzf, "_DAMAGED", (zlib.error,))
    assert b"".join(read_bgzf(packed)) == expected
    test_one_wrong_byte_is_noticed(packed, tmp_path, 1)
