"""Contests of commands: running, agreement, timing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from lobench.engine.errors import UsageError
from lobench.workbench.contest.bench import Outcome
from lobench.workbench.contest.commands import words_of
from lobench.workbench.contest.kinds import bench_of
from lobench.workbench.processes.starting import first_environment
from tests.support.contests import asked, outcomes


@pytest.mark.parametrize(
    ("text", "shell", "words"),
    [
        ("sort -n 'a b'", False, ["sort", "-n", "a b"]),
        ("sort | uniq", False, ["sort", "|", "uniq"]),
        ("sort | uniq", True, ["/bin/sh", "-c", "sort | uniq"]),
    ],
)
def test_words_of_a_command(text: str, shell: bool, words: list[str]) -> None:
    assert words_of(text, shell=shell) == words
    with pytest.raises(UsageError, match="cannot be split into words: No closing quotation"):
        words_of("echo 'a", shell=False)
    with pytest.raises(UsageError, match="is not a command"):
        words_of(" ", shell=False)


def test_commands_that_agree_and_do_not(tmp_path: Path) -> None:
    python = f"'{sys.executable}' -c"
    subjects = [
        "echo a",
        "printf 'a\\n'",
        "echo b",
        "sh -c 'echo a; echo wrong >&2; exit 3'",
        "sh -c 'kill -9 $$'",
        "printf a",
    ]
    found = [outcome.reason for outcome in outcomes(asked(*subjects, kind="commands"))]
    assert found[:2] == [None, None]
    assert found[2] == "line 1 of its output is 'b', not 'a'"
    assert found[3] == "ended with code 3: wrong, where the first ended with code 0"
    assert str(found[4]).startswith("was killed by SIGKILL")
    assert found[5] == "its output differs in line endings or in bytes that are not text"
    failing = outcomes(asked("sh -c 'echo no >&2; exit 2'", "sh -c 'exit 2'", kind="commands"))
    assert failing == [Outcome(None, "ended with code 2: no"), Outcome(None, "ended with code 2")]
    restless = asked(f"{python} 'import time; print(time.time_ns())'", "true", kind="commands")
    assert "its output differs from run to run; --check CMD" in str(outcomes(restless)[0].reason)
    with pytest.raises(UsageError, match="'no-such-program' cannot be run: No such file or directory"):
        outcomes(asked("no-such-program", "true", kind="commands"))
    (lost,) = outcomes(asked("no-such-program", "true", kind="commands", shell=True))
    assert str(lost.reason).startswith("ended with code 127")


def test_a_check_judges(tmp_path: Path) -> None:
    one = asked("echo 12", "echo 21", "echo 3", kind="commands", check="grep -q 2")
    assert [outcome.reason for outcome in outcomes(one)] == [None, None, "--check rejects it: ended with code 1"]
    (refusal,) = outcomes(asked("echo 3", "echo 2", kind="commands", check="grep -q 2"))
    assert refusal.reason is not None


def test_commands_that_the_shell_cannot_run_are_refused(tmp_path: Path) -> None:
    rules: dict[str, Any] = {"kind": "commands", "shell": True, "check": "true"}
    found = outcomes(asked("echo a", "no-such-program", "exit 126", "exit 3", **rules))
    assert [outcome.reason is None for outcome in found] == [True, False, False, True]
    assert str(found[1].reason).startswith("ended with code 127")
    gone = tmp_path / "program"
    gone.write_text("#!/bin/sh\necho a\n")
    gone.chmod(0o755)
    bench = bench_of(asked("echo a", str(gone), **rules), range(2), 1, first_environment())
    assert [outcome.reason for outcome in bench.agree(lambda place: None)] == [None, None]
    gone.unlink()
    bench.sample(1, 1, 0, 1)
    assert bench.found()[1].startswith("ended with code 127")


def test_progress_is_reported_before_each_run() -> None:
    turns: list[int] = []
    plain = bench_of(asked("echo a", "echo a", kind="commands"), range(2), 1, first_environment())
    plain.agree(turns.append)
    assert turns == [0, 0, 1]
    turns.clear()
    checked = bench_of(asked("echo a", "echo b", kind="commands", check="true"), range(2), 1, first_environment())
    checked.agree(turns.append)
    assert turns == [0, 0, 1, 1]


def test_wall_time_includes_waiting_and_cpu_time_includes_children(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    changing = f"sh -c 'test -e {flag} && echo b || echo a'"
    spin = f"{sys.executable} -c 'import time; list(iter(lambda: time.process_time() < 0.1, False))'"
    one = asked("sleep 0.05", f'sh -c "{spin}; true"', "echo a", kind="commands", check="true")
    bench = bench_of(one, range(3), 1, first_environment())
    bench.agree(lambda place: None)
    waiting, busy = bench.sample(0, 1, 0, 1), bench.sample(1, 1, 0, 1)
    assert waiting.wall_ns > 50e6 > waiting.cpu_ns
    assert busy.cpu_ns > 90e6
    late = bench_of(asked("echo a", changing, kind="commands"), range(2), 1, first_environment())
    assert late.agree(lambda place: None)[1].reason is None
    flag.touch()
    late.sample(1, 1, 0, 1)
    assert late.found() == {1: "its output differs from the first one's, or from one run to another"}
