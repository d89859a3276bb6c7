"""Functions that kernels call are linked into them; only a kernel's entry is made into machine code."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from lobench.engine.compiling import entry, inlined, kernel

pytestmark = pytest.mark.normal


@kernel
def halved(number: int) -> int:
    if number % 2 != 0:
        raise ValueError("an odd number")
    return number // 2


@inlined
def quartered(number: int) -> int:
    return halved(halved(number))


@entry
def quarter(number: int) -> int:
    return quartered(number)


def test_an_entry_computes_with_what_it_calls() -> None:
    assert quarter(64) == 16


def test_an_exception_raised_in_a_called_function_reaches_python() -> None:
    with pytest.raises(ValueError, match="an odd number"):
        quarter(6)


def test_a_function_that_is_called_from_kernels_is_plain_python_elsewhere() -> None:
    assert quartered(64) == 16


def test_only_the_entry_has_machine_code() -> None:
    quarter(64)
    made: Any = quarter
    symbols = made.targetctx.codegen()._engine._defined_symbols
    here = [name for name in symbols if "test_compiling" in name and "NumbaEnv" not in name]
    assert any("7quarterB" in name for name in here)
    assert not [name for name in here if "halvedB" in name or "quarteredB" in name]


@pytest.mark.parametrize("awake", [True, False])
def test_the_collector_is_left_as_it_was(awake: bool) -> None:
    @entry
    def alone(number: int) -> Any:
        return number + 1

    was = gc.isenabled()
    try:
        (gc.enable if awake else gc.disable)()
        assert alone(1) == 2
        assert gc.isenabled() is awake
    finally:
        (gc.enable if was else gc.disable)()
