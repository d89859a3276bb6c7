"""The task of a profiled process, passed as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lobench.engine.feeds import settings
from lobench.engine.workload import Workload

if TYPE_CHECKING:
    from lobench.engine.foreign.start import Contestant

NAME = "task.json"
"""A task's file, in the folder that the target is started in."""

SLICE = 16_384
"""Records of one call of a kernel."""

SETTLE = 4096
"""Records that fill the simulated caches before anything is counted."""

LONGEST = 600.0
"""Seconds after which an unstopped target ends."""


def absolute(names: Sequence[str]) -> list[str]:
    """Feeds and files as a process finds them that runs in another folder."""
    return [settings.absolute(name) for name in names]


@dataclass(frozen=True)
class Task:
    """``mode`` is one of ``target.MODES``. A pass is the feed's first ``warm + records`` records; exact counts cover
    the last ``records`` of them. Files are named by absolute paths."""

    variant: str
    feed: list[str]
    mode: str = "plain"
    workload: Workload = field(default_factory=Workload)
    """To the variant's last stage, with its tuning for the feed."""
    warm: int = 65_536
    records: int = 32_768
    seconds: float = 5.0
    library: str | None = None
    """Path of the engine that is a shared library."""

    @classmethod
    def of(cls, variant: Contestant, feed: Sequence[str], workload: Workload, **options: Any) -> Task:
        """For a variant as it was fitted, or an engine; feed and files as the user names them, ``options`` the other
        fields."""
        from lobench.engine.policy import Variant

        own = replace(workload, files=tuple(absolute(workload.files)), parameters=variant.fitted_values)
        if not isinstance(variant, Variant):
            own = replace(own, until=variant.last_stage)
            if variant.make is None:
                options = {"library": variant.path, **options}
        return cls(variant.name, absolute(feed), workload=own, **options)

    def write(self, folder: Path) -> None:
        text = json.dumps({**vars(self), "workload": self.workload.as_json()})
        (folder / NAME).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path = Path()) -> Task:
        values = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return cls(**{**values, "workload": Workload.of(values["workload"])})
