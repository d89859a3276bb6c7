"""What one variant's profile has that another's has not, line by line: what a phase removed, and what it added."""

from __future__ import annotations

from typing import Any

from lobench.engine.errors import UsageError


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Two documents of one tool and one feed as a document of kind ``profile-difference``.

    ``stages`` and ``mechanisms`` have the first column ``before`` and ``after``; a mechanism is an axis, with the names
    of its two policies. ``lines`` has a row for every line of either, largest change first, with each column
    ``before``, ``after`` and their ``change``, per event; ``what`` is removed (only before), added (only after) or
    changed. An engine from outside and a variant have no line in common, and the one has no mechanisms: they are
    compared by stages. Raises UsageError for documents that cannot be compared.
    """
    for key in ("tool", "feed", "columns"):
        if before[key] != after[key]:
            raise UsageError(f"profiles of different {key} cannot be compared: {before[key]} and {after[key]}")
    columns = before["columns"]
    first = columns[0]
    alike = ("engine" in before) == ("engine" in after)
    # Generated text has the same name and other lines in each variant.
    sides = [
        {(row["file"], row["line"], row["text"]): row for row in (side["lines"] if alike else ())}
        for side in (before, after)
    ]
    rows = []
    for place in {**sides[0], **sides[1]}:
        old, new = (side.get(place) for side in sides)
        known = new or old
        assert known is not None
        values = {
            column: {
                "before": old[column] if old else 0.0,
                "after": new[column] if new else 0.0,
                "change": (new[column] if new else 0.0) - (old[column] if old else 0.0),
            }
            for column in columns
        }
        what = "added" if old is None else "removed" if new is None else "changed"
        if what == "changed" and not any(value["change"] for value in values.values()):
            continue
        names = {name: known[name] for name in ("file", "line", "function", "text", "stage")}
        rows.append({**names, "what": what, **values})
    rows.sort(key=lambda row: -abs(row[first]["change"]))
    return {
        "kind": "profile-difference",
        "format": before["format"],
        "tool": before["tool"],
        "feed": before["feed"],
        "before": before["variant"],
        "after": after["variant"],
        # A profile of an earlier version does not tell.
        "tuning": {"before": before.get("tuning"), "after": after.get("tuning")},
        "columns": columns,
        "per_event": {
            column: {"before": before["per_event"][column], "after": after["per_event"][column]} for column in columns
        },
        "stages": _stages(before, after, first),
        "mechanisms": _mechanisms(before, after, first) if alike else [],
        "lines": rows,
    }


def _stages(before: dict[str, Any], after: dict[str, Any], column: str) -> list[dict[str, Any]]:
    sides = [{row["stage"]: row[column] for row in side["stages"]} for side in (before, after)]
    return [
        {"stage": stage, "before": sides[0].get(stage, 0.0), "after": sides[1].get(stage, 0.0)}
        for stage in {**sides[0], **sides[1]}
    ]


def _mechanisms(before: dict[str, Any], after: dict[str, Any], column: str) -> list[dict[str, Any]]:
    """Of every axis that costs anything in either; axis None is what all variants share."""
    sides = [{row["axis"]: row for row in side["mechanisms"]} for side in (before, after)]
    return [
        {
            "axis": axis,
            "policies": [side["policies"].get(axis) for side in (before, after)],
            **{
                end: rows[axis][column] if axis in rows else 0.0
                for end, rows in zip(("before", "after"), sides, strict=True)
            },
        }
        for axis in {**sides[0], **sides[1]}
    ]
