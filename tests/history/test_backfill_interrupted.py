"""An interrupted `lobench history backfill` keeps its measurements, and the same command continues it."""

from __future__ import annotations

import os
import signal
from dataclasses import asdict
from typing import Any

import pytest

from lobench.workbench.commits.counting import missing
from lobench.workbench.history.recording import WINDOW
from tests.support.miniature import Miniature

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"{missing()}")

QUICK = ("--variants", "p0_plain", "--rounds", "3", "--seconds", "0.05")


def kept(miniature: Miniature) -> dict[str, Any]:
    return asdict(miniature.history())


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "word"),
    [(signal.SIGINT, "interrupted"), pytest.param(signal.SIGTERM, "terminated", marks=pytest.mark.long)],
)
def test_an_interrupted_backfill_goes_on(miniature: Miniature, number: signal.Signals, word: str) -> None:
    made = [miniature.work(20 + place) for place in range(WINDOW + 2)]
    backfill = ("history", "backfill", f"{made[0]}..{made[-1]}", "--feed", miniature.feed, *QUICK)
    with miniature.started(*backfill) as process:
        assert process.stderr is not None
        assert any(line.startswith("session 2: ") for line in process.stderr)
        # As a terminal does: the command's children receive it, too.
        os.killpg(process.pid, number)
        said = process.stderr.read()
    assert process.returncode == 128 + number
    assert said.splitlines() == [
        f"{WINDOW} of {len(made)} commits are recorded or given up and kept; run the same command again for the others",
        f"lobench: {word}",
    ]
    before = kept(miniature)
    assert set(before["points"]) == set(made[:WINDOW])
    assert before["broken"] == {}
    assert {path.name[:8] for path in miniature.folder.glob(".asv/results/*/*-lobench.json")} == {
        commit[:8] for commit in made[:WINDOW]
    }

    done = miniature.lobench(*backfill)
    assert done.returncode == 0, done.stderr
    assert f"{WINDOW} of {len(made)} commits were already recorded or given up" in done.stderr
    assert "session 1: " in done.stderr
    after = kept(miniature)
    assert set(after["points"]) == set(made)
    assert {commit: after["points"][commit] for commit in made[:WINDOW]} == before["points"]
    assert after["sessions"][: len(before["sessions"])] == before["sessions"]
    points = [after["points"][commit] for commit in made]
    loops = [point["feeds"][miniature.feed.name]["p0_plain"]["exact"]["loops"] for point in points]
    assert loops == [20 + place for place in range(len(made))]
