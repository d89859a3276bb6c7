"""Profiles that ``lobench profile`` wrote, read again."""

from __future__ import annotations

import json
from pathlib import Path

from lobench.engine.errors import UsageError
from lobench.workbench.profile.model.variant import Ablation, Profiled
from lobench.workbench.profile.summary import share_of

NAME = "profile.json"


def saved_profile(name: str) -> Profiled | None:
    """A variant's profile: the file, or the one in a folder; None for everything else."""
    path = Path(name)
    try:
        found = json.loads((path / NAME if path.is_dir() else path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Profiled.of(found) if isinstance(found, dict) and found.get("kind") == "variant-profile" else None


def time_share(profile: Profiled, stage: str, feed: str | None = None) -> tuple[tuple[float, float], str]:
    """Low and high end of a stage's share of the time, and the method that measured it.

    Raises UsageError for a profile of another ``feed``, for a stage that it does not know, and where instructions were
    counted and no time was measured.
    """
    known = {profile.feed, *(found.feed for found in profile.methods.values() if not isinstance(found, Ablation))}
    if feed is not None and feed not in known:
        raise UsageError(f"the profile is of {profile.feed}, not of {feed}")
    share = share_of(profile, stage)
    if share.method == "callgrind":
        raise UsageError(
            f"the profile of {profile.variant} holds only counts of instructions for '{stage}', which are not a share "
            "of the time; lobench profile --with ablation or --with perf measures it"
        )
    return (max(0.0, share.low), max(0.0, share.high)), share.method
