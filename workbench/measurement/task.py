"""The task of a worker process, and the tools of its job."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from lobench.engine.workload import Workload
from lobench.workbench.results.conversion import as_json, from_json

if TYPE_CHECKING:
    from lobench.engine.feeds import LoadedFeed
    from lobench.engine.foreign.start import Contestant

JOBS: Final = {
    "agreement": "lobench.workbench.contest.agreement",
    "forks": "lobench.workbench.measurement.forking",
    "session": "lobench.workbench.measurement.lockstep",
    "grain": "lobench.workbench.measurement.grain",
    "limits": "lobench.workbench.measurement.limits",
    "rounds": "lobench.workbench.contest.rounds",
    "scaling": "lobench.workbench.measurement.scaling",
    "latency": "lobench.workbench.latency.work",
    "sweep": "lobench.workbench.measurement.sweep",
}
"""Job to the module whose ``work(job)`` does it."""

Settings = TypeVar("Settings")

NOBODY: Final = -1
"""No variant is in hand."""


@dataclass(frozen=True)
class Task:
    """One process's job. The feed is ``count`` records behind an inherited ``descriptor``; ``settings`` are the
    job's own, a dataclass (``protocol``); ``cpu`` is where to stay, None for anywhere."""

    job: str
    variants: Sequence[str] = ()
    workload: Workload = field(default_factory=Workload)
    traced: bool = True
    """Whether traces are compared."""
    seed: int = 1
    seconds: float = 0.0
    cpu: int | None = None
    descriptor: int | None = None
    hand: int | None = None
    """Inherited descriptor of a page whose first byte says which variant is in hand."""
    feed: str = ""
    count: int = 0
    settings: Any = None
    tried: Sequence[dict[str, int]] = ()
    """Parameters of each variant in turn, in the place of the workload's."""
    patience: float = 0.0
    """Seconds that it may say nothing, where they are more than others get."""

    def as_json(self) -> str:
        return json.dumps({**vars(self), "workload": self.workload.as_json(), "settings": as_json(self.settings)})

    @classmethod
    def of(cls, text: str) -> Task:
        """The inverse of ``as_json``, but for the settings, whose kind only the job knows."""
        values = json.loads(text)
        return cls(**{**values, "workload": Workload.of(values["workload"])})


class Job(Protocol):
    """A task as its module sees it. ``cpu``: where the process is kept, None if it is not."""

    task: Task
    cpu: int | None

    @property
    def feed(self) -> LoadedFeed: ...

    def settings(self, kind: type[Settings]) -> Settings:
        """The task's settings."""
        return from_json(kind, self.task.settings)

    def variants(self) -> list[Contestant]:
        """The task's variants, their timed kernels warm."""
        ...

    def begin(self) -> None:
        """Wait until it is this process's turn; ``task`` has its final ``seconds`` and ``settings`` then."""
        ...

    def in_hand(self, place: int) -> None:
        """From now on variant number ``place`` of the task runs, or ``NOBODY``: it is named if this process dies."""
        ...

    def tell(self, message: object) -> None:
        """Send one message to the parent: a dataclass."""
        ...
