"""New layouts of a kernel's machine code: its functions in another order, each at another place within a page.

Compiled code has the same layout in every process: a loaded kernel begins on a page, and its loops follow the
compiler's order of functions. So the object file in the cache is rewritten, in a few milliseconds: the same functions
in a random order with a random gap before each. Numba compiles for the large code model, in which functions reach each
other and their constants by relocations alone, so any order works.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import binding as llvm

from lobench.engine.errors import LobenchError
from lobench.engine.foreign.start import Contestant
from lobench.engine.kernel_builder import TIMED, build
from lobench.engine.kernel_cache import kept_code
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay
from lobench.engine.workload import Workload

_PAGE, _STEP = 4096, 16
"""Bytes: functions begin at multiples of the step, and how they lie within a page is drawn."""

_X86_64: Final = 62
_SECTION: Final = np.dtype(
    {
        "names": ["type", "flags", "offset", "size", "info"],
        "formats": ["<u4", "<u8", "<u8", "<u8", "<u4"],
        "offsets": [4, 8, 24, 32, 44],
        "itemsize": 64,
    }
)
_SYMBOL: Final = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"), ("size", "<u8")]
)
_RELOCATION: Final = np.dtype([("offset", "<u8"), ("type", "<u4"), ("symbol", "<u4"), ("addend", "<i8")])
_SYMBOLS, _RELOCATIONS, _UNWIND = 2, 4, 0x70000001
"""Types of sections: of symbols, of relocations with addends, of stack unwinding."""
_LARGE_CODE: Final = 0x10000004
"""Flags of the code of the large model."""
_FUNCTION, _OF_SECTION = 2, 3
"""Types of symbols."""
_ABSOLUTE, _RELATIVE = 1, 24
"""Types of relocations: 64 bits, an address or its distance."""
_TRAP: Final = b"\xcc"


def laid_out(code: bytes, rng: random.Random) -> bytes:
    """The object file of a kernel with its functions elsewhere. Raises LobenchError for one that is not as Numba makes
    them on an x86-64 with Linux."""
    made = np.frombuffer(code, np.uint8).copy()
    if code[:6] != b"\x7fELF\x02\x01" or int.from_bytes(code[18:20], "little") != _X86_64:
        raise LobenchError("code layouts can be shuffled only on x86-64 Linux")
    start, count = int.from_bytes(code[40:48], "little"), int.from_bytes(code[60:62], "little")
    sections = _table(made, start, count * _SECTION.itemsize, _SECTION)
    texts = [place for place, one in enumerate(sections) if one["flags"] & 4 and one["size"]]
    if [int(sections[place]["flags"]) & _LARGE_CODE for place in texts] != [_LARGE_CODE]:
        raise LobenchError(
            "a kernel's code is not in one section of the large code model: its layout cannot be shuffled"
        )
    (text,) = texts

    def tables(kind: int, dtype: Any) -> list[tuple[Any, npt.NDArray[Any]]]:
        found = [one for one in sections if one["type"] == kind]
        return [(one, _table(made, int(one["offset"]), int(one["size"]), dtype)) for one in found]

    ((_, symbols),) = tables(_SYMBOLS, _SYMBOL)
    inside = symbols["section"] == text
    functions = symbols[inside & ((symbols["info"] & 15) == _FUNCTION)]
    spans = sorted({(int(one["value"]), int(one["value"] + one["size"])) for one in functions})
    moves = _Moves(spans, rng)
    old, new = int(sections[text]["offset"]), np.full(moves.size, _TRAP[0], np.uint8)
    for (begin, end), place in zip(spans, moves(np.array(spans)[:, 0]).tolist(), strict=True):
        new[place : place + end - begin] = made[old + begin : old + end]
    for section, relocations in tables(_RELOCATIONS, _RELOCATION):
        _relocate(relocations, symbols, int(section["info"]), sections, text, moves)
    named = inside & ((symbols["info"] & 15) != _OF_SECTION)
    symbols["value"][named] = moves(symbols["value"][named])
    end = -(-len(made) // _STEP) * _STEP
    sections["offset"][text], sections["size"][text] = end, moves.size
    return made.tobytes().ljust(end, b"\0") + new.tobytes()


def _table(made: npt.NDArray[np.uint8], start: int, size: int, dtype: Any) -> npt.NDArray[Any]:
    """A part of a file, to be changed in place."""
    return made[start : start + size].view(dtype)


class _Moves:
    """Where each byte of the functions goes. ``spans``: where each begins and ends, in order; ``size``: bytes that all
    take in their new places."""

    def __init__(self, spans: Sequence[tuple[int, int]], rng: random.Random) -> None:
        self._begins, self._ends = np.array(spans, np.int64).T
        self._shifts = np.zeros(len(spans), np.int64)
        place = 0
        for number in rng.sample(range(len(spans)), len(spans)):
            begin, end = spans[number]
            place = -(-place // _STEP) * _STEP + rng.randrange(_PAGE // _STEP) * _STEP
            self._shifts[number] = place - begin
            place += end - begin
        self.size = place

    def __call__(self, offsets: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The new offset of each old one. Raises LobenchError for one that is in no function."""
        offsets = offsets.astype(np.int64)
        at = np.searchsorted(self._begins, offsets, "right") - 1
        if (at < 0).any() or (offsets >= self._ends[at]).any():
            raise LobenchError(
                "a kernel's code refers to an address outside its functions: its layout cannot be shuffled"
            )
        moved: npt.NDArray[np.int64] = offsets + self._shifts[at]
        return moved


def _relocate(
    relocations: npt.NDArray[Any],
    symbols: npt.NDArray[Any],
    within: int,
    sections: npt.NDArray[Any],
    text: int,
    moves: _Moves,
) -> None:
    """Relocations of the section ``within``, as its functions have moved, and as those that it refers to have."""
    if within == text:
        relocations["offset"] = moves(relocations["offset"])
    of_text = (symbols["section"] == text) & ((symbols["info"] & 15) == _OF_SECTION)
    refers = of_text[relocations["symbol"]]
    # A relative address in a table is not relative to the function's start.
    known = relocations["type"] == _ABSOLUTE
    if sections[within]["type"] == _UNWIND:
        known |= relocations["type"] == _RELATIVE
    if (refers & ~known).any():
        raise LobenchError("a kernel's code refers to itself in an unknown way: its layout cannot be shuffled")
    relocations["addend"][refers] = moves(relocations["addend"][refers])


@dataclass(frozen=True)
class _Words:
    """The places for a kernel's result, which is None, and its exception, in Numba's convention."""

    result: Any
    raised: Any


class Kernel:
    """The timed kernel of an object file, loaded into memory of its own; called as the one that Numba loaded."""

    def __init__(self, code: bytes, function: str) -> None:
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(function))
        if not self.address:
            raise LobenchError(f"a kernel's code has no function {function}")
        word, pointer = ctypes.c_int64, ctypes.c_void_p
        shape = ctypes.CFUNCTYPE(ctypes.c_int32, pointer, pointer, word, word, word, word, pointer, pointer)
        self._call = shape(self.address)
        self._words = _Words(ctypes.byref(pointer()), ctypes.byref(pointer()))

    def __call__(self, state: int, address: int, stride: int, count: int, tap: None, probe: None) -> None:
        if self._call(self._words.result, self._words.raised, state, address, stride, count, tap, probe):
            raise LobenchError("a kernel with a shuffled layout raised an error")


def kernel_of(variant: Variant, until: str, seed: int | str) -> Kernel:
    """The timed kernel of a warm variant in one of many layouts. Raises LobenchError if it is not cached."""
    kept = kept_code(build(variant, until).replay, TIMED)
    if kept is None:
        raise LobenchError(f"the kernel of {variant.name} is not cached: its layout cannot be shuffled")
    function, code = kept
    return Kernel(laid_out(code, random.Random(f"{variant.name} {seed}")), function)


def drawn(variants: Sequence[Contestant], until: str, seed: int | str) -> list[Kernel | None]:
    """A random layout of each variant's kernel, and another one for each copy of the same variant. None for what can be
    measured only as built: an engine from outside, a kernel that is not cached, or one for another processor type."""
    return [_drawn(variant, until, f"{seed} {place}") for place, variant in enumerate(variants)]


def _drawn(variant: Contestant, until: str, seed: str) -> Kernel | None:
    if not isinstance(variant, Variant):
        return None
    try:
        return kernel_of(variant, until, seed)
    except LobenchError:
        return None


class LaidOutReplay(Replay):
    """A replay in the timed build, with a kernel in a new layout."""

    def __init__(self, variant: Variant, kernel: Kernel, workload: Workload) -> None:
        super().__init__(
            variant,
            evaluate=workload.evaluate,
            until=workload.until,
            books=workload.books,
            orders=workload.orders,
            observe=False,
        )
        self._kernels = replace(self._kernels, replay=kernel)
