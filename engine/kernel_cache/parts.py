"""Parts of kernels cached between processes: code shared by several kernels is compiled once.

A part is a function that kernels call, for one set of argument types: typed, and as optimized LLVM code with all its
callees linked into it. Like a kernel, it is kept under a key of everything that goes into it. So a variant that differs
from another in one policy takes all other parts from the cache, and so does a kernel with an edited helper.

A part is written when the kernel that it was compiled for is kept: if this process's state rules that out (a function
was compiled from other values before), the part is not kept either.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any

from lobench.engine.kernel_cache import numba_internals, store
from lobench.engine.kernel_cache.fingerprint import Fingerprint, fingerprint
from lobench.engine.kernel_cache.folders import kernel_folder
from lobench.engine.kernel_cache.surroundings import surroundings

Pack = Callable[[], bytes]


class _Waiting:
    """Parts that were compiled for the current kernel. An object, because a digest of functions does not include an
    object's content."""

    def __init__(self) -> None:
        self.parts: dict[str, Pack] = {}


_waiting = _Waiting()


def key_of(function: Any, arguments: Any, prescribed: Any, flags: Any) -> tuple[str, Fingerprint] | None:
    """A part's key, hex, and its sources; None if these are unknown, or nothing is cached."""
    if kernel_folder() is None:
        return None
    try:
        found = fingerprint([function, (*arguments, prescribed)])
    except Exception:  # a user's object may raise anything when it is examined
        return None
    text = "\n".join([*surroundings(), flags.summary(), *found.lines])
    return blake2b(text.encode(errors="surrogatepass"), digest_size=20).hexdigest(), found


def read(key: str) -> Any:
    """``Pack``'s form of the part; None if it is not cached."""
    folder = kernel_folder()
    content = None if folder is None else store.read(folder, _name(key))
    if content is None:
        return None
    try:
        return pickle.loads(content)
    except Exception:  # of another version, or damaged: a miss
        return None


def begin() -> None:
    """A kernel is about to be compiled."""
    _waiting.parts.clear()


def compiled(key: str, pack: Pack) -> None:
    """A part of it was compiled."""
    _waiting.parts[key] = pack


def keep() -> None:
    """The kernel is kept, so its parts are."""
    folder = kernel_folder()
    if folder is not None:
        # Anything that cannot be kept is compiled again.
        with contextlib.suppress(Exception):
            store.write_all(folder, _packed())
    _waiting.parts.clear()


def _packed() -> Iterator[tuple[str, bytes]]:
    """Names and contents of the parts that can be written; a part that cannot does not affect the others."""
    for key, pack in _waiting.parts.items():
        with contextlib.suppress(Exception):
            content = pack()
            yield _name(key), content


def _name(key: str) -> str:
    return f"part {key}"


dumped = numba_internals.dumped
