"""Figures for a page: SVG inside the HTML, its text as text, its identifiers unlike those of any other figure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import markupsafe
from matplotlib.figure import Figure

from her2genomics.io.figures import svg_bytes
from her2genomics.report.html import Picture

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SCALE = 1.35
"""Figures are drawn for print, in 7 pt; on the screen they are this much larger."""
WIDE = 6.0
"""Figures wider than this [inch] take the whole width of the page."""
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_PRETTY = re.compile(r"[^A-Za-z0-9_.-]+")


def picture(figure: Figure | bytes, *, figure_id: str, title: str, description: str, caption: str = "") -> Picture:
    """Return a figure as a block of a page.

    Parameters
    ----------
    figure
        As the functions of `report` return it, or drawn already (`io.figures.svg_bytes`).
    figure_id
        Identifier in the page.
    title
        Name of the figure, read out by screen readers.
    description
        What it shows, for those who do not see it; say where the numbers stand.
    caption
        Text under the figure; default the title.

    Examples
    --------
    >>> from her2genomics.report.style import new_figure
    >>> block = picture(new_figure(1, 1), figure_id="f", title="A < B", description="nothing")
    >>> '<title id="f-title">A &lt; B</title>' in block.svg, 'role="img"' in block.svg
    (True, True)
    """
    root = ElementTree.fromstring(figure if isinstance(figure, bytes) else svg_bytes(figure))
    wide = float(root.attrib["width"].removesuffix("pt")) / 72
    for child in list(root):
        if child.tag == f"{{{SVG}}}metadata":
            root.remove(child)
    _drop_styles(root)
    _rename(root, figure_id)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("class", "figure")
    root.set("role", "img")
    root.set("aria-labelledby", f"{figure_id}-title {figure_id}-description")
    root.set("style", f"width: {wide * 96 * SCALE:.0f}px")
    for position, (tag, name, text) in enumerate((("title", "title", title), ("desc", "description", description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{figure_id}-{name}"})
        element.text = text
        root.insert(position, element)
    return Picture(figure_id, _serialised(root), caption or title, wide=wide > WIDE)


def _drop_styles(root: ElementTree.Element) -> None:
    """Remove style elements: inside HTML they would hold for the whole page (the page's own style has their rules)."""
    for parent in root.iter():
        for child in list(parent):
            if child.tag == f"{{{SVG}}}style":
                parent.remove(child)


def _rename(root: ElementTree.Element, prefix: str) -> None:
    """Begin every identifier, and every reference to one, with ``prefix``."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "id":
                element.set(name, f"{prefix}-{_PRETTY.sub('_', value)}")
            elif name in ("href", f"{{{XLINK}}}href") and value.startswith("#"):
                element.set(name, f"#{prefix}-{_PRETTY.sub('_', value[1:])}")
            elif "url(#" in value:
                element.set(name, _REFERENCE.sub(lambda m: f"url(#{prefix}-{_PRETTY.sub('_', m[1])})", value))


def _serialised(root: ElementTree.Element) -> markupsafe.Markup:
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return markupsafe.Markup(ElementTree.tostring(root, encoding="unicode"))
