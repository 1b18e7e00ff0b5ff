"""``her2g response``: pathological complete response, or another two-state outcome, by HER2 group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, her2_options, output_options, panel_option

if TYPE_CHECKING:
    from her2genomics.her2 import Her2Rule
    from her2genomics.receptors import SubtypeRule
    from her2genomics.specimens import SpecimenPolicy


@click.command(
    epilog=examples(
        "her2g response cohort.tsv",
        "her2g response cohort.tsv --definition 'ypT0 ypN0' --plot pcr.pdf --folder response/",
        "her2g response cohort.tsv --regimen nact --by grade",
        "her2g response cohort.tsv --outcome best_response --responder CR --responder PR",
        "her2g response cohort.tsv --waterfall waterfall.png --change best_change_pct",
    )
)
@click.argument("cohort", type=INPUT_FILE)
@click.option("--outcome", default="pcr", show_default=True, help="Two-state column with the response.")
@click.option("--responder", multiple=True, help="Value that is a response (repeatable); default 1, yes, true, pCR.")
@click.option(
    "--definition", default=None, help="How the response is defined, for the record.  [default for pcr: ypT0/is ypN0]"
)
@click.option("--group", default="her2_group", show_default=True, help="Column or gene that makes the groups.")
@click.option("--adjust", default="auto", show_default=True, help="Column held fixed, auto (hr_status), or none.")
@click.option("--by", multiple=True, help="Further column or gene to break down and adjust by; repeatable.")
@click.option("--regimen", default=None, help="Column with regimen codes (TCbHP, EC-T).  [default: regimen, if there]")
@click.option(
    "--specimen",
    type=click.Choice(["primary", "latest", "highest", "all"]),
    default="primary",
    show_default=True,
    help="Which specimen stands for a patient with several.",
)
@click.option("--plot", type=OUTPUT_FILE, default=None, help="Rates with exact intervals (png, svg, pdf).")
@click.option("--waterfall", type=OUTPUT_FILE, default=None, help="Waterfall of the best change; needs --change.")
@click.option("--change", default=None, help="Column with the best change of tumour size, %.")
@click.option("--folder", type=click.Path(file_okay=False), default=None, help="Write every table and a manifest here.")
@her2_options
@panel_option
@output_options
def response(
    cohort: str,
    outcome: str,
    responder: tuple[str, ...],
    definition: str | None,
    group: str,
    adjust: str,
    by: tuple[str, ...],
    regimen: str | None,
    specimen: SpecimenPolicy,
    plot: str | None,
    waterfall: str | None,
    change: str | None,
    folder: str | None,
    her2_rule: Her2Rule,
    subtype_rule: SubtypeRule,
    panel: str,
    out: str | None,
    fmt: str | None,
) -> None:
    """Response to treatment by group: rates, exact tests, with receptor status or regimen held fixed.

    COHORT is one table, one row per sample. Patients without a known response are in no denominator. The result is one
    row per contrast, of all patients and within each stratum; a readable summary goes to standard error. Regimen codes:
    T taxane, E epirubicin, A doxorubicin, C cyclophosphamide, F fluorouracil, H trastuzumab, P pertuzumab, Cb
    carboplatin, X capecitabine; anything else is kept and flagged.
    """
    from her2genomics.io.figures import write_figure
    from her2genomics.io.write import write_table
    from her2genomics.outcome.response_result import ResponseQuestion
    from her2genomics.report.response_figures import response_figure, waterfall_figure
    from her2genomics.workflow.inputs import load_cohort
    from her2genomics.workflow.outcome_files import response_of_cohort, write_result_folder

    if (waterfall is None) != (change is None):
        raise click.UsageError("--waterfall FILE and --change COLUMN go together")
    loaded = load_cohort(
        cohort,
        only_genes=[group, adjust, *by],
        group=group,
        her2_rule=her2_rule,
        subtype_rule=subtype_rule,
        panel=panel,
    )
    question = ResponseQuestion(
        outcome=outcome,
        responder_is=responder,
        definition=definition,
        group=group,
        adjust=None if adjust == "none" else adjust,
        by=by,
        regimen=regimen,
        specimen=specimen,
    )
    result = response_of_cohort(loaded, question, source=cohort)
    if plot is not None:
        write_figure(response_figure(result), plot)
    if waterfall is not None and change is not None:
        write_figure(waterfall_figure(result, change), waterfall)
    if folder is not None:
        write_result_folder(
            result.tables(),
            folder,
            command="response",
            parameters=vars(question),
            inputs=[cohort],
            panel=panel,
            fmt=fmt,
        )
    write_table(result.response, out, fmt)
    for line in result.summary():
        click.echo(line, err=True)
