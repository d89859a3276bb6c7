"""Files that change while they are read: noticed and reported, never a signal that ends the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lobench.engine.errors import FeedError
from lobench.engine.feeds import load, open_feed
from lobench.engine.feeds.mapped import check
from tests.support.dbn_files import header, records, write, zstd
from tests.support.feeds import content
from tests.support.paths import ROOT

pytestmark = pytest.mark.normal

COUNT = 200_000
CUT = 1_000_000
REPLAYED = """
import os, sys
from lobench.engine.errors import FeedError
from lobench.engine.feeds import open_feed
from lobench.engine.replay import Replay
from tests.support.replays import PHASE

path, workers = sys.argv[1], int(sys.argv[2])
with Replay(PHASE[4], workers=workers, observe=False, until="decode") as replay:
    chunks = iter(open_feed([path]))
    first = next(chunks)
    second = next(chunks)
    os.truncate(path, os.path.getsize(path) - int(sys.argv[3]))
    replay.apply(second)  # lies where the file was
    try:
        next(chunks)
    except FeedError as error:
        print(error)
"""


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return write(tmp_path / "feed.dbn", header(), records(COUNT).tobytes())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_replay_goes_on_to_the_error(feed: str, workers: int) -> None:
    size = os.path.getsize(feed)
    cut = size - CUT
    command = [sys.executable, "-c", REPLAYED, feed, str(workers), str(cut)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == f"{feed}: was cut short while it was read, from {size} to {CUT} bytes\n"


def test_a_feed_in_memory_that_lies_in_a_file(feed: str) -> None:
    whole = load(open_feed([feed]))
    last = whole.slice(COUNT - 10, COUNT)
    os.truncate(feed, CUT)
    assert not last.array()["sequence"].any(), "zeros, and no signal"
    with pytest.raises(FeedError, match=f"{feed}: was cut short while it was read, from .* to {CUT} bytes"):
        whole.slice(0, 1)
    with pytest.raises(FeedError):
        content(whole)
    with pytest.raises(FeedError):
        check()
    del whole, last
    check()


def test_a_cut_within_a_page_is_noticed(feed: str) -> None:
    chunks = iter(open_feed([feed]))
    next(chunks)
    os.truncate(feed, os.path.getsize(feed) - 1)
    with pytest.raises(FeedError, match="was cut short while it was read"):
        list(chunks)


@pytest.mark.parametrize("compressed", [False, True])
def test_any_change_is_noticed(tmp_path: Path, compressed: bool) -> None:
    data = header() + records(COUNT).tobytes()
    spec = write(tmp_path / "feed", zstd(data) if compressed else data)
    chunks = iter(open_feed([spec]))
    next(chunks)
    with open(spec, "ab") as file:
        file.write(b"more")
    with pytest.raises(FeedError, match=f"{spec}: changed while it was read"):
        list(chunks)


def test_a_compressed_file_that_is_cut(tmp_path: Path) -> None:
    spec = write(tmp_path / "feed", zstd(header() + records(COUNT).tobytes()))
    chunks = iter(open_feed([spec]))
    next(chunks)
    os.truncate(spec, 1_000)
    with pytest.raises(FeedError, match=f"{spec}: was cut short while it was read"):
        list(chunks)
