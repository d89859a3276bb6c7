"""The memory that passes will take is touched before them, but no more than the machine can spare."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from lobench.workbench.measurement import prefault as presence
from lobench.workbench.measurement.prefault import taken, touch

MIB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how large a process was")
def test_the_peak_of_memory_is_counted() -> None:
    room = 64 * MIB + taken()
    # From the system: what an allocator has at hand may be resident already.
    with mmap.mmap(-1, room) as held:
        np.frombuffer(held, np.uint8)[:] = 1
    assert taken() >= room - 8 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how large a process was")
def test_touched_memory_is_resident_and_released() -> None:
    before = taken()
    size = before + 96 * MIB
    assert touch(size) == size
    assert size - 8 * MIB <= taken() <= size + 32 * MIB


def test_no_more_is_touched_than_the_machine_can_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "available_memory", lambda: 3 * MIB + 2)
    assert touch(1 << 50) == 3 * MIB // 2 // 4096 * 4096
    monkeypatch.setattr(presence, "available_memory", lambda: 0)
    assert touch(1 << 50) == touch(0) == 0


def test_without_the_systems_figure_it_is_zero(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(presence, "Path", lambda name: tmp_path / "none")
    assert taken() == 0
