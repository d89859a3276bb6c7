"""Replaying until an earlier stage than the last: the book alone, and all but the strategies.

On the first feed only, in builds of their own: two more of each variant to compile.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .common import TIMED, VARIANTS, compile_one, loaded, new_replay, speed, written

STAGES = ("book", "features")
"""What is left out is what other benchmarks show: decoding is a fraction of a nanosecond, all stages are ``Replay``."""


class Stages:
    """A replay consumes its books: each is timed once, from a fresh start."""

    version = "1"
    param_names = ("variant", "feed", "stage")
    params = (VARIANTS, TIMED[:1], list(STAGES))
    number = 1
    timer = time.process_time
    repeat = (3, 10, 10.0)
    rounds = 2
    warmup_time = 0
    timeout = 600

    def setup_cache(self) -> dict[str, Any]:
        """Write the feeds and compile the builds that end early, side by side; those that a commit lacks are not in
        ``cache["builds"]``."""
        feeds = {name.removesuffix(".dbn"): file for name, file in written((".dbn",)).items()}
        jobs = [("timed", name, {}, stage) for name in VARIANTS for stage in STAGES]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as lanes:
            present = list(lanes.map(lambda job: compile_one(job[:3], job[3]), jobs))
        builds = [(name, stage) for (_, name, _, stage), has in zip(jobs, present, strict=True) if has]
        return {"feeds": feeds, "builds": builds}

    setup_cache.timeout = 1800  # type: ignore[attr-defined]

    def setup(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> None:
        if (variant, stage) not in cache["builds"]:
            raise NotImplementedError(f"this commit has no {variant}, or none that ends after {stage}")
        self.feed = loaded(cache["feeds"][feed])
        self.replay = new_replay(variant, stage)
        self.replay.run(0, 0, 0)
        self.whole = self.feed.slice(0, self.feed.count)

    def teardown(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> None:
        self.replay.close()

    def time_replay_until(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> None:
        self.replay.run(self.whole.address, self.whole.stride, self.whole.count)

    def track_events_per_second_until(self, cache: dict[str, Any], variant: str, feed: str, stage: str) -> float:
        return speed(lambda: new_replay(variant, stage), self.whole)

    track_events_per_second_until.unit = "events/s"  # type: ignore[attr-defined]
