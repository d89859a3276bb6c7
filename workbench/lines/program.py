"""The program that is looked at: what its process is told, as a JSON file in the folder of the look."""

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
        """Leave it for ``start``, with what else that needs to know."""
        (folder / NAME).write_text(json.dumps({"program": asdict(self), **facts}), encoding="utf-8")
