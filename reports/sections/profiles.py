"""Profiles: where each variant's time goes, by stage and by source line, and what a phase removed and added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lobench.reports.blocks import Block, Cell, Flame, Fold, Section, Table, Text
from lobench.reports.charts.flame import boxes_of
from lobench.reports.charts.stages import KINDS, METHODS, stages_chart, used
from lobench.reports.facts import Facts
from lobench.reports.numbers import estimate, integer, limits, listed, percent, scaled, significant
from lobench.reports.sections.calibration import card
from lobench.reports.sections.shared import missing

LEAD = (
    "Where the time goes, told in up to three ways that need not agree: ablation is the time that a replay saves "
    "without a stage, sampling is where the program stood, callgrind counts instructions, which are not time. The next "
    "bottleneck is the largest stage when the book is split into lookup, levels and best price."
)
SHOWN = 5
"""Costliest lines."""
COLOURS = "colour is stage: decode, lookup and levels blue to purple, best price teal, features green, strategies red"
LEAST = 0.1
"""Instructions per event by which a line must have changed to be shown."""
COLUMNS = {
    "instructions": "instructions",
    "l1_misses": "first-level misses",
    "ll_misses": "last-level misses",
    "mispredictions": "mispredicted branches",
    "nanoseconds": "nanoseconds",
}


def section(facts: Facts) -> Section:
    return Section("profiles", "Profiles", list(_blocks(facts)))


def _blocks(facts: Facts) -> Iterator[Block]:
    if not facts.profiles:
        yield missing("Where the time goes, by stage and source line, was not looked at.", facts.run("--profile"))
        return
    if facts.bottleneck:
        yield Text(facts.bottleneck, mark="key")
    yield Text(LEAD)
    chart = stages_chart(facts)
    if chart is not None:
        yield chart
    for place, entry in enumerate(facts.profiles):
        line = f"{entry['next_bottleneck_line']}." if entry["next_bottleneck_line"] else ""
        blocks = list(_variant(entry, f"flame{place + 1}"))
        yield Fold(entry["variant"], line, blocks, unfolded=facts.bottleneck.startswith(f"{entry['variant']}:"))
    yield from _not_seen(facts.profiles)
    yield from card((facts.feed["profiles"] or {}).get("calibration"))


def _variant(entry: dict[str, Any], name: str) -> Iterator[Table | Text | Flame]:
    counts = _per_event(entry)
    if counts:
        yield Text(f"Per event: {counts}.")
    if entry["stages"] and used(entry):
        yield _stages(entry)
    yield from _mechanisms(entry)
    yield from _lines(entry)
    if entry["change"]:
        yield from _change(entry["change"])
    boxes = boxes_of(entry["flame"])
    if boxes:
        title = f"Flame graph of {entry['variant']}: from callers down to callees, width is share, {COLOURS}"
        yield Flame(name, title, boxes)


def _per_event(entry: dict[str, Any]) -> str:
    change = (entry["change"] or {}).get("per_event", {})
    return listed(
        [
            f"{significant(value)} {COLUMNS.get(column, column)}"
            + (f" (before: {significant(change[column]['before'])})" if column in change else "")
            for column, value in entry["per_event"].items()
        ]
    )


def _stages(entry: dict[str, Any]) -> Table:
    """Shares by each method; stages within the book are known to callgrind and to samplers alone."""
    methods = used(entry)
    rows = []
    for row in entry["stages"]:
        rows.append(
            [
                Cell(row["stage"]),
                *(_share(row.get(method)) for method in methods),
                Cell("; ".join(f"{one} ≠ {other}" for one, other in row["disagreements"])),
            ]
        )
        finer = {method: _within(entry["fine_stages"].get(method, []), row["stage"]) for method in methods}
        for stage in dict.fromkeys(stage for shares in finer.values() for stage in shares):
            shares = [finer[method].get(stage) for method in methods]
            cells = [Cell("" if share is None else percent(share)) for share in shares]
            rows.append([Cell(f"{row['stage']}: {stage}"), *cells, Cell("")])
    headings = ["stage", *(_heading(method) for method in methods), "contradict each other"]
    return Table(
        f"{entry['variant']}: share of each stage, 95 % intervals",
        headings,
        rows,
        words=frozenset({0, len(headings) - 1}),
        compact=True,
    )


def _mechanisms(entry: dict[str, Any]) -> Iterator[Table]:
    """The same cost by what the variant chooses."""
    shares = {
        method: {row["axis"]: row for row in entry["mechanisms"][method]}
        for method in METHODS
        if entry["mechanisms"].get(method)
    }
    axes = {axis: row["policy"] for rows in shares.values() for axis, row in rows.items()}
    if set(axes) <= {None}:
        return
    rows = []
    for axis, policy in axes.items():
        name = "shared by all variants" if axis is None else f"{axis}: {policy}"
        found = [known.get(axis) for known in shares.values()]
        rows.append([Cell(name), *(Cell("" if row is None else percent(row["share"])) for row in found)])
    yield Table(
        f"{entry['variant']}: share of each policy, wherever it is used",
        ["policy", *(_heading(method) for method in shares)],
        rows,
        compact=True,
    )


def _heading(method: str) -> str:
    return f"{KINDS[method]} ({method})"


def _within(rows: list[dict[str, Any]], group: str) -> dict[str, float]:
    return {row["stage"]: row["share"] for row in rows if row["group"] == group != row["stage"]}


def _share(interval: dict[str, Any] | None) -> Cell:
    if interval is None:
        return Cell("")
    if interval["low"] == interval["high"]:
        return Cell(percent(interval["value"]))
    points = scaled(interval, 100)
    return Cell(estimate(points, "%"), limits(points))


def _lines(entry: dict[str, Any]) -> Iterator[Table]:
    """The costliest lines by the method that tells time, or else instructions, beside the other's figures."""
    methods = [method for method in METHODS if entry["lines"].get(method)]
    if not methods:
        return
    known = {method: {_place(row): row for row in entry["lines"][method]} for method in methods}
    rows = []
    for row in entry["lines"][methods[0]][:SHOWN]:
        found = [known[method].get(_place(row)) for method in methods]
        cells = [Cell("-") if other is None else _cost(other) for other in found]
        rows.append([_source(row), Cell(row["stage"]), *cells])
    caption = f"{entry['variant']}: the costliest lines by {methods[0]}"
    if len(methods) > 1:
        others = listed(methods[1:])
        caption += f", and what they are by {others}; -: nothing, or too little to be seen"
    headings = ["source line", "stage", *(_heading(method) for method in methods)]
    yield Table(caption, headings, rows, words=frozenset({0, 1}))


def _change(change: dict[str, Any]) -> Iterator[Table]:
    rows = [
        [_source(row), Cell(what), *(Cell(_count(row["instructions"][end])) for end in ("before", "after"))]
        for what in ("removed", "added", "changed")
        for row in change[what]
        if abs(row["instructions"]["after"] - row["instructions"]["before"]) >= LEAST
    ]
    if rows:
        caption = f"What changed from {change['before']}: the largest differences, instructions per event"
        yield Table(caption, ["source line", "what", "before", "after"], rows, words=frozenset({0, 1}))


def _source(row: dict[str, Any]) -> Cell:
    place = f"{row['file']}:{row['line']}, {row['function'].rpartition('.')[2]}"
    return Cell(" ".join(row["text"].split()) or "(no text)", place, "mono")


def _place(row: dict[str, Any]) -> tuple[str, int]:
    return row["file"], row["line"]


def _cost(row: dict[str, Any]) -> Cell:
    value, unit = (row["nanoseconds"], "ns") if "nanoseconds" in row else (row.get("instructions"), "instructions")
    return Cell(percent(row["share"]), "" if value is None else f"{_count(value)} {unit}")


def _count(value: float) -> str:
    return integer(value) if abs(value) >= 1000 else significant(value)


def _not_seen(entries: list[dict[str, Any]]) -> Iterator[Block]:
    blind = {method: text for entry in entries for method, text in entry["blind_spots"].items()}
    if blind:
        yield Table(
            "What each method cannot see",
            ["method", "its blind spot"],
            [[Cell(method), Cell(text)] for method, text in blind.items()],
            words=frozenset({0, 1}),
            compact=True,
        )
    absent = {(method, reason): None for entry in entries for method, reason in entry["missing"].items()}
    for method, reason in absent:
        yield Text(f"Without {method}: {reason}", mark="missing")
