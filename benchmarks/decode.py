"""Reading a feed, all records of it, without replaying them."""

from __future__ import annotations

import time

from .common import TIMED, attributes, part, written


class Decode:
    """Each form that a feed can have: plain file, compressed file, generated."""

    version = "1"
    param_names = ("form",)
    params = ([".dbn", ".dbn.zst", "synth"],)
    warmup_time = 0
    timer = staticmethod(time.process_time)
    timeout = 600

    @attributes(timeout=1800)
    def setup_cache(self) -> dict[str, str]:
        """Write the files."""
        return written((".dbn", ".dbn.zst"))

    def setup(self, cache: dict[str, str], form: str) -> None:
        self.spec = TIMED[0] if form == "synth" else cache[TIMED[0] + form]
        self.read()  # leaves compilation and first imports out of the timing

    def read(self) -> int:
        import numpy as np

        record = part("engine.records").MBO
        # Read a field of every record: a mapped file has not been read yet.
        return sum(
            int(np.asarray(chunk).view(np.uint8).reshape(chunk.count, -1)[:, : record.itemsize].sum(dtype=np.int64))
            for chunk in part("engine.feeds").open_feed([self.spec])
        )

    def time_decode(self, cache: dict[str, str], form: str) -> None:
        self.read()
