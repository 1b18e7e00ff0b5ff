"""What stands in the gene cells of a wide cohort table, and what it means.

A cell holds ``WT`` or ``0`` (looked at, unaltered), ``1`` (altered, no more is known), alteration classes and their
usual words, protein changes (``H1047R``, ``p.E545K``), or several of these joined by ``;``.  A table of 200,000 samples
has a hundred million cells but far fewer distinct texts: texts are read once each, protein changes among them in whole
arrays (Arrow), the rest in Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from her2genomics import schema

Objects = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

WILD_TYPE = "WT"
_TEXT = pa.large_string()
_UNALTERED = frozenset({"WT", "wt", "0", "none", "None", "no", "neutral", "wild type", "wildtype"})
_BARE_ALTERED = frozenset({"1", "altered", "mut", "mutated", "mutation", "yes"})
_CLASS_SYNONYMS: dict[str, str] = {
    **{name: name for name in schema.ALTERATION_CLASSES},
    "amp": "amplification", "amplified": "amplification", "homdel": "deep_deletion", "deep deletion": "deep_deletion",
    "deepdel": "deep_deletion", "del": "loss", "deletion": "loss", "hetloss": "loss", "frameshift": "truncating",
    "nonsense": "truncating", "stop_gained": "truncating", "in_frame": "inframe", "splice_site": "splice",
    "rearrangement": "fusion", "sv": "fusion",
}  # fmt: skip
_CLASS_RANK = {name: rank for rank, name in enumerate(schema.ALTERATION_CLASSES)}
# Read by Python's and by Arrow's (RE2) regular expressions alike.
_PROTEIN_CHANGE = (
    r"^(?:p\.)?[A-Z*][0-9]+"
    r"(?P<alt>[A-Z*=?]|(?:_[A-Z][0-9]+)?(?:delins|del|dup|ins)[A-Z]*\*?[0-9]*|[A-Z]?fs.*|[A-Z]?ext.*|_splice)$"
)
_UNCHANGED = ""


@dataclass(frozen=True)
class CellTexts:
    """Distinct texts of cells, read.

    Parameters
    ----------
    texts
        The texts, as they stand.
    known
        Whether each is made of the vocabulary.
    unknown
        Of the texts that cannot be read, by position, the part that is no alteration.
    first, count
        Where the events of each text begin in `kinds` and `details`, and how many there are.
    kinds
        Alteration class of each event.
    details
        Its protein change, missing where the text does not say it.
    """

    texts: pa.Array
    known: Bools
    unknown: dict[int, str]
    first: Positions
    count: Positions
    kinds: Objects
    details: pa.Array


def read_texts(texts: pa.Array) -> CellTexts:
    """Read distinct texts of cells.

    Examples
    --------
    >>> read = read_texts(pa.array(["WT", "H1047R", "R213*;amp", "high"], pa.large_string()))
    >>> read.known.tolist(), read.kinds.tolist(), read.unknown
    ([True, True, True, False], ['missense', 'truncating', 'amplification'], {3: 'high'})
    """
    parts = pc.split_pattern(texts, ";")
    tokens = pc.utf8_trim_whitespace(parts.flatten())
    filled = pc.not_equal(tokens, "").to_numpy(zero_copy_only=False)
    text = np.repeat(np.arange(len(texts)), pc.list_value_length(parts).to_numpy())[filled]
    coded = tokens.filter(pa.array(filled)).dictionary_encode()
    classes, details = _events(coded.dictionary)
    token = coded.indices.to_numpy()
    odd = pd.isna(classes)[token]
    known = np.bincount(text, minlength=len(texts)) > 0
    known[text[odd]] = False
    words = coded.dictionary
    unknown = {int(i): words[int(j)].as_py() for i, j in zip(text[odd][::-1], token[odd][::-1], strict=True)}
    altering = ~odd & (classes[token] != _UNCHANGED)
    count = np.bincount(text[altering], minlength=len(texts))
    event = token[altering]
    return CellTexts(
        texts, known, unknown, np.cumsum(count) - count, count, classes[event], details.take(pa.array(event))
    )


def _events(tokens: pa.Array) -> tuple[Objects, pa.Array]:
    """Return class and protein change of distinct parts of cells; an empty class for no change, None for neither."""
    classes = protein_classes(tokens)
    change = pa.array(~pd.isna(classes))
    details = pc.if_else(change, _with_prefix(tokens), pa.scalar(None, _TEXT))
    others = pc.invert(change)
    classes[others.to_numpy(zero_copy_only=False)] = [
        _class_of_word(word) for word in tokens.filter(others).to_pylist()
    ]
    return classes, details


def _class_of_word(word: str) -> str | None:
    """Return the class that a word of the vocabulary means, empty for no alteration, None for another word."""
    if word in _UNALTERED:
        return _UNCHANGED
    return "other" if word in _BARE_ALTERED else _CLASS_SYNONYMS.get(word.lower())


def _class_of_change(alt: str) -> str:
    """Return the class that a protein change says by itself, empty for a synonymous one."""
    if alt == "=":
        return _UNCHANGED
    if alt == "_splice":
        return "splice"
    if "fs" in alt or "*" in alt:
        return "truncating"
    if len(alt) == 1:
        return "other" if alt == "?" else "missense"
    return "other" if "ext" in alt else "inframe"


def protein_classes(texts: pa.Array) -> Objects:
    """Return the class that each text implies as a protein change, empty for a synonymous one, None for no change.

    Examples
    --------
    >>> protein_classes(pa.array(["p.H1047R", "R213*", "P72=", "amplification"])).tolist()
    ['missense', 'truncating', '', None]
    """
    alts = pc.struct_field(pc.extract_regex(texts, _PROTEIN_CHANGE), "alt").dictionary_encode()
    classes = np.array([*(_class_of_change(alt) for alt in alts.dictionary.to_pylist()), None], dtype=object)
    found: Objects = classes[alts.indices.fill_null(len(classes) - 1).to_numpy()]
    return found


def _with_prefix(changes: pa.Array) -> pa.Array:
    long = pc.binary_join_element_wise(pa.scalar("p.", _TEXT), changes, pa.scalar("", _TEXT))
    return pc.if_else(pc.starts_with(changes, "p."), changes, long)


def arrow_texts(values: Iterable[object]) -> pa.Array:
    """Return texts (or what stands for texts) as one Arrow array."""
    if isinstance(values, pd.Index | pd.Series) and isinstance(values.dtype, pd.StringDtype):
        array = pa.array(values.array, _TEXT)
        return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pa.array([str(value) for value in values], _TEXT)


def written_texts(
    i: npt.NDArray[np.intp], j: npt.NDArray[np.intp], rows: pd.DataFrame
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp], pa.Array]:
    """Return row, column and text of every cell with an event, by column and row.

    An event is written as its protein change where that says the class by itself (``H1047R``, ``R213*``), else as its
    class; several events of a cell stand in the fixed order of the classes.

    Parameters
    ----------
    i, j
        Row and column of each event in the table.
    rows
        Events: ``alteration``, ``detail``.

    Returns
    -------
    tuple
        Row, column, position of the text; and the distinct texts.
    """
    codes, texts = _tokens(rows)
    kind, kinds = pd.factorize(rows["alteration"])
    rank = np.array([_CLASS_RANK[name] for name in kinds], dtype=np.int64)[kind]
    cell = j.astype(np.int64) * (int(i.max(initial=0)) + 1) + i
    order = np.argsort(cell * len(_CLASS_RANK) + rank, kind="stable")
    i, j, codes, rank, cell = i[order], j[order], codes[order], rank[order], cell[order]
    starts = np.flatnonzero(np.append(True, np.diff(cell) != 0)[: len(cell)])
    sizes = np.diff(np.append(starts, len(cell)))
    cells, several = codes[starts], sizes > 1
    shared = np.repeat(several, sizes)
    tokens = texts.take(pa.array(codes[shared])).to_pylist()
    events = iter(zip(rank[shared].tolist(), tokens, strict=True))
    joined = [
        ";".join(dict.fromkeys(token for _, token in sorted(set(islice(events, size)))))
        for size in sizes[several].tolist()
    ]
    cells[several] = len(texts) + np.arange(len(joined))
    distinct = pa.concat_arrays([texts, pa.array(joined, _TEXT)]).dictionary_encode()
    return i[starts], j[starts], distinct.indices.to_numpy().astype(np.intp)[cells], distinct.dictionary


def _tokens(rows: pd.DataFrame) -> tuple[npt.NDArray[np.intp], pa.Array]:
    """Return what stands for each event in a cell, as positions in an array of texts that may repeat."""
    codes, distinct = pd.factorize(rows["detail"])
    details = arrow_texts(pd.Index(distinct))
    implied = np.concatenate([protein_classes(details), np.array([None], dtype=object)])
    kind, kinds = pd.factorize(rows["alteration"])
    classes = np.asarray(kinds, dtype=object)
    short = pc.replace_substring_regex(details, r"^p\.", "")
    tokens = np.where(implied[codes] == classes[kind], codes, len(details) + kind)
    return tokens, pa.concat_arrays([short, pa.array(classes.tolist(), _TEXT)])
