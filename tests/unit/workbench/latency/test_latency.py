"""The surroundings of the queue in `lobench latency`: arrivals, histograms, refusals, and messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from lobench.engine.errors import LobenchError, UsageError
from lobench.engine.foreign.engine import ForeignEngine
from lobench.engine.records import F_LAST, F_SNAPSHOT
from lobench.engine.workload import Workload
from lobench.workbench.cli import units
from lobench.workbench.latency import measure
from lobench.workbench.latency.arrivals import arrivals_of
from lobench.workbench.latency.asked import Asked
from lobench.workbench.latency.histograms import QUANTILES, decoded, distribution, percentiles
from lobench.workbench.latency.protocol import LatencyMessage, Measured
from lobench.workbench.latency.shown import HISTOGRAMS, clock, spelled, times, write_files
from lobench.workbench.latency.work import block_of
from lobench.workbench.measurement import process
from lobench.workbench.processes.starting import WorkerError
from lobench.workbench.results.model.latency import Counter, Latency, Load, VariantLatency
from tests.support import typed
from tests.support.dbn_files import records
from tests.support.documents import document
from tests.support.replays import LADDER

UNDEFINED = 2**64 - 1
START = 1_700_000_000_000_000_000
LATE = "it does 45% of its work only when it is asked for results"


def received(*stamps: int) -> npt.NDArray[np.void]:
    made = records(len(stamps))
    made["ts_recv"] = np.array(stamps, np.uint64)
    made["ts_event"] = START + np.arange(len(stamps), dtype=np.uint64) * 10
    return made


def test_records_come_when_they_were_received() -> None:
    found = arrivals_of("feed", received(START, START + 5, START + 5, START + 100))
    assert (found.times.tolist(), found.clock, found.opening, found.late) == ([0, 5, 5, 100], "ts_recv", 0, 0)
    assert found.span == 100


def test_records_out_of_order_arrive_with_the_later_one() -> None:
    found = arrivals_of("feed", received(START, START + 50, START + 20, START + 60))
    assert (found.times.tolist(), found.late) == ([0, 50, 50, 60], 1)


@pytest.mark.parametrize("absent", [0, UNDEFINED])
def test_without_a_time_of_receipt_the_event_s_counts(absent: int) -> None:
    made = received(START, absent, START + 9)
    found = arrivals_of("feed", made)
    assert (found.times.tolist(), found.clock) == ([0, 10, 20], "ts_event")
    made["ts_event"][2] = absent
    with pytest.raises(UsageError, match="feed: records without ts_recv and ts_event: their arrival times are unknown"):
        arrivals_of("feed", made)


def test_snapshot_records_do_not_queue() -> None:
    made = received(0, 0, START, START + 7)
    made["flags"][:2] = F_LAST | F_SNAPSHOT
    found = arrivals_of("feed", made)
    assert (found.times.tolist(), found.clock, found.opening) == ([0, 7], "ts_recv", 2)
    made["flags"] = F_SNAPSHOT
    with pytest.raises(UsageError, match="feed: only snapshot records: nothing arrives"):
        arrivals_of("feed", made)


def spread(count: int = 50_000) -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).lognormal(7, 2, count)


def test_a_histogram_holds_every_event_to_three_digits() -> None:
    made = spread()
    found = distribution(made)
    assert found is not None
    histogram = decoded(found.hdr)
    assert found.count == histogram.get_total_count() == len(made)
    assert found.mean == pytest.approx(made.mean())
    for name, share in QUANTILES.items():
        exact = getattr(found, name)
        assert exact == np.sort(made)[int(np.ceil(share * len(made))) - 1]
        # A bucket of the histogram is a thousandth wide, and times are whole nanoseconds.
        assert histogram.get_value_at_percentile(100 * share) == pytest.approx(exact, rel=0.001, abs=1)
    assert found.max == made.max()


def test_histogram_files_have_the_plotters_format() -> None:
    found = distribution(spread())
    assert found is not None
    lines = percentiles(found.hdr).splitlines()
    assert lines[0].split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    rows = [[float(cell) for cell in line.split()[:3]] for line in lines[1:] if line and not line.startswith("#")]
    assert rows[-1][1:] == [1.0, found.count]
    assert [row[1] for row in rows] == sorted(row[1] for row in rows)
    assert rows[-1][0] == pytest.approx(found.max, rel=0.001, abs=1)
    assert distribution(np.zeros(0)) is None


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        *[(0.4, "0.40 ns"), (7.0, "7.00 ns"), (87.4, "87.4 ns"), (1_234, "1.23 µs"), (45_600, "45.6 µs")],
        *[(123_456, "123 µs"), (1.5e6, "1.50 ms"), (2e9, "2.00 s"), (3.2e12, "3200 s")],
        *[(9.5, "9.50 ns"), (999.7, "1.00 µs"), (999_700, "1.00 ms"), (999.4e3, "999 µs"), (0.0, "0.00 ns")],
    ],
)
def test_times_are_spelled_in_their_unit(nanoseconds: float, text: str) -> None:
    assert spelled(nanoseconds) == text


def test_speeds_and_bounds_are_read() -> None:
    assert units.speeds("4,1,2x,2") == (1, 2, 4)
    assert [units.nanoseconds(text) for text in ("500ns", "100us", "2ms", "0.5s")] == [500, 1e5, 2e6, 5e8]
    assert [times(speed) for speed in (0.25, 1, 16, 1234.5)] == ["0.25x", "1x", "16x", "1,234x"]
    for text in ("", "0", "1,,2", "-1", "inf", "fast"):
        with pytest.raises(UsageError, match="--speeds takes positive numbers"):
            units.speeds(text)
    for text in ("", "100", "us", "-1us", "0ns", "soon"):
        with pytest.raises(UsageError, match="--bound takes a time like 100us"):
            units.nanoseconds(text)


class Feed:
    name = "feed"
    records = received(START, START + 5)


def told(name: str, plain: str = "7", probed: tuple[str, ...] = ("7", "7"), stopped: str = "5") -> Measured:
    response = distribution(np.ones(2))
    assert response is not None
    found = VariantLatency(name, 1, 3, 50.0, 20.0, response, {}, (), (Load(1.0, 0.1, 2, response),), 4.0)
    return Measured(latency=found, hertz=2.4e9, plain=plain, probed=probed, stopped=(stopped,))


def measured(patch: pytest.MonkeyPatch, **said: Any) -> Any:
    """The outcome of processes with these answers, one for each variant; an exception is the end of its process."""

    cpus = set()
    nothing: Any = None

    def messages(task: Any, kind: Any, handed: Any) -> Iterator[LatencyMessage]:
        cpus.add(task.cpu)
        yield LatencyMessage(seconds=0.1)
        answer = said[task.variants[0]]
        if isinstance(answer, Exception):
            raise answer
        yield LatencyMessage(found=answer)

    patch.setattr(process, "messages", messages)
    patch.setattr(measure, "cpu_for", lambda number: 3 + number)
    feed: Any = Feed
    found = measure.measure(feed, nothing, list(said), Workload(), Asked(), traced=True)
    assert cpus == {3}, "variants are compared on one CPU"
    return found


def test_results_under_the_probe_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    latency, lost = measured(
        monkeypatch,
        reference=told("reference"),
        good=told("good"),
        differs=told("differs", probed=("7", "8")),
        always=told("always", plain="9", probed=("9",)),
        meanwhile=told("meanwhile", stopped="6"),
        late=WorkerError("a measuring process ended", "late", LATE),
        dies=WorkerError("a measuring process ended", "dies", "was killed by SIGSEGV"),
    )
    assert [entry.variant for entry in latency.variants] == ["reference", "good"]
    assert lost == {
        "differs": measure.DIFFERS,
        "always": measure.DIFFERS,
        "meanwhile": measure.DIFFERS,
        "late": f"when its calls were timed, {LATE}",
        "dies": "when its calls were timed, was killed by SIGSEGV",
    }
    assert (latency.events, latency.span, latency.counter.hertz) == (2, 5, 2.4e9)


def test_a_reference_that_differs_under_the_probe_ends_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LobenchError, match="reference: when its calls were timed, it computed something else"):
        measured(monkeypatch, reference=told("reference", probed=("8",)), good=told("good"))
    with pytest.raises(WorkerError):
        measured(monkeypatch, reference=WorkerError("a measuring process ended", "reference", "ended"))


def test_file_names_are_valid_for_any_action_and_variant(tmp_path: Path) -> None:
    """Any byte may be an action, and a variant may be called anything."""
    response = distribution(np.ones(2))
    assert response is not None
    found = VariantLatency(
        *("../p4 mine", 1, 3, 50.0, 20.0, response),
        actions=dict.fromkeys("A/\0é", response),
        costs=(),
        loads=(Load(1.0, 0.1, 2, response),),
        largest=4.0,
    )
    feed = typed.result(document()).feeds[0]
    feed.latency = Latency("ts_recv", 2, 0, 0, 5.0, 1e5, 0.999, Counter("tsc", 2.4e9), (found,))
    folder = write_files(feed, tmp_path)
    assert folder.parent == tmp_path / HISTOGRAMS
    assert sorted(path.name for path in folder.iterdir()) == [
        ".._p4_mine-response-1x.hgrm",
        ".._p4_mine-service-0x00.hgrm",
        ".._p4_mine-service-0x2f.hgrm",
        ".._p4_mine-service-0xe9.hgrm",
        ".._p4_mine-service-A.hgrm",
        ".._p4_mine-service.hgrm",
    ]


def test_the_clock_is_named() -> None:
    def told_of(counter: Counter) -> str:
        return clock(Latency("ts_recv", 2, 0, 0, 5.0, 1e5, 0.999, counter, ()))

    python = "a Python engine is timed with Python's clock; every time includes the cost of reading it"
    assert told_of(Counter("tsc", 2.4e9)) == f"the processor's counter (tsc, 2.400 GHz); {python}"
    assert told_of(Counter("clock_gettime", 1e9)) == f"the system's clock (clock_gettime); {python}"


def test_a_block_is_no_larger_than_a_variant_was_made_for() -> None:
    blocks = {variant.name[:2]: block_of(variant, Asked(block=256)) for variant in LADDER}
    assert (blocks["p5"], blocks["p6"], blocks["p7"]) == (1, 16, 256)
    assert [block_of(variant, Asked()) for variant in LADDER] == [variant.block for variant in LADDER]
    engine = ForeignEngine(name="x", title="", version="", path="", digest="", offers=0)
    assert [block_of(engine, asked) for asked in (Asked(), Asked(block=64))] == [1, 64]
