"""Output for people on stderr and for programs on stdout: progress, tables, one JSON object."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from lobench.engine.own_thread import OwnThread
from lobench.engine.result import Result

PLAIN_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""

PLAIN_EVERY = 10.0
"""Seconds between two lines of progress where no bar can be shown."""
PLAIN = "... "
"""The start of such a line."""


_QUIET: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet(wanted: bool = True) -> Iterator[None]:
    """Suppress progress inside, if wanted: callers from Python decide what is shown."""
    token = _QUIET.set(wanted)
    try:
        yield
    finally:
        _QUIET.reset(token)


def stdout() -> Console:
    """Console for results; colours only on a terminal without NO_COLOR."""
    return _console(sys.stdout, None if sys.stdout.isatty() else PLAIN_WIDTH)


def stderr() -> Console:
    """Console for progress and messages."""
    return _console(sys.stderr, None)


def _console(file: TextIO, width: int | None) -> Console:
    # Names of files and variants, and output of other programs, are not markup. A file or pipe gets plain text,
    # whatever FORCE_COLOR says.
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False, force_terminal=file.isatty())


def fact(label: str, text: object) -> None:
    """One line under the tables: a label, which may be empty, and a text."""
    stdout().print(f"{label:<13} {text}", markup=False, soft_wrap=True)


def table_of(headings: Sequence[str], rows: Iterable[Sequence[str]], *, title: str, words: Sequence[int]) -> Table:
    """A table. ``words``: indices of the columns that are aligned left; the others, of figures, are aligned right."""
    table = Table(title=title or None)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place in words else "right")
    for row in rows:
        table.add_row(*row)
    return table


def print_table(table: Table, console: Console | None = None) -> None:
    """Print a table as it fits: as it is, words wrapped and figures whole; else without frames; or, where it is too
    wide for that, row by row with a line for each cell."""
    console = console or stdout()
    columns = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    widest = [max(cell_len(line) for text in texts for line in text.split("\n")) for texts in columns]
    least = [_least(texts, column.justify == "right") for texts, column in zip(columns, table.columns, strict=True)]
    count = len(columns)
    # Characters around all cells of a row, and those around each cell.
    as_it_is = (3 * count + 1, 1) if table.box else (2 * count, 1)
    for place, (around, padding) in enumerate((as_it_is, (2 * count, 1), (count - 1, 0))):
        room = console.width - around
        if sum(least) > room:
            continue
        if place:
            table.box, table.show_edge, table.pad_edge, table.collapse_padding = SIMPLE_HEAD, False, False, True
            table.padding = (0, padding)
        for column, width in zip(table.columns, _shared(least, widest, room), strict=True):
            column.width = width
        console.print(table)
        return
    if table.title:
        console.print(str(table.title), style="italic", soft_wrap=True)
    for first, *cells in zip(*(texts[1:] for texts in columns), strict=True):
        console.print(first, style="bold", soft_wrap=True)
        for heading, cell in zip((texts[0] for texts in columns[1:]), cells, strict=True):
            if cell:
                console.print(f"  {heading}: {cell}", soft_wrap=True)
    if table.caption:
        console.print(str(table.caption), style="italic", soft_wrap=True)


def _least(texts: Sequence[str], figures: bool) -> int:
    """The width at which no word breaks, and no figure wraps."""
    heading, *cells = texts
    pieces = [*heading.split(), *(part for cell in cells for part in (cell.split("\n") if figures else cell.split()))]
    return max(map(cell_len, pieces), default=0)


def _shared(least: Sequence[int], widest: Sequence[int], room: int) -> list[int]:
    """The widths of columns: at least ``least``, at most ``widest``, together at most ``room`` if ``least`` allows it.
    Spare width goes to the narrowest columns that need more."""
    widths = list(least)
    for _ in range(room - sum(least)):
        wanting = [place for place, width in enumerate(widths) if width < widest[place]]
        if not wanting:
            break
        widths[min(wanting, key=lambda place: widths[place])] += 1
    return widths


def headline(name: str, result: Result) -> str:
    """A feed and the extent of its replay."""
    books = len(result.books)
    counts = f"{result.events:,} events, {result.evaluations:,} evaluations, {books:,} book{'s' * (books != 1)}"
    return f"{name}: {counts}"


def duration(seconds: float, digits: int = 4) -> str:
    """A duration with ``digits`` digits, in a suitable unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        # Round first: 999.96 µs with four digits is 1 ms.
        value = float(f"{seconds / size:.{digits - 1}e}")
        if value >= 1 or unit == "ns":
            break
    before = len(str(int(value))) if value >= 1 else 1
    return f"{value:.{max(0, digits - before)}f} {unit}"


def print_json(value: Any) -> None:
    """One JSON object on stdout; NaN and infinities become null, because JSON lacks them."""
    print(json.dumps(_plain(value), indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def announce(text: str) -> None:
    """Report that a part of the work begins or continues, with a line unless a bar is shown."""
    if not stderr().is_terminal and not _QUIET.get():
        stderr().print(f"{PLAIN}{text}", soft_wrap=True)


def bars() -> bool:
    """Whether a progress bar would be visible."""
    return stderr().is_terminal and not _QUIET.get()


class Ticker:
    """Receives the progress of a part of the work; this one shows nothing."""

    def advance(self, steps: float = 1) -> None:
        """Count this many more steps as done."""

    def expect(self, total: float) -> None:
        """Set the expected total number of steps."""

    def label(self, text: str) -> None:
        """Set the label of the current work."""


@contextmanager
def progress(label: str, total: float | None, *, records: bool = False, even: bool = True) -> Iterator[Ticker]:
    """Progress of a part of the work, on stderr: a bar on a terminal, elsewhere a line every ten seconds, both with the
    time left at the pace so far. If steps are not ``even``, their pace predicts little, so only the number of finished
    steps is shown. ``records`` shows a rate in M events/s."""
    if _QUIET.get():
        yield Ticker()
        return
    if not bars():
        lines = _Lines(label, total, even)
        try:
            yield lines
        finally:
            lines.end()
        return
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn()]
    columns.insert(2, _Rate() if records else MofNCompleteColumn())
    if even:
        columns.append(TimeRemainingColumn())
    with Progress(*columns, console=stderr(), transient=True) as display:
        yield _Bar(display, display.add_task(label, total=total))


class _Bar(Ticker):
    """A bar that moves."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def advance(self, steps: float = 1) -> None:
        self._progress.advance(self._task, steps)

    def expect(self, total: float) -> None:
        # Assigned directly, because update() would forget the speed.
        self._progress.tasks[0].total = total

    def label(self, text: str) -> None:
        self._progress.update(self._task, description=text)


class _Lines(Ticker):
    """Print a line every ten seconds, from a thread: long work may report nothing for a minute."""

    def __init__(self, label: str, total: float | None, even: bool) -> None:
        self._label, self._total, self._even, self._done = label, total, even, 0.0
        self._began = time.monotonic()
        self._over = threading.Event()
        # The thread is optional: without memory for it the work goes on.
        with suppress(RuntimeError):
            OwnThread(target=self._speak, name="lobench progress", daemon=True).start()

    def advance(self, steps: float = 1) -> None:
        self._done += steps

    def expect(self, total: float) -> None:
        self._total = total

    def label(self, text: str) -> None:
        self._label = text

    def end(self) -> None:
        self._over.set()

    def _speak(self) -> None:
        # The reader may be gone; the work goes on.
        with suppress(OSError, ValueError):
            while not self._over.wait(PLAIN_EVERY):
                announce(self.line())

    def line(self) -> str:
        """The present state."""
        seconds = time.monotonic() - self._began
        parts = [f"{seconds:.0f} s"]
        share = min(1.0, self._done / self._total) if self._total else 0.0
        if self._total and not self._even:
            parts.insert(0, f"{self._done:.0f} of {self._total:.0f} done")
        elif share:
            parts.insert(0, f"{share:.0%}")
        if self._even and 0 < share < 1:
            parts.append(f"about {max(1.0, seconds * (1 / share - 1)):.0f} s left")
        return f"{self._label}: {', '.join(parts)}"


class _Rate(TextColumn):
    """Records per second so far."""

    def __init__(self) -> None:
        super().__init__("", markup=False)

    def render(self, task: Any) -> Any:
        from rich.text import Text

        speed = task.finished_speed or task.speed
        return Text(f"{speed / 1e6:.2f} M events/s" if speed else "")
