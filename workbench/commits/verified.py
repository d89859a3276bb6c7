"""Verifies a commit's engines against lobench's reference; the outcome is stored with the commit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from lobench.engine.cache import source_digest
from lobench.engine.errors import UsageError
from lobench.engine.feeds import load, open_feed
from lobench.engine.foreign.engine import LIBRARIES, ForeignEngine, note
from lobench.engine.scope import Scope, least
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.commits.feeds import NamedFeed
from lobench.workbench.commits.locating import Apart
from lobench.workbench.commits.sources import BrokenError, Source
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.isolated import FaultError, described
from lobench.workbench.verification.variants import Settings, verify_all

_BY_OTHERS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
"""Signals that usually come from another process."""
_SHOWN = 3
"""Number of features to show."""


def engines_of(source: Source) -> dict[str, ForeignEngine]:
    """The engines of a source by name, each source's loaded in a process of its own: those of several commits have
    helpers of the same names. Raises BrokenError."""
    try:
        found = _described(source.kernels / "engines.json", tuple(file for _, file in source.engines))
    except UsageError as error:
        raise BrokenError(f"{source.label}: {error}", source.key, own=True) from error
    for name, _ in source.engines:
        if name not in found:
            raise BrokenError(f"{source.label}: {name} defines no engine", source.key, own=True)
    return {name: found[name] for name, _ in source.engines}


@cache
def _described(store: Path, files: tuple[str, ...]) -> dict[str, ForeignEngine]:
    """The engines of a source's files by name. The files never change, so what they say is kept in ``store``."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(store.read_text(encoding="utf-8"))
        if kept["by"] == source_digest():
            return {one["name"]: _engine(one) for one in kept["engines"]}
    engines = described(files)
    # A Python engine's class stays in the process that loaded it.
    told = [{name: value for name, value in vars(one).items() if name != "make"} for one in engines]
    content = json.dumps({"by": source_digest(), "engines": told})
    write_whole(store, content, "LOBENCH_CACHE_DIR names another cache", folders=True)
    return {engine.name: engine for engine in engines}


def _engine(told: dict[str, Any]) -> ForeignEngine:
    engine = ForeignEngine(**{**told, "stages": tuple((symbol, stage) for symbol, stage in told["stages"])})
    if engine.path.endswith(LIBRARIES):
        note(engine)
    return engine


def scope_of(engines: Sequence[ForeignEngine]) -> Scope:
    """How far all of these go."""
    return least([engine.scope(STAGES[-1]) for engine in engines])


def verified(
    source: Source,
    engines: dict[str, ForeignEngine],
    variants: Sequence[str],
    feeds: Sequence[NamedFeed],
    evaluate: str,
) -> dict[str, Apart]:
    """The engines of a source whose results differ from the reference's, and the start of each difference.

    Raises BrokenError for an engine whose replay may have been ended from outside, which says nothing about its code.
    """
    store = source.kernels / "verified.json"
    try:
        kept = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    digests = [load(open_feed(feed.files)).digest for feed in feeds]
    names = [name for name in variants if name in engines]
    keys = {
        (place, name): f"{source_digest()} {digest} {evaluate} {name}"
        for place, digest in enumerate(digests)
        for name in names
    }
    for place, feed in enumerate(feeds):
        missing = [name for name in names if keys[place, name] not in kept]
        if missing:
            workload = Workload(evaluate=evaluate, files=tuple(file for _, file in source.engines))
            chosen = [engines[name] for name in missing]
            outcomes = verify_all(load(open_feed(feed.files)), chosen, Settings(workload))
            known = [one for one in outcomes if one.name in missing and not _from_outside(one.fault)]
            kept |= {keys[place, one.name]: None if one.agrees else _told(one) for one in known}
            write_whole(store, json.dumps(kept), "LOBENCH_CACHE_DIR names another cache", folders=True)
            for one in outcomes:
                if one.name in missing and _from_outside(one.fault):
                    raise BrokenError(f"{source.label}: {one.name} could not be verified: {one.reason}", source.key)
    found: dict[str, Apart] = {}
    for (place, name), key in keys.items():
        if kept[key] is not None:
            found.setdefault(name, Apart(place, *kept[key]))
    return found


def _from_outside(fault: FaultError | None) -> bool:
    """Whether a fault that a second run did not reproduce may be due to another process, or a lack of time or
    memory."""
    if fault is None or fault.record is not None:
        return False
    return fault.kind in ("time", "memory") or any(name in fault.reason for name in _BY_OTHERS)


def _told(outcome: Verification) -> tuple[int, str]:
    """The event and the difference."""
    difference = outcome.difference
    if difference is None:
        record = outcome.fault.record if outcome.fault is not None else None
        return record or 0, outcome.reason or ", ".join(outcome.kinds)
    event = f"after action {chr(difference.event['action'])!r}"
    features = [f"{name} {one!r} -> {other!r}" for name, one, other in difference.features()]
    more = f" and {len(features) - _SHOWN} more" if len(features) > _SHOWN else ""
    if features:
        return difference.record, f"{event} features {', '.join(features[:_SHOWN])}{more}"
    return difference.record, f"{event} {', '.join(difference.kinds)} differ"
