"""Lollipops: where along its protein a gene is mutated, one group or two back to back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from her2genomics import schema
from her2genomics.cohort import Cohort
from her2genomics.exceptions import CohortError, UsageError
from her2genomics.protein_domains import DOMAINS, Domain
from her2genomics.protein_positions import first_residues
from her2genomics.report.legend_rows import text_width
from her2genomics.report.style import CLASS_COLOURS, LEVEL_COLOURS, PAGE_WIDTH, figure_style, new_figure

Floats = npt.NDArray[np.float64]

MOST_LABELS = 8
LEAST_RECURRENT = 2
"""A residue is labelled when this many tumours are mutated there."""
_LEFT, _RIGHT, _PROTEIN, _SIDE = 0.5, 0.15, 0.2, 1.35
"""Margins, height of the protein, and height of one side [inch]."""


@dataclass(frozen=True)
class Side:
    """Mutations of one group: tumours per residue and class, and the denominators.

    Parameters
    ----------
    label
        Group.
    counts
        ``position, residue, alteration, n``: tumours mutated there.
    n_mutated, n_profiled
        Tumours with a mutation of the gene, and tumours in which it was profiled.
    n_without_position
        Mutated tumours none of whose mutations has a position.
    """

    label: str
    counts: pd.DataFrame
    n_mutated: int
    n_profiled: int
    n_without_position: int


def mutation_positions(
    cohort: Cohort, gene: str, groups: Sequence[str] | None = None, *, group: str = "her2_group"
) -> list[Side]:
    """Return the mutations of a gene by residue, for all tumours or for each of the groups.

    Raises
    ------
    UsageError
        If the gene, column or a group is not in the cohort, or there are more than two groups.
    CohortError
        If no mutation of the gene has a position.
    """
    if gene not in cohort.genes:
        raise UsageError(f"no gene named {gene} in the cohort", hint="her2g check FILE lists the genes")
    if groups is not None and len(groups) not in (1, 2):
        raise UsageError(f"{len(groups)} groups cannot stand back to back", hint="name one or two groups")
    sides = [_side(cohort, gene, label, members) for label, members in _members(cohort, groups, group).items()]
    if all(side.counts.empty for side in sides):
        raise CohortError(
            f"no mutation of {gene} has a protein position",
            hint="cells such as H1047R have one, bare classes (missense, 1) have not",
        )
    return sides


def _members(cohort: Cohort, groups: Sequence[str] | None, group: str) -> dict[str, pd.Series]:
    if groups is None:
        return {"all tumours": pd.Series(True, index=cohort.samples.index)}
    if group not in cohort.samples:
        raise UsageError(f"no column named {group} to group by", hint="her2g check FILE lists columns")
    values = cohort.samples[group].astype("string")
    short = {name.removeprefix("HER2-"): name for name in schema.HER2_TIERS}
    chosen = {short.get(g, g) if group.startswith("her2") else g: g for g in groups}
    for label in chosen:
        if not (values == label).any():
            raise UsageError(
                f"no sample with {group} {label}", hint=f"there are: {', '.join(sorted(values.dropna().unique()))}"
            )
    return {label: (values == label).fillna(False) for label in chosen}


def _side(cohort: Cohort, gene: str, label: str, members: pd.Series) -> Side:
    profiled = cohort.profiled[:, cohort.genes.index(gene)] & members.to_numpy(dtype=bool)
    ids = set(cohort.sample_ids[profiled])
    rows = cohort.alterations
    rows = rows[(rows["gene"] == gene) & rows["alteration"].isin(schema.MUTATION_CLASSES) & rows["sample_id"].isin(ids)]
    placed = pd.concat([rows[["sample_id", "alteration"]], first_residues(rows["detail"])], axis=1)
    located = placed[placed["position"].notna()].drop_duplicates(["sample_id", "position", "alteration"])
    counts = located.groupby(["position", "alteration"]).agg(residue=("residue", "first"), n=("sample_id", "nunique"))
    mutated = set(rows["sample_id"])
    return Side(label, counts.reset_index(), len(mutated), len(ids), len(mutated - set(located["sample_id"])))


@figure_style()
def draw_lollipop(
    cohort: Cohort,
    gene: str,
    groups: Sequence[str] | None = None,
    *,
    group: str = "her2_group",
    length: int | None = None,
    width: float = PAGE_WIDTH,
) -> Figure:
    """Draw where a gene is mutated: tumours per residue, upwards for the first group, downwards for the second.

    Parameters
    ----------
    cohort
        Samples, alterations and mask.
    gene
        Gene.
    groups
        One or two values of ``group``; default all tumours together.
    group
        Column that makes the groups.
    length
        Residues of the protein; default as far as the mutations and domains go.
    width
        Width of the figure [inch].

    Raises
    ------
    UsageError
        If the gene, column or a group is not in the cohort, or there are more than two groups.
    CohortError
        If no mutation of the gene has a position.
    """
    sides = mutation_positions(cohort, gene, groups, group=group)
    domains = DOMAINS.get(gene, ())
    reach = max(
        max((int(s.counts["position"].max()) for s in sides if len(s.counts)), default=1), *(d.last for d in domains), 1
    )
    end = max(length or 0, reach)
    present = [c for c in schema.ALTERATION_CLASSES if any((s.counts["alteration"] == c).any() for s in sides)]
    below = 0.62
    total = 0.2 + _SIDE * len(sides) + _PROTEIN + below
    figure = new_figure(width, total)
    figure.set_layout_engine("none")
    inner = width - _LEFT - _RIGHT
    protein_top = 0.2 + _SIDE
    tallest = max(int(s.counts.groupby("position")["n"].sum().max()) for s in sides if len(s.counts))
    for k, side in enumerate(sides):
        top = 0.2 if k == 0 else protein_top + _PROTEIN
        axes = figure.add_axes((_LEFT / width, 1 - (top + _SIDE) / total, inner / width, _SIDE / total))
        _draw_side(axes, side, end, tallest, inner, downwards=k == 1)
    axes = figure.add_axes((_LEFT / width, 1 - (protein_top + _PROTEIN) / total, inner / width, _PROTEIN / total))
    _draw_protein(axes, domains, length or end, end, inner)
    ruler = figure.add_axes((_LEFT / width, (below - 0.02) / total, inner / width, 0.001))
    _draw_ruler(ruler, end, f"residue of {gene} ({_length_text(sides, length)})")
    handles = [Line2D([], [], marker="o", ls="", ms=4, color=CLASS_COLOURS[c], label=c) for c in present]
    figure.legend(handles=handles, loc="lower left", ncols=len(present), bbox_to_anchor=(_LEFT / width - 0.01, 0.0))
    return figure


def _draw_side(axes: Axes, side: Side, end: int, tallest: int, inner: float, *, downwards: bool) -> None:
    axes.set_xlim(0, end + 1)
    room = tallest * 1.62
    axes.set_ylim((room, 0) if downwards else (0, room))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks([t for t in MaxNLocator(4, integer=True).tick_values(0, tallest) if 0 <= t <= tallest])
    axes.spines["left"].set_bounds(0, max(tallest, 1))
    axes.set_ylabel("tumours", fontsize=6.5)
    for _, rows in side.counts.groupby("position"):
        position, base = float(rows["position"].iloc[0]), 0
        rows = rows.sort_values("n", kind="stable")
        axes.plot([position] * 2, [0, rows["n"].sum()], color="#999999", lw=0.6, zorder=1)
        for row in rows.to_dict("records"):
            base += row["n"]
            axes.plot(
                position, base, "o", ms=3.6, color=CLASS_COLOURS[row["alteration"]], mec="white", mew=0.3, zorder=2
            )
    _write_labels(axes, side, end, tallest, inner)
    share = f"{100 * side.n_mutated / side.n_profiled:.0f}%" if side.n_profiled else "–"
    text = f"{side.label}: {side.n_mutated} of {side.n_profiled} profiled mutated ({share})"
    if side.n_without_position:
        text += f"; {side.n_without_position} without a position"
    axes.text(0.0, 0.01 if downwards else 0.99, text, transform=axes.transAxes, fontsize=7, fontweight="bold",
              va="bottom" if downwards else "top")  # fmt: skip


def _write_labels(axes: Axes, side: Side, end: int, tallest: int, inner: float) -> None:
    """Name the recurrent residues, moved apart along the protein so that no two overlap."""
    sums = side.counts.groupby("position").agg(n=("n", "sum"), residue=("residue", "first")).reset_index()
    chosen = sums[sums["n"] >= LEAST_RECURRENT].nlargest(MOST_LABELS, "n", keep="first").sort_values("position")
    if chosen.empty:
        return
    texts = [f"{r} ({n})" for r, n in zip(chosen["residue"], chosen["n"], strict=True)]
    widths = np.array([text_width(t, 5.5) + 0.05 for t in texts]) * (end + 1) / inner
    at = spread_apart(chosen["position"].to_numpy(dtype=float), widths, 0.0, float(end + 1))
    for x, text, row in zip(at, texts, chosen.to_dict("records"), strict=True):
        high = tallest * 1.24
        axes.plot(
            [row["position"], x], [row["n"] + 0.05 * tallest, high - 0.03 * tallest], color="#BBBBBB", lw=0.4, zorder=0
        )
        axes.text(x, high + 0.06 * tallest, text, ha="center", va="center", fontsize=5.5)


def spread_apart(wanted: Floats, widths: Floats, low: float, high: float) -> Floats:
    """Return centres of labels in order, near where they are wanted, without overlap, between two ends.

    Examples
    --------
    >>> spread_apart(np.array([5.0, 5.5]), np.array([2.0, 2.0]), 0.0, 10.0).tolist()
    [4.25, 6.25]
    """
    rightwards = _packed(wanted, widths, low, high)
    leftwards = low + high - _packed((low + high - wanted)[::-1], widths[::-1], low, high)[::-1]
    centres: Floats = (rightwards + leftwards) / 2
    return centres


def _packed(wanted: Floats, widths: Floats, low: float, high: float) -> Floats:
    """Return centres moved to the right as far as needed, and back where the end is reached."""
    at = np.maximum(wanted, low + widths / 2)
    for k in range(1, len(at)):
        at[k] = max(at[k], at[k - 1] + (widths[k - 1] + widths[k]) / 2)
    at[-1] = min(at[-1], high - widths[-1] / 2)
    for k in range(len(at) - 2, -1, -1):
        at[k] = min(at[k], at[k + 1] - (widths[k] + widths[k + 1]) / 2)
    return at


def _length_text(sides: Sequence[Side], length: int | None) -> str:
    """Return the length, and how many tumours are mutated beyond it: their positions count another transcript."""
    if length is None:
        return "length not known"
    beyond = sum(int(s.counts.loc[s.counts["position"] > length, "n"].sum()) for s in sides)
    return f"{length:,} residues" + (f"; {beyond} mutations beyond the end: another transcript" if beyond else "")


def _draw_protein(axes: Axes, domains: Sequence[Domain], length: int, end: int, inner: float) -> None:
    axes.set_xlim(0, end + 1)
    axes.set_ylim(0, 1)
    axes.set_axis_off()
    axes.add_patch(Rectangle((1, 0.3), length - 1, 0.4, color="#CCCCCC", lw=0))
    colours = {
        name: LEVEL_COLOURS[k % len(LEVEL_COLOURS)] for k, name in enumerate(dict.fromkeys(d.name for d in domains))
    }
    for domain in domains:
        span = domain.last - domain.first + 1
        axes.add_patch(Rectangle((domain.first, 0.05), span, 0.9, color="white", lw=0))
        axes.add_patch(Rectangle((domain.first, 0.05), span, 0.9, color=colours[domain.name], alpha=0.45, lw=0))
        if text_width(domain.name, 6) + 0.02 <= span / (end + 1) * inner:
            axes.text(domain.first + span / 2, 0.5, domain.name, ha="center", va="center", fontsize=6)


def _draw_ruler(axes: Axes, end: int, label: str) -> None:
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=8)
    axes.set_xlim(0, end + 1)
    axes.set_xlabel(label, fontsize=6.5, labelpad=1)
