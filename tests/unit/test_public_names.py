"""`import lobench`: public names that are loaded when they are used, and no effect before."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import lobench
from tests.support.paths import ROOT
from tests.support.replays import run_python

HEAVY = {"numpy", "numba", "llvmlite", "pyarrow", "scipy", "pandas"}

PURE = """
import json, os, sys
from pathlib import Path
before, files = dict(os.environ), sorted(Path.home().rglob("*"))
import {module}
print(json.dumps({{
    "loaded": sorted({{name.partition(".")[0] for name in sys.modules}}),
    "unchanged": [dict(os.environ) == before, sorted(Path.home().rglob("*")) == files],
}}))
"""


@pytest.mark.parametrize("module", ["lobench", "lobench.engine.errors"])
def test_importing_it_has_no_effect(module: str, tmp_path: Path) -> None:
    """Nothing is made in an empty home, nothing heavy is loaded, no variable is set."""
    changes: dict[str, Any] = {"HOME": str(tmp_path), "XDG_CACHE_HOME": "", "LOBENCH_CACHE_DIR": ""}
    found = run_python(PURE.format(module=module), **changes)
    assert found["unchanged"] == [True, True]
    assert not HEAVY & set(found["loaded"])
    assert list(tmp_path.iterdir()) == []


ALONE = """
import json
try:
    import {part}
except ImportError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize("part", ["engine", "variants", "workbench", "reports"])
def test_a_folder_of_the_checkout_is_no_package_of_its_own(part: str) -> None:
    """A second copy of its modules would have exception classes of its own."""
    said = run_python(ALONE.format(part=part), PYTHONPATH=str(ROOT))
    assert said == f"import lobench.{part}: its folder in the checkout is not a package of its own"


def test_all_names_are_lazy_and_resolve() -> None:
    assert sorted(lobench.__all__) == list(lobench.__all__) == sorted(lobench._PLACES)
    for name in lobench.__all__:
        place = import_module(f"lobench.{lobench._PLACES[name]}")
        assert getattr(lobench, name) is getattr(place, name)
    assert set(lobench.__all__) <= set(dir(lobench))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lobench.nothing  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    """The block that only they read imports each from where it is loaded from."""
    tree = ast.parse(Path(lobench.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name: str(node.module).removeprefix("lobench.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == lobench._PLACES
