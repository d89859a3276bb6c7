"""The compiled kernels contain the code of their policies and no more: read from their LLVM IR and machine code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from llvmlite.binding import get_host_cpu_features

from tests.support.replays import LADDER, PHASE, group, run_python

pytestmark = pytest.mark.normal

P0, P4, P6 = LADDER[0], PHASE[4], PHASE[6]

COMPILE = """
import json, pathlib, sys
from numba import types
from lobench.engine.kernel_builder import build
from lobench.variants import discover

kernels = build(discover()[sys.argv[1]])
timed = (*[types.int64] * 4, types.none, types.none)
kernels.replay.compile(timed)
kernels.sample.compile((types.int64,))
if len(sys.argv) > 2:
    folder = pathlib.Path(sys.argv[2])
    (folder / "replay.ll").write_text(kernels.replay.inspect_llvm(timed))
    (folder / "replay.s").write_text(kernels.replay.inspect_asm(timed))
    (folder / "sample.ll").write_text(kernels.sample.inspect_llvm((types.int64,)))
stats = [kernels.replay.stats, kernels.sample.stats]
print(json.dumps({
    "hits": sum(sum(one.cache_hits.values()) for one in stats),
    "misses": sum(sum(one.cache_misses.values()) for one in stats),
}))
"""

DIVISIONS = 24
"""Of one evaluation: 10 of pressures, 6 of imbalances, 5 of prices, one each of micro-price and relative spread, which
the spread in basis points shares, and one of the instrument's mid."""

SPLITMIX = (0xBF58476D1CE4E5B9 - 2**64, 0x94D049BB133111EB - 2**64)
"""Constants that only digests have, as IR writes them."""


@dataclass(frozen=True)
class Compiled:
    """One variant: the timed replay kernel's IR, function by function, and its machine code; the sample kernel's IR."""

    functions: dict[str, str]
    assembly: str
    sample: str
    cache: str

    @property
    def text(self) -> str:
        return "\n".join(self.functions.values())

    def calls(self, name: str) -> int:
        return len(re.findall(rf"\bcall\b[^@\n]*@{name}\(", self.text))


def functions(llvm: str) -> dict[str, str]:
    """Function bodies by name, without those that only hand a call from Python on."""
    found = re.findall(r"^define [^@]*@\"?([^\s(\"]+)\"?\(.*?^}", llvm, re.MULTILINE | re.DOTALL)
    bodies = re.findall(r"^define .*?^}", llvm, re.MULTILINE | re.DOTALL)
    assert len(found) == len(bodies)
    wrappers = ("_ZN7cpython", "cfunc.")
    return {name: body for name, body in zip(found, bodies, strict=True) if not name.startswith(wrappers)}


def compiled(name: str, folder: Path) -> Compiled:
    """A variant compiled in a process and a cache of its own: kernels that come of a cache carry no IR."""
    cache = str(folder / "cache")
    stats = run_python(COMPILE, name, str(folder), LOBENCH_CACHE_DIR=cache)
    assert stats == {"hits": 0, "misses": 2}
    return Compiled(
        functions((folder / "replay.ll").read_text()),
        (folder / "replay.s").read_text(),
        (folder / "sample.ll").read_text(),
        cache,
    )


def check_arithmetic(kernels: Compiled) -> None:
    """As written: no contraction, no reassociation, no assumption about NaN; every operation rounded on its own."""
    assert len(re.findall(r"\bfmul (?:<\d+ x )?double\b", kernels.text)) > 30
    flags = "fast|contract|reassoc|nnan|ninf|nsz|arcp|afn"
    assert not re.search(rf"\bf(?:add|sub|mul|div|neg|cmp) (?:{flags})\b", kernels.text)
    assert not re.search(r"llvm\.(?:fma|fmuladd)\b", kernels.text)
    assert not re.search(r"^\s*(?:vfn?m(?:add|sub)|fn?m(?:add|sub|la|ls))", kernels.assembly, re.MULTILINE)


def check_timed(kernels: Compiled) -> None:
    """A timed kernel neither counts nor digests."""
    for observer in ("tally", "observe_event", "observe_evaluation", "observe_boundary", "take_samples"):
        assert not any(f"{len(observer)}{observer}B" in function for function in kernels.functions), observer
    for constant in SPLITMIX:
        assert str(constant) in kernels.sample
        assert str(constant) not in kernels.text


@pytest.mark.long
@group(P0)
def test_baseline_has_the_mechanisms_that_later_phases_remove(tmp_path: Path) -> None:
    kernels = compiled(P0.name, tmp_path)
    clone = next(body for name, body in kernels.functions.items() if "5clone4load" in name)
    assert "@malloc(" in clone
    assert kernels.calls("malloc") > 5
    assert kernels.calls("pthread_rwlock_wrlock") >= 5
    assert kernels.calls("pthread_rwlock_rdlock") >= 3
    assert kernels.calls("memcmp") >= 1
    check_arithmetic(kernels)
    check_timed(kernels)


@pytest.mark.long
@group(P4)
def test_core_phases_have_none_of_them(tmp_path: Path) -> None:
    """No read lock, no string, no clone, and nothing that Numba's runtime allocates or counts."""
    kernels = compiled(P4.name, tmp_path)
    assert any("6replay" in name for name in kernels.functions)
    assert kernels.calls("pthread_rwlock_rdlock") == 0
    assert kernels.calls("pthread_rwlock_wrlock") == 0
    assert kernels.calls("pthread_barrier_wait") == 0
    assert kernels.calls("memcmp") == 0
    assert not any("9reference" in name and "4heap" not in name for name in kernels.functions)
    assert "NRT_" not in kernels.text
    assert "@Py" not in kernels.text
    check_arithmetic(kernels)
    check_timed(kernels)
    # Another process finds the kernels in the cache.
    assert run_python(COMPILE, P4.name, LOBENCH_CACHE_DIR=kernels.cache) == {"hits": 2, "misses": 0}


@group(P6)
def test_columns_are_computed_with_vectors(tmp_path: Path) -> None:
    """As many doubles at a time as the processor has room for; no division of a feature is left alone."""
    kernels = compiled(P6.name, tmp_path)
    features = get_host_cpu_features()
    width, register = next(
        (lanes, name)
        for feature, lanes, name in (("avx512f", 8, "zmm"), ("avx", 4, "ymm"), ("", 2, "xmm"))
        if not feature or features.get(feature)
    )
    divisions = len(re.findall(rf"\bfdiv <{width} x double>", kernels.text))
    assert divisions >= DIVISIONS
    assert len(re.findall(rf"^\s*v?divpd\b.*%{register}", kernels.assembly, re.MULTILINE)) >= DIVISIONS
    # Two of a window, one of a mid, one of a trade mean: trackers and context, each at most once per record.
    assert len(re.findall(r"\bfdiv double\b", kernels.text)) <= 4
    assert re.search(rf"\bsitofp <{width} x i64> ", kernels.text)
    assert "NRT_" not in kernels.text
    assert "@Py" not in kernels.text
    check_arithmetic(kernels)
    check_timed(kernels)
    assert run_python(COMPILE, P6.name, LOBENCH_CACHE_DIR=kernels.cache) == {"hits": 2, "misses": 0}
