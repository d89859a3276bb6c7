"""Finds the shared library of a C function that kernels call by name, and the digest of that library."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import llvmlite.binding

_OF_THE_SYSTEM = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")


class _Found(ctypes.Structure):
    """``Dl_info`` of ``dladdr(3)``."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def content_of(symbol: str) -> str | None:
    """A digest of the library that ``symbol`` is in; no more than a word for one of the system's, whose functions are
    linked when a kernel is loaded; None if it is in none, or there is no such function."""
    lookup: Any = llvmlite.binding
    address = lookup.address_of_symbol(symbol)
    file = None if address is None else _file_of(address)
    if file is None:
        return None
    if file.startswith(_OF_THE_SYSTEM):
        return "of the system"
    try:
        status = os.stat(file)
        return _digest(file, status.st_ino, status.st_size, status.st_mtime_ns)
    except OSError:
        return None


@cache
def _file_of(address: int) -> str | None:
    found = _Found()
    if not ctypes.CDLL(None).dladdr(ctypes.c_void_p(address), ctypes.byref(found)):
        return None
    file = os.fsdecode(found.file or b"")
    # The program itself is listed under the name it was called by.
    return os.path.realpath(file if file.startswith("/") else "/proc/self/exe")


@cache
def _digest(path: str, *stamp: int) -> str:
    return blake2b(Path(path).read_bytes(), digest_size=20).hexdigest()
