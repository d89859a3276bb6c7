"""The machine and the software that figures come from; None: the system does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Revision:
    """lobench's own version, and its commit within a checkout."""

    version: str
    revision: str | None


@dataclass(frozen=True, slots=True)
class Processor:
    """``signature``: family, model and stepping; ``caches``: name to size."""

    model: str | None
    signature: str | None
    cores: int | None
    threads: int | None
    usable_threads: int | None
    caches: Mapping[str, str]
    governor: str | None
    frequency_driver: str | None
    boost: bool | None
    smt: bool | None


@dataclass(frozen=True, slots=True)
class System:
    """The kernel and the platform."""

    kernel: str
    machine: str
    libc: str | None
    clocksource: str | None
    transparent_hugepages: str | None
    virtualization: str | None


@dataclass(frozen=True, slots=True)
class Memory:
    """When the run began."""

    total_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True)
class NumbaTarget:
    """The compilation target of kernels, and the NUMBA_* variables that were set."""

    cpu: str
    flags: tuple[str, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Environment:
    """``machine_digest`` is equal where absolute figures may be compared."""

    lobench: Revision
    machine_digest: str
    cpu: Processor
    system: System
    memory: Memory
    load_average: tuple[float, ...]
    python: str
    packages: Mapping[str, str]
    numba: NumbaTarget
