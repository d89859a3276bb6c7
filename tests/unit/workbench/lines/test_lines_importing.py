"""The hook that waits for Numba, with a module of its own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lobench.workbench.lines.importing import WhenImported

NAME = "waited_for_by_a_test"
TEXT = """
import sys
if getattr(sys, "fails_now", False):
    raise ValueError("now")
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How often the hook has done something; it waits for a module of ``NAME``."""
    (tmp_path / f"{NAME}.py").write_text(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    calls: list[int] = []
    WhenImported(NAME, lambda: calls.append(1))
    yield calls
    sys.meta_path[:] = finders
    sys.modules.pop(NAME, None)


def test_asking_for_a_module_is_not_loading_it(told: list[int]) -> None:
    assert importlib.util.find_spec(NAME)
    assert importlib.util.find_spec(NAME)
    assert told == []
    importlib.import_module(NAME)
    assert told == [1]
    importlib.reload(sys.modules[NAME])
    assert told == [1]


def test_a_failed_import_is_tried_again(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "fails_now", True, raising=False)
        with pytest.raises(ValueError, match="now"):
            importlib.import_module(NAME)
    assert told == []
    importlib.import_module(NAME)
    assert told == [1]


def test_a_spec_that_was_asked_for_loads_as_any_other(told: list[int]) -> None:
    spec = importlib.util.find_spec(NAME)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert told == [1]
