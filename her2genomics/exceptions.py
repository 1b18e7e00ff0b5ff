"""Every error and warning that her2genomics raises on purpose.

::

    Her2GenomicsError                 exit code 1: something about the data
      FileFormatError                 a file is missing, empty, binary, or not what it should be
      SchemaError                     a table lacks a column, or a value breaks its declared type or range
      BuildMismatchError              contigs or positions belong to another genome build
      AnnotationMissingError          a VCF carries no consequence annotation
      PanelError                      an unknown or inconsistent panel
      CohortError                     tables that cannot be joined, or an empty group
      AmbiguousInputError             two readings are possible; the user is asked instead of guessing
      StatisticsError                 a statistic is undefined for these numbers
      UsageError                      exit code 2: arguments that contradict each other
    Her2GenomicsWarning
      StatisticNotValidWarning        a number was computed outside the conditions it is valid in
      DataWarning                     rows dropped, values mapped, columns ignored

A message is one line: what is wrong, where, and the next thing to type.  The pieces are kept as attributes so that
callers can act on them without parsing text.
"""

from __future__ import annotations

import os


class Her2GenomicsError(Exception):
    """Base of all errors a user can cause and mend.

    Parameters
    ----------
    what
        What is wrong, without a full stop.
    path
        File in which it was found.
    line
        One-based line number in that file.
    sample
        Sample identifier.
    column
        Column name.
    hint
        The next thing to do, usually a command.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        path: str | os.PathLike[str] | None = None,
        line: int | None = None,
        sample: str | None = None,
        column: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.what = " ".join(str(what).split())
        self.path = None if path is None else os.fspath(path)
        self.line = line
        self.sample = sample
        self.column = column
        self.hint = hint
        super().__init__(self.message())

    def message(self) -> str:
        """Return the one-line message: ``file:line: sample S: column C: what (hint)``."""
        parts = []
        if self.path is not None:
            parts.append(f"{self.path}:{self.line}" if self.line is not None else self.path)
        elif self.line is not None:
            parts.append(f"line {self.line}")
        if self.sample is not None:
            parts.append(f"sample {self.sample}")
        if self.column is not None:
            parts.append(f"column {self.column}")
        parts.append(self.what)
        text = ": ".join(parts)
        return f"{text}; {self.hint}" if self.hint else text


class FileFormatError(Her2GenomicsError):
    """A file is missing, empty, unreadable, binary, truncated, or of another format."""


class SchemaError(Her2GenomicsError):
    """A table lacks a required column, or a value breaks its column's type, range or vocabulary."""


class BuildMismatchError(Her2GenomicsError):
    """Contig names, contig lengths or positions belong to another genome build."""


class AnnotationMissingError(Her2GenomicsError):
    """A VCF carries no consequence annotation that we can read."""


class PanelError(Her2GenomicsError):
    """A panel is unknown or its files contradict each other."""


class CohortError(Her2GenomicsError):
    """Tables cannot be joined into a cohort, or a group that was asked for is empty."""


class AmbiguousInputError(Her2GenomicsError):
    """An input can be read in two ways; the message asks which one is meant."""


class StatisticsError(Her2GenomicsError):
    """A statistic is undefined for the numbers given."""


class UsageError(Her2GenomicsError):
    """Arguments contradict each other or are out of range."""

    exit_code = 2


class Her2GenomicsWarning(UserWarning):
    """Base of all warnings of her2genomics."""


class StatisticNotValidWarning(Her2GenomicsWarning):
    """A statistic was computed outside the conditions under which it is valid."""


class DataWarning(Her2GenomicsWarning):
    """Something in the data was dropped, mapped or ignored; the message counts it."""
