"""Engines of tests in C."""

from __future__ import annotations

import pytest

from tests.support.c_engines import Build, building_in


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return building_in(tmp_path_factory.mktemp("engines"))
