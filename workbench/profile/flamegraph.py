"""Flame graphs as one SVG file: no script, no network; names and figures in tooltips (Gregg 2016, "The Flame
Graph")."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from lobench.workbench.profile.headings import basis, subject, whole

WIDTH = 1200
ROW = 17
_LETTER = 6.6
"""Pixels of a letter, about."""
_THINNEST = 0.4
"""Pixels below which a box would not be seen."""
_HUES = {"decode": 205, "lookup": 265, "levels": 230, "best price": 180, "features": 110, "strategies": 20}


@dataclass
class Node:
    """A box: what it is called, what stands in its tooltip, its colour."""

    name: str
    hint: str
    stage: str = ""
    colour: str = ""
    value: float = 0.0
    below: dict[str, Node] = field(default_factory=dict)


def flame_graph(document: dict[str, Any], column: str | None = None) -> str:
    """A profile document's stacks by function as SVG text, coloured by stage, or by file where there are no stages;
    widths are shares of ``column``, the first one if none is named."""
    place = document["columns"].index(column or document["columns"][0])
    name = f"{subject(document)}, {document['columns'][place]} {basis(document)}, {document['tool']}"
    return drawn(tree(document, place), name)


def drawn(root: Node, name: str) -> str:
    """A tree of boxes under its name as SVG text."""
    rows: list[str] = []
    depth = _draw(root, 0.0, 0, root.value, rows)
    height = (depth + 3) * ROW
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
        f'font-family="monospace" font-size="11"><title>{escape(name)}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="4" y="{ROW - 4}">{escape(name)}</text>'
    )
    # Drawn from the root downwards; the root is the first row under the name.
    return head + "".join(rows) + "</svg>\n"


def tree(document: dict[str, Any], place: int) -> Node:
    """A document's stacks by function, with values of the column at ``place``."""
    stage_of = _stages(document)
    frames = document["stacks"]["frames"]
    root = Node("all", f"{whole(document)[document['columns'][place]]:,.1f} {basis(document)}")
    root.colour = _colour("", root.hint)
    for row in document["stacks"]["rows"]:
        value = row["values"][place]
        if value <= 0:
            continue
        root.value += value
        node = root
        functions: list[str] = []
        for index in row["stack"]:
            function, file, _ = frames[index]
            functions.append(function)
            key = f"{function} {file}"
            if key not in node.below:
                hint = f"{function} ({file})"
                stage = stage_of(functions) if stage_of else ""
                colour = _colour(stage, hint) if stage_of else _of_file(file, hint)
                node.below[key] = Node(_short(function), hint, stage, colour)
            node = node.below[key]
            node.value += value
    return root


def _stages(document: dict[str, Any]) -> Callable[[Sequence[str]], str] | None:
    """What tells the stage of functions, outermost first; None where a program has none."""
    from lobench.workbench.profile.named_stages import NamedStages
    from lobench.workbench.profile.stages import stage_of

    if "variant" not in document:
        return None
    return NamedStages(document["engine"]["stages"]).of if "engine" in document else stage_of


def _colour(stage: str, hint: str) -> str:
    return f"hsl({_HUES.get(stage, 0)},{45 if stage in _HUES else 0}%,{_light(hint)}%)"


def _of_file(file: str, hint: str) -> str:
    return f"hsl({zlib.crc32(file.encode()) % 360},45%,{_light(hint)}%)"


def _light(hint: str) -> int:
    return 68 + zlib.crc32(hint.encode()) % 14


def _short(function: str) -> str:
    """A function's own name; Python's functions are qualified by dots, those of an engine stay whole."""
    return function if "::" in function else function.rpartition(".")[2]


def _draw(node: Node, left: float, depth: int, whole: float, rows: list[str]) -> int:
    """Append a node's box and those below it; returns the depth reached."""
    width = WIDTH * node.value / whole if whole else 0.0
    if width < _THINNEST:
        return depth - 1
    top = (depth + 1) * ROW + 2
    share = node.value / whole
    letters = int((width - 4) / _LETTER)
    label = node.name if len(node.name) <= letters else f"{node.name[: letters - 1]}…" if letters > 3 else ""
    text = f'<text x="{left + 2:.1f}" y="{top + ROW - 6}">{escape(label)}</text>' if label else ""
    stage = f", stage {node.stage}" if node.stage else ""
    box = f'x="{left:.1f}" y="{top}" width="{max(width - 0.5, _THINNEST):.1f}" height="{ROW - 1}"'
    hint = escape(f"{node.hint}: {share:.2%}{stage}")
    rows.append(f'<g><title>{hint}</title><rect {box} fill="{node.colour}"/>{text}</g>')
    deepest = depth
    for child in sorted(node.below.values(), key=lambda other: other.name):
        deepest = max(deepest, _draw(child, left, depth + 1, whole, rows))
        left += WIDTH * child.value / whole
    return deepest
