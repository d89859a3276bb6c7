"""The parts of kernels are compiled once: a part is the same whichever kernel compiled it, and parts that an edit does
not reach come from the cache."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import environment
from tests.support.paths import ROOT

pytestmark = pytest.mark.normal

KERNELS = """
{head}
from lobench.engine.compiling import entry, inlined, kernel

@kernel
def shared(number):
    total = 0
    for step in range(number):
        total += step * {shared}
    return total

@inlined
def between(number):
    return shared(number) + shared(number + 1)

@entry
def one(number):
    return between(number) + 1

@entry
def other(number):
    return between(number) * 2 + {other}
"""
SCRIPT = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from numba.core import event

class Listener(event.Listener):
    def __init__(self):
        self.names = []
    def on_start(self, event):
        if event.data["name"].startswith("nopython_type_inference"):
            self.names.append(event.data["qualname"])
    def on_end(self, event):
        pass

listener = Listener()
event.register("numba:run_pass", listener)
{before}
import kernels
from numba.core.codegen import CPUCodeLibrary
codes = {}
made = CPUCodeLibrary._object_compiled_hook.__func__
answers = {name: getattr(kernels, name)(10) for name in sys.argv[2:]}
for name in sys.argv[2:]:
    (found,) = getattr(kernels, name).overloads.values()
    found.library._compiled_object, kept = None, found.library._compiled_object
    codes[name] = hashlib.sha256(text(bytes(kept))).hexdigest() if kept and text(bytes(kept)) else None
print(json.dumps({"answers": answers, "typed": listener.names, "codes": codes}))
"""
TEXT = '''
import struct

def text(elf):
    """The machine code of an object file."""
    (at,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, strings = struct.unpack_from("<HHH", elf, 0x3A)
    heads = [struct.unpack_from("<IIQQQQ", elf, at + size * place) for place in range(count)]
    names = heads[strings][4]
    named = [(elf[names + head[0] :].split(b"\\0", 1)[0], head) for head in heads]
    return b"".join(elf[head[4] : head[4] + head[5]] for name, head in named if name in (b".text", b".ltext"))
'''


class Place:
    """A folder with two kernels, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"

    def write(self, *, shared: int | str = 3, other: int = 0, head: str = "") -> None:
        text = KERNELS.format(shared=shared, other=other, head=head)
        (self.folder / "kernels.py").write_text(text)

    def use(self, *names: str, cache: str = "cache", before: str = "", **variables: str) -> Any:
        """In a separate process, which does something ``before``: the kernels' results, the functions that were typed,
        and digests of the code."""
        done = subprocess.run(
            [sys.executable, "-c", TEXT + SCRIPT.replace("{before}", before), str(self.folder), *names],
            cwd=ROOT,
            env=environment(LOBENCH_CACHE_DIR=str(self.folder / cache), **variables),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.write()
    return made


def expected(number: int, shared: int) -> int:
    return sum(step * shared for step in range(number))


def test_parts_of_another_kernel_are_not_compiled_again(place: Place) -> None:
    first = place.use("one")
    assert {"one", "between", "shared"} <= set(first["typed"])
    second = place.use("other")
    assert "shared" not in second["typed"]
    assert "between" not in second["typed"]
    assert second["answers"]["other"] == (expected(10, 3) + expected(11, 3)) * 2


def test_a_kernel_does_not_depend_on_cached_parts(place: Place) -> None:
    cold = place.use("other", cache="cold")["codes"]["other"]
    place.use("one", cache="warm")
    warm = place.use("other", cache="warm")["codes"]["other"]
    together = place.use("one", "other", cache="together")["codes"]["other"]
    assert cold is not None
    assert cold == warm == together


def test_an_edited_part_is_compiled_with_all_that_call_it(place: Place) -> None:
    place.use("one", "other")
    place.write(shared=5)
    again = place.use("one", "other")
    assert {"shared", "between", "one", "other"} <= set(again["typed"])
    assert again["answers"]["one"] == expected(10, 5) + expected(11, 5) + 1


def test_an_edit_that_does_not_reach_a_part_leaves_it(place: Place) -> None:
    place.use("one", "other")
    place.write(other=7)
    again = place.use("one", "other")
    assert set(again["typed"]) == {"other"}


def test_a_damaged_part_is_compiled_anew(place: Place) -> None:
    right = place.use("one")["answers"]
    for file in (place.cache / "kernels").iterdir():
        content = file.read_bytes()
        file.write_bytes(content[:-40] + bytes(40))
    assert place.use("one")["answers"] == right


OTHER_SURROUNDINGS: list[tuple[str, dict[str, str]]] = [
    ("import numba\nnumba.__version__ += '.other'", {}),
    ("", {"NUMBA_CPU_NAME": "generic"}),
    ("", {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse2"}),
    ("", {"NUMBA_OPT": "2"}),
    ("import numba\nnumba.config.BOUNDSCHECK = 1", {}),
]


@pytest.mark.long
def test_parts_of_other_surroundings_are_not_used(place: Place) -> None:
    place.use("one")
    for before, variables in OTHER_SURROUNDINGS:
        typed = place.use("one", before=before, **variables)["typed"]
        assert {"one", "between", "shared"} <= set(typed), (before, variables)
        # Each was cached as a part.
        assert set(place.use("other", before=before, **variables)["typed"]) == {"other"}, (before, variables)


def test_a_part_with_a_value_of_the_environment(place: Place) -> None:
    place.write(shared="SCALE", head="import os\nSCALE = int(os.environ['SCALE'])")
    place.use("one", SCALE="3")
    changed = place.use("one", "other", SCALE="5")
    assert {"shared", "between", "one", "other"} <= set(changed["typed"])
    assert changed["answers"]["one"] == expected(10, 5) + expected(11, 5) + 1


def test_parts_with_changed_constants_are_not_used(place: Place) -> None:
    """Numba has it for all callers of this process, the old value in it, though nothing in it was compiled here."""
    place.write(shared="SCALE", head="SCALE = 3")
    place.use("one")
    taken = """
import numba, kernels

@numba.njit(nogil=True, error_model="numpy")
def caller(number):
    return kernels.between(number)

assert caller(10) == {right}
assert "between" not in listener.names
kernels.SCALE = 5
"""
    place.use("other", before=taken.format(right=expected(10, 3) + expected(11, 3)))
    again = place.use("other", before="import kernels\nkernels.SCALE = 5")
    assert again["answers"]["other"] == (expected(10, 5) + expected(11, 5)) * 2


def test_a_part_brings_no_function_along_that_is_named_by_a_count(place: Place) -> None:
    """Of two processes, which count alike, another one may have the name."""
    place.write(shared="max(3, number)")
    before = """
import lobench.engine.part_compiler as part_compiler
as_it_is = part_compiler._packed
def packed(result):
    module = result.library._final_module
    open({file!r}, "a").writelines(f"{{one.linkage.name}} {{one.name}}\\n" for one in module.functions)
    return as_it_is(result)
part_compiler._packed = packed
"""
    file = place.folder / "functions"
    place.use("one", before=before.format(file=str(file)))
    found = [line.split(" ", 1) for line in file.read_text().splitlines()]
    assert {linkage for linkage, name in found if "ol_max" in name} <= {"internal"}
    assert any("shared" in name for _, name in found)
    again = place.use("other")
    assert set(again["typed"]) == {"other"}
    assert again["answers"]["other"] == (sum(range(10)) * 10 + sum(range(11)) * 11) * 2
