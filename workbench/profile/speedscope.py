"""Profiles in speedscope's file format, which https://www.speedscope.app opens (its specification:
file-format-schema.json)."""

from __future__ import annotations

from typing import Any

from lobench.workbench.profile.headings import basis, subject

SCHEMA = "https://www.speedscope.app/file-format-schema.json"

_UNITS = {"nanoseconds": "nanoseconds"}
"""Column to a unit that speedscope knows; other columns have none."""


def speedscope(document: dict[str, Any]) -> dict[str, Any]:
    """A profile document as a speedscope file: one profile for each column, weights per event or
    in all."""
    stacks = document["stacks"]
    frames = [
        {"name": function.rpartition(".")[2], "file": file, **({"line": line} if line else {})}
        for function, file, line in stacks["frames"]
    ]
    profiles = []
    for place, column in enumerate(document["columns"]):
        rows = [row for row in stacks["rows"] if row["values"][place] > 0]
        profiles.append(
            {
                "type": "sampled",
                "name": f"{subject(document)}: {column} {basis(document)} ({document['tool']})",
                "unit": _UNITS.get(column, "none"),
                "startValue": 0,
                "endValue": sum(row["values"][place] for row in rows),
                "samples": [row["stack"] for row in rows],
                "weights": [row["values"][place] for row in rows],
            }
        )
    return {"$schema": SCHEMA, "shared": {"frames": frames}, "profiles": profiles, "exporter": "lobench"}
