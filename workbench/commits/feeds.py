"""The feeds of a session as files: a synthetic one is written once, so that all commits read the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lobench.engine.feeds import open_feed
from lobench.engine.feeds.opening import SYNTHETIC
from lobench.workbench.commits.sources import cache_folder
from lobench.workbench.console import progress


@dataclass(frozen=True)
class NamedFeed:
    """A feed by the name that results are kept under, and the files that hold it."""

    name: str
    files: tuple[str, ...]


def as_file(spec: str) -> NamedFeed:
    """A DBN file as it is, named like the file; a synthetic feed written to the cache.

    Raises FeedError and UsageError for what can't be read.
    """
    feed = open_feed([spec])
    if not spec.startswith(SYNTHETIC):
        return NamedFeed(Path(spec).name, (str(Path(spec).resolve()),))
    from lobench.engine.synthetic import generate, open_synthetic

    folder = cache_folder() / "feeds"
    folder.mkdir(parents=True, exist_ok=True)
    source = hashlib.blake2b(repr((spec, _generator())).encode(), digest_size=8).hexdigest()
    file = folder / f"{source}.dbn"
    if not file.exists():
        with progress(f"writing {feed.name}", None):
            generate(open_synthetic(spec), file)
    return NamedFeed(spec, (str(file),))


def as_files(specs: Sequence[str]) -> list[NamedFeed]:
    """Each spec as a feed of its own."""
    return [as_file(spec) for spec in specs]


def _generator() -> list[bytes]:
    """What writes synthetic feeds: another text may write other bytes."""
    from lobench.engine import synthetic

    folder = Path(synthetic.__file__).parent
    return [path.read_bytes() for path in sorted(folder.rglob("*.py"))]
