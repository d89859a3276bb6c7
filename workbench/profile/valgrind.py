"""Requests to valgrind from inside a kernel: start and stop counting around exactly what is measured.

The sequence of rotations that valgrind recognizes (valgrind.h, amd64; on a bare processor it does nothing) is emitted
as inline assembly, so that no compiler and no header file are needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.extending import intrinsic

_CALLGRIND = ord("C") << 24 | ord("T") << 16
TOGGLE_COLLECT = _CALLGRIND + 2
START_INSTRUMENTATION = _CALLGRIND + 4
STOP_INSTRUMENTATION = _CALLGRIND + 5

binding.initialize_native_asmparser()

_SEQUENCE = "rolq $$3, %rdi; rolq $$13, %rdi; rolq $$61, %rdi; rolq $$51, %rdi; xchgq %rbx, %rbx"


def _request(typingctx: Any, arguments: Any) -> Any:
    """Hand the address of six words (request, five arguments) to valgrind; returns its answer, 0 without valgrind."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(64)
        kind = ir.FunctionType(word, [word, word])
        constraints = "={rdx},{rax},{rdx},~{memory},~{cc},~{dirflag},~{fpsr},~{flags}"
        return builder.asm(kind, _SEQUENCE, constraints, [args[0], word(0)], side_effect=True)

    return types.int64(types.int64), generate


_ask: Any = intrinsic(_request)


def _forward(address: int) -> int:
    return int(_ask(address))


_send: Any = njit(_forward)


def send(request: int) -> int:
    """Send a request without arguments."""
    words = np.zeros(6, np.uint64)
    words[0] = request
    return int(_send(words.ctypes.data))
