"""Why a variant is as fast as it is: profiles down to the source line of a kernel, and where the next phase should
strike.

For other packages: ``for_report`` (one variant's entry of a report), ``share_of`` (a stage's share of the time),
``analysis_stages`` (all of them, as results keep them for predictions), ``saved_profile`` and ``time_share`` (the same
of a profile in a file).

Each name is loaded when it is first used: the process in which a library's instructions are counted loads no compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lobench.workbench.profile.report import for_report
    from lobench.workbench.profile.saved import saved_profile, time_share
    from lobench.workbench.profile.summary import analysis_stages, share_of

_PLACES = {
    "analysis_stages": "summary",
    "for_report": "report",
    "saved_profile": "saved",
    "share_of": "summary",
    "time_share": "saved",
}
"""Name to the module that defines it."""

__all__ = ["analysis_stages", "for_report", "saved_profile", "share_of", "time_share"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'lobench.workbench.profile' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"lobench.workbench.profile.{_PLACES[name]}"), name)
