"""A session: what is measured side by side, how far it has come, and going on with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.measurement.design import TWICE, Design, isolated_every
from workbench.measurement.handover import SharedFeed
from workbench.measurement.lockstep import COLUMNS, LOCKSTEP
from workbench.measurement.process import Message, cpu_for, messages
from workbench.measurement.task import Task

SESSION_COLUMNS = ("process", *COLUMNS)


@dataclass
class Session:
    """``measured`` are variants' names, the control (one of them once more) last; ``samples`` and ``isolated`` rows of
    ``SESSION_COLUMNS``."""

    measured: list[str]
    events: int
    design: Design
    samples: list[list[int]] = field(default_factory=list)
    isolated: list[list[int]] = field(default_factory=list)
    disagreeing: set[str] = field(default_factory=set)
    complete: bool = False
    held: int = 0
    """Bytes that a pass takes, as far as known."""

    @property
    def begun(self) -> int:
        """Processes that have measured something."""
        return 1 + max((row[0] for row in self.samples), default=-1)

    def take(self, process: int, message: Message) -> None:
        """Keep what one pass measured."""
        rows = [[process, *sample] for sample in message["samples"]]
        (self.samples if message["kind"] == LOCKSTEP else self.isolated).extend(rows)
        self.held = max(self.held, message["held"])
        states = dict(zip(self.measured, message["end_states"], strict=True))
        self.disagreeing |= {name for name in states if states[name] != states[self.measured[-1]]}

    def as_json(self) -> dict[str, Any]:
        """As ``feeds[].session`` of the result document."""
        return {
            "events": self.events,
            "complete": self.complete,
            "measured": self.measured,
            "design": asdict(self.design),
            "disagreeing": sorted(self.disagreeing),
            "samples": {"columns": list(SESSION_COLUMNS), "rows": self.samples},
        }

    def isolated_json(self) -> dict[str, Any] | None:
        """As ``feeds[].isolated``; None where nothing was measured so."""
        if not self.isolated:
            return None
        return {"names": self.measured, "columns": list(SESSION_COLUMNS), "rows": self.isolated}

    @classmethod
    def from_json(cls, kept: dict[str, Any], isolated: dict[str, Any] | None) -> Session:
        """The session that a result document holds."""
        return cls(
            measured=list(kept["measured"]),
            events=kept["events"],
            design=Design(**kept["design"]),
            samples=kept["samples"]["rows"],
            isolated=isolated["rows"] if isolated else [],
            disagreeing=set(kept["disagreeing"]),
            complete=kept["complete"],
        )


def measure(
    session: Session,
    feed: SharedFeed,
    *,
    evaluate: str,
    until: str = "strategies",
    files: Sequence[str] = (),
    isolated: bool = True,
    least: int,
    keep: Callable[[], None],
    enough: Callable[[Session], bool] = lambda session: False,
    advance: Callable[[float], None] = lambda seconds: None,
) -> None:
    """Fill a session, beginning where it stands. ``isolated``: with an isolated pass in some processes.

    Where the machine is so busy that the time is over early, only ``least`` processes of the design are insisted on.
    ``keep`` is called after every pass, so that nothing measured is lost; ``enough`` after every process, to end
    early; ``advance`` with the seconds spent, as they pass. Each replay's end state is compared with the control's:
    a variant whose differs stands in ``disagreeing``.
    """
    design = session.design
    left = design.seconds * (design.processes - session.begun)
    for number in range(session.begun, design.processes):
        began = time.monotonic()
        seconds = left / (design.processes - number)
        task = Task(
            job="session",
            variants=[name.removesuffix(TWICE) for name in session.measured],
            files=list(files),
            evaluate=evaluate,
            until=until,
            seed=design.seed * 1000 + number,
            # What a process needs to start is part of its time.
            seconds=seconds,
            cpu=cpu_for(number) if design.pinned else None,
            settings={
                "slice_records": design.slice_records,
                "lead_in_records": design.lead_in_records,
                "passes": design.passes,
                "isolated": _isolated(number, isolated_every(design.processes)) if isolated else "none",
                "held": session.held,
            },
        )
        for message in messages(task, feed, advance):
            if "samples" in message:
                session.take(number, message)
                keep()
        left -= time.monotonic() - began
        if enough(session) or (left <= 0 and number + 1 >= least):
            break
    session.complete = True


def _isolated(number: int, every: int) -> str:
    """Where a process's isolated pass stands: in turn, so that neither kind has the fresher process."""
    turn, rest = divmod(number, every)
    return ("first", "second")[turn % 2] if rest == 0 else "none"
