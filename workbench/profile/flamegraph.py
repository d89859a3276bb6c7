"""Flame graphs as one SVG file: no script, no network; names and figures in tooltips (Gregg 2016, "The Flame
Graph")."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from html import escape

from lobench.workbench.profile.model.costs import Profile

WIDTH = 1200
ROW = 17
_LETTER = 6.6
"""Pixels of a letter, about."""
_THINNEST = 0.4
"""Pixels below which a box would not be seen."""
_HUES = {"decode": 205, "lookup": 265, "levels": 230, "best price": 180, "features": 110, "strategies": 20}


@dataclass
class _Node:
    name: str
    hint: str
    stage: str
    value: float = 0.0
    below: dict[str, _Node] = field(default_factory=dict)


def flame_graph(profile: Profile, column: str | None = None) -> str:
    """A profile document's stacks by function as SVG text, coloured by stage; widths are shares of ``column``, the
    first one if none is named."""
    place = profile.columns.index(column or profile.columns[0])
    root = _tree(profile, place)
    rows: list[str] = []
    depth = _draw(root, 0.0, 0, root.value, rows)
    height = (depth + 3) * ROW
    name = f"{profile.variant}, {profile.columns[place]} per event, {profile.tool}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
        f'font-family="monospace" font-size="11"><title>{escape(name)}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="4" y="{ROW - 4}">{escape(name)}</text>'
    )
    # Drawn from the root downwards; the root is the first row under the name.
    return head + "".join(rows) + "</svg>\n"


def _tree(profile: Profile, place: int) -> _Node:
    from lobench.workbench.profile.named_stages import NamedStages
    from lobench.workbench.profile.stages import stage_of

    if profile.engine is not None:
        stage_of = NamedStages(profile.engine.stages).of
    frames = profile.stacks.frames
    root = _Node("all", f"{profile.per_event[profile.columns[place]]:,.1f} per event", "")
    for row in profile.stacks.rows:
        value = row.values[place]
        if value <= 0:
            continue
        root.value += value
        node = root
        functions: list[str] = []
        for index in row.stack:
            function, file, _ = frames[index]
            functions.append(function)
            key = f"{function} {file}"
            if key not in node.below:
                node.below[key] = _Node(_short(function), f"{function} ({file})", stage_of(functions))
            node = node.below[key]
            node.value += value
    return root


def _short(function: str) -> str:
    """A function's own name; Python's functions are qualified by dots, those of an engine stay whole."""
    return function if "::" in function else function.rpartition(".")[2]


def _draw(node: _Node, left: float, depth: int, whole: float, rows: list[str]) -> int:
    """Append a node's box and those below it; returns the depth reached."""
    width = WIDTH * node.value / whole if whole else 0.0
    if width < _THINNEST:
        return depth - 1
    top = (depth + 1) * ROW + 2
    share = node.value / whole
    hue = _HUES.get(node.stage, 0)
    light = 68 + zlib.crc32(node.hint.encode()) % 14
    colour = f"hsl({hue},{45 if node.stage in _HUES else 0}%,{light}%)"
    letters = int((width - 4) / _LETTER)
    label = node.name if len(node.name) <= letters else f"{node.name[: letters - 1]}…" if letters > 3 else ""
    text = f'<text x="{left + 2:.1f}" y="{top + ROW - 6}">{escape(label)}</text>' if label else ""
    stage = f", stage {node.stage}" if node.stage else ""
    box = f'x="{left:.1f}" y="{top}" width="{max(width - 0.5, _THINNEST):.1f}" height="{ROW - 1}"'
    hint = escape(f"{node.hint}: {share:.2%}{stage}")
    rows.append(f'<g><title>{hint}</title><rect {box} fill="{colour}"/>{text}</g>')
    deepest = depth
    for child in sorted(node.below.values(), key=lambda other: other.name):
        deepest = max(deepest, _draw(child, left, depth + 1, whole, rows))
        left += WIDTH * child.value / whole
    return deepest
