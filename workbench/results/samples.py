"""Rows of samples: whole numbers, one length, and every number within what the document says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

SESSIONS = ("session", "factorial", "from_top")
"""Parts of a feed that are sessions; null or absent where they were not measured."""

_POSITIVE = ("wall_ns", "cpu_ns", "workers")
_KEYS = (
    ("process", "pass", "slice", "variant"),
    ("process", "pass", "variant", "workers"),
    ("value", "process", "pass", "variant"),
)
"""What tells one sample of a kind from all others."""


def holders(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Sequence[str] | None, int | None]]:
    """Everything in a document that holds rows: JSON path, the holder, the names that its column ``variant`` counts
    into, and the number of slices if its design says it. Skips what has not the shape for it."""
    for place, feed in enumerate(_list(document.get("feeds"))):
        if not isinstance(feed, dict):
            continue
        for part in SESSIONS:
            session = feed.get(part)
            if isinstance(session, dict) and isinstance(session.get("samples"), dict):
                yield f"$.feeds[{place}].{part}.samples", session["samples"], session.get("measured"), _slices(session)
        for part in ("isolated", "scaling", "at_once"):
            if isinstance(feed.get(part), dict):
                yield f"$.feeds[{place}].{part}", feed[part], feed[part].get("names"), None
    if isinstance(document.get("sweep"), dict):
        yield "$.sweep", document["sweep"], document["sweep"].get("names"), None


def problem(rows: Any, columns: Sequence[str], names: Sequence[str], slices: int | None) -> str | None:
    """What is wrong with rows, and where; None if nothing is.

    ``rows`` are to be lists of as many integers as there are ``columns``, at least 0, times and workers above 0,
    ``variant`` and ``order`` below the number of ``names``, ``slice`` below ``slices``, other places below the number
    of rows, and no sample twice.
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
        least, most = _range(name, len(names), slices, len(rows))
        bad = np.flatnonzero((table[:, column] < least) | (table[:, column] > most))
        if len(bad):
            place = int(bad[0])
            return f"[{place}]: {name} is {table[place, column]}, must be {least} to {most}"
    return _repeated(table, columns)


def _range(column: str, names: int, slices: int | None, rows: int) -> tuple[int, int]:
    if column in _POSITIVE:
        return 1, 2**63 - 1
    if column in ("variant", "order"):
        return 0, names - 1
    if column == "contaminated":
        return 0, 1
    if column == "slice" and slices is not None:
        return 0, slices - 1
    if column in ("process", "pass", "slice"):
        # Readers make arrays as large as the largest of these; each number below it has samples of its own.
        return 0, rows - 1
    return 0, 2**63 - 1


def _repeated(table: npt.NDArray[np.int64], columns: Sequence[str]) -> str | None:
    key = next(key for key in _KEYS if set(key) <= set(columns))
    places = table[:, [columns.index(name) for name in key]]
    _, first, counts = np.unique(places, axis=0, return_index=True, return_counts=True)
    if (counts > 1).any():
        return f"[{int(first[counts > 1].min())}]: the sample of its {', '.join(key)} stands there twice"
    return None


def _slices(session: dict[str, Any]) -> int | None:
    design, events = session.get("design"), session.get("events")
    records = design.get("slice_records") if isinstance(design, dict) else None
    if type(records) is int and type(events) is int and records > 0:
        return -(-events // records)
    return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
