"""What a forked command tells is what a process of its own tells."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, environment, lobench

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("words", "code"),
    [(("variants", "--variants-from", "mine.py"), 0), (("--version",), 0), (("verify", "none.dbn"), 3), (("rn",), 2)],
    ids=str,
)
def test_a_command_tells_the_same(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("from lobench.variants.p4_hash_lookup import VARIANT\n")
    (tmp_path / "mine.py").write_text("from beside import VARIANT\n")
    alone = subprocess.run([*COMMAND, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    found = lobench(*words, folder=tmp_path)
    assert (found.returncode, found.stdout, found.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    assert found.returncode == code


def test_its_environment_is_its_own() -> None:
    """Also where it holds what an interpreter or a library reads when it is loaded."""
    variables = [
        json.loads(lobench("env", "--json", **given).stdout)["numba"]["variables"]
        for given in ({"NUMBA_OPT": "2"}, dict[str, str]())
    ]
    assert [found.get("NUMBA_OPT") for found in variables] == ["2", os.environ.get("NUMBA_OPT")]
