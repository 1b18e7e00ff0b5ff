"""Which called genes are one event: neighbours that were gained or lost together, named by the known amplicon.

CDK12, ERBB2, RARA and SPOP share 17q12-21, CCND1 and FGF3/4/19 share 11q13: four called genes there are one amplicon.
Genes called in the same direction are one event when they lie in the same known amplicon, or follow one another without
a tested gene between them that was not called.

References
----------
.. [1] UCSC cytoBand tables of hg19 and hg38: the borders of the bands.
"""

from __future__ import annotations

import pandas as pd

AMPLICONS: dict[str, dict[str, tuple[str, int, int]]] = {
    "hg19": {
        "8p12": ("chr8", 28_800_000, 39_700_000),
        "8q24": ("chr8", 117_700_000, 146_364_022),
        "11q13": ("chr11", 63_400_000, 77_100_000),
        "17q12-21": ("chr17", 31_800_000, 50_200_000),
    },
    "hg38": {
        "8p12": ("chr8", 28_900_000, 39_900_000),
        "8q24": ("chr8", 116_700_000, 145_138_636),
        "11q13": ("chr11", 63_600_000, 77_400_000),
        "17q12-21": ("chr17", 33_500_000, 52_100_000),
    },
}
"""Name to chromosome, start, end [bp]; 8p12 is taken with 8p11.2, where FGFR1 and its neighbours lie."""


def amplicon_of(chromosome: str, start: int, end: int, *, build: str = "hg19") -> str | None:
    """Return the known amplicon that an interval lies in, or None.

    Examples
    --------
    >>> amplicon_of("chr17", 37_844_000, 37_884_000), amplicon_of("chr1", 1, 2)
    ('17q12-21', None)
    """
    for name, (contig, first, last) in AMPLICONS[build].items():
        if contig == chromosome and start < last and end > first:
            return name
    return None


def group_events(genes: pd.DataFrame, *, build: str = "hg19") -> pd.Series:
    """Return the event of each called gene: a known amplicon's name, or the span of a run of called neighbours.

    Parameters
    ----------
    genes
        ``chromosome, start, end, call`` of one sample's tested genes in genome order; ``call`` is ``amplification``,
        ``deletion`` or anything else.

    Returns
    -------
    Series
        Text per gene, missing where it is not called; losses are marked with ``del``.

    Examples
    --------
    >>> genes = pd.DataFrame({"chromosome": "chr17", "start": [37_000_000, 37_844_000, 47_600_000],
    ...     "end": [37_100_000, 37_884_000, 47_700_000], "call": ["amplification", "amplification", "neutral"]})
    >>> group_events(genes).tolist()
    ['17q12-21', '17q12-21', <NA>]
    """
    events = pd.Series(pd.NA, index=genes.index, dtype="string")
    called = genes["call"].isin(["amplification", "deletion"])
    keys = genes["chromosome"].astype(object) + "/" + genes["call"].astype(object)
    run = pd.Series((keys != keys.shift()).to_numpy(dtype=bool).cumsum(), index=genes.index)
    for _, rows in genes[called].groupby(run[called]):
        chromosome, call = rows["chromosome"].iloc[0], rows["call"].iloc[0]
        suffix = " del" if call == "deletion" else ""
        named = [
            amplicon_of(chromosome, int(start), int(end), build=build)
            for start, end in zip(rows["start"], rows["end"], strict=True)
        ]
        span = f"{chromosome}:{int(rows['start'].min()) + 1}-{int(rows['end'].max())}"
        events[rows.index] = [f"{name or span}{suffix}" for name in named]
    return events
