"""A repository with an invented history, so that the content of its dashboard is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from lobench.workbench.history.asv_files import configuration, machine_name, write
from lobench.workbench.history.store import History
from tests.support.miniature import Miniature
from tests.support.paths import ROOT

FEEDS = ("synth:liquid-future,n=200000", "synth:equity-universe,n=200000")
VARIANTS = {"p0_baseline": 900.0, "p3_indexed_features": 120.0, "p4_hash_lookup": 90.0}
STEP = 12
"""The commit at which the last variant gets slower."""
MORE = "work = 2  # <i>more</i>"
"""The line that made it so."""
BEGAN = 1_788_000_000
"""When the first was committed; the others follow every third day."""
BROKEN = 5
"""The commit that was not measured."""

CONFIGURATION = {
    **{"version": 1, "project": "miniature", "repo": ".", "branches": ["HEAD"], "dvcs": "git"},
    **{"results_dir": ".asv/results", "html_dir": ".asv/html"},
    "regressions_thresholds": configuration(ROOT)["regressions_thresholds"],
}


def recorded(miniature: Miniature, count: int = 20) -> list[str]:
    """Commit ``count`` times and write a history of them; returns the hashes, oldest first."""
    (miniature.folder / "asv.conf.json").write_text(json.dumps(CONFIGURATION))
    (miniature.folder / ".gitignore").write_text(".asv/\n")
    order: list[str] = []
    for place in range(count):
        files = {"variants__p4_hash_lookup": f"{MORE}\n"} if place == STEP else {}
        order.append(miniature.commit(f"Change {place} <b>&amp;</b>", BEGAN + 3 * 86_400 * place, **files))
    rng = np.random.default_rng(1)
    name = machine_name()
    history = History(Path(miniature.folder / ".asv/lobench" / name / "history.json"), name)
    for place, commit in enumerate(order):
        slow = {variant: 1.05 if variant == "p4_hash_lookup" and place >= STEP else 1.0 for variant in VARIANTS}
        feeds: dict[str, Any] = {}
        for feed in FEEDS:
            for variant, base in VARIANTS.items():
                value = base * slow[variant] * float(np.exp(rng.normal(0, 0.003)))
                exact = {"instructions": base * 9 * slow[variant], "locks_taken": 3.0 if base > 500 else 0.0}
                point = {"ns": value, "low": value * 0.994, "high": value * 1.006, "exact": exact, "floor": 0.006}
                feeds.setdefault(feed, {})[variant] = point
        history.points[commit] = {
            **{"feeds": feeds, "tried": [], "time": int(miniature.git("log", "-1", "--format=%ct", commit))},
            **{"subject": f"Change {place} <b>&amp;</b>", "source": str(place), "session": "s", "measured": 1},
            "against": _against(order, place, slow["p4_hash_lookup"]) if place else None,
        }
    for feed in FEEDS:
        history.anchors[feed] = dict.fromkeys(VARIANTS, order[0])
    failed = order[BROKEN]
    history.broken[failed] = f"{failed[:8]} (Change {BROKEN}): p0: the timed kernel does not compile:\nTypeError"
    del history.points[failed]
    history.sessions.append({"name": "s", "rounds": 6, "samples": 1234})
    history.save()
    write(history, miniature.folder / ".asv/results")
    return order


def _against(order: list[str], place: int, slow: float) -> dict[str, Any]:
    rows = []
    for feed in FEEDS:
        for variant in VARIANTS:
            worse = place == STEP and variant == "p4_hash_lookup"
            step = slow if worse else 1.0
            verdict = "slower" if worse else "no difference shown"
            rows.append(
                {
                    **{"feed": feed, "variant": variant, "control": None, "noise_floor": 0.006, "difference": None},
                    **{"ratio": {"value": 1 / step, "low": 1 / (step + 0.006), "high": 1 / (step - 0.006)}},
                    **{"timing": verdict, "verdict": verdict, "instructions_change": step - 1},
                    "moved": ["instructions", "locks_taken"] if worse else [],
                    "exact": {
                        "locks_taken": {"before": 0.0, "after": float(worse)},
                        "instructions": {"before": 810.0, "after": 810.0 * step},
                    },
                }
            )
    return {"commit": order[place - 1 if place != BROKEN + 1 else BROKEN - 1], "same_code": False, "findings": rows}
