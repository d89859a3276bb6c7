"""Writing a text file whole or not at all: readers, and a run that comes after an interrupt, see the old or the new."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from engine.errors import UsageError


def write_whole(path: Path, text: str, remedy: str, *, folders: bool = False) -> None:
    """Replace a file; a symbolic link stays one. With ``folders`` missing ones are made.

    Raises UsageError, which ends with ``remedy``, where it cannot be; the old file is then as it was.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if folders:
            target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text)
        part.replace(target)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError):
            raise UsageError(f"{path}: cannot be written: {error.strerror}; {remedy}") from error
        raise
