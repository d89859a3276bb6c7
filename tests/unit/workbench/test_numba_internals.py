"""Numba's private interfaces: an unknown version is refused in one line, and the package allows known ones alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lobench.engine import private_numba
from lobench.engine.errors import LobenchError
from lobench.workbench import numba_internals
from lobench.workbench.lines import own_cache
from lobench.workbench.profile import linetables
from tests.support.paths import ROOT


def test_a_missing_name_is_refused_with_the_known_versions() -> None:
    assert numba_internals.found(numba_internals.codegen, "NoSuchName", "CPUCodeLibrary").__name__ == "CPUCodeLibrary"
    with pytest.raises(LobenchError, match=r"need Numba 0\.61 to 0\.68: this version has no NoSuchName$"):
        numba_internals.found(numba_internals.codegen, "NoSuchName")


def test_line_tables_are_refused_before_anything_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    library = numba_internals.codegen.CPUCodeLibrary
    before = library._finalize_final_module
    monkeypatch.delattr(numba_internals.debuginfo, "DummyDIBuilder")
    with pytest.raises(LobenchError, match="this version has no DummyDIBuilder"):
        linetables.install()
    assert library._finalize_final_module is before


def test_a_cache_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CacheImpl", "_CacheImpl"):
        monkeypatch.delattr(numba_internals.caching, name, raising=False)
    with pytest.raises(LobenchError, match="this version has no CacheImpl"):
        own_cache.own_cache(tmp_path)


def test_the_package_allows_the_known_versions_alone() -> None:
    first, last = private_numba.KNOWN.split(" to ")
    major, minor = map(int, last.split("."))
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert f"numba>={first},<{major}.{minor + 1}" in needs
