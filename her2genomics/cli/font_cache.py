"""A place for matplotlib's font cache where the user's own folders cannot be written to.

Matplotlib would say so in every process, and each would look through all fonts again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VARIABLE = "MPLCONFIGDIR"


@contextmanager
def font_cache() -> Iterator[None]:
    """Let matplotlib use a temporary folder inside the block, if its own cannot be written to and none was chosen."""
    if _VARIABLE in os.environ or all(map(_can_be_written, _default_folders())):
        yield
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="her2g-fonts-", ignore_cleanup_errors=True) as folder:
        os.environ[_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[_VARIABLE]


def _default_folders() -> tuple[Path, ...]:
    """Return the folders in which matplotlib keeps its settings and its cache."""
    home = Path(os.path.expanduser("~"))
    if not sys.platform.startswith(("linux", "freebsd")):
        return (home / ".matplotlib",)
    bases = (("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache"))
    return tuple(Path(os.environ.get(variable) or home / name) / "matplotlib" for variable, name in bases)


def _can_be_written(folder: Path) -> bool:
    """Return whether a folder can be written to, or made."""
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    return there.is_dir() and os.access(there, os.W_OK)
