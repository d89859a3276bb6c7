"""Sessions whose truth is known, drawn from recorded noise of a real machine (``tests/fixtures/noise.npz``, made by
``scripts/record-noise``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from variants import REFERENCE
from workbench.measurement.design import CONTROL
from workbench.statistics.samples import session_timings

RECORDING = Path(__file__).parent / "fixtures" / "noise.npz"
TOP = "p1_top"
"""The name under which one of the recorded copies stands in drawn sessions; the others are compared with it."""


@dataclass(frozen=True)
class Recording:
    """Identical variants side by side: ``samples`` and ``isolated`` have the columns of a session. ``copies`` are the
    columns of the fast variant's copies, ``same`` those of the reference and its control."""

    about: dict[str, Any]
    samples: np.ndarray
    isolated: np.ndarray

    @classmethod
    def load(cls, path: Path = RECORDING) -> Recording:
        with np.load(path) as kept:
            samples, isolated = (kept[name].astype(np.int64) for name in ("samples", "isolated"))
            return cls(json.loads(str(kept["about"])), samples, isolated)

    @property
    def processes(self) -> int:
        return int(self.samples[:, 0].max()) + 1

    @property
    def same(self) -> list[int]:
        return [self.about["measured"].index(name) for name in (REFERENCE, CONTROL)]

    @property
    def copies(self) -> list[int]:
        return [place for place in range(len(self.about["measured"])) if place not in self.same]

    @property
    def session(self) -> dict[str, Any]:
        """All of it, as one session of a result document."""
        samples = {"columns": self.about["columns"], "rows": self.samples}
        return {**{key: self.about[key] for key in ("events", "measured", "design")}, "samples": samples}

    def log_ratios(self, columns: Sequence[int], processes: int, sessions: int, clock: str = "cpu_ns") -> np.ndarray:
        """What sessions would say of two identical variants, shape (sessions, processes). In each process it is left to
        chance which of the recorded ``columns`` is which."""
        units = session_timings(self.session, clock).units()
        rng = np.random.default_rng(processes)
        drawn = np.argsort(rng.random((sessions, len(units))), axis=1)[:, :processes]
        sides = np.array(columns)[np.argsort(rng.random((sessions, processes, len(columns))), axis=2)[..., :2]]
        ratios: np.ndarray = units[drawn, sides[..., 0]] - units[drawn, sides[..., 1]]
        return ratios

    def draw(self, rng: np.random.Generator, processes: int, effects: Mapping[str, float]) -> dict[str, Any]:
        """A feed of a result document with a session of ``processes`` recorded processes, each at most once.

        It measures the reference, ``TOP``, and for each of ``effects`` a copy that is that many times faster (at most
        three). In each process it is left to chance which recorded copy stands under which name.
        """
        names = [REFERENCE, TOP, *effects, CONTROL]
        rows = []
        for number, process in enumerate(rng.choice(self.processes, processes, replace=False)):
            own = self.samples[self.samples[:, 0] == process]
            copies = rng.permutation(self.copies)[: len(effects) + 1]
            reference, control = rng.permutation(self.same)
            for name, column in zip(names, [reference, *copies, control], strict=True):
                mine = own[own[:, 3] == column].copy()
                mine[:, 0], mine[:, 3] = number, names.index(name)
                mine[:, 5:7] = np.rint(mine[:, 5:7] / effects.get(name, 1.0))
                rows.append(mine)
        return feed(names, np.concatenate(rows), self.about["events"], {**self.about["design"], "processes": processes})


def feed(names: Sequence[str], rows: np.ndarray, events: int, design: Mapping[str, Any]) -> dict[str, Any]:
    """A feed of a result document that holds nothing but a session."""
    columns = ["process", "pass", "slice", "variant", "order", "wall_ns", "cpu_ns", "involuntary_switches"]
    columns += ["minor_faults", "major_faults", "steal_ticks", "contaminated"]
    session = {
        "events": events,
        "complete": True,
        "measured": list(names),
        "design": dict(design),
        "disagreeing": [],
        "samples": {"columns": columns, "rows": rows},
    }
    nothing = dict.fromkeys(("factorial", "isolated", "scaling", "limits", "analysis"))
    about = {"name": "recorded", "digest": "0" * 16, "events": events, "evaluations": events}
    return {**about, "verification": [], "session": session, **nothing}


def variants(names: Sequence[str]) -> list[dict[str, Any]]:
    """The document's entries of these variants: ``pN_...`` stands on the ladder."""
    return [
        {"name": name, "phase": int(name[1]) if name[0] == "p" and name[1].isdigit() else None, "policies": {}}
        for name in names
    ]
