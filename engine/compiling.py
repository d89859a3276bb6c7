"""How kernels are compiled: the marks of functions that Numba compiles.

With a known version of Numba, functions that kernels call are compiled as parts (``part_compiler``), and kernels are
kept between processes (``kernel_cache``). With any other (``private_numba``) they are compiled by Numba's public
decorators, in every process: slower to start, with the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

import numba
from numba.extending import register_jitable

from lobench.engine import private_numba
from lobench.engine.kernel_cache import attach
from lobench.engine.stages import Stage, declare

_part: dict[str, Any] = {"inline": "never"}  # the default of Numba
_entry: dict[str, Any] = {}
if private_numba.USABLE:
    from lobench.engine.part_compiler import EntryCompiler, PartCompiler

    _part = {"pipeline_class": PartCompiler, "no_cfunc_wrapper": True}
    _entry = {"pipeline_class": EntryCompiler}

Function = TypeVar("Function", bound=Callable[..., Any])


class _Marker(Protocol):
    """A decorator with or without arguments: those of ``lobench.engine.stages.Stage`` declare the stage that the
    function begins."""

    @overload
    def __call__(self, function: Function, /) -> Function: ...
    @overload
    def __call__(
        self, *, stage: str, nested: bool = False, within: str | None = None
    ) -> Callable[[Function], Function]: ...


class _EntryMarker(Protocol):
    """The same; it returns Numba's dispatcher."""

    @overload
    def __call__(self, function: Callable[..., Any], /) -> Any: ...
    @overload
    def __call__(
        self, *, stage: str, nested: bool = False, within: str | None = None
    ) -> Callable[[Callable[..., Any]], Any]: ...


def _marker(make: Callable[[Callable[..., Any]], Any]) -> Any:
    def mark(
        function: Callable[..., Any] | None = None, *, stage: str = "", nested: bool = False, within: str | None = None
    ) -> Any:
        if function is not None:
            return make(function)

        def declared(function: Callable[..., Any]) -> Any:
            declare(function, Stage(stage, nested, within))
            return make(function)

        return declared

    return mark


kernel: _Marker = _marker(register_jitable(**_part))
"""Marks a function that is compiled into the kernels that call it, and is plain Python elsewhere."""

inlined: _Marker = _marker(register_jitable(forceinline=True, **_part))
"""Marks a kernel that is always inlined: a large one with a single caller, where LLVM would leave a call."""

_as_entry = numba.njit(nogil=True, error_model="numpy", **_entry)

entry: _EntryMarker = _marker(lambda function: attach(_as_entry(function)))
"""Marks a kernel that Python calls; it is kept between processes (``lobench.engine.kernel_cache``)."""


def address_of_entry(dispatcher: Any, arguments: tuple[Any, ...]) -> int:
    """Where the machine code of an entry lies that was compiled, or loaded, for these types of arguments."""
    compiled = dispatcher.overloads[arguments]
    address: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return address
