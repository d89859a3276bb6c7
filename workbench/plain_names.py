"""Names that users, and files of other tools, give to folders of lobench's."""

from __future__ import annotations

from pathlib import PurePath


def is_plain_name(name: str) -> bool:
    """Whether that names a file or folder right in another one, and nothing outside of it."""
    return PurePath(name).name == name and name not in ("", "..") and "\0" not in name
