"""``her2g agreement``: readers, tests, specimens, ERBB2 against IHC/ISH, lesions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, output_options, seed_option

if TYPE_CHECKING:
    from her2genomics.agreement.result import Agreement

COUNTS = click.option("--counts", type=OUTPUT_FILE, default=None, help="Also write the cross tables.")
PATIENT = click.option("--patient", default="patient_id", show_default=True, help="Column of the patient.")


@click.group(
    epilog=examples(
        "her2g agreement readers readings.tsv --columns reader_1,reader_2",
        "her2g agreement specimens clinical.tsv --counts matrix.tsv",
        "her2g agreement erbb2 study/cohort.tsv",
    )
)
def agreement() -> None:
    """Agreement of readers, of tests with a truth, of two specimens, of ERBB2 copy number with IHC/ISH; lesions."""


def _columns(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _write(result: Agreement, out: str | None, fmt: str | None, counts: str | None) -> None:
    from her2genomics.io.write import write_table

    write_table(result.statistics, out, fmt)
    if counts is not None:
        write_table(result.counts, counts)
    for note in result.notes:
        click.echo(f"her2g: {note}", err=True)


@agreement.command(
    epilog=examples(
        "her2g agreement readers readings.tsv --columns reader_1,reader_2,reader_3",
        "her2g agreement readers ihc.tsv --columns local,central --levels 0,1+,2+,3+ --counts matrix.tsv",
        "her2g agreement readers suv.tsv --columns scanner_a,scanner_b --plot bland_altman.svg",
    )
)
@click.argument("table", type=INPUT_FILE)
@click.option("--columns", required=True, help="Comma list of columns, one per reader or method.")
@click.option(
    "--kind", type=click.Choice(["auto", "measurement", "ordered", "nominal"]), default="auto", show_default=True,
    help="What the values are.",
)  # fmt: skip
@click.option("--levels", default=None, help="Comma list of the categories in order.")
@click.option("--plot", type=OUTPUT_FILE, default=None, help="Bland-Altman plot of the first two (png, svg, pdf).")
@COUNTS
@output_options
def readers(
    table: str, columns: str, kind: str, levels: str | None, plot: str | None, counts: str | None,
    out: str | None, fmt: str | None,
) -> None:  # fmt: skip
    """Compare readings of the same subjects: ICC and Bland-Altman, or kappa and McNemar."""
    from her2genomics.agreement.readers import compare_readers
    from her2genomics.io.tables import read_table

    read, names = read_table(table), _columns(columns)
    order = None if levels is None else _columns(levels)
    result = compare_readers(read, names, kind=kind, levels=order)  # type: ignore[arg-type]
    if plot is not None:
        from her2genomics.io.figures import write_figure
        from her2genomics.report.agreement_figures import draw_bland_altman, draw_matrix

        write_figure(draw_matrix(result.counts) if len(result.counts) else draw_bland_altman(read, *names[:2]), plot)
    _write(result, out, fmt, counts)


@agreement.command(
    epilog=examples("her2g agreement tests cohort.tsv --truth surgery_her2 --tests model,biopsy --positive positive")
)
@click.argument("table", type=INPUT_FILE)
@click.option("--truth", required=True, help="Two-level column of the truth.")
@click.option("--tests", "names", required=True, help="Comma list of two-level columns.")
@click.option("--positive", default=None, help="The level that counts as positive.  [default: positive, yes, 1 ...]")
@COUNTS
@output_options
def tests(
    table: str, truth: str, names: str, positive: str | None, counts: str | None, out: str | None, fmt: str | None
) -> None:
    """Compare tests of the same patients within each class of a truth (McNemar), with the three-way table."""
    from her2genomics.agreement.paired_tests import compare_tests
    from her2genomics.io.tables import read_table

    _write(compare_tests(read_table(table), truth, _columns(names), positive=positive), out, fmt, counts)


@agreement.command(
    epilog=examples(
        "her2g agreement specimens clinical.tsv",
        "her2g agreement specimens clinical.tsv --column ihc --counts matrix.tsv",
    )
)
@click.argument("table", type=INPUT_FILE)
@click.option("--column", default="her2_group", show_default=True, help="Status to compare.")
@click.option("--first", default="primary", show_default=True, help="First sample_type.")
@click.option("--second", default="metastasis", show_default=True, help="Second sample_type.")
@click.option("--plot", type=OUTPUT_FILE, default=None, help="Matrix as a figure (png, svg, pdf).")
@COUNTS
@output_options
def specimens(
    table: str, column: str, first: str, second: str, plot: str | None, counts: str | None,
    out: str | None, fmt: str | None,
) -> None:  # fmt: skip
    """Compare the HER2 status of two specimens of the same patients: discordance matrix, kappa, symmetry."""
    from her2genomics.agreement.specimens import compare_specimens
    from her2genomics.workflow.inputs import load_cohort

    group = column if column == "her2_group" else "sample_type"
    result = compare_specimens(load_cohort(table, group=group).samples, column=column, first=first, second=second)
    if plot is not None:
        from her2genomics.io.figures import write_figure
        from her2genomics.report.agreement_figures import draw_matrix

        write_figure(draw_matrix(result.counts), plot)
    _write(result, out, fmt, counts)


@agreement.command(epilog=examples("her2g agreement erbb2 study/cohort.tsv --counts matrix.tsv"))
@click.argument("cohort", type=INPUT_FILE)
@click.option("--copy-number", default="erbb2_log2", show_default=True, help="Numeric column: log2 ratio or copies.")
@click.option("--call", default="erbb2_cna", show_default=True, help="Discrete copy number, 2 = amplification.")
@COUNTS
@output_options
def erbb2(cohort: str, copy_number: str, call: str, counts: str | None, out: str | None, fmt: str | None) -> None:
    """Compare ERBB2 copy number by sequencing with HER2 by IHC and ISH."""
    from her2genomics.agreement.erbb2 import compare_erbb2
    from her2genomics.workflow.inputs import load_cohort

    _write(compare_erbb2(load_cohort(cohort).samples, copy_number=copy_number, call=call), out, fmt, counts)


@agreement.command(
    epilog=examples(
        "her2g agreement lesions lesions.tsv --value suvmax",
        "her2g agreement lesions lesions.tsv --value suvmax --group her2_group",
    )
)
@click.argument("table", type=INPUT_FILE)
@click.option("--value", required=True, help="Numeric column.")
@click.option("--group", default=None, help="Two-level column to compare.")
@PATIENT
@seed_option
@output_options
def lesions(
    table: str, value: str, group: str | None, patient: str, seed: int, out: str | None, fmt: str | None
) -> None:
    """Describe a measurement of many lesions per patient, and compare groups with patients kept together."""
    from her2genomics.agreement.lesions import compare_lesions
    from her2genomics.io.tables import read_table

    _write(compare_lesions(read_table(table), value, patient=patient, group=group, seed=seed), out, fmt, None)


@agreement.command(
    epilog=examples("her2g agreement treatment lesions.tsv --value suvmax --time scan --before baseline --after week8")
)
@click.argument("table", type=INPUT_FILE)
@click.option("--value", required=True, help="Numeric column.")
@click.option("--time", required=True, help="Column of the time point.")
@click.option("--before", required=True, help="Its first value.")
@click.option("--after", required=True, help="Its second value.")
@click.option("--lesion", default="lesion_id", show_default=True, help="Column of the lesion.")
@PATIENT
@output_options
def treatment(
    table: str, value: str, time: str, before: str, after: str, lesion: str, patient: str,
    out: str | None, fmt: str | None,
) -> None:  # fmt: skip
    """Compare the same lesions before and after treatment."""
    from her2genomics.agreement.lesions import compare_treatment
    from her2genomics.io.tables import read_table

    read = read_table(table)
    result = compare_treatment(read, value, time, before=before, after=after, patient=patient, lesion=lesion)
    _write(result, out, fmt, None)


@agreement.command(epilog=examples("her2g agreement detection lesions.tsv --a fes_pet --b fdg_pet"))
@click.argument("table", type=INPUT_FILE)
@click.option("--a", "first", required=True, help="First yes/no column.")
@click.option("--b", "second", required=True, help="Second yes/no column.")
@PATIENT
@output_options
def detection(table: str, first: str, second: str, patient: str, out: str | None, fmt: str | None) -> None:
    """Compare how many lesions two tracers find, with patients kept together."""
    from her2genomics.agreement.lesions import compare_detection
    from her2genomics.io.tables import read_table

    _write(compare_detection(read_table(table), first, second, patient=patient), out, fmt, None)
