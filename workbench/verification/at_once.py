"""Several variants' processes at once: where nothing is timed, the processors share the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lobench.engine.foreign.start import Contestant
from lobench.workbench.measurement.clocks import usable_cpus
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.verification.isolated import Host

Outcome = TypeVar("Outcome")

_MOST = 8
"""Processes at once: each takes the memory of its variant's books."""


def each(
    variants: Sequence[Contestant],
    files: Sequence[str],
    feeds: Sequence[SharedFeed],
    work: Callable[[Contestant, Host], Outcome],
    *,
    allowed: int | None = None,
    beside: Sequence[Host] = (),
) -> list[Outcome]:
    """The return value of ``work`` for each variant with its process, in the order of ``variants``, as many at once as
    there are processors. ``allowed``: bytes that a process may grow by (``Host.allowed``). An exception, or an
    interrupt, of one ends the processes of all, and those ``beside`` that they use."""
    hosts = [Host(variant.name, files, feeds, allowed) for variant in variants]

    def closed(variant: Contestant, host: Host) -> Outcome:
        with host:
            return work(variant, host)

    with ThreadPoolExecutor(max(1, min(len(usable_cpus()), _MOST))) as pool:
        found = [pool.submit(closed, variant, host) for variant, host in zip(variants, hosts, strict=True)]
        try:
            return [one.result() for one in found]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for host in (*hosts, *beside):
                host.end()
            raise
