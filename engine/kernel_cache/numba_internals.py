"""What the cache does with Numba's internals (``private_numba``).

None of it is public. What is used (Numba 0.61 to 0.68): a dispatcher's ``_cache``, ``py_func``, ``targetoptions``,
``locals``, ``overloads``; the function behind an intrinsic; the templates that ``overload`` registers, and the
registries that they are in; ``CompileResult._reduce`` and ``_rebuild``. The event ``numba:compile`` is public.
"""

from __future__ import annotations

import pickle
import re
import types as python_types
from collections.abc import Callable, Iterator
from typing import Any

from numba import types

from lobench.engine import private_numba
from lobench.engine.kernel_cache.trusted import trusted_file, trusted_module
from lobench.engine.private_numba import CompilerBase, cpu_target, event, imputils, sigutils, templates

init_all: Any = private_numba.init_all
dumps: Any = private_numba.dumps
result_class: Any = private_numba.CompileResult
Dispatcher: Any = private_numba.Dispatcher
CPUDispatcher: Any = private_numba.CPUDispatcher
Intrinsic: Any = vars(private_numba.extending)["_Intrinsic"]
Type: Any = types.Type
DispatcherType: Any = types.Dispatcher
ExternalFunction: Any = types.ExternalFunction
NumbaCache: Any = private_numba.FunctionCache

_OF_ONE_PROCESS = re.compile(r"#[0-9a-f]{6,}|0x[0-9a-f]{4,}|DeferredType")
"""Parts of types' names that are ids of Python objects."""


def refresh() -> None:
    """Everything that has been registered with Numba is known to its contexts."""
    init_all()
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


def type_name(kind: Any) -> str | None:
    """A type's full name, None if it does not say all: a class of the user's, or an object of this process."""
    name = str(kind)
    return None if not trusted_module(type(kind).__module__) or _OF_ONE_PROCESS.search(name) else name


def arguments_of(signature: Any) -> tuple[list[Any], Any]:
    """Types of arguments, and the type of the result if it is prescribed."""
    normalize: Any = sigutils.normalize_signature
    arguments, result = normalize(signature)
    return list(arguments), result


def parts_of(dispatcher: Any) -> tuple[Any, ...]:
    """A dispatcher's compilation settings, beside its function."""
    fixed = [] if dispatcher._can_compile else [str(one.signature) for one in dispatcher.overloads.values()]
    # ``cache=True`` changes no code.
    options = {name: value for name, value in sorted(dispatcher.targetoptions.items()) if name != "cache"}
    return options, dispatcher.locals, dispatcher._compiler.pipeline_class, fixed


def is_compiler(kind: Any) -> bool:
    """Whether a class is a pipeline of Numba's compiler."""
    return issubclass(kind, CompilerBase)


def registration(function: Any) -> Any:
    """Numba's registration of a Python function; a new object for it is registered again."""
    context: Any = cpu_target.typing_context
    return context._lookup_global(function)


def registered(registration: Any) -> list[tuple[Any, ...]]:
    """How a Python function is compiled by its registration: (the function that chooses the implementation, or None if
    that is the function itself; options) of each ``overload`` or ``register_jitable``."""
    entries: list[tuple[Any, ...]] = []
    for template in getattr(registration, "templates", ()):
        chooser = getattr(template, "_overload_func", None)
        if chooser is None:
            entries.append((template, {}))
            continue
        inline = getattr(template, "_inline", None)
        options = {**template._jit_options, "inline": getattr(inline, "_inline", None)}
        own = trusted_file(chooser.__code__.co_filename)
        entries.append((None if own else chooser, options))
    return entries


_ambient: tuple[tuple[int, ...], list[tuple[str, Any]]] = ((), [])


def ambient() -> list[tuple[str, Any]]:
    """Registrations for other things than the user's own functions, made by others than Numba: (the thing, the function
    or class). Any kernel may be compiled with them, whatever it names."""
    global _ambient
    typing, lowering = templates.builtin_registry, imputils.builtin_registry
    lists = (
        typing.functions,
        typing.attributes,
        lowering.functions,
        lowering.getattrs,
        lowering.setattrs,
        lowering.casts,
        lowering.constants,
    )
    sizes = tuple(len(one) for one in lists)
    if sizes != _ambient[0]:
        found = [entry for template in (*lists[0], *lists[1]) for entry in _of_template(template)]
        found += [entry for group in lists[2:] for item in group for entry in _of_lowering(item)]
        _ambient = (sizes, found)
    return _ambient[1]


def _of_template(template: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(template, "_definition_func"):
        return
    key = getattr(template, "key", None)
    chooser = getattr(template, "_overload_func", None)
    if chooser is None:
        if not trusted_module(template.__module__):
            yield "template", template
    elif not trusted_file(chooser.__code__.co_filename) and not _is_reached_by_name(key):
        yield f"overload {getattr(key, '__name__', key)} {getattr(template, '_attr', '')}", chooser


def _is_reached_by_name(key: Any) -> bool:
    return isinstance(key, python_types.FunctionType) and not trusted_file(key.__code__.co_filename)


def _of_lowering(item: Any) -> Iterator[tuple[str, Any]]:
    made, what = item[0], item[1]
    # Code that an intrinsic generates is registered at its first use.
    if made is what or not isinstance(made, python_types.FunctionType):
        return
    inner = [cell.cell_contents for cell in made.__closure__ or ()] if trusted_file(made.__code__.co_filename) else []
    for function in (made, *inner):
        if isinstance(function, python_types.FunctionType) and not trusted_file(function.__code__.co_filename):
            yield f"lowering {type_name(what) if isinstance(what, Type) else getattr(what, '__name__', '')}", function


def use_none_of_numbas(dispatcher: Any) -> None:
    """Code compiled into a kernel does not come from Numba's own cache, whose keys cover too little."""
    if isinstance(dispatcher._cache, NumbaCache):
        dispatcher._cache.disable()


class _Listener(event.Listener):
    def __init__(self, started: Callable[[Any], None], ended: Callable[[Any], None]) -> None:
        self._started, self._ended = started, ended

    def on_start(self, event: Any) -> None:
        self._started(event.data["dispatcher"])

    def on_end(self, event: Any) -> None:
        self._ended(event.data["dispatcher"])


def listen(started: Callable[[Any], None], ended: Callable[[Any], None]) -> None:
    """Call these with each dispatcher whose function Numba compiles in this process, before and after."""
    register: Any = event.register
    register("numba:compile", _Listener(started, ended))


def reason_not_to_keep(result: Any) -> str | None:
    """Why a compiled kernel can not be used in another process."""
    if any(not one.can_cache for one in result.lifted):
        return "it has lifted loops"
    if result.library.has_dynamic_globals:
        return "it holds addresses of this process (pointers, large global arrays)"
    return None


def pack(result: Any) -> bytes:
    """A compiled kernel as bytes."""
    return dumped(result._reduce())


def dumped(value: Any) -> bytes:
    """``value`` pickled, Numba's types included."""
    return bytes(dumps(value))


def unpack(content: bytes) -> Any:
    """The compiled kernel, linked into this process."""
    return result_class._rebuild(cpu_target.target_context, *pickle.loads(content))


def code_of(content: bytes) -> tuple[str, bytes]:
    """The function that a kernel of ``pack`` begins in, and the object file that it is in."""
    (_, _, (code, _)), described, *_ = pickle.loads(content)
    return described.llvm_func_name, code


def target() -> tuple[str, str, str]:
    """LLVM's triple, processor and features of compiled code."""
    codegen: Any = cpu_target.target_context.codegen()
    triple, cpu, features = codegen.magic_tuple()
    return triple, cpu, features


def debug_information() -> str:
    """The class that writes it; profiles put another in its place."""
    builder: Any = vars(private_numba.debuginfo)["DummyDIBuilder"]
    return f"{builder.__module__}.{builder.__qualname__}"
