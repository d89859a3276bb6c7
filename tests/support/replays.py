"""Replays for tests: records through a variant or the oracle, and a comparison that says where two of them part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.feeds.base import Chunk
from lobench.engine.oracle import Oracle
from lobench.engine.oracle.features import FEATURES
from lobench.engine.policy import COMPILED_AXES, CORE_AXES, Variant
from lobench.engine.records import ASK, BATCH, BID, MBO
from lobench.engine.replay import Replay
from lobench.engine.result import DIGEST_NAMES, Result
from lobench.engine.rows import Rows
from lobench.variants import discover, factorial
from tests.support.paths import ROOT

Records = npt.NDArray[np.void]
Levels = list[tuple[int, int, int, list[tuple[int, int]]]]

LADDER = [variant for variant in discover().values() if variant.phase is not None]
FACTORIAL = factorial(discover())
TOP = LADDER[-1]
PHASE = {variant.phase: variant for variant in LADDER}
ABOVE = [variant for variant in LADDER if variant.policies["memory"] != LADDER[0].policies["memory"]]
"""The phases above the factorial's axes."""


def group(variant: Variant) -> Any:
    """The mark that keeps all tests of one combination of policies in one worker, which compiles its kernels once."""
    return pytest.mark.xdist_group("-".join(variant.policies[axis] for axis in COMPILED_AXES))


def each(variants: Iterable[Variant], *marks: Any) -> list[Any]:
    """Parameters for ``parametrize``: one variant each, with its name, its ``group`` and these ``marks``."""
    return [pytest.param(variant, id=variant.name, marks=[group(variant), *marks]) for variant in variants]


def _few(variant: Variant) -> bool:
    """Whether a combination has the policies of the reference up to one axis and those of the phases from there on, or
    the other way round: among these eight any two policies of two axes meet."""
    changed = [variant.policies[axis] != LADDER[0].policies[axis] for axis in CORE_AXES]
    return changed in (sorted(changed), sorted(changed, reverse=True))


FEW = [variant for variant in FACTORIAL if _few(variant)]
COMBINED = [*each([*FEW, *ABOVE]), *each([one for one in FACTORIAL if one not in FEW], pytest.mark.long)]
"""Parameters: all combinations of the factorial's policies, and the phases above them."""


def combined_with(cases: Sequence[tuple[object, ...]], always: int = 0) -> list[Any]:
    """Parameters: ``COMBINED``, each with each case. Before the long tier the reference and the top meet all of them,
    the others the last ``always`` and one more each, in turn."""
    found = []
    turns = len(cases) - always
    for number, one in enumerate(COMBINED):
        (variant,) = one.values
        whole = variant.policies in (LADDER[0].policies, TOP.policies)
        for place, case in enumerate(cases):
            marks = [] if whole or place in (number % turns, *range(turns, len(cases))) else [pytest.mark.long]
            name = "-".join(map(str, (*case, one.id)))
            found.append(pytest.param(variant, *case, id=name, marks=[*one.marks, *marks]))
    return found


def chunks(records: Records, size: int = 1 << 30) -> Iterator[Chunk]:
    """Contiguous records of dtype ``MBO`` as chunks of at most ``size``."""
    assert records.dtype == MBO
    for start in range(0, len(records), size):
        part = records[start : start + size]
        yield Chunk(part.ctypes.data, MBO.itemsize, len(part), records)


class Observed:
    """A variant's replay of records: its result, the features of every evaluation, and all books' levels at the end."""

    def __init__(self, variant: Variant, records: Records, *, chunk: int = 1 << 30, rows: bool = True, **options: Any):
        self.rows: list[npt.NDArray[np.float64]] = []
        self.events: list[npt.NDArray[np.int64]] = []
        with Replay(variant, on_rows=self._keep if rows else None, **options) as replay:
            for piece in chunks(records, chunk):
                replay.apply(piece)
            self.levels = {
                (book.instrument_id, book.publisher_id, side): [
                    (level.price, level.size, level.count, list(level.orders)) for level in book.levels(side)
                ]
                for book in replay.books()
                for side in "BA"
            }
            self.result = replay.finish()

    def _keep(self, rows: Rows) -> None:
        self.rows.append(rows.features.copy())
        self.events.append(rows.heads["record"].copy())


class Expected:
    """The oracle's replay of records, with the same parts."""

    def __init__(self, records: Records, evaluate: str = "last") -> None:
        oracle = Oracle(evaluate, keep_rows=True)
        oracle.apply(records)
        self.result = oracle.finish()
        self.rows = np.array([row[3] for row in oracle.rows]).reshape(-1, len(FEATURES))
        self.lookups, self.walk = oracle.lookups, oracle.walk
        self.levels: dict[tuple[int, int, str], Levels] = {}
        for end in self.result.books:
            book = oracle.book(end.instrument_id, end.publisher_id)
            assert book is not None
            for name, side in (("B", BID), ("A", ASK)):
                self.levels[end.instrument_id, end.publisher_id, name] = book.levels(side)


def bits(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """The bits of doubles, every NaN the same."""
    return np.where(np.isnan(values), np.float64("nan"), values).view(np.uint64)


def assert_same(found: Observed, expected: Expected) -> None:
    """Everything is equal to the last bit; the message names the first evaluation, feature or book that is not."""
    if found.rows:
        rows, events = np.concatenate(found.rows), np.concatenate(found.events)
        count = min(len(rows), len(expected.rows))
        wrong = bits(rows[:count]) != bits(expected.rows[:count])
        if wrong.any():
            row = int(np.argmax(wrong.any(axis=1)))
            what = [
                f"{FEATURES[i]}: {rows[row, i]!r}, not {expected.rows[row, i]!r}" for i in np.flatnonzero(wrong[row])
            ]
            pytest.fail(f"evaluation {row}, of record {events[row]}: " + "; ".join(what))
        assert len(rows) == len(expected.rows)
    assert found.levels == expected.levels
    assert_equal(found.result, expected.result)


def assert_equal(found: Result, expected: Result) -> None:
    """Two results are equal in all but their counters."""
    assert found.events == expected.events
    assert found.anomalies == expected.anomalies
    assert found.evaluations == expected.evaluations
    for one, other in zip(found.books, expected.books, strict=True):
        assert one == other
    assert found.samples.shape == expected.samples.shape
    wrong = np.argwhere(found.samples != expected.samples)
    if len(wrong):
        boundary, digest = wrong[0]
        pytest.fail(
            f"{DIGEST_NAMES[digest]} differ first within records {boundary * BATCH} to {(boundary + 1) * BATCH}"
        )
    assert found.digests == expected.digests
    assert found.trace == expected.trace


def table(records: Records) -> str:
    """Records as lines of text, in the order of a feed."""
    names = ("instrument_id", "publisher_id", "action", "side", "price", "size", "order_id", "flags")
    lines = [" ".join(names)]
    for number, record in enumerate(records.tolist()):
        fields = dict(zip(MBO.names or (), record, strict=True))
        fields["action"], fields["side"] = repr(chr(fields["action"])), repr(chr(fields["side"]))
        lines.append(f"{number}: " + " ".join(str(fields[name]) for name in names))
    return "\n".join(lines)


def run_python(script: str, *arguments: str, timeout: int = 600, **environment: str) -> Any:
    """Run a Python script in a separate process, in the checkout; returns the JSON that it printed last.

    A failure shows its stderr.
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])
