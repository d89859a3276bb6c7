"""A shared library that exports ``lobench_engine()``: loading it, reading its table, and an engine that it made.

A library runs in the process that loads it, and can end it: commands load one in a process of its own first
(``lobench.workbench.verification.isolated``).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lobench.engine.errors import UsageError
from lobench.engine.foreign.abi import (
    ACCOUNT,
    CODES,
    FEATURES_COUNT,
    FUNCTIONS,
    LEVEL,
    NEEDED,
    OFFER_NAMES,
    ORDER,
    STRATEGIES_COUNT,
    VERSION,
    Counts,
    CountsStruct,
    Options,
    OptionsStruct,
    Table,
)
from lobench.engine.foreign.face import EngineError
from lobench.engine.native_call import NativeCall
from lobench.engine.silence import stdout_aside

if TYPE_CHECKING:
    from lobench.engine.foreign.walk import Walk

_SYMBOL = "lobench_engine"
_WIDE = ctypes.c_int64, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint16, ctypes.c_char
_LEVELS = ctypes.CFUNCTYPE(*_WIDE, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p)
_ORDERS = ctypes.CFUNCTYPE(*_WIDE, ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p)
_ABOUT_BOOK = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint16, ctypes.c_void_p)


class Library:
    """A library and its table. Raises UsageError for a file that does not load, or whose table cannot be used."""

    def __init__(self, file: str) -> None:
        self.file = file
        try:
            # Output that the library prints while loading is not the command's.
            with stdout_aside():
                self._handle = ctypes.CDLL(file)
                function = getattr(self._handle, _SYMBOL)
                function.restype = ctypes.c_void_p
                function.argtypes = []
                address = function()
        except OSError as error:
            raise UsageError(f"{file}: not a shared library that can be loaded here: {error}") from error
        except AttributeError:
            raise UsageError(
                f"{file}: exports no {_SYMBOL}(): build it with lobench_engine.h (docs/engine-abi.md; in C++ "
                'extern "C", and visible)'
            ) from None
        self.table = self._table(address)

    def _table(self, address: int | None) -> Table:
        if not address:
            raise UsageError(f"{self.file}: {_SYMBOL}() returned null")
        version, size = (ctypes.c_uint32 * 2).from_address(address)
        if version != VERSION:
            raise UsageError(f"{self.file}: ABI version {version}; this lobench supports version {VERSION}")
        least = ctypes.sizeof(Table)
        if size < least:
            raise UsageError(f"{self.file}: its table has {size} bytes, that of ABI version {VERSION} {least}")
        return Table.from_address(address)

    def text(self, name: str) -> str:
        """``name`` or ``version`` of the table."""
        found: bytes | None = getattr(self.table, name)
        return (found or b"").decode("ascii", errors="replace").strip()

    def stages(self) -> tuple[tuple[str, str], ...]:
        """Symbols and the stages that they belong to, as far as the library says."""
        found: list[tuple[str, str]] = []
        while self.table.stages and self.table.stages[len(found)].symbol:
            entry = self.table.stages[len(found)]
            found.append((entry.symbol.decode(errors="replace"), (entry.stage or b"").decode(errors="replace")))
        return tuple(found)

    def check(self) -> None:
        """Raises UsageError where a function is missing that is always needed, or that an offer takes."""
        missing = [name for name in ("create", "destroy", "apply") if not getattr(self.table, name)]
        if missing:
            raise UsageError(f"{self.file}: its table has no {missing[0]}()")
        for offer, names in NEEDED.items():
            for name in names if self.table.offers & offer else ():
                if not getattr(self.table, name):
                    raise UsageError(f"{self.file}: offers {OFFER_NAMES[offer]}, and its table has no {name}()")

    def make(self, options: Options) -> LibraryEngine:
        """A new engine. Raises EngineError."""
        return LibraryEngine(self, options)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Those of the table that Python calls, by name."""
        return {
            name: prototype(getattr(self.table, name))
            for name, prototype in FUNCTIONS.items()
            if getattr(self.table, name)
        }


class LibraryEngine:
    """A ``Face`` of one engine of a library."""

    def __init__(self, library: Library, options: Options) -> None:
        self._library = library
        functions = library.functions()
        self._functions = functions
        given = OptionsStruct(
            ctypes.sizeof(OptionsStruct),
            options.stage,
            int(options.evaluate_every),
            options.workers,
            options.expected_orders,
            options.expected_instruments,
        )
        made = ctypes.c_void_p()
        self._engine: int | None = None
        self._check("create", functions["create"](ctypes.byref(given), ctypes.byref(made)))
        if not made.value:
            raise EngineError(f"{library.file}: create() succeeded but returned no engine")
        self._engine = made.value
        self._apply = functions["apply"]
        self._walk: Walk | None = None

    _asked = ("levels", "orders", "features", "accounts")

    def apply(self, address: int, stride: int, count: int) -> None:
        code = self._apply(self._engine, address, stride, count)
        if code:
            self._check("apply", code)

    def call(self, address: int, stride: int, count: int) -> NativeCall:
        assert self._engine is not None
        return NativeCall(self._library.table.apply, self._engine, compiled=False)

    def levels(self, instrument_id: int, publisher_id: int, side: str, n: int) -> npt.NDArray[np.void]:
        found = np.zeros(n, LEVEL)
        ask = _LEVELS(self._library.table.levels)
        got = ask(self._engine, instrument_id, publisher_id, side.encode(), 0, n, found.ctypes.data)
        return found[: self._entries("levels", got, n)]

    def orders(self, instrument_id: int, publisher_id: int, side: str, price: int) -> npt.NDArray[np.void]:
        ask, room = _ORDERS(self._library.table.orders), 1 << 10
        while True:
            found = np.zeros(room, ORDER)
            where = found.ctypes.data
            got = ask(self._engine, instrument_id, publisher_id, side.encode(), price, 0, room, where)
            if self._entries("orders", got, room) < room:
                return found[:got]
            room *= 4

    def features(self, instrument_id: int, publisher_id: int) -> npt.NDArray[np.float64] | None:
        row = np.zeros(FEATURES_COUNT)
        return row if self._about_book("features", instrument_id, publisher_id, row.ctypes.data) else None

    def accounts(self, instrument_id: int, publisher_id: int) -> npt.NDArray[np.void] | None:
        ends = np.zeros(STRATEGIES_COUNT, ACCOUNT)
        return ends if self._about_book("accounts", instrument_id, publisher_id, ends.ctypes.data) else None

    def trace(self) -> int:
        found: int = self._functions["trace"](self._engine)
        return found

    def counts(self) -> Counts:
        found = CountsStruct()
        self._check("counts", self._functions["counts"](self._engine, ctypes.byref(found)))
        return Counts(found.events, found.evaluations, tuple(found.anomalies))

    def ask(self, keys: npt.NDArray[np.int64], depth: int, counted: bool, stage: int, whole: bool) -> int:
        # A process that only runs an engine, for instance under valgrind, loads no compiler.
        from lobench.engine.foreign.walk import WROTE_TOO_MUCH, Walk

        if self._walk is None:
            assert self._engine is not None
            self._walk = Walk(self._engine, {name: getattr(self._library.table, name) for name in self._asked})
        value, status = self._walk.ask(keys, depth, counted, stage, whole)
        if status == WROTE_TOO_MUCH:
            raise EngineError(f"{self._library.file}: an answer has more entries than its buffer holds")
        self._check("an answer", status)
        return value

    def close(self) -> None:
        if self._engine is not None:
            self._functions["destroy"](self._engine)
            self._engine = None
            if self._walk is not None:
                self._walk.close()

    def _about_book(self, name: str, instrument_id: int, publisher_id: int, where: int) -> bool:
        got: int = _ABOUT_BOOK(getattr(self._library.table, name))(self._engine, instrument_id, publisher_id, where)
        return self._entries(name, got, 1) == 1

    def _entries(self, name: str, got: int, room: int) -> int:
        self._check(name, min(got, 0))
        if got > room:
            raise EngineError(f"{self._library.file}: {name}() wrote {got} entries into a buffer of {room}")
        return got

    def _check(self, what: str, code: int) -> None:
        """Raises EngineError with the engine's own words for a code that is not 0."""
        if code == 0:
            return
        said = self._functions["error"](self._engine) if "error" in self._functions else None
        words = f": {said.decode(errors='replace').strip()}" if said else ""
        name = "" if what == "an answer" else "()"
        raise EngineError(f"{what}{name} failed with {code}, {CODES.get(code, 'an unknown code')}{words}")
