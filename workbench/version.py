"""The version of this installation."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The distribution's version, ``unknown`` when it runs from a folder without being installed."""
    try:
        return metadata.version("lobench")
    except metadata.PackageNotFoundError:
        return "unknown"
