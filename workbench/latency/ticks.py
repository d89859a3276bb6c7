"""The processor's cycle counter, read from compiled code; the meaning and cost of a reading.

If the time-stamp counter of an x86 runs at one rate in all states of the processor, it is read by RDTSC and RDTSCP
between fences, so that the timed code neither begins before the first reading nor ends after the second (Paoloni, "How
to Benchmark Code Execution Times on Intel IA-32 and IA-64", 2010; LFENCE in place of CPUID, which a hypervisor would
emulate). Otherwise it is CLOCK_MONOTONIC.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types

from lobench.engine.compiling import entry, kernel
from lobench.engine.native import address_of, clock_gettime, int64, local, named_intrinsic

_READINGS: Final = 10_001
_LOOKS: Final = 50
_MONOTONIC: Final = np.int32(time.CLOCK_MONOTONIC)
_TIMESPEC: Final = np.dtype([("seconds", "i8"), ("nanoseconds", "i8")])


def invariant() -> bool:
    """Whether the processor guarantees that its time-stamp counter runs at one rate in every state."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return {"constant_tsc", "nonstop_tsc", "rdtscp"} <= set(flags)


TSC: Final = platform.machine() in ("x86_64", "AMD64") and invariant()
"""Whether the time-stamp counter is used."""


def _called(builder: Any, name: str, result: Any) -> Any:
    """A call of one of LLVM's intrinsics without arguments."""
    declared = builder.module.globals.get(name)
    return builder.call(declared or ir.Function(builder.module, ir.FunctionType(result, []), name), [])


def _tsc_before(typingctx: Any) -> Any:
    """The counter, int64, before the timed code: everything earlier is done, nothing later has begun."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _called(builder, "llvm.x86.sse2.lfence", ir.VoidType())
        ticks = _called(builder, "llvm.readcyclecounter", ir.IntType(64))
        _called(builder, "llvm.x86.sse2.lfence", ir.VoidType())
        return ticks

    return types.int64(), codegen


def _tsc_after(typingctx: Any) -> Any:
    """The counter, int64, after the timed code: it is done, and nothing later has begun."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        both = _called(builder, "llvm.x86.rdtscp", ir.LiteralStructType([ir.IntType(64), ir.IntType(32)]))
        _called(builder, "llvm.x86.sse2.lfence", ir.VoidType())
        return builder.extract_value(both, 0)

    return types.int64(), codegen


@kernel
def _monotonic() -> Any:
    """CLOCK_MONOTONIC in nanoseconds, int64."""
    now = local(_TIMESPEC)
    clock_gettime(_MONOTONIC, address_of(now))
    return now["seconds"] * int64(1_000_000_000) + now["nanoseconds"]


before: Any = named_intrinsic(_tsc_before) if TSC else _monotonic
after: Any = named_intrinsic(_tsc_after) if TSC else _monotonic


@entry
def now() -> Any:
    """The counter."""
    return before()


@entry
def around_nothing(found: Any) -> None:
    """Ticks between two readings with nothing in between, one pair for each place of ``found``, int64, shape (n,)."""
    for place in range(len(found)):
        began = before()
        found[place] = after() - began


@dataclass(frozen=True)
class TickClock:
    """``tick_ns``: nanoseconds of a tick; ``reading_ns``: the median difference of two readings around nothing, a part
    of every measured time."""

    tick_ns: float
    reading_ns: float

    @property
    def hertz(self) -> float:
        return 1e9 / self.tick_ns


def timed_clock(seconds: float = 0.2) -> TickClock:
    """Compare the counter with CLOCK_MONOTONIC for ``seconds`` seconds."""
    found = np.zeros(_READINGS, np.int64)
    around_nothing(found)
    began, ticks = _moment()
    time.sleep(seconds)
    ended, later = _moment()
    tick = (ended - began) / (later - ticks) if TSC else 1.0
    around_nothing(found)
    return TickClock(tick, float(np.median(found)) * tick)


def _moment() -> tuple[float, int]:
    """CLOCK_MONOTONIC in ns and the counter, at one moment: of several looks the one with the least time between."""
    looks = []
    for _ in range(_LOOKS):
        early, ticks = time.monotonic_ns(), int(now())
        late = time.monotonic_ns()
        looks.append((late - early, (early + late) / 2, ticks))
    _, moment, ticks = min(looks)
    return moment, ticks
