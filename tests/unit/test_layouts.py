"""Machine code laid out anew, and work in forks: on code as small as can be."""

from __future__ import annotations

import ctypes
import os
import random
from pathlib import Path

import pytest
from llvmlite import binding as llvm

from lobench.engine.errors import LobenchError
from lobench.workbench.measurement.forking import in_fork
from lobench.workbench.measurement.layouts import Kernel, laid_out, placed

TEXT = """
define linkonce_odr i64 @twice(i64 %number) #0 {
  %sum = add i64 %number, %number
  ret i64 %sum
}

define i32 @kernel(ptr %result, ptr %raised, i64 %state, i64 %address, i64 %stride, i64 %count, ptr %tap, ptr %probe) {
  %place = inttoptr i64 %state to ptr
  %twice = call i64 @twice(i64 %count)
  store i64 %twice, ptr %place
  %few = icmp slt i64 %count, 0
  %code = zext i1 %few to i32
  ret i32 %code
}

declare i32 @__gxx_personality_v0(...)

define void @other() personality ptr @__gxx_personality_v0 {
  ret void
}

attributes #0 = { noinline }
"""


@pytest.fixture(scope="module")
def code() -> bytes:
    return bytes(llvm.parse_assembly(TEXT).as_bitcode())


def test_the_same_functions_elsewhere(code: bytes) -> None:
    text = str(llvm.parse_bitcode(code))
    orders = set()
    for seed in range(12):
        made = llvm.parse_assembly(placed(text, random.Random(seed)))
        made.verify()
        names = [function.name for function in made.functions if not function.is_declaration]
        assert sorted(names) == ["kernel", "other", "twice"]
        orders.add(tuple(names))
    assert len(orders) > 3
    assert placed(text, random.Random(1)) == placed(text, random.Random(1))


def test_layouts_compute_the_same_at_other_places(code: bytes, tmp_path: Path) -> None:
    places = set()
    for seed in range(6):
        file = tmp_path / f"{seed}.o"
        file.write_bytes(laid_out(code, random.Random(seed)))
        kernel = Kernel(str(file), "kernel")
        found = ctypes.c_int64()
        kernel(ctypes.addressof(found), 0, 0, 21, None, None)
        assert found.value == 42
        with pytest.raises(LobenchError):
            kernel(ctypes.addressof(found), 0, 0, -1, None, None)
        assert kernel.address % 16 == 0
        places.add(kernel.address % 4096)
    assert len(places) > 3
    with pytest.raises(LobenchError, match="no function nothing"):
        Kernel(str(file), "nothing")


def test_a_fork_has_memory_of_its_own(tmp_path: Path) -> None:
    numbers = [1]

    def work() -> None:
        numbers.append(os.getpid())
        (tmp_path / "said").write_text(f"{numbers}")

    in_fork(work)
    assert numbers == [1]
    assert (tmp_path / "said").read_text() not in ("", f"[1, {os.getpid()}]")


def test_how_a_fork_ends_is_told() -> None:
    def fails() -> None:
        raise LobenchError("no")

    with pytest.raises(LobenchError, match="a forked process ended with code 1"):
        in_fork(fails)
    with pytest.raises(LobenchError, match="was killed by SIGKILL"):
        in_fork(lambda: os.kill(os.getpid(), 9))
