"""Numba's compiler as kernels use it: a function that others call is optimized and linked into them, and nothing else.

Numba makes machine code and a C wrapper of every function. A kernel of some two hundred functions needs neither: only
its entry is called from outside. Without both, and with Python's garbage collector paused, compiling takes a third less
time, and the kernel is optimized by the same passes.

Compiled parts are kept, and linked into each kernel that calls them (``lobench.engine.kernel_cache.parts``). A part is
always linked as it was stored, as bitcode that was read back, so that a kernel is the same whichever of its parts were
cached; and its name is derived from its content, not from the number of functions compiled before it. Numba names its
own functions by a count of this process, so the same name may mean another function in another process: in a part they
are local.
"""

from __future__ import annotations

import gc
from hashlib import blake2b
from pathlib import Path
from typing import Any

from llvmlite import binding

from lobench.engine.kernel_cache import parts
from lobench.engine.kernel_cache.dispatching import compiled_here
from lobench.engine.private_numba import (
    Compiler,
    CompileResult,
    DefaultPassBuilder,
    ExtractByteCode,
    FunctionIdentity,
    JITCodeLibrary,
    NativeLowering,
    compile_result,
    cpu_target,
    make_function,
    register_pass,
)

_NAME_DIGITS = 15
"""Of a part's key, hex, that it is called by."""

_RUNTIME = "nrt"
"""Numba's library that counts references, whose names are the same everywhere."""

_found: dict[str, CompileResult] = {}
"""The parts of this process, by their keys: callers with other options ask again."""


class _PartLibrary(JITCodeLibrary):
    """Optimized LLVM code to link into callers; no machine code is made of it."""

    bitcode: bytes
    same_everywhere = True
    """Whether all names in it mean the same in another process."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True
        self._shut_in()
        self.bitcode = self._get_module_for_linking().as_bitcode()
        self._shared_module = binding.parse_bitcode(self.bitcode)

    def _shut_in(self) -> None:
        """A function not named by its content has no other callers, and no substitute."""
        everywhere: set[str] = set()
        counted: set[str] = set()
        for library in self._linking_libraries:
            if isinstance(library, _PartLibrary):
                self.same_everywhere &= library.same_everywhere
                everywhere |= _defined(library)
            else:
                (everywhere if library.name == _RUNTIME else counted).update(_defined(library))
        counted -= everywhere
        for function in self._final_module.functions:
            if not function.is_declaration and function.name in counted:
                function.linkage = "internal"

    @classmethod
    def of(cls, name: str, bitcode: bytes) -> _PartLibrary:
        """The library that had this bitcode."""
        made = cls(cpu_target.target_context.codegen(), name)
        made._final_module = made._shared_module = binding.parse_bitcode(bitcode)
        made._finalized = True
        return made


def _defined(library: Any) -> set[str]:
    """Names of the functions that a library brings along."""
    return {one.name for one in library._get_module_for_linking().functions if not one.is_declaration}


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
        handle = _handle(result.fndesc, result.env, library)
        state.reload_init.extend(library._reload_init)
        state["cr"] = result._replace(cfunc=handle)
        return True


def _handle(named: Any, environment: Any, library: _PartLibrary) -> Any:
    """The callers' name of a function; nothing is at its address."""
    handle = make_function(named.lookup_module(), named.qualname, "", 0, environment, (library,))
    cpu_target.target_context.insert_user_function(handle, named, [library])
    return handle


def _packed(result: Any) -> bytes:
    """A part as bytes."""
    named = result.fndesc
    # These are not needed later and may not be picklable.
    named.typemap = named.calltypes = None
    held = (result.library.name, result.library.bitcode, named, result.environment, result.signature)
    return parts.dumped((*held, result.reload_init))


def _unpacked(held: Any) -> CompileResult:
    """The part that was packed so."""
    name, bitcode, named, environment, signature, reload_init = held
    for step in reload_init:
        step()
    library = _PartLibrary.of(name, bitcode)
    library._reload_init.update(reload_init)
    return compile_result(
        typing_context=cpu_target.typing_context,
        target_context=cpu_target.target_context,
        entry_point=_handle(named, environment, library),
        signature=signature,
        objectmode=False,
        lifted=(),
        fndesc=named,
        library=library,
        environment=environment,
        reload_init=reload_init,
    )


def _read(key: str) -> CompileResult | None:
    """The part that is kept under a key; None if it is not, or does not load."""
    held = parts.read(key)
    try:
        return None if held is None else _unpacked(held)
    except Exception:  # from another LLVM, or damaged before it was written: a miss
        return None


class _Arguments(tuple[Any, ...]):
    """Types of arguments. Numba says them before each pass, for listeners that are not there: spelled out, those of a
    record of records are pages."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} types>"


class _Named(Compiler):
    """Numba's compiler, which need not spell out its arguments."""

    text = blake2b(Path(__file__).read_bytes(), digest_size=16).hexdigest()
    """The file named in keys (``kernel_cache.numba_internals``): this one."""

    def compile_extra(self, func: Any) -> Any:
        self.state.args = _Arguments(self.state.args)
        return super().compile_extra(func)


class PartCompiler(_Named):
    """Numba's compiler with that last pass; functions compiled earlier are used as cached."""

    def compile_extra(self, func: Any) -> Any:
        state = self.state
        known = parts.key_of(func, state.args, state.return_type, state.flags)
        if known is None:
            result = super().compile_extra(func)
            result.library.same_everywhere = False
            return result
        key, made_of = known
        found = _found.get(key)
        if found is not None:
            return found
        held = _read(key)
        if held is not None:
            compiled_here().notice(made_of)
            return _found.setdefault(key, held)
        again = type(self)(
            state.typingctx, state.targetctx, None, state.args, state.return_type, state.flags.copy(), state.locals
        )
        # As Numba does it, except for the name.
        state.args = _Arguments(state.args)
        identity = FunctionIdentity.from_function(func)
        identity.unique_id = int(key[:_NAME_DIGITS], 16)
        identity.unique_name = f"{identity.func_qualname}${identity.unique_id}"
        state.func_id = identity
        ExtractByteCode().run_pass(state)
        state.lifted = ()
        state.lifted_from = None
        result = self._compile_bytecode()
        if not compiled_here().covers(made_of):
            # Another part under the same key may be made from something else, so this one gets a unique name.
            result = super(PartCompiler, again).compile_extra(func)
            result.library.same_everywhere = False
            return result
        if result.library.same_everywhere and not result.library.has_dynamic_globals:
            parts.compiled(key, lambda: _packed(result))
        # Timings of the compiler are not part of the function.
        _found[key] = result._replace(metadata=None)
        return result

    def define_pipelines(self) -> list[Any]:
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [(_PartLowering if one is NativeLowering else one, text) for one, text in manager.passes]
        manager.finalize()
        return [manager]


class EntryCompiler(_Named):
    """Numba's compiler, while Python's collector, which finds nothing to free, is asleep."""

    def compile_extra(self, func: Any) -> Any:
        parts.begin()
        awake = gc.isenabled()
        gc.disable()
        try:
            return super().compile_extra(func)
        finally:
            if awake:
                gc.enable()


# Watch all compilation from here on: a part's first caller may be a function that knows nothing of parts.
compiled_here()
