"""Flame graphs as one SVG file: no network; names and figures in tooltips (Gregg 2016, "The Flame Graph").

A graph inside a page has no script; a separate file has one (``flame.js``), which zooms and searches.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lobench.workbench.profile.attribution import short
from lobench.workbench.profile.escaping import escaped
from lobench.workbench.profile.model.costs import Lined, Profile

WIDTH = 1200
ROW = 17
_LETTER = 6.6
"""Pixels of a letter, about."""
_THINNEST = 0.4
"""Pixels below which a box would not be seen."""
_ZOOMED = 0.02
"""Pixels below which a box would not be seen in a graph that has been zoomed far."""
_HUES = {"decode": 205, "lookup": 265, "levels": 230, "best price": 180, "features": 110, "strategies": 20}
_STYLE = """
:root{color-scheme:light dark;background:#fff}svg>rect{fill:#fff}text{fill:#14171a}
.box{cursor:pointer}.box:hover rect{stroke:#14171a}.above rect{opacity:.55}.found rect{fill:#e040c0}
.box text{pointer-events:none}
input{font:11px monospace;width:100%;height:16px;box-sizing:border-box}
@media(prefers-color-scheme:dark){
:root{background:#14171a}svg>rect{fill:#14171a}svg>text{fill:#e6e8eb}.box:hover rect{stroke:#fff}
.above rect{opacity:.75}
}
"""
_SCRIPT = Path(__file__).with_name("flame.js")


@dataclass
class Node:
    """A box: its name, its tooltip, its colour."""

    name: str
    hint: str
    stage: str = ""
    colour: str = ""
    value: float = 0.0
    below: dict[str, Node] = field(default_factory=dict)


def flame_graph(found: Lined, *, alive: bool = False) -> str:
    """A document's stacks by function as SVG text, coloured by stage, or by file where there are no stages; widths are
    shares of the first column. ``alive``: with the script, for a file of its own."""
    name = f"{found.subject}, {found.columns[0]} {found.basis}, {found.tool}"
    return drawn(tree(found, 0), name, alive=alive)


def drawn(root: Node, name: str, *, alive: bool) -> str:
    """A tree of boxes under its name as SVG text."""
    picture = _Picture(root.value, alive)
    depth = picture.draw(root, 0.0, 0, None)
    height = (depth + 3) * ROW
    # role="img" would hide the controls of a live graph; it is drawn at the top of a window that is higher.
    manner = 'role="group" preserveAspectRatio="xMinYMin"' if alive else 'role="img"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" {manner} '
        f'font-family="monospace" font-size="11"><title>{escaped(name)}</title>'
        + (f"<style>{_STYLE}</style>" if alive else "")
        + f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        f'<text x="4" y="{ROW - 4}">{escaped(name)}</text>'
    )
    script = f"<script><![CDATA[\n{_SCRIPT.read_text(encoding='utf-8')}]]></script>" if alive else ""
    # Drawn from the root downwards; the root is the first row under the name.
    return head + "".join(picture.boxes) + script + "</svg>\n"


def tree(found: Lined, place: int) -> Node:
    """A document's stacks by function, with values of the column at ``place``."""
    stage_of = _stages(found)
    frames = found.stacks.frames
    root = Node("all", f"{found.whole[found.columns[place]]:,.1f} {found.basis}")
    root.colour = _colour("", root.hint)
    for row in found.stacks.rows:
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
                hint = f"{function} ({file})"
                stage = stage_of(functions) if stage_of else ""
                colour = _colour(stage, hint) if stage_of else _of_file(file, hint)
                node.below[key] = Node(short(function, file), hint, stage, colour)
            node = node.below[key]
            node.value += value
    return root


def _stages(found: Lined) -> Callable[[Sequence[str]], str] | None:
    """The stage of functions, outermost first; None if a program has none."""
    from lobench.workbench.profile.named_stages import NamedStages
    from lobench.workbench.profile.stages import stage_of

    if not isinstance(found, Profile):
        return None
    return NamedStages(found.engine.stages).of if found.engine is not None else stage_of


def _colour(stage: str, hint: str) -> str:
    return f"hsl({_HUES.get(stage, 0)},{45 if stage in _HUES else 0}%,{_light(hint)}%)"


def _of_file(file: str, hint: str) -> str:
    return f"hsl({_hash(file) % 360},45%,{_light(hint)}%)"


def _light(hint: str) -> int:
    return 68 + _hash(hint) % 14


def _hash(text: str) -> int:
    # File names can hold halves of surrogate pairs.
    return zlib.crc32(text.encode("utf-8", "replace"))


class _Picture:
    """The boxes of a tree that costs ``whole``, as SVG."""

    def __init__(self, whole: float, alive: bool) -> None:
        self.boxes: list[str] = []
        self._whole, self._alive = whole, alive

    def draw(self, node: Node, left: float, depth: int, above: int | None) -> int:
        """Append a node's box and those below it; returns the depth reached. ``above``: place of its parent's box."""
        width = WIDTH * node.value / self._whole if self._whole else 0.0
        if width < (_ZOOMED if self._alive else _THINNEST):
            return depth - 1
        place = len(self.boxes)
        self.boxes.append(self._box(node, left, width, depth, above))
        deepest = depth
        for child in sorted(node.below.values(), key=lambda other: other.name):
            deepest = max(deepest, self.draw(child, left, depth + 1, place))
            left += WIDTH * child.value / self._whole
        return deepest

    def _box(self, node: Node, left: float, width: float, depth: int, above: int | None) -> str:
        top = (depth + 1) * ROW + 2
        letters = int((width - 4) / _LETTER)
        label = node.name if len(node.name) <= letters else f"{node.name[: letters - 1]}…" if letters > 3 else ""
        text = f'<text x="{left + 2:.1f}" y="{top + ROW - 6}">{escaped(label)}</text>' if label else ""
        stage = f", stage {node.stage}" if node.stage else ""
        rect = f'x="{left:.1f}" y="{top}" width="{max(width - 0.5, _THINNEST):.1f}" height="{ROW - 1}"'
        hint = escaped(f"{node.hint}: {node.value / self._whole:.2%}{stage}")
        told = ""
        if self._alive:
            up = "" if above is None else f' data-up="{above}"'
            told = f' class="box" data-left="{left:.4f}" data-width="{width:.4f}" data-name="{escaped(node.name)}"{up}'
        return f'<g{told}><title>{hint}</title><rect {rect} fill="{node.colour}"/>{text}</g>'
