"""Feeds from Python: open, generate, convert."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from lobench.engine.feeds import Feed, first_records, open_feed
from lobench.workbench.cli import convert as convert_command
from lobench.workbench.cli import generate as generate_command
from lobench.workbench.cli.calling import arguments_of
from lobench.workbench.console import progress as shown_progress

PathLikes: TypeAlias = str | PathLike[str]
Progress: TypeAlias = bool | Callable[[int], object]
"""True shows a progress bar on a terminal; a function is called with the number of records done so far."""


@dataclass(frozen=True)
class Source:
    """An opened feed, and the words that name it; returned by ``open``.

    Functions that take a feed accept a Source, a path, several paths that are replayed as one feed, or ``synth:NAME``.
    """

    words: tuple[str, ...]
    feed: Feed

    @property
    def name(self) -> str:
        """The feed's name."""
        return self.feed.name

    @property
    def symbols(self) -> Mapping[int, str]:
        """Symbols by instrument id, if known without reading the feed."""
        return dict(self.feed.symbols)

    @property
    def expected(self) -> int | None:
        """Number of records, if known without reading them, else None."""
        return self.feed.expected

    def head(self, count: int = 5) -> npt.NDArray[np.void]:
        """The first records, as a NumPy array with the fields of Databento's MBO record."""
        return first_records(self.feed, count)

    def records(self) -> Iterator[npt.NDArray[np.void]]:
        """All records, in arrays that own their memory."""
        for chunk in self.feed:
            yield chunk.array().copy()


FeedLike: TypeAlias = PathLikes | Sequence[PathLikes] | Source


def open(
    *paths: PathLikes,
    mapping: PathLikes | None = None,
    date: str | None = None,
    symbol_file: PathLikes | None = None,
    symbols: str | Sequence[str] | None = None,
    instruments: int | Sequence[int] | None = None,
    from_: str | int | None = None,
    to: str | int | None = None,
) -> Source:
    """Open files or a synthetic feed; several files form one feed. File types are detected by content (docs/feeds.md).

    ``symbols`` (names, with ``*`` and ``?``), ``instruments`` (ids), ``from_`` and ``to`` (times) select a part.
    Raises FeedError for unreadable data, UsageError for invalid arguments.

    >>> import lobench
    >>> feed = lobench.open("synth:liquid-future,n=1000")
    >>> feed.name, feed.expected
    ('synth:liquid-future,n=1000', 1000)
    >>> feed.head(2)["price"].shape
    (2,)
    """
    given: dict[str, Any] = {
        "mapping": path_of(mapping),
        "date": date,
        "symbol-file": path_of(symbol_file),
        "symbols": listed(symbols),
        "instruments": listed(instruments),
        "from": from_,
        "to": to,
    }
    settings = [f"--{name}={value}" for name, value in given.items() if value is not None]
    words = (*(fspath(path) for path in paths), *settings)
    return Source(words, open_feed(words))


def path_of(path: PathLikes | None) -> str | None:
    """A path as text, or None."""
    return None if path is None else fspath(path)


def listed(value: Any) -> str | None:
    """One value or several, as comma-separated text."""
    if value is None or isinstance(value, str):
        return value
    return ",".join(map(str, value if isinstance(value, Sequence) else [value]))


def source_of(feed: FeedLike) -> Source:
    """A caller's feed, opened."""
    if isinstance(feed, Source):
        return feed
    words = words_of(feed)
    return Source(words, open_feed(words))


def words_of(feed: FeedLike | None) -> tuple[str, ...]:
    """The words that name a feed on the command line; none for None."""
    if feed is None:
        return ()
    if isinstance(feed, Source):
        return feed.words
    if isinstance(feed, str | PathLike):
        return (fspath(feed),)
    return tuple(fspath(path) for path in feed)


@contextmanager
def advancing(progress: Progress, label: str, expected: int | None) -> Iterator[Callable[[int], object]]:
    """A function to call with the number of records done since its last call; shows or passes on the sum."""
    done = 0

    def tell(records: int) -> None:
        nonlocal done
        done += records
        if callable(progress):
            progress(done)

    if progress is True:
        with shown_progress(label, expected, records=True) as ticker:
            yield ticker.advance
    else:
        yield tell


def generate(
    name: str,
    output: PathLikes,
    *,
    n: int | str | None = None,
    seed: int | None = None,
    anomalies: float | None = None,
    force: bool = False,
    progress: Progress = False,
) -> Path:
    """Write a synthetic feed to a ``.dbn`` or ``.dbn.zst`` file; the same name, n and seed give the same bytes.

    Raises UsageError for an unknown name, and for an existing file that must not be replaced.

    >>> import lobench, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = lobench.generate("liquid-future", f"{folder}/day.dbn", n=1000)
    ...     lobench.open(path).expected
    1000
    """
    arguments = arguments_of(
        "generate", [name], n=n, seed=seed, anomalies=anomalies, output=fspath(output), force=force
    )
    feed = generate_command.checked(arguments)
    with advancing(progress, feed.model.name, feed.n) as advance:
        generate_command.perform(feed, arguments, advance)
    return Path(output)


def convert(
    feed: FeedLike,
    out: PathLikes,
    *,
    schema: str = "mbo",
    raw: bool = False,
    events: bool = False,
    force: bool = False,
    progress: Progress = False,
) -> int:
    """Convert a feed to DBN, CSV or Parquet, by the ending of ``out``: its records, or its book data as ``mbp-10``,
    ``mbp-1`` (``events``: rows of whole events), ``bbo`` or ``trades``. Returns the number of rows. Raises UsageError,
    FeedError.

    >>> import lobench, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     lobench.convert("synth:liquid-future,n=1000", f"{folder}/day.parquet")
    1000
    """
    source = source_of(feed)
    words = [*source.words, fspath(out)]
    arguments = arguments_of("convert", words, schema=schema, raw=raw, events=events, force=force)
    convert_command.checked(arguments)
    with advancing(progress, f"converting {source.name}", source.expected) as advance:
        return convert_command.perform(source.feed, arguments, advance)
