"""The trades of a feed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from lobench.engine.records import TRADE
from lobench.workbench.converting.schemas import Schema


def trades(runs: Iterable[npt.NDArray[np.void]], schema: Schema) -> Iterator[npt.NDArray[np.void]]:
    """A row for each record of a trade, with the record's own fields; depth 0."""
    for records in runs:
        found = records[records["action"] == TRADE]
        made = schema.empty(len(found))
        for name in set(schema.dtype.names or ()) - {"length", "rtype", "depth"}:
            made[name] = found[name]
        if len(made):
            yield made
