"""The profiled program: the settings of its process, as a JSON file in the folder of the profile."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "program.json"


@dataclass(frozen=True)
class Program:
    """``kind`` is ``script`` (``what`` is its path), ``module`` or ``call`` (a pickled function with its arguments)."""

    kind: str
    what: str
    arguments: Sequence[str] = ()
    region: str | None = None
    """Name of the regions that are looked at; None for all."""

    @property
    def title(self) -> str:
        """As its user would write it."""
        if self.kind == "call":
            return self.what
        start = ["-m", self.what] if self.kind == "module" else [self.what]
        return shlex.join([*start, *self.arguments])

    def write(self, folder: Path, **facts: Any) -> None:
        """Write it for ``start``, with the other settings needed there."""
        (folder / NAME).write_text(json.dumps({"program": asdict(self), **facts}), encoding="utf-8")
