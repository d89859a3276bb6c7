"""Raw memory, locks and bit operations for kernels, which Numba lacks.

An address is an int64. ``view(address, DTYPE)`` reads the bytes there as a structured record, without a copy and
without reference counting; records are what kernels pass to each other. Memory comes from libc's allocator, locks are
POSIX rwlocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

from lobench.engine import private_numba
from lobench.engine.compiling import kernel

Record: TypeAlias = Any
"""A structured record inside a kernel; mypy knows nothing of its fields."""

int64: Any = np.int64
uint64: Any = np.uint64
float64: Any = np.float64
"""Conversions inside kernels. To mypy they are Any: Numba checks the numbers of kernels."""

CHECKED = bool(vars(numba.config)["BOUNDSCHECK"])
"""NUMBA_BOUNDSCHECK=1 also checks every index into heap tables (``element``)."""

_INT = types.int64
_VOID = types.void


class _External(types.ExternalFunction):
    """A C function, pickled as a name of this module.

    Compiled kernels are found again in the cache by what their closures pickle to; Numba's own external functions
    pickle to something else in every process.
    """

    def __reduce__(self) -> str:
        return next(name for name, value in globals().items() if value is self)


register_model(_External)(models.OpaqueModel)


def _external(name: str, result: types.Type, *arguments: types.Type) -> Any:
    return _External(name, result(*arguments))


malloc = _external("malloc", _INT, _INT)
realloc = _external("realloc", _INT, _INT, _INT)
free = _external("free", _VOID, _INT)
memcpy = _external("memcpy", _INT, _INT, _INT, _INT)
memmove = _external("memmove", _INT, _INT, _INT, _INT)
memset = _external("memset", _INT, _INT, types.int32, _INT)
memcmp = _external("memcmp", types.int32, _INT, _INT, _INT)
mmap = _external("mmap", _INT, _INT, _INT, types.int32, types.int32, types.int32, _INT)
munmap = _external("munmap", types.int32, _INT, _INT)
madvise = _external("madvise", types.int32, _INT, _INT, types.int32)

RWLOCK_BYTES = 256
"""Room for a pthread_rwlock_t (56 bytes with glibc) on cache lines of its own."""
BARRIER_BYTES = 256

rwlock_init = _external("pthread_rwlock_init", types.int32, _INT, _INT)
rwlock_destroy = _external("pthread_rwlock_destroy", types.int32, _INT)
read_lock = _external("pthread_rwlock_rdlock", types.int32, _INT)
write_lock = _external("pthread_rwlock_wrlock", types.int32, _INT)
unlock = _external("pthread_rwlock_unlock", types.int32, _INT)
barrier_wait = _external("pthread_barrier_wait", types.int32, _INT)
clock_gettime = _external("clock_gettime", types.int32, types.int32, _INT)


def _view(typingctx: Any, address: Any, dtype: Any) -> Any:
    """The record of ``dtype`` at ``address``."""
    record = dtype.dtype

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(sig.return_type))

    return record(types.intp, dtype), codegen


def _address_of(typingctx: Any, record: Any) -> Any:
    """The address of a record, int64."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], ir.IntType(64))

    return types.int64(record), codegen


def _float_bits(typingctx: Any, value: Any) -> Any:
    """The 64 bits of a double, as uint64."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), codegen


def _local(typingctx: Any, dtype: Any) -> Any:
    """A record of ``dtype`` on the stack of the calling function, not initialized; the same one at each pass.

    Its fields stay in registers as long as its address does not escape.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word = ir.IntType(64)
        words = ir.Constant(word, (dtype.dtype.size + 7) // 8)
        # The block belongs to no line of the source.
        debugged, builder.debug_metadata = builder.debug_metadata, None
        with builder.goto_entry_block():
            room = builder.alloca(word, size=words)
            builder.store(word(None), room)
        builder.debug_metadata = debugged
        return builder.bitcast(room, context.get_value_type(sig.return_type))

    return dtype.dtype(dtype), codegen


def _trailing_zeros(typingctx: Any, value: Any) -> Any:
    """Number of zero bits below the lowest one of a uint64 that is not 0."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


def _leading_zeros(typingctx: Any, value: Any) -> Any:
    """Number of zero bits above the highest one of a uint64 that is not 0."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


def _high_product(typingctx: Any, left: Any, right: Any) -> Any:
    """The upper 64 bits of the product of two uint64, as int64."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.int64(types.uint64, types.uint64), codegen


def _swapped(typingctx: Any, value: Any) -> Any:
    """An unsigned integer with its bytes in the other order: big endian to little."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.bswap(args[0])

    return value(value), codegen


def _prefetch(typingctx: Any, address: Any) -> Any:
    """Ask for the cache line at an address, to be read and written; any address will do."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        word, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        shape = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], shape)
        options = [ir.Constant(word, number) for number in (1, 3, 1)]
        builder.call(function, [builder.inttoptr(args[0], pointer), *options])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


def named_intrinsic(function: Callable[..., Any]) -> Any:
    """``function`` as an intrinsic of Numba's, known by its name in every process."""
    made: Any = intrinsic(function)
    if private_numba.USABLE:
        # Intrinsics would otherwise be pickled with an id of the process.
        made._set_uuid(f"{function.__module__}.{function.__name__}")
    return made


view = named_intrinsic(_view)
address_of = named_intrinsic(_address_of)
float_bits = named_intrinsic(_float_bits)
local = named_intrinsic(_local)
trailing_zeros = named_intrinsic(_trailing_zeros)
leading_zeros = named_intrinsic(_leading_zeros)
high_product = named_intrinsic(_high_product)
swapped = named_intrinsic(_swapped)
prefetch = named_intrinsic(_prefetch)


def chunk_bytes(size: int) -> int:
    """Bytes of glibc's heap for an allocation of ``size`` bytes: a word more, in steps of 16 bytes."""
    return max(32, (size + 8 + 15) // 16 * 16)


DOUBLE = np.dtype([("value", "f8")])
INTEGER = np.dtype([("value", "i8")])
BYTE = np.dtype([("value", "u1")])


@kernel
def element(base: int, index: int, length: int, size: int) -> int:
    """Address of element ``index`` of a heap table of ``length`` elements of ``size`` bytes.

    Raises IndexError in checked builds when the index is outside the table.
    """
    if CHECKED and (index < 0 or index >= length):
        raise IndexError("index outside a heap table")
    return base + index * size


@kernel
def zeroed(size: int) -> int:
    """Address of ``size`` new bytes, all 0."""
    address = malloc(size)
    memset(address, np.int32(0), size)
    return address
