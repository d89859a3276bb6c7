"""No kernel reaches outside a table or into freed memory: replays with bounds checks, and with a heap that tells.

Each runs in a process of its own, as the checks are chosen by its environment.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lobench.engine.feeds import load, open_feed
from lobench.engine.policy import Variant
from tests.support.made_once import made_once
from tests.support.replays import ABOVE, FACTORIAL, LADDER, PHASE, TOP, Expected, Records, each, run_python
from tests.support.streams import Market

DATA = os.environ.get("LOBENCH_REAL_DATA")
ESH4 = "glbx_es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"
STREAMS = ("market", "synthetic", "esh4")
OF_EVERY_POLICY = [LADDER[0], PHASE[6], TOP]
"""Compiling with checks takes three times as long: these three have each policy of the ladder, which a test asserts. CI
runs the reference alone, and the top on the checking heap."""

REPLAY = """
import json, sys
import numpy as np
from lobench.engine.native import CHECKED
from tests.support.replays import Observed
from lobench.variants import discover, resolve

variant = resolve(sys.argv[1], discover())
found = {}
for file in sys.argv[2:]:
    records = np.load(file)
    for workers in (1, 2):
        result = Observed(variant, records, workers=workers, evaluate="every", rows=False).result
        found[f"{file} {workers}"] = [result.digests.as_json(), result.samples.tolist(), result.anomalies]
print(json.dumps({"checked": CHECKED, "found": found}))
"""

CHECKING_HEAP = """
import ctypes
import llvmlite.binding
from lobench.engine import inspection

# Kernels, and what frees their memory from Python, look up the allocator by name and find libc's own: what is preloaded
# carries an older version's mark.
look_up = ctypes.CDLL(None).dlvsym
look_up.restype, look_up.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
checking = ctypes.CDLL("libc_malloc_debug.so.0")._handle
for name in ("malloc", "realloc", "free"):
    address = look_up(checking, name.encode(), b"GLIBC_2.2.5") or look_up(checking, name.encode(), b"GLIBC_2.17")
    assert address, name
    llvmlite.binding.add_symbol(name, address)
free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
inspection.free_table = lambda table: free(int(table["slots"]))
"""

OVERRUN = """
import json
from numba import njit
from lobench.engine.native import BYTE, free, malloc, view

@njit
def write(size, place, value):
    address = malloc(size)
    view(address + place, BYTE)["value"] = value
    free(address)

write(24, 23, 1)
print(json.dumps("whole"), flush=True)
# The allocator's mark of the end depends on the address. Where it misses one of these, it finds the other.
write(24, 24, 1)
write(24, 24, 0)
"""

WRONG_INDEX = """
import json
import numpy as np
from numba import njit
from lobench.engine.containers import append, item, slot_at, table_insert
from lobench.engine.price_ladder import rung_at
from lobench.engine.layout import LIST, SIDE, TABLE
from lobench.engine.native import CHECKED, view

@njit
def put(address, value):
    append(view(address, LIST), value)

@njit
def read(address, index):
    return item(view(address, LIST), index)

@njit
def insert(address, key, value):
    table_insert(view(address, TABLE), key, value, 0, None)

@njit
def slot(address, index):
    return slot_at(view(address, TABLE), index)["value"]

@njit
def rung(address, index):
    return rung_at(view(address, SIDE), index)["key"]

def outcome(function, record, index):
    try:
        return int(function(record.ctypes.data, index))
    except IndexError as error:
        return str(error)

assert CHECKED
values, table, side = np.zeros(1, LIST), np.zeros(1, TABLE), np.zeros(1, SIDE)
put(values.ctypes.data, 41)
put(values.ctypes.data, 42)
insert(table.ctypes.data, 7, 43)
print(json.dumps({
    "list": [outcome(read, values, index) for index in (0, 1, 2, -1)],
    "table": [sum(outcome(slot, table, index) for index in range(64)), *(outcome(slot, table, i) for i in (64, -1))],
    "side": [outcome(rung, side, 0)],
}))
"""


def records(name: str) -> Records:
    if name == "market":
        return Market(5).records(9_000)
    if name == "synthetic":
        return load(open_feed(["synth:equity-universe,n=10_000,seed=2,anomalies=0.02"])).records
    return load(open_feed([str(Path(DATA or ".") / ESH4)])).records[:10_000]


@cache
def expected(name: str) -> list[Any]:
    result = made_once(f"checked {name}", lambda: Expected(records(name), "every").result)
    assert result.digests is not None
    return [result.digests.as_json(), result.samples.tolist(), result.anomalies]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Replays all streams in a process with the given environment; checks the results, and returns its output."""
    folder = tmp_path_factory.mktemp("streams")
    files = {}
    for name in STREAMS:
        if name != "esh4" or DATA:
            files[name] = str(folder / f"{name}.npy")
            np.save(files[name], records(name))

    def run(variant: Variant, before: str = "", **environment: Any) -> dict[str, Any]:
        said: dict[str, Any] = run_python(before + REPLAY, variant.name, *files.values(), **environment)
        for name, file in files.items():
            for workers in (1, 2):
                assert said["found"][f"{file} {workers}"] == expected(name), (name, workers)
        return said

    return run


@pytest.mark.parametrize("variant", [*each(OF_EVERY_POLICY[:1]), *each(OF_EVERY_POLICY[1:], pytest.mark.long)])
def test_no_index_leaves_its_table(variant: Variant, replayed: Callable[..., dict[str, Any]]) -> None:
    assert replayed(variant, NUMBA_BOUNDSCHECK="1")["checked"] is True


def test_no_policy_is_left_out() -> None:
    wanted, found = ({entry for one in some for entry in one.policies.items()} for some in (LADDER, OF_EVERY_POLICY))
    assert found == wanted


@pytest.mark.long
@pytest.mark.parametrize("variant", each([*FACTORIAL, *ABOVE]))
def test_no_index_of_any_combination_leaves_its_table(
    variant: Variant, replayed: Callable[..., dict[str, Any]]
) -> None:
    assert replayed(variant, NUMBA_BOUNDSCHECK="1")["checked"] is True


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
def test_freed_memory_is_not_read(variant: Variant, replayed: Callable[..., dict[str, Any]]) -> None:
    """glibc fills allocated and freed memory with bytes that would change a digest."""
    assert replayed(variant, MALLOC_PERTURB_="165")["checked"] is False


@pytest.fixture
def checking() -> dict[str, str]:
    """The environment of glibc's checking allocator, which ends the process at the first block that was overrun or
    freed twice."""
    library = "libc_malloc_debug.so.0"
    try:
        ctypes.CDLL(library)
    except OSError:
        pytest.skip(f"{library} is not installed")
    return {"LD_PRELOAD": library, "GLIBC_TUNABLES": "glibc.malloc.check=3", "MALLOC_PERTURB_": "165"}


@pytest.mark.parametrize("variant", each([LADDER[0], TOP]))
def test_the_heap_stays_whole(
    variant: Variant, replayed: Callable[..., dict[str, Any]], checking: dict[str, Any]
) -> None:
    replayed(variant, CHECKING_HEAP, **checking)


def test_a_byte_too_many_is_caught(checking: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=r"exit code -6\n\"whole\"\n\nfree\(\): invalid pointer"):
        run_python(CHECKING_HEAP + OVERRUN, **checking)


def test_a_wrong_index_is_caught() -> None:
    caught = "index outside a heap table"
    assert run_python(WRONG_INDEX, NUMBA_BOUNDSCHECK="1") == {
        "list": [41, 42, caught, caught],
        "table": [43, caught, caught],
        "side": [caught],
    }
