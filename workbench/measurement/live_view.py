"""The live view of a session: time left, and each variant's speed-up with its interval so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from lobench.workbench.console import bars, progress, stderr
from lobench.workbench.measurement.precision import precisions
from lobench.workbench.measurement.session import Session

_REDRAWN = 2
"""Times per second: drawing takes processor time from the measurement."""


@dataclass(frozen=True)
class Display:
    """Follows one session. ``advance``: this many seconds of it are over; ``refresh``: show the present intervals."""

    advance: Callable[[float], None]
    refresh: Callable[[], None]


@contextmanager
def display(label: str, session: Session) -> Iterator[Display]:
    """On a terminal a bar over a table of intervals, elsewhere lines of progress."""
    design = session.design
    total = max(design.seconds * (design.processes - session.begun), 1e-9)
    if not bars():
        with progress(label, total) as ticker:
            yield Display(ticker.advance, lambda: None)
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )
    task = bar.add_task(label, total=total)
    with Live(bar, console=stderr(), transient=True, refresh_per_second=_REDRAWN) as live:
        yield Display(lambda seconds: bar.advance(task, seconds), lambda: live.update(Group(bar, table(session))))


def table(session: Session) -> Table:
    """Each variant's speed-up over the first, and its interval's half-width once there is one."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("so far", f"over {session.measured[0]}", "95 % interval"):
        shown.add_column(heading, justify="left" if heading == "so far" else "right")
    for name, entry in precisions(session).items():
        width = f"±{entry.half_width:.2%}" if isfinite(entry.half_width) else "too early"
        shown.add_row(name, f"{entry.ratio:.3g}x", width)
    return shown
