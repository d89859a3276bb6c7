"""lobench: a laboratory for optimizations of market-by-order event engines.

Its parts are ``lobench.engine`` (records, feeds, books, features, the replay), ``lobench.variants`` (one file or folder
for each phase of the plan), ``lobench.workbench`` (verify, measure, compare, record) and ``lobench.reports`` (pages).
The names below are the public interface; each is loaded when it is first used, as this module is imported before every
part, also where only the engine's own dependencies are installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lobench.engine.errors import FeedError, LobenchError, UsageError
    from lobench.engine.feeds import load, open_feed
    from lobench.engine.policy import Variant
    from lobench.engine.replay import Replay
    from lobench.variants import discover, load_file, resolve
    from lobench.workbench.lines.calling import lines
    from lobench.workbench.lines.region import region
    from lobench.workbench.version import version

_PLACES = {
    "FeedError": "engine.errors",
    "LobenchError": "engine.errors",
    "Replay": "engine.replay",
    "UsageError": "engine.errors",
    "Variant": "engine.policy",
    "discover": "variants",
    "lines": "workbench.lines.calling",
    "load": "engine.feeds",
    "load_file": "variants",
    "open_feed": "engine.feeds",
    "region": "workbench.lines.region",
    "resolve": "variants",
    "version": "workbench.version",
}
"""Public name to the part that defines it."""

__all__ = [
    "FeedError",
    "LobenchError",
    "Replay",
    "UsageError",
    "Variant",
    "discover",
    "lines",
    "load",
    "load_file",
    "open_feed",
    "region",
    "resolve",
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
