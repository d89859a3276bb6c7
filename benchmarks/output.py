"""Rows out of a replay: as files, and as batches. Each is measured in turns with its comparison, so that the ratio also
holds on a machine that others use.

By itself, for a longer feed: `python -m benchmarks.output [FEED [ROUNDS]]`, from the checkout.
"""

from __future__ import annotations

import inspect
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented

from .common import attributes, part

FEEDS = ["synth:liquid-future,n=500000", "synth:equity-universe,n=500000", "synth:full-market,n=500000"]
"""Short, so that the suite is; not to be changed, only added to."""

KINDS = ["parquet", "parquet-book", "arrow", "arrow-book", "rows", "rows-book", "sampled"]
"""``-book``: ten levels instead of the features. Files with zstd are compared with a single pyarrow writer that gets
the same rows from memory; the other kinds are compared with the same replay without rows. Every replay computes its
result."""

ROUNDS = 5


class Session:
    """One feed in memory, and the last variant of the ladder until its features."""

    def __init__(self, spec: str) -> None:
        try:
            self._stream, self._files, self._sample = (
                part(f"workbench.rows.{name}") for name in ("stream", "files", "sample")
            )
            self._aside = part("workbench.rows.aside").Aside
        except ImportError as error:
            raise SkipNotImplemented("this commit has no rows") from error
        feeds, variants = part("engine.feeds"), part("variants")
        self.feed = feeds.load(feeds.open_feed([spec]))
        self.feed.records["order_id"].sum()
        self.variant = max(variants.discover().values(), key=lambda one: -1 if one.phase is None else one.phase)
        for observe in (False, True):
            part("engine.replay").warm(self.variant, observe=observe, until="features")

    def turns(self, kind: str, folder: Path) -> tuple[Callable[[], object], Callable[[], object]]:
        """The measured replay and the one that it is compared with."""
        what, _, book = kind.partition("-")
        if what in ("rows", "sampled"):
            return lambda: self._batches(book, "1s" if what == "sampled" else None), self._plain
        path = folder / f"rows.{what}"
        if what == "arrow":
            return lambda: self._file(path, book), self._plain
        table = self._rows(book, None).read_all()
        return lambda: self._file(path, book), lambda: self._writer(table, path)

    def _rows(self, book: str, sample: str | None) -> Any:
        features = [] if book else list(part("engine.registry").FEATURES)
        parsed = self._sample.parse_sample(sample) if sample else None
        wanted = self._stream.Wanted(features=features, depth=10 if book else 0, sample=parsed)
        return self._stream.RowStream(self.feed, self.variant, wanted)

    def _batches(self, book: str, sample: str | None) -> int:
        return sum(batch.num_rows for batch in self._rows(book, sample))

    def _plain(self) -> None:
        with part("engine.replay").Replay(self.variant, observe=False, until="features") as replay:
            for chunk in self.feed:
                replay.apply(chunk)
            replay.finish()

    def _file(self, path: Path, book: str) -> None:
        depth = 10 if book else 0
        opened = self._files.book_file(str(path), depth) if book else self._files.features_file(str(path))
        replay_of = part("engine.replay").Replay
        known = inspect.signature(replay_of).parameters
        chosen: dict[str, Any] = {}
        # A commit whose kernels write every feature takes no choice of them.
        if book and "features" in known:
            chosen["features"] = []
        # Slices and threads as of `lobench replay`.
        if "slice_records" in known:
            chosen["slice_records"] = part("engine.rows").OUTPUT_SLICE
        with (
            opened as file,
            self._aside(file.write, "rows") as aside,
            replay_of(
                self.variant, observe=True, deep=False, depth=depth, on_rows=aside.put, until="features", **chosen
            ) as replay,
        ):
            for chunk in self.feed:
                replay.apply(chunk)
            aside.finish()
            if hasattr(file, "end"):
                file.end()
            replay.finish()
            file.finish()

    def _writer(self, table: Any, path: Path) -> None:
        import pyarrow.parquet as pq

        with pq.ParquetWriter(path, table.schema, compression="zstd", use_dictionary=["symbol"]) as writer:
            writer.write_table(table, row_group_size=part("workbench.rows.writing").GROUP_ROWS)


def measured(session: Session, kind: str, rounds: int) -> tuple[float, float, float, float]:
    """Events per second of a kind, and the ratio to its comparison: medians over turns. The CPU time of all threads in
    ns per event, and that of the comparison: the minimum over turns, which a busy machine disturbs least."""
    rates, ratios, spent = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        pair = session.turns(kind, Path(folder))
        for number in range(rounds + 1):
            seconds, cpu = [], []
            for turn in pair if number % 2 else pair[::-1]:
                # To replace a file takes longer than to write a new one.
                for old in Path(folder).iterdir():
                    old.unlink()
                began, before = time.perf_counter(), time.process_time()
                turn()
                seconds.append(time.perf_counter() - began)
                cpu.append(time.process_time() - before)
            ours, others = seconds if number % 2 else seconds[::-1]
            if number:  # the first one warms up
                rates.append(session.feed.count / ours)
                ratios.append(others / ours)
                spent.append(cpu if number % 2 else cpu[::-1])
    least = [min(times) / session.feed.count * 1e9 for times in zip(*spent, strict=True)]
    return statistics.median(rates), statistics.median(ratios), least[0], least[1]


class Output:
    """One session for each kind and feed: threads work beside each other, so the clock on the wall counts."""

    version = "3"
    param_names = ("kind", "feed")
    params = (KINDS, FEEDS)
    timeout = 600

    def setup(self, kind: str, feed: str) -> None:
        self.session = Session(feed)

    @attributes(unit="of what it is compared with")
    def track_ratio(self, kind: str, feed: str) -> float:
        return measured(self.session, kind, ROUNDS)[1]

    @attributes(unit="events/s")
    def track_events_per_second_out(self, kind: str, feed: str) -> float:
        return measured(self.session, kind, ROUNDS)[0]


def main(words: list[str]) -> None:
    session = Session(words[0] if words else FEEDS[0])
    print(f"{session.feed.name}: {session.feed.count:,} events")
    for kind in KINDS:
        rate, ratio, ours, others = measured(session, kind, int(words[1]) if words[1:] else ROUNDS)
        print(
            f"{kind:<14} {rate / 1e6:6.2f} M events/s, {ratio:.2f} of {_compared(kind)}; CPU {ours:.0f} ns an event, "
            f"{others:.0f}"
        )


def _compared(kind: str) -> str:
    return "one pyarrow writer" if kind.startswith("parquet") else "the replay without rows"


if __name__ == "__main__":
    main(sys.argv[1:])
