"""Shared by unit tests."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def imported_is_no_garbage() -> None:
    """statsmodels collects garbage at each correction of p-values, and simulations make thousands."""
    gc.freeze()
