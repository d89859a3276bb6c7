"""Verifying a whole set of variants on one feed, with progress."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import UsageError
from engine.feeds import LoadedFeed
from engine.policy import STAGES, Variant
from engine.registry import FEATURES, STRATEGIES
from variants import REFERENCE, discover
from workbench.console import progress
from workbench.machines import OracleMachine, VariantMachine
from workbench.verify import Verification, verify
from workbench.warming import warm_all


def verify_all(
    feed: LoadedFeed,
    variants: Sequence[Variant],
    workers: Sequence[int] = (1,),
    *,
    evaluate: str = "last",
    oracle: bool = False,
    files: Sequence[str] = (),
    until: str = "strategies",
) -> list[Verification]:
    """The reference's own result, then each variant with each number of workers, then the oracle, compared with it.

    Variants that stop after stage ``until`` agree if all that they compute does; those that only decode are compared
    with the reference decoding. ``files`` are the user's own
    variants. The reference with one worker comes first whether it was asked for or not.
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
    whole, decoding = until == STAGES[-1], until == STAGES[0]
    warm_all([baseline, *(variants if whole else [])], builds=("observed",), files=files)
    warm_all([*([baseline] if decoding else []), *variants], builds=("observed",), files=files, until=until)
    pairs = [(variant, count) for variant in variants for count in workers]
    pairs = [pair for pair in pairs if not whole or pair != (baseline, 1)]
    reference = VariantMachine(baseline, evaluate=evaluate)
    total = feed.count * (1 + len(pairs) + oracle)
    with progress("verifying", total, records=True) as ticker:
        ticker.label(f"verifying {baseline.name}")
        expected = reference.replay(feed, feed.count, ticker.advance)
        outcomes = [Verification(baseline.name, 1, expected, ())]
        if decoding:
            reference = VariantMachine(baseline, evaluate=evaluate, until=until)
            expected = reference.replay(feed, feed.count)
        for variant, count in pairs:
            ticker.label(f"verifying {variant.name}, {count} workers")
            machine = VariantMachine(variant, workers=count, evaluate=evaluate, until=until)
            outcomes.append(verify(feed, reference, expected, machine, ticker.advance))
        if oracle:
            ticker.label("verifying against the oracle")
            outcomes.append(verify(feed, reference, expected, OracleMachine(evaluate=evaluate), ticker.advance))
    return outcomes
