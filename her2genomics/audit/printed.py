"""How papers print a result: a p-value or another number with its precision, an interval, a list of named metrics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from her2genomics.audit.content import Number, plain_text, read_number
from her2genomics.exceptions import FileFormatError

ALPHA = 0.05
"""What "ns" stands above."""
_NOT_SIGNIFICANT = re.compile(r"n\.?\s*s\.?|not\s+(statistically\s+)?significant|non-?\s*significant", re.IGNORECASE)
_LEADING_P = re.compile(r"^(adjusted\s+)?p(\s*-?\s*values?)?\s*(\(.*?\))?\s*(?=[=<>:~≈.\d\s])", re.IGNORECASE)
_RELATION = re.compile(r"^(<=|=<|>=|=>|<|>|=|:|~|≈)?\s*(.*)$", re.DOTALL)
_NUMBER = r"\d*[.,]?\d+(?:e[-+]?\d+)?"
_POWER_OF_TEN = re.compile(r"\s*[x*]\s*10\s*\^?\s*([-+]?\d+)")
_FOOTNOTE = re.compile(r"\s*([*†‡§¶#]+|(?<=\d)[a-d])$")
_BRACKETED = re.compile(r"^[(\[]([^()\[\]]*)[)\]]$")
_STATED_P = re.compile(r"(?<=[\s,;(])p(\s*-?\s*value)?\s*[<>=:][^,;)]*[,;)]?$", re.IGNORECASE)
_REMARK = re.compile(r"\s*\([^()\d]*\d?\)$")
_LEVEL = re.compile(r"\d\d(?:\.\d)?\s*%\s*(?:ci|confidence\s+interval|c\.i\.)\s*[:=,]?", re.IGNORECASE)
_SIGNED = re.compile(rf"(?<![\d.])-?{_NUMBER}", re.IGNORECASE)
_METRIC = re.compile(rf"([A-Za-zκ][A-Za-z0-9κ _/'-]*?[+-]?)\s*(?:[=:]|\s|(?=\.\d))\s*(-?{_NUMBER})\s*(%?)")


@dataclass(frozen=True)
class Printed:
    """A printed number and its relation to the truth.

    Parameters
    ----------
    relation
        ``=``, ``<``, ``<=``, ``>``, ``>=``; "ns" is ``>=`` 0.05.
    number
        Value and decimals.
    percent
        Whether a percent sign stood behind it.
    """

    relation: str
    number: Number
    percent: bool = False

    @property
    def value(self) -> float:
        """The number itself."""
        return self.number.value

    def holds(self, value: float) -> bool:
        """Return whether an inequality holds for a value."""
        limits = {"<": value < self.value, "<=": value <= self.value, ">": value > self.value}
        return limits.get(self.relation, value >= self.value)


def read_printed(text: str) -> Printed:
    """Read a single printed number, mostly a p-value.

    Raises
    ------
    FileFormatError
        If it is not one.

    Examples
    --------
    >>> read_printed("P < .001")
    Printed(relation='<', number=Number(value=0.001, decimals=3), percent=False)
    >>> read_printed("ns").relation, read_printed("13.7 %").percent, read_printed("p=0.05").number.decimals
    ('>=', True, 2)
    """
    plain = plain_text(text.replace("&lt;", "<").replace("&gt;", ">")).strip()
    plain = _BRACKETED.sub(r"\1", plain).strip()
    if stated := _STATED_P.search(plain):
        plain = stated[0].strip("),; ")
    if _NOT_SIGNIFICANT.fullmatch(_LEADING_P.sub("", plain).lstrip("=: ")):
        return Printed(">=", Number(ALPHA, 2))
    plain = _REMARK.sub("", plain).strip()
    match = _RELATION.match(_FOOTNOTE.sub("", _LEADING_P.sub("", plain)).strip())
    sign, rest = (match[1] or "=", match[2]) if match else ("=", plain)
    relation = {":": "=", "~": "=", "≈": "=", "=<": "<=", "=>": ">="}.get(sign, sign)
    rest = _POWER_OF_TEN.sub(r"e\1", rest).strip()
    if not re.fullmatch(rf"-?{_NUMBER}\s*%?", rest, re.IGNORECASE):
        raise FileFormatError(f"printed value '{text}' is not understood", hint="write 0.023, <0.001 or ns")
    return Printed(relation, _scientific(rest), rest.endswith("%"))


def _scientific(text: str) -> Number:
    bare = text.removesuffix("%").strip().replace(",", ".")
    return Number(float(bare), max(0, -int(Decimal(bare).as_tuple().exponent)))


@dataclass(frozen=True)
class PrintedInterval:
    """A printed interval, with its estimate where there was one."""

    low: Number
    high: Number
    estimate: Number | None = None


def read_interval(text: str) -> PrintedInterval:
    """Read a printed interval: ``0.57-0.86``, ``(0.57, 0.86)``, ``0.73 (95% CI 0.57 to 0.86)``.

    Raises
    ------
    FileFormatError
        If there are not two or three numbers.

    Examples
    --------
    >>> read_interval("0.73 (95% CI: 0.57–0.86)").high
    Number(value=0.86, decimals=2)
    """
    plain = re.sub(r",(?=\s)|;", " ", _LEVEL.sub(" ", plain_text(text)))
    found = [read_number(part) for part in _SIGNED.findall(plain)]
    if len(found) not in (2, 3):
        raise FileFormatError(f"printed interval '{text}' is not understood", hint="write it as 0.57-0.86")
    low, high = found[-2:]
    if low.value > high.value:
        raise FileFormatError(f"printed interval '{text}' ends below its beginning")
    return PrintedInterval(low, high, found[0] if len(found) == 3 else None)


def looks_like_interval(text: str) -> bool:
    """Return True if a print holds two numbers or more and no relation: it is an interval, not a p-value."""
    plain = _LEVEL.sub(" ", plain_text(text))
    return len(_SIGNED.findall(plain)) in (2, 3) and not re.search(r"[<>]|\d\s*e-?\d|[x*]\s*10", plain, re.IGNORECASE)


def read_metrics(text: str) -> dict[str, Printed]:
    """Read a list of named metrics: ``SEN 85.4 SPE 69.0``, ``ACC=.65, F1: 0.76``; brackets are passed over.

    Raises
    ------
    FileFormatError
        If there is none, or a name occurs twice.

    Examples
    --------
    >>> {name: m.value for name, m in read_metrics("ACC .65 SEN 64.3% (52-75) F1=.76").items()}
    {'ACC': 0.65, 'SEN': 64.3, 'F1': 0.76}
    """
    plain = re.sub(r"[(\[][^)\]]*[)\]]", " ", plain_text(text))
    metrics: dict[str, Printed] = {}
    for name, number, percent in _METRIC.findall(plain):
        if name.strip() in metrics:
            raise FileFormatError(f"printed value names {name.strip()} twice")
        metrics[name.strip()] = Printed("=", read_number(number, name), bool(percent))
    if not metrics:
        raise FileFormatError(f"printed value '{text}' names no metric", hint="write SEN 85.4 SPE 69.0")
    return metrics
