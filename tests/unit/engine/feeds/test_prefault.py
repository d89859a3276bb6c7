"""Pages of a mapped file that are brought in before they are read."""

from __future__ import annotations

import mmap
import time
from pathlib import Path

import numpy as np
import pytest

from lobench.engine.feeds import prefault
from lobench.engine.feeds.prefault import AHEAD, WINDOW, Prefault

SIZE = AHEAD + 4 * WINDOW


@pytest.fixture
def mapping(tmp_path: Path) -> mmap.mmap:
    path = tmp_path / "file"
    path.write_bytes(bytes(SIZE))
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def resident(address: int) -> int:
    """Bytes of the mapping at ``address`` that this process has in its page table."""
    found = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0] and ":" not in line.split()[0]:
            found = int(line.split("-")[0], 16) == address
        elif found and line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    return 0


def wait_for(address: int, least: int) -> int:
    for _ in range(500):
        if resident(address) >= least:
            break
        time.sleep(0.01)
    return resident(address)


def test_pages_come_ahead_of_the_reader_and_no_further(mapping: mmap.mmap) -> None:
    address = np.frombuffer(mapping, np.uint8).ctypes.data
    probe = prefault._libc.madvise(address, mmap.PAGESIZE, prefault._POPULATE_READ)
    if probe:
        pytest.skip("this kernel has no MADV_POPULATE_READ")
    with Prefault(address, SIZE) as pages:
        assert wait_for(address, AHEAD) == AHEAD
        pages.reached(WINDOW)
        assert wait_for(address, AHEAD + WINDOW) == AHEAD + WINDOW
        pages.reached(SIZE)
        assert wait_for(address, SIZE) == SIZE


def test_a_file_that_was_cut_ends_no_process(mapping: mmap.mmap, tmp_path: Path) -> None:
    with (tmp_path / "file").open("r+b") as file:
        file.truncate(mmap.PAGESIZE)
    address = np.frombuffer(mapping, np.uint8).ctypes.data
    with Prefault(address, SIZE) as pages:
        pages.reached(SIZE)
    assert mapping[0] == 0


def test_prefault_ends_when_reading_stops(mapping: mmap.mmap) -> None:
    with Prefault(np.frombuffer(mapping, np.uint8).ctypes.data, SIZE) as pages:
        pass
    assert not pages._thread.is_alive()
