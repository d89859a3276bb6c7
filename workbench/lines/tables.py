"""A look's document as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from lobench.workbench.processes.starting import ending
from lobench.workbench.profile.tables import BLIND

_TEXT = 60
_FUNCTIONS = 10


def tables(found: Mapping[str, Any], most: int) -> Iterator[Table | str]:
    """The costliest lines, at most so many, and the functions that they belong to."""
    first = found["columns"][0]
    yield f"{found['program']}, {found['tool']}: {BLIND[found['tool']]}"
    yield f"{found['total'][first]:,} {first} in compiled functions; {_coverage(found)}"
    yield from remarks(found)
    yield _rows("lines", found["lines"][:most], found["columns"])
    left = len(found["lines"]) - most
    if left > 0:
        yield f"and {left} lines more"
    yield _functions(found)


def _coverage(found: Mapping[str, Any]) -> str:
    parts = [f"{found['with_line']['share']:.1%} on a line"]
    if found["without_line"][found["columns"][0]]:
        parts.append(f"{found['without_line']['share']:.1%} in functions, without a line of the compiler's")
    if found["without_source"][found["columns"][0]]:
        parts.append(f"{found['without_source']['share']:.1%} in wrappers of Numba's, which have no source")
    return ", ".join(parts)


def remarks(found: Mapping[str, Any]) -> Iterator[str]:
    """What a reader must know of how this was seen."""
    if found["exit_code"]:
        yield f"the program {ending(found['exit_code'])}; this is what ran until then"
    if found.get("forks"):
        yield f"not looked at: what ran in processes that the program forked ({found['forks']})"
    processor = found.get("processor")
    if processor and processor["without"]:
        wide = [name for name in processor["without"] if name.startswith("avx")]
        named = ", ".join((wide or processor["without"])[:4])
        more = len(processor["without"]) - min(4, len(wide or processor["without"]))
        others = f" and {more} more" if more else ""
        yield f"compiled for {processor['name']} without {named}{others}, which valgrind cannot run"
    elsewhere = found.get("elsewhere", {}).get("instructions", 0)
    if elsewhere:
        yield f"{elsewhere:,} instructions of other generated code are no Numba function's"


def place(row: Mapping[str, Any]) -> str:
    if row["line"]:
        return f"{row['file']}:{row['line']}"
    return f"{row['file']}: {row['function'].rpartition('.')[2]}" if row["function"] else str(row["file"])


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))


def _rows(title: str, rows: Any, columns: list[str]) -> Table:
    table = _table(title)
    table.add_column("share", justify="right")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right", no_wrap=True)
    table.add_column("line", no_wrap=True, overflow="ellipsis")
    table.add_column("source", no_wrap=True, overflow="ellipsis")
    for row in rows:
        text = row["text"][:_TEXT] if row["line"] else "(no source)" if not row["function"] else "(no line)"
        table.add_row(f"{row['share']:.1%}", *(f"{row[column]:,}" for column in columns), place(row), text)
    return table


def _functions(found: Mapping[str, Any]) -> Table:
    table = _table("functions")
    for name in ("share", "with what it calls", found["columns"][0].replace("_", " ")):
        table.add_column(name, justify="right")
    table.add_column("function", no_wrap=True, overflow="ellipsis")
    for row in found["functions"][:_FUNCTIONS]:
        name = f"{row['function'].rpartition('.')[2]} ({row['file']})"
        values = (f"{row['share']:.1%}", f"{row['total_share']:.1%}", f"{row[found['columns'][0]]:,}")
        table.add_row(*values, name)
    return table


def difference_tables(found: Mapping[str, Any], most: int) -> Iterator[Table | str]:
    """The largest changes, at most so many."""
    first = found["columns"][0]
    total = found["total"][first]
    yield f"{found['before']} -> {found['after']}, {found['tool']}"
    yield f"{total['before']:,} -> {total['after']:,} {first} ({total['change']:+,})"
    rows = [row for row in found["lines"] if row[first]["change"]]
    others = len(found["lines"]) - len(rows)
    if others:
        yield f"{others} more lines differ in {', '.join(found['columns'][1:])} alone; the JSON has them"
    if not rows:
        yield f"every line costs the same {first}"
        return
    table = _table("lines that changed")
    for name in ("change", "before", "after"):
        table.add_column(f"{name}", justify="right", no_wrap=True)
    for name in ("", "line", "source"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for row in rows[:most]:
        cost = row[first]
        text = row["text"][:_TEXT] or "(no line)"
        figures = (f"{cost['change']:+,}", f"{cost['before']:,}", f"{cost['after']:,}")
        table.add_row(*figures, row["what"], place(row), text)
    yield table
    if len(rows) > most:
        yield f"and {len(rows) - most} lines more"
