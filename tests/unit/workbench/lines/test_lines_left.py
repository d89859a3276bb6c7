"""The input of a profiled program, and the files that it leaves, if any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lobench.workbench.lines import running
from lobench.workbench.lines.program import Program
from lobench.workbench.lines.reading import left_in
from lobench.workbench.lines.watching import BEGUN, TARGET
from lobench.workbench.profile.codemap import CodeMap, Frame, Piece
from lobench.workbench.profile.runner import ToolFailedError


def test_a_program_has_its_users_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(running, "first_environment", lambda: {"NUMBA_DISABLE_JIT": "1", "NUMBA_OPT": "2"})
    monkeypatch.setenv("OWN", "1")
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    _, variables = running.command(Program("script", "a.py"), tmp_path, tool="perf")
    assert variables == {"NUMBA_OPT": "2", "PYTHONHASHSEED": "0", "PERF_CONFIG": "/dev/null"}
    _, variables = running.command(Program("call", "f"), tmp_path, tool="perf")
    assert variables["OWN"] == "1"
    assert "NUMBA_DISABLE_JIT" not in variables


@pytest.mark.parametrize(("first", "line"), [(1, 1), (3, 4), (6, 10), (12, 12), (99, 99)])
def test_arguments_are_read_on_the_line_of_the_def(first: int, line: int) -> None:
    from lobench.workbench.lines.describing import def_line

    text = """def plain():
    pass
@njit
def decorated():
    pass
@njit(
    cache=True,
)
@other
    def below(self):
        pass
short = njit(lambda value: value)
""".splitlines(keepends=True)
    assert def_line(text, first) == line


def told(folder: Path, *, numba: bool = True, regions: int = 0) -> None:
    """The files that a process leaves at its end."""
    facts = {"pid": 7, "objects": [], "generated": {}, "code": [], "numba": numba, "forks": 0, "regions": regions}
    (folder / TARGET).write_text(json.dumps({**facts, "spans": []}))


@pytest.mark.parametrize(
    ("code", "begun", "said"),
    [
        (-9, True, "the program was killed by SIGKILL (out of memory?) and left no machine code; valgrind said: ours"),
        (3, True, "the program ended with code 3, by os._exit or exec, and left no machine code; valgrind said: ours"),
        (1, False, "valgrind did not start the program: it ended with code 1; valgrind said: ours"),
    ],
)
def test_reasons_for_a_program_without_lines(tmp_path: Path, code: int, begun: bool, said: str) -> None:
    (tmp_path / "valgrind.7.log").write_text("==7== warning: some\nours\n")
    if begun:
        (tmp_path / BEGUN).write_text("7")
        # From a process that it forked.
        (tmp_path / "valgrind.8.log").write_text("theirs\n")
    with pytest.raises(ToolFailedError) as raised:
        left_in(tmp_path, Program("script", "a.py"), "callgrind", code)
    assert str(raised.value) == said


def test_the_error_names_the_exit_code_and_the_missing_import(tmp_path: Path) -> None:
    told(tmp_path, numba=False)
    with pytest.raises(ToolFailedError, match=r"never imported numba: .*; it ended with code 1"):
        left_in(tmp_path, Program("script", "a.py"), "perf", 1)
    told(tmp_path)
    with pytest.raises(ToolFailedError, match=r"no lines to look at$"):
        left_in(tmp_path, Program("script", "a.py"), "perf", 0)


def test_a_region_that_was_never_entered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from lobench.workbench.profile import dwarf

    stack = (Frame("f", "a.py", 1),)
    monkeypatch.setattr(dwarf, "code_map", lambda placed, guess: CodeMap([Piece(10, 20, 10, stack)]))
    told(tmp_path)
    with pytest.raises(ToolFailedError, match=r"the program never entered a region named 'typed'$"):
        left_in(tmp_path, Program("script", "a.py", region="typed"), "callgrind", 0)
    told(tmp_path, regions=1)
    assert left_in(tmp_path, Program("script", "a.py", region="typed"), "callgrind", 0).told.regions == 1
