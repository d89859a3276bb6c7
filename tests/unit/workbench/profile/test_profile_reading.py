"""Reading the profilers' output: from costs to stacks, stages, mechanisms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

from lobench.engine.policy import COMPILED_AXES
from lobench.engine.stages import STAGES
from lobench.workbench.profile.attribution import callers_in, group, spend
from lobench.workbench.profile.callgrind_file import Counts, read_counts
from lobench.workbench.profile.codemap import CodeMap, Frame, Piece
from lobench.workbench.profile.sampled import _spy_samples, count, perf_samples
from lobench.workbench.profile.stages import GROUPS, UNKNOWN, Place, mechanism_of, places_of, stage_in, stage_of
from tests.support.replays import LADDER

KERNEL, HELPER = 0x1000, 0x2000
CODES = CodeMap(
    [
        Piece(KERNEL, KERNEL + 8, KERNEL, (Frame("replay", "a.py", 1),)),
        Piece(KERNEL + 8, KERNEL + 16, KERNEL, (Frame("replay", "a.py", 2), Frame("load", "b.py", 5))),
        Piece(HELPER, HELPER + 16, HELPER, (Frame("find", "c.py", 7),)),
    ]
)

FILE = f"""version: 1
events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw Bc Bcm Bi Bim
ob=/usr/lib/libpython3.11.so
fn=eval
0x1000 12 999 1 1
ob=???
fn=0x0000000000001000
{KERNEL:#x} 0 10 4 2 1 2 3 0 1 0 5 2 1 1
{KERNEL + 8:#x} 0 20
cob=/usr/lib/libc.so.6
cfn=malloc
calls=3 0x98a87 0
{KERNEL + 8:#x} 0 300 0 0 0 7
cob=???
cfn=0x0000000000002000
calls=4 {HELPER:#x} 0
{KERNEL:#x} 0 1000
cfn=0x0000000000002000
calls=12 {HELPER:#x} 0
{KERNEL + 8:#x} 0 3000
fn=0x0000000000002000
{HELPER + 4:#x} 0 160
0x9999 0 77
"""


@pytest.fixture
def counts() -> Counts:
    return read_counts(FILE.splitlines(), lambda address: CODES.find(address) is not None)


def test_callgrind_files(counts: Counts) -> None:
    """Own costs, inclusive costs of library calls, numbers of calls; addresses outside kernels are left out."""
    assert {address: list(cost) for address, cost in counts.own.items()} == {
        KERNEL: [10, 6, 1, 3],
        KERNEL + 8: [20, 0, 0, 0],
        HELPER + 4: [160, 0, 0, 0],
    }
    assert {place: list(cost) for place, cost in counts.called.items()} == {(KERNEL + 8, "malloc"): [300, 7, 0, 0]}
    assert counts.library_calls == {"malloc": 3}
    assert counts.calls == {(KERNEL, HELPER): 4, (KERNEL + 8, HELPER): 12}


def test_a_function_with_two_callers_is_shared_out(counts: Counts) -> None:
    spent = spend(CODES, counts, callers_in(CODES, counts))
    found = {tuple(frame.function for frame in entry.stack): float(entry.values[0]) for entry in spent}
    assert found == {
        ("replay",): 10.0,
        ("replay", "load"): 20.0,
        ("replay", "load", "malloc"): 300.0,
        ("replay", "find"): 40.0,
        ("replay", "load", "find"): 120.0,
    }
    assert sum(found.values()) == 490.0
    # The cost of a library is attributed to the line that called it.
    by_line = group(spent, lambda entry: (entry.place.file, entry.place.line))
    assert float(by_line["b.py", 5][0]) == 320.0


def test_recursion_ends() -> None:
    counts = Counts(own={HELPER: np.ones(4, np.int64)}, calls={(HELPER, HELPER): 5, (KERNEL, HELPER): 5})
    spent = spend(CODES, counts, callers_in(CODES, counts))
    assert sum(float(entry.values[0]) for entry in spent) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("functions", "stage"),
    [
        (["_build.<locals>.replay"], "decode"),
        (["_build.<locals>.replay", "load", "append"], "decode"),
        (["_build.<locals>.replay", "_build.<locals>.handle"], "levels"),
        (["_build.<locals>.replay", "_build.<locals>.handle", "_build.<locals>.book_of", "table_find"], "lookup"),
        (["replay", "handle", "build_book.<locals>.apply", "change_orders", "find", "table_get"], "lookup"),
        (["replay", "handle", "apply", "change_orders", "level_for", "search"], "levels"),
        (["replay", "handle", "apply", "change_orders", "lose_queue"], "features"),
        (["replay", "handle", "apply", "level_from_best", "rung_at"], "best price"),
        (["replay", "handle", "requote", "best_of_books"], "strategies"),
        (["replay", "handle", "build_locked.<locals>.put_quote", "table_get", "find"], "strategies"),
        (["replay", "handle", "evaluate", "gather"], "features"),
        (["replay", "handle", "evaluate", "put_features", "put", "make"], "features"),
        (["replay", "handle", "evaluate", "decide", "feature", "get", "find"], "strategies"),
        (["replay", "publish"], "strategies"),
        (["replay", "look_ahead", "find_ahead"], "lookup"),
        (["replay", "handle", "follow", "put_touch"], "best price"),
        (["replay", "handle", "evaluate", "flush", "compute"], "features"),
        (["replay", "handle", "evaluate", "flush", "follow"], "strategies"),
        (["replay", "handle", "evaluate", "flush", "trade", "flow", "moving_average"], "strategies"),
        (["replay", "handle", "trade", "follow_trade"], "features"),
        (["replay", "handle", "evaluate", "context.best", "best_prices"], "strategies"),
        (["replay", "look_ahead", "make_room", "rebuild"], "lookup"),
        (["replay", "look_ahead", "look_for_levels", "head_of"], "levels"),
        (["replay", "handle", "apply", "cancel", "lose", "follow_level"], "features"),
        (["replay", "handle", "apply", "cancel", "lose", "shrink", "best_behind", "next_place"], "best price"),
        (["replay", "handle", "apply", "cancel", "lose", "shrink", "drop_bit"], "levels"),
        (["replay", "handle", "apply", "create", "insert", "empty_slots"], "lookup"),
        (["build_strings.<locals>.get"], UNKNOWN),
    ],
)
def test_stages(functions: list[str], stage: str) -> None:
    assert stage_of(functions) == stage
    assert GROUPS[stage] in (*STAGES, UNKNOWN)


def frame_of(places: list[Place], axis: str, field: str) -> Frame:
    """The function that serves as a field of a policy."""
    place = next(place for place in places if (place.axis, place.field) == (axis, field))
    return Frame(place.function, place.file, 1)


def test_mechanisms_are_the_policies_functions() -> None:
    """The innermost policy counts: strings kept behind a lock are strings, the lock is the context's."""
    places = places_of(LADDER[0])
    assert {place.axis for place in places} == set(COMPILED_AXES)
    evaluate, context = frame_of(places, "shape", "evaluate"), frame_of(places, "context", "put_features")
    strings = frame_of(places, "features", "put")
    made = Frame(f"{next(p for p in places if p.axis == 'features' and p.makes).function}make", strings.file, 75)
    other = Frame("table_get", "containers.py", 80)
    assert mechanism_of((evaluate, context, strings, other), places) == "features"
    assert mechanism_of((evaluate, context, made, other), places) == "features"
    assert mechanism_of((evaluate, context, other), places) == "context"
    assert mechanism_of((evaluate, other), places) == "shape"
    assert mechanism_of((other,), places) is None
    apply = frame_of(places, "layout", "apply")
    assert mechanism_of((apply, frame_of(places, "lookup", "find"), other), places) == "lookup"
    assert mechanism_of((apply, frame_of(places, "memory", "new_order")), places) == "memory"
    assert mechanism_of((apply, other), places) == "layout"
    # A function of the memory that the layout exposes still belongs to the memory.
    assert mechanism_of((frame_of(places, "memory", "reserve"),), places) == "memory"


@pytest.mark.parametrize("variant", LADDER, ids=lambda variant: variant.name)
def test_every_policy_of_the_ladder_has_its_functions(variant: Any) -> None:
    """Those that a policy builds, too, in any file."""
    places = places_of(variant)
    fields = {(place.axis, place.field) for place in places}
    assert fields >= {("shape", "evaluate"), ("shape", "flush"), ("context", "best"), ("features", "put")}
    layout = {"look_ahead", "find", "new_book", "apply", "follow", "best_price", "read_side", "append_side"}
    assert fields >= {("layout", name) for name in layout}
    above = (Frame("replay", "a.py", 1), Frame("handle", "a.py", 2))
    stages = {
        name: stage_in((*above, frame_of(places, *name.split("."))), places)
        for name in ("layout.find", "layout.look_ahead", "layout.apply", "layout.follow", "shape.evaluate")
    }
    assert list(stages.values()) == ["lookup", "lookup", "levels", "best price", "features"]
    evaluate = (*above, frame_of(places, "shape", "evaluate"))
    assert stage_in((*evaluate, frame_of(places, "context", "best")), places) == "strategies"
    assert stage_in((*evaluate, frame_of(places, "layout", "append_side")), places) == "features"


def test_a_policys_function_may_have_any_name() -> None:
    places = [Place("lookup", "find", "user.py", "look_up_fast", makes=False)]
    above = (Frame("replay", "a.py", 1), Frame("handle", "a.py", 2), Frame("apply", "b.py", 3))
    assert stage_in((*above, Frame("look_up_fast", "user.py", 9)), places) == "lookup"
    assert stage_in((*above, Frame("look_up_fast", "other.py", 9)), places) == "levels"


PERF = """python 1/1 10.000: 1003009 cpu-clock:u:
              98a87 tcache_get+0x157 (inlined)
              98a87 __GI___libc_malloc+0x157 (inlined)
               1009 strings.py:45 make+0x12 (/tmp/perf-1.map)

python 1/1 10.001: 1003009 cpu-clock:u:
               1004 a.py:1 replay+0x4 (/tmp/perf-1.map)

python 1/1 10.002: 1003009 cpu-clock:u:
             123456 _PyEval_EvalFrameDefault+0x1 (/usr/lib/libpython3.11.so)

"""


def test_perf_and_py_spy_samples() -> None:
    counts, total = count(perf_samples(PERF.splitlines()), CODES)
    assert total == 3
    assert {address: int(n[0]) for address, n in counts.own.items()} == {KERNEL + 4: 1}
    assert {place: int(n[0]) for place, n in counts.called.items()} == {(KERNEL + 9, "__libc_malloc"): 1}
    profile = {
        "shared": {"frames": [{"name": "run"}, {"name": hex(KERNEL + 8)}, {"name": "malloc"}]},
        "profiles": [{"samples": [[0, 1, 2], [0, 1], [0]]}],
    }
    counts, total = count(_spy_samples(profile), CODES)
    assert total == 3
    # A return address is the instruction after the call; an interrupted instruction's address is its own.
    assert [place for place, _ in counts.called] == [KERNEL + 7]
    assert list(counts.own) == [KERNEL + 8]
