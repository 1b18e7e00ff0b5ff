"""How sure a burden is: exact and Bayesian intervals of a Poisson count over a known territory."""

from __future__ import annotations

from scipy.special import gammaincc, gammainccinv, gammaincinv

from her2genomics.exceptions import StatisticsError

THRESHOLD = 10.0
"""The burden [mut/Mb] that ``p_ge_10`` refers to (Marabelle et al. 2020, Lancet Oncol 21:1353)."""


def burden_interval(n: int, mb: float, *, confidence: float = 0.95) -> dict[str, float]:
    """Return the burden of ``n`` variants over ``mb`` megabases with its intervals.

    Parameters
    ----------
    n
        Counted variants.
    mb
        Territory [Mb].
    confidence
        Coverage of the two-sided intervals.

    Returns
    -------
    dict
        ``tmb, garwood_lo, garwood_hi, jeffreys_lo, jeffreys_hi`` [mut/Mb] and ``p_ge_10``, the posterior probability
        that the true burden is at least 10 mut/Mb.

    Raises
    ------
    StatisticsError
        If the count is negative or the territory is not positive.

    Notes
    -----
    Garwood: the a/2 quantile of Gamma(n, 1) and the 1 - a/2 quantile of Gamma(n + 1, 1), which are half the chi-square
    quantiles with 2n and 2n + 2 degrees of freedom [1]_.  Jeffreys: quantiles of Gamma(n + 1/2, 1) [2]_, which is also
    the posterior behind ``p_ge_10``.

    References
    ----------
    .. [1] Garwood F (1936), Biometrika 28:437.
    .. [2] Brown LD, Cai TT, DasGupta A (2003), Statistica Sinica 13:19.

    Examples
    --------
    >>> {name: round(value, 4) for name, value in burden_interval(3, 1.003).items()}["garwood_hi"]
    8.741
    """
    if n < 0 or not mb > 0:
        raise StatisticsError(f"a burden needs a count >= 0 over a positive territory, not {n} / {mb} Mb")
    tail = (1 - confidence) / 2
    return {
        "tmb": n / mb,
        "garwood_lo": float(gammaincinv(n, tail)) / mb if n else 0.0,
        "garwood_hi": float(gammainccinv(n + 1, tail)) / mb,
        "jeffreys_lo": float(gammaincinv(n + 0.5, tail)) / mb,
        "jeffreys_hi": float(gammainccinv(n + 0.5, tail)) / mb,
        "p_ge_10": float(gammaincc(n + 0.5, THRESHOLD * mb)),
    }


def burden_category(n: int, mb: float, high_from: float) -> str:
    """Return ``high``, ``low``, or ``borderline`` where the exact interval contains the assay's cut-off.

    Examples
    --------
    >>> [burden_category(n, 0.8, 10.0) for n in (1, 8, 40)]
    ['low', 'borderline', 'high']
    """
    numbers = burden_interval(n, mb)
    if numbers["garwood_lo"] <= high_from <= numbers["garwood_hi"]:
        return "borderline"
    return "high" if numbers["tmb"] >= high_from else "low"
