"""Which variants are one kernel under several names, and which only look like it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lobench.engine.policy import Variant
from lobench.variants import discover, from_top, resolve
from lobench.variants.p7_cache_layout.parameters import Parameters
from lobench.workbench.kernel_identity import same_kernel, same_kernels

KNOWN = discover()
P7, P8 = KNOWN["p7_cache_layout"], KNOWN["p8_profile_guided"]
TUNED = Parameters.of({"distance": 20})

COPIED = '''"""Phase 3 in a file of its own, and nothing else."""
import numpy as np
from lobench.engine.compiling import kernel
from lobench.engine.native import DOUBLE, Record, element, memcpy, view
from lobench.engine.policy import Features, FeatureStore
from lobench.variants import p2_snapshot

EXTRA = {extra}

def build_mine(names):
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
            memcpy(store, row, 8 * count + EXTRA)

    @kernel
    def get(store: int, index: int, probe: Record) -> float:
        return view(element(store, index, count, 8), DOUBLE)["value"]

    return FeatureStore(bytes=8 * count, start=start, stop=stop, row=row, put=put, get=get)

VARIANT = p2_snapshot.VARIANT.derive("mine", features=Features(name="mine", build=build_mine))
'''


def own(folder: Path, name: str, text: str) -> Variant:
    path = folder / f"{name}.py"
    path.write_text(text)
    found = discover([str(path)])[name]
    assert isinstance(found, Variant)
    return found


def test_the_ladder() -> None:
    """Never tuned, phase 8 is phase 7; every other phase is a kernel of its own."""
    assert same_kernels(list(KNOWN.values())) == {P8.name: P7.name}
    fitted = [variant.fitted(TUNED) for variant in KNOWN.values()]
    assert same_kernels(fitted) == {}
    # A profile with the default parameters changes nothing.
    assert same_kernels([variant.fitted(Parameters()) for variant in KNOWN.values()]) == {P8.name: P7.name}


def test_only_policies_of_used_stages_count() -> None:
    """Until a stage: policies of later stages are not in the kernel."""
    variants = list(KNOWN.values())
    first, books, features = (same_kernels(variants, until) for until in ("decode", "book", "features"))
    assert first == {variant.name: "p1_zero_copy" for variant in variants if (variant.phase or 0) > 1}
    assert books == {
        "p2_snapshot": "p1_zero_copy",
        "p3_indexed_features": "p1_zero_copy",
        "p6_simd": "p5_memory_pool",
        P8.name: P7.name,
    }
    assert features == {P8.name: P7.name}
    assert same_kernel(P7, P8.fitted(TUNED), "decode")
    assert not same_kernel(P7, P8.fitted(TUNED), "book")


@pytest.mark.parametrize("name", ["p7_cache_layout,tuning=profiled", "p8_profile_guided,tuning=fixed"])
def test_a_combination_that_changes_nothing(name: str) -> None:
    made = resolve(name, KNOWN)
    assert same_kernel(made, P7)
    fits = made.tuning.fits
    assert same_kernel(made.fitted(TUNED), P8.fitted(TUNED)) == fits
    assert same_kernel(made.fitted(TUNED), P7) != fits


def test_a_policy_without_a_part() -> None:
    """The packed layout finds orders itself, with any lookup."""
    linear = replace(P7, lookup=KNOWN["p0_baseline"].lookup, name="linear")
    assert same_kernel(P7, linear)
    assert not same_kernel(KNOWN["p3_indexed_features"], KNOWN["p4_hash_lookup"])


def test_without_one_phase_at_a_time() -> None:
    top, *without = from_top(KNOWN)
    assert same_kernels([top, *without]) == {f"{top.name},tuning=fixed": top.name}
    assert same_kernels([variant.fitted(TUNED) for variant in (top, *without)]) == {}


def test_a_users_files(tmp_path: Path) -> None:
    handed_on = own(tmp_path, "handed_on", "from lobench.variants.p7_cache_layout import VARIANT\n")
    again = own(
        tmp_path, "again", "from lobench.variants import p7_cache_layout as p7\nVARIANT = p7.VARIANT.derive('mine')\n"
    )
    copy, same, other = (
        own(tmp_path, name, COPIED.format(extra=extra)) for name, extra in (("copy", 0), ("same", 0), ("other", 8))
    )
    variants = [*KNOWN.values(), handed_on, again, copy, same, other]
    assert same_kernels(variants) == {
        P8.name: P7.name,
        "handed_on": P7.name,
        "again": P7.name,
        "same": "copy",
    }
