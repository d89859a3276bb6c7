"""The results of the user's own steps, as returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lobench.reports.blocks import Block, Cell, Section, Table, Text
from lobench.reports.numbers import significant
from lobench.reports.result_view import ResultView


def section(view: ResultView) -> Section | None:
    """None where there was none."""
    if not view.feed.added:
        return None
    blocks: list[Block] = []
    for name, part in view.feed.added.items():
        if part.problem is not None:
            blocks.append(Text(f"{part.title} ({name}) failed: {part.problem}", mark="warning"))
            continue
        rows = [[Cell(key), Cell(text)] for key, text in _facts("", part.result)]
        blocks.append(Table(f"{part.title} ({name})", ["fact", "found"], rows, words=frozenset({0, 1}), compact=True))
    return Section("added", "Steps of your own", blocks)


def _facts(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value as lines; nested values are indented under their parent."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _facts(f"{prefix} {key}".strip(), entry)
    elif isinstance(value, list) and any(isinstance(entry, list | Mapping) for entry in value):
        for place, entry in enumerate(value, 1):
            yield from _facts(f"{prefix} {place}".strip(), entry)
    elif isinstance(value, list):
        yield prefix, ", ".join(map(_said, value))
    else:
        yield prefix, _said(value)


def _said(value: Any) -> str:
    if isinstance(value, float):
        return significant(value)
    return f"{value:,}" if type(value) is int else str(value)
