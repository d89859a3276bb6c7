"""The cache as Numba sees it: queried before a kernel is compiled, updated after."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from types import CodeType
from typing import Any

from lobench.engine.kernel_cache import numba_internals, parts, settings, store
from lobench.engine.kernel_cache.fingerprint import Fingerprint, fingerprint, own_tokens
from lobench.engine.kernel_cache.folders import kernel_folder, say
from lobench.engine.kernel_cache.surroundings import surroundings
from lobench.engine.kernel_cache.trusted import trusted_file
from lobench.engine.kernel_cache.values import Token, UnkeyableError


@dataclass
class _Open:
    """A function during its compilation: the functions compiled ``within`` it so far, including itself, and whether its
    key ``judged`` them."""

    within: set[Any]
    judged: bool = False


class _Compiled:
    """Numba's compilations in this process since the cache was first used, with their sources.

    Numba compiles a function once for all its callers: a global that has changed since is still the old one in there.
    """

    def __init__(self) -> None:
        self._from: weakref.WeakKeyDictionary[Any, set[tuple[Any, ...]]] = weakref.WeakKeyDictionary()
        self._seen: weakref.WeakKeyDictionary[Any, tuple[Token, ...]] = weakref.WeakKeyDictionary()
        self._open: list[_Open] = []
        self._made_of: weakref.WeakKeyDictionary[Any, set[Any]] = weakref.WeakKeyDictionary()
        self._uncovered: str | None = None
        numba_internals.listen(self._started, self._ended)

    def _started(self, dispatcher: Any) -> None:
        function = dispatcher.py_func
        for outer in self._open:
            outer.within.add(function)
        self._open.append(_Open({function}))
        if trusted_file(function.__code__.co_filename):
            return
        try:
            tokens: tuple[Token, ...] | None = own_tokens(function)
        except UnkeyableError:
            tokens = None
        self._from.setdefault(function, set()).add((tokens, tuple(settings.generator())))

    def _ended(self, dispatcher: Any) -> None:
        if not self._open:
            # Begun before the listener: the cache was first used during this compilation.
            return
        done = self._open.pop()
        if isinstance(dispatcher._cache, KernelCache):
            dispatcher._cache.compiled_in = done.within
        elif not done.judged:
            # Its key was never examined; a kernel that calls it later does not compile it again.
            function = dispatcher.py_func
            self._made_of.setdefault(function, set()).update(done.within - {function})

    def notice(self, found: Fingerprint) -> None:
        """These functions are about to be compiled, if they have not been."""
        for function, tokens in found.functions.items():
            self._seen.setdefault(function, tokens)

    def covers(self, found: Fingerprint) -> bool:
        """Whether these functions are all that is being compiled now, and include all that was compiled within it so
        far. If not, no kernel of this process is kept: a later kernel that calls it would not show its content."""
        judged = self._open[-1]
        judged.judged = True
        return self._all_known(found, judged.within)

    def _all_known(self, found: Fingerprint, within: Iterable[Any], but: Any = None) -> bool:
        """Whether a key covers everything that was compiled ``within``, now and, except for ``but``, earlier in other
        functions."""
        before = [self._made_of.get(function, ()) for function in found.functions if function is not but]
        unknown = next(_beyond(found, chain(within, *before)), None)
        if unknown is not None and self._uncovered is None:
            self._uncovered = unknown.__qualname__
        return unknown is None

    def loaded(self, dispatcher: Any, found: Fingerprint) -> None:
        """A kernel came of the cache; others may call it."""
        function = dispatcher.py_func
        self._from.setdefault(function, set()).add((found.functions[function], tuple(settings.generator())))

    def objection(self, kernel: Any, found: Fingerprint, within: set[Any]) -> str | None:
        """Why a kernel that was just compiled may differ from its key."""
        self._all_known(found, within, but=kernel.py_func)
        if self._uncovered is not None:
            return f"the sources of {self._uncovered} are unknown"
        now = tuple(settings.generator())
        for function, tokens in found.functions.items():
            if self._seen.get(function, tokens) != tokens or not self._from.get(function, set()) <= {(tokens, now)}:
                return f"{function.__qualname__} was compiled with other values or settings before, in this process"
        for dispatcher in found.dispatchers:
            if dispatcher is not kernel and dispatcher.overloads and dispatcher.py_func not in self._from:
                return f"the sources of {dispatcher.__name__} are unknown"
        return None


def _beyond(found: Fingerprint, functions: Iterable[Any]) -> Iterator[Any]:
    """Those that are not Numba's own and that the key does not cover."""
    for function in functions:
        code: CodeType = function.__code__
        if code not in found.covered and not trusted_file(code.co_filename):
            yield function


@cache
def compiled_here() -> _Compiled:
    """The compilations of this process since the first call."""
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
        """Numba asks for it before it compiles again; the keys take care of that."""

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
            self._say(f"compiled again: the cached kernel does not load ({type(problem).__name__})")
            return None
        compiled_here().loaded(self._dispatcher(), found)
        return loaded

    def save_overload(self, signature: Any, result: Any) -> None:
        """Cache a compiled kernel, if its key covers all its content and there is room."""
        before = self._asked.pop(signature, None)
        folder = kernel_folder()
        if not self._enabled or before is None or folder is None:
            return
        try:
            key, found = self.key(signature)
            within, self.compiled_in = self.compiled_in, set()
            reason = compiled_here().objection(self._dispatcher(), found, within)
            reason = reason or numba_internals.reason_not_to_keep(result)
            if reason is None and key == before:
                store.write(folder, key, numba_internals.pack(result))
                parts.keep()
                return
        except OSError as problem:
            say(f"kernels cannot be cached: {problem.strerror or problem} ({folder})")
            return
        except Exception as problem:
            reason = f"{type(problem).__name__}: {problem}"
        self._say(f"not cached: {reason or 'something changed while it was compiled'}")

    def key(self, signature: Any) -> tuple[str, Fingerprint]:
        """The text that a kernel is kept under. Raises UnkeyableError."""
        arguments, prescribed = numba_internals.arguments_of(signature)
        found = fingerprint([self._dispatcher(), (*arguments, prescribed)])
        names = [numba_internals.type_name(kind) or type(kind).__name__ for kind in arguments]
        lines = [*surroundings(), f"arguments {', '.join(names)} -> {prescribed}", *found.lines]
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
    return _kept(dispatcher, signature) is not None


def kept_code(dispatcher: Any, signature: Any) -> tuple[str, bytes] | None:
    """The function that a kept kernel begins in, and the object file that it is in; None if it is not kept."""
    content = _kept(dispatcher, signature)
    return None if content is None else numba_internals.code_of(content)


def _kept(dispatcher: Any, signature: Any) -> bytes | None:
    folder = kernel_folder()
    cache = getattr(dispatcher, "_cache", None)
    if folder is None or not isinstance(cache, KernelCache):
        return None
    try:
        return store.read(folder, cache.key(signature)[0])
    except Exception:
        return None
