"""Copy number as pictures: the genome with its called genes, one gene and its neighbours, the normals of a reference.

All functions take result tables and return a `matplotlib.figure.Figure`. Log2 ratios beyond the axis are drawn as
triangles on its border, so that an amplicon of 30 copies does not flatten everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from her2genomics.exceptions import UsageError
from her2genomics.genome import CHROMOSOMES
from her2genomics.report.style import CLASS_COLOURS, PAGE_WIDTH, figure_style, new_figure

FloatArray = npt.NDArray[np.float64]

BIN_COLOURS = ("#8C8C8C", "#BDBDBD")
SEGMENT_COLOUR = "#222222"
CALL_COLOURS = {"amplification": CLASS_COLOURS["amplification"], "deletion": CLASS_COLOURS["deep_deletion"]}
LOW, HIGH = -2.5, 4.0
COPY_LINES = (1, 2, 3, 4, 8, 16, 32)
LABEL_ROOM, ROOM_PER_LETTER = 0.6, 0.27
"""Room above and below the ratios for gene names, and of each letter of the longest, in units of the axis [log2]."""
MAX_LABELS = 30
NEIGHBOURHOOD_BP = 2_500_000


def plot_profile(
    ratios: pd.DataFrame,
    segments: pd.DataFrame,
    genes: pd.DataFrame,
    *,
    title: str,
    always: tuple[str, ...] = ("ERBB2",),
) -> Figure:
    """Draw one sample's log2 ratios along the genome, bins placed side by side, with its called genes labelled.

    Parameters
    ----------
    ratios
        ``.cnr`` rows: ``chromosome, start, end, gene, log2`` [log2].
    segments
        ``.cns`` rows: ``chromosome, start, end, log2``.
    genes
        `schema.GENE_CNA` of the sample: genes called ``amplification`` or ``deletion`` are coloured, and the strongest
        thirty named; the axis says when there are more.
    title
        Headline.
    always
        Genes that are labelled whatever their call.

    Raises
    ------
    UsageError
        If there is no ratio.

    Examples
    --------
    >>> bins = pd.DataFrame({"chromosome": "chr17", "start": [1, 200], "end": [100, 300], "gene": "ERBB2",
    ...                      "log2": [1.0, 1.1]})
    >>> segments = bins[["chromosome", "start", "end", "log2"]]
    >>> genes = pd.DataFrame({"gene": ["ERBB2"], "chromosome": ["chr17"], "start": [1], "end": [300], "log2": [1.05],
    ...                       "call": ["amplification"]})
    >>> plot_profile(bins, segments, genes, title="T").axes[0].get_title(loc="left")
    'T'
    """
    bins = _in_genome_order(ratios)
    with figure_style():
        figure = new_figure(PAGE_WIDTH, 3.0)
        axes = figure.subplots()
        _chromosome_bands(axes, bins)
        log2 = bins["log2"].to_numpy(dtype=np.float64)
        rank = bins["rank"].to_numpy(dtype=np.int64)
        _points(axes, np.arange(float(len(bins))), log2, [BIN_COLOURS[k % 2] for k in rank], size=2.0)
        for chromosome, start, end, mean in _rows(segments, "chromosome", "start", "end", "log2"):
            inside = _bins_within(bins, chromosome, start, end)
            if len(inside):
                height = float(np.clip(mean, LOW, HIGH))
                axes.plot([inside[0], inside[-1]], [height, height], color=SEGMENT_COLOUR, lw=1.4, zorder=4)
        named = _label_genes(axes, bins, genes, always)
        _finish(axes, title, above=named[True], below=named[False])
        n_called = int(genes["call"].isin(CALL_COLOURS).sum())
        if n_called > MAX_LABELS:
            axes.set_xlabel(f"{axes.get_xlabel()}; {MAX_LABELS} of {n_called} called genes are named")
        _copy_axis(axes)
        axes.set_xlim(-0.5, len(bins) - 0.5)
    return figure


def plot_gene(
    ratios: pd.DataFrame,
    segments: pd.DataFrame,
    genes: pd.DataFrame,
    *,
    gene: str = "ERBB2",
    title: str = "",
    reach_bp: int = NEIGHBOURHOOD_BP,
) -> Figure:
    """Draw one gene and its neighbours: each target at its place on the left, the gene's own targets on the right.

    Parameters
    ----------
    ratios, segments, genes
        As of `plot_profile`.
    gene
        Gene in the middle.
    title
        Headline; the gene's call is added.
    reach_bp
        How far to either side the neighbourhood goes [bp].

    Raises
    ------
    UsageError
        If the gene has no ratio.
    """
    rows = genes[genes["gene"] == gene]
    own = ratios[ratios["gene"].astype("str").str.split(",").map(lambda names: gene in names)]
    if rows.empty or own.empty:
        raise UsageError(f"{gene} has no target in this sample", hint="name a gene of the panel")
    chromosome, first, last = str(rows["chromosome"].iloc[0]), int(own["start"].min()), int(own["end"].max())
    here = ratios["chromosome"] == chromosome
    near = ratios[here & (ratios["end"] > first - reach_bp) & (ratios["start"] < last + reach_bp)]
    with figure_style():
        figure = new_figure(PAGE_WIDTH, 2.7)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        named = _draw_neighbourhood(left, near, segments, genes, gene)
        _draw_targets(right, own.sort_values("start"), rows.iloc[0])
        _finish(left, title, above=named)
        left.set_xlabel(f"position on {chromosome} [Mb]")
        call = rows["call"].iloc[0] if "call" in rows else ""
        right.set_title(f"{gene}: {call}, {len(own)} targets")
    return figure


def plot_reference(normals: pd.DataFrame, bins: pd.DataFrame) -> Figure:
    """Draw the quality of a reference: noise and wave of each normal, its share of small p, and the bins' spread.

    Parameters
    ----------
    normals
        `schema.REFERENCE_NORMALS`.
    bins
        `schema.REFERENCE_BINS`.

    Raises
    ------
    UsageError
        If the reference is flat.
    """
    if normals.empty:
        raise UsageError("a flat reference has no normals to draw")
    used = normals["used"].fillna(False).to_numpy(dtype=bool)
    with figure_style():
        figure = new_figure(PAGE_WIDTH, 2.5)
        first, second, third = figure.subplots(1, 3)
        _draw_normals(first, normals, used, "mapd", "wave", "MAPD [log2]", "gene wave [SD, log2]")
        _draw_shares(second, normals, used)
        spread = bins["spread"].to_numpy(dtype=np.float64, na_value=np.nan)
        open_bins = bins["masked"].fillna("").eq("").to_numpy(dtype=bool)
        if np.isfinite(spread[open_bins]).any():
            top = float(np.nanquantile(spread[open_bins], 0.995))
            third.hist(np.minimum(spread[open_bins], top), bins=40, color=BIN_COLOURS[0])
        third.set_xlabel("spread of a bin [log2]")
        third.set_ylabel("bins")
        third.set_title(f"{int(open_bins.sum())} bins, {int((~open_bins).sum())} masked")
        first.set_title(f"{int(used.sum())} normals in use, {int((~used).sum())} left out")
    return figure


def _in_genome_order(ratios: pd.DataFrame) -> pd.DataFrame:
    if ratios.empty:
        raise UsageError("there is no ratio to draw")
    rank = {name: place for place, name in enumerate(CHROMOSOMES)}
    known = ratios[ratios["chromosome"].isin(rank)].copy()
    known["rank"] = known["chromosome"].map(rank).astype("int64")
    return known.sort_values(["rank", "start"], kind="stable").reset_index(drop=True)


def _chromosome_bands(axes: Axes, bins: pd.DataFrame) -> None:
    """Separate the chromosomes, and name those that have room."""
    ticks, names = [], []
    for _, rows in bins.groupby("rank"):
        first, last = int(rows.index[0]), int(rows.index[-1])
        if first:
            axes.axvline(first - 0.5, color="#DDDDDD", lw=0.5, zorder=0)
        name = str(rows["chromosome"].iloc[0]).removeprefix("chr")
        if last - first + 1 >= 0.008 * len(bins):
            ticks.append((first + last) / 2)
            names.append(name)
    axes.set_xticks(ticks, names)
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("chromosome (targets side by side)")


def _rows(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Return the rows of some columns as plain Python values."""
    return list(zip(*(table[name].tolist() for name in columns), strict=True))


def _points(axes: Axes, x: FloatArray, log2: FloatArray, colours: list[str], *, size: float) -> None:
    """Draw bins as points, and those beyond the axis as triangles on its border."""
    colour = np.array(colours, dtype=object)
    inside = (log2 >= LOW) & (log2 <= HIGH)
    axes.scatter(x[inside], log2[inside], s=size, c=colour[inside].tolist(), lw=0, zorder=2, rasterized=len(x) > 3000)
    for beyond, edge, marker in ((log2 > HIGH, HIGH, "^"), (log2 < LOW, LOW, "v")):
        axes.scatter(x[beyond], np.full(int(beyond.sum()), edge), s=3 * size, c=colour[beyond].tolist(), lw=0,
                     marker=marker, zorder=2, clip_on=False)  # fmt: skip


def _bins_within(bins: pd.DataFrame, chromosome: str, start: int, end: int) -> npt.NDArray[np.int64]:
    inside = (bins["chromosome"] == chromosome) & (bins["end"] > start) & (bins["start"] < end)
    return np.flatnonzero(inside.to_numpy(dtype=bool))


def _label_genes(axes: Axes, bins: pd.DataFrame, genes: pd.DataFrame, always: tuple[str, ...]) -> dict[bool, list[str]]:
    """Colour the called genes, and name the strongest above or below, moved apart where they would overlap."""
    wanted = genes[genes["call"].isin(CALL_COLOURS) | genes["gene"].isin(always)]
    called = wanted[wanted["call"].isin(CALL_COLOURS)]
    strongest = called["log2"].abs().sort_values(ascending=False, kind="stable").index[:MAX_LABELS]
    shown = set(genes.loc[strongest, "gene"]) | set(always)
    owners = bins["gene"].astype("str").str.split(",").to_list()
    log2 = bins["log2"].to_numpy(dtype=np.float64)
    labels: dict[bool, list[tuple[float, float, str, str]]] = {True: [], False: []}
    for gene, chromosome, start, end, mean, call in _rows(wanted, "gene", "chromosome", "start", "end", "log2", "call"):
        own = [k for k in _bins_within(bins, chromosome, start, end) if gene in owners[k]]
        if not own:
            continue
        colour = CALL_COLOURS.get(call, SEGMENT_COLOUR)
        _points(axes, np.array(own, dtype=np.float64), log2[own], [colour] * len(own), size=5.0)
        if gene in shown:
            labels[mean >= 0].append((float(np.mean(own)), float(np.clip(mean, LOW, HIGH)), gene, colour))
    for up, here in labels.items():
        _write_labels(axes, sorted(here), len(bins), up=up)
    return {up: [name for _, _, name, _ in here] for up, here in labels.items()}


def _write_labels(axes: Axes, labels: list[tuple[float, float, str, str]], width: int, *, up: bool) -> None:
    places = spread_out([x for x, *_ in labels], 0.021 * width, width)
    edge = HIGH + 0.35 if up else LOW - 0.35
    for (x, y, name, colour), place in zip(labels, places, strict=True):
        axes.annotate(
            name, (x, y), (place, edge), rotation=90, ha="center", va="bottom" if up else "top", fontsize=6,
            style="italic", color=colour, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": colour, "alpha": 0.6},
        )  # fmt: skip


def spread_out(wanted: list[float], gap: float, width: float) -> list[float]:
    """Return ascending places at least ``gap`` apart, near the ascending places wanted, within 0 and ``width``.

    Examples
    --------
    >>> spread_out([10.0, 11.0, 50.0], 5.0, 100.0)
    [8.0, 13.0, 50.0]
    """
    gap = min(gap, width / max(len(wanted), 1))
    groups: list[list[float]] = []
    for place in wanted:
        groups.append([place, place, 1.0])
        while len(groups) > 1 and groups[-2][0] + gap * groups[-2][2] / 2 > groups[-1][0] - gap * groups[-1][2] / 2:
            (one, _, n), (two, _, m) = groups[-2:]
            groups[-2:] = [[(one * n + two * m) / (n + m), 0.0, n + m]]
            half = gap * groups[-1][2] / 2
            groups[-1][0] = min(max(groups[-1][0], half), width - half)
    return [centre + gap * (k - (n - 1) / 2) for centre, _, n in groups for k in range(int(n))]


def _draw_neighbourhood(
    axes: Axes, near: pd.DataFrame, segments: pd.DataFrame, genes: pd.DataFrame, gene: str
) -> list[str]:
    """Draw the targets at their places under the names of their genes, which are returned."""
    middle = (near["start"] + near["end"]).to_numpy(dtype=np.float64) / 2e6
    owner = near["gene"].astype("str")
    calls = dict(zip(genes["gene"], genes["call"], strict=True))
    colours = [CALL_COLOURS.get(str(calls.get(name.split(",")[0])), BIN_COLOURS[0]) for name in owner]
    _points(axes, middle, near["log2"].to_numpy(dtype=np.float64), colours, size=9.0)
    low, high = float(middle.min()), float(middle.max())
    margin = max(0.03 * (high - low), 0.01)
    axes.set_xlim(low - margin, high + margin)
    chromosome = str(near["chromosome"].iloc[0])
    here = segments[segments["chromosome"] == chromosome]
    for start, end, mean in _rows(here, "start", "end", "log2"):
        if end / 1e6 > low and start / 1e6 < high:
            height = float(np.clip(mean, LOW, HIGH))
            ends = np.clip([start / 1e6, end / 1e6], low - margin, high + margin)
            axes.plot(ends, [height, height], color=SEGMENT_COLOUR, lw=1.4, zorder=1)
    named = {name for names in owner for name in names.split(",")}
    shown = genes[(genes["chromosome"] == chromosome) & genes["gene"].isin(named)]
    centres = sorted(((start + end) / 2e6, name) for start, end, name in _rows(shown, "start", "end", "gene"))
    places = spread_out([x - low for x, _ in centres], 0.045 * (high - low + 2 * margin), high - low)
    for (x, name), place in zip(centres, places, strict=True):
        axes.annotate(
            name, (x, HIGH), (place + low, HIGH + 0.35), rotation=90, ha="center", va="bottom", fontsize=6,
            style="italic", weight="bold" if name == gene else "normal", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#888888"},
        )  # fmt: skip
    return [name for _, name in centres]


def _draw_targets(axes: Axes, own: pd.DataFrame, gene: pd.Series) -> None:
    """Draw the gene's targets in order, evenly spaced, with the gene's mean and its interval."""
    colour = CALL_COLOURS.get(str(gene.get("call")), BIN_COLOURS[0])
    _points(axes, np.arange(1.0, len(own) + 1), own["log2"].to_numpy(dtype=np.float64), [colour] * len(own), size=12.0)
    low, high = gene.get("ci_low"), gene.get("ci_high")
    if low is not None and pd.notna(low) and pd.notna(high):
        axes.axhspan(max(float(low), LOW), min(float(high), HIGH), color=colour, alpha=0.15, lw=0, zorder=0)
    axes.axhline(float(np.clip(gene["log2"], LOW, HIGH)), color=SEGMENT_COLOUR, lw=1.2)
    axes.set_xlabel("target of the gene (band: 95 % interval)")
    axes.set_xlim(0.2, len(own) + 0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _copy_axis(axes)


def _finish(axes: Axes, title: str, *, above: Iterable[str], below: Iterable[str] = ()) -> None:
    axes.set_ylim(LOW - max(0.3, _room(below)), HIGH + max(0.3, _room(above)))
    axes.set_yticks(np.arange(np.ceil(LOW), HIGH + 0.5))
    axes.axhline(0, color="#666666", lw=0.6, zorder=1)
    axes.set_ylabel("log2 ratio")
    axes.set_title(title)


def _room(names: Iterable[str]) -> float:
    """Return the room that upright gene names need [log2]."""
    letters = max(map(len, names), default=0)
    return LABEL_ROOM + ROOM_PER_LETTER * letters if letters else 0.0


def _copy_axis(axes: Axes) -> None:
    """Add observed copies on the right."""
    right = axes.secondary_yaxis("right")
    shown = [c for c in COPY_LINES if LOW <= np.log2(c / 2) <= HIGH]
    right.set_yticks([float(np.log2(c / 2)) for c in shown], [str(c) for c in shown])
    right.set_ylabel("copies, as observed")
    right.spines["right"].set_visible(True)


def _draw_normals(
    axes: Axes, normals: pd.DataFrame, used: npt.NDArray[np.bool_], x: str, y: str, x_label: str, y_label: str
) -> None:
    across, up = (normals[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in (x, y))
    for which, colour, label in ((used, "#4477AA", "in use"), (~used, "#EE6677", "left out")):
        axes.scatter(across[which], up[which], s=10, color=colour, lw=0, label=label)
    for k in np.flatnonzero(~used):
        if np.isfinite(across[k]) and np.isfinite(up[k]):
            axes.annotate(str(normals["sample_id"].iloc[k]), (across[k], up[k]), (3, 2), textcoords="offset points",
                          fontsize=5.5)  # fmt: skip
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.margins(x=0.18)
    if not used.all():
        axes.legend(loc="best", handletextpad=0.1)


def _draw_shares(axes: Axes, normals: pd.DataFrame, used: npt.NDArray[np.bool_]) -> None:
    share = 100 * normals["loo_share"].to_numpy(dtype=np.float64, na_value=np.nan)
    order = np.argsort(np.where(np.isfinite(share), share, -1), kind="stable")
    colours = np.where(used, "#4477AA", "#EE6677")[order]
    axes.bar(np.arange(len(order)), np.nan_to_num(share[order]), color=colours.tolist(), width=0.8)
    axes.axhline(0.5, color="#666666", lw=0.7, ls="--")
    axes.set_xlabel("normals, sorted")
    axes.set_ylabel("genes with p < 0.005 [%]")
    axes.set_title("against the others")
    axes.annotate("expected", (0, 0.5), (1, 2), textcoords="offset points", fontsize=5.5, color="#666666")
    axes.set_xticks([])
