"""The last result before one: of the same feed, work and machine, kept in the same place."""

from __future__ import annotations

from pathlib import Path

from lobench.engine.errors import LobenchError
from lobench.workbench.comparison.diff import machine_differences, work_differences
from lobench.workbench.results import Result, read

MOST_LOOKED_AT = 20
"""Results that are opened to find one."""


def previous(folder: Path, content: Result) -> Result | None:
    """The newest complete result of the same verb beside ``folder`` that was made before ``content``, did the same work
    on the same machine, and may be compared with it."""
    folder = folder.absolute()
    # Folders are named by the time at which they were made.
    beside = sorted(
        (path for path in folder.parent.glob("*/result.json") if path.parent.name < folder.name), reverse=True
    )
    for path in beside[:MOST_LOOKED_AT]:
        try:
            found = read(path)
        except LobenchError:  # whatever lies there
            continue
        same = found.kind == content.kind and found.status == "complete" and found.created <= content.created
        if (
            same
            and not work_differences(found, content)
            and not machine_differences(found.environment, content.environment)
        ):
            return found
    return None
