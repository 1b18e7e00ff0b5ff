"""``her2g``: the group of commands, and the one place where errors become messages and exit codes.

Exit codes: 0 done, 1 the data are wrong, 2 the command line is wrong, 130 interrupted; a bug keeps its traceback.
Command modules are imported when they are named, heavy libraries inside the commands, so that ``--help`` is instant.
"""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from typing import Any, NoReturn, TextIO

import click

from her2genomics.cli.font_cache import font_cache
from her2genomics.exceptions import Her2GenomicsError, Her2GenomicsWarning

COMMANDS: dict[str, str] = {
    "demo": "her2genomics.cli.demo",
    "run": "her2genomics.cli.run",
    "panels": "her2genomics.cli.panels",
    "coverage": "her2genomics.cli.coverage",
    "reference": "her2genomics.cli.reference",
    "cnv": "her2genomics.cli.cnv",
    "simulate": "her2genomics.cli.simulate",
    "tmb": "her2genomics.cli.tmb",
    "classify": "her2genomics.cli.classify",
    "check": "her2genomics.cli.check",
    "cohort": "her2genomics.cli.cohort",
    "compare": "her2genomics.cli.compare",
    "oncoprint": "her2genomics.cli.oncoprint",
    "lollipop": "her2genomics.cli.lollipop",
    "coamplification": "her2genomics.cli.coamplification",
    "flow": "her2genomics.cli.flow",
    "pathways": "her2genomics.cli.pathways",
    "exclusivity": "her2genomics.cli.exclusivity",
    "cluster": "her2genomics.cli.cluster",
    "biomarkers": "her2genomics.cli.biomarkers",
    "predict": "her2genomics.cli.predict",
    "table1": "her2genomics.cli.table1",
    "agreement": "her2genomics.cli.agreement",
    "audit": "her2genomics.cli.audit",
    "survival": "her2genomics.cli.survival",
    "response": "her2genomics.cli.response",
    "report": "her2genomics.cli.report",
    "sample-report": "her2genomics.cli.sample_report",
    "verify": "her2genomics.cli.verify",
    "export": "her2genomics.cli.export",
}


class LazyGroup(click.Group):
    """Commands in the order of the work, imported on use; library errors end as one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name near commands when an unknown one is typed."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; commands: {', '.join(COMMANDS)}"
            raise click.UsageError(f"no such command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and turn our errors into a message and an exit code."""
        try:
            return super().invoke(ctx)
        except Her2GenomicsError as error:
            _end(f"error: {error}", error.exit_code)
        except KeyboardInterrupt:
            _end("interrupted", 130)


def _end(message: str, code: int) -> NoReturn:
    click.echo(f"her2g: {message}", err=True)
    raise click.exceptions.Exit(code)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Examples:  her2g demo  |  her2g tmb sample.vcf  |  her2g compare cohort.tsv  |  her2g panels list",
)
@click.version_option(package_name="her2genomics", prog_name="her2g")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="More detail on stderr.")
@click.pass_context
def cli(ctx: click.Context, quiet: bool, verbose: bool) -> None:
    """Somatic panel sequencing of breast cancer by HER2 status (research use only).

    Tables go to standard output as TSV unless --out names a file; messages go to standard error.
    """
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="her2g: %(message)s", stream=sys.stderr, force=True)
    for library in ("matplotlib", "PIL", "fontTools"):
        logging.getLogger(library).setLevel(logging.WARNING)
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", Her2GenomicsWarning)
    warnings.showwarning = _show_warning
    ctx.with_resource(font_cache())


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    click.echo(f"her2g: warning: {message}", err=True)


def main() -> None:
    """Entry point of the console script."""
    cli(prog_name="her2g")
