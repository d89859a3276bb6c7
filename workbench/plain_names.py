"""Checks names that users or other tools' files give to lobench's folders."""

from __future__ import annotations

from pathlib import PurePath


def is_plain_name(name: str) -> bool:
    """Whether ``name`` is a single component of a path, so that it cannot lead outside its folder."""
    return PurePath(name).name == name and name not in ("", "..") and "\0" not in name
