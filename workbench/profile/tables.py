"""Profiles as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from rich.console import RenderableType
from rich.table import Table

from lobench.workbench.profile.attribution import short
from lobench.workbench.profile.columns import Path, add_names, add_numbers, cut, table
from lobench.workbench.profile.model.costs import FunctionCost, LineCost, MechanismCost, Profile, StageCost
from lobench.workbench.profile.model.difference import Difference, LineChange, MechanismChange
from lobench.workbench.profile.model.variant import Ablation, HeapProfile, Profiled, PythonProfile
from lobench.workbench.profile.pairing import exchanges
from lobench.workbench.profile.summary import next_bottleneck, shares_by_method, stage_table
from lobench.workbench.results.model.profiles import MethodShares

_Row: TypeAlias = StageCost | MechanismCost | FunctionCost | LineCost

_LINES = 15
_FUNCTIONS = 10
_TEXT = 56
_LEAST = 0.01
"""Of the first column, per event: smaller changes are not shown."""

BLIND = {
    "callgrind": "counts instructions, not time: no prefetch, no out-of-order execution, no AVX-512, simulated caches",
    "ablation": "shows stages, not lines; the difference between two programs is not always the stage alone",
    "perf": "samples; an instruction that waits is blamed for the ones it waits for",
    "py-spy": "samples at a fixed rate; of nested kernel functions it sees only the innermost",
    "scalene": "a kernel appears as the one line that calls it; waiting counts as system time",
    "memray": "sees allocations of Python and numpy, a kernel's malloc only with some Pythons (callgrind counts it)",
}
"""The blind spots of a method."""


def tables(profile: Profiled) -> Iterator[Table | str]:
    """All findings about one variant, in order of the methods used."""
    if profile.tuning:
        yield f"tuning: {profile.tuning['profile']}"
    for method, found in profile.methods.items():
        yield f"\n{profile.variant}, {method}: {BLIND[method]}"
        match found:
            case Profile():
                yield from _profile(found)
            case Ablation():
                yield _ablation(found)
            case PythonProfile():
                yield _python(found)
            case HeapProfile():
                yield _heap(found)
    methods = list(shares_by_method(profile))
    if len(methods) > 1:
        yield _ways(stage_table(profile), methods)
    yield bottleneck_line(profile)
    if any(found.engine is not None and not found.engine.stages for found in profile.profiles.values()):
        yield "the engine does not assign its functions to stages; docs/engine-abi.md explains how"
    for method, reason in profile.missing.items():
        yield f"{method}: not used: {reason}"


def bottleneck_line(profile: Profiled) -> str:
    found = next_bottleneck(profile)
    if found is None:
        return ""
    share, bound = found.share, found.bound
    what = "of the instructions" if share.method == "callgrind" else "of the time"
    gain = f"{bound.value:.2f}x" if bound.value else "unlimited"
    methods = "; ".join([share.method, *(f"{other:.0%} by {name}" for name, other in found.others.items())])
    part = f"{share.value:.0%} {what} ({methods})"
    # A share of the instructions bounds the gain only if all instructions take equal time.
    basis = " if all instructions took equal time" if share.method == "callgrind" else ""
    return f"next bottleneck: {found.stage}, {part}; removing it gains at most {gain}{basis}"


def _profile(found: Profile) -> Iterator[Table | str]:
    columns = found.columns
    whole = ", ".join(f"{found.per_event[column]:,.2f} {column.replace('_', ' ')}" for column in columns)
    yield f"{found.events:,} events; per event: {whole}"
    if found.hardware_counters is not None:
        yield _hardware(found.hardware_counters)
    yield _rows("stages", ("stage",), found.stages, columns)
    if found.mechanisms:
        yield _rows("mechanisms", ("axis", "policy"), found.mechanisms, columns)
    yield _rows("functions", ("function", "file"), found.functions[:_FUNCTIONS], columns)
    yield _rows("lines", ("file", "line", "text"), found.lines[:_LINES], columns)


def _hardware(counters: Mapping[str, int | None]) -> str:
    missing = [name for name, value in counters.items() if value is None]
    told = [f"{name} {value:,}" for name, value in counters.items() if value is not None]
    if not told:
        return "hardware counters: this machine has none (no performance monitoring unit); samples use only the clock"
    return "hardware counters in half a second: " + ", ".join([*told, *(f"{name} not counted" for name in missing)])


def _rows(title: str, names: Sequence[str], rows: Sequence[_Row], columns: Sequence[str]) -> Table:
    made = table(title)
    for name in names:
        (add_numbers if name == "line" else add_names)(made, name)
    add_numbers(made, "share", *columns)
    for row in rows:
        values = [getattr(row, name) for name in names]
        texts = [_cell(name, value, row) for name, value in zip(names, values, strict=True)]
        made.add_row(*texts, f"{row.share:.1%}", *(f"{row.costs[column]:,.2f}" for column in columns))
    return made


def _cell(name: str, value: object, row: _Row) -> RenderableType:
    if name == "file":
        return Path(str(value))
    if name == "function" and isinstance(row, FunctionCost):
        return cut(short(row.function, row.file))
    return cut("-" if value is None else str(value)[:_TEXT])


def _ablation(found: Ablation) -> Table:
    made = table(f"stages by ablation, {found.passes:,} passes in {found.processes} processes")
    add_names(made, "stage")
    add_numbers(made, "ns per event", "95 % interval", "share", "95 % interval")
    for row in found.stages:
        time, share = row.nanoseconds, row.share
        made.add_row(
            cut(row.stage),
            f"{time.value:,.1f}",
            f"{time.low:,.1f} to {time.high:,.1f}",
            f"{share.value:.1%}",
            f"{share.low:.1%} to {share.high:.1%}",
        )
    return made


def _ways(rows: Sequence[MethodShares], methods: Sequence[str]) -> Table:
    made = table("shares of the stages, by method")
    add_names(made, "stage")
    add_numbers(made, *methods)
    # Long entries wrap: they are more than a name.
    made.add_column("disagree")
    for row in rows:
        shares = [f"{share.value:.1%}" if share else "-" for share in map(row.by, methods)]
        made.add_row(cut(row.stage), *shares, "; ".join(" and ".join(pair) for pair in row.disagreements))
    return made


def _python(found: PythonProfile) -> Table:
    made = table("lines")
    add_names(made, "file")
    add_numbers(made, "line", "python", "native", "system")
    add_names(made, "source")
    for row in found.lines[:_LINES]:
        shares = [f"{part:.1%}" for part in (row.python, row.native, row.system)]
        made.add_row(Path(row.file), str(row.line), *shares, cut(row.text[:_TEXT]))
    return made


def _heap(found: HeapProfile) -> Table:
    made = table(f"{found.allocations:,} allocations, {found.bytes:,} bytes in a pass over {found.events:,} events")
    add_numbers(made, "allocations")
    add_names(made, "by")
    for row in found.top[:_FUNCTIONS]:
        made.add_row(f"{row.allocations:,}", cut(row.location))
    return made


def difference_tables(found: Difference) -> Iterator[Table | str]:
    """The lines that a phase removed and added."""
    columns = found.columns
    first = columns[0]
    what = first.replace("_", " ")
    tunings = (found.tuning.before, found.tuning.after)
    if any(tunings):
        sides = [tuning["profile"] if tuning else "none" for tuning in tunings]
        yield f"tuning: {sides[0]} before, {sides[1]} after"
    for column in columns:
        both = found.per_event[column]
        yield f"{column.replace('_', ' ')} per event: {both.before:,.2f} before, {both.after:,.2f} after"
    stages = [(row.stage, row.before, row.after) for row in found.stages]
    yield _both(f"stages, {what} per event", "stage", stages)
    policies = [(_policies(row), row.before, row.after) for row in found.mechanisms]
    if policies:
        yield _both(f"policies, {what} per event", "axis", policies)
    changed, exchanged = exchanges(found.lines, first)
    for kind in ("removed", "added", "changed"):
        rows = [row for row in changed if row.what == kind and abs(row.costs[first].change) >= _LEAST][:_LINES]
        if rows:
            yield _changes(f"{kind} lines, {what} per event", rows, first)
    moved = sum(one.moved for one in exchanged)
    if moved >= _LEAST:
        lines, rest = sum(one.lines for one in exchanged), sum(one.change for one in exchanged)
        functions = f"{lines} lines of {len(exchanged)} functions"
        yield f"{functions} only exchanged {what}: {moved:,.2f} per event between them, {rest:+,.2f} in all"


def _changes(title: str, rows: Sequence[LineChange], column: str) -> Table:
    made = table(title)
    add_numbers(made, "before", "after", "change")
    add_names(made, "file")
    add_numbers(made, "line")
    add_names(made, "source")
    for row in rows:
        cost = row.costs[column]
        values = f"{cost.before:,.2f}", f"{cost.after:,.2f}", f"{cost.change:+,.2f}"
        made.add_row(*values, Path(row.file), str(row.line), cut(row.text[:_TEXT]))
    return made


def _policies(row: MechanismChange) -> str:
    if row.axis is None:
        return "shared by all variants"
    return f"{row.axis}: {' -> '.join(dict.fromkeys(map(str, row.policies)))}"


def _both(title: str, name: str, rows: Sequence[tuple[str, float, float]]) -> Table:
    made = table(title)
    add_names(made, name)
    add_numbers(made, "before", "after", "change")
    for label, before, after in rows:
        made.add_row(cut(label), f"{before:,.2f}", f"{after:,.2f}", f"{after - before:+,.2f}")
    return made
