"""A contest's session: subjects that agree, in turns, in fresh processes; the first of them twice, as the control."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import ClassVar

from lobench.engine.errors import LobenchError, UsageError
from lobench.workbench.contest.asked import COMMANDS, Asked
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.contest.protocol import AgreementMessage, AgreementSettings, RoundsMessage, RoundsSettings
from lobench.workbench.experiment.budget import FEWEST_CHOSEN, Budget, design
from lobench.workbench.measurement.precision import reached
from lobench.workbench.measurement.process import SILENT_SECONDS, cpu_for, last_answer
from lobench.workbench.measurement.protocol import Alive
from lobench.workbench.measurement.session import Course, Session, fill, measured_twice
from lobench.workbench.measurement.task import Task
from lobench.workbench.processes.starting import first_environment
from lobench.workbench.results.model.control import again, once

_MOST_ROUNDS = 1_000_000
"""Of a process: time ends it."""
_SEEDS = 1_000_000
_PATIENCE = 10
"""How many times longer than at first a sample may take before its process is given up."""


@dataclass(frozen=True)
class Agreement:
    """``outcomes`` of the subjects by name; ``rates``: seconds of a call, ``seconds``: the same with its arguments, by
    name, of those that agree; ``calls`` of a piece, and ``lead_in`` before them. Without two that agree the latter are
    empty."""

    outcomes: Mapping[str, Outcome]
    rates: Mapping[str, float]
    seconds: Mapping[str, float]
    calls: int
    lead_in: int


@dataclass
class ContestSession(Session):
    """A session whose worker reports refused subjects. ``patience``: limit in seconds for a sample."""

    message: ClassVar[type[Alive]] = RoundsMessage
    patience: float = 0.0

    def hear(self, process: int, message: Alive) -> bool:
        assert isinstance(message, RoundsMessage)
        self.add(process, message.samples or [])
        for name, reason in message.refused.items():
            self.refuse(name, reason)
        return message.samples is not None

    def bases(self, place: int) -> tuple[int, ...]:
        return (0,)

    @property
    def over(self) -> bool:
        """Whether nothing is left to compare."""
        return len({once(name) for name in self.measured} - self.disagreeing) < 2


def agreement(asked: Asked) -> Agreement:
    """The findings of a separate process before anything is measured. Raises UsageError if a subject cannot be loaded
    or run, LobenchError if the first subject fails, because nothing can be compared with it."""
    settings = AgreementSettings(asked=asked, variables=_variables(asked))
    task = Task(job="agreement", variants=asked.names, settings=settings, patience=SILENT_SECONDS)
    found = last_answer(task, AgreementMessage)
    if found.error is not None:
        raise (UsageError if found.usage else LobenchError)(found.error)
    if found.outcomes[0].reason:
        raise LobenchError(f"{asked.names[0]} {found.outcomes[0].reason}; nothing can be compared with it")
    outcomes = dict(zip(asked.names, found.outcomes, strict=True))
    return Agreement(outcomes, found.rates, found.seconds, found.calls, found.lead_in)


def laid_out(asked: Asked, found: Agreement, budget: Budget) -> ContestSession:
    """The session of the subjects that agree."""
    names = list(found.seconds)
    same_as = {name: first for name, first in asked.same_as.items() if {name, first} <= set(names)}
    top = measured_twice(names, found.rates, same_as, names[0])
    measured = [*names, *map(again, [top, names[0]] if top else [names[0]])]
    calls = found.calls + found.lead_in
    looked = 2 * sum(found.seconds.values())
    made, _ = design(
        budget.session,
        events=calls,
        pass_seconds=looked + calls * sum(found.seconds[once(name)] for name in measured),
        processes=budget.processes,
        grain=(calls, found.lead_in),
        pinned=asked.kind != COMMANDS,
        until_precision=budget.precision,
    )
    # Random, so that no contestant is loaded first in every session.
    made = replace(made, passes=_MOST_ROUNDS, seed=SystemRandom().randrange(1, _SEEDS))
    patience = _PATIENCE * calls * max(found.seconds.values())
    return ContestSession(measured, calls, made, same_as=same_as, clock=asked.clock, patience=patience)


def measure(
    asked: Asked,
    session: ContestSession,
    *,
    processes: int | None,
    keep: Callable[[], None],
    advance: Callable[[float], None],
) -> None:
    """Fill the session from its present state until its time is over or it is precise enough. ``processes``: the
    requested number."""
    design = session.design

    def task_of(number: int, seconds: float) -> Task:
        return Task(
            job="rounds",
            variants=[once(name) for name in session.measured],
            seed=design.seed * 1000 + number,
            seconds=seconds,
            settings=RoundsSettings(
                asked=asked,
                variables=_variables(asked),
                calls=design.slice_records - design.lead_in_records,
                lead_in=design.lead_in_records,
                passes=design.passes,
                cpu=cpu_for(number) if design.pinned else None,
            ),
            patience=session.patience,
        )

    def enough(session: Session) -> bool:
        return reached(session) or (isinstance(session, ContestSession) and session.over)

    fill(session, task_of, Course(least=processes or FEWEST_CHOSEN, keep=keep, enough=enough, advance=advance))


def _variables(asked: Asked) -> Mapping[str, str]:
    """The environment of commands."""
    return first_environment() if asked.kind == COMMANDS else {}
