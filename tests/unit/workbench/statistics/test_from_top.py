"""The ladder's top without one phase at a time: its variants, their agreement, the analysis of invented times."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lobench.engine.errors import UsageError
from lobench.engine.feeds import LoadedFeed
from lobench.engine.feeds.base import Chunk
from lobench.engine.policy import AXES, Variant
from lobench.variants import REFERENCE, discover, from_top, ladder, policies, resolve
from lobench.workbench.ladder import load_ladder
from lobench.workbench.results.conversion import as_json
from lobench.workbench.results.model.control import again
from lobench.workbench.selection import select
from lobench.workbench.statistics import error_rates
from lobench.workbench.statistics import from_top as statistics
from lobench.workbench.verification.proof import Proof, compare
from tests.support import typed
from tests.support.factorials import simulated
from tests.support.replays import LADDER, TOP, Observed, each
from tests.support.streams import Market
from tests.support.typed import analyse

pytestmark = pytest.mark.normal

KNOWN = discover()
WITHOUT = from_top(KNOWN)[1:]
READ = ("order_id", "price", "ts_event", "size", "instrument_id", "publisher_id", "action", "side", "flags")


def test_one_variant_for_each_axis_that_the_top_changes() -> None:
    assert from_top(KNOWN)[0] == TOP
    changed = {axis for axis in AXES if TOP.policies[axis] != KNOWN[REFERENCE].policies[axis]}
    taken = []
    for variant in WITHOUT:
        (axis,) = [axis for axis in AXES if variant.policies[axis] != TOP.policies[axis]]
        assert variant.policies[axis] == KNOWN[REFERENCE].policies[axis]
        assert variant.name == f"{TOP.name},{axis}={variant.policies[axis]}"
        assert variant.phase is None
        taken.append(axis)
    assert taken == [axis for axis in AXES if axis in changed - set(TOP.replaced)]
    assert {"events", "context", "features", "memory", "shape", "layout"} <= set(taken)
    selected = [variant.name for variant in select("from-top", load_ladder())]
    assert selected == [TOP.name, *(variant.name for variant in WITHOUT)]


def test_the_layout_declares_the_axes_it_replaces() -> None:
    assert KNOWN["p7_cache_layout"].replaced == ("lookup",)
    assert KNOWN["p6_simd"].replaced == ()
    rest = resolve("p7_cache_layout,layout=general", KNOWN)
    assert rest.policies == KNOWN["p6_simd"].policies
    assert rest.replaced == ()


def test_names_are_canonical() -> None:
    name = "p7_cache_layout,events=clone,memory=heap"
    assert resolve("p7_cache_layout, memory=heap,events=clone", KNOWN).name == name
    assert resolve(name, KNOWN) == resolve(resolve(name, KNOWN).name, KNOWN)
    # The name leaves out policies that change nothing.
    assert resolve("p7_cache_layout,context=snapshot,events=clone", KNOWN).name == "p7_cache_layout,events=clone"
    assert resolve("p7_cache_layout,context=snapshot", KNOWN) is KNOWN["p7_cache_layout"]
    # On top of the reference, naming the reference or not gives the same variant.
    assert resolve(f"{REFERENCE},lookup=hash", KNOWN) == resolve("lookup=hash", KNOWN)
    assert resolve("p7_cache_layout,layout=general,lookup=linear", KNOWN).policies["lookup"] == "linear"
    assert resolve("p7,events=clone", KNOWN).name == "p7_cache_layout,events=clone"
    assert resolve("p4", KNOWN).name == "p4_hash_lookup"


def test_a_users_own_variant_may_be_the_base() -> None:
    known = {**KNOWN, "mine": replace(KNOWN["p4_hash_lookup"], name="mine", phase=None)}
    assert resolve("mine,lookup=linear", known).policies == KNOWN["p3_indexed_features"].policies
    # It is not on the ladder, and takes no part in the dismantling of the top.
    assert from_top(known)[0] == TOP
    assert ladder(known) == LADDER


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            "p7_cache_layout,lookup=linear",
            "lookup has no effect in the packed layout: p7_cache_layout would stay as it is",
        ),
        ("p4_hash_lookup,lookup=linear,layout=packed", "lookup has no effect in the packed layout"),
        ("p9_nothing,events=clone", "no variant named 'p9_nothing'"),
        ("p7_cache_layout,", "no axis named '' in"),
        ("p7_cache_layout,p6_simd", "no axis named 'p6_simd' in"),
        ("p7_cache_layout,speed=high", "no axis named 'speed'"),
        ("p7_cache_layout,events=fast", "no policy 'fast' of axis events"),
        ("p7_cache_layout,events=clone,events=clone", "axis events appears twice"),
        ("events=clone,p7_cache_layout", "no axis named 'p7_cache_layout'"),
    ],
)
def test_refused(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        resolve(spec, KNOWN)


def without(*axes: str) -> Variant:
    """The top with the reference's policies of these axes."""
    return resolve(",".join([TOP.name, *(f"{axis}={KNOWN[REFERENCE].policies[axis]}" for axis in axes)]), KNOWN)


TOGETHER = [without("events", "context", "features"), without("memory", "shape")]
"""The reference's policies below the top's, several at a time: two kernels instead of five."""


@pytest.mark.parametrize("variant", [*each(TOGETHER[-1:]), *each([*TOGETHER[:-1], *WITHOUT], pytest.mark.long)])
def test_variants_without_a_phase_equal_the_reference(variant: Variant) -> None:
    records = Market(5).records(20_000)
    expected = Observed(KNOWN[REFERENCE], records, rows=False).result
    for workers in (1, 2):
        actual = Observed(variant, records, rows=False, workers=workers).result
        assert compare(Proof(expected), Proof(actual)) == ()
        assert expected.digests == actual.digests


def test_decoding_is_compared_by_sums_of_fields() -> None:
    from lobench.engine.workload import Workload
    from lobench.workbench.verification.variants import Settings, verify_all

    records = Market(6).records(5_000)

    def feed(kept: Any) -> LoadedFeed:
        return LoadedFeed("made", Chunk(kept.ctypes.data, kept.itemsize, len(kept), kept), {})

    settings = Settings(Workload(until="decode"), (1, 2))
    first, *others = verify_all(feed(records), [KNOWN[REFERENCE], KNOWN["p4_hash_lookup"]], settings)
    assert len(others) == 3
    assert all(outcome.agrees for outcome in others)
    (read,) = {outcome.result.decoded for outcome in (first, *others)}
    assert read == sum(int(records[name].astype(object).sum()) for name in READ) % 2**64
    wrong = replace(others[0].result, decoded=0)
    proof = others[0].proof
    assert proof is not None
    assert compare(proof, replace(proof, result=wrong)) == ("fields",)


# Results for invented times.

SPEEDS = {"events": 1.3, "context": 2.0, "features": 1.5, "memory": 1.0, "shape": 0.8, "layout": 1.4}
"""The top's gain by each axis."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(error_rates, "RESAMPLES", 50)
    gc.freeze()
    yield
    gc.unfreeze()


def judged(feed: dict[str, Any], variants: list[dict[str, Any]], *wrong: str) -> dict[str, Any] | None:
    """``analysis.from_top``; variants in ``wrong`` failed verification."""
    failed = {"workers": 1, "agrees": False, "digests": None, "difference": None}
    verification = [{"name": name, **failed} for name in wrong]
    said: dict[str, Any] | None = as_json(
        statistics.from_top(typed.feed({**feed, "verification": verification}), typed.entries(variants))
    )
    return said


def described(*names: str) -> list[dict[str, Any]]:
    """Variants as a document has them."""
    chosen = [resolve(name, KNOWN) for name in names]
    return [
        {"name": one.name, "phase": one.phase, "policies": one.policies, "replaced": list(one.replaced)}
        for one in chosen
    ]


def made(noise: float = 0.0, apart: bool = True, processes: int = 8) -> dict[str, Any]:
    """A feed with a session of reference and top, and the top without one phase at a time: in a session of its own, or
    in the same."""
    top = "p7_cache_layout"
    combined = [resolve(f"{top},{axis}={KNOWN[REFERENCE].policies[axis]}", KNOWN).name for axis in SPEEDS]
    slower = [1 / gain for gain in SPEEDS.values()]
    rng = np.random.default_rng(7)
    most = ([], []) if apart else (combined, slower)
    names = [REFERENCE, top, *most[0], again(REFERENCE)]
    feed = simulated(rng, names, [0.1, 1.0, *most[1], 0.1], processes, noise, noise)
    feed["from_top"] = None
    if apart:
        names = [top, *combined, again(top)]
        feed["from_top"] = simulated(rng, names, [1.0, *slower, 1.0], processes, noise, noise)["session"]
    return feed


@pytest.mark.parametrize("apart", [True, False])
def test_gains_of_phases_from_the_top(apart: bool) -> None:
    found = judged(made(0.002, apart), described(REFERENCE, "p7_cache_layout"))
    assert found is not None
    assert found["top"] == "p7_cache_layout"
    entries = {entry["axis"]: entry for entry in found["axes"]}
    # Phases are known although only two of them were measured.
    assert {axis: entry["phase"] for axis, entry in entries.items()} == {
        **{"events": 1, "context": 2, "features": 3, "lookup": 4},
        **{"memory": 5, "shape": 6, "layout": 7},
    }
    for axis, gain in SPEEDS.items():
        assert entries[axis]["ratio"]["value"] == pytest.approx(gain, rel=0.01)
        expected = "faster" if gain > 1.1 else "slower" if gain < 0.9 else "no difference shown"
        assert entries[axis]["verdict"] == expected
        assert entries[axis]["p"] <= entries[axis]["p_holm"]
        assert entries[axis]["variant"] == f"p7_cache_layout,{axis}={KNOWN[REFERENCE].policies[axis]}"
    assert entries["lookup"]["ratio"] is None
    assert "lookup has no effect in p7_cache_layout: its packed layout" in entries["lookup"]["note"]
    said = found["sentence"]
    assert said.startswith(
        "Not shown to earn their place in p7_cache_layout on this feed: phase 5, memory (no difference"
    )
    assert re.search(r"phase 6, shape \(faster without it: 0\.(79|8)", said)
    assert "No figure for phase 4, lookup" in said
    assert not any(f", {axis} (" in said for axis in ("events", "context", "features", "layout"))


def test_exact_times_give_exact_ratios() -> None:
    found = judged(made(), described(REFERENCE, "p7_cache_layout"))
    assert found is not None
    assert found["floor"] == 0
    for entry in found["axes"]:
        if entry["axis"] in SPEEDS:
            assert entry["ratio"]["value"] == pytest.approx(SPEEDS[entry["axis"]], rel=1e-4)


def test_a_single_process_carries_no_verdict() -> None:
    found = judged(made(0.002, processes=1), described(REFERENCE, "p7_cache_layout"))
    assert found is not None
    assert {entry["verdict"] for entry in found["axes"] if entry["ratio"]} == {"no difference shown"}
    assert {entry["p"] for entry in found["axes"]} == {None}


def test_wrong_variants_have_no_figure() -> None:
    known = described(REFERENCE, "p7_cache_layout")
    wrong = "p7_cache_layout,events=clone"
    found = judged(made(0.002), known, wrong)
    assert found is not None
    (entry,) = [entry for entry in found["axes"] if entry["axis"] == "events"]
    assert (entry["ratio"], entry["verdict"]) == (None, None)
    assert entry["note"] == f"{wrong} did not compute the reference's results"
    feed = made(0.002)
    feed["from_top"]["disagreeing"] = [wrong]
    found = judged(feed, known)
    assert found is not None
    assert found["axes"][0]["ratio"] is None
    assert judged(made(), known, "p7_cache_layout") is None


def test_no_figures_without_the_variants_or_the_whole_pipeline() -> None:
    known = described(REFERENCE, "p6_simd", "p7_cache_layout")
    plain = simulated(
        np.random.default_rng(1),
        [REFERENCE, "p6_simd", "p7_cache_layout", again(REFERENCE)],
        [0.1, 0.8, 1.0, 0.1],
        8,
        0.0,
        0.0,
    )
    assert judged(plain, known) is None
    assert analyse(made(0.002), known)["from_top"] is not None
    part = analyse(made(0.002), known, "book")
    assert part["from_top"] is None
    whole = analyse(plain, described(REFERENCE, "p1_zero_copy"))
    assert whole["from_top"] is None


def test_predictions_are_not_for_a_part_of_the_pipeline() -> None:
    names = [REFERENCE, "p1_zero_copy", again(REFERENCE)]
    feed = simulated(np.random.default_rng(1), names, [1.0, 1.5, 1.0], 8, 0.01, 0.01)
    known = described(REFERENCE, "p1_zero_copy")
    assert analyse(feed, known)["ladder"][1]["score"] is not None
    rung = analyse(feed, known, "book")["ladder"][1]
    assert (rung["prediction"], rung["score"]) == (None, None)
    assert rung["step"]["value"] == pytest.approx(1.5, rel=0.05)


def test_every_policy_is_known_by_one_name() -> None:
    for axis, found in policies(KNOWN.values()).items():
        for name, policy in found.items():
            users = [variant for variant in KNOWN.values() if variant.policies[axis] == name]
            assert all(getattr(variant, axis) is policy for variant in users)
