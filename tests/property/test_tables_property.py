"""Tables under any damage: the same records, or an error of lobench's own that names the file, and nothing else; and
there and back under any values."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lobench.engine.errors import LobenchError
from lobench.engine.feeds import open_feed
from lobench.engine.feeds.tables import text
from lobench.workbench.converting.convert import convert
from lobench.workbench.converting.schemas import SCHEMAS
from tests.support.feeds import content, read_ahead_threads
from tests.support.tables import encoded, feed_of, plausible, write

FEW, MANY = 60, 10_000
"""Mutations of each kind of file."""
MOST_MEMORY = 256 << 20


def bitstamp() -> bytes:
    """Orders of a venue with a mapping: created, changed and deleted."""
    head = "event,microtimestamp,order_type,price_str,amount_str,id_str\n"
    steps = enumerate(("order_created", "order_changed", "order_deleted") * 12)
    rows = (f"{what},{17 * 10**14 + at},{at % 2},{40_000 + at}.5,0.{at + 1:08d},{at // 3}\n" for at, what in steps)
    return (head + "".join(rows)).encode()


def parquet() -> bytes:
    made = plausible(40)
    columns = {name: made[name] for name in made.dtype.names or () if name not in ("length", "action", "side")}
    letters = {name: [chr(code) for code in made[name].tolist()] for name in ("action", "side")}
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(columns | letters), preserve_index=False), file)
    return file.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    "raw": lambda: encoded(plausible(40), pretty=False),
    "pretty": lambda: encoded(plausible(40), pretty=True),
    "gzip": lambda: gzip.compress(encoded(plausible(40), pretty=True), mtime=0),
    "zstd": lambda: zstandard.compress(encoded(plausible(40), pretty=True)),
    "parquet": parquet,
    "bitstamp": bitstamp,
}


def mutated(data: bytes, rng: random.Random) -> bytes:
    """``data`` with a few bytes or pieces changed, moved, doubled or lost."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        start = rng.randrange(len(found) + 1)
        length = rng.choice((1, 1, 2, 8, 100))
        piece = found[start : start + length]
        found[start : start + length] = rng.choice(
            (
                rng.randbytes(len(piece)),
                b"",
                piece * 2,
                rng.choice((b",", b'"', b"\n", b"\r\n", b"\0", b"-", b"9" * 30, b"1e9", b"nan", b"\xff")),
                bytes(byte ^ 1 << rng.randrange(8) for byte in piece),
            )
        )
        if rng.random() < 0.1:
            del found[rng.randrange(len(found) + 1) :]
    return bytes(found)


def assert_reads_or_refuses(path: Path, data: bytes, *words: str) -> None:
    spec = write(path, data)
    message = f"{spec}: "
    try:
        content(open_feed([spec, *words]))
    except LobenchError as error:
        message = str(error)
    assert message.startswith(f"{spec}: ")
    assert message.isprintable()
    assert len(message) < len(spec) + 1000
    assert not read_ahead_threads()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "count", [pytest.param(FEW, marks=pytest.mark.normal), pytest.param(MANY, marks=pytest.mark.long)]
)
def test_mutated_tables(tmp_path: Path, kind: str, count: int) -> None:
    whole = KINDS[kind]()
    words = ("--mapping=bitstamp",) if kind == "bitstamp" else ()
    before = pa.default_memory_pool().max_memory()
    for seed in range(count):
        data = mutated(whole, random.Random(f"{kind} {count} {seed}"))
        assert_reads_or_refuses(tmp_path / "a", data, *words)
    assert pa.default_memory_pool().max_memory() <= max(before, MOST_MEMORY)


quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(
    count=st.integers(1, 60),
    seed=st.integers(0, 1000),
    pretty=st.booleans(),
    ends=st.sampled_from(["\n", "\r\n"]),
    blank=st.booleans(),
    block=st.sampled_from([150, 1000, 4 << 20]),
)
@pytest.mark.normal
def test_any_records_come_back_from_csv(
    tmp_path: Path, count: int, seed: int, pretty: bool, ends: str, blank: bool, block: int
) -> None:
    made = plausible(count, seed)
    data = encoded(made, pretty=pretty).replace(b"\n", ends.encode() * (1 + blank))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK", block)
        assert content(open_feed([write(tmp_path / "a.csv", data)])) == made.tobytes()


@quick
@given(count=st.integers(1, 60), seed=st.integers(0, 1000), raw=st.booleans(), chunks=st.booleans())
@pytest.mark.normal
def test_any_records_come_back_from_parquet(tmp_path: Path, count: int, seed: int, raw: bool, chunks: bool) -> None:
    made = plausible(count, seed)
    path = str(tmp_path / "a.parquet")
    names = {int(made["instrument_id"][0]): "FIRST"} if chunks else {}
    convert(feed_of(made, names), path, SCHEMAS["mbo"], raw=raw)
    feed = open_feed([path])
    assert content(feed) == made.tobytes()
    assert dict(feed.symbols) == names
