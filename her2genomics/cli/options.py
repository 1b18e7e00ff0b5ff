"""Options that mean the same in every command, as decorators."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
Item = TypeVar("Item")

INPUT_FILE = click.Path(dir_okay=False, allow_dash=True)


class OutputFile(click.Path):
    """A file to write, in a folder that is there: a misspelt folder is refused before any work, not made."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, allow_dash=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or refuse it.

        Raises
        ------
        click.BadParameter
            If its folder is not there, or it is a folder itself.
        """
        path = super().convert(value, param, ctx)
        folder = os.path.dirname(os.fsdecode(path))
        if folder and not os.path.isdir(folder):
            self.fail(f"there is no folder {folder}; mkdir -p {folder}", param, ctx)
        return path


OUTPUT_FILE = OutputFile()


def output_options(command: Command) -> Command:
    """Add ``--out`` and ``--format``."""
    command = click.option(
        "-o", "--out", type=OUTPUT_FILE, default=None, help="Output file.  [default: standard output]"
    )(command)
    return click.option(
        "--format",
        "fmt",
        type=click.Choice(["tsv", "csv", "json", "parquet"]),
        default=None,
        help="Table format.  [default: by the ending of --out, else tsv]",
    )(command)


def panel_option(command: Command) -> Command:
    """Add ``--panel``."""
    return click.option(
        "--panel", default="surrogate520", show_default=True, help="Panel by name or folder; see: her2g panels list."
    )(command)


def build_option(command: Command) -> Command:
    """Add ``--build``."""
    return click.option("--build", default=None, help="Genome build: hg19 or hg38.  [default: as the file says]")(
        command
    )


def threads_option(command: Command) -> Command:
    """Add ``--threads``."""
    return click.option(
        "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Parallel workers; same results."
    )(command)


def seed_option(command: Command) -> Command:
    """Add ``--seed``."""
    return click.option(
        "--seed", type=click.IntRange(min=0), default=123456, show_default=True, help="Seed of all random numbers."
    )(command)


def her2_options(command: Command) -> Command:
    """Add ``--her2-rule`` and ``--subtype-rule``."""
    command = click.option(
        "--subtype-rule",
        type=click.Choice(["zhang2022", "stgallen2013", "maisonneuve2014"]),
        default="zhang2022",
        show_default=True,
        help="Rule of the surrogate subtype.",
    )(command)
    return click.option(
        "--her2-rule",
        type=click.Choice(["ascocap2018", "zhang2022"]),
        default="ascocap2018",
        show_default=True,
        help="Rule of the HER2 group.",
    )(command)


def counting_options(command: Command) -> Command:
    """Add what BAM and CRAM files are counted over: ``--targets``, ``--panel``, ``--bin-size``, and ``--threads``."""
    for option in (
        threads_option,
        click.option(
            "--bin-size", type=click.IntRange(min=1), default=200, show_default=True,
            help="BAM/CRAM: targets are cut into bins of about this length [bp].",
        ),
        panel_option,
        click.option(
            "--targets", type=INPUT_FILE, default=None,
            help="BAM/CRAM: BED of the targets, gene in column 4.  [default: panel]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def progress(items: Iterable[Item], n: int, label: str) -> AbstractContextManager[Iterable[Item]]:
    """Return the items under a progress bar, which is drawn for several items on a terminal only."""
    if n < 2 or not sys.stderr.isatty():
        return nullcontext(items)
    return click.progressbar(items, length=n, label=label, file=sys.stderr)


@contextmanager
def run_progress(n: int, label: str) -> Iterator[Callable[[int], None] | None]:
    """Return what is called with the number of steps just done; the bar is drawn on a terminal only."""
    if n < 2 or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=n, label=label, file=sys.stderr, show_pos=True) as bar:
        yield bar.update


def split_list(text: str | None) -> list[str] | None:
    """Return the items of a comma list, or None where the option was not given."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def examples(*lines: str) -> str:
    r"""Return an epilog that lists example command lines, one per line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
