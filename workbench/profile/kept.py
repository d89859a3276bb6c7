"""The records that are profiled, in a folder, for processes that do not read the feed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

RECORDS, ABOUT = Path("records.npy"), Path("feed.json")


@dataclass(frozen=True)
class About:
    """A feed's name, and the expected numbers of resting orders and of instruments in the kept records."""

    name: str
    orders: int
    instruments: int

    def write(self) -> None:
        ABOUT.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls) -> About:
        """The inverse of ``write``."""
        return cls(**json.loads(ABOUT.read_text(encoding="utf-8")))
