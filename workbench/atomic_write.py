"""Writing a text file whole or not at all: readers, and a run that comes after an interrupt, see the old or the new."""

from __future__ import annotations

from pathlib import Path

from lobench.engine.errors import UsageError
from lobench.engine.feeds.kinds import holds_records
from lobench.engine.parts import Part


def write_whole(path: Path, text: str, remedy: str, *, folders: bool = False) -> None:
    """Replace a file by a text in UTF-8; a symbolic link stays one. With ``folders`` missing ones are made. A byte of a
    file's name that is no UTF-8 is written as JSON writes it (``\\udcff``).

    Raises UsageError, which ends with ``remedy``, where it cannot be or where the file is a feed; the old file is then
    as it was.
    """
    if holds_records(path):
        raise UsageError(f"{path}: is market data, which is never replaced; {remedy}")
    try:
        if folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        with Part(path) as part:
            part.path.write_text(text, encoding="utf-8", errors="backslashreplace")
            part.finish()
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}; {remedy}") from error
