"""Numba's private interfaces: every one that this project uses is imported here, and nowhere else.

With them, parts of kernels are compiled apart (``part_compiler``), kernels are kept between processes
(``kernel_cache``), and profiles learn the source lines of machine code (``lobench.workbench.numba_internals``).
Later versions of Numba may lack them, or mean something else by them. So with an unknown version, or one that lacks a
name, ``USABLE`` is False: kernels are compiled by Numba's public decorators in every process, with the same results,
and profiles of source lines are refused.
"""

from __future__ import annotations

import re
from typing import Final

import numba

__all__ = [
    "KNOWN",
    "USABLE",
    "WHY_NOT",
    "CPUDispatcher",
    "CompileResult",
    "Compiler",
    "CompilerBase",
    "DefaultPassBuilder",
    "Dispatcher",
    "ExtractByteCode",
    "FunctionCache",
    "FunctionIdentity",
    "JITCodeLibrary",
    "NativeLowering",
    "caching",
    "codegen",
    "compile_result",
    "config",
    "cpu_target",
    "debuginfo",
    "dumps",
    "event",
    "extending",
    "imputils",
    "init_all",
    "lowering",
    "make_function",
    "register_pass",
    "sigutils",
    "templates",
]

FIRST: Final = (0, 61)
LAST: Final = (0, 68)
"""The versions of Numba with which these interfaces were tested."""

KNOWN: Final = " to ".join(".".join(map(str, version)) for version in (FIRST, LAST))

_lacking = ""
try:
    from numba._dynfunc import make_function
    from numba.core import (
        caching,
        codegen,
        config,
        debuginfo,
        event,
        extending,
        imputils,
        lowering,
        sigutils,
    )
    from numba.core.bytecode import FunctionIdentity
    from numba.core.caching import FunctionCache
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler, CompilerBase, CompileResult, DefaultPassBuilder, compile_result
    from numba.core.compiler_machinery import register_pass
    from numba.core.dispatcher import Dispatcher
    from numba.core.entrypoints import init_all
    from numba.core.registry import CPUDispatcher, cpu_target
    from numba.core.serialize import dumps
    from numba.core.typed_passes import NativeLowering
    from numba.core.typing import templates
    from numba.core.untyped_passes import ExtractByteCode
except ImportError as _error:
    _lacking = str(_error)

VERSION = tuple(map(int, re.findall(r"\d+", numba.__version__)[:2]))
if not FIRST <= VERSION <= LAST:
    _lacking = f"this is Numba {numba.__version__}"

USABLE: Final = not _lacking
WHY_NOT: Final = _lacking
"""Which name is missing, or that the version is unknown; empty if all is well."""
