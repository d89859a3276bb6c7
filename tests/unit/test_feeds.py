"""Feeds: every container of MBO records gives the same records, and every broken one a one-line error."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import FeedError, UsageError
from engine.feeds import ChainedFeed, Chunk, Feed, LoadedFeed, load, open_feed
from engine.feeds import compressed as compressed_module
from engine.feeds import framer as framer_module
from engine.feeds import loaded as loaded_module
from engine.records import MBO
from tests.dbn_files import header, other_record, records, skippable, split, with_ts_out, write, zstd


def content(feed: Feed) -> bytes:
    """All records of a feed, copied out chunk by chunk as a consumer must."""
    return b"".join(chunk.array().tobytes() for chunk in feed)


def count(feed: Feed) -> int:
    return sum(chunk.count for chunk in feed)


def read_ahead_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lobench-read-ahead"]


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


def test_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
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
    for feed in (plain, streamed, ChainedFeed([plain, streamed])):
        seen = [feed.progress for _ in feed]  # type: ignore[attr-defined]
        assert seen == sorted(seen)
        assert 0 < seen[0] < 1
        assert feed.progress == 1  # type: ignore[attr-defined]


# Early close


def test_early_close_stops_the_thread(tmp_path: Path) -> None:
    feed = open_feed([write(tmp_path / "a", zstd(header() + records(200_000).tobytes()))])
    count(feed)
    before = open_files()
    chunks = iter(feed)
    next(chunks)
    assert len(read_ahead_threads()) == 1
    chunks.close()  # type: ignore[attr-defined]
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
    program = "import sys; from engine.feeds import open_feed; chunks = iter(open_feed(sys.argv[1:])); next(chunks)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program, spec], cwd=root, timeout=60, capture_output=True, check=False)
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


def test_load_refuses_what_does_not_fit(tmp_path: Path) -> None:
    spec = write(tmp_path / "a", zstd(header(), records(3000).tobytes()))
    with pytest.raises(UsageError, match="does not fit") as caught:
        load(open_feed([spec]), limit_bytes=3000 * 56 - 1)
    assert "\n" not in str(caught.value)
    assert load(open_feed([spec]), limit_bytes=3000 * 56).count == 3000


# Bad files

BODY = records(3).tobytes()
HEAD = header(3)
END = len(HEAD)


def tampered(data: bytes, byte: int, new: bytes) -> bytes:
    return data[:byte] + new + data[byte + len(new) :]


BAD_HEADERS = {
    "empty": (b"", 0, "empty"),
    "text": (b"ts_recv,ts_event,rtype\n1,2,3\n", 0, "text"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(100), 0, "gzip"),
    "zeros": (bytes(100), 0, "0x0000"),
    "magic only": (b"DBN", 3, "cut short"),
    "prelude cut": (HEAD[:7], 7, "cut short"),
    "metadata cut": (HEAD[:100], 100, "cut short"),
    "version 0": (tampered(HEAD, 3, b"\0"), 3, "version 0"),
    "version 4": (tampered(HEAD, 3, b"\4"), 3, "version 4"),
    "short metadata": (b"DBN\x03" + (102).to_bytes(4, "little") + bytes(102), 4, "102 bytes"),
    "huge metadata": (b"DBN\x03\xff\xff\xff\xff" + HEAD[8:], 4, "4294967295 bytes"),
    "long metadata": (b"DBN\x03\0\0\0\x20" + HEAD[8:], END, "cut short"),
    "bad metadata": (HEAD[:8] + b"\xff" * (END - 8), 8, "not valid"),
    "other schema": (header(3, "trades"), 24, "trades"),
}
BAD_DATA = {
    "zero length": (BODY + bytes(56), END + 168, "length 0"),
    "length 3": (BODY + b"\x03" + bytes(99), END + 168, "length 3"),
    "MBO of 15 words": (BODY + b"\x0f\xa0" + bytes(58), END + 168, "length 15"),
    "MBO of 255 words": (b"\xff\xa0" + bytes(1018) + BODY, END, "length 255"),
    "last record cut": (BODY[:-1], END + 112, "55 bytes are left"),
    "last header cut": (BODY + b"\x0e", END + 168, "1 bytes are left"),
    "last other record cut": (BODY + other_record()[:-1], END + 168, "79 bytes are left"),
    "two files joined": (BODY + HEAD + BODY, END + 168, "second DBN header"),
}


def assert_refused(spec: str, act: Callable[[], object], byte: str, problem: str) -> None:
    with pytest.raises(FeedError) as caught:
        act()
    message = str(caught.value)
    assert message.startswith(f"{spec}: byte {byte}: ")
    assert problem in message
    assert message.isprintable()
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_bad_headers_are_refused_when_opened(tmp_path: Path, case: str, capfd: pytest.CaptureFixture[str]) -> None:
    data, byte, problem = BAD_HEADERS[case]
    spec = write(tmp_path / "bad.dbn", data)
    assert_refused(spec, lambda: open_feed([spec]), f"{byte}", problem)
    spec = write(tmp_path / "bad.dbn.zst", zstd(data))
    assert_refused(spec, lambda: open_feed([spec]), f"{byte} of the decompressed stream", problem)
    assert capfd.readouterr() == ("", ""), "the error is all there is to see"


@pytest.mark.parametrize("case", BAD_DATA)
@pytest.mark.parametrize("room", [50, 1 << 20])
def test_bad_data_is_refused_when_read(tmp_path: Path, case: str, room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed_module, "ROOM", room)
    data, byte, problem = BAD_DATA[case]
    spec = write(tmp_path / "bad.dbn", HEAD, data)
    plain = open_feed([spec])
    assert_refused(spec, lambda: list(plain), f"{byte}", problem)
    assert_refused(spec, lambda: load(plain), f"{byte}", problem)
    spec = write(tmp_path / "bad.dbn.zst", zstd(HEAD + data))
    streamed = open_feed([spec])
    assert_refused(spec, lambda: list(streamed), f"{byte} of the decompressed stream", problem)
    assert not read_ahead_threads()


def test_good_records_before_a_bad_one_are_handed_over(tmp_path: Path) -> None:
    for parts in ((HEAD, BODY, bytes(56)), (zstd(HEAD, BODY, bytes(56)),)):
        chunks = iter(open_feed([write(tmp_path / "a", *parts)]))
        assert next(chunks).array().tobytes() == BODY
        with pytest.raises(FeedError):
            next(chunks)


def test_a_compressed_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = zstd(HEAD, BODY) + skippable()
    frame_ends = {len(zstd(HEAD)), len(zstd(HEAD, BODY))}
    for length in set(range(len(whole))) - frame_ends:
        with pytest.raises(FeedError):
            content(open_feed([write(tmp_path / "cut", whole[:length])]))


def test_a_cut_frame_is_named(tmp_path: Path) -> None:
    whole = zstd(HEAD, BODY)
    spec = write(tmp_path / "cut", whole[:-3])
    feed = open_feed([spec])
    assert_refused(spec, lambda: list(feed), f"{len(whole) - 3}", f"frame that begins at byte {len(zstd(HEAD))}")


@pytest.mark.parametrize("tail", [b"x", b"garbage after the frames", b"\x28\xb5\x2f"])
def test_garbage_after_the_frames_is_refused(tmp_path: Path, tail: bytes) -> None:
    with pytest.raises(FeedError):
        content(open_feed([write(tmp_path / "a", zstd(HEAD, BODY), tail)]))


def test_corrupt_zstd_is_refused(tmp_path: Path) -> None:
    whole = zstd(HEAD, BODY)
    in_body = len(zstd(HEAD)) + 20
    spec = write(tmp_path / "a", tampered(whole, in_body, bytes([whole[in_body] ^ 0xFF])))
    feed = open_feed([spec])
    assert_refused(spec, lambda: list(feed), f"{END} of the decompressed stream", "corrupt")
    assert not read_ahead_threads()
    spec = write(tmp_path / "b", zstd(HEAD)[:6], b"\xff" * 40)
    assert_refused(spec, lambda: open_feed([spec]), "0 of the decompressed stream", "corrupt")


def test_legacy_dbz_is_refused(tmp_path: Path) -> None:
    spec = write(tmp_path / "a.dbz", skippable(b"DBZ\x01GLBX.MDP3", 1), zstd(BODY))
    assert_refused(spec, lambda: open_feed([spec]), "8", "convert it to DBN")


@pytest.mark.parametrize("name", ["missing", "folder", "a\0b", "missing\nfile", "pipe", "/dev/zero", "missing/x.dbn"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FeedError) as caught:
        open_feed([str(tmp_path / name)])
    assert caught.value.exit_code == 3
    assert str(caught.value).isprintable()
    if name == "missing":
        assert str(caught.value) == f"{tmp_path / name}: no such file"


def test_a_file_that_changes_between_iterations_is_refused(tmp_path: Path) -> None:
    spec = write(tmp_path / "a", HEAD, BODY)
    feed = open_feed([spec])
    write(tmp_path / "a", HEAD, BODY, BODY)
    with pytest.raises(FeedError, match="changed"):
        list(feed)


def test_synthetic_feeds_are_opened_by_name(tmp_path: Path) -> None:
    spec = "synth:deep-book,n=1000,seed=5"
    assert count(open_feed([spec])) == 1000
    assert count(open_feed([write(tmp_path / "a", HEAD, BODY), spec])) == 1003
    with pytest.raises(UsageError):
        open_feed(["synth:no-such-feed"])


def test_no_feed_at_all() -> None:
    with pytest.raises(UsageError, match="no feed"):
        open_feed([])


def test_the_first_bad_file_of_several_is_refused_when_opened(tmp_path: Path) -> None:
    good = write(tmp_path / "good", HEAD, BODY)
    with pytest.raises(FeedError, match="bad"):
        open_feed([good, write(tmp_path / "bad", b"nothing")])


def test_importing_feeds_does_not_import_numba() -> None:
    program = "import sys, engine.feeds; sys.exit('numba' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, timeout=60, check=False).returncode == 0
