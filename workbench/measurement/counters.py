"""Mechanism counters of a feed, from the instrumented build of each variant; and the number of resting orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.start import Contestant
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay
from lobench.engine.workload import Workload
from lobench.workbench.console import progress
from lobench.workbench.precompile import compile_all
from lobench.workbench.verification.at_once import each
from lobench.workbench.verification.isolated import FaultError, Host, RemoteMachine, handed
from lobench.workbench.verification.machines import MachineSettings

_LOOKS = 32
"""Times that a feed's live orders are counted."""


def count(
    feed: LoadedFeed,
    variants: Sequence[Contestant],
    workload: Workload,
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Variant to counter to its total over the feed, each counted in a separate process; and the fault of those without
    counts. Engines from outside have no counters."""
    own = [variant for variant in variants if isinstance(variant, Variant)]
    faults = compile_all(own, ("counted",), workload)
    counted = {}
    compiled = [variant for variant in own if variant.name not in faults]
    with handed([feed]) as shared, progress("counting", feed.count * len(compiled), records=True) as ticker:

        def counts(variant: Contestant, host: Host) -> dict[str, int] | FaultError:
            settings = MachineSettings(workload=workload, scope=variant.scope(workload.until))
            try:
                return RemoteMachine(host, variant, 0, settings).count(ticker.advance)
            except FaultError as fault:
                return fault

        for variant, found in zip(compiled, each(compiled, workload.files, shared, counts), strict=True):
            if isinstance(found, FaultError):
                faults[variant.name] = found.reason
            else:
                counted[variant.name] = found
    return counted, faults


def peak_orders(feed: LoadedFeed, variant: Variant, workload: Workload) -> int:
    """Most orders that rest in all books together, looked at at equal distances; at least 1."""
    most = 1
    edges = [feed.count * look // _LOOKS for look in range(_LOOKS + 1)]
    with Replay(variant, evaluate=workload.evaluate, observe=False, until=workload.until) as replay:
        for start, stop in pairwise(edges):
            replay.apply(feed.slice(start, stop))
            most = max(most, int(replay.memory()["orders"]))
    return most
