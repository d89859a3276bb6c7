"""A look's document as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from lobench.workbench.lines.model import ProgramDifference, ProgramProfile
from lobench.workbench.processes.starting import ending
from lobench.workbench.profile.attribution import short
from lobench.workbench.profile.columns import Path, add_names, add_numbers, cut, table
from lobench.workbench.profile.model.costs import LineCost
from lobench.workbench.profile.model.difference import LineChange
from lobench.workbench.profile.tables import BLIND

_TEXT = 60
_FUNCTIONS = 10


def tables(found: ProgramProfile, most: int) -> Iterator[Table | str]:
    """The costliest lines, at most ``most``, and their functions."""
    first = found.columns[0]
    yield f"{found.program}, {found.tool}: {BLIND[found.tool]}"
    yield f"{found.total[first]:,} {first} in compiled functions; {_coverage(found)}"
    yield from remarks(found)
    yield _rows("lines", found.lines[:most], found.columns)
    left = len(found.lines) - most
    if left > 0:
        yield f"and {left} lines more"
    yield _functions(found)


def _coverage(found: ProgramProfile) -> str:
    first = found.columns[0]
    parts = [f"{found.with_line.share:.1%} on a line"]
    if found.without_line.costs[first]:
        parts.append(f"{found.without_line.share:.1%} in functions, without a line number")
    if found.without_source.costs[first]:
        parts.append(f"{found.without_source.share:.1%} in Numba's wrappers, which have no source")
    return ", ".join(parts)


def remarks(found: ProgramProfile) -> Iterator[str]:
    """Caveats for readers of the figures."""
    if found.exit_code:
        yield f"the program {ending(found.exit_code)}; the figures are up to that point"
    if found.forks:
        yield f"not included: processes that the program forked ({found.forks})"
    if found.samples is not None and found.kernel_samples is not None:
        yield f"{found.samples - found.kernel_samples:,} of {found.samples:,} samples hit no compiled function"
    processor = found.processor
    if processor is not None and processor.without:
        wide = [name for name in processor.without if name.startswith("avx")]
        named = ", ".join((wide or processor.without)[:4])
        more = len(processor.without) - min(4, len(wide or processor.without))
        others = f" and {more} more" if more else ""
        yield f"compiled for {processor.name} without {named}{others}, which valgrind cannot run"
    elsewhere = (found.elsewhere or {}).get("instructions", 0)
    if elsewhere:
        yield f"{elsewhere:,} instructions belong to other generated code, not to Numba functions"


def _where(row: LineCost | LineChange) -> tuple[str, str]:
    """File and line; of code without a line its function instead."""
    if row.line:
        return row.file, str(row.line)
    return (f"{row.file}: {short(row.function, row.file)}" if row.function else row.file), ""


def _text(row: LineCost | LineChange) -> str:
    return row.text[:_TEXT] if row.line else "(no source)" if not row.function else "(no line)"


def _rows(title: str, rows: Sequence[LineCost], columns: Sequence[str]) -> Table:
    made = table(title)
    add_numbers(made, "share", *columns)
    add_names(made, "file")
    add_numbers(made, "line")
    add_names(made, "source")
    for row in rows:
        file, line = _where(row)
        values = [f"{row.costs[column]:,}" for column in columns]
        made.add_row(f"{row.share:.1%}", *values, Path(file), line, cut(_text(row)))
    return made


def _functions(found: ProgramProfile) -> Table:
    made = table("functions")
    add_numbers(made, "share", "with callees", found.columns[0])
    add_names(made, "function", "file")
    for row in found.functions[:_FUNCTIONS]:
        values = (f"{row.share:.1%}", f"{row.total_share:.1%}", f"{row.costs[found.columns[0]]:,}")
        made.add_row(*values, cut(short(row.function, row.file)), Path(row.file))
    return made


def difference_tables(found: ProgramDifference, most: int) -> Iterator[Table | str]:
    """The largest changes, at most ``most``."""
    first = found.columns[0]
    total = found.total[first]
    yield f"{found.before} -> {found.after}, {found.tool}"
    yield f"{total.before:,} -> {total.after:,} {first} ({total.change:+,})"
    rows = [row for row in found.lines if row.costs[first].change]
    others = len(found.lines) - len(rows)
    if others:
        yield f"{others} more lines differ in {', '.join(found.columns[1:])} alone; the JSON has them"
    if not rows:
        yield f"every line costs the same {first}"
        return
    made = table("lines that changed")
    add_numbers(made, "change", "before", "after")
    add_names(made, "", "file")
    add_numbers(made, "line")
    add_names(made, "source")
    for row in rows[:most]:
        cost = row.costs[first]
        file, line = _where(row)
        figures = (f"{cost.change:+,}", f"{cost.before:,}", f"{cost.after:,}")
        made.add_row(*figures, cut(row.what), Path(file), line, cut(_text(row)))
    yield made
    if len(rows) > most:
        yield f"and {len(rows) - most} lines more"
