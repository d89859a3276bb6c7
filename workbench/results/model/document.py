"""The whole document: the measurements, their conditions and their feeds.

A feed's part and the document grow as a run goes on, so these two are not frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from lobench.engine.stages import STAGES
from lobench.workbench.results.model.analysis import Analysis, Comparison
from lobench.workbench.results.model.contest import Contest
from lobench.workbench.results.model.environment import Environment
from lobench.workbench.results.model.fields import Omitted
from lobench.workbench.results.model.ladder import KeptLadder
from lobench.workbench.results.model.latency import Latency
from lobench.workbench.results.model.profiles import Profiles
from lobench.workbench.results.model.samples import MeasuredLimits, NamedSamples, SessionResult, Sweep


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """An engine from outside: its own name, its offers, and the rules that it declares to leave out."""

    name: str
    version: str
    offers: tuple[str, ...]
    leaves_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariantEntry:
    """A variant as it was. ``phase`` None: beside the ladder; ``replaced``: axes whose policies have no part in it;
    ``engine``: of an engine from outside, whose ``source_digest`` is that of its file."""

    name: str
    phase: int | None
    summary: str
    policies: Mapping[str, str]
    source_digest: str
    replaced: tuple[str, ...] = ()
    engine: Annotated[EngineEntry | None, Omitted()] = None


@dataclass(frozen=True, slots=True)
class Compared:
    """How far a session with engines from outside compares everything that it measures. ``books``: one of
    ``lobench.engine.scope.BOOKS``; ``trace``: whether running traces are; ``asked``: the stage that was asked for."""

    books: str
    trace: bool
    asked: str


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of a verification's comparisons, 16 hex digits each, as far as they were made."""

    trace: Annotated[str | None, Omitted()] = None
    state: Annotated[str | None, Omitted()] = None
    books: Annotated[str | None, Omitted()] = None
    features: Annotated[str | None, Omitted()] = None
    strategies: Annotated[str | None, Omitted()] = None


@dataclass(frozen=True, slots=True)
class Verified:
    """One replay compared with the reference; ``difference``: the first event after which it differs, for a person."""

    name: str
    workers: int
    agrees: bool
    digests: Digests | None
    difference: str | None
    compared: Annotated[str | None, Omitted()] = None
    """Of an engine from outside: the compared results, and those it does not offer."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The tuning profile that variants took which take one. ``digest``: of the records that it was fitted to;
    ``confirmed``: on others."""

    profile: str
    digest: str
    confirmed: bool
    parameters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class AddedPart:
    """The result of a user's own step. ``result``: its return value, as JSON, None if it failed; ``problem``: why."""

    title: str
    result: Any
    problem: str | None


@dataclass(slots=True)
class FeedResult:
    """One feed: its identity, its verification and measurements (None: not measured), and their analysis."""

    specs: tuple[str, ...]
    name: str
    digest: str
    events: int
    evaluations: int
    books: int
    anomalies: Mapping[str, int]
    verification: tuple[Verified, ...]
    counters: Mapping[str, Mapping[str, int]]
    session: SessionResult | None
    factorial: SessionResult | None
    isolated: NamedSamples | None
    scaling: NamedSamples | None
    limits: MeasuredLimits | None
    analysis: Analysis | None
    from_top: SessionResult | None = None
    at_once: NamedSamples | None = None
    tuning: Tuning | None = None
    profiles: Annotated[Profiles | None, Omitted()] = None
    comparison: Annotated[Comparison | None, Omitted()] = None
    added: Annotated[Mapping[str, AddedPart] | None, Omitted()] = None
    """By the names of the user's own steps."""
    latency: Annotated[Latency | None, Omitted()] = None

    @property
    def sessions(self) -> list[SessionResult]:
        """Those that were measured."""
        return [part for part in (self.session, self.factorial, self.from_top) if part is not None]


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a measurement. Variants, evaluation and last stage are in the document itself.

    ``feeds``: the words of each, in order; ``variants_from``: the user's files; ``tuning``: the named tuning file,
    ``none``, or None for automatic choice. ``seconds``: the budget of each feed's session; ``time_limit``: seconds for
    verifying one variant. ``ladder``: the user's ladder file.
    """

    feeds: tuple[tuple[str, ...], ...]
    variants_from: tuple[str, ...]
    tuning: str | None
    seconds: float
    processes: int | None
    precision: float | None
    time_limit: float | None
    ladder: Annotated[str | None, Omitted()] = None


@dataclass(slots=True)
class Result:
    """A result document, without the name and version of its schema, which every file has. ``ladder``: None for
    lobench's own; ``contest``: of contestants other than variants, which has no feeds."""

    kind: str
    created: str
    command: str
    status: str
    evaluate: str
    until: str
    environment: Environment
    source_digest: str
    variants: tuple[VariantEntry, ...]
    feeds: list[FeedResult]
    sweep: Sweep | None
    options: Annotated[Options | None, Omitted()] = None
    compared: Annotated[Compared | None, Omitted()] = None
    ladder: Annotated[KeptLadder | None, Omitted()] = None
    contest: Annotated[Contest | None, Omitted()] = None

    @property
    def whole(self) -> bool:
        """Whether the ladder was measured to its last stage: otherwise there are no verdicts on its steps."""
        return self.until == (self.ladder.until if self.ladder else STAGES[-1])

    @property
    def phases(self) -> dict[str, int]:
        """Variants of the ladder to their phases."""
        return {entry.name: entry.phase for entry in self.variants if entry.phase is not None}
