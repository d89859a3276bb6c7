"""From a chart to an SVG picture: inline in the page, or a file of its own; light and dark; no id twice; with tooltips
that need no script."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from xml.etree import ElementTree

import vl_convert

from lobench.reports.blocks import Chart
from lobench.reports.charts.theme import DARK, INK, NARROW, PAPER, WIDE

_NAMESPACE = "http://www.w3.org/2000/svg"
_TAG = f"{{{_NAMESPACE}}}"
_MARKS = ("symbol mark", "rect mark")
"""What Vega calls the marks that have a tooltip (``theme.tip``)."""
MARGIN = 16
"""Margin in pixels around a stand-alone picture."""
ElementTree.register_namespace("", _NAMESPACE)
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def dark_rules(scope: str) -> str:
    """CSS that gives each colour of a chart its counterpart on dark paper."""
    return "\n".join(
        f'{scope} [{paint}="{light}"] {{ {paint}: {dark}; }}'
        for light, dark in DARK.items()
        for paint in ("fill", "stroke")
        if light != dark
    )


@dataclass(frozen=True)
class Picture:
    """A chart as it was drawn, for wide and for narrow pages."""

    chart: Chart
    wide: str
    narrow: str

    def inline(self, key: str) -> tuple[str, str]:
        """Both, for HTML; ``key`` keeps their ids apart from others'."""
        return self._inline(self.wide, f"{key}-wide"), self._inline(self.narrow, f"{key}-narrow")

    def _inline(self, drawn: str, key: str) -> str:
        root = ElementTree.fromstring(drawn)
        _name(root, self.chart, key)
        # Never enlarged, so its text is at most as large as the page's.
        root.set("style", f"width: 100%; max-width: {root.get('width')}px; height: auto")
        del root.attrib["width"], root.attrib["height"]
        return ElementTree.tostring(root, encoding="unicode")

    def standalone(self) -> tuple[str, bytes]:
        """The wide one as the text of an SVG file, with paper of its own, and as PNG."""
        root = ElementTree.fromstring(self.wide)
        _name(root, self.chart, "chart")
        width, height = (float(root.get(side, "0")) + 2 * MARGIN for side in ("width", "height"))
        size = {"width": f"{width:g}", "height": f"{height:g}"}
        root.attrib |= {**size, "viewBox": f"{-MARGIN} {-MARGIN} {width:g} {height:g}"}
        place = {"x": str(-MARGIN), "y": str(-MARGIN), **size}
        root.insert(2, ElementTree.Element(f"{_TAG}rect", {**place, "rx": "6", "fill": PAPER}))
        # The PNG shows the light version; its converter does not understand the style sheet.
        png = vl_convert.svg_to_png(ElementTree.tostring(root, encoding="unicode"), scale=2)
        style = ElementTree.Element(f"{_TAG}style")
        style.text = f"@media (prefers-color-scheme: dark) {{\n{dark_rules('svg')}\n}}"
        root.insert(2, style)
        return ElementTree.tostring(root, encoding="unicode") + "\n", png


def draw(chart: Chart) -> Picture:
    """Draw a chart at both widths."""
    wide, narrow = (
        str(vl_convert.vegalite_to_svg(json.loads(chart.draw(width).to_json()))) for width in (WIDE, NARROW)
    )
    return Picture(chart, wide, narrow)


def _name(root: ElementTree.Element, chart: Chart, key: str) -> None:
    """Give the picture its text equivalent in place of Vega's names, and marks their tooltips; make ids unique."""
    for element in list(root.iter()):
        tip = element.get("aria-label") if element.get("aria-roledescription") in _MARKS else None
        for name, value in list(element.attrib.items()):
            if name == "role" or name.startswith("aria-"):
                del element.attrib[name]
            elif name == "id":
                element.set(name, f"{key}-{value}")
            elif "url(#" in value:
                element.set(name, re.sub(r"url\(#([^)]*)\)", rf"url(#{key}-\1)", value))
        if tip:
            ElementTree.SubElement(element, f"{_TAG}title").text = tip
        if element.tag == f"{_TAG}text" and "fill" not in element.attrib:
            element.set("fill", INK)
    root.set("role", "img")
    root.set("aria-labelledby", f"{key}-title {key}-desc")
    for index, (tag, text) in enumerate((("title", chart.title), ("desc", chart.described))):
        element = ElementTree.Element(f"{_TAG}{tag}", {"id": f"{key}-{tag}"})
        element.text = text
        root.insert(index, element)
