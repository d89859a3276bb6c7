"""Which tuning a feed gets: the one that the user names, else the one that was written for its records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.feeds import Feed, LoadedFeed, first_records
from lobench.engine.foreign.start import Contestant
from lobench.engine.parameters import LayoutParameters
from lobench.engine.records import MBO
from lobench.workbench.tuning.files import Tuning, folder, place_of, read

NONE: Final = "none"
"""The user's word for no tuning."""

BEGINNING: Final = 4096
"""Number of first records that identify a feed without reading it to its end."""


@dataclass(frozen=True)
class Picked:
    """A tuning and the file that it was in."""

    path: Path
    tuning: Tuning

    @property
    def parameters(self) -> LayoutParameters:
        return self.tuning.parameters

    def as_json(self) -> dict[str, Any]:
        """As ``feeds[].tuning`` of a result document: no folder is named."""
        return {
            "profile": self.path.name,
            "digest": self.tuning.digest,
            "confirmed": self.tuning.confirmed,
            "parameters": self.parameters.as_json(),
        }


def beginning_of(feed: Feed) -> str:
    """Hex BLAKE2b, 64 bits, of a feed's first records; the feed is read no further. Raises the feed's errors."""
    first = first_records(feed, BEGINNING)
    # The length without ts_out, as in a loaded feed.
    first["length"] = MBO.itemsize // 4
    return hashlib.blake2b(first.view(np.uint8).data, digest_size=8).hexdigest()


def pick(feed: Feed, named: str | None, variants: Iterable[Contestant]) -> Picked | None:
    """The tuning for a feed, None if there is none or no variant takes one.

    ``named`` is a file, or ``NONE``. Otherwise a loaded feed is found by the digest of its records; any other by its
    beginning, if only one known feed begins so. Unconfirmed tunings are used only if named. Raises UsageError for a
    file that no variant here takes, and as ``files.read``.
    """
    takers = any(variant.fits for variant in variants)
    if named == NONE:
        return None
    if named:
        if not takers:
            raise UsageError(f"--tuning {named}: no variant here takes a tuning; p8_profile_guided does")
        return Picked(Path(named), read(named))
    path = _found(feed) if takers else None
    if path is None:
        return None
    picked = Picked(path, read(path))
    return picked if picked.tuning.confirmed else None


def earlier(path: Path) -> Tuning | None:
    """The content of a file that is about to be overwritten; None if it is of no use."""
    try:
        return read(path) if path.exists() else None
    except LobenchError:
        return None


def _found(feed: Feed) -> Path | None:
    where = folder()
    if where is None or not where.is_dir():
        return None
    if isinstance(feed, LoadedFeed):
        path = place_of(feed.digest, beginning_of(feed))
        return path if path.is_file() else None
    if not any(where.glob("*.toml")):
        return None
    try:
        found = sorted(where.glob(f"{beginning_of(feed)}-*.toml"))
    except LobenchError:
        # A bad feed is reported by its replay.
        return None
    return found[0] if len(found) == 1 else None
