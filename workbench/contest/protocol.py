"""What a contest and its processes tell each other: the settings of its two jobs, and their messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lobench.workbench.contest.asked import Asked
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.measurement.protocol import Alive
from lobench.workbench.results.model.samples import Rows


@dataclass(frozen=True, kw_only=True)
class AgreementSettings:
    """``variables``: the environment of commands."""

    asked: Asked
    variables: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RoundsSettings(AgreementSettings):
    """``calls`` of a piece, and ``lead_in`` before them; ``passes``: the most rounds; ``cpu``: where to stay, if that
    suits the subjects."""

    calls: int
    lead_in: int
    passes: int
    cpu: int | None


@dataclass(frozen=True, kw_only=True)
class AgreementMessage:
    """A sign of life (nothing), an ``error`` (of the user, if ``usage``), or the findings: ``outcomes`` of all
    subjects, and by name of those that agree ``rates``, seconds of a call, and ``seconds``, the same with its
    arguments; ``calls`` of a piece, and ``lead_in`` before them."""

    error: str | None = None
    usage: bool = False
    outcomes: tuple[Outcome, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    calls: int = 0
    lead_in: int = 0


@dataclass(frozen=True, kw_only=True)
class RoundsMessage(Alive):
    """``samples``: rows of ``lockstep.COLUMNS``, None in a sign of life; ``refused``: why, by subject."""

    samples: Rows | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
