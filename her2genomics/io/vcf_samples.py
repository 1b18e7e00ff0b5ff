"""Which column of a VCF is the tumour: from what the header states, then from names, and never a guess in silence.

Evidence is asked in this order, and the first that decides wins:

1. ``tumor_sample`` of the caller (``--tumor-sample``), which may not name a column that the header calls the normal;
2. ``##tumor_sample`` / ``##normal_sample`` lines (Mutect2), MuSE's ``##TUMOR`` / ``##NORMAL``;
3. ``##PEDIGREE`` lines (Derived / Original);
4. ``##SAMPLE`` lines that call an ID tumour or normal, ``tumor_sample`` on a caller's command line;
5. words in the column names (TUMOR, normal, _T, _N, germline, plasma ...) and TCGA sample types; RNA columns are no
   tumour DNA;
6. a single column; or the only column beside a normal.

In a file that joins callers (GATK CombineVariants: ``TUMOR.mutect2``, ``TUMOR.varscan``) the columns of one tumour
differ by the caller's name only; they are one tumour, and each record is read from the first that has a fraction.

Two or more columns that nothing tells apart raise `AmbiguousInputError` with their names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from her2genomics.exceptions import AmbiguousInputError, UsageError
from her2genomics.io.vcf_header import VcfHeader, attributes

ALL_SAMPLES = "all"
"""Value of ``tumor_sample`` that takes every column as a tumour."""
_TUMOUR_WORDS = frozenset({
    "tumor", "tumour", "tum", "cancer", "somatic", "primary", "metastasis", "metastatic", "met", "plasma", "cfdna",
    "ctdna", "ffpe", "t", "derived",
})  # fmt: skip
_NORMAL_WORDS = frozenset({
    "normal", "norm", "germline", "blood", "pbmc", "wbc", "buffy", "buffycoat", "control", "leukocyte", "saliva", "n",
    "original",
})  # fmt: skip
_GENERIC_NAMES = frozenset({
    "tumor", "tumour", "dna_tumor", "dna_tumour", "sample", "sample1", "tumor_dna", "default", "unknown", "20", "nosm",
    "primary", "cancer",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_COMMAND_LINE_ROLE = re.compile(
    r"(?<![a-z])(tumor|normal)(?:[_-]sample(?:[_-]name)?|-fastq-list-sample-id)[= ]+[\"']?([^\s\"',>]+)"
)
_CALLER_WORD = re.compile(
    r"(?<=[A-Za-z0-9])[._-](mutect[12]?|varscan2?|strelka2?|muse|(somatic)?sniper|lofreq|freebayes|vardict(java)?|pindel|platypus"
    r"|dragen|tnscope|caveman|radia|octopus|gatk|scalpel|indelocator|deepsomatic|variant\d*)$",
    re.IGNORECASE,
)
_TCGA = re.compile(r"^TCGA-\w{2}-\w{4}-(\d{2})")


@dataclass(frozen=True)
class SampleColumns:
    """The tumour columns, the normal of each, and what decided.

    Parameters
    ----------
    tumours
        Names of the tumour columns, in file order (empty when the file has no sample columns).
    normals
        Normal column of each tumour, or None.
    sample_ids
        Identifier of each tumour in result tables.
    evidence
        What decided, in words.
    further
        Further columns of each tumour in a file that joins callers.
    """

    tumours: tuple[str, ...]
    normals: tuple[str | None, ...]
    sample_ids: tuple[str, ...]
    evidence: str
    further: tuple[tuple[str, ...], ...] = ()


def find_tumour(header: VcfHeader, tumor_sample: str | Sequence[str] | None = None) -> SampleColumns:
    """Return the tumour and normal columns of a VCF.

    Parameters
    ----------
    header
        The VCF's header.
    tumor_sample
        Column name(s) chosen by the user; ``all`` takes every column.

    Raises
    ------
    UsageError
        If a chosen column is not in the file, or the header calls it the normal.
    AmbiguousInputError
        If nothing tells the columns apart.
    """
    names = header.samples
    roles, stated = _roles_by_header(header)
    chosen = [tumor_sample] if isinstance(tumor_sample, str) else list(tumor_sample or [])
    if chosen:
        return _chosen(header, chosen, roles or _roles_by_name(names))
    if not names:
        return SampleColumns((), (), (file_sample_id(header.path),), "no sample columns")
    if "tumour" not in roles.values():
        by_name = _roles_by_name(names)
        roles = {**by_name, **roles}
        stated = stated or "column names"
    tumours = [n for n in names if roles.get(n) == "tumour"]
    normals = [n for n in names if roles.get(n) == "normal"]
    unknown = [n for n in names if n not in roles]
    if not tumours and len(unknown) == 1:
        tumours, stated = unknown, "the only column" if len(names) == 1 else "the only column that is no normal"
    if not tumours or (unknown and len(tumours) > 1):
        raise _ambiguous(header, names)
    return _joined_callers(header, tumours, normals, stated) or _columns(header, tumours, normals, stated)


def _joined_callers(
    header: VcfHeader, tumours: Sequence[str], normals: Sequence[str], stated: str
) -> SampleColumns | None:
    """Return one tumour where several columns differ by a caller's name only, else None."""
    names = {_CALLER_WORD.sub("", column) for column in tumours}
    if len(tumours) < 2 or len(names) != 1:
        return None
    first, *others = tumours
    normal = _normal_of(first, list(tumours), list(normals))
    sample_id = _sample_id(header, names.pop(), 1)
    return SampleColumns((first,), (normal,), (sample_id,), f"{stated}, one per caller", (tuple(others),))


def _chosen(header: VcfHeader, chosen: list[str], roles: dict[str, str]) -> SampleColumns:
    names = header.samples
    if chosen == [ALL_SAMPLES] and ALL_SAMPLES not in names:
        return _columns(header, list(names), [], "all columns, as asked")
    for name in chosen:
        if name not in names:
            known = ", ".join(names) or "none"
            raise UsageError(
                f"no sample column '{name}' (columns: {known})", path=header.path, hint="--tumor-sample NAME"
            )
        if roles.get(name) == "normal":
            raise UsageError(
                f"--tumor-sample {name}: the file calls this column the normal",
                path=header.path,
                hint="a normal has no tumour mutational burden; --tumor-sample names the other column",
            )
    normals = [n for n in names if n not in chosen and (roles.get(n) == "normal" or len(names) == 2)]
    return _columns(header, chosen, normals, "as asked")


def _columns(header: VcfHeader, tumours: list[str], normals: list[str], how: str) -> SampleColumns:
    pairs = tuple(_normal_of(tumour, tumours, normals) for tumour in tumours)
    ids = tuple(_sample_id(header, tumour, len(tumours)) for tumour in tumours)
    return SampleColumns(tuple(tumours), pairs, ids, how)


def _normal_of(tumour: str, tumours: list[str], normals: list[str]) -> str | None:
    """Return the matched normal: the only one, or the one whose name shares all but the role word."""
    if len(tumours) == 1 and len(normals) == 1:
        return normals[0]
    own = _words(tumour) - _TUMOUR_WORDS
    same = [normal for normal in normals if _words(normal) - _NORMAL_WORDS == own]
    return same[0] if len(same) == 1 else None


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


def _roles_by_name(names: Sequence[str]) -> dict[str, str]:
    """Return ``tumour``, ``normal`` or ``rna`` for each name that says so."""
    roles = {}
    for name in names:
        words = _words(name)
        tcga = _TCGA.match(name)
        if "rna" in words:
            roles[name] = "rna"
        elif tcga:
            roles[name] = "tumour" if int(tcga.group(1)) < 10 else "normal"
        elif words & _NORMAL_WORDS and not words & (_TUMOUR_WORDS - {"t"}):
            roles[name] = "normal"
        elif words & _TUMOUR_WORDS and not words & (_NORMAL_WORDS - {"n"}):
            roles[name] = "tumour"
    return roles


def _roles_by_header(header: VcfHeader) -> tuple[dict[str, str], str]:
    for how, source in (
        ("##tumor_sample", _stated_roles),
        ("##PEDIGREE", _pedigree_roles),
        ("##SAMPLE", _sample_line_roles),
        ("command line", _command_line_roles),
    ):
        roles = {name: role for name, role in source(header).items() if name in header.samples}
        if roles:
            return roles, how
    return {}, ""


def _stated_roles(header: VcfHeader) -> dict[str, str]:
    roles = dict.fromkeys(header.values("tumor_sample"), "tumour")
    return roles | dict.fromkeys(header.values("normal_sample"), "normal")


def _pedigree_roles(header: VcfHeader) -> dict[str, str]:
    roles: dict[str, str] = {}
    for line in header.structured("PEDIGREE"):
        derived = line.get("derived") or (line.get("id") if "original" in line else None)
        if derived and "original" in line:
            roles |= {derived: "tumour", line["original"]: "normal"}
    return roles


def _sample_line_roles(header: VcfHeader) -> dict[str, str]:
    """Read ``##SAMPLE=<ID=TUMOR,SampleName=X>`` and its kin: the column may be the ID or the sample's own name."""
    roles: dict[str, str] = {}
    for line in header.structured("SAMPLE"):
        kinds = [line.get(k, "") for k in ("id", "sampletype", "type", "description", "genomes", "samplename", "name")]
        kind = next((role for role in (_roles_by_name([k]).get(k) for k in kinds if k) if role), None)
        if kind in ("tumour", "normal"):
            roles |= {line[key]: kind for key in ("id", "samplename", "name") if key in line}
    return roles


def _command_line_roles(header: VcfHeader) -> dict[str, str]:
    """Read ``tumor_sample_name=A`` (MuTect1), ``--tumor-sample A`` (Mutect2), ``--tumor_sample A`` (TNscope)."""
    named = [found for line in header.meta for found in _COMMAND_LINE_ROLE.findall(line)]
    return {name: "tumour" if role == "tumor" else "normal" for role, name in named}


def is_generic_name(column: str) -> bool:
    """Return True for a column name that says the role and not the sample (``TUMOR``)."""
    return column.lower() in _GENERIC_NAMES


def _sample_id(header: VcfHeader, column: str, n_tumours: int) -> str:
    """Return the tumour's own name: the column, or for a generic column (TUMOR) what the header calls the sample."""
    if not is_generic_name(column):
        return column
    for line in header.structured("SAMPLE"):
        if line.get("id") == column:
            for key in ("samplename", "sampletcgabarcode", "name"):
                if line.get(key):
                    return line[key]
    for value in header.values(column):
        named = attributes(value.strip('"')).get("sample")
        if named:
            return named
    stem = file_sample_id(header.path)
    return stem if n_tumours == 1 else f"{stem}.{column}"


def file_sample_id(path: str) -> str:
    """Return a sample identifier from a file name, without its VCF endings.

    Examples
    --------
    >>> file_sample_id("runs/S01.vep.vcf.gz")
    'S01.vep'
    """
    if path == "-":
        return "stdin"
    name = Path(os.fspath(path)).name
    return re.sub(r"(\.vcf|\.bcf|\.maf)?(\.b?gz)?$", "", name, flags=re.IGNORECASE) or name


def _ambiguous(header: VcfHeader, names: Sequence[str]) -> AmbiguousInputError:
    return AmbiguousInputError(
        f"cannot tell which sample column is the tumour: {', '.join(names)}",
        path=header.path,
        hint="name it with --tumor-sample NAME (or --tumor-sample all)",
    )
