"""Verifying a variant: a replay that takes all digests, compared with the reference's."""

from __future__ import annotations

from typing import Any

from .common import TIMED, VARIANTS, Prepared, found, loaded, task


class Verify(Prepared):
    """The reference against itself and the top of the ladder against the reference."""

    version = "1"
    params = (list(dict.fromkeys([VARIANTS[0], VARIANTS[-1]])), TIMED)
    number = 1
    warmup_time = 0

    def setup(self, cache: dict[str, Any], variant: str, feed: str) -> None:
        self.feed = loaded(cache["feeds"][feed])
        self.expected = self.digests(VARIANTS[0])
        self.digests(variant)

    def digests(self, variant: str) -> Any:
        with task("worker").replay_class()(found(variant), evaluate="last", observe=True) as replay:
            replay.apply(self.feed.slice(0, self.feed.count))
            return replay.finish().digests

    def time_verify(self, cache: dict[str, Any], variant: str, feed: str) -> None:
        if self.digests(variant) != self.expected:
            raise AssertionError(f"{variant} computes something else than {VARIANTS[0]}")
