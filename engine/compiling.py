"""How kernels are compiled: a function that others call is optimized and linked into them, and that is all.

Numba makes machine code and a C wrapper of every function, and a kernel of some two hundred of them needs neither:
only its entry is called from outside. Without both, and with Python's collector asleep, compiling takes a third less
time, and the kernel is optimized by the same passes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

import numba
from numba._dynfunc import make_function
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering
from numba.extending import register_jitable

from lobench.engine.kernel_cache import attach
from lobench.engine.stages import Stage, declare


class _PartLibrary(JITCodeLibrary):
    """Optimized LLVM code to link into callers; no machine code is made of it."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):
    """Numba's last pass, with a library that ends as LLVM code and a function object that leads nowhere."""

    _name = "part_lowering"

    def run_pass(self, state: Any) -> bool:
        library = _PartLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        library.enable_object_caching()
        state.library = library
        given = state.flags
        state.flags = given.copy()
        state.flags.no_compile = True
        super().run_pass(state)
        state.flags = given
        library.finalize()
        result = state["cr"]
        named = result.fndesc
        # What callers know a function by; nothing is at its address.
        handle = make_function(named.lookup_module(), named.qualname, "", 0, result.env, (library,))
        state.targetctx.insert_user_function(handle, named, [library])
        state.reload_init.extend(library._reload_init)
        state["cr"] = result._replace(cfunc=handle)
        return True


class _PartCompiler(Compiler):
    """Numba's compiler with that last pass."""

    def define_pipelines(self) -> list[Any]:
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [(_PartLowering if one is NativeLowering else one, text) for one, text in manager.passes]
        manager.finalize()
        return [manager]


class _EntryCompiler(Compiler):
    """Numba's compiler, while Python's collector, which finds nothing to free, is asleep."""

    def compile_extra(self, func: Any) -> Any:
        awake = gc.isenabled()
        gc.disable()
        try:
            return super().compile_extra(func)
        finally:
            if awake:
                gc.enable()


_PART = {"pipeline_class": _PartCompiler, "no_cfunc_wrapper": True}


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
    """The same; what it returns is Numba's dispatcher."""

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


kernel: _Marker = _marker(register_jitable(**_PART))
"""Marks a function that is compiled into the kernels that call it, and is plain Python elsewhere."""

inlined: _Marker = _marker(register_jitable(forceinline=True, **_PART))
"""Marks a kernel that is always inlined: a large one with a single caller, where LLVM would leave a call."""

_as_entry = numba.njit(nogil=True, error_model="numpy", pipeline_class=_EntryCompiler)

entry: _EntryMarker = _marker(lambda function: attach(_as_entry(function)))
"""Marks a kernel that Python calls; it is kept between processes (``lobench.engine.kernel_cache``)."""


def address_of_entry(dispatcher: Any, arguments: tuple[Any, ...]) -> int:
    """Where the machine code of an entry lies that was compiled, or loaded, for these types of arguments."""
    compiled = dispatcher.overloads[arguments]
    address: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return address
