"""Verifying a whole set of variants on one feed or several, each variant in a process of its own, as many at once as
there are processors, with progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.engine.scope import Scope, told
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload
from lobench.variants import REFERENCE, discover
from lobench.workbench.console import Ticker, progress
from lobench.workbench.precompile import compile_all
from lobench.workbench.verification.at_once import each
from lobench.workbench.verification.compare import Verification, failed, verify
from lobench.workbench.verification.isolated import (
    LEAST_GROWTH,
    LEAST_SECONDS,
    TIMES_GROWTH,
    TIMES_REFERENCE,
    FaultError,
    Host,
    RemoteMachine,
    handed,
)
from lobench.workbench.verification.machines import MachineSettings, OracleMachine
from lobench.workbench.verification.proof import Proof, Questions


@dataclass(frozen=True)
class Settings:
    """How all replays of a verification are made. ``seconds``: limit for each; None: a multiple of the reference's
    time. An engine that offers less than the workload's ``until`` goes as far as it can; ``asked``: the stage against
    which its omissions are reported, None for ``until``."""

    workload: Workload
    workers: Sequence[int] = (1,)
    oracle: bool = False
    deep: bool = False
    seconds: float | None = None
    asked: str | None = None


@dataclass
class _Side:
    """The reference's side of a comparison, and the seconds that it took."""

    machine: RemoteMachine
    proof: Proof
    seconds: float


@dataclass
class _Feed:
    """A feed during its verification: the comparisons on it, the reference's side of each scope, and the outcomes so
    far."""

    feed: LoadedFeed
    place: int
    variants: dict[str, Contestant]
    questions: Questions
    references: dict[Scope, _Side] = field(default_factory=dict)
    outcomes: list[Verification] = field(default_factory=list)


def verify_all(feed: LoadedFeed, variants: Sequence[Contestant], settings: Settings) -> list[Verification]:
    """``verify_feeds`` of one feed: its outcomes."""
    return verify_feeds([(feed, variants)], settings)[0]


def verify_feeds(
    pairs: Sequence[tuple[LoadedFeed, Sequence[Contestant]]], settings: Settings
) -> list[list[Verification]]:
    """For each feed, with its variants: the reference's own proof, then each variant with each number of workers, then
    the oracle, compared with it. All feeds have variants of the same names.

    All replays stop after the workload's last stage, in the build that is timed. ``deep``: digests of everything at
    every batch boundary are compared, too; beside the oracle they always are. The reference with one worker comes first
    whether it was asked for or not. What fails is an outcome that does not agree. An engine from outside is compared as
    far as it offers, on no more workers than it has; of these there is always one. Raises UsageError when the oracle is
    asked for features or strategies that it does not know, LobenchError when the reference itself fails.
    """
    if settings.oracle:
        _check_oracle()
    baseline = discover()[REFERENCE]
    chosen, until = pairs[0][1], settings.workload.until
    scopes = dict.fromkeys([Scope(until=until), *(variant.scope(until) for variant in chosen)])
    problems = _compile(baseline, chosen, settings, scopes)
    with handed([feed for feed, _ in pairs]) as shared:
        feeds = [
            _Feed(feed, place, {variant.name: variant for variant in variants}, Questions(feed))
            for place, (feed, variants) in enumerate(pairs)
        ]
        total = sum(feed.count for feed, _ in pairs)
        runs = sum(len(_workers(variant, settings)) for variant in chosen) + settings.oracle
        with (
            progress("verifying", total * (len(scopes) + runs), records=True) as ticker,
            Host(baseline.name, settings.workload.files, shared) as host,
        ):
            for one in feeds:
                for scope in scopes:
                    one.references[scope] = _begin(one, host, baseline, scope, settings, ticker)
                proof = one.references[Scope(until=until)].proof
                one.outcomes.append(Verification(baseline.name, 1, proof, ()))

            def verified(variant: Contestant, own: Host) -> list[list[Verification]]:
                return _verify_variant(variant, own, feeds, settings, problems.get(variant.name), ticker)

            growth = max(LEAST_GROWTH, TIMES_GROWTH * host.growth)
            files = settings.workload.files
            for outcomes in each(chosen, files, shared, verified, allowed=growth, beside=[host]):
                for one, mine in zip(feeds, outcomes, strict=True):
                    one.outcomes += mine
            for one in feeds if settings.oracle else ():
                ticker.label("verifying against the oracle")
                side = one.references[Scope(until=until)]
                machine = OracleMachine(settings.workload.evaluate)
                one.outcomes.append(verify(one.feed, side.machine, side.proof, machine, ticker.advance))
    return [one.outcomes for one in feeds]


def _check_oracle() -> None:
    from lobench.engine.oracle.features import FEATURES as KNOWN_FEATURES
    from lobench.engine.oracle.strategies import STRATEGIES as KNOWN_STRATEGIES

    if (*FEATURES, *STRATEGIES) != (*KNOWN_FEATURES, *KNOWN_STRATEGIES):
        raise UsageError(
            "the oracle knows only lobench's own features and strategies; "
            "leave out --oracle, or the file that adds some"
        )


def _workers(variant: Contestant, settings: Settings) -> list[int]:
    """Numbers of workers that it is verified with."""
    if not isinstance(variant, ForeignEngine):
        return list(settings.workers)
    return [count for count in settings.workers if count <= variant.most_workers] or [1]


def _compile(
    baseline: Variant, chosen: Sequence[Contestant], settings: Settings, scopes: Iterable[Scope]
) -> dict[str, str]:
    """Compile the needed kernels; name of a variant that does not compile to the reason. Raises LobenchError for the
    reference, which everything is compared with."""
    builds = ("timed", "observed") if settings.deep else ("timed",)
    variants = [variant for variant in chosen if isinstance(variant, Variant)]
    workload = settings.workload
    problems = compile_all([baseline, *variants], builds, workload)
    # Only the reference, which needs no file of the user's.
    shorter = dict.fromkeys(scope.until for scope in scopes if scope.until != workload.until)
    problems |= compile_all([baseline], ("timed",), replace(workload, files=()), stages=list(shorter))
    if settings.oracle and baseline.name not in problems:
        problems |= compile_all([baseline], ("observed",), workload, stages=STAGES[-1:])
    if baseline.name in problems:
        raise LobenchError(f"{baseline.name}: {problems[baseline.name]}")
    return problems


def _begin(one: _Feed, host: Host, baseline: Variant, scope: Scope, settings: Settings, ticker: Ticker) -> _Side:
    """The reference's proof of a feed."""
    ticker.label(f"verifying {baseline.name}")
    engines = any(isinstance(variant, ForeignEngine) for variant in one.variants.values())
    whole = scope == Scope(until=settings.workload.until)
    deep = whole and (settings.deep or settings.oracle)
    how = MachineSettings(
        workload=settings.workload, scope=scope, deep=deep, seed=one.questions.seed, states=settings.deep and engines
    )
    machine = RemoteMachine(host, baseline, one.place, how)
    try:
        machine.warm()
        began = time.monotonic()
        proof = machine.replay(one.feed, one.feed.count, ticker.advance)
    except FaultError as fault:
        reason = failed(one.feed, machine, fault).reason
        raise LobenchError(f"{one.feed.name}: {baseline.name}: {reason}") from None
    return _Side(machine, proof, time.monotonic() - began)


def _verify_variant(
    variant: Contestant, host: Host, feeds: Sequence[_Feed], settings: Settings, problem: str | None, ticker: Ticker
) -> list[list[Verification]]:
    """One variant's outcomes on each feed with all numbers of workers."""
    name, until = variant.name, settings.workload.until
    found: list[list[Verification]] = []
    for one in feeds:
        found.append([])
        side = one.references[variant.scope(until)]
        for workers in _workers(variant, settings):
            if (name, workers) == (REFERENCE, 1):
                continue
            ticker.label(f"verifying {name}, {workers} workers")
            machine = _machine(host, one, side, name, workers, settings)
            outcome = _outcome(one.feed, side, machine, problem, ticker.advance)
            if isinstance(variant, ForeignEngine):
                outcome = replace(outcome, compared=told(side.proof.scope, settings.asked or until))
            found[-1].append(outcome)
    return found


def _machine(host: Host, one: _Feed, side: _Side, name: str, workers: int, settings: Settings) -> RemoteMachine:
    seconds = settings.seconds
    allowance = "; --time-limit SECONDS allows more"
    if seconds is None:
        # Twice: the feed is replayed again in calls of other lengths.
        seconds = max(LEAST_SECONDS, 2 * TIMES_REFERENCE * side.seconds)
        allowance = f"; the reference takes {side.seconds:.3g} s{allowance}"
    how = MachineSettings(
        workload=replace(settings.workload, orders=one.feed.most_orders, instruments=one.feed.instruments),
        scope=side.proof.scope,
        workers=workers,
        deep=settings.deep,
        seed=one.questions.seed,
        calls=True,
        states=settings.deep and isinstance(one.variants[name], ForeignEngine),
    )
    return RemoteMachine(host, one.variants[name], one.place, how, seconds=seconds, allowance=allowance)


def _outcome(
    feed: LoadedFeed, side: _Side, machine: RemoteMachine, problem: str | None, advance: Callable[[int], None]
) -> Verification:
    if problem is not None:
        return failed(feed, machine, FaultError("compile", problem))
    try:
        machine.warm()
    except FaultError as fault:
        return failed(feed, machine, fault)
    return verify(feed, side.machine, side.proof, machine, advance)
