"""What a measurement says of one source against another: one finding for each feed and variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lobench.workbench.commits.measuring import INSTRUCTIONS, Measured
from lobench.workbench.commits.statistics import Estimates, Ratio, verdict
from lobench.workbench.results.model.verdict import NO_DIFFERENCE, SHOWN, SLOWER

MOVED = 0.001
"""Relative change of an exact count that is a change. Below it lies what the allocator does with another address."""

DIFFERS: Final = "results differ"
REPAIRED: Final = "repaired"
NEW: Final = "new"
GONE: Final = "gone"
MORE_WORK: Final = "more work"
NOTHING: Final = "not timed"
"""Verdict where neither time nor instructions were compared. These are a finding's beside the words of any verdict
(``results.model.verdict``)."""

WORSE: Final = (DIFFERS, SLOWER, MORE_WORK, GONE)
"""Verdicts that fail a check."""


@dataclass(frozen=True)
class Finding:
    """One variant on one feed. ``ratio`` is time after over time before; ``exact`` maps a count to (before, after).

    ``allowed`` is the rise of instructions per event that is let pass, as a fraction.
    """

    feed: str
    variant: str
    ratio: Ratio | None
    control: Ratio | None
    floor: float | None
    exact: dict[str, tuple[float | None, float | None]]
    difference: str | None
    lacking: str | None
    allowed: float = 0.005
    repaired: bool = False
    """What was before did not agree with its own reference, what is now does: other results are right then."""

    @property
    def timing(self) -> str:
        """What time alone says."""
        return NOTHING if self.ratio is None or self.floor is None else verdict(self.ratio, self.floor)

    @property
    def instructions(self) -> float | None:
        """Relative change of the instructions per event; None where they were not counted."""
        before, after = self.exact.get(INSTRUCTIONS, (None, None))
        return after / before - 1 if before and after is not None else None

    @property
    def moved(self) -> dict[str, tuple[float | None, float | None]]:
        """The exact counts that changed."""
        return {name: pair for name, pair in self.exact.items() if changed(*pair)}

    @property
    def verdict(self) -> str:
        """One of the words above, or of ``results.model.verdict``.

        Time has the first word: more instructions that take less time are no loss. Where time shows nothing, a rise
        of the exact count speaks.
        """
        if self.difference is not None:
            return REPAIRED if self.repaired else DIFFERS
        if self.lacking is not None:
            return self.lacking
        if self.timing in SHOWN:
            return self.timing
        more = self.instructions
        if more is not None and more > self.allowed:
            return MORE_WORK
        return NO_DIFFERENCE if more is not None else self.timing

    @property
    def worse(self) -> bool:
        """Whether this fails a check."""
        return self.verdict in WORSE

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "feed": self.feed,
            "variant": self.variant,
            "verdict": self.verdict,
            "ratio": self.ratio and self.ratio.as_json(),
            "control": self.control and self.control.as_json(),
            "noise_floor": self.floor,
            "timing": self.timing,
            "instructions_change": self.instructions,
            "exact": {name: {"before": before, "after": after} for name, (before, after) in self.exact.items()},
            "moved": sorted(self.moved),
            "difference": self.difference,
        }


def changed(before: float | None, after: float | None) -> bool:
    """Whether an exact count moved."""
    if before is None or after is None:
        return before != after
    return abs(after - before) > MOVED * max(abs(before), abs(after))


def findings(measured: Measured, names: list[str], place: int, base: int = 0, allowed: float = 0.005) -> list[Finding]:
    """All findings of source ``place`` against ``base``; ``names`` are the feeds'."""
    session = measured.session
    estimates = Estimates(session)
    found = []
    for feed, name in enumerate(names):
        for index, variant in enumerate(session.variants):
            has = [variant not in session.lacking.get(one, {}) for one in (base, place)]
            if not any(has):
                continue
            counts = [measured.exact[session.sources[one].key].get((feed, variant), {}) for one in (base, place)]
            both = session.takes_part(base, variant) and session.takes_part(place, variant) and session.rounds > 0
            floor = estimates.floor(feed, index) if both else None
            lead = both and session.takes_part(session.control, variant)
            found.append(
                Finding(
                    name,
                    variant,
                    estimates.against(feed, index, place, base) if both else None,
                    estimates.control(feed, index) if lead else None,
                    floor,
                    {kind: (counts[0].get(kind), counts[1].get(kind)) for kind in {**counts[0], **counts[1]}},
                    difference(measured, names, place, variant) if has[1] else None,
                    None if all(has) else (GONE if has[0] else NEW),
                    allowed,
                )
            )
    return found


def difference(measured: Measured, names: Sequence[str], place: int, variant: str) -> str | None:
    """By which record a source's results are not the trusted ones any more; None if they are."""
    where = measured.session.differences.get((place, variant))
    return None if where is None else f"by record {where[1]:,} of {names[where[0]]} its results are others"
