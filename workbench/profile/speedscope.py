"""Profiles in speedscope's file format, which https://www.speedscope.app opens (its specification:
file-format-schema.json)."""

from __future__ import annotations

from typing import Any

from lobench.workbench.profile.attribution import short
from lobench.workbench.profile.model.costs import Lined

SCHEMA = "https://www.speedscope.app/file-format-schema.json"

_UNITS = {"nanoseconds": "nanoseconds"}
"""Column to a unit that speedscope knows; other columns have none."""


def speedscope(found: Lined) -> dict[str, Any]:
    """A document as a speedscope file: one profile for each column, weights per event or in all."""
    frames = [
        {"name": short(function, file), "file": file, **({"line": line} if line else {})}
        for function, file, line in found.stacks.frames
    ]
    profiles = []
    for place, column in enumerate(found.columns):
        rows = [row for row in found.stacks.rows if row.values[place] > 0]
        profiles.append(
            {
                "type": "sampled",
                "name": f"{found.subject}: {column} {found.basis} ({found.tool})",
                "unit": _UNITS.get(column, "none"),
                "startValue": 0,
                "endValue": sum(row.values[place] for row in rows),
                "samples": [list(row.stack) for row in rows],
                "weights": [row.values[place] for row in rows],
            }
        )
    return {"$schema": SCHEMA, "shared": {"frames": frames}, "profiles": profiles, "exporter": "lobench"}
