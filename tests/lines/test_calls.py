"""`lobench.lines(f, *args)` and a notebook's `%%lines`: one call in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lines.looked import LIGHT, is_exact, marked
from tests.support.profilers import needs
from tests.support.replays import run_python

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
print(json.dumps(found.as_json()))
"""

CELLS = '''
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

settings = Config()
settings.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=settings)
FIRST = """
from numba import njit
from tests.lines.programs.composition import steps

light, other = LIGHT, open("/dev/null")

@njit
def twice(value):
    total = 0
    for place in range(value):
        total ^= place * total + 3  # kept
    return total
"""
SECOND = """%%lines -o FOLDER
@njit
def thrice(value):
    total = 0
    for place in range(value):
        total ^= place * total + 5  # cell
    return total

print(steps(light, 4 * light), twice(1000), thrice(1000))
"""
assert shell.run_cell(FIRST.replace("LIGHT", sys.argv[1])).success
assert shell.run_cell("%load_ext lobench").success
found = shell.run_cell(SECOND.replace("FOLDER", sys.argv[2]))
assert found.success
refused = shell.run_cell("%%lines --with gdb\\nsteps(1, 4)").error_in_exec
assert "thrice" not in shell.user_ns
print(json.dumps({"found": found.result.as_json(), "refused": [type(refused).__module__, str(refused)]}))
'''


@pytest.fixture(autouse=True)
def _tools() -> None:
    needs("valgrind")


def test_a_call(tmp_path: Path) -> None:
    found = run_python(CALL, str(LIGHT), str(tmp_path))
    assert found["program"] == "run"
    assert is_exact(marked(found), LIGHT), marked(found)


def test_a_cell(tmp_path: Path) -> None:
    """In IPython: with functions of other cells and of modules; objects that it does not use need not be copyable."""
    pytest.importorskip("IPython", reason="pip install 'lobench[test]'")
    told = run_python(CELLS, str(LIGHT), str(tmp_path), IPYTHONDIR=str(tmp_path / "ipython"))
    found = told["found"]
    assert found["program"] == "cell"
    assert is_exact(marked(found), LIGHT), marked(found)
    rows = {row["text"].rpartition("# ")[2]: row for row in found["lines"]}
    assert rows["cell"]["file"] == "<cell>"
    assert rows["kept"]["file"].startswith("<ipython-input-")
    assert rows["cell"]["instructions"] > 1000
    assert rows["kept"]["instructions"] > 1000
    module, message = told["refused"]
    assert module == "IPython.core.error"
    assert message.startswith("%%lines: argument --with: invalid choice: 'gdb'")
