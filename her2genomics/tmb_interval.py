"""How sure a burden is: exact and Bayesian intervals of a Poisson count over a known territory.

The incomplete gamma function and its inverse are written out here, on the standard library: loading them from
``scipy.special`` takes as long as everything else that `her2g tmb` does for a panel VCF.  The tests hold them against
SciPy.
"""

from __future__ import annotations

import math

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
        "garwood_lo": gamma_quantile(n, tail) / mb if n else 0.0,
        "garwood_hi": gamma_quantile(n + 1, 1 - tail) / mb,
        "jeffreys_lo": gamma_quantile(n + 0.5, tail) / mb,
        "jeffreys_hi": gamma_quantile(n + 0.5, 1 - tail) / mb,
        "p_ge_10": gamma_tails(n + 0.5, THRESHOLD * mb)[1],
    }


def gamma_tails(shape: float, x: float) -> tuple[float, float]:
    """Return the lower and upper tail of Gamma(shape, 1) at ``x``.

    The series below the mean and Lentz's continued fraction above it give the smaller tail to full relative precision.

    Parameters
    ----------
    shape
        Positive.
    x
        Not negative.

    References
    ----------
    NIST Digital Library of Mathematical Functions, 8.11.4 (series) and 8.9.2 (continued fraction).

    Examples
    --------
    >>> [round(tail, 6) for tail in gamma_tails(1, 1)]
    [0.632121, 0.367879]
    """
    if x <= 0:
        return 0.0, 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        k = shape
        while term > total * 1e-17:
            k += 1
            term *= x / k
            total += term
        lower = min(front * total, 1.0)
        return lower, 1 - lower
    upper = min(front / _continued_fraction(shape, x), 1.0)
    return 1 - upper, upper


def _continued_fraction(shape: float, x: float) -> float:
    """Return the denominator ``x + 1 - a - 1(1 - a)/(x + 3 - a - 2(2 - a)/(...))`` by Lentz's method."""
    b = x + 1 - shape
    value, c, d = b, b, 0.0
    for i in range(1, 1_000_000):
        a = -i * (i - shape)
        b += 2
        d = 1 / (b + a * d)
        c = b + a / c
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value


def gamma_quantile(shape: float, p: float) -> float:
    """Return the ``p`` quantile of Gamma(shape, 1): Newton's steps, halved where they would leave the bracket.

    Parameters
    ----------
    shape
        Positive.
    p
        Lower tail, above 0 and below 1.

    Examples
    --------
    >>> round(gamma_quantile(1, 0.5), 12) == round(math.log(2), 12)
    True
    """
    low, high = 0.0, shape + 10 * math.sqrt(shape) + 50
    x = shape
    for _ in range(200):
        lower, upper = gamma_tails(shape, x)
        error = lower - p if p < 0.5 else (1 - p) - upper
        low, high = (x, high) if error < 0 else (low, x)
        slope = math.exp((shape - 1) * math.log(x) - x - math.lgamma(shape))
        step = x - error / slope if slope else -1.0
        if not low < step < high:
            step = (low + high) / 2
        if abs(step - x) <= 1e-15 * x:
            break
        x = step
    return x


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
