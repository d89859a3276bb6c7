"""Sessions whose truth is known, drawn from recorded noise of a real machine (``tests/fixtures/noise.npz``, made by
``scripts/record-noise``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from lobench.variants import REFERENCE
from lobench.workbench.measurement.design import CONTROL
from lobench.workbench.results.model.control import again
from lobench.workbench.results.model.verdict import NO_DIFFERENCE
from lobench.workbench.statistics.ladder import Comparisons
from lobench.workbench.statistics.samples import session_timings
from lobench.workbench.statistics.verdicts import SIGNIFICANCE, verdict
from tests.support import typed
from tests.support.paths import ROOT

RECORDING = ROOT / "tests" / "fixtures" / "noise.npz"
TOP_RECORDING = ROOT / "tests" / "fixtures" / "top-noise.npz"
"""Whole sessions of `lobench cmp`, with four copies of the ladder's top and nothing else
(``scripts/record-noise --sessions 20``)."""
TOP = "p1_top"
"""The name of one of the recorded copies in drawn sessions; the others are compared with it."""
DESIGN = {"processes": 8, "seconds": 1.0, "passes": 2, "seed": 1, "pinned": False, "until_precision": None}
"""A session's design where a test states nothing else."""
LADDER_FAMILY = 16
"""Comparisons of a session of the whole ladder: Holm's correction divides the level by this number."""


@dataclass(frozen=True)
class Recording:
    """Identical variants side by side: ``samples`` and ``isolated`` have the columns of a session. ``copies`` are the
    columns of the fast variant's copies, ``same`` those of the reference and its control, if they were there."""

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
        return [self.about["measured"].index(name) for name in (REFERENCE, CONTROL) if name in self.about["measured"]]

    @property
    def copies(self) -> list[int]:
        names = self.about["measured"]
        if "copies" in self.about:
            return [names.index(name) for name in self.about["copies"]]
        return [place for place in range(len(names)) if place not in self.same]

    def sessions(self) -> Iterator[dict[str, Any]]:
        """The sessions that were recorded one after the other, as those of a result document."""
        for first, count in self.about.get("sessions", [[0, self.processes]]):
            own = self.samples[(self.samples[:, 0] >= first) & (self.samples[:, 0] < first + count)]
            yield {**self.session, "samples": {"columns": self.about["columns"], "rows": own}}

    def judged(self) -> dict[str, np.ndarray]:
        """For every pair of copies in every recorded session: whether it was called different by its p-value alone, by
        `lobench cmp`, and by a session of the whole ladder, in which it is one comparison of ``LADDER_FAMILY``. Each
        array has the shape (sessions, pairs).

        As in such a session there is another identical pair: the two copies that are not compared, or, if the reference
        was not recorded, one of the pair and a copy that is not compared.
        """
        names = [self.about["measured"][place] for place in self.copies[:4]]
        found: dict[str, list[list[bool]]] = {"p < 0.05": [], "cmp": [], "ladder": []}
        for session in self.sessions():
            timings = session_timings(typed.session(session))
            rows: dict[str, list[bool]] = {name: [] for name in found}
            for one, other in combinations(names, 2):
                control, of = (name for name in names if name not in (one, other))
                comparisons = Comparisons(timings, timings, one, control)
                if self.same:
                    comparisons = Comparisons(timings, timings, REFERENCE, CONTROL, {control: of})
                pair = comparisons.compare(one, other)
                floor = comparisons.floor_for(one, other)
                rows["p < 0.05"].append(pair.p < SIGNIFICANCE)
                rows["cmp"].append(verdict(pair.ratio(), pair.p, floor) != NO_DIFFERENCE)
                rows["ladder"].append(verdict(pair.ratio(), LADDER_FAMILY * pair.p, floor) != NO_DIFFERENCE)
            for name, row in rows.items():
                found[name].append(row)
        return {name: np.array(rows) for name, rows in found.items()}

    @property
    def session(self) -> dict[str, Any]:
        """All of it, as one session of a result document."""
        samples = {"columns": self.about["columns"], "rows": self.samples}
        return {
            **{key: self.about[key] for key in ("events", "measured")},
            "complete": True,
            "design": {**DESIGN, **self.about["design"]},
            "disagreeing": [],
            "samples": samples,
        }

    def log_ratios(self, columns: Sequence[int], processes: int, sessions: int, clock: str = "cpu_ns") -> np.ndarray:
        """Log ratios of two identical variants, shape (sessions, processes). In each process the choice among the
        recorded ``columns`` is random."""
        units = session_timings(typed.session(self.session), clock).units()
        rng = np.random.default_rng(processes)
        drawn = np.argsort(rng.random((sessions, len(units))), axis=1)[:, :processes]
        sides = np.array(columns)[np.argsort(rng.random((sessions, processes, len(columns))), axis=2)[..., :2]]
        ratios: np.ndarray = units[drawn, sides[..., 0]] - units[drawn, sides[..., 1]]
        return ratios

    def draw(
        self, rng: np.random.Generator, processes: int, effects: Mapping[str, float], *, twice: bool = False
    ) -> dict[str, Any]:
        """A feed of a result document with a session of ``processes`` recorded processes, each at most once.

        It measures the reference, ``TOP``, and for each of ``effects`` a copy that is faster by this factor; with
        ``twice``, ``TOP`` again, like a session without an identical pair at the top. Without a recorded reference,
        ``TOP`` is measured again as the control, as in `lobench cmp`. It has four copies at most. In each process the
        assignment of recorded copies to names is random.
        """
        ends = ([REFERENCE], [CONTROL]) if self.same else ([], [again(TOP)])
        second = [again(TOP)] if twice and self.same else []
        names = [*ends[0], TOP, *effects, *second, *ends[1]]
        rows = []
        for number, process in enumerate(rng.choice(self.processes, processes, replace=False)):
            own = self.samples[self.samples[:, 0] == process]
            copies = rng.permutation(self.copies)[: len(names) - len(self.same)]
            first, last = np.split(rng.permutation(self.same).astype(int), [len(ends[0])])
            for name, column in zip(names, [*first, *copies, *last], strict=True):
                mine = own[own[:, 3] == column].copy()
                mine[:, 0], mine[:, 3] = number, names.index(name)
                mine[:, 5:7] = np.rint(mine[:, 5:7] / effects.get(name, 1.0))
                rows.append(mine)
        return feed(names, np.concatenate(rows), self.about["events"], {**self.about["design"], "processes": processes})


def by_cpu(session: dict[str, Any]) -> Comparisons:
    """The results of a drawn session for pairs by CPU time, in half the time of both clocks."""
    measured = typed.session(session)
    timings = session_timings(measured)
    return Comparisons(timings, timings, measured.reference, measured.measured[-1], measured.same)


def feed(names: Sequence[str], rows: np.ndarray, events: int, design: Mapping[str, Any]) -> dict[str, Any]:
    """A feed of a result document that holds nothing but a session."""
    columns = ["process", "pass", "slice", "variant", "order", "wall_ns", "cpu_ns", "involuntary_switches"]
    columns += ["minor_faults", "major_faults", "steal_ticks", "contaminated"]
    session = {
        "events": events,
        "complete": True,
        "measured": list(names),
        "design": {**DESIGN, **design},
        "disagreeing": [],
        "samples": {"columns": columns, "rows": rows},
    }
    nothing = dict.fromkeys(("factorial", "isolated", "scaling", "limits", "analysis"))
    about = {"specs": ["recorded"], "name": "recorded", "digest": "0" * 16, "events": events, "evaluations": events}
    return {**about, "books": 1, "anomalies": {}, "verification": [], "counters": {}, "session": session, **nothing}


def variants(names: Sequence[str]) -> list[dict[str, Any]]:
    """The document's entries for these variants: ``pN_...`` is on the ladder."""
    return [
        {"name": name, "phase": int(name[1]) if name[0] == "p" and name[1].isdigit() else None, "policies": {}}
        for name in names
    ]
