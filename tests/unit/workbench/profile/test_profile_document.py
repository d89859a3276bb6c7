"""Documents of profiles: costs, pictures, differences, and entries for a report."""

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
from lobench.engine.stages import STAGES
from lobench.workbench.profile import analysis_stages, share_of
from lobench.workbench.profile.ablation import stage_times
from lobench.workbench.profile.attribution import LIBRARY, Spent
from lobench.workbench.profile.callgrind_file import COSTS
from lobench.workbench.profile.codemap import Frame
from lobench.workbench.profile.difference import difference
from lobench.workbench.profile.document import document
from lobench.workbench.profile.flamegraph import flame_graph
from lobench.workbench.profile.model.costs import Profile
from lobench.workbench.profile.model.summary import Share
from lobench.workbench.profile.model.variant import Ablation, Found, Profiled, found_of
from lobench.workbench.profile.report import entry_of
from lobench.workbench.profile.seen import Facts
from lobench.workbench.profile.sourcepage import source_page
from lobench.workbench.profile.sources import Sources
from lobench.workbench.profile.speedscope import speedscope
from lobench.workbench.profile.summary import next_bottleneck, stage_table
from lobench.workbench.profile.tables import difference_tables
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.intervals import Interval
from tests.support.replays import LADDER
from tests.support.stage_times import simulated

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
    """Costs come beside a row's other properties; facts that a tool does not report are left out."""
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
    from tests.support.speedscope_schema import validate

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
    # The index lists the costliest line first, with a link to each.
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', page)
    assert [text for _, text in links] == ["b.py:5", "a.py:1", "c.py:9"]
    assert {target for target, _ in links} == set(re.findall(r'<tr id="([^"]+)"', page))


def test_differences_name_removed_and_added_lines() -> None:
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
