"""The textbook's book in Python: every level, order and anomaly as the oracle has them."""

from __future__ import annotations

import pytest

from lobench.engine.foreign.engine import ForeignEngine
from lobench.variants import load_file
from tests.foreign.beside_oracle import check, feed
from tests.foreign.built import EXAMPLES

pytestmark = pytest.mark.xdist_group("examples")


def test_agrees_with_the_oracle() -> None:
    engine = load_file(str(EXAMPLES / "python_textbook.py"))
    assert isinstance(engine, ForeignEngine)
    assert engine.offered == ("BBO", "levels", "queues", "anomalies")
    check(engine, feed("synth:every-rule,n=8000"))
    check(engine, feed("synth:every-rule,n=2000,seed=2"), evaluate="every")
    check(engine, feed("synth:equity-universe,n=6000"))
