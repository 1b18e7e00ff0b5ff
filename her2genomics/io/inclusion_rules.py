"""Inclusion rules as a TOML file."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from her2genomics.exceptions import FileFormatError


def read_rules_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a TOML file of rules, to be given to ``inclusion.parse_rules``.

    Raises
    ------
    FileFormatError
        If the file is missing or no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror}", path=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(f"not a TOML file: {error}", path=path) from error
