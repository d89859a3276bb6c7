"""Which worker handles which instrument."""

from __future__ import annotations

from engine.native import Record, int64, kernel, uint64

_GOLDEN = uint64(0x9E3779B97F4A7C15)
_32 = uint64(32)


@kernel
def shard_of(instrument_id: int, workers: int) -> int:
    """The worker of an instrument: the upper half of a multiplicative hash of its id, modulo the number of workers."""
    return int64((uint64(instrument_id) * _GOLDEN) >> _32) % workers


@kernel
def is_mine(engine: Record, instrument_id: int) -> bool:
    """Whether this worker handles the instrument."""
    return engine["workers"] == 1 or shard_of(instrument_id, engine["workers"]) == engine["worker"]
