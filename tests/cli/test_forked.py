"""A forked command gives the same output as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from threading import Thread

import pytest

from tests.support import forked
from tests.support.command import COMMAND, environment, lobench

pytestmark = pytest.mark.fast


@pytest.mark.normal
@pytest.mark.parametrize(
    ("words", "code"),
    [(("variants", "--variants-from", "mine.py"), 0), (("--version",), 0), (("verify", "none.dbn"), 3), (("rn",), 2)],
    ids=str,
)
def test_a_command_tells_the_same(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("from lobench.variants.p4_hash_lookup import VARIANT\n")
    (tmp_path / "mine.py").write_text("from beside import VARIANT\n")
    alone = subprocess.run([*COMMAND, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    before = len(forked.not_forked)
    found = lobench(*words, folder=tmp_path)
    assert forked.not_forked[before:] == []
    assert (found.returncode, found.stdout, found.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    assert found.returncode == code


def test_a_forked_command_has_its_own_environment() -> None:
    """Also with variables that an interpreter or a library reads at load time."""
    variables = [
        json.loads(lobench("env", "--json", folder=None, **given).stdout)["numba"]["variables"]
        for given in ({"NUMBA_OPT": "2"}, dict[str, str]())
    ]
    assert [found.get("NUMBA_OPT") for found in variables] == ["2", os.environ.get("NUMBA_OPT")]


def test_commands_that_ask_the_system_have_a_process_of_their_own() -> None:
    before = len(forked.not_forked)
    assert lobench("lines").returncode == 2
    assert forked.not_forked[before:] == [["lines"]]


def test_a_command_ends_with_its_waiting_process(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = environment()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    monkeypatch.setattr(forked, "_server", lambda: (ours, forked._settled(variables)))
    with subprocess.Popen(["sleep", "600"]) as command, ours, theirs:

        def serve() -> None:
            _, numbers, *_ = socket.recv_fds(theirs, 1 << 17, 3)
            for reply in (str(command.pid).encode(), b"no number"):
                os.write(numbers[2], reply)
            for number in numbers:
                os.close(number)

        serving = Thread(target=serve)
        serving.start()
        with pytest.raises(ValueError, match="invalid literal"):
            forked.run(["variants"], None, variables, 60)
        serving.join()
        assert command.wait(60) == -signal.SIGKILL
