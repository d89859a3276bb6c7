"""Calling machine code from compiled code, by its address: functions of an engine's table, and whole kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types

from lobench.engine.native import named_intrinsic


def _call(widths: Sequence[int], result: int) -> Any:
    """Signature and code of a call: all arguments are int64 and passed with their ``widths`` in bits (addresses with
    64); ``result`` is the width of the return value, which becomes an int64."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function, *given = args
        kinds = [ir.IntType(width) for width in widths]
        passed = [
            value if kind.width == 64 else builder.trunc(value, kind) for value, kind in zip(given, kinds, strict=True)
        ]
        shape = ir.FunctionType(ir.IntType(result), kinds)
        # A C caller extends arguments that are narrower than an int.
        extended = {place: ("zeroext",) for place, width in enumerate(widths) if width < 32}
        back = builder.call(builder.inttoptr(function, shape.as_pointer()), passed, arg_attrs=extended)
        return back if result == 64 else builder.sext(back, ir.IntType(64))

    return types.int64(*[types.int64] * (1 + len(widths))), codegen


def _call_levels(
    typingctx: Any, function: Any, engine: Any, instrument: Any, publisher: Any, side: Any, first: Any, n: Any, out: Any
) -> Any:
    """``levels`` of the table."""
    return _call((64, 32, 16, 8, 64, 64, 64), 64)


def _call_orders(
    typingctx: Any,
    function: Any,
    engine: Any,
    instrument: Any,
    publisher: Any,
    side: Any,
    price: Any,
    first: Any,
    n: Any,
    out: Any,
) -> Any:
    """``orders`` of the table."""
    return _call((64, 32, 16, 8, 64, 64, 64, 64), 64)


def _call_about_book(typingctx: Any, function: Any, engine: Any, instrument: Any, publisher: Any, out: Any) -> Any:
    """``features`` or ``accounts`` of the table."""
    return _call((64, 32, 16, 64), 32)


call_levels = named_intrinsic(_call_levels)
call_orders = named_intrinsic(_call_orders)
call_about_book = named_intrinsic(_call_about_book)


def _call_apply(typingctx: Any, function: Any, engine: Any, records: Any, stride: Any, count: Any) -> Any:
    """``apply`` of the table."""
    return _call((64, 64, 64, 64), 32)


def _call_kernel(
    typingctx: Any,
    function: Any,
    result: Any,
    error: Any,
    state: Any,
    address: Any,
    stride: Any,
    count: Any,
    tap: Any,
    probe: Any,
) -> Any:
    """A replay's kernel by Numba's calling convention: ``result`` and ``error`` are addresses of a word each; ``tap``
    and ``probe``, which are None, are unused pointers. It returns 0 unless it raised an error."""
    return _call((64,) * 8, 32)


call_apply = named_intrinsic(_call_apply)
call_kernel = named_intrinsic(_call_kernel)
