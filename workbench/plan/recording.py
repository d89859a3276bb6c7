"""Writing a prediction into a ledger, and the measurements that forbid it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.stages import STAGES
from lobench.workbench.atomic_write import write_whole
from lobench.workbench.plan.ledger import read_ledger
from lobench.workbench.results.model.ladder import Prediction
from lobench.workbench.results.reading import parse


def measured_in(
    folders: Iterable[Path], phase: int, unreadable: Callable[[str], None], ladder: str | None = None
) -> Path | None:
    """The first ``result.json`` below ``folders`` with samples of that phase, of any schema version, complete or not;
    None if there is none. ``ladder``: the name of a user's, None for lobench's own; results of other ladders do not
    count. ``unreadable`` receives files that cannot be judged."""
    for folder in folders:
        for path in sorted(folder.rglob("result.json")):
            try:
                document = parse(path)
            except LobenchError as error:
                unreadable(str(error))
                continue
            if phase in _phases(document, ladder):
                return path
    return None


def record(path: Path, prediction: Prediction, *, replace: bool = False, steps: Sequence[str] = ()) -> None:
    """Add a prediction to the ledger in ``path``, which may not exist yet; comments and order stay as they are.
    ``steps``: names of a ladder's steps where the file is a ladder's, which names them.

    Raises UsageError if the phase has one already for that feed, unless ``replace``, and when the file cannot be
    written.
    """
    existing = read_ledger(path, steps) if path.exists() else []
    same = [place for place, entry in enumerate(existing) if _key(entry) == _key(prediction)]
    if same and not replace:
        old = existing[same[0]]
        raise UsageError(
            f"{path}: phase {prediction.phase} already has a prediction: {old.gain}, {old.source}, {old.date}; "
            "--replace replaces it, as long as nothing was measured"
        )
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    if "prediction" not in document:
        document["prediction"] = tomlkit.aot()
    entries: Any = document["prediction"]
    if same:
        entry = entries[same[0]]
        for name in list(entry):
            del entry[name]
        entry.update(_table(prediction, steps))
        if same[0] < len(entries) - 1 and not entry.as_string().endswith("\n\n"):
            entry.add(tomlkit.nl())
    else:
        if len(entries):
            entries[-1].add(tomlkit.nl())
        entries.append(_table(prediction, steps))
    write_whole(path, tomlkit.dumps(document), "--ledger names another file")


def _key(entry: Prediction) -> tuple[int, str | None]:
    return entry.phase, entry.feed[1] if entry.feed else None


def _table(prediction: Prediction, steps: Sequence[str]) -> Any:
    table = tomlkit.table()
    if steps:
        table["step"] = steps[prediction.phase]
    else:
        table["phase"] = prediction.phase
    for name in ("bottleneck", "before", "after"):
        if getattr(prediction, name) is not None:
            table[name] = getattr(prediction, name)
    table["gain"] = [round(prediction.low, 4), round(prediction.high, 4)]
    if prediction.share is not None:
        table["share"] = [round(value, 6) for value in prediction.share]
    if prediction.speedup is not None:
        table["speedup"] = prediction.speedup
    if prediction.feed is not None:
        feed = tomlkit.inline_table()
        feed.update(dict(zip(("name", "digest"), prediction.feed, strict=True)))
        table["feed"] = feed
    table["source"] = prediction.source
    table["date"] = datetime.date.fromisoformat(prediction.date)
    return table


def _phases(document: dict[str, Any], ladder: str | None) -> set[int]:
    """Phases of a ladder that a document holds samples of. Documents of version 1 have one feed, at the top. A part of
    the pipeline is no measurement of a phase."""
    try:
        kept = document["ladder"] if "ladder" in document else {"name": None, "until": STAGES[-1]}
        if kept["name"] != ladder or document.get("until", STAGES[-1]) != kept["until"]:
            return set()
        phases = {variant["name"]: variant["phase"] for variant in document["variants"]}
        sessions = [feed["session"] for feed in document["feeds"]] if "feeds" in document else [document]
        names = [name for session in sessions if session and session["samples"]["rows"] for name in session["measured"]]
    except (KeyError, TypeError):
        return set()  # other JSON under this name
    return {phases[name] for name in names if phases.get(name) is not None}
