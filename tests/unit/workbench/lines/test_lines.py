"""The parts of `lobench lines` that need neither a tool nor a compiler."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

import lobench
from lobench.engine.errors import UsageError
from lobench.workbench.cli import main
from lobench.workbench.commits.counting import START_INSTRUMENTATION as ON
from lobench.workbench.commits.counting import STOP_INSTRUMENTATION as OFF
from lobench.workbench.lines import document as documenting
from lobench.workbench.lines import looking, magic, sampling
from lobench.workbench.lines.called import run_cell
from lobench.workbench.lines.difference import difference, flame_graphs, saved
from lobench.workbench.lines.gate import ZERO_STATS, Gate
from lobench.workbench.lines.magic import _options, register, used
from lobench.workbench.lines.model import Facts, Part, Processor, ProgramProfile, Told
from lobench.workbench.lines.naming import NO_SOURCE, WRAPPER
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.reading import Left, _filled
from lobench.workbench.lines.region import watchers
from lobench.workbench.lines.running import Look
from lobench.workbench.lines.sampling import within
from lobench.workbench.lines.tables import remarks
from lobench.workbench.profile import needs, sampled
from lobench.workbench.profile.attribution import LIBRARY, Spent
from lobench.workbench.profile.callgrind_file import read_counts
from lobench.workbench.profile.codemap import CodeMap, Frame, Piece
from lobench.workbench.profile.model.costs import LineCost, StackCost, Stacks
from lobench.workbench.profile.model.difference import Changed
from lobench.workbench.profile.needs import MissingRightError
from lobench.workbench.profile.sampled import perf_samples
from lobench.workbench.profile.sources import Sources

COLUMNS = {"callgrind": "instructions", "perf": "nanoseconds"}


def gate(wanted: str | None = None, *, alone: bool = True) -> tuple[Gate, list[int]]:
    asked: list[int] = []
    return Gate(wanted, asked.append, lambda: alone), asked


def test_counting_begins_with_the_first_function_and_rests_while_one_is_compiled() -> None:
    opened, asked = gate()
    opened.compile_begins()
    opened.compile_begins()
    opened.compile_ends()
    assert asked == []
    opened.compile_ends()
    opened.compile_begins()
    opened.compile_ends()
    opened.close()
    assert asked == [ON, OFF, ON, OFF]


def test_other_threads_are_counted_while_one_compiles() -> None:
    opened, asked = gate(alone=False)
    opened.compile_begins()
    opened.compile_ends()
    opened.compile_begins()
    opened.compile_ends()
    assert asked == [ON]


def test_a_region_of_one_thread_begins_while_another_compiles() -> None:
    opened, asked = gate(alone=False)
    opened.compile_begins()
    opened.compile_ends()
    opened.enter("a")
    opened.leave("a")
    opened.compile_begins()
    opened.enter("a")
    assert asked == [ON, ZERO_STATS, OFF, ON]


def test_costs_before_the_first_region_are_dropped() -> None:
    opened, asked = gate()
    opened.compile_begins()
    opened.compile_ends()
    opened.enter("a")
    opened.leave("a")
    opened.enter("")
    opened.leave("")
    assert asked == [ON, ZERO_STATS, OFF, ON, OFF]


def test_regions_of_another_name_do_not_count() -> None:
    opened, asked = gate("wanted")
    opened.compile_begins()
    opened.compile_ends()
    opened.enter("other")
    opened.leave("other")
    assert asked == []
    opened.enter("wanted")
    opened.leave("wanted")
    assert asked == [ZERO_STATS, ON, OFF]


def test_a_region_does_nothing_outside_of_a_profile() -> None:
    assert watchers == []
    with lobench.region("any"):
        pass

    @lobench.region()
    def twice(value: int) -> int:
        return 2 * value

    assert twice(2) == 4


CALLGRIND = """
events: Ir
ob=???
fn=0x1000
0x1000 0 5
cob=/lib/threads.so
cfn=launch
calls=1 0x9000
0x1004 0 70
cob=/lib/libm.so
cfn=sin
calls=1 0x9100
0x1008 0 20
ob=/lib/threads.so
fn=launch
0x9000 0 7
cfn=work
calls=1 0x9010
0x9004 0 63
fn=work
0x9010 0 3
cob=???
cfn=0x1000
calls=1 0x1000
0x9014 0 60
ob=???
fn=0x7000
0x7000 0 11
"""


def test_a_cell_takes_the_names_that_it_uses() -> None:
    names = {"kernel": 1, "data": 2, "unused": 3}
    cell = "def g():\n    return kernel(data)\nfor _ in range(3):\n    g()"
    assert used(cell, names) == {"kernel": 1, "data": 2}


def test_reentering_functions_are_found() -> None:
    counts = read_counts(CALLGRIND.splitlines(), lambda address: address < 0x2000)
    assert counts.reentering == {"launch", "work"}
    assert {name for _, name in counts.called} == {"launch", "sin"}
    assert {place: cost.tolist()[0] for place, cost in counts.elsewhere.items()} == {0x7000: 11}
    assert {place: cost.tolist()[0] for place, cost in counts.own.items()} == {0x1000: 5}


def document(lines: list[tuple[int, str, int]], program: str = "a.py", tool: str = "callgrind") -> ProgramProfile:
    column = COLUMNS[tool]
    whole = {column: sum(cost for _, _, cost in lines)}
    return ProgramProfile(
        tool=tool,
        program=program,
        exit_code=0,
        columns=(column,),
        total=whole,
        with_line=Part(1.0, whole),
        without_line=Part(0.0, {column: 0}),
        without_source=Part(0.0, {column: 0}),
        processor=Processor("znver4", ("avx512f", "avx512vl"), False),
        forks=0,
        regions=0,
        functions=(),
        lines=tuple(
            LineCost("a.py", line, "f", text, cost / max(whole[column], 1), 0.5, {column: cost})
            for line, text, cost in lines
        ),
        stacks=Stacks(
            tuple(("f", "a.py", line) for line, _, _ in lines),
            tuple(StackCost((place,), (float(row[2]),)) for place, row in enumerate(lines)),
        ),
    )


def test_a_line_that_moved_is_the_same() -> None:
    before = document([(1, "x += 1", 10), (2, "y += 1", 20), (3, "x += 1", 5)])
    after = document([(4, "x += 1", 10), (5, "z += 1", 7), (9, "x += 1", 6)], "b.py")
    found = difference(before, after)
    told = [(row.what, row.text, row.line, row.costs["instructions"].change) for row in found.lines]
    assert told == [("removed", "y += 1", 2, -20), ("added", "z += 1", 5, 7), ("changed", "x += 1", 9, 1)]
    assert found.total["instructions"] == Changed(35, 23, -12)


def test_the_flame_graphs_of_a_difference() -> None:
    before, after = document([(1, "x", 10)]), document([(1, "x", 30)])
    graphs = flame_graphs(before, after)
    assert set(graphs) == {"flame.before.svg", "flame.after.svg"}
    for text in graphs.values():
        assert "f (a.py), +20: 100.00%" in text
        assert "hsl(0,80%" in text


def test_counts_are_not_compared_with_samples() -> None:
    with pytest.raises(UsageError, match="counts and samples cannot be compared: callgrind and perf"):
        difference(document([]), document([], tool="perf"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "lines.json").write_text(json.dumps({"kind": "profile"}))
    with pytest.raises(UsageError, match="not written by `lobench lines`"):
        saved(str(tmp_path))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "which program? lobench lines SCRIPT [ARGS…], or -m MODULE [ARGS…]"),
        (["no.py"], "no.py: no such script"),
        (["diff", "one"], "lines diff takes two folders or lines.json files written by `lobench lines`"),
        (["--top", "0", "a.py"], "--top must be at least 1, was 0"),
    ],
)
def test_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lines", *words]) == 2
    assert capsys.readouterr().err == f"lobench: {message}\n"


def test_code_without_lines_is_known_by_its_symbol() -> None:
    def piece(start: int, stop: int, name: str) -> Piece:
        return Piece(start, stop, start, (Frame(name, "a.py", 1),))

    described = CodeMap([piece(10, 20, "f"), piece(20, 30, "g"), piece(50, 60, "h")])
    symbols = [piece(5, 40, "whole"), piece(35, 45, "twin"), piece(50, 60, "h's"), piece(70, 80, "bare")]
    found = [(*part[:2], part.stack[0].function) for part in _filled(described, symbols)]
    assert found == [
        (5, 10, "whole"),
        (10, 20, "f"),
        (20, 30, "g"),
        (30, 40, "whole"),
        (40, 45, "twin"),
        (50, 60, "h"),
        (70, 80, "bare"),
    ]


@pytest.mark.parametrize(
    ("tool", "remedy"),
    [
        ("callgrind", "valgrind is not installed; install it with: apt-get install valgrind libc6-dbg"),
        ("perf", "perf is not installed; install it with: apt-get install linux-perf"),
    ],
)
def test_a_missing_tool_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], tool: str, remedy: str
) -> None:
    monkeypatch.setattr(needs, "which", lambda *arguments, **options: None)
    script = tmp_path / "a.py"
    script.write_text("print('it ran')")
    assert main(["lines", "--with", tool, "-o", str(tmp_path / "out"), str(script)]) == 2
    assert capsys.readouterr() == ("", f"lobench: {remedy}\n")
    assert not (tmp_path / "out").exists()


def test_an_ordinary_user_gets_the_command_that_permits_perf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sampling, "quietly", lambda words: CompletedProcess(words, 255, "", "No permission"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sampled, "perf_event_paranoid", lambda: 3)
    with pytest.raises(MissingRightError, match=r"kernel.perf_event_paranoid is 3. As root: sysctl"):
        sampling.sample(Program("script", "a.py"), tmp_path, "own")


def test_samples_of_this_process_within_its_regions() -> None:
    script = """python    7/7    10.500000000:    1003009 cpu-clock:u:
\t            1000 [unknown] (/tmp/perf-7.map)

pool 1    7/9    11.500000000:    1003009 cpu-clock:u:
\t            2000 [unknown] (/tmp/perf-7.map)

python    8/8    11.600000000:    1003009 cpu-clock:u:
\t            3000 [unknown] (/tmp/perf-8.map)

"""
    lines = script.splitlines()
    addresses = [[frame[0] for frame in sample] for sample in perf_samples(within(lines, 7, None))]
    assert addresses == [[0x1000], [0x2000]]
    assert [sample[0][0] for sample in perf_samples(within(lines, 7, [(11.0, 12.0)]))] == [0x2000]


def test_a_library_below_a_function_of_numbas_own_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """By perf, which does not know the caller of that function; a wrapper's work in Python does not count."""
    monkeypatch.setattr(documenting, "hidden", lambda file: file in ("", WRAPPER) or file.startswith("/numba/"))
    solver, kernel = Frame("solve", "/numba/linalg.py", 7), Frame("run", "/a.py", 3)
    wrapper, library = Frame("run", WRAPPER, 0), Frame("dgesv", LIBRARY, 0)
    stacks = {(solver, library): 5, (kernel, solver, library): 3, (wrapper, library): 7, (wrapper,): 1}
    spent = [Spent(stack, np.array([float(cost)])) for stack, cost in stacks.items()]
    told = Told(pid=1, objects=(), generated={}, code=(), numba=True, forks=0, regions=0, spans=())
    look = Look("perf", ("nanoseconds",), spent, Left(CodeMap([]), told), Facts(samples=20, kernel_samples=16), 0)
    found, _ = documenting.document(Program("script", "a.py"), look)
    assert found.total["nanoseconds"] == 9
    assert {(row.file, row.line): row.costs["nanoseconds"] for row in found.lines} == {
        ("/numba/linalg.py", 7): 5,
        ("/a.py", 3): 3,
        (NO_SOURCE, 0): 1,
    }
    assert "4 of 20 samples hit no compiled function" in remarks(found)


def test_a_folder_that_cannot_be_written_is_refused_before_the_program_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(looking, "require_all", lambda tools: None)
    monkeypatch.setattr(looking, "TOOLS", {})
    script, file = tmp_path / "a.py", tmp_path / "file"
    script.write_text("print('it ran')")
    file.write_text("")
    assert main(["lines", "-o", str(file / "out"), str(script)]) == 2
    assert capsys.readouterr() == ("", f"lobench: {file}/out: cannot be written: Not a directory\n")


def test_files_of_an_earlier_run_are_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def sample(program: Program, scratch: Path, output: object) -> str:
        (scratch / "perf.data").write_text("new")
        return "look"

    monkeypatch.setattr(looking, "require_all", lambda tools: None)
    monkeypatch.setattr(looking, "TOOLS", {"perf": sample})
    monkeypatch.setattr(looking, "document", lambda program, look: (document([], tool="perf"), Sources({}, {})))
    (tmp_path / "callgrind.out").write_text("old")
    (tmp_path / "perf.data").write_text("old")
    looking.look_at(Program("script", "a.py"), "perf", tmp_path)
    assert not (tmp_path / "callgrind.out").exists()
    assert (tmp_path / "perf.data").read_text() == "new"


@pytest.mark.parametrize(
    ("words", "program"),
    [
        (["-m", "diff", "a", "--json"], Program("module", "diff", ["a", "--json"])),
        (["--with", "perf", "-mpkg.mod", "a", "-m"], Program("module", "pkg.mod", ["a", "-m"])),
        (["-m", "mod", "-m", "other"], Program("module", "mod", ["-m", "other"])),
        (["SCRIPT", "-m", "diff"], Program("script", "SCRIPT", ["-m", "diff"])),
        (["--region", "a", "--", "SCRIPT", "-o"], Program("script", "SCRIPT", ["-o"], "a")),
    ],
    ids=str,
)
def test_the_program_of_a_command_line(
    words: list[str], program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Program] = []

    def look_at(given: Program, *others: object) -> ProgramProfile:
        asked.append(given)
        return document([(1, "x", 1)])

    monkeypatch.setattr(looking, "look_at", look_at)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "SCRIPT").write_text("")
    assert main(["lines", *words]) == 0
    assert asked == [program]


@pytest.mark.parametrize("line", ['-o "x', "--with gdb", "a"])
def test_a_cells_options_are_refused_in_a_line(line: str) -> None:
    with pytest.raises(UsageError, match=r"^%%lines"):
        _options(line)


def test_a_cells_own_magics_are_python_before_it_is_read() -> None:
    class Shell:
        user_ns: dict[str, object]

        def __init__(self) -> None:
            self.user_ns = {"kept": 1}

        def transform_cell(self, cell: str) -> str:
            return cell.replace("%magic", "kept")

        def register_magic_function(self, function: Callable[[str, str], object], kind: str, name: str) -> None:
            self.magic = function

    pytest.importorskip("IPython", reason="pip install 'lobench[test]'")
    shell = Shell()
    asked: list[object] = []
    register(shell)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(magic, "lines", lambda *given, **options: asked.append(given))
        shell.magic("", "%magic\n")
    assert asked == [(run_cell, "kept\n", {"kept": 1})]
