"""The feeds of a session as files that every commit can read: other formats are converted to DBN once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from lobench.engine import feeds, synthetic
from lobench.engine.feeds import open_feed
from lobench.engine.feeds.compressed import DbnZstFeed
from lobench.engine.feeds.opening import SYNTHETIC
from lobench.engine.feeds.plain import DbnFeed
from lobench.workbench.commits.sources import cache_folder
from lobench.workbench.console import progress


@dataclass(frozen=True)
class NamedFeed:
    """A feed by the name that results are kept under, and the files that hold it."""

    name: str
    files: tuple[str, ...]


def as_file(spec: str) -> NamedFeed:
    """A DBN file unchanged, any other feed as a DBN file in the cache. Files keep their names.

    Raises FeedError and UsageError for an unreadable feed.
    """
    feed = open_feed([spec])
    path = Path(spec).resolve()
    if path.is_file() and isinstance(feed, DbnFeed | DbnZstFeed):
        return NamedFeed(path.name, (str(path),))
    from lobench.workbench.converting.convert import convert
    from lobench.workbench.converting.schemas import SCHEMAS

    folder = cache_folder() / "feeds"
    folder.mkdir(parents=True, exist_ok=True)
    made_by = synthetic if spec.startswith(SYNTHETIC) else feeds
    stamp = _stamp(path) if path.is_file() else ()
    source = hashlib.blake2b(repr((spec, stamp, _texts(made_by))).encode(), digest_size=8).hexdigest()
    file = folder / f"{source}.dbn"
    if not file.exists() or (made_by is feeds and not stamp):
        with progress(f"writing {feed.name}", None):
            convert(feed, str(file), SCHEMAS["mbo"])
    return NamedFeed(path.name if path.is_file() else spec, (str(file),))


def as_files(specs: Sequence[str]) -> list[NamedFeed]:
    """Each spec as a feed of its own."""
    return [as_file(spec) for spec in specs]


def _stamp(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


def _texts(package: ModuleType) -> list[bytes]:
    """The identity of the records: another text may give others."""
    folder = Path(str(package.__file__)).parent
    return [path.read_bytes() for path in sorted(folder.rglob("*.py"))]
