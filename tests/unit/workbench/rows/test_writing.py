"""The thread that encodes rows: what waits for it, and what goes wrong on it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest

from lobench.workbench.rows.writing import GROUP_ROWS, BackgroundEncoder


def test_what_goes_wrong_while_encoding_is_told(tmp_path: Path) -> None:
    """On the thread, with rows still coming."""

    class Full:
        def write(self, rows: pa.Table) -> None:
            raise OSError(28, "No space left on device")

        def close(self, told: object) -> None: ...

        def abandon(self) -> None:
            abandoned.append(self)

    abandoned: list[object] = []
    encoder = BackgroundEncoder(Full, grouped=False)
    batch = pa.record_batch([pa.array([1])], ["a"])

    def much() -> None:
        for _ in range(100):
            encoder.put(batch)
        encoder.finish({})

    with pytest.raises(OSError, match="No space left"):
        much()
    encoder.discard()
    assert len(abandoned) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("where", ["write", "close"])
def test_what_goes_wrong_at_the_end_is_told(where: str) -> None:
    """With the last group, or with the footer: nothing comes after it that one could wait for."""

    class Full:
        def write(self, rows: pa.Table) -> None:
            if where == "write":
                raise OSError(28, "No space left on device")

        def close(self, told: object) -> None:
            raise OSError(28, "No space left on device")

        def abandon(self) -> None: ...

    encoder = BackgroundEncoder(Full, grouped=True)
    encoder.put(pa.record_batch([pa.array([1])], ["a"]))
    with pytest.raises(OSError, match="No space left"):
        encoder.finish({})
    encoder.discard()


def test_few_batches_wait_for_an_encoder() -> None:
    handed = 0
    ahead: list[int] = []

    class Slow:
        def write(self, rows: pa.Table) -> None:
            time.sleep(0.02)  # time for as many to be handed over as possible
            ahead.append(handed - len(ahead) - 1)

        def close(self, told: object) -> None: ...

        def abandon(self) -> None: ...

    encoder = BackgroundEncoder(Slow, grouped=False, waiting=1)
    for _ in range(6):
        encoder.put(pa.record_batch([pa.array([1])], ["a"]))
        handed += 1
    encoder.finish({})
    assert len(ahead) == 6
    assert max(ahead) <= 1


@pytest.mark.timeout(60)
def test_a_whole_group_may_wait_for_its_encoder() -> None:
    """While the one before is encoded, and no more than one."""
    began, go = threading.Event(), threading.Event()
    groups: list[int] = []

    class Slow:
        def write(self, rows: pa.Table) -> None:
            began.set()
            go.wait()
            groups.append(rows.num_rows)

        def close(self, told: object) -> None: ...

        def abandon(self) -> None: ...

    handed: list[int] = []

    def hand_over() -> None:
        for _ in range(25):
            encoder.put(batch)
            handed.append(batch.num_rows)

    batch = pa.record_batch([pa.nulls(GROUP_ROWS // 8, pa.int64())], ["a"])
    encoder = BackgroundEncoder(Slow, grouped=True)
    producer = threading.Thread(target=hand_over)
    producer.start()
    began.wait()
    while sum(handed) < 2 * GROUP_ROWS:
        time.sleep(0.001)
    time.sleep(0.05)  # time for more, if there were room
    assert sum(handed) == 2 * GROUP_ROWS
    go.set()
    producer.join()
    encoder.finish({})
    assert groups == [GROUP_ROWS] * 3 + [GROUP_ROWS // 8]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("finished", [True, False])
def test_the_rest_is_encoded_before_the_file_is_finished(finished: bool) -> None:
    """The footer has to wait for what it says, or is never written."""
    encoded = threading.Event()
    calls: list[object] = []

    class Noting:
        def write(self, rows: pa.Table) -> None:
            calls.append(rows.num_rows)
            encoded.set()

        def close(self, told: object) -> None:
            calls.append(told)

        def abandon(self) -> None:
            calls.append("abandoned")

    encoder = BackgroundEncoder(Noting, grouped=True)
    encoder.put(pa.record_batch([pa.array([1, 2])], ["a"]))
    encoder.end()
    assert encoded.wait(30)
    if finished:
        encoder.finish({"rows": "2"})
    encoder.discard()
    assert calls == [2, {"rows": "2"} if finished else "abandoned"]
