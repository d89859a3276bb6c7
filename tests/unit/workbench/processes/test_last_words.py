"""Whatever a process writes, it is read, and only the end of it is kept."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

from lobench.workbench.processes.last_words import MOST, LastWords, run


def started(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)


def test_only_the_end_of_long_output_is_kept() -> None:
    lines = 3 * MOST // 8
    code = f"import sys\nfor n in range({lines}): print(f'{{n:07}}', file=sys.stderr)"
    with started(code) as process, closing(LastWords(process.stderr)) as said:
        assert process.wait() == 0
        text = said.text()
    assert len(text) == MOST
    assert text.splitlines() == [f"{n:07}" for n in range(lines - MOST // 8, lines)]


def test_short_output_is_whole() -> None:
    with started("raise SystemExit('nothing to say')") as process, closing(LastWords(process.stderr)) as said:
        assert process.wait() == 1
        assert said.text() == "nothing to say\n"


def test_one_that_writes_without_end_gets_an_error_when_nobody_listens_any_more() -> None:
    code = "import os\nwhile True: os.write(2, bytes(1 << 16))"
    with started(code) as process:
        said = LastWords(process.stderr)
        said.close()
        assert process.wait() == 1


def test_the_words_of_a_process_whose_child_keeps_the_pipe_are_there() -> None:
    child = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3)'])"
    with started(f"import subprocess, sys; {child}; print('last', file=sys.stderr); sys.exit(3)") as process:
        said = LastWords(process.stderr)
        assert process.wait() == 3
        assert said.text() == "last\n"
        said.close()


def test_a_command_is_run_to_its_end() -> None:
    code = "import os, sys; print('dropped'); print(os.environ['WORD'], file=sys.stderr); sys.exit(4)"
    assert run([sys.executable, "-c", code], {"WORD": "kept"}) == (4, "kept\n")
