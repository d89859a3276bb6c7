"""Rows of samples: whole numbers, one length, and every number within the document's bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

SESSIONS = ("session", "factorial", "from_top")
"""Parts of a feed that are sessions; null or absent where they were not measured."""

_POSITIVE = ("wall_ns", "cpu_ns", "workers")
"""Columns whose values are all positive; those of other columns are not negative."""
_KEYS = (
    ("process", "pass", "slice", "variant"),
    ("process", "pass", "variant", "workers"),
    ("value", "process", "pass", "variant"),
)
"""The columns that identify a sample of a kind."""


@dataclass(frozen=True)
class Limits:
    """The range of a column's values, if something other than the rows gives it: a session's design, which its isolated
    passes share."""

    slices: int | None = None
    processes: int | None = None
    passes: int | None = None


Holder = tuple[str, dict[str, Any], Sequence[str] | None, Limits]


def counted(columns: Sequence[str], row: Sequence[int]) -> list[int]:
    """A row as a document may hold it: values that a coarse clock or a reset counter made too small are raised to the
    smallest valid ones."""
    return [max(_least(name), value) for name, value in zip(columns, row, strict=True)]


def holders(document: dict[str, Any]) -> Iterator[Holder]:
    """Everything in a document that holds rows: JSON path, the holder, the names that its column ``variant`` indexes,
    and the design's limits for the others. Skips anything of another shape."""
    for place, feed in enumerate(_list(document.get("feeds"))):
        if not isinstance(feed, dict):
            continue
        for part in SESSIONS:
            session = feed.get(part)
            if isinstance(session, dict) and isinstance(session.get("samples"), dict):
                yield f"$.feeds[{place}].{part}.samples", session["samples"], session.get("measured"), _limits(session)
        for part in ("isolated", "scaling", "at_once"):
            if isinstance(feed.get(part), dict):
                # Isolated passes belong to some of the session's processes and have its slices.
                limits = _limits(feed.get("session")) if part == "isolated" else Limits()
                yield f"$.feeds[{place}].{part}", feed[part], feed[part].get("names"), limits
    contest = document.get("contest")
    session = contest.get("session") if isinstance(contest, dict) else None
    if isinstance(session, dict) and isinstance(session.get("samples"), dict):
        yield "$.contest.session.samples", session["samples"], session.get("measured"), _limits(session)
    if isinstance(document.get("sweep"), dict):
        yield "$.sweep", document["sweep"], document["sweep"].get("names"), Limits()


def problem(rows: Any, columns: Sequence[str], names: Sequence[str], limits: Limits) -> str | None:
    """The fault in rows, and its place; None if there is none.

    ``rows`` must be lists of as many integers as there are ``columns``, at least 0, times and workers above 0,
    ``variant`` and ``order`` below the number of ``names``, other indices within ``limits`` or, without these, below
    the number of rows, and no sample twice.
    """
    for place, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(columns):
            return f"[{place}]: not a list of {len(columns)} numbers ({', '.join(columns)})"
    if not rows:
        return None
    if set(map(type, chain.from_iterable(rows))) != {int}:
        place, value = next((place, value) for place, row in enumerate(rows) for value in row if type(value) is not int)
        return f"[{place}]: {str(value)[:40]!r} is not a whole number"
    try:
        table = np.array(rows, dtype=np.int64)
    except OverflowError:
        return ": a number does not fit 64 bits"
    for column, name in enumerate(columns):
        least, most = _range(name, len(names), limits, len(rows))
        bad = np.flatnonzero((table[:, column] < least) | (table[:, column] > most))
        if len(bad):
            place = int(bad[0])
            return f"[{place}]: {name} is {table[place, column]}, must be {least} to {most}"
    return _repeated(table, columns)


def _range(column: str, names: int, limits: Limits, rows: int) -> tuple[int, int]:
    counts = {
        "variant": names,
        "order": names,
        "contaminated": 2,
        "slice": limits.slices,
        "process": limits.processes,
        "pass": limits.passes,
    }
    if column not in counts:
        return _least(column), 2**63 - 1
    count = counts[column]
    # If the count is not recorded, every number below the largest must occur.
    return 0, (rows if count is None else count) - 1


def _least(column: str) -> int:
    return 1 if column in _POSITIVE else 0


def _repeated(table: npt.NDArray[np.int64], columns: Sequence[str]) -> str | None:
    key = next(key for key in _KEYS if set(key) <= set(columns))
    places = table[:, [columns.index(name) for name in key]]
    _, first, counts = np.unique(places, axis=0, return_index=True, return_counts=True)
    if (counts > 1).any():
        return f"[{int(first[counts > 1].min())}]: the sample of its {', '.join(key)} appears twice"
    return None


def _limits(session: Any) -> Limits:
    if not isinstance(session, dict) or not isinstance(session.get("design"), dict):
        return Limits()
    design, events = session["design"], session.get("events")
    records, processes, passes = (
        value if type(value := design.get(name)) is int and value > 0 else None
        for name in ("slice_records", "processes", "passes")
    )
    slices = -(-events // records) if records is not None and type(events) is int else None
    return Limits(slices, processes, passes)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
