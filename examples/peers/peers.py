"""Which libraries are measured beside lobench, and which could not be: peers.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Peer:
    package: str
    stem: str
    what: str
    handed_over: str
    leaves_out: str

    @property
    def engine(self) -> str:
        """Its adapter's name."""
        return f"peer_{self.stem}"

    @property
    def twice(self) -> str:
        """That of the adapter that does its own work twice."""
        return f"twice_{self.stem}"

    @property
    def files(self) -> tuple[str, str]:
        return f"{self.engine}.py", f"{self.twice}.py"


_said = tomllib.loads(Path(__file__).with_name("peers.toml").read_text(encoding="utf-8"))
PEERS: Final = tuple(Peer(**entry) for entry in _said["peer"])
NOT_FED: Final[dict[str, str]] = _said["not_fed"]
