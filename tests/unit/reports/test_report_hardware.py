"""The page's table of what the processor counted for each variant."""

from __future__ import annotations

import numpy as np
import pytest

from lobench.reports.blocks import Table
from lobench.reports.sections.hardware import section
from tests.support.documents import SPEEDS, document
from tests.support.reported import complete, refuted
from tests.support.typed import views


def table(made: dict[str, object]) -> Table:
    (view,) = views(made)
    found = section(view)
    assert found is not None
    (only,) = [block for block in found.blocks if isinstance(block, Table)]
    return only


def test_every_variant_has_its_rates() -> None:
    shown = table(complete())
    # The machine of this document counts no cache misses.
    assert shown.headings == [
        "variant",
        "instructions per cycle",
        "instructions per event",
        "cycles per event",
        "branch misses per event",
    ]
    assert [row[0].text for row in shown.rows] == [*SPEEDS]
    _, ipc, instructions, cycles, misses = shown.rows[1]
    assert float(ipc.text) == pytest.approx(2.1, abs=0.01)
    assert instructions.text.startswith("900")
    assert float(cycles.text) == pytest.approx(np.mean([900 / 2.0, 900 / 2.1, 900 / 2.2]), rel=0.01)
    assert float(misses.text) == pytest.approx(2.01, abs=0.01)
    low, high = (float(end) for end in ipc.note.split("\u00a0to\u00a0"))
    # Student's t with two degrees of freedom over 2.0, 2.1 and 2.2.
    assert (low, high) == pytest.approx((1.85, 2.35), abs=0.02)


def test_without_counters_there_is_no_section() -> None:
    (view,) = views(document())
    assert section(view) is None


def test_one_process_has_no_interval() -> None:
    made = complete()
    kept = made["feeds"][0]["session"]["hardware"]
    made["feeds"][0]["session"]["hardware"] = [one for one in kept if one["process"] == 0]
    assert (table(made).rows[0][1].text, table(made).rows[0][1].note) == ("2.00", "")


def test_a_refuted_variant_is_not_there() -> None:
    assert "p4_hash_lookup" not in [row[0].text for row in table(refuted()).rows]
