"""Where the records that are profiled lie in a folder, for processes that do not read the feed."""

from __future__ import annotations

from pathlib import Path

RECORDS, NAME = Path("records.npy"), Path("feed.json")
