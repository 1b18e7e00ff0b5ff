"""How a command that works on a cohort is told what to read: one argument, and the options that say how to read it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

import click

from her2genomics.cli.options import INPUT_FILE, her2_options, panel_option

if TYPE_CHECKING:
    from her2genomics.cohort import Cohort

Command = TypeVar("Command", bound=Callable[..., Any])

_COLUMN_OPTIONS = (
    click.option("--genes", default=None, help="Comma list of columns to take as genes (a figure draws these)."),
    click.option("--clinical-columns", default=None, help="Comma list of columns to take as clinical."),
)


def column_options(command: Command) -> Command:
    """Add ``--genes`` and ``--clinical-columns``, for the columns of a cohort table that could be both."""
    for option in reversed(_COLUMN_OPTIONS):
        command = option(command)
    return command


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("cohort", type=INPUT_FILE),
    click.option("--alterations", type=INPUT_FILE, help="Long alterations table beside the sample table."),
    click.option("--maf", type=INPUT_FILE, help="MAF beside the sample table."),
    click.option("--profiled", type=INPUT_FILE, help="File with the sequenced samples, one per line."),
    click.option("--group", default="her2_group", show_default=True, help="Column that makes the groups."),
    click.option(
        "--classes", default=None, help="Comma list of classes that count as altered.  [default: all but gain, loss]"
    ),
    column_options,
    her2_options,
    panel_option,
)


def cohort_options(command: Command) -> Command:
    """Add the COHORT argument and the options of `read_cohort`, and ``--group`` and ``--classes``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_cohort(cohort: str, options: dict[str, Any], *, only_genes: Collection[str] | None = None) -> Cohort:
    """Read the cohort as the options of `cohort_options` say, or ``only_genes`` of it."""
    from her2genomics.workflow.inputs import load_cohort

    same = ("alterations", "maf", "profiled", "group", "her2_rule", "subtype_rule", "panel")
    return load_cohort(
        cohort,
        genes=comma_list(options["genes"]),
        clinical_columns=comma_list(options["clinical_columns"]),
        only_genes=only_genes,
        **{name: options[name] for name in same},
    )


def comma_list(text: str | None) -> list[str] | None:
    """Return the names of a comma list, or None where there is none."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def adjust_option(text: str | None) -> str | list[str] | None:
    """Return the covariates of ``--adjust``: ``auto`` where it is not given, None for ``none``."""
    return "auto" if text is None else None if text == "none" else comma_list(text)
