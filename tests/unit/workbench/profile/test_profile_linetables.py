"""Line tables change no machine code, and lead every address back to its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.replays import LADDER, group, run_python

pytestmark = pytest.mark.normal

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

P4 = next(variant for variant in LADDER if variant.name == "p4_hash_lookup")

COMPILE = """
import hashlib, io, json, sys
from numba import types
described = sys.argv[1] == "described"
if described:
    from lobench.workbench.profile import linetables
    linetables.install()
from elftools.elf.elffile import ELFFile
from lobench.engine.kernel_builder import build
from lobench.variants import discover

kernels = build(discover()[sys.argv[2]], sys.argv[3])
timed = (*[types.int64] * 4, types.none, types.none)
kernels.replay.compile(timed)
elf = ELFFile(io.BytesIO(kernels.replay.overloads[timed].library._get_compiled_object()))
code = [section.data() for section in elf.iter_sections() if section["sh_flags"] & 4 and section["sh_size"]]
print(json.dumps({
    "code": [hashlib.blake2b(part).hexdigest() for part in code],
    "bytes": sum(map(len, code)),
    "described": elf.has_dwarf_info(strict=True),
}))
"""

KNOWN = """
import json
from lobench.workbench.profile import linetables
linetables.install()
import numpy as np
from numba import njit
from tests.support.profile_policies import outer
from lobench.workbench.profile.dwarf import code_map, placed

def kernel(values):
    total = np.uint64(1)
    for index in range(values.shape[0]):
        total = outer(total ^ values[index])
    return total

compiled = njit(kernel)
compiled(np.arange(10, dtype=np.uint64))
codes = code_map(placed(linetables.OBJECTS))
lines = codes.perf_map().splitlines()
assert len(lines) == len(codes.pieces)
print(json.dumps({
    "stacks": [[list(frame) for frame in piece.stack] for piece in codes.pieces],
    "sorted": all(one.stop <= other.start for one, other in zip(codes.pieces, codes.pieces[1:])),
    "found": all(codes.find(piece.start) == piece and codes.find(piece.stop - 1) == piece for piece in codes.pieces),
    "outside": codes.find(codes.pieces[-1].stop) is None and codes.find(0) is None,
    "perf_map": lines,
}))
"""


@group(P4)
@pytest.mark.parametrize("until", ["book", pytest.param("strategies", marks=pytest.mark.long)])
def test_the_machine_code_is_that_of_the_timed_kernel(until: str, tmp_path: Path) -> None:
    """Byte for byte, the profiled code is the timed code."""
    plain = run_python(COMPILE, "plain", P4.name, until, LOBENCH_CACHE_DIR=str(tmp_path / "plain"))
    described = run_python(COMPILE, "described", P4.name, until, LOBENCH_CACHE_DIR=str(tmp_path / "described"))
    assert plain["bytes"] > 5_000
    assert described["code"] == plain["code"]
    assert (plain["described"], described["described"]) == (False, True)


@pytest.fixture(scope="module")
def known() -> Any:
    return run_python(KNOWN)


def test_three_deep_inlining_across_files(known: Any) -> None:
    """kernel -> outer -> middle -> inner, the last three in another file, each frame with the line of its call."""
    policies = ROOT / "tests" / "support" / "profile_policies.py"
    text = policies.read_text().splitlines()
    wanted = {
        name: next(number for number, line in enumerate(text, 1) if f"# {name}" in line)
        for name in ("outer calls middle", "middle calls inner", "inner works")
    }
    # The functions of the other file were also compiled by themselves.
    own = [stack for stack in known["stacks"] if stack[0][0] == "kernel"]
    deepest = [stack for stack in own if stack[-1][0] == "inner" and stack[-1][2] == wanted["inner works"]]
    assert deepest
    for stack in deepest:
        assert [frame[0].rpartition(".")[2] for frame in stack] == ["kernel", "outer", "middle", "inner"]
        assert stack[1][1:] == [str(policies), wanted["outer calls middle"]]
        assert stack[2][1:] == [str(policies), wanted["middle calls inner"]]
        assert stack[3][1:] == [str(policies), wanted["inner works"]]


def test_the_map_is_one_of_addresses(known: Any) -> None:
    assert known["sorted"]
    assert known["found"]
    assert known["outside"]
    assert any("profile_policies.py:" in line and line.endswith(" inner") for line in known["perf_map"])
    for line in known["perf_map"]:
        start, size, symbol = line.split(" ", 2)
        assert int(start, 16) > 0
        assert int(size, 16) > 0
        assert ":" in symbol
