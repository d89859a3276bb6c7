"""How long events take to be answered, as one more step of an experiment."""

from __future__ import annotations

from collections.abc import Sequence

from lobench.engine.feeds import Feed, LoadedFeed, load
from lobench.engine.workload import Workload
from lobench.workbench.console import progress
from lobench.workbench.experiment.document import Document
from lobench.workbench.latency.arrivals import clock_of
from lobench.workbench.latency.asked import Asked
from lobench.workbench.latency.measure import measure
from lobench.workbench.latency.shown import write_files
from lobench.workbench.measurement.shared_feed import SharedFeed
from lobench.workbench.results.model.document import FeedResult, Verified


def refuse_without_times(*feeds: Feed) -> None:
    """Before any is verified, which takes minutes. Raises UsageError where nobody knows when the records of one
    came."""
    for feed in feeds:
        clock_of(feed.name, load(feed).records)


def add_latency(
    document: Document,
    content: FeedResult,
    feed: LoadedFeed,
    handed: SharedFeed,
    names: Sequence[str],
    workload: Workload,
    asked: Asked,
    *,
    traced: bool,
) -> None:
    """Measure the latency of variants, the reference first, and keep it in ``content``, the feed's part of a document,
    and each distribution beside that. A variant that computes something else while its calls are timed has not
    agreed."""
    with progress("latency", len(names)) as ticker:
        content.latency, lost = measure(
            feed, handed, names, workload, asked, traced=traced, advance=lambda: ticker.advance()
        )
    content.verification = (
        *content.verification,
        *(Verified(name, 1, False, None, reason) for name, reason in lost.items()),
    )
    document.save()
    write_files(content, document.folder.path)
