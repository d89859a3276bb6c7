"""The cache as Numba knows it: asked before a kernel is compiled, told after."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from functools import cache
from types import CodeType
from typing import Any

from lobench.engine.kernel_cache import numba_internals, parts, settings, store
from lobench.engine.kernel_cache.fingerprint import Fingerprint, fingerprint, own_tokens
from lobench.engine.kernel_cache.folders import kernel_folder, say
from lobench.engine.kernel_cache.trusted import trusted_file
from lobench.engine.kernel_cache.values import Token, UnkeyableError


class _Compiled:
    """What Numba has compiled in this process since the cache was first used, and from what.

    Numba compiles a function once for all its callers: a global that has changed since is still the old one in there.
    """

    def __init__(self) -> None:
        self._from: weakref.WeakKeyDictionary[Any, set[tuple[Any, ...]]] = weakref.WeakKeyDictionary()
        self._seen: weakref.WeakKeyDictionary[Any, tuple[Token, ...]] = weakref.WeakKeyDictionary()
        self._open: list[tuple[Any, set[Any]]] = []
        self.uncovered: str | None = None
        numba_internals.listen(self._started, self._ended)

    def _started(self, dispatcher: Any) -> None:
        function = dispatcher.py_func
        for _, within in self._open:
            within.add(function)
        self._open.append((dispatcher, {function}))
        if trusted_file(function.__code__.co_filename):
            return
        try:
            tokens: tuple[Token, ...] | None = own_tokens(function)
        except UnkeyableError:
            tokens = None
        self._from.setdefault(function, set()).add((tokens, tuple(settings.generator())))

    def _ended(self, dispatcher: Any) -> None:
        kernel, within = self._open.pop()
        if isinstance(kernel._cache, KernelCache):
            kernel._cache.compiled_in = within

    def notice(self, found: Fingerprint) -> None:
        """These functions are about to be compiled, if they have not been."""
        for function, tokens in found.functions.items():
            self._seen.setdefault(function, tokens)

    def covers(self, found: Fingerprint) -> bool:
        """Whether these functions are all of what is being compiled just now, and was compiled in it so far."""
        _, within = self._open[-1]
        return not any(_beyond(found, within))

    def loaded(self, dispatcher: Any, found: Fingerprint) -> None:
        """A kernel came of the cache; others may call it."""
        function = dispatcher.py_func
        self._from.setdefault(function, set()).add((found.functions[function], tuple(settings.generator())))

    def objection(self, kernel: Any, found: Fingerprint, within: set[Any]) -> str | None:
        """Why a kernel that was compiled just now is not, for sure, what its key says."""
        now = tuple(settings.generator())
        for function, tokens in found.functions.items():
            if self._seen.get(function, tokens) != tokens or not self._from.get(function, set()) <= {(tokens, now)}:
                return f"{function.__qualname__} was compiled with other values or settings before, in this process"
        for dispatcher in found.dispatchers:
            if dispatcher is not kernel and dispatcher.overloads and dispatcher.py_func not in self._from:
                return f"it is not known from what {dispatcher.__name__} was compiled"
        for function in _beyond(found, within):
            self.uncovered = function.__qualname__
        if self.uncovered is not None:
            return f"it is not known what {self.uncovered} was made of"
        return None


def _beyond(found: Fingerprint, functions: Iterable[Any]) -> Iterator[Any]:
    """Those that are not Numba's own, and of which a key says nothing."""
    for function in functions:
        code: CodeType = function.__code__
        if code not in found.covered and not trusted_file(code.co_filename):
            yield function


@cache
def compiled_here() -> _Compiled:
    """What this process compiled since this was asked first."""
    return _Compiled()


class KernelCache:
    """Takes the place of Numba's own cache in a dispatcher."""

    def __init__(self, dispatcher: Any) -> None:
        self._dispatcher = weakref.ref(dispatcher)
        self._name = dispatcher.__name__
        self._enabled = True
        self._asked: dict[Any, str] = {}
        self.compiled_in: set[Any] = set()
        compiled_here()

    @property
    def cache_path(self) -> str | None:
        """The folder, for ``dispatcher.stats``."""
        folder = kernel_folder()
        return None if folder is None else str(folder)

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        """Numba asks for it before it compiles anew; the keys see to that."""

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The kernel for a signature, None if it is not in the cache."""
        self._asked.pop(signature, None)
        if not self._enabled:
            return None
        folder = kernel_folder()
        try:
            key, found = self.key(signature)
        except UnkeyableError as problem:
            self._say(f"compiled in each process: {problem}")
            return None
        except Exception as problem:
            self._say(f"compiled in each process: {type(problem).__name__}: {problem}")
            return None
        self._asked[signature] = key
        compiled_here().notice(found)
        content = None if folder is None else store.read(folder, key)
        if content is None:
            return None
        try:
            loaded = numba_internals.unpack(content)
        except Exception as problem:
            self._say(f"compiled anew: what was kept does not load ({type(problem).__name__})")
            return None
        compiled_here().loaded(self._dispatcher(), found)
        return loaded

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a kernel that was compiled, if its key says all that is in it and there is room."""
        before = self._asked.pop(signature, None)
        folder = kernel_folder()
        if not self._enabled or before is None or folder is None:
            return
        try:
            key, found = self.key(signature)
            reason = numba_internals.reason_not_to_keep(result) or compiled_here().objection(
                self._dispatcher(), found, self.compiled_in
            )
            self.compiled_in = set()
            if reason is None and key == before:
                store.write(folder, key, numba_internals.pack(result))
                parts.keep()
                return
        except OSError as problem:
            say(f"kernels can not be kept: {problem.strerror or problem} ({folder})")
            return
        except Exception as problem:
            reason = f"{type(problem).__name__}: {problem}"
        self._say(f"not kept: {reason or 'something changed while it was compiled'}")

    def key(self, signature: Any) -> tuple[str, Fingerprint]:
        """The text that a kernel is kept under. Raises UnkeyableError."""
        arguments, prescribed = numba_internals.arguments_of(signature)
        found = fingerprint([self._dispatcher(), (*arguments, prescribed)])
        names = [numba_internals.type_name(kind) or type(kind).__name__ for kind in arguments]
        lines = [*settings.surroundings(), f"arguments {', '.join(names)} -> {prescribed}", *found.lines]
        for dispatcher in found.dispatchers:
            numba_internals.use_none_of_numbas(dispatcher)
        return "\n".join(lines), found

    def _say(self, text: str) -> None:
        say(f"the kernel {self._name} is {text}".splitlines()[0])


def attach(dispatcher: Any) -> Any:
    """Give a dispatcher this cache; with Numba's compiler off (NUMBA_DISABLE_JIT) there is nothing to cache."""
    if isinstance(dispatcher, numba_internals.Dispatcher):
        dispatcher._cache = KernelCache(dispatcher)
    return dispatcher


def is_kept(dispatcher: Any, signature: Any) -> bool:
    """Whether a kernel would be loaded now instead of compiled; without loading it."""
    folder = kernel_folder()
    cache = getattr(dispatcher, "_cache", None)
    if folder is None or not isinstance(cache, KernelCache):
        return False
    try:
        return store.read(folder, cache.key(signature)[0]) is not None
    except Exception:
        return False
