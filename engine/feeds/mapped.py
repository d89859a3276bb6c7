"""Files mapped into memory and truncated by others: a signal, where reading would give an error.

A page of a mapping beyond the end of its file cannot be read: the kernel sends SIGBUS, which ends a process without a
message. Here a handler maps zeros in place of the file from that page on, so that the reader continues and the loss is
found in order: by a feed that checks its file after each chunk, or by ``check``.

The handler is Python, called through ctypes. That is sound for this signal only: it is caused by the instruction that
reads a mapping, never by one inside an allocator or the interpreter, and the thread can wait for the interpreter's
lock.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import signal
import weakref
from dataclasses import dataclass
from io import FileIO
from typing import Any

import numpy as np

from lobench.engine.feeds.problems import UnreadableError

_SA_SIGINFO, _SA_NODEFER = 4, 0x40000000
_FAULT_ADDRESS = 16
"""Offset of the address in ``siginfo_t``, with 64-bit pointers."""
_MAP_FIXED = 0x10


@dataclass
class _Mapping:
    """A file's bytes at ``address``; ``cut`` once some of them could not be read."""

    name: str
    address: int
    size: int
    memory: weakref.ref[mmap.mmap]
    cut: bool = False


class _Action(ctypes.Structure):
    """``struct sigaction`` of the C libraries on Linux."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ubyte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


_mappings: dict[int, _Mapping] = {}
"""Those that exist now."""
_numbers = itertools.count()
_installed = False
_before = _Action()
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_libc.mmap.restype = ctypes.c_void_p
_libc.sigaction.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]


def map_file(file: FileIO, name: str) -> memoryview:
    """All of a file as read-only memory. Raises OSError or ValueError where that cannot be."""
    memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view = memoryview(memory)
    address = int(np.frombuffer(view, np.uint8).ctypes.data)
    number = next(_numbers)
    _mappings[number] = _Mapping(name, address, len(memory), weakref.ref(memory, lambda _: _mappings.pop(number)))
    _install()
    return view


def check(address: int | None = None) -> None:
    """Raise ``UnreadableError`` if the file that is mapped at an address, or any mapped file, was cut short."""
    for mapping in list(_mappings.values()):
        if address is None or mapping.address <= address < mapping.address + mapping.size:
            memory = mapping.memory()
            size = mapping.size if memory is None else memory.size()
            if size < mapping.size:
                raise UnreadableError(
                    mapping.name, f"was cut short while it was read, from {mapping.size} to {size} bytes"
                )
            if mapping.cut:
                raise UnreadableError(mapping.name, "can no longer be read: was it cut short, or is the disk failing?")


def _install() -> None:
    global _installed
    if not _installed:
        _installed = True
        action = _Action(ctypes.cast(_handler, ctypes.c_void_p).value, flags=_SA_SIGINFO | _SA_NODEFER)
        _libc.sigaction(signal.SIGBUS, ctypes.byref(action), ctypes.byref(_before))


def _take(number: int, info: int, context: Any) -> None:
    address = ctypes.c_void_p.from_address(info + _FAULT_ADDRESS).value or 0
    for mapping in list(_mappings.values()):
        if mapping.address <= address < mapping.address + mapping.size:
            page = address - address % mmap.PAGESIZE
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED
            end = mapping.address + mapping.size
            if _libc.mmap(page, end - page, mmap.PROT_READ, flags, -1, 0) == page:
                mapping.cut = True
                return
    # An address of no feed: the instruction runs again, fails again and reaches the earlier handler.
    _libc.sigaction(signal.SIGBUS, ctypes.byref(_before), None)


_handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(_take)
