"""Machine code with a new layout, and work in forks: on minimal code."""

from __future__ import annotations

import ctypes
import os
import random
from io import BytesIO
from pathlib import Path

import pytest
from llvmlite import binding as llvm

from lobench.engine.errors import LobenchError
from lobench.workbench.measurement.forking import in_fork
from lobench.workbench.measurement.layouts import Kernel, laid_out

TEXT = """
@factors = private constant [4 x i64] [i64 2, i64 3, i64 5, i64 7]

define linkonce_odr i64 @grown(i64 %number, i64 %which) #0 {
  switch i64 %which, label %other [ i64 0, label %a
                                    i64 1, label %b
                                    i64 2, label %c
                                    i64 3, label %d ]
a:
  %once = add i64 %number, 1
  ret i64 %once
b:
  %place = getelementptr [4 x i64], ptr @factors, i64 0, i64 %number
  %factor = load i64, ptr %place
  ret i64 %factor
c:
  %less = sub i64 100, %number
  ret i64 %less
d:
  %square = mul i64 %number, %number
  ret i64 %square
other:
  ret i64 -1
}

define i32 @kernel(ptr %result, ptr %raised, i64 %state, i64 %which, i64 %stride, i64 %count, ptr %tap, ptr %probe) {
  %place = inttoptr i64 %state to ptr
  %grown = call i64 @grown(i64 %count, i64 %which)
  store i64 %grown, ptr %place
  %few = icmp slt i64 %count, 0
  %code = zext i1 %few to i32
  ret i32 %code
}

define internal i64 @again(i64 %number) #0 {
  %next = call i64 @grown(i64 %number, i64 3)
  ret i64 %next
}

define i64 @outside(i64 %number) {
  %next = call i64 @again(i64 %number)
  ret i64 %next
}

attributes #0 = { noinline }
"""
ANSWERS = {0: 4, 1: 7, 2: 97, 3: 9, 4: -1}


def compiled(model: str = "large") -> bytes:
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True, codemodel=model)
    return bytes(machine.emit_object(llvm.parse_assembly(TEXT)))


@pytest.fixture(scope="module", autouse=True)
def compiler() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def test_layouts_compute_the_same_at_other_places() -> None:
    code = compiled()
    places, distances = set(), set()
    for seed in range(20):
        made = laid_out(code, random.Random(seed))
        assert made == laid_out(code, random.Random(seed))
        kernel, outside = Kernel(made, "kernel"), Kernel(made, "outside")
        found = ctypes.c_int64()
        for which, answer in ANSWERS.items():
            kernel(ctypes.addressof(found), which, 0, 3, None, None)
            assert found.value == answer
        assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(outside.address)(11) == 121
        with pytest.raises(LobenchError, match="raised"):
            kernel(ctypes.addressof(found), 0, 0, -1, None, None)
        assert kernel.address % 16 == 0
        places.add(kernel.address % 4096)
        distances.add(outside.address % 4096 < kernel.address % 4096)
    assert len(places) > 10
    assert distances == {True, False}


def test_functions_change_their_order() -> None:
    """As the linker's own reader sees it: all are there, as long as they were."""
    elffile = pytest.importorskip("elftools.elf.elffile")
    code = compiled()

    def functions(content: bytes) -> list[tuple[str, int]]:
        symbols = elffile.ELFFile(BytesIO(content)).get_section_by_name(".symtab").iter_symbols()
        ours = [one for one in symbols if one["st_info"]["type"] == "STT_FUNC"]
        return [(one.name, one["st_size"]) for one in sorted(ours, key=lambda one: one["st_value"])]

    orders = {tuple(functions(laid_out(code, random.Random(seed)))) for seed in range(12)}
    assert len(orders) > 4
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(functions(code)))}


def test_unsupported_code_is_not_laid_out() -> None:
    with pytest.raises(LobenchError, match="large code model"):
        laid_out(compiled("small"), random.Random(1))
    with pytest.raises(LobenchError, match="x86-64"):
        laid_out(b"something else" * 100, random.Random(1))
    with pytest.raises(LobenchError, match="no function nothing"):
        Kernel(compiled(), "nothing")


def test_a_fork_has_memory_of_its_own(tmp_path: Path) -> None:
    numbers = [1]

    def work() -> None:
        numbers.append(os.getpid())
        (tmp_path / "said").write_text(f"{numbers}")

    in_fork(work)
    assert numbers == [1]
    assert (tmp_path / "said").read_text() not in ("", f"[1, {os.getpid()}]")


def test_a_failed_fork_is_named_with_its_end() -> None:
    def fails() -> None:
        raise LobenchError("no")

    with pytest.raises(LobenchError, match="a forked process ended with code 1"):
        in_fork(fails)
    with pytest.raises(LobenchError, match="was killed by SIGKILL"):
        in_fork(lambda: os.kill(os.getpid(), 9))
