"""A kernel's machine code laid out anew: its functions in another order, each at another place within a page.

What is compiled once lies the same way in every process: a loaded kernel begins on a page, and its loops stand where
the compiler's order of functions puts them. So the optimized LLVM code of the kernel is taken, its functions are put in
a random order with a random room before each, and machine code is made of it: the same instructions, elsewhere.
"""

from __future__ import annotations

import ctypes
import random
import re
from dataclasses import replace
from typing import Any

from llvmlite import binding as llvm
from numba.core.registry import cpu_target

from lobench.engine.compiling import code_of_entry
from lobench.engine.errors import LobenchError
from lobench.engine.kernel_builder import TIMED, build
from lobench.engine.policy import Variant
from lobench.engine.replay import Replay
from lobench.engine.stages import STAGES
from lobench.engine.workload import Workload

_PAGE, _STEP = 4096, 16
"""Bytes: functions begin at multiples of the step, and how they lie within a page is drawn."""

_FUNCTION = re.compile(r"^define .*?^\}\n", re.MULTILINE | re.DOTALL)
_HEAD_ENDS = re.compile(r"(?= personality [^\n]*\{$| !dbg [^\n]*\{$| \{$)", re.MULTILINE)
_PRIVATE_TO = re.compile(r"^define (?:linkonce_odr|weak_odr) ", re.MULTILINE)


def code_of(variant: Variant, until: str = STAGES[-1]) -> tuple[str, bytes]:
    """The function that the timed build of a warm variant begins in, and its optimized LLVM code."""
    return code_of_entry(build(variant, until).replay, TIMED)


def laid_out(code: bytes, rng: random.Random) -> bytes:
    """An object file with the functions of optimized LLVM ``code``, as the compiler makes it but for their places."""
    text = placed(str(llvm.parse_bitcode(code)), rng)
    context: Any = cpu_target.target_context
    return bytes(context.codegen()._tm.emit_object(llvm.parse_assembly(text)))


def placed(text: str, rng: random.Random) -> str:
    """The text of an LLVM module with its functions in a random order, and a random room before each."""
    functions = _FUNCTION.findall(text)
    first = text.index(functions[0])
    rest = _FUNCTION.sub("", text[first:])
    rng.shuffle(functions)
    roomy = [_with_room(function, rng.randrange(_PAGE // _STEP) * _STEP) for function in functions]
    # Code that others link may be replaced by theirs; this stands alone.
    return _PRIVATE_TO.sub("define ", text[:first] + "".join(roomy) + rest)


def _with_room(function: str, size: int) -> str:
    """The text of a function with ``size`` bytes before it."""
    head, line, body = function.partition("\n")
    return _HEAD_ENDS.sub(f" prefix [{size} x i8] zeroinitializer", head, count=1) + line + body


class Kernel:
    """The timed kernel of an object file, loaded into memory of its own; called as the one that Numba loaded."""

    def __init__(self, file: str, function: str) -> None:
        machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._engine.add_object_file(llvm.ObjectFileRef.from_path(file))
        self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(function))
        if not self.address:
            raise LobenchError(f"{file} has no function {function}")
        word, pointer = ctypes.c_int64, ctypes.c_void_p
        shape = ctypes.CFUNCTYPE(ctypes.c_int32, pointer, pointer, word, word, word, word, pointer, pointer)
        self._call = shape(self.address)
        # Numba's convention: a place for the result, which is None, and one for what is raised.
        self._result, self._raised = (ctypes.byref(pointer()) for _ in range(2))

    def __call__(self, state: int, address: int, stride: int, count: int, tap: None, probe: None) -> None:
        if self._call(self._result, self._raised, state, address, stride, count, tap, probe):
            raise LobenchError("a kernel that was laid out anew raised an error")


class LaidOutReplay(Replay):
    """A replay in the timed build, whose records are handled by a kernel laid out anew."""

    def __init__(self, variant: Variant, kernel: Kernel, workload: Workload) -> None:
        super().__init__(variant, evaluate=workload.evaluate, until=workload.until, books=workload.books, observe=False)
        self._kernels = replace(self._kernels, replay=kernel)
