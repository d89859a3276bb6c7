"""The request of a batch: the same for all files of a dataset."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from lobench.engine.errors import UsageError
from lobench.engine.workload import EVALUATE
from lobench.workbench.rows.columns import DEEPEST
from lobench.workbench.rows.formats import COMPRESSIONS
from lobench.workbench.rows.sample import Sample, parse_sample

DATE, SYMBOL = PARTITIONS = ("date", "symbol")
MOST_SYMBOLS: Final = 100
"""Of a day, that have folders of their own: a whole market's would be thousands of tiny files."""
MOST_FILES: Final = 1000
"""Of a feed: their numbers have three digits."""
SPLIT: Final = 32 * 2**30
"""Bytes of a feed above which it becomes several tasks."""


@dataclass(frozen=True, kw_only=True)
class BatchRequest:
    """``features``: their names, none for levels alone; ``depth`` levels; rows of a ``sample`` as a user writes it;
    ``files``: files for each day, None for a number that suits its instruments; ``split``: bytes above which a feed is
    divided among several tasks. Raises UsageError for impossible requests."""

    features: tuple[str, ...]
    depth: int = 0
    sample: str | None = None
    evaluate: str = "last"
    compression: str = COMPRESSIONS[0]
    partition_by: str = DATE
    files: int | None = None
    split: int = SPLIT

    def __post_init__(self) -> None:
        if not self.features and not self.depth:
            raise UsageError("nothing to write: rows hold features, book levels to a depth, or both")
        if not 0 <= self.depth <= DEEPEST:
            raise UsageError(f"--depth must be 1 to {DEEPEST}, was {self.depth}")
        if self.compression not in COMPRESSIONS:
            raise UsageError(f"--compression is one of {', '.join(COMPRESSIONS)}, was '{self.compression}'")
        if self.partition_by not in PARTITIONS:
            raise UsageError(f"--partition-by is one of {', '.join(PARTITIONS)}, was '{self.partition_by}'")
        if self.evaluate not in EVALUATE:
            raise UsageError(f"--evaluate is one of {', '.join(EVALUATE)}, was '{self.evaluate}'")
        if self.files is not None and (not 1 <= self.files <= MOST_FILES or self.partition_by == SYMBOL):
            raise UsageError(
                f"--files is a number of files per day, 1 to {MOST_FILES}, was {self.files}; symbols have one each"
            )
        if self.split < 1:
            raise UsageError(f"--split-above is a size in bytes, was {self.split}")
        self.sampled()

    def sampled(self) -> Sample | None:
        """The sample. Raises UsageError for an invalid one."""
        return None if self.sample is None else parse_sample(self.sample)

    @property
    def divisible(self) -> bool:
        """Whether a feed may be shared out: a sample by time looks at the clock of the whole feed."""
        sample = self.sampled()
        return self.partition_by == DATE and not (sample and sample.timed)

    def as_json(self) -> dict[str, Any]:
        """The part of a request that determines rows and files: all but the division of feeds among tasks."""
        asked = {**asdict(self), "features": list(self.features)}
        del asked["split"]
        return asked
