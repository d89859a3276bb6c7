"""A session: its variants, its progress, and its continuation."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from lobench.engine.workload import Workload
from lobench.workbench.measurement.ahead import Ahead, together
from lobench.workbench.measurement.design import ALIKE, STARTUP, Slice, isolated_every, slices
from lobench.workbench.measurement.lockstep import COLUMNS, LOCKSTEP
from lobench.workbench.measurement.process import cpu_for, messages
from lobench.workbench.measurement.protocol import Alive, Pass, SessionMessage, SessionSettings
from lobench.workbench.measurement.questions import Lateness
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.measurement.task import Task
from lobench.workbench.processes.starting import WorkerError
from lobench.workbench.results.model.control import is_again, once
from lobench.workbench.results.model.samples import Design, HardwareCount, NamedSamples, Samples, SessionResult
from lobench.workbench.results.samples import counted

SESSION_COLUMNS = ("process", *COLUMNS)

LOOKS = frozenset((4, 8, 16))
"""Numbers of processes after which the rest of a session is allotted anew; in between, the estimates change little."""

Allot = Callable[["Session", float, float, float], int]
"""See ``allotment.allotted``."""

DIFFERS = "a trace, an answer or the state differed from the reference's in a timed replay"


@dataclass
class Session:
    """``measured`` are variants' names, the control (one of them again) last; ``same_as``: names of variants that are
    the same kernel as an earlier one, to that one; ``samples`` and ``isolated`` rows of ``SESSION_COLUMNS``.
    ``message``: the kind of messages that its processes send."""

    message: ClassVar[type[Alive]] = SessionMessage
    measured: list[str]
    events: int
    design: Design
    samples: list[list[int]] = field(default_factory=list)
    isolated: list[list[int]] = field(default_factory=list)
    disagreeing: set[str] = field(default_factory=set)
    lateness: dict[str, Lateness] = field(default_factory=lambda: defaultdict(Lateness), compare=False)
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a variant is ``disagreeing``."""
    complete: bool = False
    same_as: dict[str, str] = field(default_factory=dict)
    witness: str | None = None
    """The variant whose results are right, replayed in one untimed pass of the first process. None if the reference is
    measured: then it is the control's original, and its results are right."""
    lost: dict[str, str] = field(default_factory=dict)
    """Variants that ended a process, and how: they were removed from the lists above."""
    laid_out: set[str] = field(default_factory=set)
    """Names in ``measured`` that had a new layout of their machine code in every process so far."""
    hardware: dict[tuple[int, str], dict[str, float]] = field(default_factory=dict)
    """What the processor counted, by process and name in ``measured``."""
    held: int = 0
    """Bytes that a pass takes, as far as known."""
    clock: str = "cpu_ns"
    """The column of times that is looked at while it runs."""

    @property
    def begun(self) -> int:
        """Processes that have measured something side by side."""
        return 1 + max((row[0] for row in self.samples), default=-1)

    def bases(self, place: int) -> tuple[int, ...]:
        """Places of the variants that the one at ``place`` is compared with."""
        return (0,) if is_again(self.measured[place]) else (0, place - 1)

    def add(self, process: int, samples: Sequence[Sequence[int]], kind: str = LOCKSTEP) -> list[list[int]]:
        """Keep samples of a process; returns their rows."""
        rows = [counted(SESSION_COLUMNS, [process, *sample]) for sample in samples]
        (self.samples if kind == LOCKSTEP else self.isolated).extend(rows)
        return rows

    def hear(self, process: int, message: Alive) -> bool:
        """Store what a message says; returns whether that is samples."""
        assert isinstance(message, SessionMessage)
        if message.witnessed is not None:
            self.heed(message.witnessed)
        if message.made is not None:
            self.take(process, message.made)
        return message.made is not None

    def take(self, process: int, made: Pass) -> None:
        """Store the samples of one pass."""
        moved = {name for name, anew in zip(self.measured, made.laid_out, strict=True) if anew}
        self.laid_out = self.laid_out & moved if self.samples or self.isolated else moved
        for name, counts in zip(self.measured, made.hardware, strict=False):
            so_far = self.hardware.setdefault((process, name), dict.fromkeys(counts, 0.0))
            for what, count in counts.items():
                so_far[what] += count
        rows = self.add(process, made.samples, made.kind)
        self.held = max(self.held, made.held)
        states = dict(zip(self.measured, made.end_states, strict=True))
        for name in states:
            if states[name] != states[self.measured[-1]]:
                self.refuse(name, DIFFERS)
                if self.witness is not None:
                    # The control's original may be the wrong one now, although the witness confirmed it before.
                    self.refuse(self.measured[-1], DIFFERS)
        self._judge(rows, made)

    def heed(self, states: Sequence[str]) -> None:
        """Refuse variants whose state differs from the witness's, the last of ``states``."""
        for name, state in zip(self.measured, states, strict=False):
            if state != states[-1]:
                self.refuse(name, DIFFERS)

    def refuse(self, name: str, reason: str) -> None:
        """Leave out a variant with all its figures. The first reason is kept."""
        name = once(name)
        self.disagreeing.add(name)
        self.reasons.setdefault(name, reason)

    def drop(self, name: str, how: str) -> None:
        """Continue without a variant that ended a process, with all results of the others from finished processes."""
        self.lost[name] = how
        self.disagreeing.discard(name)
        kept = [place for place, measured in enumerate(self.measured) if once(measured) != name]
        self.samples, self.isolated = (self._without(rows, kept) for rows in (self.samples, self.isolated))
        self.measured = [self.measured[place] for place in kept]
        self.laid_out.intersection_update(self.measured)
        self.hardware = {key: counts for key, counts in self.hardware.items() if key[1] in self.measured}
        self.same_as = {one: other for one, other in self.same_as.items() if name not in (one, other)}

    @staticmethod
    def _without(rows: list[list[int]], kept: Sequence[int]) -> list[list[int]]:
        """Rows of the variants at these places, with places and order within a slice renumbered."""
        variant, order, *key = map(SESSION_COLUMNS.index, ("variant", "order", "process", "pass", "slice"))
        places = {old: new for new, old in enumerate(kept)}
        gone: dict[tuple[int, ...], list[int]] = {}
        for row in rows:
            if row[variant] not in places:
                gone.setdefault(tuple(row[place] for place in key), []).append(row[order])
        found = []
        for row in rows:
            if row[variant] in places:
                before = sum(turn < row[order] for turn in gone.get(tuple(row[place] for place in key), ()))
                changed = list(row)
                changed[variant], changed[order] = places[row[variant]], row[order] - before
                found.append(changed)
        return found

    def forget(self, process: int) -> None:
        """Drop the rows of a process that starts again."""
        kept = ([row for row in rows if row[0] != process] for rows in (self.samples, self.isolated))
        self.samples, self.isolated = kept
        self.hardware = {key: counts for key, counts in self.hardware.items() if key[0] != process}

    def _judge(self, rows: list[list[int]], made: Pass) -> None:
        """Refuse variants whose work was not timed: answers came late, or faster than the records can be read."""
        variant, place, cpu = (SESSION_COLUMNS.index(name) for name in ("variant", "slice", "cpu_ns"))
        timed = [part.stop - part.timed for part in self.slices()]
        for index, (name, owed) in enumerate(zip(self.measured, made.owed_ns, strict=True)):
            mine = [row for row in rows if row[variant] == index]
            spent, records = sum(row[cpu] for row in mine), sum(timed[row[place]] for row in mine)
            late = self.lateness[name].judged(owed, spent)
            if late:
                self.refuse(name, late)
            if spent < records * made.floor_ns / 2:
                self.refuse(name, f"{spent / records:.2g} ns a record is less than reading it takes")

    def slices(self) -> list[Slice]:
        """The slices of a pass."""
        return slices(self.events, self.design.slice_records, self.design.lead_in_records)

    def result(self) -> SessionResult:
        """As ``feeds[].session`` of the result document. Its rows are those that still grow."""
        return SessionResult(
            events=self.events,
            complete=self.complete,
            measured=tuple(self.measured),
            same_as=self.same_as,
            design=self.design,
            disagreeing=tuple(sorted(self.disagreeing)),
            reasons=dict(self.reasons),
            laid_out=tuple(name for name in self.measured if name in self.laid_out),
            samples=Samples(SESSION_COLUMNS, self.samples),
            hardware=tuple(
                HardwareCount(
                    process, name, round(counts["events"]), {k: round(n) for k, n in counts.items() if k != "events"}
                )
                for (process, name), counts in self.hardware.items()
            )
            or None,
        )

    def isolated_result(self) -> NamedSamples | None:
        """As ``feeds[].isolated``; None where nothing was measured so."""
        return NamedSamples(tuple(self.measured), SESSION_COLUMNS, self.isolated) if self.isolated else None

    @classmethod
    def of(cls, kept: SessionResult, isolated: NamedSamples | None) -> Session:
        """The session of a result document. A process that was ended after its isolated pass, before any other, is
        repeated: its isolated pass is dropped, because it would occur twice."""
        made = cls(
            measured=list(kept.measured),
            events=kept.events,
            design=kept.design,
            samples=kept.samples.rows,
            disagreeing=set(kept.disagreeing),
            reasons=dict(kept.reasons),
            complete=kept.complete,
            same_as=dict(kept.same_as),
            laid_out=set(kept.laid_out),
            hardware={(one.process, one.variant): {"events": one.events, **one.counts} for one in kept.hardware or ()},
        )
        if isolated:
            made.isolated = [row for row in isolated.rows if row[0] < made.begun]
        return made


@dataclass(frozen=True, kw_only=True)
class Course:
    """When a session may end, and who hears of it while it runs.

    If a busy machine uses up the time early, at least ``least`` processes of the design are still run. ``keep`` is
    called after every message with samples, so that nothing measured is lost; ``enough`` after every process, to end
    early; ``advance`` with the seconds spent, as they pass; ``allot`` after some processes, for the total number of
    processes, which is stored in ``Session.design``.
    """

    least: int
    keep: Callable[[], None]
    enough: Callable[[Session], bool] = lambda session: False
    advance: Callable[[float], None] = lambda seconds: None
    allot: Allot | None = None


def measure(
    session: Session,
    feed: SharedFeed,
    workload: Workload,
    course: Course,
    *,
    traced: bool = True,
    isolated: bool = True,
) -> None:
    """Fill a session of replays, as ``fill`` does. ``isolated``: with an isolated pass in some processes; ``traced``:
    traces are compared. Each replay's end state is compared with the control's: a variant that differs is listed in
    ``disagreeing``."""
    design, first = session.design, session.begun

    def task_of(number: int, seconds: float) -> Task:
        witness = [session.witness] if session.witness is not None and number == first else []
        return Task(
            job="session",
            variants=[*map(once, session.measured), *witness],
            workload=workload,
            traced=traced,
            seed=design.seed * 1000 + number,
            seconds=seconds,
            cpu=cpu_for(number) if design.pinned else None,
            settings=SessionSettings(
                slice_records=design.slice_records,
                lead_in_records=design.lead_in_records,
                passes=design.passes,
                # The plan may have changed the number of processes.
                isolated=_isolated(number, isolated_every(session.design.processes)) if isolated else "none",
                held=session.held,
                witness=bool(witness),
            ),
        )

    fill(session, task_of, course, feed, ahead=together())


def fill(
    session: Session,
    task_of: Callable[[int, float], Task],
    course: Course,
    feed: SharedFeed | None = None,
    *,
    ahead: int = 1,
) -> None:
    """Fill a session from its current state. ``task_of``: the task of a process number, given its seconds; ``ahead``:
    how many processes start at the same time if their jobs wait for their turn (``Job.begin``).

    A variant that ends its process is ``lost``, and the session continues without it; for the control's original,
    WorkerError is raised.
    """
    design, number = session.design, session.begun
    left = design.seconds * (design.processes - number)
    # Of processes that start together, one has all the time that starting takes.
    around = deque([min(STARTUP, design.seconds / 2)], maxlen=ahead)
    with Ahead(task_of, feed, ahead) as processes:
        while number < session.design.processes:
            began = started = time.monotonic()
            lost: int | None = None
            while lost != len(session.lost):
                lost, started = len(session.lost), time.monotonic()
                try:
                    process = processes.of(number, task_of(number, 0.0).variants, session.design.processes)
                    spent = time.monotonic() - started
                    # A process's start and end count as its time; otherwise the last processes would find none left.
                    others = session.design.processes - number - (process is not None)
                    starts = spent + others * sum(around) / len(around)
                    working = seconds = max(0.0, (left - starts) / (session.design.processes - number))
                    task = task_of(number, seconds)
                    course.advance(spent)
                    for message in messages(task, session.message, feed, course.advance, process):
                        working = message.seconds
                        if session.hear(number, message):
                            course.keep()
                except WorkerError as error:
                    if error.who is None or error.who == once(session.measured[-1]):
                        raise
                    # The other variants start again without it.
                    session.forget(number)
                    session.drop(error.who, error.how)
            now = time.monotonic()
            # Only the last try: the time of a try that a variant ended says nothing about the others.
            around.append(max(0.0, now - started - working))
            left -= now - began
            number += 1
            if course.enough(session) or (left <= 0 and number >= course.least):
                break
            if course.allot is not None and number in LOOKS and left > 0:
                count = max(number + 1, course.allot(session, left, sum(around) / len(around), working))
                session.design = replace(session.design, processes=count, seconds=left / (count - number))
    session.complete = True


def measured_twice(
    names: Sequence[str], nanoseconds: Mapping[str, float], same_as: Mapping[str, str], control: str
) -> str | None:
    """The variant that a session measures a second time, so that there is an identical pair at the top of its line-up:
    the fastest according to ``nanoseconds`` (of an event), else the last. None if there is an identical pair of about
    that speed already: ``control``, which is measured twice in any case, or one of ``same_as``."""
    known = all(name in nanoseconds for name in names)
    top = min(names, key=lambda name: nanoseconds[name]) if known else names[-1]

    def near(name: str) -> bool:
        return name == top or (known and nanoseconds[name] <= ALIKE * nanoseconds[top])

    return None if any(near(name) for name in (control, *same_as, *same_as.values())) else top


def _isolated(number: int, every: int) -> str:
    """The place of a process's isolated pass: alternating, so that neither kind has the fresher process."""
    turn, rest = divmod(number, every)
    return ("first", "second")[turn % 2] if rest == 0 else "none"
