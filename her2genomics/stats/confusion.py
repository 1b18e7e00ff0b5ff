"""Measures of a 2x2 or k x k confusion matrix, each with the denominator that it is a share of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from her2genomics.stats.agreement import KappaWeights, cohen_kappa
from her2genomics.stats.inputs import as_counts

WEIGHTS: tuple[KappaWeights, ...] = ("linear", "quadratic")


@dataclass(frozen=True)
class Confusion:
    """Counts of a yes/no classification; which class is positive is the caller's to say.

    Parameters
    ----------
    tp, fn, tn, fp
        True positive, false negative, true negative, false positive.
    """

    tp: int
    fn: int
    tn: int
    fp: int

    @property
    def n(self) -> int:
        """All classified."""
        return self.tp + self.fn + self.tn + self.fp

    def shares(self) -> dict[str, tuple[int, int]]:
        """Return the measures that are a count of a count: name to numerator and denominator."""
        tp, fn, tn, fp = self.tp, self.fn, self.tn, self.fp
        return {
            "sen": (tp, tp + fn),
            "spe": (tn, tn + fp),
            "ppv": (tp, tp + fp),
            "npv": (tn, tn + fn),
            "acc": (tp + tn, self.n),
            "fpr": (fp, tn + fp),
            "fnr": (fn, tp + fn),
            "prevalence": (tp + fn, self.n),
        }

    def flipped(self) -> Confusion:
        """Return the same result with the other class as positive."""
        return Confusion(self.tn, self.fp, self.tp, self.fn)

    def measures(self) -> dict[str, float]:
        """Return all measures; NaN where a denominator is 0.

        Examples
        --------
        >>> {k: round(v, 3) for k, v in Confusion(17, 15, 35, 3).measures().items() if k in ("sen", "f1", "kappa")}
        {'sen': 0.531, 'f1': 0.654, 'kappa': 0.466}
        """
        tp, fn, tn, fp = (float(x) for x in (self.tp, self.fn, self.tn, self.fp))
        found = {name: _ratio(*pair) for name, pair in self.shares().items()}
        found["f1"] = _ratio(2 * tp, 2 * tp + fp + fn)
        found["youden"] = found["sen"] + found["spe"] - 1
        found["balanced"] = (found["sen"] + found["spe"]) / 2
        found["lr_positive"] = _ratio(found["sen"], 1 - found["spe"])
        found["lr_negative"] = _ratio(1 - found["sen"], found["spe"])
        found["dor"] = _ratio(tp * tn, fp * fn)
        found["kappa"] = cohen_kappa([[self.tp, self.fn], [self.fp, self.tn]]).kappa
        found["mcc"] = _ratio(tp * tn - fp * fn, float(np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))))
        return found


def _ratio(a: float, b: float) -> float:
    return a / b if b else float("nan")


def class_measures(matrix: npt.ArrayLike) -> dict[str, float]:
    """Return measures of a k x k confusion matrix: rows the truth, columns the prediction.

    Returns
    -------
    dict
        ``acc``, ``f1`` (macro), ``sen`` (macro recall), ``ppv`` (macro precision), ``kappa``, ``kappa_linear``,
        ``kappa_quadratic``.

    Raises
    ------
    StatisticsError
        If the matrix is not square or holds no count.

    Examples
    --------
    >>> {k: round(v, 3) for k, v in class_measures([[8, 2, 0], [1, 7, 2], [0, 1, 9]]).items() if k in ("acc", "kappa")}
    {'acc': 0.8, 'kappa': 0.7}
    """
    kappas = {f"kappa_{w}": cohen_kappa(matrix, w).kappa for w in WEIGHTS}
    counts = as_counts(matrix, "matrix").astype(float)
    hit, truth, called = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    recall = [_ratio(a, b) for a, b in zip(hit, truth, strict=True)]
    precision = [_ratio(a, b) for a, b in zip(hit, called, strict=True)]
    f1 = [_ratio(2 * a, b + c) for a, b, c in zip(hit, truth, called, strict=True)]
    found = {"acc": float(hit.sum() / counts.sum())}
    found |= {name: float(np.mean(x)) for name, x in (("f1", f1), ("sen", recall), ("ppv", precision))}
    return {**found, "kappa": cohen_kappa(matrix).kappa, **kappas}
