"""Feeds: every container of MBO records gives the same records, and every broken one a one-line error."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.feeds import ChainedFeed, Chunk, LoadedFeed, load, open_feed
from lobench.engine.feeds import compressed as compressed_module
from lobench.engine.feeds import framer as framer_module
from lobench.engine.feeds import loaded as loaded_module
from lobench.engine.feeds.plain import DbnFeed
from lobench.engine.records import MBO
from tests.support.dbn_files import header, other_record, records, skippable, split, with_ts_out, write, zstd
from tests.support.feeds import content, count, read_ahead_threads
from tests.support.paths import ROOT

pytestmark = pytest.mark.normal


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


# Good files


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2, 3, 5])
def test_versions_and_alignments(tmp_path: Path, version: int, padding: int) -> None:
    made = records(50)
    data = header(version, padding=padding) + made.tobytes()
    for spec in (write(tmp_path / "a.dbn", data), write(tmp_path / "a.dbn.zst", zstd(data))):
        feed = open_feed([spec])
        assert feed.name == spec
        assert content(feed) == made.tobytes()
        assert content(feed) == made.tobytes(), "a feed can be iterated again"
        assert feed.other_records == {}
    assert feed.expected is None
    assert open_feed([str(tmp_path / "a.dbn")]).expected == 50


def test_mapped_records_are_not_copied(tmp_path: Path) -> None:
    spec = write(tmp_path / "a.dbn", header(2), records(10).tobytes())
    (chunk,) = open_feed([spec])
    offset = len(header(2))
    assert chunk.address % 4096 == offset % 4096, "the address is inside the map of the file"
    assert (chunk.stride, chunk.count) == (56, 10)


def test_chunk_array_is_a_read_only_view_that_keeps_its_memory(tmp_path: Path) -> None:
    made = records(10)
    spec = write(tmp_path / "a.dbn", header(2, padding=1), made.tobytes())
    (chunk,) = open_feed([spec])
    array = chunk.array()
    assert array.dtype == MBO
    assert array.ctypes.data == chunk.address
    with pytest.raises(ValueError, match="read-only"):
        array["price"][0] = 1
    del chunk
    gc.collect()
    assert array.tobytes() == made.tobytes()


def test_ts_out_is_a_strided_view(tmp_path: Path) -> None:
    made = records(100)
    wide = with_ts_out(made)
    for spec in (
        write(tmp_path / "a.dbn", header(3, ts_out=True), wide),
        write(tmp_path / "b.dbn", zstd(header(1, ts_out=True), wide)),
    ):
        (chunk,) = open_feed([spec])
        assert (chunk.stride, chunk.count) == (64, 100)
        assert np.array_equal(chunk.array()["order_id"], made["order_id"])
        assert set(chunk.array()["length"]) == {16}


@pytest.mark.parametrize("wrap", [lambda data: data, zstd])
def test_mixed_records_are_counted_and_skipped(tmp_path: Path, wrap: Callable[[bytes], bytes]) -> None:
    made = records(7)
    body = made.tobytes()
    mixed = b"".join(
        [
            other_record(0x16, 44),
            other_record(0x17, 4),
            body[:112],
            other_record(0x16, 255),
            with_ts_out(made[2:4]),
            body[224:280],
            body[280:],
            other_record(0x01, 20),
        ]
    )
    feed = open_feed([write(tmp_path / "live", wrap(header(3, None) + mixed))])
    assert feed.other_records == {}
    assert [(chunk.stride, chunk.count) for chunk in feed] == [(56, 2), (64, 2), (56, 3)]
    assert feed.other_records == {0x01: 1, 0x16: 2, 0x17: 1}
    assert count(feed) == 7
    assert feed.other_records == {0x01: 1, 0x16: 2, 0x17: 1}, "counted by the last iteration alone"
    whole = load(feed)
    assert whole.records.tobytes() == made.tobytes()
    assert whole.other_records == feed.other_records


def test_chunks_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framer_module, "RUN", 8)
    data = header() + records(20).tobytes() + other_record() * 20 + records(3).tobytes()
    feed = open_feed([write(tmp_path / "a.dbn", data)])
    assert [chunk.count for chunk in feed] == [8, 8, 4, 3]
    assert feed.other_records == {0x16: 20}


def interleaved(made: npt.NDArray[np.void], run: int, between: int = 1) -> bytes:
    """Runs of ``run`` records with ``between`` others after each."""
    parts = [made[start : start + run].tobytes() for start in range(0, len(made), run)]
    return b"".join(part + other_record(0x12) * between for part in parts)


@pytest.mark.parametrize("run", [1, 3, 1023])
@pytest.mark.parametrize("between", [1, 500])
def test_short_runs_are_gathered(tmp_path: Path, run: int, between: int) -> None:
    """Other records in between, however frequent, do not increase the number of chunks."""
    made = records(4_000)
    data = header() + interleaved(made, run, between)
    for spec in (write(tmp_path / "a", data), write(tmp_path / "b", zstd(data))):
        feed = open_feed([spec])
        chunks = [(chunk.count, chunk.stride, chunk.array().tobytes()) for chunk in feed]
        assert b"".join(records for _, _, records in chunks) == made.tobytes()
        others = between * -(-4_000 // run)
        # A chunk ends with a buffer of decompressed bytes, or after a number of scanned records without an MBO record.
        assert len(chunks) <= 2 + len(data) // compressed_module.ROOM
        assert feed.other_records == {0x12: others}
        whole = load(feed)
        assert whole.records.tobytes() == made.tobytes()


def test_gathered_records_stay_valid(tmp_path: Path) -> None:
    made = records(200_000)
    feed = open_feed([write(tmp_path / "a", header(), interleaved(made, 2))])
    assert isinstance(feed, DbnFeed)
    assert feed.stable
    assert b"".join(chunk.array().tobytes() for chunk in list(feed)) == made.tobytes()


def test_long_runs_are_handed_over_where_they_lie(tmp_path: Path) -> None:
    made = records(10_000)
    data = interleaved(made[:10], 5) + made[10:].tobytes() + other_record() + interleaved(made[:10], 5)
    first, long, last = list(open_feed([write(tmp_path / "a", header(), data)]))
    assert (first.count, long.count, last.count) == (10, 9_990, 10)
    assert long.owner is not first.owner is not last.owner


def test_gathering_ends_where_records_get_longer(tmp_path: Path) -> None:
    made = records(30)
    parts = [interleaved(made[:10], 1), *[with_ts_out(one) + other_record() for one in made[10:20].reshape(10, 1)]]
    data = header() + b"".join(parts) + interleaved(made[20:], 1)
    feed = open_feed([write(tmp_path / "a", data)])
    assert [(chunk.count, chunk.stride) for chunk in feed] == [(10, 56), (10, 64), (10, 56)]
    assert load(feed).records["sequence"].tolist() == list(range(30))


def test_no_records(tmp_path: Path) -> None:
    for spec in (write(tmp_path / "a", header()), write(tmp_path / "b", zstd(header()))):
        feed = open_feed([spec])
        assert list(feed) == []
        whole = load(feed)
        assert whole.count == 0
        assert list(whole) == []
        assert whole.records.shape == (0,)


@pytest.mark.parametrize("room", [1, 7, 55, 56, 57, 1000, 1 << 20])
def test_records_straddle_frames_and_buffers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(compressed_module, "ROOM", room)
    made = records(40)
    head = header(2)
    data = made.tobytes() + other_record(0x16, 255)
    for frames in ([head, data], [head[:5], head[5:] + data[:30], data[30:31], b"", data[31:]]):
        feed = open_feed([write(tmp_path / "a.dbn.zst", zstd(*frames))])
        assert content(feed) == made.tobytes()
        assert feed.other_records == {0x16: 1}


def test_one_byte_frames(tmp_path: Path) -> None:
    made = records(5)
    data = header() + made.tobytes()
    feed = open_feed([write(tmp_path / "a.dbn.zst", zstd(*split(data, range(1, len(data)))))])
    assert content(feed) == made.tobytes()


def test_skippable_frames(tmp_path: Path) -> None:
    made = records(5)
    parts = [skippable(), zstd(header()), skippable(b"", 15), zstd(made.tobytes()), skippable(b"DBN\x03", 7)]
    assert content(open_feed([write(tmp_path / "a.dbn.zst", *parts)])) == made.tobytes()


def test_many_buffers(tmp_path: Path) -> None:
    made = records(100_000)
    feed = open_feed([write(tmp_path / "a.dbn.zst", zstd(header() + made.tobytes()))])
    assert content(feed) == made.tobytes()
    assert len({chunk.address // 4096 for chunk in feed}) < 12, "buffers are used again"


def test_kind_follows_content_not_name(tmp_path: Path) -> None:
    made = records(3)
    assert content(open_feed([write(tmp_path / "a.dbn.zst", header(), made.tobytes())])) == made.tobytes()
    assert content(open_feed([write(tmp_path / "a.dbn", zstd(header(), made.tobytes()))])) == made.tobytes()


def test_several_files_are_one_replay(tmp_path: Path) -> None:
    made = records(30)
    first = write(tmp_path / "a", header(1), made[:10].tobytes(), other_record(1))
    second = write(tmp_path / "b", zstd(header(3), made[10:].tobytes() + other_record(1) + other_record(2)))
    feed = open_feed([first, second])
    assert isinstance(feed, ChainedFeed)
    assert content(feed) == made.tobytes()
    assert feed.other_records == {1: 2, 2: 1}
    assert feed.expected is None
    assert open_feed([first, first]).expected == 2 * 11
    assert first in feed.name
    assert second in feed.name
    assert load(feed).records.tobytes() == made.tobytes()


def test_progress_reaches_one(tmp_path: Path) -> None:
    data = header() + records(200_000).tobytes()
    plain = open_feed([write(tmp_path / "a", data)])
    streamed = open_feed([write(tmp_path / "b", zstd(data))])
    feeds: tuple[Any, ...] = (plain, streamed, ChainedFeed([plain, streamed]))
    for feed in feeds:
        seen = [feed.progress for _ in feed]
        assert seen == sorted(seen)
        assert 0 < seen[0] < 1
        assert feed.progress == 1


# Early close


def test_early_close_stops_the_thread(tmp_path: Path) -> None:
    feed = open_feed([write(tmp_path / "a", zstd(header() + records(200_000).tobytes()))])
    count(feed)
    before = open_files()
    chunks: Any = iter(feed)
    next(chunks)
    assert len(read_ahead_threads()) == 1
    chunks.close()
    assert not read_ahead_threads()
    assert open_files() == before


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_an_exception_in_the_consumer_stops_the_thread(tmp_path: Path, kind: type[BaseException]) -> None:
    feed = open_feed([write(tmp_path / "a", zstd(header() + records(200_000).tobytes()))] * 2)
    count(feed)
    before = open_files()

    def consume() -> None:
        for _ in feed:
            raise kind

    with pytest.raises(kind):
        consume()
    assert not read_ahead_threads()
    assert open_files() == before


def test_an_abandoned_iteration_does_not_keep_the_process_alive(tmp_path: Path) -> None:
    spec = write(tmp_path / "a", zstd(header() + records(200_000).tobytes()))
    program = (
        "import sys; from lobench.engine.feeds import open_feed; chunks = iter(open_feed(sys.argv[1:])); next(chunks)"
    )
    done = subprocess.run([sys.executable, "-c", program, spec], cwd=ROOT, timeout=60, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_mapped_files_are_closed(tmp_path: Path) -> None:
    feed = open_feed([write(tmp_path / "a", header(), records(10).tobytes())])
    before = open_files()
    count(feed)
    assert open_files() == before


# Loading


def test_load_digest_is_the_same_for_every_container(tmp_path: Path) -> None:
    made = records(1000)
    wide = with_ts_out(made)
    specs = [
        write(tmp_path / "plain", header(3), made.tobytes()),
        write(tmp_path / "odd", header(1, padding=1), made.tobytes()),
        write(tmp_path / "zst", zstd(header(2), made.tobytes())),
        write(tmp_path / "ts_out", header(3, ts_out=True), wide),
        write(tmp_path / "mixed", header(3), made[:500].tobytes(), other_record(), wide[500 * 64 :]),
    ]
    feeds = [load(open_feed([spec])) for spec in specs]
    assert {feed.digest for feed in feeds} == {feeds[0].digest}
    assert {feed.records.tobytes() for feed in feeds} == {made.tobytes()}
    assert load(open_feed([write(tmp_path / "less", header(3), made[:-1].tobytes())])).digest != feeds[0].digest


def test_load_uses_a_plain_file_in_place(tmp_path: Path) -> None:
    made = records(100)
    spec = write(tmp_path / "a", header(2, padding=3), other_record(), made.tobytes(), other_record())
    whole = load(open_feed([spec]), limit_bytes=0)
    assert whole.records.tobytes() == made.tobytes()
    assert whole.other_records == {0x16: 2}


def test_loaded_feed_is_a_feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_module, "RUN", 32)
    made = records(100)
    spec = write(tmp_path / "a", zstd(header(), made.tobytes()))
    whole = load(open_feed([spec]))
    assert isinstance(whole, LoadedFeed)
    assert (whole.name, whole.count, whole.expected, len(whole)) == (spec, 100, 100, 100)
    assert [chunk.count for chunk in whole] == [32, 32, 32, 4]
    assert content(whole) == content(whole) == made.tobytes()
    part = whole.slice(10, 13)
    assert isinstance(part, Chunk)
    assert part.array().tobytes() == made[10:13].tobytes()
    assert whole.slice(100, 100).count == 0
    assert load(whole) is whole
    for start, stop in ((-1, 3), (3, 2), (0, 101)):
        with pytest.raises(IndexError):
            whole.slice(start, stop)


def test_load_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_module, "_FIRST_ROOM", 4096)
    monkeypatch.setattr(compressed_module, "ROOM", 1000)
    made = records(3000)
    seen: list[int] = []
    whole = load(open_feed([write(tmp_path / "a", zstd(header(), made.tobytes()))]), progress=seen.append)
    assert whole.records.tobytes() == made.tobytes()
    assert seen == sorted(seen)
    assert seen[-1] == 3000


def test_load_refuses_feeds_above_the_limit(tmp_path: Path) -> None:
    spec = write(tmp_path / "a", zstd(header(), records(3000).tobytes()))
    with pytest.raises(UsageError, match="does not fit") as caught:
        load(open_feed([spec]), limit_bytes=3000 * 56 - 1)
    assert "\n" not in str(caught.value)
    assert load(open_feed([spec]), limit_bytes=3000 * 56).count == 3000
