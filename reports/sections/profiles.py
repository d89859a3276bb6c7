"""Profiles: each variant's time by stage and source line, and the lines that a phase removed and added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lobench.reports.blocks import Block, Cell, Flame, Fold, Section, Table, Text
from lobench.reports.charts.flame import boxes_of
from lobench.reports.charts.stages import KINDS, METHODS, stages_chart, used
from lobench.reports.numbers import estimate, integer, limits, listed, percent, significant
from lobench.reports.result_view import ResultView
from lobench.reports.sections.calibration import card
from lobench.reports.sections.shared import missing
from lobench.workbench.results.model.intervals import Interval
from lobench.workbench.results.model.profiles import (
    Change,
    ChangedLine,
    CostlyLine,
    FineShare,
    VariantProfile,
)

LEAD = (
    "Where the time goes, by up to three methods that need not agree: ablation measures the time saved by a replay "
    "without a stage, sampling shows where the program was, callgrind counts instructions, which are not time. The "
    "next bottleneck is the largest stage if the book is split into lookup, levels and best price."
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


def section(view: ResultView) -> Section:
    return Section("profiles", "Profiles", list(_blocks(view)))


def _blocks(view: ResultView) -> Iterator[Block]:
    if not view.profiles:
        yield missing("The time by stage and source line was not measured.", view.run("--profile"))
        return
    if view.bottleneck:
        yield Text(view.bottleneck, mark="key")
    yield Text(LEAD)
    chart = stages_chart(view)
    if chart is not None:
        yield chart
    for place, entry in enumerate(view.profiles):
        line = f"{entry.next_bottleneck_line}." if entry.next_bottleneck_line else ""
        blocks = list(_variant(entry, f"flame{place + 1}"))
        yield Fold(entry.variant, line, blocks, unfolded=view.bottleneck.startswith(f"{entry.variant}:"))
    yield from _not_seen(view.profiles)
    yield from card(view.feed.profiles.calibration if view.feed.profiles else None)


def _variant(entry: VariantProfile, name: str) -> Iterator[Table | Text | Flame]:
    counts = _per_event(entry)
    if counts:
        yield Text(f"Per event: {counts}.")
    if entry.stages and used(entry):
        yield _stages(entry)
    yield from _mechanisms(entry)
    yield from _lines(entry)
    if entry.change:
        yield from _change(entry.change)
    boxes = boxes_of(entry.flame)
    if boxes:
        title = f"Flame graph of {entry.variant}: from callers down to callees, width is share, {COLOURS}"
        yield Flame(name, title, boxes)


def _per_event(entry: VariantProfile) -> str:
    change = entry.change.per_event if entry.change else {}
    return listed(
        [
            f"{significant(value)} {COLUMNS.get(column, column)}"
            + (f" (before: {significant(change[column].before)})" if column in change else "")
            for column, value in entry.per_event.items()
        ]
    )


def _stages(entry: VariantProfile) -> Table:
    """Shares by each method; only callgrind and samplers see stages within the book."""
    methods = used(entry)
    rows = []
    for row in entry.stages:
        rows.append(
            [
                Cell(row.stage),
                *(_share(row.by(method)) for method in methods),
                Cell("; ".join(f"{one} ≠ {other}" for one, other in row.disagreements)),
            ]
        )
        finer = {method: _within(entry.fine_stages.get(method, ()), row.stage) for method in methods}
        for stage in dict.fromkeys(stage for shares in finer.values() for stage in shares):
            shares = [finer[method].get(stage) for method in methods]
            cells = [Cell("" if share is None else percent(share)) for share in shares]
            rows.append([Cell(f"{row.stage}: {stage}"), *cells, Cell("")])
    headings = ["stage", *(_heading(method) for method in methods), "contradict each other"]
    return Table(
        f"{entry.variant}: share of each stage, 95 % intervals",
        headings,
        rows,
        words=frozenset({0, len(headings) - 1}),
        compact=True,
    )


def _mechanisms(entry: VariantProfile) -> Iterator[Table]:
    """The same cost by the variant's policies."""
    shares = {
        method: {row.axis: row for row in entry.mechanisms[method]}
        for method in METHODS
        if entry.mechanisms.get(method)
    }
    axes = {axis: row.policy for rows in shares.values() for axis, row in rows.items()}
    if set(axes) <= {None}:
        return
    rows = []
    for axis, policy in axes.items():
        name = "shared by all variants" if axis is None else f"{axis}: {policy}"
        found = [known.get(axis) for known in shares.values()]
        rows.append([Cell(name), *(Cell("" if row is None else percent(row.share)) for row in found)])
    yield Table(
        f"{entry.variant}: share of each policy, wherever it is used",
        ["policy", *(_heading(method) for method in shares)],
        rows,
        compact=True,
    )


def _heading(method: str) -> str:
    return f"{KINDS[method]} ({method})"


def _within(rows: Sequence[FineShare], group: str) -> dict[str, float]:
    return {row.stage: row.share for row in rows if row.group == group != row.stage}


def _share(interval: Interval | None) -> Cell:
    if interval is None:
        return Cell("")
    if interval.low == interval.high:
        return Cell(percent(interval.value))
    points = interval.scaled(100)
    return Cell(estimate(points, "%"), limits(points))


def _lines(entry: VariantProfile) -> Iterator[Table]:
    """The costliest lines by time, or else by instructions, beside the other methods' figures."""
    methods = [method for method in METHODS if entry.lines.get(method)]
    if not methods:
        return
    known = {method: {_place(row): row for row in entry.lines[method]} for method in methods}
    rows = []
    for row in entry.lines[methods[0]][:SHOWN]:
        found = [known[method].get(_place(row)) for method in methods]
        cells = [Cell("-") if other is None else _cost(other) for other in found]
        rows.append([_source(row), Cell(row.stage), *cells])
    caption = f"{entry.variant}: the costliest lines by {methods[0]}"
    if len(methods) > 1:
        others = listed(methods[1:])
        caption += f", with their figures by {others}; -: nothing, or too little to be seen"
    headings = ["source line", "stage", *(_heading(method) for method in methods)]
    yield Table(caption, headings, rows, words=frozenset({0, 1}))


def _change(change: Change) -> Iterator[Table]:
    rows = [
        [_source(row), Cell(what), *(Cell(_count(end)) for end in (row.instructions.before, row.instructions.after))]
        for what, lines in (("removed", change.removed), ("added", change.added), ("changed", change.changed))
        for row in lines
        if abs(row.instructions.after - row.instructions.before) >= LEAST
    ]
    if rows:
        caption = f"What changed from {change.before}: the largest differences, instructions per event"
        yield Table(caption, ["source line", "change", "before", "after"], rows, words=frozenset({0, 1}))


def _source(row: CostlyLine | ChangedLine) -> Cell:
    place = f"{row.file}:{row.line}, {row.function.rpartition('.')[2]}"
    return Cell(" ".join(row.text.split()) or "(no text)", place, "mono")


def _place(row: CostlyLine) -> tuple[str, int]:
    return row.file, row.line


def _cost(row: CostlyLine) -> Cell:
    value, unit = (row.instructions, "instructions") if row.nanoseconds is None else (row.nanoseconds, "ns")
    return Cell(percent(row.share), "" if value is None else f"{_count(value)} {unit}")


def _count(value: float) -> str:
    return integer(value) if abs(value) >= 1000 else significant(value)


def _not_seen(entries: Sequence[VariantProfile]) -> Iterator[Block]:
    blind = {method: text for entry in entries for method, text in entry.blind_spots.items()}
    if blind:
        yield Table(
            "What each method cannot see",
            ["method", "its blind spot"],
            [[Cell(method), Cell(text)] for method, text in blind.items()],
            words=frozenset({0, 1}),
            compact=True,
        )
    absent = {(method, reason): None for entry in entries for method, reason in entry.missing.items()}
    for method, reason in absent:
        yield Text(f"Without {method}: {reason}", mark="missing")
