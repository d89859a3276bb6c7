"""lobench: a laboratory for optimizations of market-by-order event engines.

Its parts are ``lobench.engine`` (records, feeds, books, features, the replay), ``lobench.variants`` (one file or folder
for each phase of the plan), ``lobench.workbench`` (verification, measurement, comparison, history) and
``lobench.reports`` (pages). The names below are the public interface. Each is loaded at first use, because this module
is imported before every part, even if only the engine's own dependencies are installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lobench._batch import batch
    from lobench._commands import compare, conform, inspect, latency, list_variants, read_result, run, verify
    from lobench._feeds import Source, convert, generate, open
    from lobench._rows import ReplayInterrupted, book, features, replay, rows
    from lobench.engine.errors import FeedError, LobenchError, StaleError, StrictError, UsageError
    from lobench.engine.feeds import load, open_feed
    from lobench.engine.policy import Variant
    from lobench.engine.replay import Replay
    from lobench.variants import discover, load_file, resolve
    from lobench.workbench.as_of import BookView
    from lobench.workbench.batch.driving import BatchOutcome
    from lobench.workbench.experiment.feed import FeedExperiment
    from lobench.workbench.experiment.step import Step
    from lobench.workbench.lines.calling import lines
    from lobench.workbench.lines.region import region
    from lobench.workbench.replaying.outcome import ReplayOutcome
    from lobench.workbench.results.tables import RunResult
    from lobench.workbench.rows.stream import RowStream
    from lobench.workbench.version import version

_PLACES = {
    "BatchOutcome": "workbench.batch.driving",
    "BookView": "workbench.as_of",
    "FeedError": "engine.errors",
    "FeedExperiment": "workbench.experiment.feed",
    "LobenchError": "engine.errors",
    "Replay": "engine.replay",
    "ReplayInterrupted": "_rows",
    "ReplayOutcome": "workbench.replaying.outcome",
    "RowStream": "workbench.rows.stream",
    "RunResult": "workbench.results.tables",
    "Source": "_feeds",
    "StaleError": "engine.errors",
    "Step": "workbench.experiment.step",
    "StrictError": "engine.errors",
    "UsageError": "engine.errors",
    "Variant": "engine.policy",
    "batch": "_batch",
    "book": "_rows",
    "compare": "_commands",
    "conform": "_commands",
    "convert": "_feeds",
    "discover": "variants",
    "features": "_rows",
    "generate": "_feeds",
    "inspect": "_commands",
    "latency": "_commands",
    "lines": "workbench.lines.calling",
    "list_variants": "_commands",
    "load": "engine.feeds",
    "load_file": "variants",
    "open": "_feeds",
    "open_feed": "engine.feeds",
    "read_result": "_commands",
    "region": "workbench.lines.region",
    "replay": "_rows",
    "resolve": "variants",
    "rows": "_rows",
    "run": "_commands",
    "verify": "_commands",
    "version": "workbench.version",
}
"""Public name to the part that defines it."""

__all__ = [
    "BatchOutcome",
    "BookView",
    "FeedError",
    "FeedExperiment",
    "LobenchError",
    "Replay",
    "ReplayInterrupted",
    "ReplayOutcome",
    "RowStream",
    "RunResult",
    "Source",
    "StaleError",
    "Step",
    "StrictError",
    "UsageError",
    "Variant",
    "batch",
    "book",
    "compare",
    "conform",
    "convert",
    "discover",
    "features",
    "generate",
    "inspect",
    "latency",
    "lines",
    "list_variants",
    "load",
    "load_file",
    "open",
    "open_feed",
    "read_result",
    "region",
    "replay",
    "resolve",
    "rows",
    "run",
    "verify",
    "version",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'lobench' has no attribute '{name}'")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"lobench.{_PLACES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext lobench`` in a notebook: the magic ``%%lines``."""
    from lobench.workbench.lines.magic import register

    register(shell)
