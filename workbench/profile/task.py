"""What a profiled process is asked to do, handed over as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lobench.engine.feeds import settings
from lobench.engine.stages import STAGES

if TYPE_CHECKING:
    from lobench.engine.foreign.start import Contestant

NAME = "task.json"
"""A task's file, in the folder that the target is started in."""

SLICE = 16_384
"""Records of one call of a kernel."""

SETTLE = 4096
"""Records that fill the simulated caches before anything is counted."""

LONGEST = 600.0
"""Seconds after which a target ends that nobody stopped."""


def absolute(names: Sequence[str]) -> list[str]:
    """Feeds and files as a process finds them that runs in another folder."""
    return [settings.absolute(name) for name in names]


@dataclass(frozen=True)
class Task:
    """``mode`` is one of ``target.MODES``. A pass is the feed's first ``warm + records`` records; what is counted
    exactly are the last ``records`` of them. Files are named by absolute paths."""

    variant: str
    feed: list[str]
    mode: str = "plain"
    files: list[str] = field(default_factory=list)
    evaluate: str = "last"
    warm: int = 65_536
    records: int = 32_768
    seconds: float = 5.0
    parameters: dict[str, int] | None = None
    """Fitted to the feed, for a variant that takes such."""
    library: str | None = None
    """Path of the engine that is a shared library; ``last_stage``: the last that it computes."""
    last_stage: str = STAGES[-1]

    @classmethod
    def of(cls, variant: Contestant, feed: Sequence[str], files: Sequence[str], **options: Any) -> Task:
        """For a variant as it was fitted, or an engine; feed and files as the user names them, ``options`` the other
        fields."""
        from lobench.engine.policy import Variant

        if isinstance(variant, Variant):
            parameters = variant.parameters.as_json() if variant.fits and variant.parameters else None
            options = {"parameters": parameters, **options}
        elif variant.make is None:
            options = {"library": variant.path, "last_stage": variant.last_stage, **options}
        return cls(variant.name, absolute(feed), files=absolute(files), **options)

    def write(self, folder: Path) -> None:
        (folder / NAME).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls) -> Task:
        return cls(**json.loads(Path(NAME).read_text(encoding="utf-8")))
