"""``her2g survival``: Kaplan-Meier, log-rank, Cox by HER2 group or any other column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, her2_options, output_options, panel_option

if TYPE_CHECKING:
    from her2genomics.her2 import Her2Rule
    from her2genomics.outcome.survival_question import Endpoint, TimeFrom, Unit
    from her2genomics.receptors import SubtypeRule
    from her2genomics.specimens import SpecimenPolicy
    from her2genomics.stats.survival_cox import FirthPolicy
    from her2genomics.stats.survival_likelihood import Ties


@click.command(
    epilog=examples(
        "her2g survival cohort.tsv",
        "her2g survival cohort.tsv --time dfs_months --event dfs_event --plot km.pdf --folder survival/",
        "her2g survival cohort.tsv --time os_months --covariate age --covariate stage --forest cox.png",
        "her2g survival cohort.tsv --group pcr --start surgery_months",
        "her2g survival cohort.tsv --group TP53 --adjust her2_group",
    )
)
@click.argument("cohort", type=INPUT_FILE)
@click.option("--time", default=None, help="Column with the time.  [default: dfs_months, else os_months]")
@click.option("--event", default=None, help="Column with the event.  [default: the one beside --time]")
@click.option("--event-is", multiple=True, help="Value that is the event (repeatable); default 1, yes, true, 1:...")
@click.option(
    "--unit",
    type=click.Choice(["auto", "days", "months", "years"]),
    default="auto",
    show_default=True,
    help="Unit of the time; auto: by the column's ending.",
)
@click.option(
    "--endpoint",
    type=click.Choice(["auto", "dfs", "idfs", "rfs", "os", "pfs", "other"]),
    default="auto",
    show_default=True,
    help="dfs: deaths are no events; idfs (STEEP): they are, from os_months and os_event.",
)
@click.option("--group", default="her2_group", show_default=True, help="Column or gene that makes the groups, or none.")
@click.option("--adjust", default="auto", show_default=True, help="Column held fixed, auto (hr_status), or none.")
@click.option("--covariate", "covariates", multiple=True, help="Column or gene in the multivariable model; repeatable.")
@click.option("--start", default=None, help="Column with the months from diagnosis to surgery: survival starts there.")
@click.option("--landmark", type=float, default=None, help="Months after diagnosis at which survival starts, for all.")
@click.option(
    "--time-from",
    type=click.Choice(["diagnosis", "surgery"]),
    default="diagnosis",
    show_default=True,
    help="Where the time column starts.",
)
@click.option("--keep-m1", is_flag=True, help="Keep patients with M1 at diagnosis in a disease-free analysis.")
@click.option(
    "--test",
    type=click.Choice(["standard", "paper"]),
    default="standard",
    show_default=True,
    help="paper: the study's own analysis, M1 kept, relapse ratio and relapsed-only test added and labelled.",
)
@click.option(
    "--ties", type=click.Choice(["efron", "breslow"]), default="efron", show_default=True, help="Ties in Cox models."
)
@click.option(
    "--firth",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Penalised Cox models; auto: a group without event, or under 10 events per coefficient.",
)
@click.option("--tau", type=float, default=None, help="Limit of restricted means, months.  [default: by follow-up]")
@click.option("--at", type=float, multiple=True, help="Months at which curves are read; repeatable.")
@click.option(
    "--specimen",
    type=click.Choice(["primary", "latest", "highest", "all"]),
    default="primary",
    show_default=True,
    help="Which specimen stands for a patient with several.",
)
@click.option(
    "--plot", type=OUTPUT_FILE, default=None, help="Kaplan-Meier figure with numbers at risk (png, svg, pdf)."
)
@click.option("--forest", type=OUTPUT_FILE, default=None, help="Forest plot of the Cox models.")
@click.option("--swimmer", type=OUTPUT_FILE, default=None, help="One bar per patient, for small cohorts.")
@click.option("--folder", type=click.Path(file_okay=False), default=None, help="Write every table and a manifest here.")
@her2_options
@panel_option
@output_options
def survival(
    cohort: str,
    time: str | None,
    event: str | None,
    event_is: tuple[str, ...],
    unit: Unit,
    endpoint: Endpoint,
    group: str,
    adjust: str,
    covariates: tuple[str, ...],
    start: str | None,
    landmark: float | None,
    time_from: TimeFrom,
    keep_m1: bool,
    test: str,
    ties: Ties,
    firth: FirthPolicy,
    tau: float | None,
    at: tuple[float, ...],
    specimen: SpecimenPolicy,
    plot: str | None,
    forest: str | None,
    swimmer: str | None,
    folder: str | None,
    her2_rule: Her2Rule,
    subtype_rule: SubtypeRule,
    panel: str,
    out: str | None,
    fmt: str | None,
) -> None:
    """Survival by group: Kaplan-Meier, log-rank, Cox, restricted means.

    COHORT is one table, one row per sample, with a time and an event column. The result is one row for all patients and
    one per group: events, median with interval, follow-up, log-rank p, hazard ratio against the first group, crude and
    adjusted. --folder adds curves, pairs, models and tests; a readable summary goes to standard error.
    """
    from her2genomics.io.figures import write_figure
    from her2genomics.io.write import write_table
    from her2genomics.outcome.cox_models import CoxSettings
    from her2genomics.outcome.survival import SurvivalSettings
    from her2genomics.report.survival_figures import cox_forest, km_figure, swimmer_figure
    from her2genomics.workflow.inputs import load_cohort
    from her2genomics.workflow.outcome_files import survival_of_cohort, survival_question, write_result_folder

    loaded = load_cohort(
        cohort,
        only_genes=[group, adjust, *covariates],
        group=group,
        her2_rule=her2_rule,
        subtype_rule=subtype_rule,
        panel=panel,
    )
    question = survival_question(
        loaded.samples,
        time=time,
        event=event,
        group=None if group == "none" else group,
        endpoint=endpoint,
        unit=unit,
        event_is=event_is,
        keep_m1=keep_m1 or test == "paper",
        time_from=time_from,
        start=start,
        landmark=landmark,
        specimen=specimen,
    )
    settings = SurvivalSettings(
        covariates=covariates,
        adjust=None if adjust == "none" else adjust,
        cox=CoxSettings(ties, firth),
        tau=tau,
        at=at,
        paper=test == "paper",
    )
    result = survival_of_cohort(loaded, question, settings, source=cohort)
    for path, figure in ((plot, km_figure), (forest, cox_forest), (swimmer, swimmer_figure)):
        if path is not None:
            write_figure(figure(result), path)
    if folder is not None:
        parameters = {"question": vars(question), "settings": {**vars(settings), "cox": vars(settings.cox)}}
        write_result_folder(
            result.tables(),
            folder,
            command="survival",
            parameters=parameters,
            inputs=[cohort],
            panel=panel,
            fmt=fmt,
        )
    write_table(result.survival, out, fmt)
    for line in result.summary():
        click.echo(line, err=True)
