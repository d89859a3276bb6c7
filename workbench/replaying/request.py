"""The request of a replay, and refusals before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from lobench.engine.errors import UsageError
from lobench.engine.workload import Workload
from lobench.workbench.rows.sample import Sample

STREAM = "-"
"""In place of a file: standard output."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """The options of `lobench replay`. ``columns``: names of features, None for all; ``command``: recorded in files as
    their origin."""

    workload: Workload = field(default_factory=Workload)
    workers: int = 1
    strict: bool = False
    counters: bool = False
    digests: bool = False
    features: str | None = None
    columns: Sequence[str] | None = None
    book: str | None = None
    depth: int | None = None
    sample: Sample | None = None
    compression: str | None = None
    force: bool = False
    command: str = "lobench.replay"

    @property
    def outputs(self) -> dict[str, str]:
        """Option to the file that it names."""
        return {f"--{name}": path for name, path in (("features", self.features), ("book", self.book)) if path}


def check_request(request: Request, feeds: Sequence[str]) -> None:
    """Raise UsageError for an impossible request, before any work: files that would replace others, options that do not
    go together."""
    if (request.depth is None) != (request.book is None):
        raise UsageError("--depth N and --book B.parquet belong together")
    outputs = request.outputs
    for option in ("sample", "columns", "compression"):
        if getattr(request, option) is not None and not outputs:
            raise UsageError(f"--{option} applies to rows: name a file for them, --features F or --book B")
    if request.columns is not None and not request.features:
        raise UsageError("--columns chooses features: name a file for them, --features F")
    used = {_identity(feed) for feed in feeds if feed != STREAM}
    for option, path in outputs.items():
        if _identity(path) in used:
            raise UsageError(f"{option} {path}: would replace another file of this command")
        used.add(_identity(path))
    if outputs:
        from lobench.workbench.rows.files import check_place
        from lobench.workbench.rows.formats import check_compression

        for option, path in outputs.items():
            check_place(option, path, force=request.force)
            check_compression(path, request.compression)


def _identity(path: str) -> object:
    """The same for all names of a file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return os.path.realpath(path)
    return found.st_dev, found.st_ino
