"""Verifying a whole set of variants on one feed or several, each variant in a process of its own, with progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.policy import Variant
from lobench.engine.registry import FEATURES, STRATEGIES
from lobench.variants import REFERENCE, discover
from lobench.workbench.console import Ticker, progress
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.precompile import compile_all
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
from lobench.workbench.verification.machines import OracleMachine
from lobench.workbench.verification.proof import Proof, Questions


@dataclass(frozen=True)
class Settings:
    """How all replays of a verification are made: as those of ``VariantMachine``. ``seconds``: what each may take;
    None: a multiple of what the reference takes. ``files``: the user's own variants."""

    workers: Sequence[int] = (1,)
    evaluate: str = "last"
    oracle: bool = False
    deep: bool = False
    files: Sequence[str] = ()
    until: str = "strategies"
    seconds: float | None = None


@dataclass
class _Feed:
    """A feed while it is verified: what is compared on it, the reference's side, and the outcomes so far."""

    feed: LoadedFeed
    place: int
    variants: dict[str, Variant]
    questions: Questions
    reference: RemoteMachine | None = None
    expected: Proof | None = None
    seconds: float = 0.0
    outcomes: list[Verification] = field(default_factory=list)


def verify_all(
    feed: LoadedFeed,
    variants: Sequence[Variant],
    workers: Sequence[int] = (1,),
    *,
    evaluate: str = "last",
    oracle: bool = False,
    deep: bool = False,
    files: Sequence[str] = (),
    until: str = "strategies",
    seconds: float | None = None,
) -> list[Verification]:
    """``verify_feeds`` of one feed: its outcomes."""
    settings = Settings(workers, evaluate, oracle, deep, files, until, seconds)
    return verify_feeds([(feed, variants)], settings)[0]


def verify_feeds(pairs: Sequence[tuple[LoadedFeed, Sequence[Variant]]], settings: Settings) -> list[list[Verification]]:
    """For each feed, with its variants: the reference's own proof, then each variant with each number of workers, then
    the oracle, compared with it. All feeds have variants of the same names.

    All replays stop after stage ``until``, in the build that is timed. ``deep``: digests of everything at every batch
    boundary are compared, too; beside the oracle they always are. The reference with one worker comes first whether it
    was asked for or not. What fails is an outcome that does not agree. Raises UsageError when the oracle is asked for
    features or strategies that it does not know, LobenchError when the reference itself fails.
    """
    if settings.oracle:
        _check_oracle()
    baseline = discover()[REFERENCE]
    chosen = pairs[0][1]
    problems = _compile(baseline, chosen, settings)
    with handed([feed for feed, _ in pairs]) as shared:
        feeds = [
            _Feed(feed, place, {variant.name: variant for variant in variants}, Questions(feed))
            for place, (feed, variants) in enumerate(pairs)
        ]
        total = sum(feed.count for feed, _ in pairs)
        runs = len(settings.workers) * len(chosen) + settings.oracle
        with (
            progress("verifying", total * (1 + runs), records=True) as ticker,
            Host(baseline.name, settings.files, shared) as host,
        ):
            for one in feeds:
                _begin(one, host, baseline, settings, ticker)
            for variant in chosen:
                _verify_variant(variant.name, feeds, shared, host, settings, problems.get(variant.name), ticker)
            for one in feeds if settings.oracle else ():
                ticker.label("verifying against the oracle")
                assert one.reference is not None
                assert one.expected is not None
                machine = OracleMachine(evaluate=settings.evaluate)
                one.outcomes.append(verify(one.feed, one.reference, one.expected, machine, ticker.advance))
    return [one.outcomes for one in feeds]


def _check_oracle() -> None:
    from lobench.engine.oracle.features import FEATURES as KNOWN_FEATURES
    from lobench.engine.oracle.strategies import STRATEGIES as KNOWN_STRATEGIES

    if (*FEATURES, *STRATEGIES) != (*KNOWN_FEATURES, *KNOWN_STRATEGIES):
        raise UsageError(
            "the oracle knows only lobench's own features and strategies; "
            "leave out --oracle, or the file that adds some"
        )


def _compile(baseline: Variant, variants: Sequence[Variant], settings: Settings) -> dict[str, str]:
    """Compile what is needed; name of a variant that does not compile to the reason. Raises LobenchError for the
    reference, which everything is compared with."""
    builds = ("timed", "observed") if settings.deep else ("timed",)
    problems = compile_all([baseline, *variants], builds=builds, files=settings.files, until=settings.until)
    if settings.oracle and baseline.name not in problems:
        problems |= compile_all([baseline], builds=("observed",), files=settings.files)
    if baseline.name in problems:
        raise LobenchError(f"{baseline.name}: {problems[baseline.name]}")
    return problems


def _begin(one: _Feed, host: Host, baseline: Variant, settings: Settings, ticker: Ticker) -> None:
    """The reference's proof of a feed."""
    ticker.label(f"verifying {baseline.name}")
    deep = settings.deep or settings.oracle
    one.reference = RemoteMachine(
        host,
        baseline,
        one.place,
        evaluate=settings.evaluate,
        until=settings.until,
        deep=deep,
        questions=one.questions,
    )
    try:
        one.reference.warm()
        began = time.monotonic()
        one.expected = one.reference.replay(one.feed, one.feed.count, ticker.advance)
    except FaultError as fault:
        reason = failed(one.feed, one.reference, fault).reason
        raise LobenchError(f"{one.feed.name}: {baseline.name}: {reason}") from None
    one.seconds = time.monotonic() - began
    one.outcomes.append(Verification(baseline.name, 1, one.expected, ()))


def _verify_variant(
    name: str,
    feeds: Sequence[_Feed],
    shared: Sequence[SharedFeed],
    reference: Host,
    settings: Settings,
    problem: str | None,
    ticker: Ticker,
) -> None:
    """One variant's outcomes on all feeds with all numbers of workers, in a process of its own."""
    with Host(name, settings.files, shared) as host:
        host.allowed = max(LEAST_GROWTH, TIMES_GROWTH * reference.growth)
        for one in feeds:
            for workers in settings.workers:
                if (name, workers) == (REFERENCE, 1):
                    continue
                ticker.label(f"verifying {name}, {workers} workers")
                machine = _machine(host, one, name, workers, settings)
                one.outcomes.append(_outcome(one, machine, problem, ticker.advance))


def _machine(host: Host, one: _Feed, name: str, workers: int, settings: Settings) -> RemoteMachine:
    seconds = settings.seconds
    allowance = "; --time-limit SECONDS allows more"
    if seconds is None:
        # Twice: the feed is replayed once more in calls of other lengths.
        seconds = max(LEAST_SECONDS, 2 * TIMES_REFERENCE * one.seconds)
        allowance = f"; the reference takes {one.seconds:.1f} s{allowance}"
    return RemoteMachine(
        host,
        one.variants[name],
        one.place,
        workers=workers,
        evaluate=settings.evaluate,
        until=settings.until,
        deep=settings.deep,
        questions=one.questions,
        calls=True,
        seconds=seconds,
        allowance=allowance,
    )


def _outcome(one: _Feed, machine: RemoteMachine, problem: str | None, advance: Callable[[int], None]) -> Verification:
    assert one.reference is not None
    assert one.expected is not None
    if problem is not None:
        return failed(one.feed, machine, FaultError("compile", problem))
    try:
        machine.warm()
    except FaultError as fault:
        return failed(one.feed, machine, fault)
    return verify(one.feed, one.reference, one.expected, machine, advance)
