"""How profiles are shown: names instead of numbers, tables on narrow terminals, lines that are the same line."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from lobench.workbench.profile import sampled
from lobench.workbench.profile.attribution import LIBRARY, short, spend
from lobench.workbench.profile.callgrind_file import Counts, read_counts
from lobench.workbench.profile.callgrind_names import named
from lobench.workbench.profile.codemap import CodeMap, Frame, Piece
from lobench.workbench.profile.difference import difference
from lobench.workbench.profile.model.costs import LineCost, Profile, Stacks, StageCost, StagedLine
from lobench.workbench.profile.model.difference import Changed, LineChange
from lobench.workbench.profile.model.variant import Profiled
from lobench.workbench.profile.pairing import Exchange, exchanges, pairs
from lobench.workbench.profile.tables import bottleneck_line, difference_tables, tables


@pytest.mark.parametrize(
    ("function", "file", "name"),
    [
        ("_build.<locals>.replay", "a.py", "replay"),
        ("Book::apply", "a.cpp", "Book::apply"),
        ("pow@@GLIBC_2.29", LIBRARY, "pow"),
        ("sum.constprop.0", LIBRARY, "sum"),
        ("(unnamed, libm.so.6)", LIBRARY, "(unnamed, libm.so.6)"),
    ],
)
def test_no_function_is_called_by_a_number(function: str, file: str, name: str) -> None:
    assert short(function, file) == name


KERNEL, HELPER = 0x1000, 0x2000
CODES = CodeMap(
    [
        Piece(KERNEL, KERNEL + 8, KERNEL, (Frame("made.<locals>.run", "/src/a.py", 3),)),
        Piece(
            KERNEL + 8, KERNEL + 16, KERNEL, (Frame("made.<locals>.run", "/src/a.py", 4), Frame("in", "/src/b.py", 7))
        ),
        Piece(HELPER, HELPER + 16, HELPER, (Frame("find", "/src/c.py", 9),)),
    ],
    of_file=True,
)

CALLGRIND = """# callgrind format
positions: instr line
events: Ir
ob=/lib/libpython.so
fl=/py/eval.c
fn=eval
0x500 12 9
cob=???
cfi=???
cfn=0x0000000000001000'2
calls=1 0x1000 0
0x504 13 80
ob=???
fl=???
fn=0x0000000000001000'2
0x1000 0 10
0x1008 0 20
cob=/lib/libm.so
cfn=0x0000000000000300
calls=2 0x300 0
0x1008 0 30
cfn=0x0000000000002000
calls=4 0x2000 0
0x1004 0 40
fn=0x0000000000002000
0x2000 0 5
fn=0x0000000000007000
0x7000 0 6
ob=/lib/libm.so
fn=0x0000000000000300
0x300 0 30
"""

NAMED = """# callgrind format
positions: instr line
events: Ir
ob=/lib/libpython.so
fl=/py/eval.c
fn=eval
0x500 12 9
cob=???
cfi=/src/a.py
cfn=run'2
calls=1 0x1000 3
0x504 13 80
ob=???
fl=/src/a.py
fn=run'2
0x1000 3 10
fi=/src/b.py
0x1008 7 20
cob=/lib/libm.so
cfi=???
cfn=0x0000000000000300
calls=2 0x300 0
0x1008 7 30
fi=/src/a.py
cfi=/src/c.py
cfn=find
calls=4 0x2000 9
0x1004 3 40
fl=/src/c.py
fn=find
0x2000 9 5
fl=???
fn=0x0000000000007000
0x7000 0 6
ob=/lib/libm.so
fn=0x0000000000000300
0x300 0 30
"""


def is_kernel(address: int) -> bool:
    return CODES.find(address) is not None


def test_other_viewers_of_callgrind_files_find_names() -> None:
    """Functions with file and line of JIT code, of those that call it, too; all else, and every count, stays."""
    written = "".join(named(CALLGRIND.splitlines(keepends=True), CODES, lambda stack: stack))
    assert written == NAMED
    before, after = (read_counts(text.splitlines(), is_kernel) for text in (CALLGRIND, written))
    assert {address: list(cost) for address, cost in before.own.items()} == {
        address: list(cost) for address, cost in after.own.items()
    }
    assert before.calls == after.calls == {(KERNEL + 4, HELPER): 4}


def test_a_function_without_a_symbol_is_called_by_its_library() -> None:
    counts = read_counts(CALLGRIND.splitlines(), is_kernel)
    frames = {entry.stack[-1].function for entry in spend(CODES, counts, {})}
    assert frames == {"made.<locals>.run", "in", "find", "(unnamed, libm.so)"}
    assert Counts().names == {}


def line(place: int, text: str, cost: float = 1.0, file: str = "a.py") -> LineCost:
    return LineCost(file, place, "f", text, 0.1, 0.1, {"instructions": cost})


def test_lines_that_moved_are_paired_where_they_may_move() -> None:
    before = [line(1, "x"), line(2, "y"), line(3, "x"), line(8, "z", file="b.py")]
    after = [line(1, "x"), line(5, "x"), line(6, "new"), line(9, "z", file="b.py")]

    def numbers(movable: str) -> set[tuple[int | None, int | None]]:
        return {
            (old.line if old else None, new.line if new else None)
            for old, new in pairs(before, after, lambda file: file == movable)
        }

    assert numbers("a.py") == {(1, 1), (3, 5), (2, None), (None, 6), (8, None), (None, 9)}
    assert numbers("b.py") == {(1, 1), (3, None), (None, 5), (2, None), (None, 6), (8, 9)}


def changed(place: int, change: float, function: str = "f") -> LineChange:
    return LineChange("a.py", place, function, "x", "changed", {"instructions": Changed(5, 5 + change, change)})


def test_lines_that_only_exchange_instructions_are_one_row() -> None:
    rows = [changed(1, 4.0), changed(2, -3.0), changed(3, -1.0), changed(7, 2.0, "g"), changed(8, -0.5, "g")]
    kept, found = exchanges(rows, "instructions")
    assert [row.function for row in kept] == ["g", "g"]
    assert found == [Exchange("a.py", "f", 3, 4.0, 0.0)]


COLUMNS = ("instructions", "l1_misses", "ll_misses", "mispredictions")


def profile() -> Profile:
    costs = dict(zip(COLUMNS, (12345.67, 1234.56, 789.01, 234.56), strict=True))
    text = "total += values[place] * weights[place] if values[place] else limit"
    return Profile(
        tool="callgrind",
        variant="p0_baseline",
        policies={},
        events=1,
        columns=COLUMNS,
        per_event=costs,
        stages=(StageCost("levels", "book", 1.0, costs),),
        mechanisms=(),
        functions=(),
        lines=(StagedLine("engine/reference/containers.py", 1234, "f", text, 1.0, 1.0, costs, "levels"),),
        stacks=Stacks((), ()),
    )


def test_tables_keep_their_numbers_on_eighty_columns() -> None:
    text = StringIO()
    console = Console(file=text, width=80)
    found = Profiled(variant="p0_baseline", feed="synth:x", methods={"callgrind": profile()})
    for part in tables(found):
        console.print(part)
    (row,) = [row for row in text.getvalue().splitlines() if "1234 " in row]
    for number in ("1234", "100.0%", "12,345.67", "1,234.56", "789.01", "234.56"):
        assert number in row.split()
    assert max(map(len, text.getvalue().splitlines())) <= 80
    assert "…" in row
    assert "ers.py " in row
    assert "total" in row


def test_a_bound_that_stands_on_instructions_says_so() -> None:
    counted = Profiled(variant="p0", feed="synth:x", methods={"callgrind": profile()})
    assert bottleneck_line(counted).endswith("if all instructions took equal time")


def test_frames_of_py_spy_have_names() -> None:
    frames: list[dict[str, object]] = [{"name": "main"}, {"name": hex(KERNEL + 9)}, {"name": "0x9999"}]
    told = sampled._with_lines({"shared": {"frames": frames}}, CODES)
    assert [frame["name"] for frame in told["shared"]["frames"]] == ["main", "in (b.py:7)", "(generated code)"]


def test_a_difference_tells_exchanges_in_one_row() -> None:
    def with_costs(*costs: float) -> Profile:
        rows = [
            StagedLine("a.py", place, "f", "x", 0.5, 0.5, dict.fromkeys(COLUMNS, cost), "levels")
            for place, cost in enumerate(costs, 1)
        ]
        return replace(profile(), lines=tuple(rows))

    found = difference(with_costs(5.0, 7.0, 3.0), with_costs(7.5, 4.5, 3.0))
    assert len(found.lines) == 2
    told = list(difference_tables(found))
    assert told[-1] == "2 lines of 1 functions only exchanged instructions: 2.50 per event between them, +0.00 in all"
