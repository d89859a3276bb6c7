"""The processor's own counters around a stretch of work: cycles, instructions, misses.

They are read by perf_event_open(2) on Linux: of this thread, in its own code (not the kernel's), as one group, so that
all count the same stretch. A machine may have none, as most virtual machines, or not let this user look: then there is
nothing to read, and nothing is shown.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Mapping
from typing import Final

_CALL: Final = {"x86_64": 298, "aarch64": 241}
"""Number of the system call by machine."""
_ATTRIBUTES: Final = struct.Struct("<IIQQQQQ64x")
"""``struct perf_event_attr``, 112 bytes: type, size, config, period, sample type, read format, flags; zeros follow."""
_READ_FORMAT: Final = 1 | 2 | 8
"""A group's counters at once, with the times for which it was enabled and for which it counted."""
_FLAGS: Final = 1 << 5 | 1 << 6
"""Neither the kernel's work nor a hypervisor's."""
_CLOSE_ON_EXEC: Final = 8

Events = Mapping[str, tuple[int, int]]

EVENTS: Final[Events] = {"cycles": (0, 0), "instructions": (0, 1), "cache_misses": (0, 3), "branch_misses": (0, 5)}
"""Name to the type and number of a generic hardware event. Cache misses are those of the last level."""


class HardwareCounters:
    """Counters of the thread that makes them; ``names`` of those that the machine has, in the order of ``read``."""

    def __init__(self, events: Events = EVENTS) -> None:
        self.names: list[str] = []
        self._descriptors: list[int] = []
        for name, event in events.items():
            descriptor = _opened(*event, self._descriptors[0] if self._descriptors else -1)
            if descriptor >= 0:
                self.names.append(name)
                self._descriptors.append(descriptor)

    def read(self) -> list[float]:
        """Counts so far; scaled up where the processor counts several groups in turn."""
        if not self._descriptors:
            return []
        count = len(self._descriptors)
        data = os.read(self._descriptors[0], 8 * (3 + count))
        _, enabled, running, *counts = struct.unpack(f"<{3 + count}Q", data)
        return [value * enabled / running if running else 0.0 for value in counts]

    def close(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())
        self.names.clear()

    def __del__(self) -> None:
        self.close()


def _opened(kind: int, number: int, group: int) -> int:
    """Descriptor of a new counter, in the group of another one unless that is -1; -1 if there is none here."""
    call = _CALL.get(platform.machine())
    if call is None or not os.path.exists("/proc/sys/kernel/perf_event_paranoid"):
        return -1
    attributes = ctypes.create_string_buffer(
        _ATTRIBUTES.pack(kind, _ATTRIBUTES.size, number, 0, 0, _READ_FORMAT, _FLAGS), _ATTRIBUTES.size
    )
    return int(ctypes.CDLL(None, use_errno=True).syscall(call, attributes, 0, -1, group, _CLOSE_ON_EXEC))
