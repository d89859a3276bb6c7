"""`lobench.lines(f, *args)` and a notebook's `%%lines`: one call in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lines.looked import LIGHT, is_exact, marked
from tests.profilers import needs
from tests.replays import run_python

pytest.importorskip("elftools", reason="pip install 'lobench[profile]'")

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("lines")]

CALL = """
import json, sys
import lobench
from tests.lines.programs.composition import steps

def run(light, heavy):
    kept.append(steps(light, heavy))

kept = []
found = lobench.lines(run, int(sys.argv[1]), heavy=4 * int(sys.argv[1]), output=sys.argv[2])
assert kept == [], "it ran in this process"
assert "# second" in str(found)
assert "# second" in found._repr_html_()
print(json.dumps(found.document))
"""

CELL = """
import json, sys
import lobench
from tests.lines.programs.composition import steps

class Shell:
    user_ns = {"steps": steps, "light": int(sys.argv[1]), "other": open("/dev/null")}

    def register_magic_function(self, function, kind, name):
        assert (kind, name) == ("cell", "lines")
        self.magic = function

shell = Shell()
lobench.load_ipython_extension(shell)
cell = '''
from numba import njit

@njit
def twice(value):
    total = 0
    for place in range(value):
        total ^= place * total + 3  # cell
    return total

print(steps(light, 4 * light), twice(1000))
'''
print(json.dumps(shell.magic("-o " + sys.argv[2], cell).document))
"""


@pytest.fixture(autouse=True)
def _tools() -> None:
    needs("valgrind")


def test_a_call(tmp_path: Path) -> None:
    found = run_python(CALL, str(LIGHT), str(tmp_path))
    assert found["program"] == "run"
    assert is_exact(marked(found), LIGHT), marked(found)


def test_a_cell(tmp_path: Path) -> None:
    """What it does not use, it need not be able to copy."""
    found = run_python(CELL, str(LIGHT), str(tmp_path))
    assert found["program"] == "cell"
    assert is_exact(marked(found), LIGHT), marked(found)
    (row,) = [row for row in found["lines"] if row["text"].endswith("# cell")]
    assert row["file"] == "<cell>"
    assert row["instructions"] > 1000
