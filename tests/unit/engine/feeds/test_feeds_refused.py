"""Feeds that are refused: every broken one is a one-line error that names the file and the byte."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from lobench.engine.errors import FeedError, UsageError
from lobench.engine.feeds import compressed as compressed_module
from lobench.engine.feeds import load, open_feed, zstd_frames
from tests.support.dbn_files import header, other_record, records, skippable, write, zstd
from tests.support.feeds import content, count, read_ahead_threads
from tests.support.paths import ROOT

pytestmark = pytest.mark.normal

BODY = records(3).tobytes()
HEAD = header(3)
END = len(HEAD)


def tampered(data: bytes, byte: int, new: bytes) -> bytes:
    return data[:byte] + new + data[byte + len(new) :]


BAD_HEADERS = {
    "empty": (b"", 0, "empty"),
    "zeros": (bytes(100), 0, "0x0000"),
    "magic only": (b"DBN", 3, "cut short"),
    "prelude cut": (HEAD[:7], 7, "cut short"),
    "metadata cut": (HEAD[:100], 100, "cut short"),
    "version 0": (tampered(HEAD, 3, b"\0"), 3, "version 0"),
    "version 4": (tampered(HEAD, 3, b"\4"), 3, "version 4"),
    "short metadata": (b"DBN\x03" + (102).to_bytes(4, "little") + bytes(102), 4, "102 bytes"),
    "huge metadata": (b"DBN\x03\xff\xff\xff\xff" + HEAD[8:], 4, "4294967295 bytes"),
    "too long metadata": (b"DBN\x03\0\0\0\x20" + HEAD[8:], 4, "536870912 bytes"),
    "long metadata": (b"DBN\x03\0\0\x10\0" + HEAD[8:], END, "cut short"),
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


@pytest.mark.parametrize("room", [1 << 24, 1 << 28])
def test_small_files_do_not_fill_the_memory(tmp_path: Path, room: int) -> None:
    """Metadata that is packed to next to nothing is refused by its size before it is unpacked."""
    head = b"DBN\x03" + room.to_bytes(4, "little")
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    packed = compressor.compress(head) + b"".join(compressor.compress(bytes(1 << 20)) for _ in range(room >> 20))
    spec = write(tmp_path / "a.dbn.zst", packed + compressor.flush())
    assert os.path.getsize(spec) < 1 << 16
    tracemalloc.start()
    try:
        assert_refused(spec, lambda: open_feed([spec]), "4 of the decompressed stream", f"cannot be {room} bytes long")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 22


def test_metadata_of_many_symbols_is_read(tmp_path: Path) -> None:
    head = header(symbols=100_000)
    assert len(head) > 1 << 22
    spec = write(tmp_path / "a.dbn.zst", zstd(head + BODY))
    assert count(open_feed([spec])) == 3


def windowed(data: bytes, log: int) -> bytes:
    """``data`` in a frame that asks for a window of 2 to the ``log`` bytes and does not say how long it is."""
    parameters = zstandard.ZstdCompressionParameters(window_log=log, write_content_size=False)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return compressor.compress(data) + compressor.flush()


def test_long_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = write(tmp_path / "a", zstd(HEAD + BODY), windowed(BODY, 29))
    assert content(open_feed([spec])) == 2 * BODY
    monkeypatch.setattr(zstd_frames, "available_memory", lambda: 1 << 29)
    feed = open_feed([spec])
    where = str(len(zstd(HEAD + BODY)))
    assert_refused(spec, lambda: list(feed), where, "a window of 512 MiB, 256 MiB are available")
    assert_refused(spec, lambda: list(feed), where, "zstd -d --long=29")
    spec = write(tmp_path / "b", windowed(HEAD + BODY, 29))
    assert_refused(spec, lambda: open_feed([spec]), "0", "zstd -d --long=29")
    spec = write(tmp_path / "c", windowed(HEAD + BODY, 27))
    monkeypatch.setattr(zstd_frames, "available_memory", lambda: 0)
    assert content(open_feed([spec])) == BODY, "what every zstd reads"


def test_windows_that_no_zstd_reads(tmp_path: Path) -> None:
    whole = windowed(HEAD + BODY, 20)
    assert whole[4] == 0x00, "a window descriptor follows"
    spec = write(tmp_path / "a", tampered(whole, 5, b"\xb0"))
    where = "0 of the decompressed stream"
    assert_refused(spec, lambda: open_feed([spec]), where, "a window beyond the 2048 MiB that zstd reads")


def test_a_dictionary_is_named(tmp_path: Path) -> None:
    samples: list[bytes | bytearray | memoryview] = [HEAD + records(20, seed).tobytes() for seed in range(60)]
    dictionary = zstandard.train_dictionary(8192, samples)
    spec = write(tmp_path / "a", zstandard.ZstdCompressor(dict_data=dictionary).compress(HEAD + BODY))
    assert_refused(spec, lambda: open_feed([spec]), "0", f"needs dictionary {dictionary.dict_id()}")


def test_legacy_dbz_is_refused(tmp_path: Path) -> None:
    spec = write(tmp_path / "a.dbz", skippable(b"DBZ\x01GLBX.MDP3", 1), zstd(BODY))
    assert_refused(spec, lambda: open_feed([spec]), "8", "convert it to DBN")


@pytest.mark.parametrize("name", ["missing", "folder", "a\0b", "missing\nfile", "pipe", "/dev/zero", "missing/x.dbn"])
def test_paths_that_are_no_files_are_refused(tmp_path: Path, name: str) -> None:
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
    program = "import sys, lobench.engine.feeds; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=False).returncode == 0
