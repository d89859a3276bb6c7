"""Replaying a feed that is in memory: the whole pipeline, one worker."""

from __future__ import annotations

from typing import Any

from .common import Prepared, attributes, loaded, new_replay, speed


class Replay(Prepared):
    """A replay consumes its books: each is timed once, from a fresh start."""

    version = "1"
    number = 1
    repeat = (3, 10, 20.0)
    rounds = 2
    warmup_time = 0

    def setup(self, cache: dict[str, Any], variant: str, feed: str) -> None:
        self.feed = loaded(cache["feeds"][feed])
        self.replay = new_replay(variant)
        self.replay.run(0, 0, 0)
        self.whole = self.feed.slice(0, self.feed.count)

    def teardown(self, cache: dict[str, Any], variant: str, feed: str) -> None:
        self.replay.close()

    @attributes(pretty_name="CPU time of a replay")
    def time_replay(self, cache: dict[str, Any], variant: str, feed: str) -> None:
        self.replay.run(self.whole.address, self.whole.stride, self.whole.count)

    @attributes(unit="events/s", pretty_name="events a second of CPU time")
    def track_events_per_second(self, cache: dict[str, Any], variant: str, feed: str) -> float:
        return speed(lambda: new_replay(variant), self.whole)

    @attributes(pretty_name="memory of a replay at its peak")
    def peakmem_replay(self, cache: dict[str, Any], variant: str, feed: str) -> None:
        self.replay.run(self.whole.address, self.whole.stride, self.whole.count)
