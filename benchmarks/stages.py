"""Replaying until an earlier stage than the last: the book alone, and all but the strategies.

Of the ends of the ladder and on the first feed only: these are builds of their own.
"""

from __future__ import annotations

from typing import Any

from asv_runner.benchmarks.mark import SkipNotImplemented

from .common import TIMED, VARIANTS, Prepared, attributes, compile_one, loaded, new_replay, speed

STAGES = ("book", "features")
"""Left out are cases that other benchmarks cover: decoding takes a fraction of a nanosecond, all stages are ``Replay``.
"""


class Stages(Prepared):
    """A replay consumes its books: each is timed once, from a fresh start."""

    version = "1"
    param_names = ("variant", "feed", "stage")
    params = (list(dict.fromkeys([VARIANTS[0], VARIANTS[-1]])), TIMED[:1], list(STAGES))
    number = 1
    repeat = (3, 10, 10.0)
    rounds = 2
    warmup_time = 0

    def setup(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> None:
        if not compile_one(("timed", variant, {}), stage):
            raise SkipNotImplemented(f"this commit has no {variant}, or none that ends after {stage}")
        self.feed = loaded(cache["feeds"][feed])
        self.replay = new_replay(variant, stage)
        self.replay.run(0, 0, 0)
        self.whole = self.feed.slice(0, self.feed.count)

    def teardown(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> None:
        self.replay.close()

    @attributes(pretty_name="CPU time of a replay that ends early")
    def time_replay_until(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> None:
        self.replay.run(self.whole.address, self.whole.stride, self.whole.count)

    @attributes(unit="events/s", pretty_name="events a second, ending early")
    def track_events_per_second_until(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> float:
        return speed(lambda: new_replay(variant, stage), self.whole)
