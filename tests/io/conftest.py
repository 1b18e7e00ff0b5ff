"""Files made in the test."""

from __future__ import annotations

import pytest


@pytest.fixture
def put(tmp_path):
    """Return a function that writes text or bytes to a file and returns its path."""

    def write(content, name="table.tsv"):
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write
