"""Phase 3: a feature is a place in a pre-allocated array, its index a constant of the compiled kernel. No strings."""

from __future__ import annotations

import numpy as np

from lobench.engine.compiling import kernel
from lobench.engine.native import DOUBLE, Record, element, memcpy, view
from lobench.engine.policy import Features, FeatureStore
from lobench.variants import p2_snapshot


def build_indexed(names: tuple[str, ...]) -> FeatureStore:
    """The array store for features of these names."""
    count = len(names)

    @kernel
    def start(store: int) -> None:
        for index in range(count):
            view(store + 8 * index, DOUBLE)["value"] = np.nan

    @kernel
    def stop(store: int) -> None:
        pass

    @kernel
    def row(store: int, scratch: int) -> int:
        return store

    @kernel
    def put(store: int, row: int, probe: Record) -> None:
        if row != store:
            memcpy(store, row, 8 * count)

    @kernel
    def get(store: int, index: int, probe: Record) -> float:
        return view(element(store, index, count, 8), DOUBLE)["value"]

    return FeatureStore(bytes=8 * count, start=start, stop=stop, row=row, put=put, get=get)


INDEXED = Features(name="indexed", build=build_indexed)

VARIANT = p2_snapshot.VARIANT.derive("features are places in an array", features=INDEXED)
