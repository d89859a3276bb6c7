"""Verifying a whole set of variants on one feed, with progress."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import UsageError
from engine.feeds import LoadedFeed
from engine.policy import Variant
from engine.registry import FEATURES, STRATEGIES
from variants import REFERENCE, discover
from workbench.console import progress
from workbench.machines import OracleMachine, VariantMachine
from workbench.proof import Questions
from workbench.verify import Verification, verify
from workbench.warming import warm_all


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
) -> list[Verification]:
    """The reference's own proof, then each variant with each number of workers, then the oracle, compared with it.

    All replays stop after stage ``until``, in the build that is timed. ``deep``: digests of everything at every batch
    boundary are compared, too; beside the oracle they always are. ``files`` are the user's own variants. The reference
    with one worker comes first whether it was asked for or not.
    Raises UsageError when the oracle is asked for features or strategies that it does not know.
    """
    if oracle:
        from engine.oracle.features import FEATURES as KNOWN_FEATURES
        from engine.oracle.strategies import STRATEGIES as KNOWN_STRATEGIES

        if (*FEATURES, *STRATEGIES) != (*KNOWN_FEATURES, *KNOWN_STRATEGIES):
            raise UsageError(
                "the oracle knows only lobench's own features and strategies; "
                "leave out --oracle, or the file that adds some"
            )
    baseline = discover()[REFERENCE]
    warm_all([baseline, *variants], builds=("timed", "observed") if deep else ("timed",), files=files, until=until)
    if oracle:
        warm_all([baseline], builds=("observed",), files=files)
    pairs = [(variant, count) for variant in variants for count in workers]
    pairs = [pair for pair in pairs if pair != (baseline, 1)]
    questions = Questions(feed)
    total = feed.count * (1 + len(pairs) + oracle)
    with progress("verifying", total, records=True) as ticker:
        ticker.label(f"verifying {baseline.name}")
        reference = VariantMachine(baseline, evaluate=evaluate, until=until, deep=deep or oracle, questions=questions)
        expected = reference.replay(feed, feed.count, ticker.advance)
        outcomes = [Verification(baseline.name, 1, expected, ())]
        for variant, count in pairs:
            ticker.label(f"verifying {variant.name}, {count} workers")
            machine = VariantMachine(
                variant, workers=count, evaluate=evaluate, until=until, deep=deep, questions=questions
            )
            outcomes.append(verify(feed, reference, expected, machine, ticker.advance))
        if oracle:
            ticker.label("verifying against the oracle")
            outcomes.append(verify(feed, reference, expected, OracleMachine(evaluate=evaluate), ticker.advance))
    return outcomes
