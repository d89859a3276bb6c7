"""Flame graphs, drawn again from the numbers and names in a profile's SVG, without boxes that are too thin to see."""

from __future__ import annotations

import math
import re
from typing import Final
from xml.etree import ElementTree

from lobench.reports.blocks import Box, Flame

THINNEST = 0.003
"""Share of the whole below which a function is left out."""
DEEPEST = 200
"""Rows, and in all ``MOST`` boxes, that a profile of ours never has."""
MOST = 4000
_SVG: Final = "{http://www.w3.org/2000/svg}"
_ROW = 17
_WIDTH = 960
_LETTER = 6.7
"""Pixels of a row, of the whole, of a letter."""


def boxes_of(text: str | None) -> list[Box]:
    """The functions in a flame graph's SVG text (workbench.profile.flamegraph), those of the top row first; none for
    any other text."""
    if not text or "<!" in text:
        return []
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return []
    width = _number((root.get("viewBox") or "").split()[2:3])
    found: list[tuple[float, Box]] = []
    for group in root.iter(f"{_SVG}g"):
        rect = group.find(f"{_SVG}rect")
        if rect is None or not width:
            continue
        left, top, wide = (_number([rect.get(name, "")]) for name in ("x", "y", "width"))
        hint = group.findtext(f"{_SVG}title") or ""
        if left is None or top is None or wide is None or wide < THINNEST * width or not 0 <= left <= width:
            continue
        hue = re.match(r"hsl\((\d{1,3}),([1-9]\d?)%", rect.get("fill", ""))
        label = group.findtext(f"{_SVG}text") or ""
        box = Box(left / width, min(wide, width - left) / width, 0, int(hue[1]) if hue else None, label, hint)
        found.append((top, box))
    tops = sorted({top for top, _ in found})
    rows = {top: place for place, top in enumerate(tops)}
    boxes = [Box(b.left, b.width, rows[top], b.hue, b.label, b.hint) for top, b in found if rows[top] < DEEPEST]
    return sorted(boxes, key=lambda box: (box.row, box.left))[:MOST]


def drawn_flame(flame: Flame, key: str) -> str:
    """The graph as SVG for HTML; ``key`` begins its ids. The page's style sheet defines the colours, dark mode too."""
    height = _ROW * (1 + max((box.row for box in flame.boxes), default=0))
    root = ElementTree.Element(
        f"{_SVG}svg",
        {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "aria-labelledby": f"{key}-title"},
    )
    ElementTree.SubElement(root, f"{_SVG}title", {"id": f"{key}-title"}).text = flame.title
    boxes = ElementTree.SubElement(root, f"{_SVG}g", {"class": "boxes"})
    labels = ElementTree.SubElement(root, f"{_SVG}g", {"class": "labels"})
    for number, box in enumerate(flame.boxes):
        left, width, top = box.left * _WIDTH, box.width * _WIDTH, box.row * _ROW
        # Adjacent boxes of one stage differ in lightness.
        colour = f"hsl({box.hue or 0},{45 if box.hue is not None else 0}%,{68 + number * 5 % 14}%)"
        place = {"x": f"{left:.1f}", "y": f"{top}", "width": f"{max(width - 0.5, 0.5):.1f}", "height": f"{_ROW - 1}"}
        rect = ElementTree.SubElement(boxes, f"{_SVG}rect", {**place, "fill": colour})
        ElementTree.SubElement(rect, f"{_SVG}title").text = box.hint
        letters = int((width - 4) / _LETTER)
        label = box.label if len(box.label) <= letters else f"{box.label[: letters - 1]}…" if letters > 3 else ""
        if label:
            text = ElementTree.SubElement(labels, f"{_SVG}text", {"x": f"{left + 2:.1f}", "y": f"{top + 12}"})
            text.text = label
    return ElementTree.tostring(root, encoding="unicode")


def _number(texts: list[str]) -> float | None:
    """The only text as a non-negative number, None if it is not one."""
    try:
        (value,) = map(float, texts)
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None
