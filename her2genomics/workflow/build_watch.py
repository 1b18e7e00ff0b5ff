"""Whether a file's variants belong to the build and the assay that they are counted on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from her2genomics.exceptions import BuildMismatchError, DataWarning
from her2genomics.genome import CHROMOSOME_RANK
from her2genomics.io.vcf import VcfReader
from her2genomics.panel import Panel
from her2genomics.variant import SMALL, Site

IMPLAUSIBLE_SHARE, IMPLAUSIBLE_MIN_COUNT = 0.1, 50
"""From this many variants on, a smaller share inside the coding territory looks like another assay [0-1]."""


class BuildWatch:
    """Counts, for a file whose header names no build, how many variants lie in the coding territory of each.

    Parameters
    ----------
    panel
        The panel.
    build
        Build that is assumed.
    active
        Whether there is something to watch.
    """

    def __init__(self, panel: Panel, build: str, active: bool) -> None:
        self.build, self.active = build, active
        builds = panel.builds if active else []
        self._territories = {b: panel.coding(b).padded(2) for b in builds}
        self.inside = dict.fromkeys(builds, 0)

    def see(self, site: Site) -> bool:
        """Look at one site; it is never dropped."""
        for build, territory in self._territories.items():
            self.inside[build] += site.kind == SMALL and territory.overlaps(site.chromosome, site.start - 1, site.end)
        return False

    def judge(self, vcf: VcfReader) -> None:
        """Warn or raise about contigs and build once the file has been read.

        Raises
        ------
        BuildMismatchError
            If no contig is a human chromosome, or the file names no build and its variants fit the other one better.
        """
        if vcf.n_records and not any(name in CHROMOSOME_RANK for name in vcf.chromosomes):
            raise BuildMismatchError(
                f"no contig of the file is a human chromosome (first: {vcf.chromosomes[0]})",
                path=vcf.path,
                hint="rename them with: bcftools annotate --rename-chrs MAP.txt",
            )
        if self.active and vcf.n_records:
            self.judge_build(vcf.path)

    def judge_build(self, path: str) -> None:
        """Say which build was assumed, or refuse when the variants fit the other one better.

        Raises
        ------
        BuildMismatchError
            If more of them lie in the coding territory on the other build.
        """
        others = [b for b in self.inside if b != self.build]
        other = max(others, key=lambda b: self.inside[b], default=self.build)
        if self.inside[other] > self.inside[self.build]:
            raise BuildMismatchError(
                f"nothing names the genome build; {self.inside[other]} variants lie in the panel's coding territory on"
                f" {other}, {self.inside[self.build]} on {self.build}",
                path=path,
                hint=f"say which: --build {other} or --build {self.build}",
            )
        message = f"{path}: nothing names the genome build; {self.build} assumed (say it with --build)"
        warnings.warn(DataWarning(message), stacklevel=2)


def warn_if_another_assay(path: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Warn where so few variants lie inside the panel that the file is hardly of this panel.

    Parameters
    ----------
    path
        The file.
    rows
        The `schema.TMB` rows of its samples.
    """
    known = [row for row in rows if row["frac_in_panel"] is not None]
    n = sum(row["n_input"] for row in known)
    inside = sum(row["n_input"] * row["frac_in_panel"] for row in known)
    if n >= IMPLAUSIBLE_MIN_COUNT and inside < IMPLAUSIBLE_SHARE * n:
        message = (
            f"{path}: only {100 * inside / n:.1f} % of {n} variants lie in the panel's coding territory:"
            " an exome, or another panel? (the burden is counted inside the panel)"
        )
        warnings.warn(DataWarning(message), stacklevel=2)
