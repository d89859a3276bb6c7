"""Reading a feed, all records of it, without replaying them."""

from __future__ import annotations

from typing import Any

from .common import FEEDS, Prepared


class Decode(Prepared):
    """Each form that a feed can have: plain file, compressed file, generated."""

    param_names = ("form",)
    params = ([".dbn", ".dbn.zst", "synth"],)
    warmup_time = 0

    def setup(self, cache: dict[str, Any], form: str) -> None:
        import engine.feeds  # noqa: F401  (not to be timed)

        specs = {".dbn": cache["feeds"][FEEDS[0]], ".dbn.zst": cache["feeds"][f"{FEEDS[0]}.dbn.zst"], "synth": FEEDS[0]}
        self.spec = specs[form]
        self.read()

    def read(self) -> int:
        import numpy as np

        from engine.feeds import open_feed
        from engine.records import MBO

        # A field of every record is read: that a file was mapped is not yet that it was read.
        return sum(
            int(np.asarray(chunk).view(np.uint8).reshape(chunk.count, -1)[:, : MBO.itemsize].sum(dtype=np.int64))
            for chunk in open_feed([self.spec])
        )

    def time_decode(self, cache: dict[str, Any], form: str) -> None:
        self.read()
