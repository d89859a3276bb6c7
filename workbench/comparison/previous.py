"""The previous result of the same feed, work and machine, in the same folder."""

from __future__ import annotations

import re
from pathlib import Path

from lobench.engine.errors import LobenchError
from lobench.workbench.comparison.diff import machine_differences, work_differences
from lobench.workbench.results import Result, read

MOST_LOOKED_AT = 5
"""Results that are read, all of them, to find one."""

_HEAD = 4096
"""Characters of a result that hold its first fields."""

_FIELD = re.compile(r'"(kind|created|status)":\s*"([^"\\]*)"')
_WANTED = {"kind", "created", "status"}


def previous(folder: Path, content: Result) -> Result | None:
    """The newest complete result of the same verb beside ``folder`` that was made before ``content``, did the same work
    on the same machine, and may be compared with it."""
    own = folder.absolute()
    beside = [(path, head) for path in own.parent.glob("*/result.json") if path.parent != own and (head := _head(path))]
    likely = [
        (head["created"], path)
        for path, head in beside
        if head["kind"] == content.kind and head["status"] == "complete" and head["created"] <= content.created
    ]
    for _, path in sorted(likely, reverse=True)[:MOST_LOOKED_AT]:
        try:
            found = read(path)
        except LobenchError:  # any kind of file may be there
            continue
        if not work_differences(found, content) and not machine_differences(found.environment, content.environment):
            return found
    return None


def _head(path: Path) -> dict[str, str]:
    """The first fields of a result, without the megabytes of samples after them; empty for any other file. Folders are
    named by the wall clock, which is set back now and then, so the name does not tell which result is later."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            start = file.read(_HEAD)
    except OSError:
        return {}
    # The first of each name: the environment may have fields of the same name.
    found = dict(reversed(_FIELD.findall(start)))
    return found if found.keys() >= _WANTED else {}
