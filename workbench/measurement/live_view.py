"""What a person sees while a session runs: time left, and each variant's speed-up with its interval so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite

from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from lobench.workbench.console import stderr
from lobench.workbench.measurement.precision import precisions
from lobench.workbench.measurement.session import Session

_REDRAWN = 2
"""Times a second: drawing takes processor time from what is measured."""


class Display:
    """Follows one session; without a terminal it does nothing."""

    def __init__(self, live: Live | None, bar: Progress, session: Session) -> None:
        self._live, self._bar, self._session = live, bar, session

    def advance(self, seconds: float) -> None:
        if self._live is not None:
            self._bar.advance(self._bar.task_ids[0], seconds)

    def refresh(self) -> None:
        """Show the intervals as they stand."""
        if self._live is not None:
            self._live.update(Group(self._bar, table(self._session)))


@contextmanager
def display(label: str, session: Session) -> Iterator[Display]:
    """On stderr, if that is a terminal."""
    console = stderr()
    bar = Progress(
        TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )
    design = session.design
    bar.add_task(label, total=max(design.seconds * (design.processes - session.begun), 1e-9))
    if not console.is_terminal:
        yield Display(None, bar, session)
        return
    with Live(bar, console=console, transient=True, refresh_per_second=_REDRAWN) as live:
        yield Display(live, bar, session)


def table(session: Session) -> Table:
    """Each variant's speed-up over the first, and its interval's half-width once there is one."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("so far", f"over {session.measured[0]}", "95 % interval"):
        shown.add_column(heading, justify="left" if heading == "so far" else "right")
    for name, entry in precisions(session).items():
        width = f"±{entry.half_width:.2%}" if isfinite(entry.half_width) else "too early"
        shown.add_row(name, f"{entry.ratio:.3g}x", width)
    return shown
