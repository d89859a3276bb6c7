"""The rules of speedscope's file format, as its published schema (file-format-schema.json, version 1.x) states them."""

from __future__ import annotations

from typing import Any

UNITS = {"bytes", "microseconds", "milliseconds", "nanoseconds", "none", "seconds"}


def validate(file: dict[str, Any]) -> None:
    """Fails if a required part of a speedscope file is missing."""
    assert file["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = file["shared"]["frames"]
    for frame in frames:
        assert set(frame) <= {"name", "file", "line", "col"}, frame
        assert isinstance(frame["name"], str)
        assert isinstance(frame.get("file", ""), str)
        assert isinstance(frame.get("line", 0), int)
    assert file["profiles"], "a viewer has nothing to show"
    for profile in file["profiles"]:
        assert profile["type"] == "sampled"
        assert profile["unit"] in UNITS
        assert isinstance(profile["name"], str)
        assert profile["startValue"] <= profile["endValue"]
        assert len(profile["samples"]) == len(profile["weights"]), "a weight for each sample"
        assert all(0 <= index < len(frames) for stack in profile["samples"] for index in stack)
        assert all(weight >= 0 for weight in profile["weights"])
