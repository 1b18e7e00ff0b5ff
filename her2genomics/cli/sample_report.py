"""``her2g sample-report``: one tumour on one page."""

from __future__ import annotations

import click

from her2genomics.cli.options import INPUT_FILE, OUTPUT_FILE, examples, panel_option


@click.command(
    "sample-report",
    epilog=examples(
        "her2g tmb T1.vcf --out tmb.tsv",
        "her2g cnv T1.bam --reference pon.cnn --folder results/",
        "her2g sample-report --sample T1 --tmb tmb.tsv --cnv results/ --mutations T1.vcf --out T1.html",
        "her2g sample-report --sample T1 --mutations study.maf --clinical clinical.tsv --out T1.html",
    ),
)
@click.option("--sample", required=True, help="Tumour, as the files name it.")
@click.option("--tmb", type=INPUT_FILE, default=None, help="TMB table: her2g tmb --out.")
@click.option("--cnv", type=click.Path(file_okay=False), default=None, help="Folder of: her2g cnv --folder.")
@click.option("--mutations", type=INPUT_FILE, default=None, help="MAF, or the annotated VCF that her2g tmb read.")
@click.option("--coverage", type=INPUT_FILE, default=None, help="Sample quality: her2g coverage --qc.")
@click.option("--clinical", type=INPUT_FILE, default=None, help="Clinical table with IHC and ISH, or HER2 groups.")
@panel_option
@click.option("-o", "--out", type=OUTPUT_FILE, required=True, help="The page: one HTML file that needs no network.")
def sample_report(
    sample: str,
    tmb: str | None,
    cnv: str | None,
    mutations: str | None,
    coverage: str | None,
    clinical: str | None,
    panel: str,
    out: str,
) -> None:
    """Write one page about one tumour: burden, ERBB2, altered genes, copy-number profile, quality.

    What is not supplied and what is not evaluable is said on the page. Printed, it is one page of A4.
    """
    from her2genomics.workflow.sample_files import SampleFiles, write_sample_report

    write_sample_report(sample, SampleFiles(tmb, cnv, mutations, coverage, clinical), out, panel=panel)
    click.echo(out)
