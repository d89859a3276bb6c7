"""The C ABI of ``lobench_engine.h`` for ctypes and NumPy: constants, the table of functions, its arguments.

Names and order are the header's; tests/foreign/test_abi.py compares both with a C compiler.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Final

import numpy as np

from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload

VERSION: Final = 1

BBO, LEVELS, QUEUES, FEATURES, STRATEGIES, ANOMALIES = OFFERS = tuple(1 << place for place in range(6))
OFFER_NAMES: Final = dict(zip(OFFERS, ("BBO", "levels", "queues", "features", "strategies", "anomalies"), strict=True))

LEAVES_OUT: Final = {
    1: "repairs of broken feeds",
    2: "top-of-book records",
    4: "R in mid-stream",
    8: "several publishers of an instrument",
}
"""Bit of ``leaves_out`` to the rules of docs/semantics.md that an engine says it leaves out."""

CODES: Final = {-1: "out of memory", -2: "unsupported", -3: "bad record", -4: "failed"}

FEATURES_COUNT, STRATEGIES_COUNT, ANOMALIES_COUNT = 24, 4, 10

LEVEL: Final = np.dtype([("price", "i8"), ("size", "u8"), ("count", "u8")])
ORDER: Final = np.dtype([("order_id", "u8"), ("size", "u8")])
ACCOUNT: Final = np.dtype([("position", "i8"), ("cash", "f8"), ("equity", "f8"), ("trades", "i8")])


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options with which an engine is created. ``stage``: the last one to compute, an index into ``STAGES`` (1
    book, 2 features, 3 strategies); ``evaluate_every``: evaluate at every record, not only at those with F_LAST and
    without F_SNAPSHOT; ``workers``: threads that may work; ``expected_orders`` and ``expected_instruments``: the most
    at a time, 0 if unknown."""

    stage: int
    evaluate_every: bool
    workers: int
    expected_orders: int = 0
    expected_instruments: int = 0

    @classmethod
    def of(cls, workload: Workload, workers: int = 1) -> Options:
        """The options of an engine that replays a workload."""
        return cls(
            stage=STAGES.index(workload.until),
            evaluate_every=workload.evaluate == "every",
            workers=workers,
            expected_orders=workload.orders,
            expected_instruments=workload.instruments,
        )


@dataclass(frozen=True)
class Counts:
    """An engine's counts so far; ``anomalies`` in the order of ``lobench.engine.anomalies``, or empty."""

    events: int
    evaluations: int
    anomalies: tuple[int, ...] = ()


class OptionsStruct(ctypes.Structure):
    """``lobench_options``."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("stage", ctypes.c_uint32),
        ("evaluate_every", ctypes.c_uint32),
        ("workers", ctypes.c_uint32),
        ("expected_orders", ctypes.c_uint64),
        ("expected_instruments", ctypes.c_uint64),
    )


class CountsStruct(ctypes.Structure):
    """``lobench_counts``."""

    _fields_ = (
        ("events", ctypes.c_uint64),
        ("evaluations", ctypes.c_uint64),
        ("anomalies", ctypes.c_uint64 * ANOMALIES_COUNT),
    )


class StageName(ctypes.Structure):
    """``lobench_stage_name``."""

    _fields_ = (("symbol", ctypes.c_char_p), ("stage", ctypes.c_char_p))


class Table(ctypes.Structure):
    """``lobench_engine_table``; its functions as addresses, 0 for those that are not there."""

    _fields_ = (
        ("abi_version", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("version", ctypes.c_char_p),
        ("offers", ctypes.c_uint32),
        ("leaves_out", ctypes.c_uint32),
        ("most_workers", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("create", ctypes.c_size_t),
        ("destroy", ctypes.c_size_t),
        ("apply", ctypes.c_size_t),
        ("levels", ctypes.c_size_t),
        ("orders", ctypes.c_size_t),
        ("features", ctypes.c_size_t),
        ("accounts", ctypes.c_size_t),
        ("trace", ctypes.c_size_t),
        ("counts", ctypes.c_size_t),
        ("error", ctypes.c_size_t),
        ("stages", ctypes.POINTER(StageName)),
    )


_POINTER, _U64 = ctypes.c_void_p, ctypes.c_uint64

FUNCTIONS: Final = {
    "create": ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(OptionsStruct), ctypes.POINTER(_POINTER)),
    "destroy": ctypes.CFUNCTYPE(None, _POINTER),
    "apply": ctypes.CFUNCTYPE(ctypes.c_int32, _POINTER, _POINTER, _U64, _U64),
    "trace": ctypes.CFUNCTYPE(_U64, _POINTER),
    "counts": ctypes.CFUNCTYPE(ctypes.c_int32, _POINTER, ctypes.POINTER(CountsStruct)),
    "error": ctypes.CFUNCTYPE(ctypes.c_char_p, _POINTER),
}
"""Prototypes of the functions that Python calls; the others are called by compiled code (``calls``)."""

NEEDED: Final = {BBO: ("levels",), LEVELS: ("levels",), QUEUES: ("levels", "orders"), FEATURES: ("features", "trace")}
NEEDED.update({STRATEGIES: ("accounts", "trace"), ANOMALIES: ("counts",)})
"""Offer to the functions that it takes, beside ``create``, ``destroy`` and ``apply``."""
