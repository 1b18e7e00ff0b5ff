"""One self-contained HTML page: sections of blocks, rendered by templates that escape every text.

A page is built from plain values, then rendered once::

    page = Page(title="Report", sections=(Section("qc", "Quality", (Text("..."), data_table(...), picture(...))),))
    html = render_page(page)

Tables come from `html_table.data_table`, figures from `html_figure.picture`.  The page loads nothing: style and scripts
stand in it, and its content security policy allows only these scripts, by their checksums.  The same page gives the
same bytes.  Texts are escaped by the templates; only `Picture.svg` and `Markup` blocks, which this package makes,
go in as they are.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Protocol

import jinja2
import markupsafe

from her2genomics.report.style import HER2_COLOURS, INDETERMINATE_COLOUR

RESEARCH_USE = (
    "Research use only. Not a medical device, not for diagnosis or treatment decisions. HER2-low and HER2-ultralow are "
    "therapeutic tiers, not ASCO/CAP result categories."
)
WIDE_TABLE = 10
"""Tables with more columns are printed across."""
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section, which can be linked to."""

    text: str
    heading_id: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Bullets:
    """A list; with a ``summary`` it is folded under it, and unfolded in print."""

    items: Sequence[str]
    summary: str = ""
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Facts:
    """Names and values beside each other, such as versions and parameters."""

    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Numbers:
    """A few large figures with a label each; a HER2 group as label brings its colour."""

    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "numbers"


@dataclass(frozen=True)
class Notice:
    """A paragraph that has to be seen; ``strength`` is ``note`` or ``warning``."""

    text: str
    strength: str = "note"
    kind: ClassVar[str] = "notice"


@dataclass(frozen=True)
class NotMade:
    """What stands in place of a result that could not be made, with the reason."""

    reason: str
    kind: ClassVar[str] = "not_made"


@dataclass(frozen=True)
class TableView:
    """A table as `html_table.data_table` makes it: the first rows as text, everything else as embedded data.

    Parameters
    ----------
    table_id
        Identifier in the page.
    caption
        What the table shows.
    headers
        Column heads, in order.
    rows
        Texts of the first rows.
    n_rows
        Rows of the whole table.
    kinds
        ``number`` (right-aligned), ``short`` (not wrapped) or ``long`` per column.
    data
        Everything the script needs to sort, search, page and save.
    legend
        Column and its meaning, for the list under the table.
    """

    table_id: str
    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_rows: int
    kinds: Sequence[str]
    data: dict[str, Any]
    legend: Sequence[tuple[str, str]] = ()
    kind: ClassVar[str] = "table"
    script: ClassVar[str] = "tables.js"

    @property
    def ids(self) -> list[str]:
        """Identifiers that the block takes in the page."""
        return [self.table_id]

    @property
    def wide(self) -> bool:
        """Whether it is printed on a sheet of its own, across."""
        return len(self.headers) > WIDE_TABLE


@dataclass(frozen=True)
class Picture:
    """A figure as `html_figure.picture` makes it: SVG whose identifiers begin with ``figure_id``."""

    figure_id: str
    svg: markupsafe.Markup
    caption: str
    wide: bool = False
    kind: ClassVar[str] = "picture"

    @property
    def ids(self) -> list[str]:
        """Identifiers that the block takes in the page."""
        return [self.figure_id]


@dataclass(frozen=True)
class Markup:
    """HTML made by another module of this package, which has escaped its texts."""

    html: str
    kind: ClassVar[str] = "markup"

    @property
    def safe(self) -> markupsafe.Markup:
        """The HTML, marked as safe."""
        return markupsafe.Markup(self.html)


class Block(Protocol):
    """What a section holds; ``kind`` names its part of the template, ``ids`` and ``script`` are optional."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Section:
    """One section with its entry in the table of contents; ``section_id`` is its anchor."""

    section_id: str
    title: str
    blocks: Sequence[Block]

    @property
    def not_made(self) -> bool:
        """Whether nothing of the section could be made."""
        return bool(self.blocks) and all(isinstance(block, NotMade) for block in self.blocks)


@dataclass(frozen=True)
class Page:
    """A page.

    Parameters
    ----------
    title
        Title of the page and of the document.
    sections
        Sections in order.
    subtitle
        One line under the title.
    date
        Printed as given; nothing is printed without it, so that the same input gives the same bytes.
    footer
        Last line, usually the version.
    lang
        Language of the text (BCP 47).
    contents
        Whether there is a table of contents.
    compact
        Whether it is set small in print, to be one page.
    """

    title: str
    sections: Sequence[Section]
    subtitle: str = ""
    date: str = ""
    footer: str = ""
    lang: str = "en"
    contents: bool = True
    compact: bool = False
    notice: str = field(default=RESEARCH_USE)


def render_page(page: Page) -> str:
    """Return the page as HTML.

    Raises
    ------
    ValueError
        If an identifier is used twice or is not lower-case letters, digits, ``-`` and ``_``.

    Examples
    --------
    >>> html = render_page(Page("A < B", [Section("one", "One", [Text("x & <b>y</b>")])]))
    >>> "<h1>A &lt; B</h1>" in html, "x &amp; &lt;b&gt;y&lt;/b&gt;" in html
    (True, True)
    """
    _check_ids(page)
    blocks = [block for section in page.sections for block in section.blocks]
    names = list(dict.fromkeys(script for block in blocks if (script := getattr(block, "script", None))))
    scripts = [_resource(name) for name in names]
    colours = {**HER2_COLOURS, "indeterminate": INDETERMINATE_COLOUR}
    return (
        _environment()
        .get_template("page.html")
        .render(
            page=page,
            style=markupsafe.Markup(_resource("page.css")),
            scripts=[markupsafe.Markup(script) for script in scripts],
            policy=_policy(scripts),
            colours=colours,
        )
    )


def _check_ids(page: Page) -> None:
    used = [section.section_id for section in page.sections]
    for section in page.sections:
        for block in section.blocks:
            used += [block.heading_id] if isinstance(block, Heading) else getattr(block, "ids", [])
    for name, n in Counter(used).items():
        if n > 1 or not _IDENTIFIER.fullmatch(name):
            raise ValueError(f"identifier '{name}' {'is used twice' if n > 1 else 'has other than a-z, 0-9, - and _'}")


def _policy(scripts: Sequence[str]) -> str:
    """Return a content security policy that forbids every request, and every script but these."""
    digests = [base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"


def json_for_script(value: Any) -> markupsafe.Markup:
    r"""Return a value as JSON that can stand inside a script element: no ``<``, ``>`` or ``&`` is left in it.

    Examples
    --------
    >>> print(json_for_script({"gene": "</script>"}))
    {"gene":"\u003c/script\u003e"}
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return markupsafe.Markup(text)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("her2genomics.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["json"] = json_for_script
    return environment


def _resource(name: str) -> str:
    """Return a style sheet or script of the templates as it is."""
    environment = _environment()
    loader = environment.loader
    if loader is None:
        raise ValueError("the templates have no loader")
    return loader.get_source(environment, name)[0]
