"""The outcome of verifying one or several feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lobench.engine.feeds import LoadedFeed
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.foreign.start import Contestant
from lobench.workbench.tuning.picking import Picked
from lobench.workbench.verification.compare import Verification
from lobench.workbench.verification.coverage import reached, unreached
from lobench.workbench.verification.variants import Settings, verify_feeds


@dataclass(frozen=True)
class VerifiedFeed:
    """One feed: each replay compared with the reference's, which is the first; counts of the rules reached, and the
    rules not reached."""

    name: str
    digest: str
    events: int
    outcomes: Sequence[Verification]
    tuning: Picked | None
    reached: Mapping[str, int]
    not_reached: Sequence[str]

    @property
    def agree(self) -> bool:
        return all(outcome.agrees for outcome in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        return {
            "feed": self.name,
            "feed_digest": self.digest,
            "events": self.events,
            "agree": self.agree,
            "verifications": [outcome.as_json() for outcome in self.outcomes],
            "tuning": self.tuning.as_json() if self.tuning else None,
            "reached": self.reached,
            "not_reached": self.not_reached,
        }


@dataclass(frozen=True)
class Verified:
    """All feeds, and the verified engines from outside. ``together``: the feeds were chosen together to reach every
    rule."""

    feeds: Sequence[VerifiedFeed]
    engines: Sequence[ForeignEngine]
    together: bool

    @classmethod
    def of(
        cls,
        pairs: Sequence[tuple[LoadedFeed, Sequence[Contestant]]],
        picked: Sequence[Picked | None],
        settings: Settings,
        *,
        together: bool,
    ) -> Verified:
        """Verify the contestants of each feed."""
        feeds = []
        for (feed, _), tuning, outcomes in zip(pairs, picked, verify_feeds(pairs, settings), strict=True):
            counts = reached(feed, outcomes[0].result, settings.workload.evaluate)
            feeds.append(VerifiedFeed(feed.name, feed.digest, feed.count, outcomes, tuning, counts, unreached(counts)))
        engines = [variant for variant in pairs[0][1] if isinstance(variant, ForeignEngine)]
        return cls(feeds, engines, together)

    @property
    def agree(self) -> bool:
        """Whether all results equal the reference's."""
        return all(feed.agree for feed in self.feeds)

    @property
    def not_reached(self) -> list[str]:
        """Rules that no feed reached: nothing is proven about them."""
        return sorted(set.intersection(*(set(feed.not_reached) for feed in self.feeds)))

    def as_json(self) -> dict[str, Any]:
        """As `lobench verify --json` prints it."""
        told = [feed.as_json() for feed in self.feeds]
        said = {"agree": self.agree, "not_reached": self.not_reached, "feeds": told} if self.together else told[0]
        return {**said, "engines": [engine.as_json() for engine in self.engines]} if self.engines else said
