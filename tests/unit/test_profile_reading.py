"""What is made of profilers' output: costs to stacks, stages, mechanisms; documents, their formats, differences."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

from lobench.engine.errors import UsageError
from lobench.engine.policy import COMPILED_AXES
from lobench.engine.stages import STAGES
from lobench.workbench.profile import analysis_stages, share_of
from lobench.workbench.profile.ablation import stage_times
from lobench.workbench.profile.attribution import LIBRARY, Spent, callers_in, group, spend
from lobench.workbench.profile.callgrind_file import COSTS, Counts, read_counts
from lobench.workbench.profile.codemap import CodeMap, Frame, Piece
from lobench.workbench.profile.difference import difference
from lobench.workbench.profile.document import document
from lobench.workbench.profile.flamegraph import flame_graph
from lobench.workbench.profile.model.costs import Profile
from lobench.workbench.profile.model.summary import Share
from lobench.workbench.profile.model.variant import Ablation, Found, Profiled, found_of
from lobench.workbench.profile.report import entry_of
from lobench.workbench.profile.sampled import _spy_samples, count, perf_samples
from lobench.workbench.profile.seen import Facts
from lobench.workbench.profile.sourcepage import source_page
from lobench.workbench.profile.sources import Sources
from lobench.workbench.profile.speedscope import speedscope
from lobench.workbench.profile.stages import GROUPS, UNKNOWN, Place, mechanism_of, places_of, stage_in, stage_of
from lobench.workbench.profile.summary import next_bottleneck, stage_table
from lobench.workbench.profile.tables import difference_tables
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.intervals import Interval
from tests.replays import LADDER
from tests.stage_times import simulated

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
    """Own costs, inclusive costs of library calls, numbers of calls; what is no kernel's address is left out."""
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
    # A library's cost stands at the line that called it.
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
        (["replay", "handle", "requote", "best_of_books"], "best price"),
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
    # What the layout hands on of the memory stays the memory's.
    assert mechanism_of((frame_of(places, "memory", "reserve"),), places) == "memory"


@pytest.mark.parametrize("variant", LADDER, ids=lambda variant: variant.name)
def test_every_policy_of_the_ladder_has_its_functions(variant: Any) -> None:
    """Those that a policy builds, too, in whatever file they stand."""
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


SOURCES = Sources(
    {"a.py": "a.py"}, {"a.py": ["for record in records:", "    handle(record)"], "b.py": [""] * 4 + ["  x < y"]}
)


def made(variant: Any = LADDER[0], scale: float = 1.0, extra: bool = True, tool: str = "callgrind") -> Profile:
    """A document of stacks with known costs: 100 instructions per event in all."""
    columns = COSTS if tool == "callgrind" else ("nanoseconds",)

    def costs(first: float) -> Any:
        return np.array([first] + [1.0] * (len(columns) - 1)) * 10

    replay = Frame("replay", "a.py", 1)
    spent = [
        Spent((replay,), costs(25.0 * scale)),
        Spent((replay, Frame("handle", "a.py", 2), Frame("apply", "b.py", 5)), costs(50.0)),
    ]
    if extra:
        called = Frame("malloc", LIBRARY, 0)
        spent.append(Spent((replay, Frame("handle", "a.py", 2), Frame("evaluate", "c.py", 9), called), costs(25.0)))
    facts = Facts() if tool == "callgrind" else Facts(kernel_samples=400, samples=410)
    return document(tool, columns, spent, 10, SOURCES, variant=variant, feed="synth:x", facts=facts)


def test_documents() -> None:
    found = made()
    assert found.per_event["instructions"] == 100.0
    assert [(row.stage, row.share) for row in found.stages] == [
        ("decode", 0.25),
        ("levels", 0.5),
        ("features", 0.25),
    ]
    first = found.lines[0]
    assert (first.file, first.line, first.text, first.stage) == ("b.py", 5, "x < y", "levels")
    assert set(first.costs) == {"instructions", "l1_misses", "ll_misses", "mispredictions"}
    lines = {(row.file, row.line): row for row in found.lines}
    assert lines["c.py", 9].costs["instructions"] == 25.0
    assert lines["a.py", 1].total_share == 1.0
    functions = {row.function: row for row in found.functions}
    assert functions["handle"].share == 0.0
    assert functions["handle"].total_share == 0.75
    assert functions["malloc"].file == LIBRARY


def test_a_profile_is_read_as_it_was_written() -> None:
    """Costs stand beside a row's other properties; facts that a tool does not tell are left out."""
    for found in (made(), made(tool="perf")):
        written = json.loads(json.dumps(as_json(found)))
        assert found_of(written) == found
        assert {"file", "line", "share", *found.columns} <= set(written["lines"][0])
        assert ("kernel_samples" in written) == (found.tool == "perf")
        assert "engine" not in written
        row = {"function": "replay", "file": "a.py", "share": 0.25, "total_share": 1.0}
        assert row.items() <= next(one for one in written["functions"] if one["function"] == "replay").items()


def test_speedscope_files_are_valid() -> None:
    """The rules of speedscope's own schema, and that weights add up to the profile's end."""
    from tests.speedscope_schema import validate

    for found in (made(), made(tool="perf")):
        file = speedscope(found)
        validate(file)
        assert file["profiles"][0]["endValue"] == pytest.approx(100.0)
    with pytest.raises(AssertionError):
        validate({**file, "profiles": [{**file["profiles"][0], "weights": [1]}]})


def test_flame_graphs_are_svg() -> None:
    root = ElementTree.fromstring(flame_graph(made()))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    space = {"s": "http://www.w3.org/2000/svg"}
    hints = [title.text or "" for title in root.findall("s:g/s:title", space)]
    assert "apply (b.py): 50.00%, stage levels" in hints
    assert "handle (a.py): 75.00%, stage levels" in hints
    widths = {
        hint: float(box.attrib["width"]) for hint, box in zip(hints, root.findall("s:g/s:rect", space), strict=True)
    }
    assert widths["apply (b.py): 50.00%, stage levels"] == pytest.approx(600, abs=1)
    text = flame_graph(made())
    assert "<script" not in text
    assert "href" not in text
    alive = ElementTree.fromstring(flame_graph(made(), alive=True))
    assert len(alive.findall("s:script", space)) == 1
    assert not [element for element in alive.iter() if {"href", "src"} & set(element.attrib)]
    boxes = alive.findall("s:g", space)
    assert "data-up" not in boxes[0].attrib
    for place, box in enumerate(boxes[1:], 1):
        above = boxes[int(box.attrib["data-up"])].attrib
        assert int(box.attrib["data-up"]) < place
        assert float(above["data-left"]) <= float(box.attrib["data-left"])
        assert float(box.attrib["data-width"]) <= float(above["data-width"])


def test_source_pages_stand_alone() -> None:
    page = source_page(made(), SOURCES)
    assert "x &lt; y" in page
    assert "<script" not in page
    assert "http" not in page
    assert "50.00%" in page
    assert "prefers-color-scheme:dark" in page
    # The index names the costliest line first, and leads to each.
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', page)
    assert [text for _, text in links] == ["b.py:5", "a.py:1", "c.py:9"]
    assert {target for target, _ in links} == set(re.findall(r'<tr id="([^"]+)"', page))


def test_differences_name_what_went_and_what_came() -> None:
    before, after = made(), made(LADDER[1], scale=0.2, extra=False)
    found = difference(before, after)
    assert (found.before, found.after) == (LADDER[0].name, LADDER[1].name)
    policies = {row.axis: row for row in found.mechanisms}
    assert set(policies) == {None}
    assert (policies[None].before, policies[None].after) == pytest.approx((100.0, 55.0))
    what = {(row.file, row.line): (row.what, row.costs["instructions"].change) for row in found.lines}
    assert what == {("c.py", 9): ("removed", -25.0), ("a.py", 1): ("changed", -20.0)}
    assert (found.tuning.before, found.tuning.after) == (None, None)
    back = difference(after, replace(before, tuning={"profile": "fitted.toml"}))
    assert back.tuning.after == {"profile": "fitted.toml"}
    assert next(difference_tables(back)) == "tuning: none before, fitted.toml after"
    assert {row.what for row in back.lines} == {"added", "changed"}
    with pytest.raises(UsageError, match="different tool"):
        difference(before, made(tool="perf"))


def profile_of(**methods: Found) -> Profiled:
    return Profiled(variant="p0_baseline", feed="synth:x", methods=methods)


def ablated() -> Ablation:
    return Ablation(processes=6, passes=36, stages=stage_times(simulated(1, peculiar=0.01), 1000))


def test_shares_bounds_and_disagreements() -> None:
    profile = profile_of(ablation=ablated(), callgrind=made(), perf=made(tool="perf"))
    assert share_of(profile, "book").method == "ablation"
    assert share_of(profile, "book").value == pytest.approx(0.3, abs=0.01)
    fine = share_of(profile, "levels")
    assert fine.method == "perf"
    assert fine.low < 0.5 < fine.high
    assert share_of(profile_of(callgrind=made()), "book") == Share(0.5, 0.5, 0.5, "callgrind")
    with pytest.raises(
        UsageError, match="has no stage 'cloning'; stages are decode, book, features, strategies, lookup"
    ):
        share_of(profile, "cloning")
    found = next_bottleneck(profile)
    assert found is not None
    assert found.stage == "levels"
    assert found.bound.value == pytest.approx(2.0)
    assert next_bottleneck(profile_of()) is None
    stages = {row.stage: row for row in analysis_stages(profile)}
    assert list(stages) == [*STAGES, "lookup", "levels", "best price"]
    assert stages["levels"].share == Interval(fine.value, fine.low, fine.high)
    assert [row.stage for row in analysis_stages(profile_of(ablation=ablated()))] == list(STAGES)
    assert analysis_stages(profile_of(callgrind=made())) == []
    rows = {row.stage: row for row in stage_table(profile)}
    assert rows["book"].callgrind == Interval(0.5, 0.5, 0.5)
    assert ("ablation", "callgrind") in rows["book"].disagreements
    assert ("callgrind", "perf") not in rows["book"].disagreements


def test_entries_of_a_report() -> None:
    before = profile_of(callgrind=made(), perf=made(tool="perf"))
    first = entry_of(before, None)
    assert first.change is None
    assert first.flame is not None
    assert first.flame.startswith("<svg")
    assert first.next_bottleneck_line.startswith("next bottleneck: levels, 50% of the time (perf); removing it gains")
    second = entry_of(profile_of(callgrind=made(LADDER[1], extra=False)), before)
    assert second.change is not None
    assert second.change.before == LADDER[0].name
    assert [row.file for row in second.change.removed] == ["c.py"]
    assert len(second.lines["callgrind"]) <= 5
    nothing = entry_of(replace(profile_of(), missing={"perf": "not installed"}), before)
    assert nothing.flame is None
    assert nothing.more["next_bottleneck"] is None


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
    # A call's return address is the one behind it; an interrupted instruction's is its own.
    assert [place for place, _ in counts.called] == [KERNEL + 7]
    assert list(counts.own) == [KERNEL + 8]
