"""Feeds under any split into zstd frames, and under any damage: the same records, or a FeedError, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lobench.engine.errors import FeedError
from lobench.engine.feeds import compressed, load, open_feed
from lobench.engine.records import MBO
from tests.conftest import examples
from tests.support.dbn_files import header, other_record, records, skippable, split, with_ts_out, write, zstd

quick = settings(deadline=None, max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])

pieces = st.lists(
    st.one_of(
        st.tuples(st.just("plain"), st.integers(1, 40)),
        st.tuples(st.just("ts_out"), st.integers(1, 40)),
        st.tuples(st.integers(0x01, 0x41), st.integers(4, 255)),
    ),
    max_size=6,
)


def stream(parts: list[tuple[str | int, int]]) -> tuple[bytes, bytes, dict[int, int]]:
    """A record stream; the MBO records in it, 56 bytes each; the count of the others by rtype."""
    data, kept, others = b"", b"", dict[int, int]()
    for seed, (kind, size) in enumerate(parts):
        if isinstance(kind, int):
            data += other_record(kind, size)
            others[kind] = others.get(kind, 0) + 1
        else:
            made = records(size, seed)
            data += with_ts_out(made) if kind == "ts_out" else made.tobytes()
            kept += made.tobytes()
    return data, kept, others


@quick
@given(
    parts=pieces,
    version=st.integers(1, 3),
    padding=st.integers(0, 3),
    cuts=st.lists(st.floats(0, 1), max_size=12),
    skips=st.booleans(),
    room=st.sampled_from([1, 13, 56, 64, 1000, 1 << 16]),
)
def test_any_split_into_frames_gives_the_same_records(
    tmp_path: Path,
    parts: list[tuple[str | int, int]],
    version: int,
    padding: int,
    cuts: list[float],
    skips: bool,
    room: int,
) -> None:
    body, kept, others = stream(parts)
    data = header(version, None, padding=padding) + body
    frames = [zstd(part) for part in split(data, (int(cut * len(data)) for cut in cuts))]
    plain = load(open_feed([write(tmp_path / "a.dbn", data)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressed, "ROOM", room)
        streamed = load(
            open_feed([write(tmp_path / "a.dbn.zst", (skippable() if skips else b"").join([*frames, b""]))])
        )
    for feed in (plain, streamed):
        assert feed.records.tobytes() == kept
        assert feed.other_records == others
    assert plain.digest == streamed.digest


def read_all(spec: str) -> None:
    """Touch every byte of the records of a feed that may be damaged."""
    for chunk in open_feed([spec]):
        assert len(chunk.array().tobytes()) == chunk.count * MBO.itemsize


def assert_reads_or_refuses(path: Path, data: bytes) -> None:
    spec = write(path, data)
    message = spec
    try:
        read_all(spec)
    except FeedError as error:
        message = str(error)
    assert message.startswith(spec)
    assert message.isprintable()


@quick
@given(
    data=st.binary(max_size=400), magic=st.sampled_from([b"", b"DBN", b"DBN\x02", header(1)[:40], b"\x28\xb5\x2f\xfd"])
)
def test_arbitrary_bytes(tmp_path: Path, data: bytes, magic: bytes) -> None:
    assert_reads_or_refuses(tmp_path / "a", magic + data)
    assert_reads_or_refuses(tmp_path / "b", zstd(magic + data))


@quick
@given(
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), max_size=4),
    keep=st.one_of(st.just(1.0), st.floats(0, 1)),
    compress=st.sampled_from(["no", "after", "before"]),
)
def test_damaged_files(tmp_path: Path, damage: list[tuple[float, bytes]], keep: float, compress: str) -> None:
    parts = (header(2), stream([("plain", 5), (22, 20), ("ts_out", 2)])[0])
    data = bytearray(zstd(*parts) if compress == "before" else b"".join(parts))
    for place, new in damage:
        start = int(place * len(data))
        data[start : start + len(new)] = new
    del data[int(keep * len(data)) :]
    assert_reads_or_refuses(tmp_path / "a", zstd(bytes(data)) if compress == "after" else bytes(data))
