"""Scratch repositories in miniature."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.miniature import Miniature


@pytest.fixture
def miniature(tmp_path: Path) -> Miniature:
    return Miniature(tmp_path / "repository", tmp_path / "cache")
